/* The table of experiments: every text is there, every command that they recommend is one, and no
 * prediction contradicts itself, whatever the knobs. What the predictions say is measured by the
 * live tests. */
#include "bench/experiments/queues/burst.h"
#include "bench/experiments/table.h"
#include "bench/observe/ledger.h"
#include "bench/trial/experiment.h"
#include "bench/trial/observations.h"
#include "common/sysctl/sysctl.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define N(table) (sizeof(table) / sizeof *(table))

#define each_experiment(e) \
    (const struct experiment *const *at_ = experiments, *e; (e = *at_); at_++)

/* --- texts --- */

static void check_text(const struct experiment *e, const char *what, const char *text)
{
    cr_assert_not_null(text, "%s: no %s", e->name, what);
    cr_expect_gt(strlen(text), 10, "%s: %s: \"%s\"", e->name, what, text);
    cr_expect_not(strchr(text, '\n'), "%s: %s is more than one paragraph", e->name, what);
    cr_expect_not(strstr(text, "  "), "%s: %s: two blanks in a row: a slip where lines are joined",
                  e->name, what);
    cr_expect(strchr(".?", text[strlen(text) - 1]), "%s: %s is no whole sentence", e->name, what);
}

/* See experiment.h. */
static void check_drawing(const struct experiment *e)
{
    cr_assert(e->drawing && e->drawing[0], "%s: nothing is drawn", e->name);
    for (const char *const *line = e->drawing; *line; line++) {
        bool state = (*line)[1] == ':';
        cr_expect(strchr("><cs.", **line) && (*line)[1 + state] == ' ' && (*line)[2 + state],
                  "%s: \"%s\"", e->name, *line);
        cr_expect(!state || strchr("cs", **line), "%s: \"%s\"", e->name, *line);
        cr_expect_leq(strlen(*line), strchr("><", **line) ? 52 : 58,
                      "%s: \"%s\" is too long to be drawn", e->name, *line);
    }
}

static void check_by_hand(const struct experiment *e)
{
    cr_assert(e->by_hand && e->by_hand->command, "%s: nothing to do by hand", e->name);
    for (const struct by_hand *b = e->by_hand; b->command; b++) {
        cr_expect(b->where && (!strcmp(b->where, "server") || !strcmp(b->where, "client")),
                  "%s: %s", e->name, b->command);
        cr_expect(b->shows && *b->shows, "%s: %s shows what?", e->name, b->command);
    }
}

Test(experiments, each_has_all_its_texts_and_functions)
{
    for
        each_experiment(e)
        {
            cr_assert_not_null(e->name);
            cr_expect_eq(e->name[strspn(e->name, "abcdefghijklmnopqrstuvwxyz0123456789-")], '\0',
                         "%s", e->name);
            cr_expect_leq(strlen(e->name), 24, "%s is wider than its column in `tcplab-bench list`",
                          e->name);
            check_text(e, "question", e->question);
            cr_expect_eq(e->question[strlen(e->question) - 1], '?', "%s", e->name);
            check_text(e, "claim", e->claim);
            check_text(e, "kernel", e->kernel);
            check_text(e, "falsified", e->falsified);
            check_text(e, "why_link", e->why_link);
            check_text(e, "time", e->time);
            for (const char *const *text = e->meanwhile; text && *text; text++)
                check_text(e, "meanwhile", *text);
            check_drawing(e);
            check_by_hand(e);
            cr_expect(e->predict && e->run && e->tell, "%s", e->name);
        }
}

Test(experiments, each_is_found_by_its_name_alone)
{
    size_t n = 0;
    for
        each_experiment(e)
        {
            cr_expect_eq(experiment_find(e->name), e, "%s: the name is another's", e->name);
            n++;
        }
    cr_expect_gt(n, 0);
    cr_expect_null(experiment_find("accept-queue"));
    cr_expect_null(experiment_find(""));
}

Test(experiments, a_mistyped_name)
{
    const struct experiment *e;
    char *message;
    cr_expect_eq(experiment_named("accept-queue-full", &e, &message), 0);
    cr_expect_str_eq(e->name, "accept-queue-full");
    cr_assert_eq(experiment_named("tiem-wait", &e, &message), -ENOENT);
    cr_expect(strstr(message, "there is no experiment tiem-wait (did you mean time-wait?)"), "%s",
              message);
    free(message);
    cr_assert_eq(experiment_named("zzz", &e, &message), -ENOENT);
    cr_expect_null(strstr(message, "did you mean"), "%s", message);
    free(message);
    cr_assert_eq(experiment_named("", &e, &message), -ENOENT);
    cr_expect(strstr(message, "which experiment?"), "%s", message);
    free(message);
}

Test(experiments, see_also_names_others)
{
    for
        each_experiment(e)
        {
            cr_assert(e->see_also && e->see_also[0], "%s", e->name);
            for (const char *const *name = e->see_also; *name; name++) {
                cr_expect(experiment_find(*name), "%s: there is no %s", e->name, *name);
                cr_expect_str_neq(*name, e->name);
            }
        }
}

/* --- knobs --- */

static void check_knob(const struct experiment *e, const struct knob *k)
{
    char path[SYSCTL_PATH_MAX];
    bool choice = k->type == &option_choice;
    cr_assert(k->name && *k->name && k->type, "%s", e->name);
    cr_expect_lt(strlen(k->name), KNOB_NAME_WIDTH, "%s: %s", e->name, k->name);
    cr_expect_eq(k->name[strspn(k->name, "abcdefghijklmnopqrstuvwxyz0123456789_")], '\0', "%s: %s",
                 e->name, k->name);
    cr_expect(k->help && *k->help, "%s: %s has no help", e->name, k->name);
    cr_expect(choice || k->type == &option_integer || k->type == &option_count ||
                  k->type == &option_duration,
              "%s: %s", e->name, k->name);
    cr_expect_eq(choice, k->choices != NULL, "%s: %s", e->name, k->name);
    cr_expect(choice || k->min < k->max, "%s: %s has no limits", e->name, k->name);
    cr_expect(k->fallback || k->sysctl, "%s: %s is nothing when it is not given", e->name, k->name);
    cr_expect(!k->sysctl || (k->type == &option_count && !sysctl_path(k->sysctl, path)),
              "%s: %s: a sysctl's value is written as a number, so it must be a count", e->name,
              k->name);
}

/* knobs_init() ends the program for a fallback that does not parse; this says which. */
static void check_fallback(const struct experiment *e, const struct knob *k)
{
    char text[64], *message = NULL;
    struct knobs one = {.knobs = k, .n = 1};
    if (!k->fallback)
        return;
    snprintf(text, sizeof(text), "%s=%s", k->name, k->fallback);
    cr_assert_eq(knobs_set(&one, text, &message), 0, "%s: %s", e->name, message);
}

Test(experiments, knobs)
{
    for
        each_experiment(e)
        {
            cr_assert_leq(e->n_knobs, KNOBS_MAX, "%s", e->name);
            for (size_t i = 0; i < e->n_knobs; i++) {
                check_knob(e, &e->knobs[i]);
                check_fallback(e, &e->knobs[i]);
                for (size_t j = 0; j < i; j++)
                    cr_expect_str_neq(e->knobs[i].name, e->knobs[j].name, "%s", e->name);
            }
        }
}

/* --- what a run reckons with --- */

struct setting {
    const struct experiment *experiment;
    struct knobs knobs;
    struct conditions conditions;
};

static void set_condition(struct conditions *c, const char *text)
{
    char key[SYSCTL_KEY_MAX], value[SYSCTL_VALUE_MAX];
    const char *why = "";
    cr_assert_eq(sysctl_parse(text, key, value, &why), 0, "%s: %s", text, why);
    conditions_set(c, key, conditions_number(value));
}

/* In the order in which a trial sets them. */
static void settle_conditions(struct setting *s)
{
    experiment_settle(s->experiment, &s->knobs);
    s->conditions = conditions_fresh();
    for (const char *const *text = s->experiment->sysctls; text && *text; text++)
        set_condition(&s->conditions, *text);
    for (size_t i = 0; i < s->knobs.n; i++)
        if (s->knobs.knobs[i].sysctl && s->knobs.set[i])
            conditions_set(&s->conditions, s->knobs.knobs[i].sysctl, s->knobs.value[i]);
    for (size_t i = 0; i < s->knobs.n_sysctls; i++)
        set_condition(&s->conditions, s->knobs.sysctl[i]);
}

static struct setting fresh(const struct experiment *e)
{
    struct setting s = {.experiment = e};
    knobs_init(&s.knobs, e->knobs, e->n_knobs);
    settle_conditions(&s);
    return s;
}

Test(experiments, each_prediction_can_be_observed)
{
    struct counters *counters;
    cr_assert_eq(counters_read(&counters), 0);
    for
        each_experiment(e)
        {
            struct setting s = fresh(e);
            struct prediction p = {0};
            char *message = NULL;
            cr_expect_eq(knobs_check(e->knobs, e->n_knobs, &message), 0, "%s: %s", e->name,
                         message);
            e->predict(&s.knobs, &s.conditions, &p);
            for (size_t i = 0; i < p.n; i++) {
                const char *name = p.expectations[i].name,
                           *fault = observation_fault(name, counters);
                cr_expect_null(fault, "%s predicts %s: %s", e->name, name, fault);
            }
            prediction_release(&p);
        }
    counters_free(counters);
}

static void set(struct setting *s, const char *text)
{
    char *message = NULL;
    cr_assert_eq(knobs_set(&s->knobs, text, &message), 0, "%s: %s", s->experiment->name, message);
}

/* For messages. */
static const char *shown(const struct setting *s)
{
    static char text[1024];
    json_t *json = knobs_json(&s->knobs);
    char *knobs = json_dumps(json, JSON_COMPACT);
    snprintf(text, sizeof(text), "%s %s", s->experiment->name, knobs);
    free(knobs);
    json_decref(json);
    return text;
}

/* Whether a trial would go on with it; what it refuses must come with a reason. */
static bool accepted(const struct setting *s)
{
    char *message = NULL;
    int r = experiment_check(s->experiment, &s->knobs, &s->conditions, &message);
    if (r) {
        cr_assert_eq(r, -EINVAL, "%s", shown(s));
        cr_assert(message && *message, "%s: refused without a word", shown(s));
    } else {
        cr_assert_null(message, "%s: %s", shown(s), message);
    }
    free(message);
    return !r;
}

/* --- try_next --- */

static void check_command(const struct experiment *e, const char *command)
{
    char *words = strdup(command), *rest = NULL;
    const char *word = strtok_r(words, " ", &rest);
    cr_assert(word && !strcmp(word, "tcplab-bench"), "%s: %s", e->name, command);
    word = strtok_r(NULL, " ", &rest);
    cr_assert(word && !strcmp(word, "run"), "%s: %s", e->name, command);
    word = strtok_r(NULL, " ", &rest);
    const struct experiment *other = word ? experiment_find(word) : NULL;
    cr_assert_not_null(other, "%s: %s", e->name, command);
    struct setting s = fresh(other);
    while ((word = strtok_r(NULL, " ", &rest))) {
        cr_assert_str_eq(word, "--set", "%s: %s", e->name, command);
        word = strtok_r(NULL, " ", &rest);
        cr_assert_not_null(word, "%s: %s", e->name, command);
        set(&s, word);
    }
    settle_conditions(&s);
    cr_expect(accepted(&s), "%s recommends what is refused: %s", e->name, command);
    free(words);
}

Test(experiments, what_to_try_next_can_be_tried)
{
    for
        each_experiment(e)
        {
            cr_assert(e->try_next && e->try_next[0], "%s", e->name);
            for (const char *const *command = e->try_next; *command; command++)
                check_command(e, *command);
        }
}

/* --- predictions --- */

static void check_name(const struct setting *s, const struct expectation *x)
{
    bool ledger = !strncmp(x->name, "ledger.", 7), known = !ledger;
    for (int row = 0; row < LEDGER_N; row++)
        known = known || !strcmp(x->name + 7, ledger_names[row]);
    cr_assert(known &&
                  (ledger || !strncmp(x->name, "server.", 7) || !strncmp(x->name, "client.", 7)),
              "%s: nothing will ever be observed as %s", shown(s), x->name);
}

static void check_expectation(const struct setting *s, const struct expectation *x)
{
    check_name(s, x);
    cr_assert(x->rule && x->unit && *x->unit, "%s: %s", shown(s), x->name);
    cr_assert(isfinite(x->lo) && isfinite(x->hi), "%s: %s is %g to %g", shown(s), x->name, x->lo,
              x->hi);
    cr_assert_leq(x->lo, x->hi, "%s: %s is %g to %g", shown(s), x->name, x->lo, x->hi);
    cr_assert_geq(x->lo, 0, "%s: %s is %g to %g", shown(s), x->name, x->lo, x->hi);
    bool counts = strcmp(x->unit, "s") != 0;
    cr_assert(!counts || (x->lo == floor(x->lo) && x->hi == floor(x->hi)),
              "%s: %s is no whole number", shown(s), x->name);
}

/* How many connections the clients try in all. */
static int64_t tried(const struct setting *s)
{
    const struct knobs *k = &s->knobs;
    return knob(k, "clients") + burst_prefill(k, &s->conditions) +
           (knobs_have(k, "then") ? knob(k, "then") : 0) +
           (knobs_have(k, "orphan") && !knob(k, "orphan"));
}

/* The rows hold each connection once: together no more than were tried, and just as many where all
 * rows are predicted. */
static void check_ledger(const struct setting *s, const struct prediction *p)
{
    bool known = knobs_have(&s->knobs, "clients"); /* the others make theirs one by one */
    double least = 0, most = 0, attempted = known ? (double)tried(s) : INFINITY;
    bool all_rows = false;
    for (size_t i = 0; i < p->n; i++) {
        const struct expectation *x = &p->expectations[i];
        if (strncmp(x->name, "ledger.", 7))
            continue;
        cr_assert_leq(x->hi, attempted, "%s: %s is %g, of %g", shown(s), x->name, x->hi, attempted);
        all_rows = all_rows || !strcmp(x->name, "ledger.syn_sent");
        least += x->lo;
        most += x->hi;
    }
    cr_assert_leq(least, attempted, "%s: the rows are %g together, of %g", shown(s), least,
                  attempted);
    cr_assert(!all_rows || !known || (least == attempted && most == attempted),
              "%s: the rows are %g together, not %g", shown(s), least, attempted);
}

static void check_prediction(const struct setting *s)
{
    struct prediction p = {0};
    s->experiment->predict(&s->knobs, &s->conditions, &p);
    cr_assert_gt(p.n, 0, "%s", shown(s));
    for (size_t i = 0; i < p.n; i++) {
        check_expectation(s, &p.expectations[i]);
        for (size_t j = 0; j < i; j++)
            cr_assert_str_neq(p.expectations[i].name, p.expectations[j].name, "%s", shown(s));
    }
    check_ledger(s, &p);
    prediction_release(&p);
}

Test(experiments, as_they_are)
{
    for
        each_experiment(e)
        {
            struct setting s = fresh(e);
            cr_expect(accepted(&s), "%s: its own fallbacks are refused", e->name);
            check_prediction(&s);
        }
}

/* --- whatever the knobs --- */

/* What knobs are turned to, and sysctls by their full names in the experiments that have the knob
 * `with`. */
static const struct dimension {
    const char *name, *values[10], *with;
} dimensions[] = {
    {"backlog", {"-1", "0", "1", "4", "5", "10", "128", "1000"}},
    {"clients", {"1", "2", "5", "6", "20", "129", "2000"}},
    {"prefill", {"limit", "0", "1", "5", "129"}},
    {"syncookies", {"0", "1", "2"}},
    {"somaxconn", {"0", "4", "4096"}},
    {"max_syn_backlog", {"0", "1", "7", "2048"}},
    {"link", {"loopback", "wire"}},
    {"again", {"0", "1", "3", "4", "5"}},
    {"accept_delay", {"never", "200ms"}},
    {"fin_timeout", {"0", "1", "4", "5", "60", "61", "62", "65", "3600"}},
    {"orphan", {"no", "yes"}},
    {"kill", {"no", "yes"}},
    {"closer", {"client", "server"}},
    {"then", {"1", "2", "1000"}},
    {"tw_reuse", {"0", "1", "2"}},
    {"max_tw_buckets", {"0", "1", "5", "1000000"}},
    {"net.ipv4.tcp_abort_on_overflow", {"0", "1"}, .with = "backlog"},
    {"net.ipv4.tcp_synack_retries", {"5", "0", "2"}, .with = "again"},
    {"net.ipv4.tcp_max_tw_buckets", {"131072", "0", "3"}, .with = "fin_timeout"},
};

/* How many values of each dimension: the sanitizers have seen the code after a few. These are the
 * smallest ones, of which an experiment may rightly refuse most. */
#ifdef __SANITIZE_ADDRESS__
#define VALUES       4
#define REFUSED_MOST 10 /* for each that is predicted */
#else
#define VALUES       10
#define REFUSED_MOST 4
#endif

struct tally {
    size_t predicted, refused;
};

static void settled(struct setting *s, struct tally *tally)
{
    settle_conditions(s);
    bool good = accepted(s);
    *(good ? &tally->predicted : &tally->refused) += 1;
    if (good)
        check_prediction(s);
}

static bool has_dimension(const char *name)
{
    for (size_t i = 0; i < N(dimensions); i++)
        if (!strcmp(dimensions[i].name, name))
            return true;
    return false;
}

/* The knobs that no dimension names, one at a time: each choice; of a number its ends, and what is
 * next to the lower. */
static void turn_others(const struct setting *before, struct tally *tally)
{
    struct setting s = *before;
    settled(&s, tally);
    for (size_t i = 0; i < before->knobs.n; i++) {
        const struct knob *k = &before->knobs.knobs[i];
        const int64_t ends[] = {k->min, k->min + (k->type == &option_duration ? 1000000 : 1),
                                k->max};
        for (size_t v = 0;
             !has_dimension(k->name) && (k->choices ? k->choices[v] != NULL : v < N(ends)); v++) {
            s = *before;
            s.knobs.value[i] = k->choices ? (int64_t)v : ends[v];
            s.knobs.set[i] = true;
            settled(&s, tally);
        }
    }
}

/* Every combination of the values of the dimensions from `d` on. A value may be beyond an
 * experiment's own limits. */
static void turn(const struct setting *before, size_t d, struct tally *tally)
{
    char text[80], *message = NULL;
    struct setting s = *before;
    while (d < N(dimensions) &&
           !knobs_have(&s.knobs, dimensions[d].with ? dimensions[d].with : dimensions[d].name))
        d++;
    if (d == N(dimensions)) {
        turn_others(&s, tally);
        return;
    }
    for (const char *const *value = dimensions[d].values;
         *value && value < dimensions[d].values + VALUES; value++) {
        s = *before;
        snprintf(text, sizeof(text), "%s=%s", dimensions[d].name, *value);
        int r = knobs_set(&s.knobs, text, &message);
        cr_assert(!r || r == -ERANGE || r == -EINVAL, "%s: %s", s.experiment->name, message);
        if (r)
            free(message);
        else
            turn(&s, d + 1, tally);
    }
}

/* A check that refuses nearly everything would make the rest of this test say nothing. */
Test(experiments, whatever_the_knobs)
{
    for
        each_experiment(e)
        {
            struct tally tally = {0};
            const struct setting s = fresh(e);
            turn(&s, 0, &tally);
            cr_expect_gt(tally.predicted, tally.refused / REFUSED_MOST,
                         "%s: %zu predicted, %zu refused", e->name, tally.predicted, tally.refused);
        }
}

/* --- two different things, two different numbers --- */

/* A knob or an expectation of the experiment as it is by default. */
static int64_t number(const struct setting *s, const struct prediction *p, const char *name)
{
    for (size_t i = 0; i < s->experiment->n_knobs; i++)
        if (!strcmp(s->experiment->knobs[i].name, name))
            return knob(&s->knobs, name);
    for (size_t i = 0; i < p->n; i++)
        if (!strcmp(p->expectations[i].name, name))
            return (int64_t)p->expectations[i].lo;
    cr_expect_fail("%s has no %s", s->experiment->name, name);
    return 0;
}

Test(experiments, no_two_different_things_have_the_same_number)
{
    static const struct {
        const char *experiment, *names[9];
    } different[] = {
        {"rst-on-overflow", {"backlog", "prefill", "clients", "server.queue", "ledger.reset"}},
        {"third-ack-dropped",
         {"backlog", "clients", "again", "ledger.queued", "ledger.half_open", "client.ESTABLISHED",
          "server.TcpExt.ListenOverflows", "server.TcpExt.TCPSynRetrans"}},
        {"fastopen-queue",
         {"queue", "burst", "server.ESTABLISHED_at_first", "server.with_data_in_the_end",
          "client.TcpExt.TCPFastOpenActiveFail", "ledger.accepted"}},
        {"reuseport-queues",
         {"listeners", "backlog", "half_open", "server.queue_longest", "server.queues_together",
          "server.accepted_after_the_close"}},
        {"time-wait-buckets",
         {"connections", "half", "max_tw_buckets", "client.TIME_WAIT",
          "client.TcpExt.TCPTimeWaitOverflow", "ledger.closed"}},
        {"fin-wait-1-stuck", {"orphan_retries", "retries2", "client.sent_again"}},
        {"defer-accept", {"seconds", "server.defer_accept"}},
    };
    for (size_t i = 0; i < sizeof(different) / sizeof(*different); i++) {
        const struct experiment *e;
        cr_assert_eq(experiment_named(different[i].experiment, &e, NULL), 0);
        const struct setting s = fresh(e);
        struct prediction p = {0};
        e->predict(&s.knobs, &s.conditions, &p);
        for (const char *const *a = different[i].names; *a; a++)
            for (const char *const *b = different[i].names; b != a; b++)
                cr_expect_neq(number(&s, &p, *a), number(&s, &p, *b), "%s: %s and %s", e->name, *a,
                              *b);
        prediction_release(&p);
    }
}

/* --- sysctls with odd values --- */

/* Each was seen on a 6.18 kernel: what is refused differed or could not be made, what is not
 * refused agreed. */
static const struct oddity {
    const char *experiment, *sysctl, *reason; /* reason: some of it; NULL: not refused */
} oddities[] = {
    {"third-ack-dropped", "net.ipv4.tcp_challenge_ack_limit=1", "from 1 on; write at least 5"},
    {"third-ack-dropped", "net.ipv4.tcp_challenge_ack_limit=5", NULL},
    {"third-ack-dropped", "net.ipv4.tcp_challenge_ack_limit=-2147483648", NULL},
    {"third-ack-dropped", "net.ipv4.tcp_invalid_ratelimit=2001", "write at most 2000"},
    {"third-ack-dropped", "net.ipv4.tcp_synack_retries=0",
     "tcp_synack_retries=0: then no SYN-ACK is sent again"},
    {"third-ack-dropped", "net.ipv4.tcp_synack_retries=2",
     "again=2: with these sysctls a SYN-ACK is sent again 2 times"},
    {"synack-retries", "net.ipv4.tcp_challenge_ack_limit=1", NULL},
    {"synack-retries", "net.ipv4.tcp_challenge_ack_limit=0", "from 0 on"},
    {"defer-accept", "net.ipv4.tcp_challenge_ack_limit=0", "from 0 on"},
    {"client-reboot", "net.ipv4.tcp_challenge_ack_limit=0", "write at least 1"},
    {"client-reboot", "net.ipv4.tcp_challenge_ack_limit=1", NULL},
    {"forged-reset", "net.ipv4.tcp_challenge_ack_limit=0", "write at least 1"},
    {"forged-reset", "net.ipv4.tcp_challenge_ack_limit=1", NULL},
    {"close-by-client", "net.ipv4.tcp_rmem=1 1 1", "begins with 1 byte "},
    {"close-by-client", "net.ipv4.tcp_rmem=1 2304 2304", NULL},
    {"handshake", "net.ipv4.tcp_rmem=1 1 1", NULL},
    {"server-restart", "net.ipv4.tcp_rto_min_us=1", "how often is chance"},
    {"server-restart", "net.ipv4.tcp_rto_min_us=2147483647", NULL},
    {"retransmission-give-up", "net.ipv4.tcp_rto_min_us=1", NULL},
    {"retransmission-give-up", "net.ipv4.tcp_rto_min_us=2147483647", NULL},
    {"retransmission-give-up", "net.ipv4.tcp_retries2=15", NULL},
    {"retransmission-give-up", "net.ipv4.tcp_retries2=255", "a run lasts 1000 s at most"},
    {"fin-wait-1-stuck", "net.ipv4.tcp_orphan_retries=255", "a run lasts 1000 s at most"},
    {"half-close", "net.ipv4.tcp_rto_min_us=2147483647", "would be 420 s"},
    {"fin-wait-2-timeout", "net.ipv4.tcp_rto_min_us=1000000", NULL},
    {"fin-wait-2-timeout", "net.ipv4.tcp_fin_timeout=8589934", "write at most 86400"},
    {"half-close", "net.ipv4.tcp_notsent_lowat=0", "can never be written to"},
    {"half-close", "net.ipv4.tcp_notsent_lowat=1", NULL},
    {"handshake", "net.ipv4.tcp_notsent_lowat=0", NULL},
    {"port-exhaustion", "net.core.somaxconn=2", "4 connections to one address do not fit"},
    {"port-exhaustion", "net.core.somaxconn=3", NULL},
    {"last-ack-stuck", "net.ipv4.tcp_max_tw_buckets=0", "needs 1 minisocket"},
    {"close-by-client", "net.ipv4.tcp_max_tw_buckets=-1", NULL},
    {"time-wait-lost-ack", "net.ipv4.tcp_retries2=0", "after 2 repetitions"},
    {"client-reboot", "net.ipv4.tcp_notsent_lowat=0", "can never be written to"},
    {"self-connect", "net.ipv4.tcp_notsent_lowat=0", "can never be written to"},
    {"syn-cookie-options", "net.ipv4.tcp_notsent_lowat=0", "can never be written to"},
    {"nagle-delayed-ack", "net.ipv4.tcp_notsent_lowat=0", "can never be written to"},
    {"forged-reset", "net.ipv4.tcp_notsent_lowat=0", "can never be written to"},
    {"syn-cookie-options", "net.ipv4.tcp_min_snd_mss=65535", "write at most 488"},
    {"syn-cookie-options", "net.ipv4.tcp_min_snd_mss=488", NULL},
    {"nagle-delayed-ack", "net.ipv4.tcp_pingpong_thresh=2", "leave it at 1"},
    {"poll-events", "net.ipv4.tcp_max_tw_buckets=0", "without TIME_WAIT"},
    {"linger-waits", "net.ipv4.tcp_orphan_retries=1", "or 0, which means 8"},
    {"keepalive-behind-data", "net.ipv4.tcp_retries2=255", "a run lasts 1000 s at most"},
    {"syn-cookie-options", "net.ipv4.tcp_window_scaling=0", "cannot lose it"},
    {"nagle-delayed-ack", "net.ipv4.tcp_wmem=1 1 1", "room for one segment only"},
    {"zero-window", "net.ipv4.tcp_wmem=1 1 1", "room for one segment only"},
    {"ephemeral-port-choice", "net.core.somaxconn=0", "write at least 11"},
    {"ephemeral-port-choice", "net.core.somaxconn=11", NULL},
    {"dead-host", "net.ipv4.tcp_syn_retries=2", NULL},
    {"dead-host", "net.ipv4.tcp_syn_linear_timeouts=0", NULL},
    {"linger-waits", "net.ipv4.tcp_orphan_retries=0", NULL},
    {"linger-waits", "net.ipv4.tcp_rto_min_us=2147483647", "write a smaller value"},
    {"nagle-delayed-ack", "net.ipv4.tcp_rto_min_us=1", "how often is chance"},
    {"nagle-delayed-ack", "net.ipv4.tcp_rmem=1 1 1", "begins with 1 byte "},
    {"self-connect", "net.ipv4.tcp_rmem=1 1 1", "begins with 1 byte "},
    {"forged-reset", "net.ipv4.tcp_rmem=1 1 1", "begins with 1 byte "},
    {"keepalive-behind-data", "net.ipv4.tcp_rmem=1 1 1", "begins with 1 byte "},
    {"linger-waits", "net.ipv4.tcp_retries2=0", "tcp_retries2=0: the kernel would give"},
    {"time-wait-lost-ack", "net.ipv4.tcp_rto_min_us=2147483647",
     "a smaller net.ipv4.tcp_rto_min_us"},
};

Test(experiments, odd_sysctls_are_predicted_or_refused_with_the_reason)
{
    for (size_t i = 0; i < N(oddities); i++) {
        const struct oddity *o = &oddities[i];
        struct setting s = fresh(experiment_find(o->experiment));
        char *message = NULL;
        set(&s, o->sysctl);
        settle_conditions(&s);
        int r = experiment_check(s.experiment, &s.knobs, &s.conditions, &message);
        cr_expect_eq(r, o->reason ? -EINVAL : 0, "%s: %s", shown(&s),
                     message ? message : "not refused");
        cr_expect(!o->reason || strstr(message ? message : "", o->reason), "%s: %s", shown(&s),
                  message);
        free(message);
    }
}
