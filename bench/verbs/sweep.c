#include "bench/verbs/sweep.h"
#include "bench/load/load_document.h"
#include "bench/load/load_predict.h"
#include "bench/load/load_summary.h"
#include "bench/page/page.h"
#include "bench/report/sweep.h"
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
#include "common/text/say.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SWEEP_KEYS   2
#define SWEEP_POINTS 400
#define SWEEP_LAB_NS (500 * NS_PER_MS) /* what a run takes beside its load, about */

struct sweep_settings {
    struct load_spec spec;
    struct option_texts vary;
    const char *json, *html;
    int color;
};

struct sweep {
    const struct sweep_settings *settings;
    const struct document_head *head;
    struct load_vary vary[SWEEP_KEYS];
    size_t n_keys, n_points, n_runs;
    size_t *order;         /* the points, block after block: n_runs of them */
    uint64_t *seed;        /* of each run's arrivals */
    struct load_arm **arm; /* of each point */
    bool drawn;
    json_t *plan; /* what must be the same for a sweep to go on */
    json_t *runs, *document;
    struct kept_file file;
    struct result_file html;
    size_t failed; /* thresholds that hold */
};

static const struct option_program sweep_program = {
    .name = "tcplab-bench sweep",
    .usage = "[options] --vary KEY=V1,V2,...|FROM..TO[:STEPS] [--vary ...]",
    .examples =
        "  tcplab-bench sweep --client '-w crr -c 64 -d 1s' --vary client.connections=1..256:5\n"
        "  tcplab-bench sweep --server '--accept-delay 150us' \\\n"
        "    --client '-w cc -c 2000 -r 5000 --arrivals poisson -d 2s' \\\n"
        "    --vary server.backlog=0,2,4,8,16 --json=sweep.json\n"
        "                                       after ^C the same command continues\n"
        "  tcplab-bench sweep --vary server.threads=1,2 --vary client.threads=1,2\n",
    .closing = "Each block has all points once, in an order that --seed draws; --rounds says how "
               "many\n"
               "blocks. Exit codes: 0 done, 1 failed, 2 usage, 3 a --fail-if holds at a point, 77 "
               "this\n"
               "machine cannot do it.\n",
};

/* --- the points --- */

/* "KEY=VALUE" of each key at that point. */
static void keys_of(const struct sweep *s, size_t point, char text[SWEEP_KEYS][512])
{
    for (size_t i = s->n_keys; i-- > 0; point /= s->vary[i].n)
        snprintf(text[i], 512, "%s=%s", s->vary[i].key, s->vary[i].value[point % s->vary[i].n]);
}

static int make_arm(const struct sweep *s, size_t point, const uint64_t *seed,
                    struct load_arm **ret, char **ret_message)
{
    char text[SWEEP_KEYS][512], drawn[64];
    const char *keys[SWEEP_KEYS + 1] = {text[0], text[1]};
    size_t n = s->n_keys;
    keys_of(s, point, text);
    if (seed) {
        snprintf(drawn, sizeof(drawn), "client.seed=%llu", (unsigned long long)*seed);
        keys[n++] = drawn;
    }
    return load_arm_new(&s->settings->spec, keys, n, ret, ret_message);
}

static int read_keys(struct sweep *s, char **ret_message)
{
    const struct option_texts *vary = &s->settings->vary;
    if (vary->n < 1 || vary->n > SWEEP_KEYS)
        return say(ret_message, -EINVAL, "give one --vary KEY=V1,V2,... or two of them, not %zu",
                   vary->n);
    s->n_points = 1;
    for (size_t i = 0; i < vary->n; i++) {
        char *why = NULL;
        int r = load_vary_read(vary->text[i], &s->vary[i], &why);
        if (r)
            say(ret_message, r, "--vary %s", why ? why : vary->text[i]);
        free(why);
        if (r)
            return r;
        s->n_keys++;
        s->n_points *= s->vary[i].n;
    }
    if (s->n_keys == 2 && !strcmp(s->vary[0].key, s->vary[1].key))
        return say(ret_message, -EINVAL, "--vary %s stands there twice; give two keys",
                   s->vary[0].key);
    if (s->n_points > SWEEP_POINTS)
        return say(ret_message, -EINVAL,
                   "--vary: these are %zu points; give fewer values, for at most %d", s->n_points,
                   SWEEP_POINTS);
    return 0;
}

/* Each point is checked before anything runs. */
static int make_points(struct sweep *s, char **ret_message)
{
    int r = 0;
    s->arm = calloc(s->n_points, sizeof(*s->arm));
    if (!s->arm)
        return -ENOMEM;
    for (size_t i = 0; i < s->n_points && !r; i++) {
        char *why = NULL;
        r = make_arm(s, i, NULL, &s->arm[i], &why);
        if (r)
            say(ret_message, r, "--vary: %s", why ? why : "a point cannot be made");
        free(why);
    }
    if (r)
        return r;
    const char *arrivals = json_string_value(load_arm_setting(s->arm[0], "client", "arrivals"));
    s->drawn = arrivals && !strcmp(arrivals, "poisson");
    return 0;
}

/* The order of all runs, so that a sweep that goes on has the same. */
static int draw_order(struct sweep *s)
{
    struct random random = {.state = s->settings->spec.seed};
    s->n_runs = s->n_points * s->settings->spec.rounds;
    s->order = calloc(s->n_runs, sizeof(*s->order));
    s->seed = calloc(s->n_runs, sizeof(*s->seed));
    if (!s->order || !s->seed)
        return -ENOMEM;
    for (size_t begin = 0; begin < s->n_runs; begin += s->n_points) {
        for (size_t i = 0; i < s->n_points; i++)
            s->order[begin + i] = i;
        random_shuffle(&random, s->order + begin, s->n_points);
    }
    for (size_t i = 0; i < s->n_runs; i++)
        s->seed[i] = random_next(&random) >> 32;
    return 0;
}

static int prepare(struct sweep *s, char **ret_message)
{
    int r = read_keys(s, ret_message);
    if (!r)
        r = make_points(s, ret_message);
    return r ? r : draw_order(s);
}

/* --- an earlier part --- */

static json_t *make_plan(const json_t *settings)
{
    static const char *const parts[] = {"server", "client", "set",    "target",    "rounds",
                                        "seed",   "vary",   "metric", "warm_up_us"};
    json_t *plan = json_object();
    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
        json_object_set(plan, parts[i], json_object_get(settings, parts[i]));
    return plan;
}

/* What --json=FILE has of the same sweep. An exit code. */
static int go_on(struct sweep *s, const char *path)
{
    json_t *before = path && strcmp(path, "-") != 0 ? json_load_file(path, 0, NULL) : NULL;
    const char *schema = json_string_value(json_object_get(before, "schema"));
    int code = EXIT_CODE_DONE;
    s->runs = json_array();
    if (schema && !strcmp(schema, "tcplab.sweep/1")) {
        if (json_equal(json_object_get(before, "plan"), s->plan)) {
            json_array_extend(s->runs, json_object_get(before, "runs"));
            if (json_array_size(s->runs))
                terminal_notice("%s has %zu of the %zu runs; the sweep goes on with the next", path,
                                json_array_size(s->runs), s->n_runs);
        } else {
            terminal_error("%s has another sweep (another load, --vary, --rounds or --seed); give "
                           "another file, or remove it",
                           path);
            code = EXIT_CODE_USAGE;
        }
    }
    json_decref(before);
    return code;
}

/* --- the document --- */

static json_t *rounds_of(const struct sweep *s, size_t point)
{
    json_t *rounds = json_array(), *run;
    size_t i;
    json_array_foreach(s->runs, i, run)
    {
        if ((size_t)json_integer_value(json_object_get(run, "point")) == point)
            json_array_append(rounds, json_object_get(run, "round"));
    }
    return rounds;
}

/* Drops, in percent of the connections: the median of the rounds. */
static json_t *drops_seen(const json_t *rounds)
{
    double values[STATISTICS_MOST], drops, connections;
    size_t i, n = 0;
    json_t *round;
    json_array_foreach(rounds, i, round)
    {
        if (metric_value(round, "server.listener.drops", &drops) &&
            metric_value(round, "client.connections.attempted", &connections) && connections > 0)
            values[n++] = drops / connections * 100;
    }
    return n ? document_real(statistics_median(values, n)) : json_null();
}

/* The SYNs that were dropped come back a second later, so a run that lasts has more drops than new
 * SYNs alone give. */
static json_t *drops_predicted(const struct load_arm *arm)
{
    struct accept_load l;
    int64_t limit;
    if (load_predict_read(arm, &l, &limit))
        return json_null();
    double once = accept_load_loss(&l, limit), loss = once;
    for (int i = 0; i < 5 && loss < 0.9; i++) {
        struct accept_load more = l;
        more.rate = l.rate / (1 - loss);
        loss = accept_load_loss(&more, limit);
    }
    return json_pack("[o, o]", document_real(once * 100),
                     document_real(loss < 0.9 ? loss / (1 - loss) * 100 : 1000));
}

static json_t *point_json(struct sweep *s, size_t point)
{
    const struct load_spec *spec = &s->settings->spec;
    size_t left_out, failed = 0;
    json_t *rounds = rounds_of(s, point), *counted = load_rounds_counted(rounds, &left_out);
    json_t *json =
        json_pack("{s:O, s:i, s:i, s:o, s:o, s:o}", "at", s->arm[point]->keys, "rounds",
                  (int)json_array_size(rounds), "left_out", (int)left_out, "metrics",
                  load_summary_metrics(spec, counted), "drops_percent", drops_seen(counted),
                  "predicted_drops_percent", drops_predicted(s->arm[point]));
    json_object_set_new(json, "thresholds", load_summary_thresholds(spec, counted, &failed));
    s->failed += failed;
    json_decref(counted);
    json_decref(rounds);
    return json;
}

static void compose(struct sweep *s)
{
    json_t *d = document_new(s->head, "report"), *vary = json_array(), *points = json_array();
    s->failed = 0;
    for (size_t i = 0; i < s->n_keys; i++) {
        json_t *values = json_array();
        for (size_t j = 0; j < s->vary[i].n; j++)
            json_array_append_new(values, document_string(s->vary[i].value[j]));
        json_array_append_new(vary,
                              json_pack("{s:s, s:o}", "key", s->vary[i].key, "values", values));
    }
    for (size_t i = 0; i < s->n_points; i++)
        json_array_append_new(points, point_json(s, i));
    json_object_set_new(d, "load", load_document_arm(s->arm[0]));
    json_object_set(d, "plan", s->plan);
    json_object_set_new(d, "complete", json_boolean(json_array_size(s->runs) >= s->n_runs));
    json_object_set_new(d, "runs_in_all", json_integer((json_int_t)s->n_runs));
    json_object_set_new(d, "vary", vary);
    json_object_set_new(d, "points", points);
    json_object_set(d, "runs", s->runs);
    json_decref(s->document);
    s->document = d;
}

/* --- the runs --- */

static int64_t expected_ns(const struct sweep *s)
{
    int64_t sum_ns = 0;
    for (size_t i = 0; i < s->n_points; i++)
        sum_ns += (s->arm[i]->round_ns ? s->arm[i]->round_ns : NS_PER_S) + SWEEP_LAB_NS;
    return sum_ns / (int64_t)s->n_points;
}

static int run_one(struct sweep *s, size_t i, const struct load_progress *progress, int *ret_code)
{
    struct load_arm *arm = NULL;
    json_t *round;
    char *message = NULL;
    int r = make_arm(s, s->order[i], s->drawn ? &s->seed[i] : NULL, &arm, &message);
    if (!r)
        r = load_round(arm, progress, &round, ret_code, &message);
    if (r && message)
        terminal_error("%s", message);
    free(message);
    load_arm_free(arm);
    if (r)
        return r;
    json_array_append_new(s->runs, json_pack("{s:i, s:i, s:o}", "point", (int)s->order[i], "block",
                                             (int)(i / s->n_points), "round", round));
    compose(s);
    kept_file_keep(&s->file, s->document);
    return 0;
}

static bool on_stdout(const char *json)
{
    return json && !strcmp(json, "-");
}

static int go(struct sweep *s, struct document_output *output)
{
    size_t first = json_array_size(s->runs), left = s->n_runs - first;
    int64_t each_ns = expected_ns(s);
    struct load_progress progress = {
        .total = left, .began_ns = clock_now_ns(), .expected_ns = each_ns, .what = "run"};
    char time[HUMAN_MAX];
    int code = EXIT_CODE_DONE, r = 0;
    terminal_notice("%zu runs, about %s", left, human_ns((int64_t)left * each_ns, time));
    compose(s);
    for (; progress.done < left && !r; progress.done += !r)
        r = run_one(s, first + progress.done, &progress, &code);
    if (stop_count()) {
        terminal_notice("interrupted after %zu of %zu runs%s", json_array_size(s->runs), s->n_runs,
                        s->file.replaces ? "; the same command goes on" : "");
        code = 128 + stop_signal();
    } else if (r && !code) {
        code = EXIT_CODE_FAILED;
    } else if (!r && s->failed) {
        code = EXIT_CODE_UNMET;
    }
    code = kept_file_close(&s->file, s->document, code);
    code = result_file_close(&s->html, s->document, code);
    if (!on_stdout(s->settings->json) && document_output_wants_text(output))
        document_output_text(output, s->document, sweep_text);
    return code;
}

static int read_settings(int argc, char **argv, struct sweep_settings *s, json_t **ret_json,
                         char **ret_message)
{
    struct option_row rows[LOAD_SPEC_ROWS + 4];
    size_t n = load_spec_rows(&s->spec, "3", rows);
    char **operands;
    int n_operands;
    const struct option_row own[] = {
        {"vary", 0, "KEY=VALUES", NULL,
         "V1,V2,... or FROM..TO[:STEPS] of server.OPTION, client.OPTION, a knob or a sysctl; once "
         "or twice",
         &option_texts, &s->vary},
        {"json", 'J', "[=FILE]", NULL,
         "write the report as one JSON document; FILE is replaced after each run, and an "
         "unfinished FILE continues",
         &option_file, &s->json},
        {"html", 0, "FILE", NULL, "also a page to look at, in a browser", &option_text, &s->html},
        {"color", 0, "WHEN", "auto", "colour on stdout", &option_choice, &s->color,
         .choices = terminal_color_words},
    };
    memcpy(rows + n, own, sizeof(own));
    n += sizeof(own) / sizeof(*own);
    int r = options_read(rows, n, &sweep_program, argc, argv, &operands, &n_operands, ret_message);
    if (!r)
        r = load_spec_check(&s->spec, ret_message);
    *ret_json = r ? NULL : options_settings(rows, n);
    return r;
}

static void release(struct sweep *s)
{
    for (size_t i = 0; s->arm && i < s->n_points; i++)
        load_arm_free(s->arm[i]);
    for (size_t i = 0; i < s->n_keys; i++)
        load_vary_free(&s->vary[i]);
    free(s->arm);
    free(s->order);
    free(s->seed);
    json_decref(s->plan);
    json_decref(s->runs);
    json_decref(s->document);
}

int sweep_main(int argc, char **argv)
{
    struct sweep_settings settings = {.json = NULL};
    struct sweep s = {.settings = &settings};
    struct document_output *output = NULL;
    json_t *json = NULL;
    char *message = NULL;
    int code, r = read_settings(argc, argv, &settings, &json, &message);
    if (!r)
        r = prepare(&s, &message);
    if (r) {
        code = program_settings_ended(r, message);
        goto end;
    }
    terminal_init("tcplab-bench", (enum terminal_color)settings.color);
    stop_install();
    program_raise_descriptors();
    s.plan = make_plan(json);
    code = program_check_proc();
    if (!code)
        code = go_on(&s, settings.json);
    if (!code)
        code = kept_file_open(settings.json, &s.file);
    if (!code)
        code = result_file_open("--html", settings.html, "index.html", page_write, &s.html);
    if (!code)
        code = program_open_output(NULL, NULL, &output);
    if (!code) {
        const struct document_head head = {.schema = "tcplab.sweep/1",
                                           .program = "tcplab-bench",
                                           .argc = argc + 1,
                                           .argv = argv - 1,
                                           .settings = json};
        s.head = &head;
        code = go(&s, output);
        code = program_close_output(output, code);
    }
end:
    release(&s);
    load_spec_free(&settings.spec);
    json_decref(json);
    return code;
}
