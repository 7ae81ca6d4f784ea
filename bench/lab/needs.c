#include "bench/lab/needs.h"
#include "bench/lab/cell.h"
#include "bench/lab/lab.h"
#include "common/sockdiag.h"
#include "common/sysctl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NEEDS_TEXT_MAX 600

static const char needs_namespaces[] =
    "run as root, or allow user namespaces: sysctl user.max_user_namespaces=10000, and where they exist sysctl "
    "kernel.unprivileged_userns_clone=1, sysctl kernel.apparmor_restrict_unprivileged_userns=0; in a container, its "
    "seccomp profile must allow clone and unshare, and mount";

static const struct {
    const char *step, *what, *mend;
} needs[] = {
    {"clone", "cannot make a private world for the lab", needs_namespaces},
    {"unshare", "cannot make a private network", needs_namespaces},
    {"uid_map", "cannot become root of a user namespace", needs_namespaces},
    {"network namespace", "cannot make a network namespace",
     "sysctl user.max_net_namespaces=10000 if that is low; the kernel needs CONFIG_NET_NS"},
    {"loopback", "cannot take loopback up in the private network", needs_namespaces},
    {"veth", "cannot make the wire's interfaces (veth)", "load the module as root: modprobe veth (CONFIG_VETH)"},
    {"packet socket", "cannot open the wire's packet socket",
     "load the module as root: modprobe af_packet (CONFIG_PACKET); in a container, its seccomp profile must allow "
     "it"},
    {"ring", "cannot map the wire's ring of frames", "it takes 64 MiB of memory; raise the container's limit"},
    {"sock_diag", "cannot ask the kernel for its sockets (NETLINK_SOCK_DIAG)",
     "load the modules as root: modprobe -a inet_diag tcp_diag (CONFIG_INET_DIAG)"},
    {"sysctl", "cannot write sysctls in the private network",
     "/proc/sys is read-only here, as in many containers: run it outside, or with --security-opt "
     "systempaths=unconfined"},
};

/* Where the error itself says what is short, the step does not matter. */
static const char *needs_mend_by_error(int error)
{
    switch (error) {
    case EMFILE:
    case ENFILE:
        return "more descriptors are needed: ulimit -n 1024, and fewer labs at once (-j)";
    case EAGAIN:
        return "more processes and threads are needed: ulimit -u, a container's pids limit, and fewer labs at once "
               "(-j)";
    case ENOSPC:
    case EUSERS:
        return "more namespaces are needed than this user may have: sysctl user.max_user_namespaces, "
               "user.max_pid_namespaces, user.max_net_namespaces and user.max_mnt_namespaces";
    case ENOMEM:
    case ENOBUFS:
        return "more memory is needed: each lab takes 64 MiB for its wire; use fewer labs at once (-j)";
    default:
        return NULL;
    }
}

const char *needs_mend(const char *step, int error)
{
    static char text[NEEDS_TEXT_MAX];
    const char *by_error = needs_mend_by_error(error);
    for (size_t i = 0; i < sizeof(needs) / sizeof(*needs); i++)
        if (!strcmp(step, needs[i].step)) {
            snprintf(text, sizeof(text), "%s (%s). To mend it: %s", needs[i].what, strerror(error),
                     by_error ? by_error : needs[i].mend);
            return text;
        }
    snprintf(text, sizeof(text), "cannot make the lab (%s: %s)", step, strerror(error));
    return text;
}

/* As a trial does it, and nothing left out. */
static int needs_try(bool loopback, const char **ret_step)
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
        *ret_step = "sysctl";
        r = sysctl_write("net.core.somaxconn", "4096");
    }
    sockdiag_close(diag);
    lab_close(&lab);
    return r;
}

static _Noreturn void needs_child(bool user, int answer)
{
    const char *step, *sentence = NULL;
    int r = cell_enter(user, &step);
    if (!r)
        r = needs_try(true, &step);
    if (!r)
        r = needs_try(false, &step);
    if (r)
        sentence = needs_mend(step, -r);
    if (sentence && write(answer, sentence, strlen(sentence)) < 0)
        _exit(1);
    _exit(0);
}

const char *needs_probe(void)
{
    static char sentence[NEEDS_TEXT_MAX];
    int answer[2], status;
    bool user;
    if (pipe(answer))
        return needs_mend("clone", errno);
    pid_t pid = cell_fork(&user);
    if (pid == 0)
        needs_child(user, answer[1]);
    close(answer[1]);
    ssize_t n = pid < 0 ? 0 : read(answer[0], sentence, sizeof(sentence) - 1);
    close(answer[0]);
    if (pid < 0)
        return needs_mend("clone", -pid);
    waitpid(pid, &status, 0);
    sentence[n > 0 ? n : 0] = '\0';
    if (n <= 0 && !(WIFEXITED(status) && WEXITSTATUS(status) == 0))
        snprintf(sentence, sizeof(sentence),
                 "a lab cannot be made here: its process ended with status %d (a seccomp "
                 "profile, or no memory?)",
                 status);
    return *sentence ? sentence : NULL;
}
