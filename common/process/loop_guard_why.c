#include "common/process/loop_guard.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const char *loop_guard_why(int error, char text[static LOOP_GUARD_WHY_MAX])
{
    long long limit = 0;
    FILE *file = error == ENOSPC ? fopen("/proc/sys/fs/epoll/max_user_watches", "re") : NULL;
    if (file && fscanf(file, "%lld", &limit) != 1)
        limit = 0;
    if (file)
        fclose(file);
    if (error != ENOSPC)
        snprintf(text, LOOP_GUARD_WHY_MAX, "%s", strerror(error));
    else
        snprintf(text, LOOP_GUARD_WHY_MAX,
                 "%s: the epolls of this user may watch no more descriptors than %lld; raise that: "
                 "sysctl fs.epoll.max_user_watches",
                 strerror(error), limit);
    return text;
}
