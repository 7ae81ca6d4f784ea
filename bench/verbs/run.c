#include "bench/verbs/run.h"
#include "bench/experiments/table.h"
#include "bench/lab/needs.h"
#include "bench/lab/twin.h"
#include "bench/live/server.h"
#include "bench/page/page.h"
#include "bench/report/pager.h"
#include "bench/report/test_drivers.h"
#include "bench/report/text.h"
#include "bench/trial/trial_metrics.h"
#include "bench/verbs/ask.h"
#include "bench/verbs/jobs.h"
#include "bench/verbs/result_file.h"
#include "common/metric/thresholds.h"
#include "common/process/clock.h"
#include "common/process/exit_code.h"
#include "common/process/stop.h"
#include "common/report/document.h"
#include "common/report/page.h"
#include "common/report/program.h"
#include "common/report/terminal.h"
#include "common/text/say.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RUN_NAMES_MAX 64

struct run_settings {
    bool all;
    struct option_texts sets, fail_if;
    struct trial_metrics metrics;
    struct trial_thresholds thresholds; /* of --fail-if */
    const char *like;
    struct twin *twin; /* of --like */
    uint64_t repeat, jobs;
    const char *live, *pcap, *pcapng, *html, *junit, *json, *jsonl;
    bool tap;
    int color, segments;
    bool brief, ask, no_answers, no_pager;
    const char *show;
    struct report_style style;
    size_t n;
    const struct experiment *experiments[RUN_NAMES_MAX];
    struct knobs knobs[RUN_NAMES_MAX];
};

struct run_state {
    const struct run_settings *settings;
    const struct document_head *head;
    const struct kernel_rules *rules; /* of this kernel */
    struct document_output *output;
    struct result_file html, junit;
    struct live_server *live; /* NULL: no --live */
    struct pager pager;
    struct job *jobs;
    size_t n, printed;
    json_t *predictions; /* the user's: run --ask; may be NULL */
    json_t *runs;        /* those that were printed */
    bool headed, unread; /* unread: nobody takes what is written */
};

static const struct option_program run_program = {
    .name = "tcplab-bench run",
    .usage = "[options] NAME...|--all",
    .examples =
        "  tcplab-bench run rst-on-overflow\n"
        "  tcplab-bench run rst-on-overflow --ask                 your prediction first\n"
        "  tcplab-bench run rst-on-overflow --set syncookies=1 --set clients=100\n"
        "  tcplab-bench run rst-on-overflow --html run.html       a page: the run as a film\n"
        "  tcplab-bench run fin-wait-2-timeout --show verdict,ladder\n"
        "  tcplab-bench run accept-queue-full --set link=wire --pcap .   and open it in wireshark\n"
        "  tcplab-bench run --all -j 4 --json=all.json\n",
    .closing = "NAME: see tcplab-bench list; its knobs: tcplab-bench explain NAME. Exit codes: 0 "
               "all agree with their\n"
               "predictions, 1 failed, 2 usage, 3 a check differs or a --fail-if holds, 77 this "
               "machine\n"
               "cannot do it.\n",
    .operands_max = RUN_NAMES_MAX,
};

static int choose(struct run_settings *s, char **names, int n, char **ret_message)
{
    if (s->all && n)
        return say(ret_message, -EINVAL, "--all and %s: give names, or --all", names[0]);
    if (!s->all && !n)
        return say(ret_message, -EINVAL,
                   "which experiment? Give names (tcplab-bench list shows them), or --all");
    for (size_t i = 0; s->all && experiments[i]; i++)
        s->experiments[s->n++] = experiments[i];
    int r = 0;
    for (int i = 0; i < n && !r; i++)
        r = experiment_named(names[i], &s->experiments[s->n++], ret_message);
    return r;
}

/* A knob goes to the experiments that have it. With names given, all of them must; with --all,
 * one. */
static int set(struct run_settings *s, const char *text, char **ret_message)
{
    size_t taken = 0;
    for (size_t i = 0; i < s->n; i++) {
        char *why = NULL;
        int r = knobs_set(&s->knobs[i], text, &why);
        taken += !r;
        if (!r || (r == -ENOENT && s->all && (taken || i + 1 < s->n))) {
            free(why);
            continue;
        }
        if (r == -ENOENT && s->all)
            say(ret_message, -EINVAL,
                "--set %s: no experiment has a knob of that name; tcplab-bench explain NAME "
                "shows those of one",
                text);
        else if (r == -ENOENT)
            say(ret_message, -EINVAL, "--set %s: %s has %s", text, s->experiments[i]->name,
                why ? why : "no such knob");
        else
            say(ret_message, -EINVAL, "--set %s", why ? why : text);
        free(why);
        return r;
    }
    return 0;
}

/* Knobs that do not go together, found before a lab is made; by the kernel's defaults, which the
 * lab will look up. */
static int check_knobs(struct run_settings *s, char **ret_message)
{
    for (size_t i = 0; i < s->n; i++) {
        const struct experiment *e = s->experiments[i];
        char *why = NULL;
        experiment_settle(e, &s->knobs[i]);
        const struct conditions c = experiment_conditions(e, &s->knobs[i]);
        int r = experiment_check(e, &s->knobs[i], &c, &why);
        if (r && why && s->n > 1)
            say(ret_message, -EINVAL, "%s: %s", e->name, why);
        else if (r)
            *ret_message = why;
        if (r && s->n > 1)
            free(why);
        if (r)
            return r;
    }
    return 0;
}

static int check_thresholds(struct run_settings *s, char **ret_message)
{
    s->metrics =
        (struct trial_metrics){.experiments = s->experiments, .knobs = s->knobs, .n = s->n};
    s->thresholds = (struct trial_thresholds){
        .n = s->fail_if.n, .texts = s->fail_if.text, .kind = trial_metrics_kind(&s->metrics)};
    return thresholds_check(&s->fail_if, s->thresholds.kind, ret_message);
}

/* What is printed of each run. */
static int choose_style(struct run_settings *s, char **ret_message)
{
    s->style = (struct report_style){.sections = s->brief ? REPORT_BRIEF : REPORT_ALL,
                                     .no_answers = s->no_answers};
    if (s->ask && (s->n != 1 || s->repeat != 1))
        return say(ret_message, -EINVAL,
                   "--ask asks about one run: give one NAME, without --repeat");
    if (s->ask && s->no_answers)
        return say(ret_message, -EINVAL,
                   "--ask ends with the answers; leave out --no-answers, or --ask");
    if (s->brief && s->show)
        return say(ret_message, -EINVAL,
                   "--brief is --show verdict,you,ledger,seen; give one of the two");
    if (s->tap && (s->brief || s->show || s->no_answers || s->ask))
        return say(ret_message, -EINVAL,
                   "--tap takes the place of the text report; leave out --brief, "
                   "--show, --no-answers and --ask");
    if (s->tap && ((s->json && !strcmp(s->json, "-")) || (s->jsonl && !strcmp(s->jsonl, "-"))))
        return say(ret_message, -EINVAL,
                   "--tap and a document cannot both go to stdout; give --json a file");
    if (s->junit && !strcmp(s->junit, "-"))
        return say(ret_message, -EINVAL, "--junit -: stdout has the text report; give a file");
    if (s->html && !strcmp(s->html, "-"))
        return say(ret_message, -EINVAL, "--html -: stdout has the text report; give a file");
    if (s->html &&
        ((s->json && !strcmp(s->html, s->json)) || (s->jsonl && !strcmp(s->html, s->jsonl))))
        return say(ret_message, -EINVAL,
                   "--html and --json cannot both go to %s; give one of them another file",
                   s->html);
    return s->show ? report_sections(s->show, &s->style.sections, ret_message) : 0;
}

/* enum trial_segments */
static const char *const segments_words[] = {"first", "all", "shown", NULL};

static int read_settings(int argc, char **argv, struct run_settings *s, json_t **ret_json,
                         char **ret_message)
{
    struct option_row rows[] = {
        {"all", 0, NULL, NULL,
         "every experiment: one line for each that agrees, a report for each other", &option_flag,
         &s->all},
        {"set", 0, "KNOB=VALUE", NULL,
         "set a knob of the experiments, or any sysctl by its full name; repeatable", &option_texts,
         &s->sets},
        {"like", 0, "FILE[:PORT]", NULL,
         "use the settings of a host that tcplab-look --save wrote to FILE: its sysctls, and the "
         "backlog of the busiest listener, or of the one at PORT; --set replaces them",
         &option_text, &s->like},
        {"fail-if", 0, "WHAT", NULL,
         "exit 3 if this holds for a run: 'ledger.reset > 0', or of a report: "
         "'server.listener.drops > 0'; repeatable",
         &option_texts, &s->fail_if},
        {"repeat", 0, "N", "1", "run each N times", &option_count, &s->repeat, 1, 100000},
        {"jobs", 'j', "N", "1", "labs at once", &option_count, &s->jobs, 1, 64},
        {"live", 0, "[=[ADDR:]PORT]", NULL,
         "serve a page that shows the run while it happens, and plays it afterwards; ^C ends",
         &option_text, &s->live},
        {"pcap", 0, "DIR", NULL, "write each run's packets to DIR/NAME.pcap (NAME-2.pcap ...)",
         &option_text, &s->pcap},
        {"pcapng", 0, "DIR", NULL,
         "write the packets as each end saw them, with comments, to DIR/NAME.pcapng", &option_text,
         &s->pcapng},
        {"segments", 0, "WHICH", "first",
         "which segments the document has: of the first 200 connections, all, or the shown one",
         &option_choice, &s->segments, .choices = segments_words},
        {"html", 0, "FILE|DIR", NULL,
         "also write a page for a browser: the run as a film; in DIR it is index.html",
         &option_text, &s->html},
        {"tap", 0, NULL, NULL,
         "print KTAP instead of the text report: a test for each run, a subtest for each check",
         &option_flag, &s->tap},
        {"junit", 0, "FILE", NULL, "also write the verdicts as JUnit XML, for other test drivers",
         &option_text, &s->junit},
        {"brief", 0, NULL, NULL,
         "print only the beginning of each report: the verdict and what was seen", &option_flag,
         &s->brief},
        {"show", 0, "SECTION,...", NULL,
         "print only these: verdict, you, ledger, seen, claim, setup, checks, states, ladder, "
         "counters, by-hand, next",
         &option_text, &s->show},
        {"ask", 0, NULL, NULL, "ask for your prediction before the run; for one experiment",
         &option_flag, &s->ask},
        {"no-answers", 0, NULL, NULL, "print what was observed, without rules and predictions",
         &option_flag, &s->no_answers},
        {"no-pager", 0, NULL, NULL, "do not show a long report through $PAGER", &option_flag,
         &s->no_pager},
        {"json", 'J', "[=FILE]", NULL, "write the report as one JSON document", &option_file,
         &s->json},
        {"jsonl", 0, "[=FILE]", NULL,
         "write one document for each run, then the report, one a line", &option_file, &s->jsonl},
        {"color", 0, "WHEN", "auto", "colour on stdout", &option_choice, &s->color,
         .choices = terminal_color_words},
    };
    const size_t n_rows = sizeof(rows) / sizeof(*rows);
    char **names;
    int n;
    int r = options_read(rows, n_rows, &run_program, argc, argv, &names, &n, ret_message);
    if (r)
        return r;
    r = choose(s, names, n, ret_message);
    for (size_t i = 0; i < s->n && !r; i++)
        knobs_init(&s->knobs[i], s->experiments[i]->knobs, s->experiments[i]->n_knobs);
    if (!r && s->like)
        r = twin_read(s->like, &s->twin, ret_message);
    for (size_t i = 0; i < s->n && !r && s->twin; i++)
        knobs_like(&s->knobs[i], s->twin);
    for (size_t i = 0; i < s->sets.n && !r; i++)
        r = set(s, s->sets.text[i], ret_message);
    if (!r)
        r = choose_style(s, ret_message);
    if (!r)
        r = check_knobs(s, ret_message);
    if (!r)
        r = check_thresholds(s, ret_message);
    *ret_json = r ? NULL : options_settings(rows, n_rows);
    return r;
}

/* --- what is written --- */

static void write_event(struct run_state *s, const struct job *job)
{
    if (!document_output_wants_events(s->output))
        return;
    json_t *event = document_new(s->head, "run");
    json_object_set(event, "run", job->document);
    if (document_output_event(s->output, event))
        s->unread = true;
}

/* A run of the report: the last of {"head", "runs", "all", "sections", "no_answers"}. */
static void next_text(FILE *out, const json_t *document)
{
    const json_t *head = json_object_get(document, "head"),
                 *runs = json_object_get(document, "runs");
    const struct report_style style = {
        .sections = (unsigned)page_integer(document, "sections", NULL),
        .no_answers = json_is_true(json_object_get(document, "no_answers"))};
    if (head)
        report_head_text(out, head);
    report_next_text(out, runs, json_array_size(runs) - 1,
                     json_is_true(json_object_get(document, "all")), style);
}

/* What was wrong usage is told on stderr, and is no run. */
static void print(struct run_state *s, const struct job *job)
{
    json_array_append(s->runs, job->document);
    if (s->predictions)
        ask_note(job->document, s->predictions);
    if (!document_output_wants_text(s->output) || job->code == EXIT_CODE_USAGE || s->settings->tap)
        return;
    json_t *text = json_pack(
        "{s:o*, s:O, s:b, s:I, s:b}", "head", s->headed ? NULL : document_new(s->head, "report"),
        "runs", s->runs, "all", s->settings->all, "sections",
        (json_int_t)s->settings->style.sections, "no_answers", s->settings->no_answers);
    s->headed = true;
    if (document_output_text(s->output, text, next_text))
        s->unread = true;
    json_decref(text);
}

static json_t *documents(const struct run_state *s)
{
    json_t *runs = json_array();
    for (size_t i = 0; i < s->n; i++)
        if (s->jobs[i].document)
            json_array_append(runs, s->jobs[i].document);
    return runs;
}

/* --- the page --- */

/* All runs, also those that have not ended: so the number of each stays. */
static json_t *live_document(const struct run_state *s)
{
    json_t *document = document_new(s->head, "report"), *runs = json_array();
    for (size_t i = 0; i < s->n; i++) {
        const struct job *job = &s->jobs[i];
        json_t *run = job->document ? json_incref(job->document) : job_unfinished(job);
        json_object_set_new(run, "part", json_string(experiment_part(job->experiment)));
        json_array_append_new(runs, run);
    }
    json_object_set_new(document, "runs", runs);
    return document;
}

/* job: the one that has ended; NULL: the first has not begun. */
static void show_live(struct run_state *s, const struct job *job)
{
    json_t *document = live_document(s);
    live_server_set_document(s->live, document);
    json_decref(document);
    if (!job)
        return;
    struct feed *feed = live_server_feed(s->live);
    feed_forget(feed, job->number);
    feed_add(feed, "document", job->number,
             json_pack("{s:I, s:O}", "run", (json_int_t)job->number, "verdict",
                       json_object_get(job->document, "verdict")));
}

/* The page stays until a signal comes. */
static void serve_until_stopped(struct live_server *live)
{
    sigset_t blocked, before;
    feed_add(live_server_feed(live), "end", -1, json_object());
    terminal_notice("the run is over; its page stays at %s until ^C", live_server_url(live, 0));
    sigfillset(&blocked);
    sigprocmask(SIG_BLOCK, &blocked, &before);
    while (!stop_count()) {
        struct pollfd poll = {.fd = live_server_descriptor(live), .events = POLLIN};
        int64_t wait_ms = live_server_wait_ms(live);
        const struct timespec wait = {.tv_sec = wait_ms / 1000,
                                      .tv_nsec = wait_ms % 1000 * NS_PER_MS};
        if (ppoll(&poll, 1, &wait, &before) < 0 && errno != EINTR)
            break;
        live_server_serve(live);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
}

/* Finished runs are printed in the order in which they were asked for. */
static bool on_finished(struct job *job, void *context)
{
    struct run_state *s = context;
    if (job->document)
        json_object_set_new(job->document, "part", json_string(experiment_part(job->experiment)));
    write_event(s, job);
    while (s->printed < s->n && s->jobs[s->printed].finished)
        print(s, &s->jobs[s->printed++]);
    if (s->live)
        show_live(s, job);
    return !s->unread;
}

/* Those that had ended behind one that had not. */
static void interrupted(struct run_state *s, const char *how)
{
    size_t done = 0;
    for (size_t i = s->printed; i < s->n; i++)
        if (s->jobs[i].finished)
            print(s, &s->jobs[i]);
    for (size_t i = 0; i < s->n; i++)
        done += s->jobs[i].finished;
    terminal_notice("%s; %zu of %zu runs had ended", how, done, s->n);
}

/* For document_output_report(): the runs themselves have been printed already. */
static void run_text(FILE *out, const json_t *document)
{
    const json_t *runs = json_object_get(document, "runs");
    if (json_array_size(runs) > 1)
        report_summary_text(out, runs);
}

/* Wrong usage before failures before differences; what was skipped counts only where nothing
 * ran. */
static int run_code(const struct run_state *s)
{
    static const int order[] = {EXIT_CODE_USAGE, EXIT_CODE_FAILED, EXIT_CODE_UNMET, EXIT_CODE_DONE,
                                EXIT_CODE_CANNOT};
    for (size_t o = 0; o < sizeof(order) / sizeof(*order); o++)
        for (size_t i = 0; i < s->n; i++)
            if (s->jobs[i].code == order[o])
                return order[o];
    return EXIT_CODE_FAILED;
}

/* The reasons of runs that did not come to a verdict: each once, also where the document goes to
 * stdout. */
static void tell_reasons(const struct run_state *s)
{
    const char *last = "";
    for (size_t i = 0; i < s->n; i++) {
        const char *reason = json_string_value(json_object_get(s->jobs[i].document, "reason"));
        int code = s->jobs[i].code;
        if (!reason || code == EXIT_CODE_DONE || code == EXIT_CODE_UNMET || !strcmp(reason, last))
            continue;
        terminal_error("%s: %s", s->jobs[i].experiment->name, reason);
        last = reason;
    }
}

static int failed(const char *what, int r)
{
    terminal_error("%s: %s", what, needs_error(-r));
    return EXIT_CODE_FAILED;
}

/* --- the jobs --- */

/* DIR/NAME.KIND, or DIR/NAME-2.KIND ...; NULL without DIR. */
static char *capture_path(const struct run_settings *s, const char *folder, const char *kind,
                          size_t i, uint64_t repetition)
{
    char *path = NULL, number[24] = "";
    for (size_t before = 0; before < i; before++) /* an experiment that is named twice */
        repetition += s->experiments[before] == s->experiments[i] ? s->repeat : 0;
    if (repetition > 1)
        snprintf(number, sizeof(number), "-%llu", (unsigned long long)repetition);
    if (!folder || asprintf(&path, "%s/%s%s.%s", folder, s->experiments[i]->name, number, kind) < 0)
        return NULL;
    return path;
}

static struct job *make_jobs(const struct run_settings *s, const struct kernel_rules *kernel,
                             size_t *ret_n)
{
    struct job *jobs = calloc(s->n * s->repeat, sizeof(*jobs));
    *ret_n = 0;
    for (size_t i = 0; jobs && i < s->n; i++)
        for (uint64_t repetition = 1; repetition <= s->repeat; repetition++)
            jobs[(*ret_n)++] =
                (struct job){.experiment = s->experiments[i],
                             .knobs = &s->knobs[i],
                             .rules = kernel,
                             .repetition = (int64_t)repetition,
                             .segments = (enum trial_segments)s->segments,
                             .thresholds = s->fail_if.n ? &s->thresholds : NULL,
                             .quiet = s->ask || s->no_answers,
                             .pcap = capture_path(s, s->pcap, "pcap", i, repetition),
                             .pcapng = capture_path(s, s->pcapng, "pcapng", i, repetition)};
    return jobs;
}

static void free_jobs(struct run_state *s)
{
    for (size_t i = 0; i < s->n; i++) {
        json_decref(s->jobs[i].document);
        free(s->jobs[i].pcap);
        free(s->jobs[i].pcapng);
    }
    free(s->jobs);
}

/* The folder of an option. An exit code; an error has been printed. */
static int check_folder(const char *option, const char *path)
{
    struct stat folder;
    if (!path || (!stat(path, &folder) && S_ISDIR(folder.st_mode) && !access(path, W_OK)))
        return EXIT_CODE_DONE;
    terminal_error("--%s %s: that is no folder that you may write to; give one that is", option,
                   path);
    return EXIT_CODE_USAGE;
}

/* What can be found wrong before anything is run. */
static int check(const struct run_settings *s, struct trial_programs *programs,
                 struct kernel_rules *kernel)
{
    int code = check_folder("pcap", s->pcap);
    if (!code)
        code = check_folder("pcapng", s->pcapng);
    return code ? code : jobs_prepare(programs, kernel);
}

/* An exit code; an error has been printed. */
static int open_live(const char *address, struct live_server **ret)
{
    const struct live_server_args args = {.address = address, .part = page_part};
    char *message = NULL;
    int r = live_server_new(&args, ret, &message);
    if (r) {
        terminal_error("%s", message ? message : strerror(-r));
        free(message);
        return message ? EXIT_CODE_USAGE : EXIT_CODE_FAILED;
    }
    for (size_t i = 0; live_server_url(*ret, i); i++)
        terminal_notice("live at %s", live_server_url(*ret, i));
    return EXIT_CODE_DONE;
}

/* The exit code of a run that ends with `code`. */
static int report(struct run_state *s, int code)
{
    json_t *document = document_new(s->head, "report");
    if (!document)
        return result_file_close(&s->junit, NULL,
                                 result_file_close(&s->html, NULL, failed("the report", -ENOMEM)));
    json_t *runs = documents(s);
    json_object_set_new(document, "runs", runs);
    code = result_file_close(&s->html, json_array_size(runs) ? document : NULL, code);
    code = result_file_close(&s->junit, document, code);
    document_output_report(s->output, document, s->settings->tap ? tap_text : run_text);
    return code;
}

static int run_go(struct run_state *s, const struct trial_programs *programs)
{
    s->jobs = make_jobs(s->settings, s->rules, &s->n);
    const struct jobs_args jobs = {.jobs = s->jobs,
                                   .n = s->n,
                                   .parallel = s->settings->jobs,
                                   .programs = programs,
                                   .live = s->live,
                                   .finished = on_finished,
                                   .context = s};
    if (s->jobs && s->live)
        show_live(s, NULL);
    int r = s->jobs ? jobs_run(&jobs) : -ENOMEM;
    int code = EXIT_CODE_FAILED;
    if (r == -EINTR) {
        code = 128 + stop_signal();
        interrupted(s, "interrupted");
    } else if (r == -ECANCELED) {
        interrupted(s, "the results cannot be written");
    } else {
        code = r ? failed("running the labs", r) : run_code(s);
    }
    bool ended = code < 128 && !s->unread;
    code = report(s, code);
    int shown = pager_end(&s->pager);
    if (ended)
        tell_reasons(s);
    if (ended && s->live)
        serve_until_stopped(s->live);
    free_jobs(s);
    return shown ? shown : code;
}

int run_main(int argc, char **argv)
{
    struct run_settings settings = {0};
    struct trial_programs programs;
    struct kernel_rules kernel;
    struct document_output *output = NULL;
    struct result_file html = {0}, junit = {0};
    json_t *json = NULL;
    char *message = NULL;
    int r = read_settings(argc, argv, &settings, &json, &message);
    if (r)
        return program_settings_ended(r, message);
    terminal_init("tcplab-bench", (enum terminal_color)settings.color);
    stop_install();
    int code = check(&settings, &programs, &kernel);
    struct live_server *live = NULL;
    if (!code && settings.live)
        code = open_live(settings.live, &live);
    if (!code)
        code = result_file_open("--html", settings.html, "index.html", page_write, &html);
    if (!code)
        code = result_file_open("--junit", settings.junit, NULL, junit_write, &junit);
    if (!code)
        code = program_open_output(settings.json, settings.jsonl, &output);
    if (!code) {
        const struct document_head head = {
            .schema = "tcplab.bench/2",
            .program = "tcplab-bench",
            /* main() handed over what stands behind the program's name */
            .argc = argc + 1,
            .argv = argv - 1,
            .settings = json};
        struct run_state state = {.settings = &settings,
                                  .head = &head,
                                  .rules = &kernel,
                                  .output = output,
                                  .html = html,
                                  .junit = junit,
                                  .live = live,
                                  .runs = json_array()};
        const struct run_settings *s = &settings;
        if (s->ask)
            ask_predictions(s->experiments[0], &s->knobs[0], &state.predictions);
        pager_begin(&state.pager,
                    document_output_wants_text(output) && !s->no_pager && !live && !s->tap);
        document_output_text_to(output, state.pager.out);
        code = run_go(&state, &programs);
        json_decref(state.runs);
        json_decref(state.predictions);
    } else {
        result_file_close(&html, NULL, code);
        result_file_close(&junit, NULL, code);
    }
    live_server_free(live);
    code = program_close_output(output, code);
    json_decref(json);
    twin_free(settings.twin);
    return code;
}
