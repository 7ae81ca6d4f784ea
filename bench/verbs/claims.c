#include "bench/verbs/claims.h"
#include "bench/claims/judge.h"
#include "bench/experiments/table.h"
#include "bench/lab/needs.h"
#include "bench/page/page.h"
#include "bench/report/claims.h"
#include "bench/report/layout.h"
#include "bench/report/pager.h"
#include "bench/verbs/jobs.h"
#include "bench/verbs/reference.h"
#include "bench/verbs/result_file.h"
#include "common/process/exit_code.h"
#include "common/process/stop.h"
#include "common/report/document.h"
#include "common/report/program.h"
#include "common/report/terminal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CLAIMS_MAX 256

struct claims_settings {
    uint64_t jobs;
    const char *json, *html;
    int color;
    bool list, no_pager;
    size_t n;
    const struct claim *claims[CLAIMS_MAX];
};

/* One run for all claims that it decides. */
struct claims_run {
    const struct experiment *experiment;
    struct knobs knobs;
    json_t *json;     /* the same, to be compared */
    double longest_s; /* that a part of it is predicted to take */
    struct job *job;
};

struct claims_state {
    const struct claims_settings *settings;
    size_t n;
    struct claims_run *runs;
    struct claims_run *of[CLAIMS_MAX]; /* each claim's; NULL: no run decides it */
    struct job *jobs;
    struct kernel_rules rules;
    struct result_file html;
};

static const struct option_program claims_program = {
    .name = "tcplab-bench claims",
    .usage = "[list | run [options] [NAME...]]",
    .examples =
        "  tcplab-bench claims list\n"
        "  tcplab-bench claims list --json      with what is true instead, and since when\n"
        "  tcplab-bench claims run -j 8         all of them: is it so on this kernel?\n"
        "  tcplab-bench claims run listen-n fin-timeout-shortens-time-wait\n"
        "  tcplab-bench claims run --json=claims.json\n"
        "  tcplab-bench claims run -j 8 --html claims.html   a page, with the runs as films\n",
    .closing = "Exit codes: 0 each claim got a verdict, 1 failed, or a claim is undecided, 2 "
               "usage, 77 this machine\n"
               "cannot do it.\n",
    .operands_max = 1 + CLAIMS_MAX,
};

/* --- what is asked --- */

static int say(char **ret_message, const char *format, const char *word)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    if (asprintf(ret_message, format, word) < 0)
        *ret_message = NULL;
#pragma GCC diagnostic pop
    return -EINVAL;
}

static int choose(struct claims_settings *s, char **words, int n, char **ret_message)
{
    s->list = !n || !strcmp(words[0], "list");
    if (s->list && n > 1)
        return say(ret_message,
                   "claims list takes no names; for a verdict: tcplab-bench claims run %s",
                   words[1]);
    if (!s->list && strcmp(words[0], "run"))
        return say(ret_message,
                   "claims %s: write claims list, or claims run and the names of claims", words[0]);
    if (s->list && s->html)
        return say(ret_message, "--html %s: only claims run makes a page; write claims run",
                   s->html);
    if (s->html && !strcmp(s->html, "-"))
        return say(ret_message, "--html %s: stdout has the text report; give a file", s->html);
    if (s->html && s->json && !strcmp(s->html, s->json))
        return say(ret_message,
                   "--html and --json cannot both go to %s; give one of them another file",
                   s->html);
    int r = 0;
    for (int i = 1; i < n && !r; i++)
        r = claim_named(words[i], &s->claims[s->n++], ret_message);
    while (n == 1 && s->n < CLAIMS_MAX && (s->claims[s->n] = claim_at(s->n)))
        s->n++;
    return r;
}

static int read_settings(int argc, char **argv, struct claims_settings *s, json_t **ret_json,
                         char **ret_message)
{
    struct option_row rows[] = {
        {"jobs", 'j', "N", "1", "labs at once", &option_count, &s->jobs, 1, 64},
        {"json", 'J', "[=FILE]", NULL, "write the report as one JSON document", &option_file,
         &s->json},
        {"html", 0, "FILE|DIR", NULL,
         "also write a page for a browser: the claims, and their runs as films; in DIR it is "
         "index.html",
         &option_text, &s->html},
        {"no-pager", 0, NULL, NULL, "do not show a long report through $PAGER", &option_flag,
         &s->no_pager},
        {"color", 0, "WHEN", "auto", "colour on stdout", &option_choice, &s->color,
         .choices = terminal_color_words},
    };
    const size_t n_rows = sizeof(rows) / sizeof(*rows);
    char **words;
    int n;
    int r = options_read(rows, n_rows, &claims_program, argc, argv, &words, &n, ret_message);
    if (r)
        return r;
    r = choose(s, words, n, ret_message);
    *ret_json = r ? NULL : options_settings(rows, n_rows);
    return r;
}

/* --- the list --- */

static json_t *list_json(void)
{
    json_t *list = json_array();
    const struct claim *c;
    for (size_t i = 0; (c = claim_at(i)); i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:s?, s:s?}", "name",
                                              c->name, "says", c->says, "source", c->source,
                                              "experiment", c->experiment, "truth", c->truth,
                                              "since", c->since, "nuance", c->nuance));
    return list;
}

static void list_text(FILE *out, const json_t *document)
{
    bool person = isatty(STDOUT_FILENO); /* others read a line a claim */
    size_t i;
    json_t *claim;
    json_array_foreach(json_object_get(document, "claims"), i, claim)
    {
        int column = fprintf(out, "%-30s ", reference_text(claim, "name"));
        if (person)
            layout_words(out, reference_text(claim, "says"), column, column);
        else
            fprintf(out, "%s\n", reference_text(claim, "says"));
    }
}

static int claims_list(const struct claims_settings *s, const struct document_head *head)
{
    json_t *document = document_new(head, "claims_list");
    json_object_set_new(document, "claims", list_json());
    return reference_report(document, s->json, s->no_pager, list_text);
}

/* --- the runs --- */

static double claims_longest_s(const struct claims_run *run)
{
    const struct conditions c = experiment_conditions(run->experiment, &run->knobs);
    struct prediction p = {0};
    double longest_s = 0;
    run->experiment->predict(&run->knobs, &c, &p);
    for (size_t i = 0; i < p.n; i++)
        if (!strcmp(p.expectations[i].unit, "s") && p.expectations[i].lo > longest_s)
            longest_s = p.expectations[i].lo;
    prediction_release(&p);
    return longest_s;
}

static struct claims_run *same(struct claims_state *s, const struct claims_run *as)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->runs[i].experiment == as->experiment && json_equal(s->runs[i].json, as->json))
            return &s->runs[i];
    return NULL;
}

/* The run that decides a claim: one that is there, or a new one. */
static int plan(struct claims_state *s, size_t i, char **ret_message)
{
    struct claims_run *next = &s->runs[s->n];
    int r = claim_knobs(s->settings->claims[i], &next->experiment, &next->knobs, ret_message);
    if (r || !next->experiment)
        return r;
    next->json = knobs_json(&next->knobs);
    s->of[i] = same(s, next);
    if (s->of[i]) {
        json_decref(next->json);
        next->json = NULL;
        return 0;
    }
    next->longest_s = claims_longest_s(next);
    s->of[i] = next;
    s->n++;
    return 0;
}

static int longer(const void *a, const void *b)
{
    double left = (*(struct claims_run *const *)a)->longest_s,
           right = (*(struct claims_run *const *)b)->longest_s;
    return (left < right) - (left > right);
}

/* The longest first, so that none of them is left over at the end. */
static int make_jobs(struct claims_state *s)
{
    struct claims_run **order = calloc(s->n + 1, sizeof(*order));
    s->jobs = calloc(s->n + 1, sizeof(*s->jobs));
    if (!order || !s->jobs) {
        free(order);
        return -ENOMEM;
    }
    for (size_t i = 0; i < s->n; i++)
        order[i] = &s->runs[i];
    qsort(order, s->n, sizeof(*order), longer);
    for (size_t i = 0; i < s->n; i++) {
        s->jobs[i] = (struct job){.experiment = order[i]->experiment,
                                  .knobs = &order[i]->knobs,
                                  .rules = &s->rules,
                                  .repetition = 1};
        order[i]->job = &s->jobs[i];
    }
    free(order);
    return 0;
}

static void release(struct claims_state *s)
{
    for (size_t i = 0; i < s->n; i++) {
        json_decref(s->runs[i].json);
        if (s->jobs)
            json_decref(s->jobs[i].document);
    }
    free(s->jobs);
    free(s->runs);
}

/* --- verdicts --- */

static bool on_finished(struct job *job, void *context)
{
    /* a claim is judged when all runs are over: their order is not that of the claims */
    return true;
}

static json_t *judge(const struct claims_state *s)
{
    json_t *claims = json_array();
    for (size_t i = 0; i < s->settings->n; i++) {
        const struct claims_run *run = s->of[i];
        json_t *claim = claim_judge(s->settings->claims[i], run ? run->json : NULL,
                                    run ? run->job->document : NULL);
        if (run)
            json_object_set_new(claim, "part", json_string(experiment_part(run->experiment)));
        json_array_append_new(claims, claim);
    }
    return claims;
}

/* Undecided for another reason than that this machine cannot do it is a failure. */
static int claims_code(const struct claims_state *s, const json_t *claims)
{
    int code = EXIT_CODE_DONE;
    for (size_t i = 0; i < s->settings->n; i++) {
        if (strcmp(json_string_value(json_object_get(json_array_get(claims, i), "verdict")),
                   "undecided"))
            continue;
        if (s->of[i]->job->code != EXIT_CODE_CANNOT)
            return EXIT_CODE_FAILED;
        code = EXIT_CODE_CANNOT;
    }
    return code;
}

static int failed(const char *what, int r)
{
    terminal_error("%s: %s", what, needs_error(-r));
    return EXIT_CODE_FAILED;
}

/* The runs that the page shows as films, beside the claims that they decide. */
static json_t *page_document(const struct claims_state *s, const json_t *document)
{
    json_t *page = json_copy((json_t *)document), *runs = json_array();
    for (size_t i = 0; i < s->n; i++) {
        json_t *run = s->runs[i].job->document;
        if (!run)
            continue;
        json_object_set_new(run, "part", json_string(experiment_part(s->runs[i].experiment)));
        json_array_append(runs, run);
    }
    json_object_set_new(page, "runs", runs);
    return page;
}

static int report(struct claims_state *s, const struct document_head *head,
                  struct document_output *output)
{
    json_t *document = document_new(head, "claims");
    json_t *claims = judge(s);
    struct pager pager;
    int code = claims_code(s, claims);
    json_object_set_new(document, "claims", claims);
    if (s->html.path) {
        json_t *page = page_document(s, document);
        code = result_file_close(&s->html, page, code);
        json_decref(page);
    }
    pager_begin(&pager, document_output_wants_text(output) && !s->settings->no_pager);
    document_output_text_to(output, pager.out);
    document_output_report(output, document, claims_text);
    int shown = pager_end(&pager);
    return shown ? shown : code;
}

static int claims_go(struct claims_state *s, const struct document_head *head,
                     struct document_output *output, const struct trial_programs *programs)
{
    const struct jobs_args jobs = {.jobs = s->jobs,
                                   .n = s->n,
                                   .parallel = s->settings->jobs,
                                   .programs = programs,
                                   .finished = on_finished};
    int r = jobs_run(&jobs);
    if (r && r != -EINTR)
        return failed("running the labs", r);
    int code = report(s, head, output);
    if (r == -EINTR)
        terminal_notice("interrupted; claims whose runs had not ended are undecided");
    return r == -EINTR ? 128 + stop_signal() : code;
}

static int claims_run(const struct claims_settings *settings, const struct document_head *head)
{
    struct claims_state s = {.settings = settings,
                             .runs = calloc(settings->n + 1, sizeof(*s.runs))};
    struct trial_programs programs = {0};
    struct document_output *output = NULL;
    char *message = NULL;
    int r = s.runs ? 0 : -ENOMEM;
    for (size_t i = 0; i < settings->n && !r; i++)
        r = plan(&s, i, &message);
    if (!r)
        r = make_jobs(&s);
    int code = r ? failed(message ? message : "planning the runs", r) : EXIT_CODE_DONE;
    if (!code && s.n)
        code = jobs_prepare(&programs, &s.rules);
    if (!code)
        code = result_file_open("--html", settings->html, "index.html", page_write, &s.html);
    if (!code)
        code = program_open_output(settings->json, NULL, &output);
    if (!code)
        code = claims_go(&s, head, output, &programs);
    code = result_file_close(&s.html, NULL, code);
    code = program_close_output(output, code);
    release(&s);
    free(message);
    return code;
}

int claims_main(int argc, char **argv)
{
    struct claims_settings settings = {0};
    json_t *json = NULL;
    char *message = NULL;
    int r = read_settings(argc, argv, &settings, &json, &message);
    if (r)
        return program_settings_ended(r, message);
    terminal_init("tcplab-bench", (enum terminal_color)settings.color);
    if (!settings.list) /* which a reader may leave early */
        stop_install();
    const struct document_head head = {
        .schema = "tcplab.bench/2",
        .program = "tcplab-bench",
        /* main() handed over what stands behind the program's name */
        .argc = argc + 1,
        .argv = argv - 1,
        .settings = json};
    int code = settings.list ? claims_list(&settings, &head) : claims_run(&settings, &head);
    json_decref(json);
    return code;
}
