#include "bench/verbs/knee.h"
#include "bench/load/load_document.h"
#include "bench/load/load_knee.h"
#include "bench/load/load_predict.h"
#include "bench/load/load_round.h"
#include "bench/page/page.h"
#include "bench/report/knee.h"
#include "bench/statistics/random.h"
#include "bench/statistics/statistics.h"
#include "bench/verbs/kept_file.h"
#include "bench/verbs/result_file.h"
#include "common/process/clock.h"
#include "common/process/exit_code.h"
#include "common/process/stop.h"
#include "common/report/document.h"
#include "common/report/program.h"
#include "common/report/terminal.h"
#include "common/text/human.h"
#include "common/text/parse.h"
#include "common/text/say.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define KNEE_TRIES     4 /* further ones, where the client or the machine was the limit */
#define KNEE_SHORTEST  (200 * NS_PER_MS)
#define KNEE_PACE_RUNS 3 /* of which the fastest counts */

struct knee_settings {
    struct load_spec spec;
    struct option_texts vary;
    const char *until, *precision_text;
    int64_t short_ns;
    const char *json, *html;
    int color;
};

struct knee {
    const struct knee_settings *settings;
    const struct document_head *head;
    struct load_vary vary;
    struct load_until until;
    double precision;
    int64_t short_ns, long_ns;
    bool drawn; /* the arrivals have a seed */
    struct random random;
    struct load_arm *arm;              /* at FROM */
    struct load_machine machine;       /* before the first trial */
    double loss, connections, seconds; /* of the prediction; loss 0: there is none */
    struct accept_load accept;
    struct load_prediction prediction;
    struct load_knee_result result;
    struct load_progress progress;
    json_t *trials, *answers, *document;
    struct kept_file file;
    struct result_file html;
    bool complete, disturbed; /* disturbed: other programs ran in trials that decided */
    int code;                 /* of a trial that failed */
};

static const struct option_program knee_program = {
    .name = "tcplab-bench knee",
    .usage = "[options] --vary KEY=FROM..TO --until 'METRIC OP VALUE'",
    .examples = "  tcplab-bench knee --server '--accept-delay 150us' \\\n"
                "    --client '-w cc -c 2000 -r 5000 --arrivals poisson -d 4s' \\\n"
                "    --vary server.backlog=0..64 --until 'server.listener.drops > 0.1%'\n"
                "                                       the smallest backlog that is enough\n"
                "  tcplab-bench knee --client '-w crr -c 500 -d 2s' --vary client.rate=1k..50k \\\n"
                "    --until 'client.connect_latency_us.p99 > 5ms'\n"
                "                                       the highest rate that still works\n",
    .closing =
        "--until says what is bad; its VALUE may be a percentage of the connections. Short trials "
        "halve\n"
        "the range, long ones of -d confirm the answer: [last good, first bad]. A trial in which "
        "the\n"
        "client was the limit is repeated, and never decides. Exit codes: 0 done, 1 failed, 2 "
        "usage,\n"
        "3 the prediction differs, 77 this machine cannot do it.\n",
};

static int read_precision(struct knee *k, char **ret_message)
{
    char *end;
    double percent = strtod(k->settings->precision_text, &end);
    if (end == k->settings->precision_text || (strcmp(end, "%") && *end) || !(percent >= 0) ||
        percent > 50)
        return say(ret_message, -EINVAL,
                   "--precision %s: write a percentage from 0 to 50, such as 2%%",
                   k->settings->precision_text);
    k->precision = percent / 100;
    return 0;
}

static double number(const struct load_arm *arm, const char *program, const char *name)
{
    return json_number_value(load_arm_setting(arm, program, name));
}

/* The load at a value of the range. duration_ns 0: that of LOAD. */
static int arm_at(struct knee *k, double value, int64_t duration_ns, struct load_arm **ret,
                  char **ret_message)
{
    char key[128 + 2 + LOAD_VARY_TEXT_MAX], duration[64], seed[64], text[LOAD_VARY_TEXT_MAX];
    const char *keys[3] = {key};
    size_t n = 1;
    snprintf(key, sizeof(key), "%s=%s", k->vary.key, load_vary_text(&k->vary, value, text));
    snprintf(duration, sizeof(duration), "client.duration=%lldus",
             (long long)(duration_ns / NS_PER_US));
    snprintf(seed, sizeof(seed), "client.seed=%llu",
             (unsigned long long)(random_next(&k->random) >> 32));
    if (duration_ns)
        keys[n++] = duration;
    if (duration_ns && k->drawn)
        keys[n++] = seed;
    return load_arm_new(&k->settings->spec, keys, n, ret, ret_message);
}

/* Both ends of the range, so that a value that a program refuses is found before anything runs. */
static int check_range(struct knee *k, char **ret_message)
{
    struct load_arm *to;
    int r = arm_at(k, k->vary.from, 0, &k->arm, ret_message);
    if (!r)
        r = arm_at(k, k->vary.to, 0, &to, ret_message);
    if (r)
        return r;
    load_arm_free(to);
    const char *arrivals = json_string_value(load_arm_setting(k->arm, "client", "arrivals"));
    k->drawn = arrivals && !strcmp(arrivals, "poisson");
    k->long_ns = (int64_t)number(k->arm, "client", "duration_us") * NS_PER_US;
    if (k->long_ns < KNEE_SHORTEST)
        return say(ret_message, -EINVAL,
                   "--client: a trial needs a length of at least 0.2 s: add -d to it, such as "
                   "-d 2s");
    k->short_ns = k->settings->short_ns ? k->settings->short_ns : k->long_ns / 4;
    if (k->short_ns < KNEE_SHORTEST)
        k->short_ns = KNEE_SHORTEST;
    if (k->short_ns > k->long_ns)
        return say(ret_message, -EINVAL,
                   "--short: short trials are no longer than the long ones of -d");
    return 0;
}

static int read_rest(struct knee *k, char **ret_message)
{
    const struct knee_settings *s = k->settings;
    char *why = NULL;
    if (s->vary.n != 1 || !s->until)
        return say(ret_message, -EINVAL,
                   "give one --vary KEY=FROM..TO and one --until 'METRIC OP VALUE'");
    if (s->spec.fail_if.n)
        return say(ret_message, -EINVAL,
                   "--fail-if: a knee has --until instead; leave --fail-if out");
    int r = load_vary_read(s->vary.text[0], &k->vary, &why);
    if (r)
        say(ret_message, r, "--vary %s", why ? why : s->vary.text[0]);
    else if (!k->vary.range)
        r = say(ret_message, -EINVAL,
                "--vary %s: a knee is looked for between two values: write KEY=FROM..TO",
                s->vary.text[0]);
    if (!r) {
        r = load_until_read(s->until, &s->spec, &k->until, &why);
        if (r)
            say(ret_message, r, "--until %s", why ? why : s->until);
    }
    free(why);
    if (!r)
        r = read_precision(k, ret_message);
    return r ? r : check_range(k, ret_message);
}

/* --- the document --- */

/* Whole where it is whole. */
static json_t *value_json(double value)
{
    return value == floor(value) ? json_integer((json_int_t)value) : document_real(value);
}

static json_t *end_json(bool there, double value)
{
    return there ? value_json(value) : json_null();
}

static json_t *or_null(double value)
{
    return isfinite(value) ? document_real(value) : json_null();
}

static json_t *prediction_json(const struct knee *k)
{
    const struct load_prediction *p = &k->prediction;
    if (p->why)
        return json_pack("{s:s}", "why_none", p->why);
    return json_pack("{s:f, s:s, s:s, s:s, s:b, s:f, s:f, s:f}", "loss", p->loss, "rule",
                     p->rule->name, "sentence", p->rule->sentence, "source", p->rule->source,
                     "smallest_good", p->up, "pace_measured_us", k->machine.pace_s * 1e6,
                     "timers_late_us", k->machine.late_s * 1e6, "starts_late_us",
                     k->machine.starts_late_s * 1e6);
}

static bool meets(const struct load_prediction *p, double lo, double hi)
{
    return p->lo <= hi && p->hi >= lo;
}

/* Whether the model says what was measured when it has the lateness of the long trials at the first
 * bad value, too. Sets the sentence for it (the caller frees it). */
static bool lateness_explains(const struct knee *k, double lo, double hi, char **ret)
{
    const struct load_knee_result *r = &k->result;
    struct load_machine m = k->machine;
    struct load_prediction p;
    char starts[HUMAN_MAX], timers[HUMAN_MAX];
    size_t i;
    json_t *one;
    json_array_foreach(k->answers, i, one)
    {
        if (!json_is_true(json_object_get(one, "long")) || !r->has_bad ||
            json_number_value(json_object_get(one, "at")) != r->first_bad)
            continue;
        m.starts_late_s =
            fmax(m.starts_late_s, json_number_value(json_object_get(one, "starts_late_us")) / 1e6);
        m.late_s = fmax(m.late_s, json_number_value(json_object_get(one, "timers_late_us")) / 1e6);
    }
    load_predict_knee(k->arm, &k->vary, &k->until, &m, k->connections, k->seconds, &p);
    if (p.why || !meets(&p, lo, hi))
        return false;
    say(ret, 0,
        "It is not as predicted, but at the first bad value the machine was later than before the "
        "trials: starts of the client by %s, and then they come as a burst; timers by %s. With "
        "that the model says what was measured: run it again on a quiet machine.",
        human_us(m.starts_late_s * 1e6, starts), human_us(m.late_s * 1e6, timers));
    return true;
}

/* The range that the measurement leaves for the knee. */
static const char *verdict(const struct knee *k, const char **ret_reason, char **ret_made)
{
    const struct load_knee_result *r = &k->result;
    const struct load_prediction *p = &k->prediction;
    double lo = k->vary.from, hi = k->vary.to;
    *ret_reason = NULL;
    if (!k->complete) {
        *ret_reason = "It was interrupted.";
        return "inconclusive";
    }
    if (r->limited) {
        *ret_reason =
            "Beyond the last good value the client or this machine was the limit, not the server.";
        return "inconclusive";
    }
    if (p->why) {
        *ret_reason = p->why;
        return "skipped";
    }
    if (r->has_good && r->has_bad) {
        lo = fmin(r->last_good, r->first_bad);
        hi = fmax(r->last_good, r->first_bad);
    } else if (r->has_good == p->up) { /* the knee is at FROM, or below it */
        lo = -INFINITY;
        hi = k->vary.from;
    } else {
        lo = k->vary.to;
        hi = INFINITY;
    }
    if (meets(p, lo, hi))
        return "agree";
    if (lateness_explains(k, lo, hi, ret_made)) {
        *ret_reason = *ret_made;
        return "inconclusive";
    }
    if (!k->disturbed)
        return "differ";
    *ret_reason =
        "It is not as predicted, but other programs had the CPUs meanwhile, and a loop that waits "
        "for one needs a longer queue: run it again on a quiet machine.";
    return "inconclusive";
}

static void compose(struct knee *k)
{
    const struct load_knee_result *r = &k->result;
    const struct load_prediction *p = &k->prediction;
    char *made = NULL;
    const char *reason, *word = verdict(k, &reason, &made);
    json_t *d = document_new(k->head, "report");
    /* all is good: the end that was hardest */
    double last_good = !r->has_bad && !r->limited && !p->why && p->up ? k->vary.from : r->last_good;
    json_object_set_new(d, "load", load_document_arm(k->arm));
    json_object_set_new(d, "complete", json_boolean(k->complete));
    json_object_set_new(d, "key", json_string(k->vary.key));
    json_object_set_new(d, "unit", json_string(k->vary.duration ? "us" : ""));
    json_object_set_new(
        d, "range", json_pack("[o, o]", document_real(k->vary.from), document_real(k->vary.to)));
    json_object_set_new(d, "until", json_string(k->until.text));
    json_object_set_new(d, "predicted",
                        p->why ? json_null() : json_pack("[o, o]", or_null(p->lo), or_null(p->hi)));
    json_object_set_new(d, "prediction", prediction_json(k));
    json_object_set_new(d, "last_good", end_json(r->has_good, last_good));
    json_object_set_new(d, "first_bad", end_json(r->has_bad, r->first_bad));
    json_object_set_new(d, "limited", json_boolean(r->limited));
    json_object_set_new(d, "verdict", json_string(word));
    json_object_set_new(d, "reason", reason ? json_string(reason) : json_null());
    free(made);
    json_object_set(d, "answers", k->answers);
    json_object_set(d, "trials", k->trials);
    json_decref(k->document);
    k->document = d;
    kept_file_keep(&k->file, d);
}

/* --- trials --- */

/* Whether the client or the hypervisor was the limit. Other programs alone are told, not taken for
 * one: under a real-time policy they take no CPU from the trial. */
static bool is_limited(const json_t *round)
{
    size_t i;
    json_t *mark;
    json_array_foreach(json_object_get(round, "marks"), i, mark)
    {
        const char *what = json_string_value(json_object_get(mark, "what"));
        if (!what || strcmp(what, "others"))
            return true;
    }
    return false;
}

struct evidence {
    size_t n;
    double value[64];
    double sum, connections;
};

/* What a round adds; false: it has no such value. */
static void weigh(const struct knee *k, const json_t *round, struct evidence *e)
{
    double value = NAN, connections = 0;
    metric_value(round, "client.connections.attempted", &connections);
    if (!metric_value(round, k->until.threshold.metric, &value))
        value = NAN; /* no latency: nothing was established */
    if (e->n < 64)
        e->value[e->n++] = value;
    e->sum += isnan(value) ? 0 : value;
    e->connections += connections;
}

static double value_of(const struct knee *k, const struct evidence *e)
{
    if (k->until.percent)
        return e->connections > 0 ? e->sum / e->connections * 100 : NAN;
    return statistics_median(e->value, e->n);
}

static const char *const answer_words[] = {"good", "bad", "limited"};

static bool is_bad(const struct knee *k, const struct evidence *e)
{
    double value = value_of(k, e);
    return isnan(value) || threshold_holds(&k->until.threshold, value);
}

static void record(struct knee *k, double at, bool confirm, bool limited, const json_t *round)
{
    struct evidence one = {.n = 0};
    weigh(k, round, &one);
    const char *answer = answer_words[limited           ? LOAD_KNEE_LIMITED
                                      : is_bad(k, &one) ? LOAD_KNEE_BAD
                                                        : LOAD_KNEE_GOOD];
    json_array_append_new(
        k->trials,
        json_pack("{s:o, s:b, s:o, s:o, s:o, s:s, s:O, s:O}", "at", value_json(at), "long", confirm,
                  "seconds", document_real((double)(confirm ? k->long_ns : k->short_ns) / 1e9),
                  "value", document_real(value_of(k, &one)), "connections",
                  document_real(one.connections), "answer", answer, "marks",
                  json_object_get(round, "marks"), "keys", json_object_get(round, "keys")));
    k->progress.done++;
    if (k->progress.total <= k->progress.done)
        k->progress.total = k->progress.done + 1;
    compose(k);
}

static int run_round(struct knee *k, double at, int64_t duration_ns, const char *const *more,
                     size_t n_more, json_t **ret)
{
    struct load_arm *arm = NULL;
    char *message = NULL;
    int r = more ? load_arm_new(&k->settings->spec, more, n_more, &arm, &message)
                 : arm_at(k, at, duration_ns, &arm, &message);
    if (!r)
        r = load_round(arm, &k->progress, ret, &k->code, &message);
    if (r && message)
        terminal_error("%s", message);
    free(message);
    load_arm_free(arm);
    return r;
}

static struct load_watch watch_timers(const struct knee *k, int64_t duration_ns)
{
    double seconds = (double)duration_ns / 1e9;
    return load_predict_watch(fmin(k->accept.pace_s, seconds / 40), seconds, k->loss);
}

/* One value: short ones need a single trial, long ones --rounds of them. */
static int judge(void *context, double at, bool confirm, enum load_knee_answer *ret)
{
    struct knee *k = context;
    size_t wanted = confirm ? k->settings->spec.rounds : 1;
    struct evidence e = {.n = 0};
    struct load_machine worst = {.late_s = 0};
    int n_limited = 0;
    for (size_t i = 0; i < wanted + KNEE_TRIES && e.n < wanted; i++) {
        json_t *round;
        bool watched = confirm && k->loss > 0;
        struct load_watch watch = {.pid = -1};
        if (watched)
            watch = watch_timers(k, k->long_ns);
        int r = run_round(k, at, confirm ? k->long_ns : k->short_ns, NULL, 0, &round);
        double late_s = load_predict_late_s(watch);
        if (r)
            return r;
        bool limited = is_limited(round);
        if (!limited) {
            weigh(k, round, &e);
            worst.late_s = fmax(worst.late_s, late_s);
            worst.starts_late_s =
                fmax(worst.starts_late_s,
                     load_predict_starts_late_s(json_object_get(round, "client"), k->loss));
        }
        k->disturbed = k->disturbed || (!limited && !load_round_is_clean(round));
        n_limited += limited;
        record(k, at, confirm, limited, round);
        json_decref(round);
    }
    *ret = e.n < wanted ? LOAD_KNEE_LIMITED : is_bad(k, &e) ? LOAD_KNEE_BAD : LOAD_KNEE_GOOD;
    json_array_append_new(
        k->answers,
        json_pack("{s:o, s:b, s:i, s:i, s:o, s:o, s:s, s:f, s:f}", "at", value_json(at), "long",
                  confirm, "trials", (int)e.n, "limited_trials", n_limited, "connections",
                  document_real(e.connections), "value", document_real(value_of(k, &e)), "answer",
                  answer_words[*ret], "starts_late_us", worst.starts_late_s * 1e6, "timers_late_us",
                  worst.late_s * 1e6));
    compose(k);
    return 0;
}

/* --- the prediction --- */

/* How often the loop accepts when connections always wait: twice as many come as it takes. */
static int measure_pace(struct knee *k, const struct accept_load *l)
{
    char rate[64];
    const char *keys[] = {rate, "client.duration=300ms", "server.backlog=4096"};
    double best = 0;
    snprintf(rate, sizeof(rate), "client.rate=%.6f", 2 / l->pace_s);
    for (int i = 0; i < KNEE_PACE_RUNS; i++) {
        json_t *round;
        double accepts = 0;
        int r = run_round(k, 0, 0, keys, 3, &round);
        if (r)
            return r;
        if (metric_value(round, "server.rates.accepts_per_s", &accepts) && accepts > best)
            best = accepts;
        json_decref(round);
    }
    k->machine.pace_s = best > 0 ? 1 / best : 0;
    return 0;
}

/* What the machine does to the load while it runs: how late the client's starts are, and how late
 * timers of the server's pace come. The room is large, so that drops are no part of it. */
static int measure_lateness(struct knee *k)
{
    char rate[64];
    const char *keys[] = {"server.backlog=4096", rate};
    json_t *round;
    snprintf(rate, sizeof(rate), "client.rate=%.6f", k->accept.rate);
    struct load_watch watch = watch_timers(k, k->long_ns);
    int r = run_round(k, 0, 0, keys, 2, &round);
    k->machine.late_s = load_predict_late_s(watch);
    if (r)
        return r;
    k->machine.starts_late_s =
        load_predict_starts_late_s(json_object_get(round, "client"), k->loss);
    json_decref(round);
    return 0;
}

static int predict(struct knee *k)
{
    struct accept_load l;
    int64_t limit;
    bool backlog;
    double seconds = (double)k->long_ns / 1e9 * (double)k->settings->spec.rounds, loss;
    double rate = fmax(number(k->arm, "client", "rate"), 1), connections = rate * seconds;
    const char *why = load_predict_key(k->vary.key, &backlog);
    if (!why)
        why = load_predict_read(k->arm, &l, &limit);
    if (!why)
        why = load_predict_loss(&k->until, connections, &loss);
    if (!why) {
        k->accept = l;
        k->loss = loss;
        k->seconds = seconds;
        k->connections = connections;
        int r = l.pace_s < 50e-3 ? measure_pace(k, &l) : 0;
        if (!r)
            r = measure_lateness(k);
        if (r)
            return r;
    }
    load_predict_knee(k->arm, &k->vary, &k->until, &k->machine, connections, seconds,
                      &k->prediction);
    return 0;
}

static int search(struct knee *k)
{
    const struct load_knee_args args = {.from = k->vary.from,
                                        .to = k->vary.to,
                                        .grain = k->vary.grain,
                                        .precision = k->precision,
                                        .judge = judge,
                                        .context = k};
    size_t n_long = 2 * k->settings->spec.rounds, n_short = (size_t)load_knee_short(&args);
    int64_t all_ns = (int64_t)n_long * k->long_ns + (int64_t)n_short * k->short_ns;
    k->progress = (struct load_progress){.total = n_long + n_short,
                                         .began_ns = clock_now_ns(),
                                         .expected_ns = all_ns / (int64_t)(n_long + n_short),
                                         .what = "trial"};
    knee_cost_text(stderr, n_short, (double)k->short_ns / 1e9, n_long, (double)k->long_ns / 1e9,
                   load_time_left_ns(&k->progress));
    int r = predict(k);
    if (r)
        return r;
    compose(k);
    knee_prediction_text(stderr, k->document);
    k->progress.began_ns = clock_now_ns();
    return load_knee_search(&args, &k->result);
}

static bool on_stdout(const char *json)
{
    return json && !strcmp(json, "-");
}

static int go(struct knee *k, struct document_output *output)
{
    k->trials = json_array();
    k->answers = json_array();
    random_next(&k->random);
    int r = search(k), code = EXIT_CODE_DONE;
    k->complete = !r;
    if (k->arm && (k->complete || json_array_size(k->trials)))
        compose(k);
    if (stop_count()) {
        terminal_notice("interrupted after %zu trials", json_array_size(k->trials));
        code = 128 + stop_signal();
    } else if (r) {
        code = k->code ? k->code : EXIT_CODE_FAILED;
    } else if (!strcmp(json_string_value(json_object_get(k->document, "verdict")), "differ")) {
        code = EXIT_CODE_UNMET;
    }
    code = kept_file_close(&k->file, k->document, code);
    code = result_file_close(&k->html, k->document, code);
    if (k->document && !on_stdout(k->settings->json) && document_output_wants_text(output))
        document_output_text(output, k->document, knee_text);
    json_decref(k->document);
    json_decref(k->trials);
    json_decref(k->answers);
    return code;
}

static int read_settings(int argc, char **argv, struct knee_settings *s, json_t **ret_json,
                         char **ret_message)
{
    struct option_row rows[LOAD_SPEC_ROWS + 7];
    size_t n = load_spec_rows(&s->spec, "3", rows);
    char **operands;
    int n_operands;
    const struct option_row own[] = {
        {"vary", 0, "KEY=FROM..TO", NULL,
         "what to vary, and its range: server.OPTION, client.OPTION, or a sysctl", &option_texts,
         &s->vary},
        {"until", 0, "WHAT", NULL, "what is bad, such as 'server.listener.drops > 0.1%'",
         &option_text, &s->until},
        {"precision", 0, "PERCENT", "2%",
         "largest distance between the last good and the first bad value", &option_text,
         &s->precision_text},
        {"short", 0, "DUR", NULL, "length of the short trials (default: a quarter of -d)",
         &option_duration, &s->short_ns, KNEE_SHORTEST, OPTION_LONGEST_NS},
        {"json", 'J', "[=FILE]", NULL,
         "write the report as one JSON document; FILE is replaced after each trial", &option_file,
         &s->json},
        {"html", 0, "FILE", NULL, "also a page to look at, in a browser", &option_text, &s->html},
        {"color", 0, "WHEN", "auto", "colour on stdout", &option_choice, &s->color,
         .choices = terminal_color_words},
    };
    memcpy(rows + n, own, sizeof(own));
    n += sizeof(own) / sizeof(*own);
    int r = options_read(rows, n, &knee_program, argc, argv, &operands, &n_operands, ret_message);
    if (!r)
        r = load_spec_check(&s->spec, ret_message);
    *ret_json = r ? NULL : options_settings(rows, n);
    return r;
}

int knee_main(int argc, char **argv)
{
    struct knee_settings settings = {.json = NULL};
    struct knee k = {.settings = &settings};
    struct document_output *output = NULL;
    json_t *json = NULL;
    char *message = NULL;
    int code, r = read_settings(argc, argv, &settings, &json, &message);
    k.random.state = settings.spec.seed;
    if (!r)
        r = read_rest(&k, &message);
    if (r) {
        code = program_settings_ended(r, message);
        goto end;
    }
    terminal_init("tcplab-bench", (enum terminal_color)settings.color);
    stop_install();
    program_raise_descriptors();
    code = program_check_proc();
    if (!code)
        code = kept_file_open(settings.json, &k.file);
    if (!code)
        code = result_file_open("--html", settings.html, "index.html", page_write, &k.html);
    if (!code)
        code = program_open_output(NULL, NULL, &output);
    if (!code) {
        const struct document_head head = {.schema = "tcplab.knee/1",
                                           .program = "tcplab-bench",
                                           .argc = argc + 1,
                                           .argv = argv - 1,
                                           .settings = json};
        k.head = &head;
        code = go(&k, output);
        code = program_close_output(output, code);
    }
end:
    load_arm_free(k.arm);
    load_vary_free(&k.vary);
    load_spec_free(&settings.spec);
    json_decref(json);
    return code;
}
