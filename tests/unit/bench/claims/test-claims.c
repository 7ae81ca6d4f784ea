/* The library of claims: every text is there, what a claim says can be observed in the run that it
 * names, and no verdict is luck. And the judge, with runs that never were. */
#include "bench/claims/claim.h"
#include "bench/claims/judge.h"
#include "bench/kernels/recorded.h"
#include "bench/observe/ledger.h"
#include "bench/report/claims.h"
#include "common/report/terminal.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- texts --- */

static void check_text(const struct claim *c, const char *what, const char *text)
{
    cr_assert_not_null(text, "%s: no %s", c->name, what);
    cr_expect_gt(strlen(text), 10, "%s: %s: \"%s\"", c->name, what, text);
    cr_expect_not(strchr(text, '\n'), "%s: %s is more than one paragraph", c->name, what);
    cr_expect_not(strstr(text, "  "), "%s: %s: two blanks in a row: a slip where lines are joined",
                  c->name, what);
    cr_expect_eq(text[strlen(text) - 1], '.', "%s: %s is no whole sentence", c->name, what);
}

static void check_texts(const struct claim *c)
{
    cr_expect_eq(c->name[strspn(c->name, "abcdefghijklmnopqrstuvwxyz0123456789-")], '\0', "%s",
                 c->name);
    cr_expect_leq(strlen(c->name), 30, "%s is wider than its column in `claims list`", c->name);
    check_text(c, "says", c->says);
    cr_expect(c->source && *c->source, "%s: who says so?", c->name);
    if (c->truth)
        check_text(c, "truth", c->truth);
    if (c->nuance)
        check_text(c, "nuance", c->nuance);
    cr_expect(!c->since || !strncmp(c->since, "Linux ", 6) ||
                  !strncmp(c->since, "about Linux ", 12),
              "%s: since %s", c->name, c->since);
}

Test(claims, each_has_its_texts_and_a_name_of_its_own)
{
    const struct claim *c, *other;
    for (size_t i = 0; (c = claim_at(i)); i++) {
        check_texts(c);
        for (size_t j = 0; j < i && (other = claim_at(j)); j++) {
            cr_expect_str_neq(other->name, c->name);
            cr_expect_str_neq(other->says, c->says);
        }
    }
}

Test(claims, there_are_many_and_few_are_not_run)
{
    const struct claim *c;
    size_t n = 0, not_run = 0;
    for (; (c = claim_at(n)); n++) {
        not_run += !c->experiment;
        cr_expect_eq(!c->experiment, c->not_run != NULL,
                     "%s: a run, or the reason why there is none", c->name);
        cr_expect_eq(!c->experiment, !c->values, "%s: who is not run observes nothing", c->name);
        cr_expect(c->experiment || c->holds || c->truth, "%s: what is so instead?", c->name);
    }
    cr_expect_geq(n, 40);
    cr_expect_leq(not_run, n / 8);
}

Test(claims, a_mistyped_name)
{
    const struct claim *c;
    char *message;
    cr_assert_eq(claim_named("listen-n", &c, &message), 0);
    cr_expect_str_eq(c->name, "listen-n");
    cr_assert_eq(claim_named("listn-n", &c, &message), -ENOENT);
    cr_expect(strstr(message, "there is no claim listn-n (did you mean listen-n?)"), "%s", message);
    free(message);
    cr_assert_eq(claim_named("", &c, &message), -ENOENT);
    free(message);
}

/* --- what a claim says, and what will be observed --- */

/* Kernels on which the same claims are judged: this one's defaults, other clocks, one without what
 * is new, and those whose other rules the model knows. */
enum { HZ_250, HZ_100, HZ_1000, WITHOUT_NEWS, FLIPPED, VARIANTS = FLIPPED + KERNEL_RULES_N };

static struct conditions vary(struct conditions c, int variant)
{
    c.hz = variant == HZ_100 ? 100 : variant == HZ_1000 ? 1000 : 250;
    if (variant == WITHOUT_NEWS) {
        c.syn_linear_timeouts = 0;
        c.somaxconn = c.somaxconn == 4096 ? 128 : c.somaxconn;
        c.tw_reuse = c.tw_reuse == 2 ? 0 : c.tw_reuse;
    }
    if (variant >= FLIPPED)
        kernel_rules_flip(&c.rules, (enum kernel_rule)(variant - FLIPPED));
    return c;
}

static const struct expectation *find(const struct prediction *p, const char *name)
{
    for (size_t i = 0; i < p->n; i++)
        if (!strcmp(p->expectations[i].name, name))
            return &p->expectations[i];
    return NULL;
}

static bool is_row(const char *name)
{
    for (int row = 0; row < LEDGER_N; row++)
        if (!strncmp(name, "ledger.", 7) && !strcmp(name + 7, ledger_names[row]))
            return true;
    return false;
}

/* The value of a sysctl among the conditions. */
static bool is_condition(const struct conditions *c, const char *name, double *ret)
{
#define X(field, sysctl, fresh, absent) \
    if (!strcmp(name, sysctl)) {        \
        *ret = (double)c->field;        \
        return true;                    \
    }
    CONDITIONS(X)
#undef X
    return false;
}

enum fit { INSIDE, OUTSIDE, LUCK, UNKNOWN };

/* Where the observation will be, as the model has it. */
static enum fit compare(const struct claim_value *v, double lo, double hi)
{
    if (lo >= v->lo && hi <= v->hi)
        return INSIDE;
    return hi < v->lo || lo > v->hi ? OUTSIDE : LUCK;
}

static enum fit fit(const struct claim *c, const struct claim_value *v, const struct prediction *p,
                    const struct conditions *conditions)
{
    double value;
    const struct expectation *x = find(p, v->name);
    cr_assert_leq(v->lo, v->hi, "%s: %s", c->name, v->name);
    if (x)
        return compare(v, x->lo, x->hi);
    if (is_condition(conditions, v->name, &value))
        return compare(v, value, value);
    cr_assert(is_row(v->name), "%s: %s does not observe %s", c->name, c->experiment, v->name);
    return UNKNOWN;
}

/* One observation that is surely outside decides against it; it holds when all are surely
 * inside. */
static void check_decided(const struct claim *c, const struct prediction *p,
                          const struct conditions *conditions, int variant)
{
    size_t n[4] = {0};
    cr_assert(c->values && c->values->name, "%s: what would be observed if it were so?", c->name);
    for (const struct claim_value *v = c->values; v->name; v++)
        n[fit(c, v, p, conditions)]++;
    cr_expect(n[OUTSIDE] || !(n[LUCK] + n[UNKNOWN]), "%s: its verdict would be luck (variant %d)",
              c->name, variant);
    cr_expect(!n[OUTSIDE] || c->truth, "%s does not hold: what is so instead? (variant %d)",
              c->name, variant);
}

/* An experiment that is still to be written predicts nothing. */
static void check_run(const struct claim *c, int variant)
{
    const struct experiment *e;
    struct knobs k;
    struct prediction p = {0};
    char *message = NULL;
    int r = claim_knobs(c, &e, &k, &message);
    if (e && !e->question)
        return;
    cr_assert_eq(r, 0, "%s: %s", c->name, message);
    const struct conditions conditions = vary(experiment_conditions(e, &k), variant);
    e->predict(&k, &conditions, &p);
    check_decided(c, &p, &conditions, variant);
    prediction_release(&p);
}

Test(claims, each_is_decided_by_what_its_run_observes)
{
    const struct claim *c;
    for (size_t i = 0; (c = claim_at(i)); i++)
        for (int variant = 0; c->experiment && variant < VARIANTS; variant++)
            check_run(c, variant);
}

/* --- the judge --- */

static const struct claim made_up = {
    .name = "made-up",
    .says = "Two connections wait.",
    .source = "nobody",
    .experiment = "accept-queue-full",
    CLAIM_SETS("backlog=1"),
    CLAIM_VALUES({"ledger.queued", 2, 2}, {"client.gone_first", 5, INFINITY},
                 {"net.core.somaxconn", 128, 4096}),
    .truth = "It is otherwise.",
};

static json_t *run_with(const char *queued, const char *gone_first, const char *more)
{
    char text[1024];
    json_error_t error;
    snprintf(text, sizeof(text),
             "{\"verdict\": \"agree\", \"reason\": null, \"ledger\": {\"queued\": %s},\"setup\": "
             "{\"conditions\": {\"net.core.somaxconn\": 4096}},\"checks\": [{\"name\": "
             "\"client.other\", \"unit\": \"s\", \"observed\": 99},{\"name\": "
             "\"client.gone_first\", \"unit\": \"s\", \"observed\": %s}]%s}",
             queued, gone_first, more);
    json_t *run = json_loads(text, 0, &error);
    cr_assert(run, "%s: %s", error.text, text);
    return run;
}

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static json_t *judged(const struct claim *c, json_t *run)
{
    json_t *verdict = claim_judge(c, NULL, run);
    cr_assert(verdict);
    json_decref(run);
    return verdict;
}

Test(claims, it_holds_when_all_is_as_it_says)
{
    json_t *claim = judged(&made_up, run_with("2", "5.0", ""));
    cr_expect_str_eq(text_of(claim, "verdict"), "holds");
    cr_expect(json_is_null(json_object_get(claim, "reason")));
    cr_expect_str_eq(text_of(claim, "command"),
                     "tcplab-bench run accept-queue-full --set backlog=1");
    const json_t *observed = json_object_get(claim, "observed");
    cr_assert_eq(json_array_size(observed), 3);
    const json_t *second = json_array_get(observed, 1);
    cr_expect_str_eq(text_of(second, "name"), "client.gone_first");
    cr_expect_str_eq(text_of(second, "unit"), "s");
    cr_expect_eq(json_number_value(json_object_get(second, "observed")), 5);
    cr_expect_eq(json_number_value(json_array_get(json_object_get(second, "claimed"), 0)), 5);
    cr_expect(json_is_null(json_array_get(json_object_get(second, "claimed"), 1)), "an open end");
    cr_expect_str_eq(text_of(json_array_get(observed, 0), "unit"), "connections");
    json_decref(claim);
}

Test(claims, one_observation_outside_decides_against_it)
{
    json_t *claim = judged(&made_up, run_with("2", "4.999", ""));
    cr_expect_str_eq(text_of(claim, "verdict"), "never_true");
    json_decref(claim);
    claim = judged(&made_up, run_with("3", "null", ""));
    cr_expect_str_eq(text_of(claim, "verdict"), "never_true", "whatever the other would have been");
    json_decref(claim);
    struct claim old = made_up;
    old.since = "Linux 9.9";
    claim = judged(&old, run_with("3", "6", ""));
    cr_expect_str_eq(text_of(claim, "verdict"), "changed");
    cr_expect_str_eq(text_of(claim, "since"), "Linux 9.9");
    cr_expect_str_eq(text_of(claim, "truth"), "It is otherwise.");
    json_decref(claim);
    claim = judged(&old, run_with("2", "6", ""));
    cr_expect_str_eq(text_of(claim, "verdict"), "holds", "on a kernel on which it still is so");
    json_decref(claim);
}

Test(claims, what_was_not_observed_is_undecided)
{
    json_t *claim = judged(&made_up, run_with("2", "null", ""));
    cr_expect_str_eq(text_of(claim, "verdict"), "undecided");
    cr_expect_str_eq(text_of(claim, "reason"), "client.gone_first was not observed");
    json_decref(claim);
    claim = judged(&made_up, json_pack("{s:s, s:s, s:[], s:{}}", "verdict", "skipped", "reason",
                                       "no such thing here", "checks", "ledger"));
    cr_expect_str_eq(text_of(claim, "verdict"), "undecided");
    cr_expect_str_eq(text_of(claim, "reason"), "no such thing here");
    json_decref(claim);
    claim = judged(&made_up, NULL);
    cr_expect_str_eq(text_of(claim, "verdict"), "undecided");
    cr_expect_str_eq(text_of(claim, "reason"), "the run did not end");
    json_decref(claim);
}

/* A kernel that does not do what the model says is told of; the claim is judged by what was
 * seen. */
Test(claims, a_run_that_differs_from_its_prediction)
{
    json_t *run = run_with("2", "5", "");
    json_object_set_new(run, "verdict", json_string("differ"));
    json_object_set_new(run, "reason", json_string("ledger.queued: predicted 9, observed 2"));
    json_t *claim = judged(&made_up, run);
    cr_expect_str_eq(text_of(claim, "verdict"), "holds");
    cr_expect(strstr(text_of(claim, "reason"), "predicted 9, observed 2"), "%s",
              text_of(claim, "reason"));
    json_decref(claim);
}

Test(claims, what_no_run_decides)
{
    struct claim history = {
        .name = "old", .says = "It was.", .source = "nobody", .not_run = "history", .holds = true};
    json_t *claim = judged(&history, NULL);
    cr_expect_str_eq(text_of(claim, "verdict"), "holds");
    cr_expect_str_eq(text_of(claim, "reason"), "history");
    cr_expect(json_is_null(json_object_get(claim, "experiment")) &&
              json_is_null(json_object_get(claim, "command")));
    json_decref(claim);
    history.holds = false;
    history.since = "Linux 4.12";
    claim = judged(&history, NULL);
    cr_expect_str_eq(text_of(claim, "verdict"), "changed");
    json_decref(claim);
}

/* --- what kernels have shown (bench/kernels/run) --- */

#define RECORDED_MAX 12
#define X(...)       {__VA_ARGS__},
static const char *const recorded_kernels[][1 + RECORDED_MAX] = {RECORDED_KERNELS(X)};
static const char *const recorded_claims[][1 + RECORDED_MAX] = {RECORDED_CLAIMS(X)};
#undef X

/* "Linux 6.12.10 ..." or "6.12.117" as a number that can be compared; 0: it has none. */
static long version_in(const char *text)
{
    long major = 0, minor = 0, patch = 0;
    text += strcspn(text, "0123456789");
    int n = sscanf(text, "%ld.%ld.%ld", &major, &minor, &patch);
    return n < 2 ? 0 : (major * 1000 + minor) * 1000 + patch;
}

static void check_recorded(const struct claim *c, const char *const *verdicts)
{
    const char *first = NULL; /* verdict of a run that decided */
    for (size_t i = 1; i <= RECORDED_MAX && verdicts[i]; i++) {
        const char *kernel = recorded_kernels[0][i];
        bool holds = !strcmp(verdicts[i], "holds");
        if (!holds && strcmp(verdicts[i], "changed") && strcmp(verdicts[i], "never true"))
            continue;
        first = first ? first : verdicts[i];
        cr_expect(!holds || !c->since || version_in(kernel) < version_in(c->since),
                  "%s: not so since %s, but it was so on %s", c->name, c->since, kernel);
        cr_expect(c->since || holds == !strcmp(first, "holds"),
                  "%s: %s on %s, otherwise on another kernel: since when?", c->name, verdicts[i],
                  kernel);
    }
}

/* "since" is what was seen. An older series may have got a change as well, so there it may be
 * either. */
Test(claims, since_is_not_contradicted_by_a_kernel)
{
    for (size_t i = 0; i < sizeof(recorded_claims) / sizeof(*recorded_claims); i++) {
        const struct claim *c;
        char *message = NULL;
        if (!claim_named(recorded_claims[i][0], &c, &message))
            check_recorded(c, recorded_claims[i]);
        free(message);
    }
}

/* --- the text --- */

static char *text_with(json_t *claims)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    terminal_init("test", TERMINAL_COLOR_NEVER);
    json_t *document = json_pack("{s:s, s:s, s:s, s:o}", "program", "tcplab-bench", "version", "1",
                                 "kernel", "6.18", "claims", claims);
    claims_text(out, document);
    fclose(out);
    json_decref(document);
    return text;
}

static size_t columns(const char *line)
{
    size_t n = 0;
    for (; *line; line++)
        n += ((unsigned char)*line & 0xc0) != 0x80; /* the quotation marks have three bytes */
    return n;
}

Test(claims, a_verdict_stands_beside_what_was_claimed_and_seen)
{
    struct claim old = made_up;
    old.since = "Linux 9.9";
    json_t *claims = json_array();
    json_array_append_new(claims, judged(&made_up, run_with("2", "7.5", "")));
    json_array_append_new(claims, judged(&old, run_with("3", "7.5", "")));
    char *text = text_with(claims);
    cr_expect(strstr(text, "“Two connections wait.”"), "%s", text);
    cr_expect(strstr(text, "verdict     holds\n"), "%s", text);
    cr_expect(strstr(text, "verdict     changed: not so any more since Linux 9.9\n"), "%s", text);
    cr_expect(strstr(text, "2 connections                3\n"), "%s", text);
    cr_expect(strstr(text, "at least 5.000 s          7.500 s\n"), "%s", text);
    cr_expect(strstr(text, "instead     It is otherwise.\n"), "%s", text);
    cr_expect_eq(strstr(text, "It is otherwise."), strrchr(text, 'I'),
                 "not where the claim holds: %s", text);
    cr_expect(strstr(text, "Of 2 claims\n     1 holds\n     1 has changed\n"), "%s", text);
    free(text);
}

Test(claims, lines_have_80_columns_at_most)
{
    const struct claim *c;
    json_t *claims = json_array();
    for (size_t i = 0; (c = claim_at(i)); i++)
        json_array_append_new(claims, claim_judge(c, NULL, NULL));
    char *text = text_with(claims), *rest = NULL;
    cr_expect_null(strstr(text, "null"));
    cr_expect_null(strstr(text, "inf "));
    for (const char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        cr_expect_leq(columns(line), 80, "%s", line);
    free(text);
}
