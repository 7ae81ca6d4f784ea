#include "bench/experiments/requests.h"

#include <errno.h>
#include <stdio.h>

int requests_check(const struct conditions *c, char **ret_message)
{
    if (c->syncookies != 2)
        return 0;
    if (asprintf(ret_message,
                 "net.ipv4.tcp_syncookies=2: every SYN is answered by a cookie, and no half-open request is kept; "
                 "write at most 1") < 0)
        *ret_message = NULL;
    return -EINVAL;
}
