#include "common/report/program.h"
#include "common/process/exit_code.h"
#include "common/process/loop_guard.h"
#include "common/report/page.h"
#include "common/report/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM_TEXT_MAX (1 << 20)

void program_begin(const char *name)
{
    static char text[PROGRAM_TEXT_MAX];
    for (int fd = 0; fd <= STDERR_FILENO; fd++) {
        /* stdout only for reading: a report that is lost fails with EBADF */
        int flags = fd == STDOUT_FILENO ? O_RDONLY : O_RDWR;
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", flags) != fd)
            _exit(EXIT_CODE_FAILED);
    }
    /* written by fflush() alone: stdio forgets the errno of others */
    setvbuf(stdout, text, _IOFBF, sizeof(text));
    terminal_init(name, TERMINAL_COLOR_AUTO);
    page_set_width(terminal_columns());
    sigset_t unblocked;
    sigfillset(&unblocked);
    sigdelset(&unblocked, SIGUSR1);
    sigprocmask(SIG_UNBLOCK, &unblocked, NULL);
    signal(SIGCHLD, SIG_DFL);
}

static int write_failed(const char *where, int error)
{
    const char *mend = "write to another place";
    if (error == EPIPE)
        mend = "its reader has gone";
    else if (error == ENOSPC || error == EDQUOT)
        mend = "make room there, or write to another place";
    else if (error == EBADF)
        mend = "it is closed, or open for reading only; open it, such as >FILE";
    if (error == EINTR)
        terminal_error("cannot write all to %s: it is full and its reader does not read, and a "
                       "signal ended the wait for it; end or continue the reader",
                       where);
    else
        terminal_error("cannot write to %s: %s; %s", where, strerror(error), mend);
    return EXIT_CODE_FAILED;
}

int program_flush(void)
{
    errno = 0;
    if (!fflush(stdout) && !ferror(stdout))
        return EXIT_CODE_DONE;
    return write_failed("stdout", errno ? errno : EIO);
}

int program_open_output(const char *json, const char *jsonl, struct document_output **ret)
{
    const char *path = NULL;
    bool one_name = json && jsonl && !strcmp(json, jsonl);
    int r = one_name ? -EEXIST : document_output_open(json, jsonl, ret, &path);
    if (!r)
        return EXIT_CODE_DONE;
    if (r == -EEXIST) {
        terminal_error(
            "--json and --jsonl cannot both go to %s%s%s%s; give one of them another file",
            strcmp(jsonl, "-") ? jsonl : "stdout", one_name ? "" : " (which is also ",
            one_name            ? ""
            : strcmp(json, "-") ? json
                                : "stdout",
            one_name ? "" : ")");
        return EXIT_CODE_USAGE;
    }
    terminal_error("cannot write %s: %s; give a file in a folder that you may write to",
                   path ? path : "documents", strerror(-r));
    return EXIT_CODE_FAILED;
}

int program_close_output(struct document_output *output, int code)
{
    const char *where;
    int r = document_output_close(output, &where);
    return r ? write_failed(where, -r) : code;
}

int program_settings_ended(int r, char *message)
{
    if (r < 0)
        terminal_error("%s", message ? message : strerror(-r));
    free(message);
    return r < 0 ? EXIT_CODE_USAGE : program_flush(); /* help or version */
}

int program_print_settings(json_t *settings)
{
    json_dumpf(settings, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
    putchar('\n');
    json_decref(settings);
    return program_flush();
}

int program_check_proc(void)
{
    static const char *const files[] = {"/proc/self/exe", "/proc/thread-self/net/netstat",
                                        "/proc/sys/net"};
    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
        if (access(files[i], F_OK) && (errno == ENOENT || errno == ENOTDIR)) {
            terminal_error(
                "%s is not there, and the counters and sysctls of the kernel are read below /proc: "
                "mount all of it, without subset=pid: mount -t proc proc /proc",
                files[i]);
            return EXIT_CODE_CANNOT;
        }
    return EXIT_CODE_DONE;
}

#define PROGRAM_FORBIDDEN                                                                       \
    "this kernel, a security module or the filter of a container (seccomp) forbids it; run it " \
    "where it is allowed"

static const struct {
    int error;
    const char *mend;
} program_lacks[] = {
    {EAGAIN, "no more threads can be made; raise the limit of processes (ulimit -u, pids.max of "
             "the cgroup) or of memory (ulimit -v), or use fewer --threads"},
    {ENOMEM, "free some memory, or raise its limit (ulimit -v, memory.max of the cgroup)"},
    {ENOBUFS,
     "the kernel has no memory for it: free some, or raise its limit (memory.max of the cgroup)"},
    {EMFILE, "raise the limit of descriptors (ulimit -n), or use fewer --threads"},
    {ENFILE, "the whole machine has no more descriptors; raise it: sysctl fs.file-max"},
    {EPERM, PROGRAM_FORBIDDEN},
    {EACCES, PROGRAM_FORBIDDEN},
    {ENOSYS, PROGRAM_FORBIDDEN},
    {EAFNOSUPPORT, PROGRAM_FORBIDDEN},
};

int program_start_failed(const char *what, int r)
{
    for (size_t i = 0; i < sizeof(program_lacks) / sizeof(*program_lacks); i++)
        if (program_lacks[i].error == -r) {
            terminal_error("%s: %s; %s", what, strerror(-r), program_lacks[i].mend);
            return EXIT_CODE_CANNOT;
        }
    char why[LOOP_GUARD_WHY_MAX];
    terminal_error("%s: %s", what, r == -ENOSPC ? loop_guard_why(-r, why) : strerror(-r));
    return r == -ENOSPC ? EXIT_CODE_CANNOT : EXIT_CODE_FAILED;
}

int program_check_ready_fd(int fd)
{
    int flags = fd < 0 ? O_WRONLY : fcntl(fd, F_GETFL);
    if (flags >= 0 && (flags & O_ACCMODE) != O_RDONLY)
        return EXIT_CODE_DONE;
    terminal_error("--ready-fd %d: that descriptor is not open for writing; open it in the shell, "
                   "such as %d>file",
                   fd, fd);
    return EXIT_CODE_USAGE;
}

void program_say_ready(int fd)
{
    if (fd < 0)
        return;
    if (write(fd, "\n", 1) != 1)
        terminal_notice("--ready-fd %d: %s", fd, strerror(errno));
    close(fd);
}

struct rlimit program_raise_descriptors(void)
{
    struct rlimit limit = {0};
    getrlimit(RLIMIT_NOFILE, &limit);
    rlim_t soft = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit))
        limit.rlim_cur = soft;
    return limit;
}
