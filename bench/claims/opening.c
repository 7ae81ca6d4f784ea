/* Claims about the opening of connections. */
#include "bench/claims/claim.h"

#include <errno.h>
#include <math.h>

const struct claim claims_of_opening[] = {
    {
        .name = "three-way-handshake",
        .says = "A connection is opened by three segments, SYN, SYN-ACK and ACK, and then both "
                "ends are ESTABLISHED.",
        .source = "Stevens, TCP/IP Illustrated; RFC 9293",
        .experiment = "handshake",
        CLAIM_VALUES({"client.segments", 2, 2}, {"server.segments", 1, 1},
                     {"client.SYN_SENT_after_SYN", 1, 1}, {"server.SYN_RECV_after_SYN_ACK", 1, 1},
                     {"client.ESTABLISHED", 1, 1}, {"server.ESTABLISHED", 1, 1}),
        .nuance = "The drawing hides that the listener stays in LISTEN, and that SYN_RECV is a "
                  "small request beside it.",
    },
    {
        .name = "syn-takes-a-number",
        .says = "A SYN takes one sequence number, so each end acknowledges the first number of the "
                "other + 1.",
        .source = "RFC 9293",
        .experiment = "handshake",
        CLAIM_VALUES({"server.acknowledges_first_plus", 1, 1},
                     {"client.acknowledges_first_plus", 1, 1}),
        .nuance = "With TCP Fast Open the data in the SYN may be acknowledged at once as well.",
    },
    {
        .name = "established-together",
        .says = "When connect() returns, the connection is ESTABLISHED at the server, too.",
        .source = "many tutorials",
        .experiment = "handshake",
        CLAIM_VALUES({"client.ESTABLISHED_after_ACK", 1, 1}, {"server.SYN_RECV_after_ACK", 0, 0}),
        .truth = "The client is ESTABLISHED when the SYN-ACK has come, half a round trip before "
                 "the server is, which still has a half-open request then (after a SYN cookie, "
                 "nothing).",
        .nuance = "The third ACK may be lost, or ignored because the accept queue is full: then "
                  "only the client believes in the connection.",
    },
    {
        .name = "accept-opens",
        .says = "The handshake is completed by the server's accept(): until it is called, "
                "connect() does not return.",
        .source = "many tutorials",
        .experiment = "handshake",
        CLAIM_VALUES({"client.ESTABLISHED", 0, 0}, {"ledger.queued", 0, 0}),
        .truth = "The server's kernel completes it alone. The connection is ESTABLISHED and waits "
                 "in the accept queue; accept() only hands it to the program.",
    },
    {
        .name = "syn-1-3-7",
        .says = "A SYN that is not answered is sent again after 1, 3, 7, 15, 31 and 63 s.",
        .source = "many blog posts; Stevens, TCP/IP Illustrated, with longer times",
        .experiment = "syn-retries",
        CLAIM_SETS("syn_retries=3"),
        CLAIM_VALUES({"client.syn_again_1", 1, 1.9}, {"client.syn_again_2", 3, 3.9},
                     {"client.syn_again_3", 7, 8.9}),
        .truth = "After 1, 2, 3, 4 and 5 s, then 7, 11, 19, 35 and 67: tcp_syn_linear_timeouts = 4 "
                 "more waits of 1 s come before they double.",
        .since = "Linux 6.5",
        .nuance = "Up to Linux 3.0 the first wait was 3 s: 3, 9, 21, 45 s and so on.",
    },
    {
        .name = "syn-retries-is-a-count",
        .says = "tcp_syn_retries is how often a SYN is sent again: 3 means three times, the "
                "default 6 six times.",
        .source = "tcp(7); ip-sysctl.rst",
        .experiment = "syn-retries",
        CLAIM_SETS("syn_retries=3"),
        CLAIM_VALUES({"client.TcpExt.TCPSynRetrans", 3, 3}),
        .truth =
            "Up to tcp_syn_linear_timeouts times more: with 3 it is 7 times, with 6 ten times.",
        .since = "Linux 6.5",
    },
    {
        .name = "syn-retries-6-takes-127",
        .says = "connect() gives up after 2^(tcp_syn_retries + 1) - 1 s: 15 s with 3, 127 s with "
                "the default 6.",
        .source = "tcp(7); ip-sysctl.rst of 6.1; many blog posts",
        .experiment = "syn-retries",
        CLAIM_SETS("syn_retries=3"),
        CLAIM_VALUES({"client.gives_up_first", 15, INFINITY}, {"client.gives_up_last", 0, 16.5}),
        .truth = "At the first firing of the timer that finds that time over, and these come at "
                 "other times since the first waits are all of 1 s: 19 s with 3, 131 s with 6.",
        .since = "Linux 6.5",
    },
    {
        .name = "closed-port-refuses",
        .says = "A SYN to a port where nobody listens is answered by RST, and connect() fails with "
                "ECONNREFUSED.",
        .source = "Stevens, UNIX Network Programming; RFC 9293",
        .experiment = "closed-port",
        CLAIM_VALUES({"server.RST_ACK", 1, 1},
                     {"client.connect_error", ECONNREFUSED, ECONNREFUSED}),
    },
    {
        .name = "rst-means-closed",
        .says = "RST in answer to an opening means that nobody listens on that port.",
        .source = "many tutorials",
        .experiment = "rst-on-overflow",
        CLAIM_VALUES({"server.Tcp.OutRsts", 0, 0}),
        .truth = "Somebody listened here: with tcp_abort_on_overflow = 1 a full accept queue is "
                 "answered by RST, too, if only after the SYN-ACK.",
        .nuance = "RST also ends connections: by SO_LINGER with 0 s, by close() with unread data, "
                  "for data that comes after a close().",
    },
    {
        .name = "simultaneous-open-never",
        .says = "One of the two sides must listen; simultaneous open exists in books only.",
        .source = "forum answers",
        .experiment = "simultaneous-open",
        CLAIM_VALUES({"client.ESTABLISHED", 0, 0}, {"server.ESTABLISHED", 0, 0}),
        .truth = "Two connect() calls whose SYNs cross make one connection, and nobody listened: "
                 "both ends went over SYN_RECV to ESTABLISHED.",
        .nuance = "Each must have bound the port that the other connects to.",
    },
    {
        .name = "synack-retries",
        .says = "The server sends its SYN-ACK again tcp_synack_retries times, 5 by default, and "
                "drops the half-open connection after 2^(n + 1) - 1 s: 63 s with 5, 7 s with 2.",
        .source = "ip-sysctl.rst; many blog posts",
        .experiment = "synack-retries",
        CLAIM_SETS("synack_retries=2"),
        CLAIM_VALUES({"server.TcpExt.TCPSynRetrans", 2, 2},
                     {"server.request_gone_first", 7, INFINITY},
                     {"server.request_gone_last", 0, 9}),
        .nuance = "While more than half of the SYN queue is taken, most of it by old requests, "
                  "these may go after the third wait. No wait is longer than 120 s, so above 6 "
                  "retries it takes less.",
    },
    {
        .name = "gives-up-with-rst",
        .says = "When the server gives up a half-open connection it tells the client by RST.",
        .source = "forum answers",
        .experiment = "synack-retries",
        CLAIM_SETS("synack_retries=2"),
        CLAIM_VALUES({"server.RST_before_data", 1, INFINITY}),
        .truth = "It says nothing. The client, ESTABLISHED since the SYN-ACK, finds out when it "
                 "sends something, be it a keepalive probe: then it gets RST.",
    },
    {
        .name = "defer-accept-drops-the-silent",
        .says = "With TCP_DEFER_ACCEPT a connection that sends nothing in that time is dropped.",
        .source = "many blog posts",
        .experiment = "defer-accept",
        CLAIM_VALUES({"ledger.accepted", 0, 0}),
        .truth = "It is handed to accept() all the same, when the time is over.",
        .since = "about Linux 2.6.32",
    },
    {
        .name = "syn-resets-established",
        .says = "A SYN in the window of an ESTABLISHED connection resets it.",
        .source = "RFC 793, page 71",
        .experiment = "forged-reset",
        CLAIM_SETS("segment=syn"),
        CLAIM_VALUES({"server.ESTABLISHED_after", 0, 0}),
        .truth = "It is answered by a challenge ACK (RFC 5961), and only a RST with the right "
                 "number that answers this ACK ends the connection.",
        .since = "Linux 3.6",
    },
    {
        .name = "rebooted-client-stays-out",
        .says = "A client that was rebooted cannot come back on its old port while the server "
                "still has the old connection.",
        .source = "common wording",
        .experiment = "client-reboot",
        CLAIM_VALUES({"client.ESTABLISHED", 0, 0}),
        .truth = "It can: the server answers the SYN with an ACK of the old numbers, the client "
                 "answers that with a RST, which ends the old connection, and the SYN that is sent "
                 "again makes the new one.",
        .nuance = "A firewall that drops this ACK, or this RST, as belonging to no connection does "
                  "keep it out.",
    },
    {
        .name = "half-open-discovery",
        .says = "A SYN that meets an old half-open connection is answered by an ACK, and the RST "
                "that answers this ends the old connection.",
        .source = "RFC 9293, 3.5.1",
        .experiment = "client-reboot",
        CLAIM_VALUES({"server.challenge_ACKs", 1, 1}, {"client.RSTs", 1, 1},
                     {"client.RST_is_off_by", 0, 0},
                     {"server.old_connection_error", ECONNRESET, ECONNRESET}),
    },
    {
        .name = "no-listener-no-connection",
        .says = "Nobody can connect to a port without a listener.",
        .source = "common wording",
        .experiment = "self-connect",
        CLAIM_VALUES({"client.ESTABLISHED", 0, 0}),
        .truth = "A socket can connect to itself: if the port that it calls, on its own host, is "
                 "the one that it has.",
        .nuance = "Two ends that both call connect() can, too: see simultaneous-open-never.",
    },
    {
        .name = "dead-host-two-minutes",
        .says = "connect() to a host that is switched off takes two minutes to fail.",
        .source = "common wording; Stevens, TCP/IP Illustrated, with 75 s",
        .experiment = "dead-host",
        CLAIM_VALUES({"client.connect_error", ETIMEDOUT, ETIMEDOUT},
                     {"client.ended_first", 75, INFINITY}),
        .truth = "On the client's own network it fails with EHOSTUNREACH after three ARP requests, "
                 "3 s, if its Ethernet address was not known before; elsewhere as soon as a router "
                 "says so by ICMP.",
        .nuance = "Where nobody says anything, as behind many firewalls, it takes until the SYNs "
                  "are used up: about two minutes by default.",
    },
    {
        .name = "unreachable-is-soft",
        .says = "An ICMP \"host unreachable\" during connect() is a soft error: the kernel keeps "
                "it and goes on sending SYNs, and returns it only when it has given up.",
        .source = "Stevens, UNIX Network Programming, volume 1, on connect(); RFC 1122, 4.2.3.9",
        .experiment = "dead-host",
        CLAIM_SETS("dead=router"),
        CLAIM_VALUES({"client.ended_first", 7, INFINITY}, {"client.SYNs_after_ICMP", 1, INFINITY}),
        .truth = "In SYN_SENT it ends connect() at once, with EHOSTUNREACH.",
        .nuance = "On an established connection it is soft: data is sent again all the same, and "
                  "perhaps sooner.",
    },
    {
        .name = "silence-is-etimedout",
        .says = "connect() fails with ETIMEDOUT if its SYNs get no answer at all.",
        .source = "Stevens, UNIX Network Programming, volume 1, on connect(); connect(2)",
        .experiment = "dead-host",
        CLAIM_SETS("dead=silent"),
        CLAIM_VALUES({"client.connect_error", ETIMEDOUT, ETIMEDOUT}),
        .nuance =
            "It is EHOSTUNREACH if the host is on the client's own network and does not answer "
            "ARP: no SYN leaves then.",
    },
    {
        .name = "reuseaddr-wildcard-beside",
        .says = "With SO_REUSEADDR a server can listen at the wildcard address beside one that "
                "listens at an address of the host.",
        .source = "common wording; BSD does it",
        .experiment = "wildcard-listener",
        CLAIM_VALUES({"server.second_bind", 0, 0}),
        .truth = "bind() fails with EADDRINUSE, for the other one listens. SO_REUSEPORT of both, "
                 "and one user, does it.",
        .nuance = "Two different addresses of the host need no option at all.",
    },
    {
        .name = "reuseaddr-beside-wildcard",
        .says = "SO_REUSEADDR allows a new server to be started on the same port as an existing "
                "server that is bound to the wildcard address, as long as each instance binds a "
                "different local IP address.",
        .source = "Stevens, UNIX Network Programming, volume 1, 7.5, on SO_REUSEADDR",
        .experiment = "wildcard-listener",
        CLAIM_SETS("first=wildcard", "second=address"),
        CLAIM_VALUES({"server.second_bind", 0, 0}),
        .truth = "On Linux bind() fails with EADDRINUSE while the existing server listens.",
        .nuance = "While neither listens both can bind(); then only the first to call listen() "
                  "gets the port.",
    },
    {
        .name = "specific-listener-wins",
        .says = "Of a listener at an address and one at the wildcard address the more specific "
                "gets the connections that come to its address.",
        .source = "Stevens, TCP/IP Illustrated",
        .experiment = "wildcard-listener",
        CLAIM_SETS("sharing=reuseport"),
        CLAIM_VALUES({"server.second_listen", 0, 0}, {"server.queue_of_first", 1, 1},
                     {"server.queue_of_second", 1, 1}),
        .nuance = "The two can be together with SO_REUSEPORT of both; SO_REUSEADDR is not enough.",
    },
    {NULL},
};
