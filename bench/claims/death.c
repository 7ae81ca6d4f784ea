/* Claims about dead peers: keepalive, retransmission, and when the kernel gives up. */
#include "bench/claims/claim.h"

const struct claim claims_of_death[] = {
    {
        .name = "keepalive-75-minutes",
        .says = "Keepalive waits two hours, then sends a probe every 75 minutes, ten probes in all.",
        .source = "many blog posts",
        .experiment = "handshake",
        CLAIM_VALUES({"net.ipv4.tcp_keepalive_time", 7200, 7200}, {"net.ipv4.tcp_keepalive_intvl", 4500, 4500},
                     {"net.ipv4.tcp_keepalive_probes", 10, 10}),
        .truth =
            "Two hours, then a probe every 75 seconds, nine probes: a dead peer is found out after 2 h 11 min 15 s.",
    },
    {NULL},
};
