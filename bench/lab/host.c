#include "bench/lab/host.h"
#include "bench/lab/namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int host_new(const char *name, struct host *ret)
{
    const char *step;
    int r = namespace_enter_another(&step);
    if (r)
        return r;
    int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    *ret = (struct host){.name = name, .network = fd};
    return 0;
}

int host_enter(const struct host *h)
{
    return setns(h->network, CLONE_NEWNET) ? -errno : 0;
}

int host_keep(struct host *h, const char *process_name)
{
    h->keeper = fork();
    if (h->keeper < 0) {
        h->keeper = 0;
        return -errno;
    }
    if (h->keeper > 0)
        return 0;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NAME, process_name);
    if (host_enter(h))
        _exit(1);
    for (;;)
        pause();
}

void host_release(struct host *h)
{
    if (h->keeper) {
        kill(h->keeper, SIGKILL);
        waitpid(h->keeper, NULL, 0);
    }
    h->keeper = 0;
    if (h->network >= 0)
        close(h->network);
    h->network = -1;
}
