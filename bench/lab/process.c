#include "bench/lab/process.h"
#include "common/process/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCESS_READY_FD 3
#define PROCESS_ASKED_MS 1000 /* how often it is asked whether it is stopped */

struct process {
    pid_t pid;
    int life;            /* pidfd */
    int out, err, ready; /* ready -1: it has been said */
    int64_t stopped_ns;  /* when it was first seen stopped; 0: it runs */
    bool ended, was_ready;
    int code;
    char *complaint;
    json_t *report;
};

/* Everything the child needs is made before: after fork() in a process with threads only
 * async-signal-safe calls. The other descriptors are close-on-exec. */
static void exec(const struct process *p, const struct host *host, int ready, char *const *argv)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (host && host_enter(host))
        _exit(126);
    int null = open("/dev/null", O_RDONLY);
    dup2(null, STDIN_FILENO);
    dup2(p->out, STDOUT_FILENO);
    dup2(p->err, STDERR_FILENO);
    if (ready == PROCESS_READY_FD)
        fcntl(ready, F_SETFD, 0);
    else
        dup2(ready, PROCESS_READY_FD);
    execv(argv[0], argv);
    _exit(126);
}

static int spawn(struct process *p, const struct host *host, char *const *argv)
{
    int ready[2];
    p->out = memfd_create("stdout", MFD_CLOEXEC);
    p->err = memfd_create("stderr", MFD_CLOEXEC);
    if (p->out < 0 || p->err < 0 || pipe2(ready, O_CLOEXEC))
        return -errno;
    p->ready = ready[0];
    p->pid = fork();
    if (p->pid == 0)
        exec(p, host, ready[1], argv);
    int r = p->pid < 0 ? -errno : 0;
    if (!r && (p->life = (int)syscall(SYS_pidfd_open, p->pid, 0)) < 0)
        r = -errno;
    close(ready[1]);
    return r;
}

int process_start(const struct host *host, char *const *argv, struct process **ret)
{
    static char option[] = "--ready-fd", number[] = "3";
    char *whole[PROCESS_ARGUMENTS + 3];
    int n = 0;
    for (; argv[n]; n++)
        whole[n] = argv[n];
    whole[n++] = option;
    whole[n++] = number;
    whole[n] = NULL;
    struct process *p = calloc(1, sizeof(*p));
    if (!p)
        return -ENOMEM;
    p->life = p->out = p->err = p->ready = -1;
    int r = spawn(p, host, whole);
    if (r)
        process_free(p);
    else
        *ret = p;
    return r;
}

bool process_is_ready(struct process *p)
{
    char byte;
    struct pollfd poll_ready = {.fd = p->ready, .events = POLLIN};
    if (p->ready < 0 || poll(&poll_ready, 1, 0) <= 0)
        return p->was_ready;
    p->was_ready = read(p->ready, &byte, 1) == 1;
    close(p->ready);
    p->ready = -1;
    return p->was_ready;
}

bool process_await_ready(struct process *p, int64_t until_ns)
{
    int code;
    while (!process_is_ready(p) && !process_ended(p, &code)) {
        int64_t rest_ms = (until_ns - clock_now_ns()) / NS_PER_MS;
        struct pollfd polls[] = {{.fd = p->ready, .events = POLLIN},
                                 {.fd = p->life, .events = POLLIN}};
        if (rest_ms < 0 || process_stays_stopped(p))
            return false;
        poll(polls, 2, rest_ms < PROCESS_ASKED_MS ? (int)rest_ms : PROCESS_ASKED_MS);
    }
    return p->was_ready;
}

void process_signal(struct process *p, int signal_number)
{
    if (!p->ended)
        kill(p->pid, signal_number);
}

static void set_ended(struct process *p, int status)
{
    p->ended = true;
    p->code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool process_ended(struct process *p, int *ret_code)
{
    int status;
    if (!p->ended && waitpid(p->pid, &status, WNOHANG) == p->pid)
        set_ended(p, status);
    if (p->ended)
        *ret_code = p->code;
    return p->ended;
}

/* WNOWAIT: the next call gets the same answer as long as the program is stopped. */
bool process_child_stays_stopped(pid_t child, int64_t *stopped_ns)
{
    siginfo_t info = {0};
    if (waitid(P_PID, (id_t)child, &info, WSTOPPED | WNOHANG | WNOWAIT) || !info.si_pid) {
        *stopped_ns = 0;
        return false;
    }
    if (!*stopped_ns)
        *stopped_ns = clock_now_ns();
    return clock_now_ns() - *stopped_ns >= PROCESS_STOPPED_S * NS_PER_S;
}

bool process_stays_stopped(struct process *p)
{
    return !p->ended && process_child_stays_stopped(p->pid, &p->stopped_ns);
}

int process_wait(struct process *p, int64_t until_ns)
{
    int code;
    struct pollfd end = {.fd = p->life, .events = POLLIN};
    while (!process_ended(p, &code)) {
        int64_t rest_ms = (until_ns - clock_now_ns()) / NS_PER_MS;
        if (rest_ms < 0)
            return -ETIMEDOUT;
        if (process_stays_stopped(p))
            return -ECANCELED;
        poll(&end, 1, rest_ms < PROCESS_ASKED_MS ? (int)rest_ms : PROCESS_ASKED_MS);
    }
    return 0;
}

static char *process_read(int fd)
{
    off_t size = lseek(fd, 0, SEEK_END);
    char *text = calloc(1, (size_t)size + 1);
    if (text && pread(fd, text, (size_t)size, 0) != size)
        text[0] = '\0';
    return text;
}

const json_t *process_report(struct process *p)
{
    char *text = p->report ? NULL : process_read(p->out);
    if (text)
        p->report = json_loads(text, 0, NULL);
    free(text);
    return p->report;
}

const char *process_complaint(struct process *p)
{
    if (!p->complaint)
        p->complaint = process_read(p->err);
    return p->complaint ? p->complaint : "";
}

void process_free(struct process *p)
{
    int status;
    if (!p)
        return;
    if (p->pid > 0 && !p->ended) {
        kill(p->pid, SIGKILL);
        waitpid(p->pid, &status, 0);
    }
    if (p->life >= 0)
        close(p->life);
    if (p->out >= 0)
        close(p->out);
    if (p->err >= 0)
        close(p->err);
    if (p->ready >= 0)
        close(p->ready);
    free(p->complaint);
    json_decref(p->report);
    free(p);
}
