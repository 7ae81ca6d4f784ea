/* Claims about TIME_WAIT, and what it costs. Those that wait for it to end share one run of a
 * minute. */
#include "bench/claims/claim.h"

#include <errno.h>
#include <math.h>

#define LIFE .experiment = "time-wait", CLAIM_SETS("net.ipv4.tcp_fin_timeout=5")

const struct claim claims_of_time_wait[] = {
    {
        .name = "why-2-msl",
        .says = "The closing side waits so that it can answer when its last ACK is lost and the "
                "other side sends its FIN again.",
        .source = "Stevens, TCP/IP Illustrated; RFC 9293",
        .experiment = "time-wait-lost-ack",
        CLAIM_VALUES({"server.LAST_ACK_meanwhile", 1, 1}, {"client.ACKs_again", 1, INFINITY},
                     {"server.error", 0, 0}, {"server.LAST_ACK", 0, 0}),
        .nuance = "TIME_WAIT then begins anew. The other reason is that no old segment shall be "
                  "taken for one of the next connection between the same ports.",
    },
    {
        .name = "who-closes-first-waits",
        .says = "The side that closes first has TIME_WAIT, the other side has nothing.",
        .source = "Stevens, TCP/IP Illustrated; RFC 9293",
        LIFE,
        CLAIM_VALUES({"client.TIME_WAIT_at_first", 20, 20}, {"server.TIME_WAIT_at_first", 0, 0}),
        .nuance = "Both have it if their FINs cross, and neither after a RST.",
    },
    {
        .name = "msl-is-60",
        .says = "The MSL is 60 s on Linux, and TIME_WAIT lasts 2 MSL: two minutes.",
        .source = "many blog posts",
        LIFE,
        CLAIM_VALUES({"client.gone_first", 120, INFINITY}),
        .truth = "TCP_TIMEWAIT_LEN = 60 s is the whole of TIME_WAIT, so the MSL is 30 s, if "
                 "anything. No sysctl sets it.",
    },
    {
        .name = "time-wait-is-60",
        .says = "TIME_WAIT lasts 60 s on Linux.",
        .source = "many blog posts; include/net/tcp.h",
        LIFE,
        CLAIM_VALUES({"client.gone_first", 60, INFINITY}, {"client.there_last", 0, 66}),
        .nuance = "Of a coarse timer, so up to some seconds more. A RST or a new connection can "
                  "end it sooner, and an old segment begins it anew.",
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
        .truth = "It was 5 in this run, and TIME_WAIT lasted its 60 s: tcp_fin_timeout applies "
                 "to FIN_WAIT_2 only. No sysctl changes TIME_WAIT's timer.",
    },
    {
        .name = "time-wait-blocks-client",
        .says = "TIME_WAIT on the client's side uses up its ports towards that server: then "
                "connect() fails.",
        .source = "many blog posts",
        LIFE,
        CLAIM_VALUES({"ledger.no_port", 5, 5}),
        .nuance = "Towards one address and port. Another destination has all the ports again if "
                  "connect() chooses them; on loopback, or with tcp_tw_reuse = 1, they are free "
                  "after about a second if the connections have timestamps.",
    },
    {
        .name = "time-wait-blocks-server",
        .says =
            "TIME_WAIT on the server's side uses up its ports, so that clients are turned away.",
        .source = "very many tuning guides",
        .experiment = "server-restart",
        CLAIM_SETS("net.ipv4.tcp_tw_reuse=1"),
        CLAIM_VALUES({"server.TIME_WAIT_left", 3, 3}, {"ledger.queued", 0, 0}),
        .truth = "All connections of a server have the same port. Even a client that comes from "
                 "the same address and port as one in TIME_WAIT is let in at once, unless its SYN "
                 "is older: the SYN ends that.",
    },
    {
        .name = "tw-reuse-helps-servers",
        .says = "tcp_tw_reuse = 1 frees a server of its TIME_WAITs, so that it can be restarted at "
                "once.",
        .source = "very many tuning guides",
        .experiment = "server-restart",
        CLAIM_SETS("net.ipv4.tcp_tw_reuse=1"),
        CLAIM_VALUES({"server.TIME_WAIT_left", 0, 0}, {"server.bind_plainly", 0, 0}),
        .truth = "It is for connect() alone: a client's port can be taken again. The server's "
                 "bind() fails with EADDRINUSE as before, wherever SO_REUSEADDR or SO_REUSEPORT "
                 "does not help.",
    },
    {
        .name = "reuseaddr-for-restart",
        .says = "A server needs SO_REUSEADDR to be restarted while connections of the old one are "
                "in TIME_WAIT; else bind() fails with EADDRINUSE.",
        .source = "Stevens, UNIX Network Programming",
        .experiment = "server-restart",
        CLAIM_SETS("net.ipv4.tcp_tw_reuse=1"),
        CLAIM_VALUES({"server.TIME_WAIT_left", 1, INFINITY},
                     {"server.bind_plainly", EADDRINUSE, EADDRINUSE},
                     {"server.bind_with_SO_REUSEADDR", 0, 0}),
        .nuance = "The old server must have set it as well. SO_REUSEPORT of both does the same.",
    },
    {
        .name = "reuseaddr-of-the-new",
        .says = "It is enough when the new server sets SO_REUSEADDR.",
        .source = "many tutorials",
        .experiment = "server-restart",
        CLAIM_SETS("old_reuseaddr=no"),
        CLAIM_VALUES({"server.bind_with_SO_REUSEADDR", 0, 0}),
        .truth = "bind() fails with EADDRINUSE unless the old server had set it, too: its "
                 "TIME_WAITs remember.",
    },
    {
        .name = "reuseport-is-balancing",
        .says = "SO_REUSEPORT is only for load balancing between several listeners.",
        .source = "common wording",
        .experiment = "server-restart",
        CLAIM_SETS("old_reuseaddr=no", "old_reuseport=yes"),
        CLAIM_VALUES({"server.TIME_WAIT_left", 1, INFINITY},
                     {"server.bind_with_SO_REUSEPORT", EADDRINUSE, EADDRINUSE}),
        .truth = "It also stands in for SO_REUSEADDR when a server is restarted: where the old one "
                 "and the new one have it, bind() works over TIME_WAIT of any user, and over "
                 "connections that the same user still has.",
        .nuance = "It lets the new server listen while the old one still does, so that each gets a "
                  "part of the connections.",
    },
    {
        .name = "tw-reuse-after-1-s",
        .says =
            "With tcp_tw_reuse = 1 connect() may take a port in TIME_WAIT again after one second.",
        .source = "many blog posts; ip-sysctl.rst from Linux 6.14 on, tcp_tw_reuse_delay",
        .experiment = "time-wait-reuse",
        CLAIM_SETS("tw_reuse=1"),
        CLAIM_VALUES({"client.error_in_the_end", 0, 0}, {"client.TWRecycled_then", 1, 1}),
        .nuance =
            "Only if the connections have timestamps. Older kernels compare whole seconds, so it "
            "may be sooner; since Linux 6.14 tcp_tw_reuse_delay says how long.",
    },
    {
        .name = "tw-reuse-needs-timestamps",
        .says = "tcp_tw_reuse does nothing without TCP timestamps.",
        .source = "many blog posts",
        .experiment = "time-wait-reuse",
        CLAIM_SETS("tw_reuse=1", "timestamps=0"),
        CLAIM_VALUES({"client.error_in_the_end", EADDRNOTAVAIL, EADDRNOTAVAIL},
                     {"client.TWRecycled_then", 0, 0}),
    },
    {
        .name = "rst-ends-time-wait",
        .says = "An old segment that comes late can end TIME_WAIT: it is acknowledged, and the "
                "other end, which knows nothing any more, answers by RST.",
        .source = "RFC 1337",
        .experiment = "time-wait-assassination",
        CLAIM_VALUES({"client.TIME_WAIT_before", 1, 1}, {"client.ACKs_then", 1, 1},
                     {"server.RSTs_then", 1, 1}, {"client.TIME_WAIT_after", 0, 0}),
        .nuance = "tcp_rfc1337 = 1 prevents it; it is 0 by default.",
    },
    {
        .name = "out-of-ports",
        .says =
            "When all ports of ip_local_port_range are taken, connect() fails with EADDRNOTAVAIL.",
        .source = "many blog posts",
        .experiment = "port-exhaustion",
        CLAIM_VALUES({"client.connections_to_1", 4, 4},
                     {"client.error_to_1", EADDRNOTAVAIL, EADDRNOTAVAIL}),
        .nuance = "Taken towards that address and port: another one has all of them again. bind() "
                  "to port 0 before connect() fails already, with EADDRINUSE.",
    },
    {
        .name = "ports-bound-a-host",
        .says = "A client's host can have as many connections as it has ports, 65535 at most.",
        .source = "many blog posts",
        .experiment = "port-exhaustion",
        CLAIM_VALUES({"client.ESTABLISHED", 0, 4}),
        .truth = "As many to each destination: with four ports it had four connections to each of "
                 "two servers.",
    },
    {
        .name = "65535-per-server",
        .says =
            "A server can have 65535 connections at most, for that is how many ports there are.",
        .source = "job interviews",
        .experiment = "port-exhaustion",
        CLAIM_SETS("choose=bind_late", "sources=2", "destinations=1"),
        CLAIM_VALUES({"ledger.queued", 0, 4}),
        .truth = "Ports bound the connections from one address to one port of the server, four in "
                 "this run. Each further address has all of them again; memory and descriptors are "
                 "what is used up first.",
    },
    {
        .name = "buckets-evict-the-oldest",
        .says = "When there are tcp_max_tw_buckets sockets in TIME_WAIT, the oldest makes room for "
                "the next.",
        .source = "forum answers",
        .experiment = "time-wait-buckets",
        CLAIM_VALUES({"client.FIN_WAIT_2", 0, 0}, {"client.TIME_WAIT", 5, 5}),
        .truth = "The old ones stay. The kernel closes the next connection without TIME_WAIT.",
        .nuance = "FIN_WAIT_2 without a program counts against the same limit.",
    },
    {
        .name = "tw-reuse-is-off",
        .says = "tcp_tw_reuse is 0 by default.",
        .source = "tcp(7); many tuning guides",
        .experiment = "handshake",
        CLAIM_VALUES({"net.ipv4.tcp_tw_reuse", 0, 0}),
        .truth = "The default is 2: on for connections over loopback addresses.",
        .since = "Linux 4.18",
    },
    {
        .name = "tw-recycle",
        .says = "tcp_tw_recycle = 1 gets rid of TIME_WAIT quickly.",
        .source = "very many tuning guides",
        .not_run = "history: there is no such sysctl to be set",
        .truth = "It was taken out of the kernel, for it dropped SYNs of clients behind one NAT "
                 "whose timestamps ran behind those of another.",
        .since = "Linux 4.12",
    },
    {
        .name = "nat-timestamps-off",
        .says = "For clients behind one NAT TCP timestamps must be off, or the server drops the "
                "SYNs of those whose clock is behind.",
        .source = "many tuning guides",
        .experiment = "nat-timestamps",
        CLAIM_VALUES({"client.ESTABLISHED", 0, 0}),
        .truth = "The server compares timestamps within the same addresses and ports only. If an "
                 "old connection there is in TIME_WAIT, an ACK and a RST end it, and the SYN that "
                 "comes again gets in.",
        .nuance = "It was so with tcp_tw_recycle = 1, up to Linux 4.11; that was never the "
                  "default. Today tcp_rfc1337 = 1 keeps such a client out, but only of a port that "
                  "another has just had.",
    },
    {
        .name = "higher-number-reopens",
        .says = "A SYN may open a connection in TIME-WAIT again directly if its initial sequence "
                "number is larger than the largest that the old connection used.",
        .source = "RFC 1122, 4.2.2.13",
        .experiment = "nat-timestamps",
        CLAIM_SETS("timestamps=0"),
        CLAIM_VALUES({"server.answers_ACK", 0, 0}, {"client.ESTABLISHED", 1, 1}),
        .nuance = "With timestamps its own must not be older, and if it is newer the number may be "
                  "lower. A SYN that does not get in directly gets in after an ACK and a RST, "
                  "unless tcp_rfc1337 is 1.",
    },
    {
        .name = "rfc1337-costs-nothing",
        .says = "tcp_rfc1337 = 1 protects connections in TIME_WAIT, and costs nothing.",
        .source = "many tuning guides",
        .experiment = "nat-timestamps",
        CLAIM_SETS("rfc1337=1"),
        CLAIM_VALUES({"client.ESTABLISHED", 1, 1}),
        .truth = "A client whose timestamps are behind cannot use a port for which there is a "
                 "TIME_WAIT: its RST is ignored, and each of its SYNs begins the 60 s anew.",
        .nuance = "That takes two clients behind one NAT, or one that was rebooted.",
    },
    {
        .name = "ephemeral-ports-random",
        .says = "connect() chooses a port at random from the whole of ip_local_port_range.",
        .source = "RFC 6056; common wording",
        .experiment = "ephemeral-port-choice",
        CLAIM_VALUES({"client.connect_like_first", 1, 11}),
        .truth = "From one half of it: the ports as even or odd as the first, by default the even "
                 "ones. bind() to port 0 prefers the other half.",
        .since = "Linux 4.2",
        .nuance = "Where in the half it begins depends upon a secret hash of the addresses; the "
                  "next connection to the same destination then gets a port some steps further on. "
                  "The other half comes when the first is used up. A socket with "
                  "IP_LOCAL_PORT_RANGE takes from both, since about Linux 6.8.",
    },
    {NULL},
};
