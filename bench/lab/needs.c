#include "bench/lab/needs.h"
#include "bench/lab/cell.h"
#include "bench/lab/lab.h"
#include "bench/lab/process.h"
#include "common/kernel/sockdiag.h"
#include "common/sysctl/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NEEDS_TEXT_MAX 600

static const char needs_namespaces[] =
    "run as root, or allow user namespaces: sysctl user.max_user_namespaces=10000, and where they "
    "exist sysctl kernel.unprivileged_userns_clone=1, sysctl "
    "kernel.apparmor_restrict_unprivileged_userns=0; in a chroot only root can, for the kernel "
    "refuses user namespaces there; in a container, its seccomp profile must allow clone and "
    "unshare, and mount";

static const char needs_forbidden[] =
    "root of a user namespace of its own may do that, unless a container's seccomp profile or a "
    "security module forbids it: allow clone, unshare, setns, mount, ioctl and netlink sockets "
    "there, or run it outside";

static const char needs_memory[] =
    "more memory is needed: each lab takes 64 MiB for its wire; use fewer labs at once (-j)";
static const char needs_root[] =
    "root needs CAP_SYS_ADMIN for it, and where it has user namespaces instead, in a chroot these "
    "are refused; in a container, its seccomp profile must allow clone, unshare, setns and mount: "
    "give it these, or run it outside";

static const struct {
    const char *step, *what, *mend;
} needs[] = {
    {"clone", "cannot make a private world for the lab", needs_namespaces},
    {"unshare", "cannot make a private network", needs_namespaces},
    {"uid_map", "cannot become root of a user namespace", needs_namespaces},
    {"network namespace", "cannot make or enter the lab's network namespaces", needs_forbidden},
    {"loopback", "cannot take loopback up in the private network", needs_forbidden},
    {"veth", "cannot make the wire's interfaces (veth)",
     "load the module as root: modprobe veth (CONFIG_VETH)"},
    {"packet socket", "cannot open the wire's packet socket",
     "load the module as root: modprobe af_packet (CONFIG_PACKET); in a container, its seccomp "
     "profile must allow it"},
    {"ring", "cannot map the wire's ring of frames",
     "it takes 64 MiB of memory; raise the container's limit"},
    {"memory", "cannot get memory for the wire", needs_memory},
    {"eventfd", "cannot make an eventfd for the wire", needs_forbidden},
    {"thread", "cannot start the wire's thread", needs_forbidden},
    {"sock_diag", "cannot ask the kernel for its sockets (NETLINK_SOCK_DIAG)",
     "load the modules as root: modprobe -a inet_diag tcp_diag (CONFIG_INET_DIAG)"},
    {"net.core", "this kernel hides net.core.somaxconn in an ordinary user's private network",
     "run it as root"},
    {"sysctl", "cannot write sysctls in the private network",
     "/proc/sys is read-only here, as in many containers: run it outside, or with --security-opt "
     "systempaths=unconfined"},
};

/* What no right was given for. NULL: the step's own mend. */
static const char *mend_permission(const char *step)
{
    static const char *const own[] = {"uid_map", "packet socket", "net.core", "sysctl"};
    for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
        if (!strcmp(step, own[i]))
            return NULL;
    if (strcmp(step, "clone") && strcmp(step, "unshare"))
        return needs_forbidden;
    return geteuid() == 0 ? needs_root : NULL;
}

/* Where the error itself says what is short, the step does not matter. */
static const char *mend_by_error(const char *step, int error)
{
    switch (error) {
    case EPERM:
    case EACCES:
        return mend_permission(step);
    case ENOSYS:
        return "this kernel has no such system call (Linux 5.10 has them all), or the seccomp "
               "profile of a container hides it: allow it there, or run it outside";
    case EMFILE:
    case ENFILE:
        return "more descriptors are needed: ulimit -n 1024, and fewer labs at once (-j)";
    case EAGAIN:
        return "more processes and threads are needed: ulimit -u, a container's pids limit, and "
               "fewer labs at once (-j)";
    case ENOSPC:
    case EUSERS:
        return "more namespaces are needed than this user may have: sysctl "
               "user.max_user_namespaces, user.max_pid_namespaces, user.max_net_namespaces and "
               "user.max_mnt_namespaces";
    case ENOMEM:
    case ENOBUFS:
        return needs_memory;
    default:
        return NULL;
    }
}

const char *needs_mend(const char *step, int error)
{
    static char text[NEEDS_TEXT_MAX];
    const char *by_error = mend_by_error(step, error);
    for (size_t i = 0; i < sizeof(needs) / sizeof(*needs); i++)
        if (!strcmp(step, needs[i].step)) {
            snprintf(text, sizeof(text), "%s (%s). To mend it: %s", needs[i].what, strerror(error),
                     by_error ? by_error : needs[i].mend);
            return text;
        }
    snprintf(text, sizeof(text), "cannot make the lab (%s: %s)%s%s", step, strerror(error),
             by_error ? ". To mend it: " : "", by_error ? by_error : "");
    return text;
}

const char *needs_error(int error)
{
    static char text[NEEDS_TEXT_MAX];
    const char *mend = error == EPERM || error == EACCES
                           ? "a security module or the seccomp profile of a container forbids it: "
                             "allow it there, or run it outside"
                           : mend_by_error("", error);
    snprintf(text, sizeof(text), "%s%s%s", strerror(error), mend ? ". To mend it: " : "",
             mend ? mend : "");
    return text;
}

/* --- in the cell --- */

/* As a trial does it, and nothing left out. */
static int try(bool loopback, needs_visit *visit, void *answer, const char **ret_step)
{
    const struct lab_args args = {.loopback = loopback};
    struct lab lab;
    struct sockdiag *diag = NULL;
    int r = lab_open(&args, &lab, ret_step);
    if (r)
        return r;
    *ret_step = "sock_diag";
    r = sockdiag_open(&diag);
    if (!r) {
        r = sysctl_write("net.core.somaxconn", "4096");
        *ret_step = r == -ENOENT ? "net.core" : "sysctl";
    }
    sockdiag_close(diag);
    if (!r && visit)
        visit(&lab, answer);
    lab_close(&lab);
    return r;
}

static int needs_write(int fd, const void *bytes, size_t size)
{
    ssize_t n = write(fd, bytes, size); /* no more than the pipe holds */
    return n == (ssize_t)size ? 0 : -EIO;
}

static _Noreturn void child(bool user, needs_visit *visit, const struct needs_cell *cell)
{
    const char *step;
    int r = cell_enter(user, &step);
    if (!r)
        r = try(true, NULL, NULL, &step);
    if (!r)
        r = try(false, visit, cell->answer, &step);
    int wrote = needs_write(cell->pipe, cell->answer, cell->size);
    if (r && !wrote) {
        const char *sentence = needs_mend(step, -r);
        wrote = needs_write(cell->pipe, sentence, strlen(sentence));
    }
    _exit(wrote ? 1 : 0);
}

/* --- outside --- */

void needs_begin(needs_visit *visit, void *answer, size_t size, struct needs_cell *ret)
{
    int ends[2];
    bool user;
    *ret = (struct needs_cell){.pipe = -1, .answer = answer, .size = size};
    if (pipe2(ends, O_CLOEXEC)) {
        ret->error = errno;
        return;
    }
    fflush(NULL);
    ret->pid = cell_fork(&user);
    if (ret->pid == 0) {
        close(ends[0]);
        ret->pipe = ends[1];
        child(user, visit, ret);
    }
    close(ends[1]);
    ret->pipe = ends[0];
    ret->error = ret->pid < 0 ? -ret->pid : 0;
}

/* One that stays stopped is killed. */
static size_t needs_read(const struct needs_cell *cell, char *bytes, size_t size, bool *ret_stopped)
{
    size_t n = 0;
    int64_t stopped_ns = 0;
    *ret_stopped = false;
    while (n < size) {
        struct pollfd pipe = {.fd = cell->pipe, .events = POLLIN};
        if (poll(&pipe, 1, 1000) <= 0) {
            if (!*ret_stopped && process_child_stays_stopped(cell->pid, &stopped_ns))
                *ret_stopped = !kill(cell->pid, SIGKILL);
            continue;
        }
        ssize_t got = read(cell->pipe, bytes + n, size - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    return n;
}

const char *needs_end(struct needs_cell *cell)
{
    static char bytes[NEEDS_ANSWER_MAX + NEEDS_TEXT_MAX];
    int status = -1;
    bool stopped = false;
    size_t n = cell->error ? 0 : needs_read(cell, bytes, sizeof(bytes) - 1, &stopped);
    if (cell->pipe >= 0)
        close(cell->pipe);
    cell->pipe = -1;
    if (cell->error)
        return needs_mend("clone", cell->error);
    while (waitpid(cell->pid, &status, 0) < 0 && errno == EINTR)
        ;
    bytes[n] = '\0';
    if (n > cell->size)
        return bytes + cell->size;
    if (n == cell->size && WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        memcpy(cell->answer, bytes, n);
        return NULL;
    }
    if (stopped)
        snprintf(bytes, sizeof(bytes),
                 "a lab cannot be made here: its process has been stopped by a signal (SIGSTOP, "
                 "SIGTSTP) for %d s, and was killed; run again, and leave it alone",
                 PROCESS_STOPPED_S);
    else
        snprintf(bytes, sizeof(bytes),
                 "a lab cannot be made here: its process ended with status %d (a seccomp profile, "
                 "or no memory?)",
                 status);
    return bytes;
}
