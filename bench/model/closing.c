#include "bench/model/closing.h"

#include <errno.h>

#define ATO_MIN_S 0.04 /* TCP_ATO_MIN */

double closing_delayed_ack(void)
{
    return ATO_MIN_S;
}

int closing_segments(bool together)
{
    int acks = together ? 1 : 2; /* the first rides on the second FIN */
    return 2 + acks;
}

int closing_time_waits(enum closing_manner manner)
{
    switch (manner) {
    case CLOSING_CROSSED:
        return 2;
    case CLOSING_IN_TURN:
        return 1;
    default:
        return 0;
    }
}

int closing_reset_errno(bool fin_had_come)
{
    return fin_had_come ? EPIPE : ECONNRESET;
}
