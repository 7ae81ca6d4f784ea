#include "bench/lab/host.h"
#include "bench/lab/namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
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

void host_release(struct host *h)
{
    if (h->network >= 0)
        close(h->network);
    h->network = -1;
}
