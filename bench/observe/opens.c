#include "bench/observe/opens.h"
#include "common/kernel/counters.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define OPENS_TEXT 16384 /* the file has some 2 kB */

struct opens {
    int fd; /* the file belongs to the namespace in which it was opened */
    struct counters *counters;
    int64_t first;
};

static int count(struct opens *o, int64_t *ret)
{
    char text[OPENS_TEXT];
    ssize_t length = pread(o->fd, text, sizeof(text), 0);
    if (length < 0)
        return -errno;
    int r = counters_parse(o->counters, text, (size_t)length);
    *ret = counters_get(o->counters, "Tcp.ActiveOpens", NULL) +
           counters_get(o->counters, "Tcp.PassiveOpens", NULL);
    return r;
}

int opens_open(struct opens **ret)
{
    struct opens *o = calloc(1, sizeof(*o));
    if (!o)
        return -ENOMEM;
    o->fd = open("/proc/thread-self/net/snmp", O_RDONLY | O_CLOEXEC);
    int r = o->fd < 0 ? -errno : 0;
    o->counters = counters_new();
    if (!r)
        r = o->counters ? count(o, &o->first) : -ENOMEM;
    if (r)
        opens_close(o);
    else
        *ret = o;
    return r;
}

void opens_close(struct opens *o)
{
    if (!o)
        return;
    if (o->fd >= 0)
        close(o->fd);
    counters_free(o->counters);
    free(o);
}

int opens_read(struct opens *o, uint64_t *ret)
{
    int64_t now = o->first;
    int r = count(o, &now);
    *ret = (uint64_t)(now - o->first);
    return r;
}
