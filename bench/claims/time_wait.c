/* Claims about TIME_WAIT, and what it costs. Those that wait for it to end share one run of a minute. */
#include "bench/claims/claim.h"

#include <math.h>

#define LIFE .experiment = "time-wait", CLAIM_SETS("net.ipv4.tcp_fin_timeout=5")

const struct claim claims_of_time_wait[] = {
    {
        .name = "why-2-msl",
        .says = "The closing side waits so that it can answer when its last ACK is lost and the other side sends its "
                "FIN again.",
        .source = "Stevens, TCP/IP Illustrated; RFC 9293",
        .experiment = "time-wait-lost-ack",
        CLAIM_VALUES({"server.LAST_ACK_meanwhile", 1, 1}, {"client.ACKs_again", 1, INFINITY}, {"server.error", 0, 0},
                     {"server.LAST_ACK", 0, 0}),
        .nuance =
            "TIME_WAIT then begins anew. The other reason is that no old segment shall be taken for one of the next "
            "connection between the same ports.",
    },
    {
        .name = "who-closes-first-waits",
        .says = "The side that closes first has TIME_WAIT, the other side has nothing.",
        .source = "Stevens, TCP/IP Illustrated; RFC 9293",
        LIFE,
        CLAIM_VALUES({"client.TIME_WAIT_at_first", 20, 20}, {"server.TIME_WAIT_at_first", 0, 0}),
    },
    {
        .name = "msl-is-60",
        .says = "The MSL is 60 s on Linux, and TIME_WAIT lasts 2 MSL: two minutes.",
        .source = "many blog posts",
        LIFE,
        CLAIM_VALUES({"client.gone_first", 120, INFINITY}),
        .truth =
            "TCP_TIMEWAIT_LEN = 60 s is the whole of TIME_WAIT, so the MSL is 30 s, if anything: the kernel has no "
            "such setting.",
    },
    {
        .name = "time-wait-is-60",
        .says = "TIME_WAIT lasts 60 s on Linux.",
        .source = "many blog posts; include/net/tcp.h",
        LIFE,
        CLAIM_VALUES({"client.gone_first", 60, INFINITY}, {"client.there_last", 0, 66}),
        .nuance = "Of a coarse timer, so up to some seconds more.",
    },
    {
        .name = "time-wait-is-240",
        .says = "The MSL is two minutes, so TIME_WAIT lasts four.",
        .source = "RFC 9293, and textbooks after it",
        LIFE,
        CLAIM_VALUES({"client.gone_first", 240, INFINITY}),
        .truth = "It lasts 60 s, a constant of the kernel.",
    },
    {
        .name = "fin-timeout-shortens-time-wait",
        .says = "tcp_fin_timeout shortens TIME_WAIT.",
        .source = "very many tuning guides",
        LIFE,
        CLAIM_VALUES({"client.there_last", 0, 15}),
        .truth =
            "It was 5 in this run, and TIME_WAIT lasted its 60 s: tcp_fin_timeout is about FIN_WAIT_2. No sysctl "
            "shortens TIME_WAIT.",
    },
    {
        .name = "time-wait-blocks-client",
        .says = "TIME_WAIT on the client's side uses up its ports towards that server: then connect() fails.",
        .source = "many blog posts",
        LIFE,
        CLAIM_VALUES({"ledger.no_port", 5, 5}),
        .nuance = "Towards one address and port. Another destination has all the ports again; on loopback, or with "
                  "tcp_tw_reuse = 1, they are free after a second.",
    },
    {
        .name = "buckets-evict-the-oldest",
        .says = "When there are tcp_max_tw_buckets sockets in TIME_WAIT, the oldest makes room for the next.",
        .source = "forum answers",
        .experiment = "time-wait-buckets",
        CLAIM_VALUES({"client.FIN_WAIT_2", 0, 0}, {"client.TIME_WAIT", 5, 5}),
        .truth = "Those that are there stay. The next connection to be closed gets none, and is gone at once.",
        .nuance = "FIN_WAIT_2 without a program counts against the same limit.",
    },
    {
        .name = "tw-reuse-is-off",
        .says = "tcp_tw_reuse is 0 by default.",
        .source = "tcp(7); many tuning guides",
        .experiment = "handshake",
        CLAIM_VALUES({"net.ipv4.tcp_tw_reuse", 0, 0}),
        .truth = "The default is 2: on for connections over loopback addresses.",
        .since = "Linux 4.19",
    },
    {
        .name = "tw-recycle",
        .says = "tcp_tw_recycle = 1 gets rid of TIME_WAIT quickly.",
        .source = "very many tuning guides",
        .not_run = "history: there is no such sysctl to be set",
        .truth = "It was taken out of the kernel, for behind one NAT it dropped the SYNs of all clients whose "
                 "timestamps ran "
                 "behind those of another.",
        .since = "Linux 4.12",
    },
    {NULL},
};
