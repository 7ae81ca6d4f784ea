#include "bench/load/load_round.h"
#include "bench/lab/cell.h"
#include "bench/lab/lab.h"
#include "bench/lab/needs.h"
#include "bench/model/conditions.h"
#include "bench/statistics/statistics.h"
#include "bench/trial/surroundings.h"
#include "common/process/clock.h"
#include "common/process/exit_code.h"
#include "common/process/stop.h"
#include "common/report/document.h"
#include "common/report/terminal.h"
#include "common/sysctl/sysctl.h"
#include "common/text/human.h"
#include "common/text/say.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUND_PATIENCE_S 60                /* for what takes no time */
#define ROUND_LONGEST_S  3600              /* of a client without -d */
#define ROUND_LOOK_MS    200               /* how often progress is drawn */
#define ROUND_LAB_NS     (300 * NS_PER_MS) /* what a lab costs, before one was made */
#define ROUND_STEAL      5                 /* percent of all CPUs: then the machine was a limit */
#define ROUND_OTHERS     25

/* --- in the cell --- */

struct round {
    const struct load_arm *arm;
    bool has_lab;
    struct lab lab;
    struct process *server, *client;
    int code; /* of the first failure, with its sentence; 0: there was none */
    char *failure;
};

static void fail(struct round *r, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void fail(struct round *r, int code, const char *format, ...)
{
    va_list arguments;
    if (r->code)
        return;
    r->code = code;
    va_start(arguments, format);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    if (vasprintf(&r->failure, format, arguments) < 0)
        r->failure = NULL;
#pragma GCC diagnostic pop
    va_end(arguments);
}

static void set_sysctl(struct round *r, const struct host *host, const char *text)
{
    char key[SYSCTL_KEY_MAX], value[SYSCTL_VALUE_MAX], now[SYSCTL_VALUE_MAX];
    const char *why;
    int error = sysctl_parse(text, key, value, &why);
    if (!error)
        error = host_enter(host);
    if (!error)
        error = sysctl_write(key, value);
    if (!error)
        error = sysctl_read(key, now);
    if (error == -ENOENT)
        fail(
            r, EXIT_CODE_CANNOT,
            "--set %s: this kernel has no such sysctl, or none that belongs to a network namespace",
            text);
    else if (error == -EACCES || error == -EPERM || error == -EROFS)
        fail(r, EXIT_CODE_CANNOT,
             "--set %s: it cannot be written in a private network (%s): it is the whole machine's",
             text, strerror(-error));
    else if (error)
        fail(r, EXIT_CODE_USAGE, "--set %s: the kernel refuses it (%s)", text, strerror(-error));
    else if (!sysctl_same(now, value))
        fail(r, EXIT_CODE_USAGE,
             "--set %s: the kernel made it %s; write a value that it takes as it is", text, now);
}

static void open_lab(struct round *r)
{
    const struct knobs *k = &r->arm->knobs;
    const struct lab_args args = {.loopback = knob(k, "link") == KNOB_LOOPBACK,
                                  .ipv6 = knob(k, "ipv6"),
                                  .delay_ns = knob(k, "delay"),
                                  .unrecorded = true};
    const char *step;
    int error = lab_open(&args, &r->lab, &step);
    if (error) {
        fail(r, EXIT_CODE_CANNOT, "%s", needs_mend(step, -error));
        return;
    }
    r->has_lab = true;
    for (size_t i = 0; i < k->n_sysctls && !r->code; i++) {
        if (!args.loopback)
            set_sysctl(r, &r->lab.client, k->sysctl[i]);
        set_sysctl(r, &r->lab.server, k->sysctl[i]);
    }
}

static void start(struct round *r, const struct host *host, const char *path, char *const *words,
                  struct process **ret)
{
    static char json[] = "--json";
    char *argv[PROCESS_ARGUMENTS];
    size_t n = 0;
    argv[n++] = (char *)(uintptr_t)path;
    for (size_t i = 0; words[i]; i++)
        argv[n++] = words[i];
    argv[n++] = json;
    argv[n] = NULL;
    int error = r->code ? 0 : process_start(host, argv, ret);
    if (error)
        fail(r, EXIT_CODE_FAILED, "%s: %s", path, needs_error(-error));
}

/* What a program that ended otherwise than with its report said. */
static void program_failed(struct round *r, struct process *p, const char *name)
{
    int code = 0;
    const char *text = process_complaint(p), *colon = strstr(text, ": ");
    text = colon ? colon + 2 : text;
    if (!process_ended(p, &code))
        fail(r, EXIT_CODE_FAILED, "tcplab-%s does not end; it was killed: run again", name);
    else if (!code)
        fail(r, EXIT_CODE_USAGE, "--%s: with these options tcplab-%s ends without its report", name,
             name);
    else if (code > 128)
        fail(r, EXIT_CODE_FAILED, "tcplab-%s was killed by signal %d", name, code - 128);
    else
        fail(r, code == EXIT_CODE_CANNOT || code == EXIT_CODE_USAGE ? code : EXIT_CODE_FAILED,
             "tcplab-%s ended with %d: %.*s", name, code, (int)strcspn(text, "\n"), text);
}

static void serve(struct round *r)
{
    start(r, &r->lab.server, r->arm->paths.server, r->arm->server, &r->server);
    if (!r->code && !process_await_ready(r->server, clock_now_ns() + ROUND_PATIENCE_S * NS_PER_S))
        program_failed(r, r->server, "server");
}

static void await(struct round *r, struct process *p, const char *name, int64_t longest_ns)
{
    int code = 0;
    if (r->code)
        return;
    if (process_wait(p, clock_now_ns() + longest_ns) || !process_ended(p, &code) || code ||
        !process_report(p))
        program_failed(r, p, name);
}

static json_t *report(struct process *p)
{
    return json_incref((json_t *)(uintptr_t)process_report(p));
}

static void add_mark(json_t *marks, const char *who, const char *what, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static void add_mark(json_t *marks, const char *who, const char *what, const char *format, ...)
{
    char sentence[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof(sentence), format, arguments);
    va_end(arguments);
    json_array_append_new(
        marks, json_pack("{s:s, s:s, s:s}", "who", who, "what", what, "sentence", sentence));
}

static json_t *marks(const json_t *client, double steal, double others)
{
    json_t *list = json_array(), *limit;
    size_t i;
    json_array_foreach(json_object_get(client, "limits"), i, limit)
    {
        json_array_append_new(list, json_pack("{s:s, s:O, s:O}", "who", "client", "what",
                                              json_object_get(limit, "limit"), "sentence",
                                              json_object_get(limit, "sentence")));
    }
    if (steal > ROUND_STEAL)
        add_mark(list, "machine", "steal",
                 "The hypervisor took %.0f %% of the CPU time of this machine away (steal).",
                 steal);
    if (others > ROUND_OTHERS)
        add_mark(list, "machine", "others",
                 "Other programs used %.0f %% of the CPU time of this machine.", others);
    return list;
}

/* Options that make a program print something else: --print-settings, in short --print. */
static void check_report(struct round *r, struct process *p, const char *name)
{
    char schema[64];
    const char *of =
        r->code ? NULL : json_string_value(json_object_get(process_report(p), "schema"));
    snprintf(schema, sizeof(schema), "tcplab.%s/1", name);
    if (!r->code && (!of || strcmp(of, schema) != 0))
        fail(r, EXIT_CODE_USAGE, "--%s: with these options tcplab-%s ends without its report", name,
             name);
}

/* The document, or NULL: it has failed. */
static json_t *measure(struct round *r)
{
    const struct load_arm *arm = r->arm;
    const struct load_spec *s = arm->spec;
    struct surroundings around;
    struct conditions conditions = {.hz = 0};
    int64_t began_ns = clock_now_ns();
    int64_t longest_ns = ROUND_LONGEST_S * NS_PER_S;
    if (arm->round_ns)
        longest_ns = arm->round_ns + ROUND_PATIENCE_S * NS_PER_S;
    if (!s->target)
        open_lab(r);
    if (!s->target && !r->code)
        serve(r);
    surroundings_read(&around);
    start(r, s->target ? NULL : &r->lab.client, arm->paths.client, arm->client, &r->client);
    await(r, r->client, "client", longest_ns);
    check_report(r, r->client, "client");
    if (r->server)
        process_signal(r->server, SIGTERM);
    if (!s->target)
        await(r, r->server, "server", ROUND_PATIENCE_S * NS_PER_S);
    if (r->code)
        return NULL;
    double steal = surroundings_steal_percent(&around),
           others = surroundings_others_percent(&around);
    if (!s->target)
        host_enter(&r->lab.server);
    surroundings_conditions(&conditions);
    json_t *place = surroundings_json(&around, &conditions), *client = report(r->client);
    json_object_set_new(place, "others_cpu_percent",
                        others < 0 ? json_null() : document_real(others));
    return json_pack("{s:O, s:o, s:o, s:o*, s:o, s:o}", "keys", arm->keys, "elapsed_s",
                     document_real((double)(clock_now_ns() - began_ns) / 1e9), "client", client,
                     "server", r->server ? report(r->server) : NULL, "surroundings", place, "marks",
                     marks(client, steal, others));
}

static _Noreturn void child(const struct load_arm *arm, bool cell, bool user, pid_t parent, int end)
{
    struct round r = {.arm = arm};
    const char *step;
    json_t *document = NULL;
    FILE *out = fdopen(end, "w");
    if (!out)
        _exit(EXIT_CODE_FAILED);
    if (!cell) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        setsid();
        if (getppid() != parent)
            _exit(EXIT_CODE_FAILED);
    }
    int error = cell ? cell_enter(user, &step) : 0;
    if (error)
        fail(&r, EXIT_CODE_CANNOT, "%s", needs_mend(step, -error));
    else
        document = measure(&r);
    process_free(r.client);
    process_free(r.server);
    if (r.has_lab)
        lab_close(&r.lab);
    json_t *answer =
        json_pack("{s:i, s:s?, s:o*}", "code", r.code, "failure", r.failure, "round", document);
    json_dumpf(answer, out, JSON_COMPACT | JSON_REAL_PRECISION(15));
    fclose(out);
    _exit(0);
}

/* --- outside --- */

int64_t load_time_left_ns(const struct load_progress *p)
{
    int64_t passed_ns = clock_now_ns() - p->began_ns;
    int64_t each_ns = p->done ? passed_ns / (int64_t)p->done : p->expected_ns + ROUND_LAB_NS;
    int64_t left_ns = each_ns * (int64_t)p->total - passed_ns;
    return left_ns > 0 ? left_ns : 0;
}

static void draw(const struct load_progress *p)
{
    char left[HUMAN_MAX];
    int64_t left_s = load_time_left_ns(p) / NS_PER_S;
    if (p && terminal_wants_progress())
        terminal_progress("%s %zu of %zu, about %s left", p->what, p->done + 1, p->total,
                          human_ns((left_s + 1) * NS_PER_S, left));
}

struct answer {
    char *text;
    size_t n;
};

/* Until the pipe is at its end. 0 or -errno; -EINTR: a signal wants the end. */
static int take(int pipe_end, const struct load_progress *progress, struct answer *a)
{
    sigset_t blocked, before;
    const struct timespec look = {.tv_nsec = ROUND_LOOK_MS * NS_PER_MS};
    int r = 0;
    sigfillset(&blocked);
    sigprocmask(SIG_BLOCK, &blocked, &before);
    for (;;) {
        struct pollfd poll = {.fd = pipe_end, .events = POLLIN};
        char *grown;
        if (stop_count()) {
            r = -EINTR;
            break;
        }
        if (progress)
            draw(progress);
        if (ppoll(&poll, 1, &look, &before) <= 0)
            continue;
        if (!(grown = realloc(a->text, a->n + 65536))) {
            r = -ENOMEM;
            break;
        }
        a->text = grown;
        ssize_t n = read(pipe_end, a->text + a->n, 65536);
        if (n <= 0)
            break;
        a->n += (size_t)n;
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    return r;
}

static int understand(const struct answer *a, json_t **ret, int *ret_code, char **ret_message)
{
    json_t *answer = a->text ? json_loadb(a->text, a->n, 0, NULL) : NULL,
           *round = json_object_get(answer, "round");
    const char *failure = json_string_value(json_object_get(answer, "failure"));
    int r = 0;
    *ret_code =
        answer ? (int)json_integer_value(json_object_get(answer, "code")) : EXIT_CODE_FAILED;
    if (round && !*ret_code)
        *ret = json_incref(round);
    else
        r = say(ret_message, -EIO, "%s",
                failure ? failure : "the lab ended without a report; run again");
    json_decref(answer);
    return r;
}

int load_round(const struct load_arm *arm, const struct load_progress *progress, json_t **ret,
               int *ret_code, char **ret_message)
{
    bool cell = !arm->spec->target, user = false;
    struct answer a = {.n = 0};
    int ends[2], r;
    pid_t parent = getpid();
    *ret_code = EXIT_CODE_FAILED;
    *ret_message = NULL;
    if (pipe2(ends, O_CLOEXEC))
        return -errno;
    fflush(NULL);
    pid_t pid = cell ? cell_fork(&user) : fork();
    if (pid == 0) {
        close(ends[0]);
        child(arm, cell, user, parent, ends[1]);
    }
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        *ret_code = EXIT_CODE_CANNOT;
        return say(ret_message, -EIO, "%s", needs_mend("clone", cell ? -pid : errno));
    }
    r = take(ends[0], progress, &a);
    close(ends[0]);
    if (r)
        kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    terminal_progress_end();
    if (!r)
        r = understand(&a, ret, ret_code, ret_message);
    free(a.text);
    return r;
}

/* --- what is made of several --- */

bool load_round_is_clean(const json_t *round)
{
    return json_array_size(json_object_get(round, "marks")) == 0;
}

json_t *load_rounds_counted(const json_t *rounds, size_t *ret_left_out)
{
    json_t *clean = json_array(), *round;
    size_t i, all = json_array_size(rounds);
    json_array_foreach(rounds, i, round)
    {
        if (load_round_is_clean(round))
            json_array_append(clean, round);
    }
    size_t n = json_array_size(clean);
    if (n < all && (n < STATISTICS_LEAST || 2 * n < all)) {
        json_array_clear(clean);
        json_array_extend(clean, (json_t *)(uintptr_t)rounds);
    }
    *ret_left_out = all - json_array_size(clean);
    return clean;
}

size_t load_values(const json_t *rounds, const char *metric, double **ret)
{
    size_t i, n = 0;
    json_t *round;
    double *values = calloc(json_array_size(rounds) + 1, sizeof(*values));
    json_array_foreach(rounds, i, round)
    {
        if (values && metric_value(round, metric, &values[n]))
            n++;
    }
    *ret = values;
    return n;
}
