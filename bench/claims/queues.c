/* Claims about the SYN queue, the accept queue and what happens when they are full. */
#include "bench/claims/claim.h"

#include <math.h>

const struct claim claims_of_queues[] = {
    {
        .name = "listen-n",
        .says = "After listen(fd, n) at most n connections wait to be accepted.",
        .source = "many tutorials; listen(2) read literally",
        .experiment = "accept-queue-full",
        CLAIM_SETS("backlog=4"),
        CLAIM_VALUES({"server.queue_limit", 4, 4}, {"ledger.queued", 4, 4}),
        .truth = "n + 1, where n is cut to net.core.somaxconn first: the kernel asks whether the "
                 "queue is longer than its limit before it adds one.",
    },
    {
        .name = "backlog-0",
        .says = "With listen(fd, 0) nobody can connect.",
        .source = "forum answers",
        .experiment = "accept-queue-full",
        CLAIM_SETS("backlog=0"),
        CLAIM_VALUES({"ledger.queued", 0, 0}),
        .truth = "One connection can wait, for a queue of limit 0 holds 0 + 1; and the next one "
                 "when that is accepted.",
        .since = "about Linux 6.13 and stable kernels of early 2025, such as 5.10.234, with "
                 "tcp_syncookies = 0; with 1, the default, it never was true",
        .nuance = "From about Linux 4.4 to then the SYN queue of limit L held L requests, so none "
                  "with 0. With tcp_syncookies = 1 a cookie took the place of the request.",
    },
    {
        .name = "accept-queue-is-the-minimum",
        .says = "The limit of the accept queue is min(backlog, somaxconn).",
        .source = "listen(2); many blog posts",
        .experiment = "accept-queue-full",
        CLAIM_SETS("backlog=10", "somaxconn=2"),
        CLAIM_VALUES({"server.queue_limit", 2, 2}),
        .nuance = "It is taken at listen(): somaxconn changed later does nothing until listen() is "
                  "called again. A queue with that limit holds one more.",
    },
    {
        .name = "somaxconn-128",
        .says = "somaxconn is 128 by default, so a larger backlog has no effect.",
        .source = "listen(2), older editions; many blog posts",
        .experiment = "handshake",
        CLAIM_VALUES({"net.core.somaxconn", 128, 128}),
        .truth = "The default is 4096.",
        .since = "Linux 5.4",
    },
    {
        .name = "backlog-511-is-128",
        .says = "nginx, Redis and Node.js ask for a backlog of 511, and Linux gives them 128 "
                "unless somaxconn is raised.",
        .source = "many tuning guides; Redis warned at its start that 511 \"cannot be enforced\"",
        .experiment = "accept-queue-full",
        CLAIM_SETS("backlog=511", "clients=4"),
        CLAIM_VALUES({"server.queue_limit", 128, 128}),
        .truth = "They get 511, for somaxconn is 4096 by default.",
        .since = "Linux 5.4, when the default of somaxconn went from 128 to 4096",
        .nuance = "somaxconn belongs to the network namespace: each container that has its own "
                  "begins with the default, whatever the machine was set to.",
    },
    {
        .name = "backlog-sum-of-both",
        .says = "Before Linux 2.2, and in 4.4BSD, the backlog bounds the sum of the SYN queue and "
                "the accept queue.",
        .source = "Stevens, UNIX Network Programming; many blog posts",
        .holds = true,
        .not_run = "history: neither a Linux 2.0 nor a BSD is here to be asked",
        .nuance = "4.4BSD allows one and a half times as many. On Linux today the same number "
                  "bounds each of the two queues, not their sum.",
    },
    {
        .name = "syn-queue-is-max-syn-backlog",
        .says = "Since Linux 2.2 the length of the SYN queue is tcp_max_syn_backlog, and the "
                "backlog is about the accept queue only.",
        .source = "listen(2); many blog posts",
        .experiment = "syn-queue-full",
        CLAIM_SETS("backlog=4", "clients=12", "syncookies=1"),
        CLAIM_VALUES({"server.SYN_RECV_while_held", 12, 12}),
        .truth = "The SYN queue has the same limit as the accept queue, min(backlog, somaxconn). "
                 "While SYN cookies are on, tcp_max_syn_backlog does nothing.",
        .since = "Linux 2.6.20",
        .nuance =
            "listen(2) says itself that with SYN cookies tcp_max_syn_backlog is ignored, but also "
            "that there is no maximum then. From 2.6.20 on the queue was min(backlog, somaxconn, "
            "tcp_max_syn_backlog), at least 8, and then the next greater power of two. Since about "
            "Linux 4.4 tcp_max_syn_backlog counts with tcp_syncookies = 0 only.",
    },
    {
        .name = "max-syn-backlog-no-cookies",
        .says = "With tcp_syncookies = 0 at least, tcp_max_syn_backlog half-open connections find "
                "room.",
        .source = "ip-sysctl.rst; tcp(7)",
        .experiment = "syn-queue-full",
        CLAIM_SETS("backlog=100", "clients=40", "syncookies=0", "max_syn_backlog=16"),
        CLAIM_VALUES({"server.SYN_RECV_while_held", 16, 16}),
        .truth = "Three quarters of it, rounded up, and one, if the backlog is not less than that; "
                 "only clients whom the kernel knows from earlier connections get in beyond.",
    },
    {
        .name = "half-open-limit",
        .says = "When the limit of half-open connections is reached, no further connection can be "
                "opened.",
        .source = "textbooks on SYN floods",
        .experiment = "syn-queue-full",
        CLAIM_SETS("backlog=4", "clients=12", "syncookies=1"),
        CLAIM_VALUES({"client.ESTABLISHED_while_held", 0, 5}),
        .truth = "With tcp_syncookies = 1, the default, the SYN is answered by a cookie, which "
                 "takes no room, unless the accept queue is full as well: here all twelve clients "
                 "were connected beside five half-open requests.",
        .since = "about Linux 2.6.33, when tcp_syncookies became 1 by default",
        .nuance = "With tcp_syncookies = 0 it is still so: the SYN is dropped.",
    },
    {
        .name = "somaxconn-at-once",
        .says = "A larger somaxconn makes the accept queues larger, also those of programs that "
                "are running.",
        .source = "many tuning guides",
        .experiment = "backlog-change",
        CLAIM_VALUES({"server.limit_after_somaxconn", 16, 16}),
        .truth = "A listener keeps the limit that its listen() was given. The program has to call "
                 "listen() again, or to be restarted, with a backlog that is large enough.",
    },
    {
        .name = "backlog-is-fixed",
        .says = "The backlog of a listener cannot be changed without closing it.",
        .source = "forum answers",
        .experiment = "backlog-change",
        CLAIM_VALUES({"server.limit_shrunk", 4, 4}, {"server.queue_limit", 4, 4}),
        .truth = "listen() may be called again on the same socket, and only sets the new limit.",
        .nuance = "A smaller limit throws out nobody who waits.",
    },
    {
        .name = "who-leaves-makes-room",
        .says = "A client that gives up while it waits in the accept queue makes room for another.",
        .source = "forum answers",
        .experiment = "queued-client-leaves",
        CLAIM_VALUES({"server.queue", 0, 0}, {"ledger.syn_sent", 0, 0}),
        .truth = "Its place stays taken until the program calls accept() and finds out: what it "
                 "sent, and then the end of the file (ECONNRESET, if it left with a RST).",
    },
    {
        .name = "accept-econnaborted",
        .says = "When a client resets its connection before accept() is called, accept() fails "
                "with ECONNABORTED.",
        .source = "Stevens, UNIX Network Programming; accept(2) lists it",
        .experiment = "queued-client-leaves",
        CLAIM_SETS("how=rst"),
        CLAIM_VALUES({"server.accepted_after_they_left", 0, 0}),
        .truth = "accept() returns the socket as if nothing had happened; its recv() gives what "
                 "had come before, and then ECONNRESET here.",
    },
    {
        .name = "accept-passes-errors",
        .says = "Linux accept() (and accept4()) passes already-pending network errors on the new "
                "socket as an error code from accept().",
        .source = "accept(2), \"Error handling\"",
        .experiment = "queued-client-leaves",
        CLAIM_SETS("how=rst"),
        CLAIM_VALUES({"server.accepted_after_they_left", 0, 0}),
        .truth = "accept() takes the first of the queue and never asks for its error: it is the "
                 "first recv() or send() that tells it, here ECONNRESET after the data.",
        .since = "Linux 2.4; up to 2.2 accept() of a blocking listener did so",
        .nuance = "accept() does fail by itself: EMFILE, ENFILE, ENOMEM, EAGAIN, EINTR. A loop "
                  "around it has to go on after those.",
    },
    {
        .name = "full-queue-ignores-syn",
        .says = "When the accept queue is full the server ignores the SYN, rather than answer RST, "
                "so that the client tries again.",
        .source = "Stevens, TCP/IP Illustrated; listen(2)",
        .experiment = "accept-queue-full",
        CLAIM_SETS("backlog=4"),
        CLAIM_VALUES({"ledger.reset", 0, 0}, {"ledger.refused", 0, 0}, {"ledger.syn_sent", 15, 15},
                     {"client.syn_again_1_first", 1, 1.9}),
        .truth = "Before about Linux 4.10 a SYN that meets a full accept queue is answered while "
                 "fewer than two half-open requests are young (have not timed out yet), and then "
                 "it is the final ACK that is ignored.",
        .nuance = "So it is from about Linux 4.10 on. A final ACK whose SYN came before the "
                  "queue was full is ignored as well.",
    },
    {
        .name = "full-queue-refuses",
        .says = "When the accept queue is full connect() fails with ECONNREFUSED.",
        .source = "listen(2) names it as possible; many blog posts",
        .experiment = "accept-queue-full",
        CLAIM_SETS("backlog=4"),
        CLAIM_VALUES({"ledger.refused", 15, 15}),
        .truth = "Nobody is refused: the SYNs are dropped without an answer, and connect() goes on "
                 "trying. ECONNREFUSED usually comes from a port where nobody listens.",
    },
    {
        .name = "third-ack-ignored",
        .says = "When the accept queue is full the final ACK of the handshake is ignored; if there "
                "is room by the time that it comes again, the connection is established.",
        .source = "many blog posts",
        .experiment = "third-ack-dropped",
        CLAIM_VALUES({"ledger.half_open", 3, 3}, {"ledger.reset", 0, 0},
                     {"server.accepted_in_the_end", 11, 11}),
        .nuance = "It only comes to that when the SYN had arrived before the queue was full: a SYN "
                  "that comes later is dropped itself.",
    },
    {
        .name = "client-repeats-third-ack",
        .says =
            "When its final ACK is ignored the client thinks that it got lost, and sends it again.",
        .source = "many blog posts",
        .experiment = "third-ack-dropped",
        CLAIM_VALUES({"server.TcpExt.TCPSynRetrans", 0, 0}),
        .truth = "An ACK is never sent again by itself. It is the server that thinks so: it sends "
                 "its SYN-ACK again after 1, 3, 7 s and so on, and the client answers each.",
        .nuance = "Data that the client sends carries the same acknowledgement, and completes the "
                  "handshake as well.",
    },
    {
        .name = "abort-on-overflow-0",
        .says = "With tcp_abort_on_overflow = 0 the server drops the final ACK when the accept "
                "queue is full, and nobody is reset.",
        .source = "many blog posts; ip-sysctl.rst",
        .experiment = "third-ack-dropped",
        CLAIM_VALUES({"ledger.half_open", 3, 3}, {"ledger.reset", 0, 0},
                     {"client.ESTABLISHED", 11, 11}),
        .nuance = "The clients believe that they are connected all the while. One that sends "
                  "something after the server has given its request up gets RST.",
    },
    {
        .name = "abort-on-overflow-1",
        .says = "With tcp_abort_on_overflow = 1 the server answers the final ACK by RST when the "
                "accept queue is full, and the client gets \"connection reset by peer\".",
        .source = "many blog posts; ip-sysctl.rst",
        .experiment = "rst-on-overflow",
        CLAIM_SETS("backlog=4", "prefill=limit", "clients=20"),
        CLAIM_VALUES({"ledger.reset", 1, INFINITY}, {"server.Tcp.OutRsts", 1, INFINITY},
                     {"client.Tcp.EstabResets", 1, INFINITY}),
        .nuance =
            "The others were not reset: the kernel silently drops a SYN that meets a full queue, "
            "and a SYN cookie's ACK that does.",
    },
    {
        .name = "abort-on-overflow-tells-all",
        .says =
            "With tcp_abort_on_overflow = 1 each client that finds the accept queue full is reset.",
        .source = "many blog posts",
        .experiment = "accept-queue-full",
        CLAIM_SETS("backlog=4", "net.ipv4.tcp_abort_on_overflow=1"),
        CLAIM_VALUES({"ledger.reset", 15, 15}),
        .truth = "Only a final ACK is answered by RST. Who comes when the queue is full does not "
                 "get so far: the SYN is dropped, with tcp_abort_on_overflow = 0 or 1.",
        .since = "about Linux 4.10",
    },
    {
        .name = "cookies-lose-nobody",
        .says = "With SYN cookies no connection is lost when the queues are full.",
        .source = "many blog posts",
        .experiment = "syn-cookie-ghosts",
        CLAIM_VALUES({"ledger.ghost", 0, 0}, {"server.ESTABLISHED", 20, 20}),
        .truth =
            "They stand in for the SYN queue only. A cookie's ACK that meets a full accept queue "
            "is dropped, and then the server remembers nothing: the client is connected to nobody.",
    },
    {
        .name = "cookies-only-when-full",
        .says = "With tcp_syncookies = 1 cookies are sent only when the SYN queue is full.",
        .source = "ip-sysctl.rst",
        .experiment = "syn-cookie-ghosts",
        CLAIM_SETS("backlog=4", "clients=4"),
        CLAIM_VALUES({"server.TcpExt.SyncookiesSent", 0, 0}, {"ledger.queued", 4, 4}),
    },
    {
        .name = "overflow-resets-cookies",
        .says = "tcp_abort_on_overflow = 1 also resets a client whose handshake is completed by a "
                "SYN cookie.",
        .source = "forum answers",
        .experiment = "rst-on-overflow",
        CLAIM_SETS("backlog=4", "prefill=limit", "clients=20", "syncookies=1"),
        CLAIM_VALUES({"ledger.ghost", 0, 0}, {"ledger.reset", 19, 19}),
        .truth = "The kernel silently drops the ACK of a cookie, because there is no request to "
                 "abort: the client has a connection of which the server knows nothing.",
    },
    {
        .name = "reuseport-shares-room",
        .says = "With SO_REUSEPORT a connection that finds one listener full goes to another that "
                "has room.",
        .source = "many blog posts on load balancing",
        .experiment = "reuseport-queues",
        CLAIM_VALUES({"server.SYNs_dropped_beside_room", 0, 0}),
        .truth = "By default the addresses and ports choose one listener. When that one is full "
                 "the SYN is dropped, however much room the others have.",
    },
    {
        .name = "reuseport-restarts-gracefully",
        .says = "With SO_REUSEPORT one of the listeners can be closed and no connection is lost: "
                "the others take over.",
        .source = "many blog posts on restarts",
        .experiment = "reuseport-queues",
        CLAIM_VALUES({"ledger.reset", 0, 0}, {"ledger.ghost", 0, 0}),
        .truth = "Those in its accept queue are reset, and those in its SYN queue are forgotten: a "
                 "client whose third ACK had already been ignored believes that it is connected "
                 "until it sends, and one whose third ACK comes later gets RST.",
        .nuance =
            "With tcp_migrate_req = 1, since about Linux 5.14, they move to the other listeners.",
    },
    {
        .name = "cookies-lose-options",
        .says = "A connection that a SYN cookie has opened has neither window scaling nor SACK.",
        .source =
            "common wording; ip-sysctl.rst, tcp_syncookies: \"do not allow to use TCP extensions\"",
        .experiment = "syn-cookie-options",
        CLAIM_VALUES({"server.with_window_scaling", 0, 0}, {"server.with_SACK", 0, 0}),
        .truth = "It has both if both ends have timestamps: six bits of the timestamp carry them.",
        .since = "Linux 2.6.26",
    },
    {
        .name = "cookies-without-timestamps",
        .says = "Without timestamps a connection that a SYN cookie has opened has neither window "
                "scaling nor SACK.",
        .source = "common wording",
        .experiment = "syn-cookie-options",
        CLAIM_SETS("timestamps=0"),
        CLAIM_VALUES({"server.with_window_scaling", 0, 0}, {"server.with_SACK", 0, 0}),
        .nuance = "With timestamps, the default, it keeps both.",
    },
    {
        .name = "cookies-eight-sizes",
        .says = "A SYN cookie has three bits for the segment size, which can be one of eight.",
        .source = "D. J. Bernstein, SYN cookies: three bits for an MSS",
        .experiment = "syn-cookie-options",
        CLAIM_SETS("timestamps=0"),
        CLAIM_VALUES({"server.different_MSS", 5, 8}, {"server.MSS_of_1000", 537, 1000}),
        .truth = "It is one of four: 536, 1300, 1440, 1460; with IPv6 1220, 1420, 1440, 8940. A "
                 "client that announces 1000 over IPv4 is sent 536 bytes a segment at most.",
        .since = "about Linux 3.13",
    },
    {
        .name = "accept-thundering-herd",
        .says = "A new connection wakes all that wait in accept(): the thundering herd.",
        .source = "many textbooks and blog posts",
        .experiment = "wake-ups",
        CLAIM_VALUES({"server.woken", 4, 4}),
        .truth =
            "accept() wakes one, the one that has waited longest. The others do not even look.",
        .since = "Linux 2.4",
        .nuance = "poll(), select() and epoll are another matter: see epoll-wakes-one.",
    },
    {
        .name = "epoll-wakes-one",
        .says = "Where several processes have the same listener in an epoll descriptor of their "
                "own, one of them is woken by a new connection.",
        .source = "common wording",
        .experiment = "wake-ups",
        CLAIM_SETS("wait=epoll"),
        CLAIM_VALUES({"server.woken", 1, 1}),
        .truth = "Without EPOLLEXCLUSIVE all that wait are woken. The first to call accept() gets "
                 "the connection, and the "
                 "others get EAGAIN if the listener is non-blocking.",
        .nuance = "How many come back from epoll_wait() depends upon how soon the first one "
                  "accepts: who looks after that goes to sleep again.",
    },
    {
        .name = "epollexclusive-wakes-one",
        .says = "With EPOLLEXCLUSIVE one or more of the epoll descriptors receive an event, not "
                "all of them.",
        .source = "epoll_ctl(2)",
        .experiment = "wake-ups",
        CLAIM_SETS("wait=epoll_exclusive"),
        CLAIM_VALUES({"server.woken", 1, 3}),
        .nuance = "One of four, here. It is always the first in the list that has somebody "
                  "waiting, so that one process may get most of the connections.",
    },
    {NULL},
};
