#include "bench/verbs/jobs.h"
#include "bench/kernel_probe/kernel_probe.h"
#include "bench/lab/cell.h"
#include "bench/lab/needs.h"
#include "bench/lab/process.h"
#include "bench/report/layout.h"
#include "common/process/clock.h"
#include "common/process/exit_code.h"
#include "common/process/stop.h"
#include "common/report/program.h"
#include "common/report/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define JOBS_LOOK_MS   1000 /* how often the wait is drawn, and it is asked who is stopped */
#define JOBS_EXPLAIN_S 3    /* a wait that is worth an explanation */
#define JOBS_NEXT_S    10   /* from one explanation to the next */
#define JOBS_READ      65536

int jobs_prepare(struct trial_programs *ret, struct kernel_rules *ret_rules)
{
    static struct programs_paths paths;
    const char *lacking;
    if (program_check_proc())
        return EXIT_CODE_CANNOT;
    if (!programs_find(NULL, &paths)) {
        terminal_error("tcplab-server and tcplab-client are not there (looked in %s and %s); build "
                       "or install them together with tcplab-bench",
                       paths.server, paths.client);
        return EXIT_CODE_FAILED;
    }
    *ret = (struct trial_programs){.server = paths.server, .client = paths.client};
    program_raise_descriptors();
    lacking = kernel_probe_quickly(ret_rules);
    if (lacking)
        terminal_error("%s", lacking);
    return lacking ? EXIT_CODE_CANNOT : EXIT_CODE_DONE;
}

/* Signals come only while poll() waits: one that came just before it would be waited out. What the
 * mask was outside. */
static sigset_t jobs_signals;

/* A document for a run that never was. */
static json_t *job_document(const struct job *job, const char *verdict, const char *reason)
{
    return json_pack("{s:s, s:I, s:o, s:s?, s:s?, s:[], s:{}, s:{s:{}, s:{}}, s:[], s:f}",
                     "experiment", job->experiment->name, "repetition", (json_int_t)job->repetition,
                     "knobs", knobs_json(job->knobs), "verdict", verdict, "reason", reason,
                     "checks", "ledger", "counters", "server", "client", "timeline", "elapsed_s",
                     0.0);
}

json_t *job_unfinished(const struct job *job)
{
    json_t *document = job_document(job, NULL, NULL);
    json_object_set_new(document, "question", json_string(job->experiment->question));
    json_object_set_new(document, "claim", json_string(job->experiment->claim));
    json_object_set_new(document, "kernel", json_string(job->experiment->kernel));
    return document;
}

/* --- in the cell --- */

static void job_send(FILE *out, json_t *line)
{
    json_dumpf(line, out, JSON_COMPACT | JSON_REAL_PRECISION(15));
    fputc('\n', out);
    fflush(out);
    json_decref(line);
}

/* A browser's connection ends when the last descriptor of it is closed, so the cell has none. */
static void job_close_others(int descriptor)
{
    close_range(STDERR_FILENO + 1, (unsigned)descriptor - 1, 0);
    close_range((unsigned)descriptor + 1, UINT_MAX, 0);
}

static _Noreturn void job_main(const struct job *job, bool user, int pipe_end,
                               const struct trial_programs *programs)
{
    const char *step;
    int code = EXIT_CODE_CANNOT;
    json_t *document;
    FILE *out = fdopen(pipe_end, "w");
    if (!out)
        _exit(EXIT_CODE_FAILED);
    int r = cell_enter(user, &step);
    if (job->feed)
        job_close_others(pipe_end);
    if (r) {
        document = job_document(job, "skipped", needs_mend(step, -r));
    } else {
        const struct trial_args args = {.experiment = job->experiment,
                                        .knobs = job->knobs,
                                        .rules = job->rules,
                                        .programs = *programs,
                                        .pcap = job->pcap,
                                        .pcapng = job->pcapng,
                                        .segments = job->segments,
                                        .thresholds = job->thresholds,
                                        .repetition = job->repetition,
                                        .progress = out,
                                        .live = job->feed};
        document = trial_run(&args, &code);
    }
    job_send(out, json_pack("{s:i, s:o}", "code", code, "run", document));
    fclose(out);
    exit(0); /* stdout and stderr were flushed before the fork */
}

/* --- outside --- */

static int job_start(struct job *job, const struct trial_programs *programs)
{
    int ends[2];
    bool user;
    if (pipe2(ends, O_CLOEXEC))
        return -errno;
    fflush(NULL);
    job->pid = cell_fork(&user);
    if (job->pid == 0) {
        close(ends[0]);
        sigprocmask(SIG_SETMASK, &jobs_signals, NULL);
        job_main(job, user, ends[1], programs);
    }
    close(ends[1]);
    if (job->pid < 0) {
        close(ends[0]);
        return job->pid;
    }
    job->pipe = ends[0];
    return 0;
}

static void job_take_line(struct job *job, const char *line, size_t length)
{
    json_t *json = json_loadb(line, length, 0, NULL);
    const char *waiting = json_string_value(json_object_get(json, "waiting"));
    json_t *run = json_object_get(json, "run");
    if (waiting) {
        snprintf(job->waiting, sizeof(job->waiting), "%s", waiting);
        job->waiting_since_ns = clock_now_ns();
        job->waiting_s = json_number_value(json_object_get(json, "until_s"));
    }
    if (job->feed && !run) {
        json_object_set_new(json, "run", json_integer(job->number));
        feed_add(job->feed, waiting ? "waiting" : "live", job->number, json_incref(json));
    }
    if (run) {
        job->document = json_incref(run);
        job->code = (int)json_integer_value(json_object_get(json, "code"));
    }
    json_decref(json);
}

static void job_take_lines(struct job *job)
{
    char *end, *begin = job->received;
    size_t left = job->n_received;
    while ((end = memchr(begin, '\n', left))) {
        job_take_line(job, begin, (size_t)(end - begin));
        left -= (size_t)(end + 1 - begin);
        begin = end + 1;
    }
    memmove(job->received, begin, left);
    job->n_received = left;
}

/* Whether there may be more. */
static bool job_read(struct job *job)
{
    char *grown = realloc(job->received, job->n_received + JOBS_READ);
    if (!grown)
        return false;
    job->received = grown;
    ssize_t n = read(job->pipe, job->received + job->n_received, JOBS_READ);
    if (n < 0 && errno == EINTR)
        return true;
    if (n <= 0)
        return false;
    job->n_received += (size_t)n;
    job_take_lines(job);
    return true;
}

static void job_release(struct job *job)
{
    close(job->pipe);
    free(job->received);
    job->received = NULL;
    job->pipe = -1;
}

/* The pipe is at its end: so is the process. One that died without a document gets one that says
 * so. */
static void job_end(struct job *job)
{
    int status;
    while (waitpid(job->pid, &status, 0) < 0 && errno == EINTR)
        ;
    job_release(job);
    job->finished = true;
    if (job->document && WIFEXITED(status) && !WEXITSTATUS(status))
        return;
    char reason[200];
    if (job->was_stopped)
        snprintf(reason, sizeof(reason),
                 "the lab has been stopped by a signal (SIGSTOP, SIGTSTP) for %d s; it was killed: "
                 "run again, and leave the processes of the lab alone",
                 PROCESS_STOPPED_S);
    else if (WIFSIGNALED(status))
        snprintf(reason, sizeof(reason), "the lab was killed by signal %d", WTERMSIG(status));
    else
        snprintf(reason, sizeof(reason), "the lab ended with %d and left no document",
                 WEXITSTATUS(status));
    json_decref(job->document);
    job->code = EXIT_CODE_FAILED;
    job->document = job_document(job, "inconclusive", reason);
}

static void job_kill(struct job *job)
{
    kill(job->pid, SIGKILL);
    while (waitpid(job->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    job_release(job);
}

/* Its pipe ends then, and so does the job. */
static void job_kill_stopped(struct job *job)
{
    job->was_stopped = true;
    kill(job->pid, SIGKILL);
}

/* A minute of silence is time to read: first what the kernel does and why it takes so long, then
 * what the experiment has to say, a sentence at a time. */
static void job_explain(struct job *job, int64_t waited_s)
{
    const struct experiment *e = job->experiment;
    if (job->quiet || waited_s < JOBS_EXPLAIN_S + job->explained * JOBS_NEXT_S)
        return;
    const char *const *next = e->meanwhile;
    for (int i = 1; next && *next && i < job->explained; i++)
        next++;
    if (job->explained && (!next || !*next))
        return;
    terminal_progress_end();
    layout_labelled(stderr, "meanwhile", job->explained ? *next : e->kernel);
    if (!job->explained)
        layout_labelled(stderr, "the time", e->time);
    job->explained++;
}

static void draw(struct job *jobs, size_t n)
{
    struct job *shown = NULL;
    size_t done = 0;
    for (size_t i = 0; i < n; i++) {
        done += jobs[i].finished;
        if (jobs[i].pid > 0 && !jobs[i].finished && jobs[i].waiting[0] &&
            (!shown || jobs[i].waiting_s > shown->waiting_s))
            shown = &jobs[i]; /* the one that takes longest */
    }
    if (!shown)
        return;
    int64_t s = (clock_now_ns() - shown->waiting_since_ns) / NS_PER_S;
    if (n == 1)
        job_explain(shown, s);
    terminal_progress("%zu of %zu done; %s waits for %s; at most %.0f s more", done, n,
                      shown->experiment->name, shown->waiting,
                      fmax(shown->waiting_s - (double)s, 0));
}

struct jobs_view {
    const struct jobs_args *args;
    size_t next;
    struct job **running;
    size_t n_running; /* at most args->parallel */
    bool unwanted;    /* so says finished() */
};

/* A cell that cannot be made is a run that is skipped: the next one may be luckier. */
static void start_next(struct jobs_view *v)
{
    struct job *job = &v->args->jobs[v->next];
    job->feed = v->args->live ? live_server_feed(v->args->live) : NULL;
    job->number = (int64_t)v->next++;
    int r = job_start(job, v->args->programs);
    if (!r) {
        v->running[v->n_running++] = job;
        return;
    }
    job->finished = true;
    job->code = EXIT_CODE_CANNOT;
    job->document = job_document(job, "skipped", needs_mend("clone", -r));
    v->unwanted = !v->args->finished(job, v->args->context);
}

/* polls: one more than there are running. */
static int jobs_poll(struct jobs_view *v, struct pollfd *polls)
{
    struct live_server *live = v->args->live;
    int64_t wait_ms = live ? live_server_wait_ms(live) : JOBS_LOOK_MS;
    wait_ms = wait_ms < JOBS_LOOK_MS ? wait_ms : JOBS_LOOK_MS;
    const struct timespec look = {.tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * NS_PER_MS};
    for (size_t i = 0; i < v->n_running; i++)
        polls[i] = (struct pollfd){.fd = v->running[i]->pipe, .events = POLLIN};
    polls[v->n_running] =
        (struct pollfd){.fd = live ? live_server_descriptor(live) : -1, .events = POLLIN};
    int r = ppoll(polls, v->n_running + 1, &look, &jobs_signals) < 0 ? -errno : 0;
    if (live)
        live_server_serve(live);
    if (terminal_wants_progress())
        draw(v->args->jobs, v->args->n);
    return r == -EINTR ? 0 : r;
}

static void end_one(struct jobs_view *v, size_t i)
{
    struct job *job = v->running[i];
    v->running[i] = v->running[--v->n_running];
    job_end(job);
    terminal_progress_end();
    if (!v->args->finished(job, v->args->context))
        v->unwanted = true;
}

static int jobs_go(struct jobs_view *v, struct pollfd *polls)
{
    int r = 0;
    while (!r && !stop_count() && !v->unwanted) {
        while (v->n_running < v->args->parallel && v->next < v->args->n && !v->unwanted)
            start_next(v);
        if (!v->n_running)
            break;
        r = jobs_poll(v, polls);
        for (size_t i = v->n_running;
             i-- > 0 && !r && !stop_count();) /* backwards: one that ends is replaced by the last */
            if (polls[i].revents & (POLLIN | POLLHUP) && !job_read(v->running[i]))
                end_one(v, i);
            else if (process_child_stays_stopped(v->running[i]->pid, &v->running[i]->stopped_ns))
                job_kill_stopped(v->running[i]);
    }
    return stop_count() ? -EINTR : v->unwanted ? -ECANCELED : r;
}

int jobs_run(const struct jobs_args *args)
{
    struct jobs_view v = {.args = args};
    struct pollfd *polls = calloc(args->parallel + 1, sizeof(*polls));
    sigset_t blocked;
    v.running = calloc(args->parallel, sizeof(*v.running));
    sigfillset(&blocked);
    sigprocmask(SIG_BLOCK, &blocked, &jobs_signals);
    int r = polls && v.running ? jobs_go(&v, polls) : -ENOMEM;
    for (size_t i = 0; i < v.n_running; i++)
        job_kill(v.running[i]);
    sigprocmask(SIG_SETMASK, &jobs_signals, NULL);
    terminal_progress_end();
    free(v.running);
    free(polls);
    return r;
}
