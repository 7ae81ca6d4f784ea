#include "bench/jobs.h"
#include "bench/lab/cell.h"
#include "bench/lab/needs.h"
#include "common/clock.h"
#include "common/exit_code.h"
#include "common/human.h"
#include "common/stop.h"
#include "common/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define JOBS_REDRAW_MS 200
#define JOBS_READ      65536

bool jobs_programs(struct trial_programs *ret, const char **ret_looked)
{
    static char server[PATH_MAX + 40], client[PATH_MAX + 40], looked[2 * PATH_MAX + 40];
    char self[PATH_MAX];
    static const char *const places[][2] = {{"tcplab-server", "tcplab-client"},
                                            {"../server/tcplab-server", "../client/tcplab-client"}};
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    self[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(self, '/');
    if (slash)
        *slash = '\0';
    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
        snprintf(server, sizeof(server), "%s/%s", self, places[i][0]);
        snprintf(client, sizeof(client), "%s/%s", self, places[i][1]);
        if (!access(server, X_OK) && !access(client, X_OK)) {
            *ret = (struct trial_programs){.server = server, .client = client};
            return true;
        }
    }
    snprintf(looked, sizeof(looked), "%s and %s/../server", self, self);
    *ret_looked = looked;
    return false;
}

/* --- in the cell --- */

static void job_send(FILE *out, json_t *line)
{
    json_dumpf(line, out, JSON_COMPACT | JSON_REAL_PRECISION(15));
    fputc('\n', out);
    fflush(out);
    json_decref(line);
}

static _Noreturn void job_main(const struct job *job, bool user, int pipe_end, const struct trial_programs *programs)
{
    const char *step;
    int code = EXIT_CODE_CANNOT;
    json_t *document;
    FILE *out = fdopen(pipe_end, "w");
    if (!out)
        _exit(EXIT_CODE_FAILED);
    int r = cell_enter(user, &step);
    if (r) {
        document = json_pack("{s:s, s:s, s:s}", "experiment", job->experiment->name, "verdict", "skipped", "reason",
                             needs_mend(step, -r));
    } else {
        const struct trial_args args = {.experiment = job->experiment,
                                        .knobs = job->knobs,
                                        .programs = *programs,
                                        .pcap = job->pcap,
                                        .repetition = job->repetition,
                                        .progress = out};
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

/* The pipe is at its end: so is the process. One that died without a word gets a document that says so. */
static void job_end(struct job *job)
{
    int status;
    while (waitpid(job->pid, &status, 0) < 0 && errno == EINTR)
        ;
    job_release(job);
    job->finished = true;
    if (job->document && WIFEXITED(status) && !WEXITSTATUS(status))
        return;
    json_decref(job->document);
    job->code = EXIT_CODE_FAILED;
    job->document = json_pack(
        "{s:s, s:s, s:o}", "experiment", job->experiment->name, "verdict", "inconclusive", "reason",
        WIFSIGNALED(status) ? json_sprintf("the lab was killed by signal %d", WTERMSIG(status))
                            : json_sprintf("the lab ended with %d and left no document", WEXITSTATUS(status)));
}

static void job_kill(struct job *job)
{
    kill(job->pid, SIGKILL);
    while (waitpid(job->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    job_release(job);
}

static bool job_is_running(const struct job *job)
{
    return job->pid > 0 && !job->finished;
}

static void jobs_draw(const struct job *jobs, size_t n)
{
    char took[HUMAN_MAX], most[HUMAN_MAX];
    const struct job *shown = NULL;
    size_t done = 0, running = 0;
    for (size_t i = 0; i < n; i++) {
        done += jobs[i].finished;
        running += job_is_running(&jobs[i]);
        if (job_is_running(&jobs[i]) && jobs[i].waiting[0] && (!shown || jobs[i].waiting_s > shown->waiting_s))
            shown = &jobs[i]; /* the one that takes longest */
    }
    if (!shown)
        return;
    double s = (double)(clock_now_ns() - shown->waiting_since_ns) / 1e9;
    terminal_progress("%zu of %zu done, %zu under way; %s: waiting for %s, %s (at most %s)", done, n, running,
                      shown->experiment->name, shown->waiting, human_us(s * 1e6, took),
                      human_us(shown->waiting_s * 1e6, most));
}

struct jobs_view {
    struct job *jobs;
    size_t n, next, running, parallel;
    const struct trial_programs *programs;
};

static int jobs_start_some(struct jobs_view *v)
{
    int r = 0;
    while (!r && v->running < v->parallel && v->next < v->n) {
        r = job_start(&v->jobs[v->next], v->programs);
        v->next += !r;
        v->running += !r;
    }
    return r;
}

static int jobs_poll(struct jobs_view *v, struct pollfd *polls)
{
    for (size_t i = 0; i < v->next; i++)
        polls[i] = (struct pollfd){.fd = job_is_running(&v->jobs[i]) ? v->jobs[i].pipe : -1, .events = POLLIN};
    int r = poll(polls, v->next, terminal_wants_progress() ? JOBS_REDRAW_MS : -1) < 0 ? -errno : 0;
    if (terminal_wants_progress())
        jobs_draw(v->jobs, v->n);
    return r == -EINTR ? 0 : r;
}

static int jobs_go(struct jobs_view *v, struct pollfd *polls, void (*finished)(struct job *job, void *context),
                   void *context)
{
    int r = jobs_start_some(v);
    while (!r && v->running && !stop_count()) {
        r = jobs_poll(v, polls);
        for (size_t i = 0; i < v->next && !r && !stop_count(); i++) {
            if (!job_is_running(&v->jobs[i]) || !(polls[i].revents & (POLLIN | POLLHUP)) || job_read(&v->jobs[i]))
                continue;
            job_end(&v->jobs[i]);
            v->running--;
            terminal_progress_end();
            finished(&v->jobs[i], context);
            r = jobs_start_some(v);
            break; /* the table of polls is another one now */
        }
    }
    return r ? r : stop_count() ? -EINTR : 0;
}

int jobs_run(struct job *jobs, size_t n, size_t parallel, const struct trial_programs *programs,
             void (*finished)(struct job *job, void *context), void *context)
{
    struct jobs_view v = {.jobs = jobs, .n = n, .parallel = parallel, .programs = programs};
    struct pollfd *polls = calloc(n + 1, sizeof(*polls));
    int r = polls ? jobs_go(&v, polls, finished, context) : -ENOMEM;
    for (size_t i = 0; i < n; i++)
        if (job_is_running(&jobs[i]))
            job_kill(&jobs[i]);
    terminal_progress_end();
    free(polls);
    return r;
}
