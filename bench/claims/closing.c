/* Claims about the closing of connections, up to FIN_WAIT_2. */
#include "bench/claims/claim.h"

#include <errno.h>
#include <math.h>

const struct claim claims_of_closing[] = {
    {
        .name = "four-way-close",
        .says = "A connection is closed by four segments: the closing side goes over FIN_WAIT_1 "
                "and FIN_WAIT_2 to TIME_WAIT, the other over CLOSE_WAIT and LAST_ACK to CLOSED.",
        .source = "Stevens, TCP/IP Illustrated; RFC 9293",
        .experiment = "close-by-client",
        CLAIM_VALUES(
            {"client.FIN_WAIT_1_before_the_ACK", 1, 1},
            {"server.CLOSE_WAIT_when_FIN_has_come", 1, 1},
            {"client.FIN_WAIT_2_after_the_ACK", 1, 1}, {"server.LAST_ACK_when_FIN_is_sent", 1, 1},
            {"client.TIME_WAIT_when_FIN_has_come", 1, 1}, {"client.segments_of_the_close", 4, 4}),
        .nuance = "It is so when the second program takes its time.",
    },
    {
        .name = "always-four-segments",
        .says = "Closing takes four segments, for each direction is closed by itself.",
        .source = "textbooks",
        .experiment = "close-by-client",
        CLAIM_SETS("server=at_once"),
        CLAIM_VALUES({"client.segments_of_the_close", 4, 4}),
        .truth =
            "Three, when the other program closes before its kernel has acknowledged the first "
            "FIN: its own FIN carries that acknowledgement, and nobody was in FIN_WAIT_2.",
    },
    {
        .name = "simultaneous-close",
        .says = "When both ends close at the same time, both go from FIN_WAIT_1 over CLOSING to "
                "TIME_WAIT.",
        .source = "RFC 9293; Stevens, TCP/IP Illustrated",
        .experiment = "simultaneous-close",
        CLAIM_VALUES({"client.CLOSING_when_both_have_come", 1, 1},
                     {"server.CLOSING_when_both_have_come", 1, 1}, {"client.TIME_WAIT", 1, 1},
                     {"server.TIME_WAIT", 1, 1}),
    },
    {
        .name = "one-time-wait",
        .says = "A connection leaves one TIME_WAIT, on one side.",
        .source = "many blog posts",
        .experiment = "simultaneous-close",
        CLAIM_VALUES({"client.TIME_WAIT", 0, 1}, {"server.TIME_WAIT", 0, 0}),
        .truth = "Two, when both ends close before they have heard of each other's FIN; and none "
                 "after a RST.",
    },
    {
        .name = "half-close",
        .says =
            "After shutdown(SHUT_WR) the other side may go on sending, and what it sends arrives.",
        .source = "Stevens, UNIX Network Programming",
        .experiment = "half-close",
        CLAIM_VALUES({"client.FIN_WAIT_2_after_shutdown", 1, 1}, {"server.send", 0, 0},
                     {"client.bytes_received", 1000, 1000}),
        .nuance = "As long as a program has the descriptor: after its close() what comes is "
                  "answered by RST.",
    },
    {
        .name = "shut-rd-stops-the-peer",
        .says = "shutdown(SHUT_RD) tells the other side to stop, and what it sends after that is "
                "thrown away.",
        .source = "common wording; the second half is of Stevens, UNIX Network Programming, volume "
                  "1, 6.6",
        .experiment = "half-close",
        CLAIM_SETS("how=rd"),
        CLAIM_VALUES({"client.segments_by_shutdown", 1, 1}, {"client.bytes_received", 0, 0}),
        .truth = "It sends nothing, and what comes after it is acknowledged and can be read.",
    },
    {
        .name = "close-sends-fin",
        .says = "close() sends FIN.",
        .source = "textbooks",
        .experiment = "unread-data-reset",
        CLAIM_VALUES({"server.sent_FIN", 1, 1}, {"server.sent_RST", 0, 0}),
        .truth = "RST, when the program has not read all that had come, so that the other side "
                 "learns that it was lost; or with SO_LINGER of 0 s.",
        .nuance = "close() of a descriptor of which there is a copy, in another process for "
                  "instance, sends nothing.",
    },
    {
        .name = "linger-0-avoids-time-wait",
        .says =
            "With SO_LINGER on and 0 s close() of an ESTABLISHED connection leaves no TIME_WAIT.",
        .source = "Stevens, UNIX Network Programming; many blog posts",
        .experiment = "linger-reset",
        CLAIM_VALUES({"client.RSTs", 1, 1}, {"client.FINs", 0, 0}, {"client.TIME_WAIT", 0, 0},
                     {"server.TIME_WAIT", 0, 0}),
        .nuance = "It is no close but a reset: the other program gets ECONNRESET, and what was not "
                  "acknowledged yet is not sent again.",
    },
    {
        .name = "rst-destroys-what-came",
        .says = "A RST also throws away the data that had arrived before it and was not read yet.",
        .source = "textbooks",
        .experiment = "linger-reset",
        CLAIM_SETS("data=arrived"),
        CLAIM_VALUES({"server.bytes_received", 0, 0}),
        .truth = "It can still be read; only then recv() gives ECONNRESET. If the peer's FIN had "
                 "come before the RST, recv() gives the end of the file, and SO_ERROR holds EPIPE.",
    },
    {
        .name = "close-wait-times-out",
        .says = "Sockets in CLOSE_WAIT go away by themselves after some time.",
        .source = "forum answers",
        .experiment = "close-wait-leak",
        CLAIM_VALUES({"client.FIN_WAIT_2_in_the_end", 0, 0},
                     {"server.CLOSE_WAIT_in_the_end", 0, 0}),
        .truth = "CLOSE_WAIT has no timer of its own: the program has to call close(). The "
                 "client's end was long gone, and the server's still there.",
        .nuance = "Keepalive, where it is on, finds out that the other end is gone.",
    },
    {
        .name = "first-write-fails",
        .says = "When the other side has closed, send() fails.",
        .source = "many tutorials",
        .experiment = "write-after-close",
        CLAIM_VALUES({"client.writes_that_succeed", 0, 0}),
        .truth = "After a FIN the first one succeeds, for a FIN only says that nothing more will "
                 "come. It is answered by RST, and when that has come send() fails.",
    },
    {
        .name = "then-econnreset",
        .says = "Once a RST has come back, the next send() fails with ECONNRESET.",
        .source = "forum answers",
        .experiment = "write-after-close",
        CLAIM_VALUES({"client.write_after_the_RST", ECONNRESET, ECONNRESET}),
        .truth = "With EPIPE, and SIGPIPE, when the other side had closed by FIN. ECONNRESET is "
                 "what comes where no FIN came before the RST.",
    },
    {
        .name = "fin-wait-2-vanishes",
        .says =
            "With tcp_fin_timeout = 5, when the client is killed by ^C and the server does not "
            "close, the client's sockets in FIN_WAIT_2 are gone soon and never enter TIME_WAIT.",
        .source = "many blog posts",
        .experiment = "fin-wait-2-timeout",
        CLAIM_SETS("fin_timeout=5", "kill=yes"),
        CLAIM_VALUES({"client.FIN_WAIT_2", 20, 20}, {"client.gone_first", 5, INFINITY},
                     {"client.there_last", 0, 6}, {"client.TIME_WAIT_ever", 0, 0}),
        .nuance = "What ss shows as FIN_WAIT_2 is a small time-wait socket by then: it counts as "
                  "TW, and against tcp_max_tw_buckets.",
    },
    {
        .name = "fin-wait-2-for-ever",
        .says = "A client that never gets the server's FIN stays in FIN_WAIT_2 for ever.",
        .source = "RFC 9293 sets no limit; Stevens, TCP/IP Illustrated",
        .experiment = "fin-wait-2-timeout",
        CLAIM_SETS("fin_timeout=5", "kill=yes"),
        CLAIM_VALUES({"client.FIN_WAIT_2_in_the_end", 20, 20}),
        .truth = "A socket that no program holds any more goes away by itself: here after "
                 "tcp_fin_timeout, 5 s.",
        .nuance = "After shutdown(SHUT_WR), while the program keeps the descriptor, there is "
                  "indeed no limit.",
    },
    {
        .name = "fin-timeout-after-shutdown",
        .says = "tcp_fin_timeout also ends the FIN_WAIT_2 of a socket that was only shut down.",
        .source = "many blog posts",
        .experiment = "fin-wait-2-timeout",
        CLAIM_SETS("fin_timeout=2", "orphan=no"),
        CLAIM_VALUES({"client.FIN_WAIT_2_in_the_end", 0, 0}),
        .truth = "It is for sockets that no program holds any more; who keeps the descriptor may "
                 "receive for as long as he likes.",
    },
    {
        .name = "fin-timeout-62",
        .says =
            "tcp_fin_timeout is how long a closed socket stays in FIN_WAIT_2: with 62 it is 62 s.",
        .source = "ip-sysctl.rst; tcp(7)",
        .experiment = "fin-wait-2-timeout",
        CLAIM_SETS("fin_timeout=62"),
        CLAIM_VALUES({"client.gone_first", 62, INFINITY}),
        .truth = "Up to 60 it is. Above, the kernel waits twice for what exceeds 60 s: with 62 "
                 "that is 4 s, with 120 it happens to be 120 s.",
    },
    {
        .name = "pollhup-when-peer-closes",
        .says = "POLLHUP merely indicates that the peer closed its end of the channel.",
        .source = "poll(2), of pipes and stream sockets; many tutorials",
        .experiment = "poll-events",
        CLAIM_VALUES({"server.POLLHUP_after_the_FIN", 1, 1}),
        .truth = "The peer's FIN gives POLLIN and POLLRDHUP, and recv() gives 0 when all data is "
                 "read. POLLHUP comes when both directions are shut, or after a RST.",
        .nuance = "POLLRDHUP and EPOLLRDHUP have to be asked for. A socket that was never "
                  "connected has POLLHUP, too.",
    },
    {
        .name = "pollhup-excludes-pollout",
        .says = "POLLHUP and POLLOUT are mutually exclusive; a stream can never be writable if a "
                "hangup has occurred.",
        .source = "POSIX.1, poll()",
        .experiment = "poll-events",
        CLAIM_VALUES({"server.POLLHUP_after_both_FINs", 1, 1},
                     {"server.POLLOUT_after_both_FINs", 0, 0}),
        .truth = "TCP on Linux gives both: POLLOUT says that a write would not wait, and here it "
                 "would fail at once.",
    },
    {
        .name = "pollout-write-succeeds",
        .says = "When poll() gives POLLOUT a write of one byte succeeds.",
        .source = "common wording",
        .experiment = "poll-events",
        CLAIM_VALUES({"client.POLLOUT_after_its_own_FIN", 1, 1}, {"client.send", 0, 0}),
        .truth = "It does not wait. It may fail: with EPIPE after this end's own "
                 "shutdown(SHUT_WR), and after a RST.",
    },
    {
        .name = "non-blocking-close",
        .says = "close() of a non-blocking socket never blocks.",
        .source = "common wording; Stevens, UNIX Network Programming, volume 1, 7.5, on SO_LINGER",
        .experiment = "linger-waits",
        CLAIM_VALUES({"client.close_took", 0, 0.5}),
        .truth = "With SO_LINGER on and a time it waits, for that time at most, until all is "
                 "acknowledged: nobody asks about O_NONBLOCK.",
        .nuance =
            "Without SO_LINGER close() never waits for the peer, whether the socket blocks or not.",
    },
    {
        .name = "linger-ewouldblock",
        .says = "If the linger time expires before the remaining data is sent and acknowledged, "
                "close returns EWOULDBLOCK.",
        .source = "Stevens, UNIX Network Programming, volume 1, 7.5, on SO_LINGER",
        .experiment = "linger-waits",
        CLAIM_SETS("blocking=yes"),
        CLAIM_VALUES({"client.close", EWOULDBLOCK, EWOULDBLOCK}),
        .truth = "It gives 0, as if all were well. Who must know asks before: shutdown(SHUT_WR), "
                 "and then recv() until it gives 0; or ioctl(SIOCOUTQ).",
    },
    {
        .name = "linger-discards",
        .says = "When the linger time expires, any remaining data in the send buffer is discarded.",
        .source = "Stevens, UNIX Network Programming, volume 1, 7.5, on SO_LINGER",
        .experiment = "linger-waits",
        CLAIM_VALUES({"server.bytes_received", 0, 0}),
        .truth =
            "The kernel goes on to send it, as after a close() without SO_LINGER: all of it came.",
        .nuance = "With a linger time of 0 s it is so: close() sends RST, and what was not "
                  "acknowledged is not sent again.",
    },
    {
        .name = "linger-peer-has-read",
        .says = "With SO_LINGER a close() that is back before its time tells that the peer has got "
                "the data.",
        .source = "common wording",
        .experiment = "linger-waits",
        CLAIM_SETS("data=arrives", "linger=10"),
        CLAIM_VALUES({"client.close_took", 0, 9}, {"client.close", 0, 0},
                     {"server.bytes_received", 1000, 1000}),
        .nuance =
            "It is the peer's kernel that has it: its program may never read it, and a close() "
            "that gave up gives 0 as well. A RST or a signal also ends the wait early.",
    },
    {
        .name = "rst-in-window-kills",
        .says = "A RST ends a connection if its sequence number is anywhere in the window.",
        .source = "RFC 793, 3.4",
        .experiment = "forged-reset",
        CLAIM_VALUES({"server.ESTABLISHED_after", 0, 0}),
        .truth = "In ESTABLISHED only one with exactly the next number; elsewhere in the window it "
                 "is answered by a challenge ACK (RFC 5961).",
        .since = "Linux 3.6",
        .nuance = "Two other numbers are believed as well: the end of the highest block that SACK "
                  "has told of, and after the FIN of the other end the one before the next.",
    },
    {
        .name = "rst-exact-kills",
        .says = "A RST with exactly the next sequence number ends a connection, even a forged one.",
        .source = "RFC 5961, 3.2",
        .experiment = "forged-reset",
        CLAIM_SETS("number=exact"),
        CLAIM_VALUES({"server.ESTABLISHED_after", 0, 0}, {"server.error", ECONNRESET, ECONNRESET}),
        .nuance = "Somebody who cannot read the connection must hit one number of 4294967296, and "
                  "know both ports.",
    },
    {
        .name = "every-rst-is-challenged",
        .says = "Every RST in the window whose number is not the next one is answered by a "
                "challenge ACK.",
        .source = "RFC 5961, 3.2",
        .experiment = "forged-reset",
        CLAIM_VALUES({"server.challenge_ACKs", 2, 2}),
        .truth = "A connection sends one such ACK in tcp_invalid_ratelimit, 500 ms.",
        .since = "about Linux 4.0",
    },
    {NULL},
};
