#include "bench/trial/half_open.h"
#include "bench/model/opening.h"
#include "bench/trial/challenge_acks.h"

#include <errno.h>
#include <stdio.h>

int half_open_check(const struct conditions *c, char **ret_message)
{
    if (c->syncookies != 2)
        return 0;
    if (asprintf(ret_message, "net.ipv4.tcp_syncookies=2: every SYN is answered by a cookie, and "
                              "no half-open request is kept; write at most 1") < 0)
        *ret_message = NULL;
    return -EINVAL;
}

int half_open_check_answers(const struct conditions *c, int64_t clients, int64_t times,
                            char **ret_message)
{
    if (!times)
        return 0;
    int r = challenge_acks_check(c, clients, ret_message);
    if (r || times == 1 || opening_answers_each_syn_ack(c))
        return r;
    if (asprintf(ret_message,
                 "net.ipv4.tcp_invalid_ratelimit=%lld: the client does not answer a SYN-ACK that "
                 "comes again within so many milliseconds, and the second one comes 2 s after the "
                 "first; write at most 2000",
                 (long long)c->invalid_ratelimit) < 0)
        *ret_message = NULL;
    return -EINVAL;
}
