#include "bench/trial/challenge_acks.h"
#include "bench/model/opening.h"

#include <errno.h>
#include <stdio.h>

int challenge_acks_check(const struct conditions *c, int64_t acks, char **ret_message)
{
    int64_t sure = opening_challenge_acks(c);
    if (acks <= sure)
        return 0;
    if (asprintf(ret_message,
                 "net.ipv4.tcp_challenge_ack_limit=%lld: this experiment needs %lld challenge "
                 "ACK%s within one second, and the kernel draws the number that it sends in a "
                 "second, from %lld on; write at least %lld",
                 (long long)c->challenge_ack_limit, (long long)acks, acks == 1 ? "" : "s",
                 (long long)sure, (long long)(2 * acks - 1)) < 0)
        *ret_message = NULL;
    return -EINVAL;
}
