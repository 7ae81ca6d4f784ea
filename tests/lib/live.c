#include "tests/lib/live.h"
#include "bench/lab/namespace.h"
#include "common/process/clock.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIVE_ARGUMENTS 48
#define LIVE_READY_FD  9

rlim_t live_descriptors;
int live_output;
bool live_inherits;

#if defined(__SANITIZE_ADDRESS__)
const bool live_sanitized = true;
#else
const bool live_sanitized = false;
#endif

void live_setup(void)
{
    const char *step;
    int r = namespace_enter_another(&step);
    cr_assert_eq(r, 0, "no private network for the test: %s: %s", step, strerror(-r));
    setenv("XDG_RUNTIME_DIR", "/tmp", 0);
}

void live_need_private_mounts(void)
{
    const char *refused = live_shell("unshare -m true 2>&1 || true");
    if (*refused)
        cr_skip_test("no private mounts (in a chroot / is none): %s", refused);
}

/* A mount namespace each time: one more is no harm. */
void live_replace_file(const char *path, const char *text)
{
    char file[] = "/tmp/tcplab-test-XXXXXX";
    int fd = mkostemp(file, O_CLOEXEC);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    fchmod(fd, 0644);
    close(fd);
    cr_assert_eq(unshare(CLONE_NEWNS), 0);
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
        cr_skip_test("no private mounts (in a chroot / is none): %s", strerror(errno));
    cr_assert_eq(mount(file, path, NULL, MS_BIND, NULL), 0, "%s: %s", path, strerror(errno));
    unlink(file);
}

static void live_exec(struct live *p, const char *program, const char **argv, int ready)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s%s/tcplab-%s", TEST_BUILD,
             strcmp(program, "look") ? "" : "bench/", program, program);
    argv[0] = path;
    sigset_t none;
    sigemptyset(&none);
    for (int i = 1; i < _NSIG && !live_inherits; i++)
        signal(i, SIG_DFL);
    if (!live_inherits)
        sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(live_output ? live_output : p->out, STDOUT_FILENO);
    dup2(p->err, STDERR_FILENO);
    if (ready >= 0)
        dup2(ready, LIVE_READY_FD);
    if (live_descriptors) {
        struct rlimit limit = {live_descriptors, live_descriptors};
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    execv(path, (char **)argv);
    _exit(126);
}

static struct live *live_spawn(const char *program, va_list arguments, bool want_ready)
{
    const char *argv[LIVE_ARGUMENTS] = {NULL};
    int n = 1, ready[2] = {-1, -1};
    if (want_ready) {
        argv[n++] = "--ready-fd";
        argv[n++] = "9";
        cr_assert_eq(pipe2(ready, O_CLOEXEC), 0);
    }
    while ((argv[n] = va_arg(arguments, const char *)))
        cr_assert_lt(++n, LIVE_ARGUMENTS);
    struct live *p = calloc(1, sizeof(*p));
    p->out = memfd_create("out", MFD_CLOEXEC);
    p->err = memfd_create("err", MFD_CLOEXEC);
    p->ready = ready[0];
    p->pid = fork();
    cr_assert_geq(p->pid, 0);
    if (p->pid == 0)
        live_exec(p, program, argv, ready[1]);
    live_descriptors = 0;
    live_output = 0;
    live_inherits = false;
    if (want_ready)
        close(ready[1]);
    return p;
}

struct live *live_start(const char *program, ...)
{
    va_list arguments;
    va_start(arguments, program);
    struct live *p = live_spawn(program, arguments, false);
    va_end(arguments);
    return p;
}

struct live *live_start_ready(const char *program, ...)
{
    char byte;
    va_list arguments;
    va_start(arguments, program);
    struct live *p = live_spawn(program, arguments, true);
    va_end(arguments);
    struct pollfd ready = {.fd = p->ready, .events = POLLIN};
    bool told = poll(&ready, 1, LIVE_PATIENCE_MS) == 1 && read(p->ready, &byte, 1) == 1;
    if (!told) {
        live_wait(p);
        cr_assert_fail("%s ended before it was ready: %s", program, p->err_text);
    }
    return p;
}

static char *live_read_file(int fd)
{
    off_t size = lseek(fd, 0, SEEK_END);
    char *text = calloc(1, (size_t)size + 1);
    cr_assert_eq(pread(fd, text, (size_t)size, 0), size);
    return text;
}

/* It is the parent's only until it is waited for, so its number is nobody else's yet. */
static void live_until_ended(struct live *p)
{
    struct pollfd end = {.fd = (int)syscall(SYS_pidfd_open, p->pid, 0), .events = POLLIN};
    if (end.fd >= 0 && poll(&end, 1, LIVE_PATIENCE_MS) == 0) {
        kill(p->pid, SIGKILL);
        cr_assert_fail("process %d did not end within %d s; stderr: %s; stdout: %.2000s",
                       (int)p->pid, LIVE_PATIENCE_MS / 1000, live_read_file(p->err),
                       live_read_file(p->out));
    }
    close(end.fd);
}

int live_wait(struct live *p)
{
    int status;
    live_until_ended(p);
    while (wait4(p->pid, &status, 0, &p->usage) < 0)
        cr_assert_eq(errno, EINTR);
    p->out_text = live_read_file(p->out);
    p->err_text = live_read_file(p->err);
    p->report = json_loads(p->out_text, 0, NULL);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int live_stop(struct live *p, int signal_number)
{
    kill(p->pid, signal_number);
    return live_wait(p);
}

struct live *live_run(int *ret_code, const char *program, ...)
{
    va_list arguments;
    va_start(arguments, program);
    struct live *p = live_spawn(program, arguments, false);
    va_end(arguments);
    *ret_code = live_wait(p);
    return p;
}

void live_free(struct live *p)
{
    if (!p)
        return;
    close(p->out);
    close(p->err);
    if (p->ready >= 0)
        close(p->ready);
    free(p->out_text);
    free(p->err_text);
    json_decref(p->report);
    free(p);
}

int64_t live_integer(const json_t *document, const char *key, ...)
{
    va_list keys;
    va_start(keys, key);
    const char *last = key;
    for (; key; key = va_arg(keys, const char *)) {
        last = key;
        document = json_object_get(document, key);
    }
    va_end(keys);
    cr_assert(json_is_integer(document), "no integer %s in the document", last);
    return json_integer_value(document);
}

static const char *live_command(const char *command)
{
    static char text[1 << 20];
    FILE *pipe = popen(command, "re");
    cr_assert_not_null(pipe);
    size_t n = fread(text, 1, sizeof(text) - 1, pipe);
    text[n] = '\0';
    pclose(pipe);
    return text;
}

#define LIVE_FORMAT(command)                                                                    \
    char command[2048];                                                                         \
    va_list arguments;                                                                          \
    va_start(arguments, format);                                                                \
    cr_assert_lt(vsnprintf(command, sizeof(command), format, arguments), (int)sizeof(command)); \
    va_end(arguments)

#pragma GCC diagnostic ignored "-Wformat-nonliteral"

const char *live_shell(const char *format, ...)
{
    LIVE_FORMAT(command);
    return live_command(command);
}

int64_t live_number(const char *format, ...)
{
    LIVE_FORMAT(command);
    return atoll(live_command(command));
}

int64_t live_until(int64_t number, const char *format, ...)
{
    LIVE_FORMAT(command);
    int64_t began_ns = clock_now_ns(), got = 0;
    do {
        got = atoll(live_command(command));
        int64_t took_ms = (clock_now_ns() - began_ns) / NS_PER_MS;
        if (got == number)
            return took_ms;
        poll(NULL, 0, 5);
        cr_assert_lt(took_ms, LIVE_STATE_MS, "`%s` printed %lld, never %lld", command,
                     (long long)got, (long long)number);
    } while (true);
}

#define LIVE_QUEUED "ss -Hltn 'sport = :8888' | awk '{n += $2} END {print n + 0}'"

void live_need_user_namespaces(void)
{
    const char *said = live_shell("unshare -Ur true 2>&1");
    if (*said)
        cr_skip_test("no user namespace (the kernel refuses it in a chroot): %s", said);
}

/* In this order: then those that were counted are no longer in the queues. */
void live_until_accepted(int64_t number)
{
    live_until(number, "ss -Htn 'sport = :8888' | wc -l");
    live_until(0, LIVE_QUEUED);
}

void live_until_said(const struct live *p, const char *text)
{
    live_until(1, "grep -qF -- '%s' /proc/%d/fd/2 && echo 1", text, (int)p->pid);
}

void live_freeze(const struct live *p)
{
    kill(p->pid, SIGSTOP);
    live_until(0, "grep -h ^State: /proc/%d/task/*/status | grep -vc 'T (stopped)'", (int)p->pid);
}

int64_t live_nstat(const char *name)
{
    return live_number("nstat -asz %s | awk '$1 == \"%s\" {print $2}'", name, name);
}

int live_port(const struct live *server)
{
    return (int)live_number("ss -Hltnp | grep pid=%d, | awk '{print $4}' | sed 's/.*://' | head -1",
                            (int)server->pid);
}

int main(int argc, char **argv)
{
    const char *step;
    bool user;
    int r = namespace_enter(&user, &step);
    if (r) {
        fprintf(stderr, "no private network (%s: %s): live tests need root or user namespaces\n",
                step, strerror(-r));
        return 77; /* meson: skipped */
    }
    struct criterion_test_set *tests = criterion_initialize();
    int ok = !criterion_handle_args(argc, argv, true) || criterion_run_all_tests(tests);
    criterion_finalize(tests);
    return !ok;
}
