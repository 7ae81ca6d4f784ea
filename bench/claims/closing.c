/* Claims about the closing of connections, up to FIN_WAIT_2. */
#include "bench/claims/claim.h"

#include <math.h>

const struct claim claims_of_closing[] = {
    {
        .name = "fin-wait-2-vanishes",
        .says =
            "With tcp_fin_timeout = 5, when the client is killed by ^C and the server does not close, the client's "
            "sockets in FIN_WAIT_2 are gone soon and never enter TIME_WAIT.",
        .source = "many blog posts",
        .experiment = "fin-wait-2-timeout",
        CLAIM_SETS("fin_timeout=5", "kill=yes"),
        CLAIM_VALUES({"client.FIN_WAIT_2", 20, 20}, {"client.gone_first", 5, INFINITY}, {"client.there_last", 0, 6},
                     {"client.TIME_WAIT_ever", 0, 0}),
        .nuance = "What ss shows as FIN_WAIT_2 is a small time-wait socket by then: it counts as TW, and against "
                  "tcp_max_tw_buckets.",
    },
    {
        .name = "fin-wait-2-for-ever",
        .says = "A client that never gets the server's FIN stays in FIN_WAIT_2 for ever.",
        .source = "RFC 9293 sets no limit; Stevens, TCP/IP Illustrated",
        .experiment = "fin-wait-2-timeout",
        CLAIM_SETS("fin_timeout=5", "kill=yes"),
        CLAIM_VALUES({"client.FIN_WAIT_2_in_the_end", 20, 20}),
        .truth = "A socket that no program holds any more is gone after tcp_fin_timeout.",
        .nuance = "After shutdown(SHUT_WR), while the program keeps the descriptor, there is indeed no limit.",
    },
    {
        .name = "fin-timeout-after-shutdown",
        .says = "tcp_fin_timeout also ends the FIN_WAIT_2 of a socket that was only shut down.",
        .source = "many blog posts",
        .experiment = "fin-wait-2-timeout",
        CLAIM_SETS("fin_timeout=2", "orphan=no"),
        CLAIM_VALUES({"client.FIN_WAIT_2_in_the_end", 0, 0}),
        .truth =
            "It is for sockets that no program holds any more; who keeps the descriptor may receive for as long as "
            "he likes.",
    },
    {
        .name = "fin-timeout-62",
        .says = "tcp_fin_timeout is how long a closed socket stays in FIN_WAIT_2: with 62 it is 62 s.",
        .source = "ip-sysctl.rst; tcp(7)",
        .experiment = "fin-wait-2-timeout",
        CLAIM_SETS("fin_timeout=62"),
        CLAIM_VALUES({"client.gone_first", 62, INFINITY}),
        .truth =
            "Up to 60 it is. Above, the kernel waits twice for what exceeds 60 s: with 62 that is 4 s, with 120 it "
            "happens to be 120 s.",
    },
    {NULL},
};
