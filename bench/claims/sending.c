/* Claims about data that waits: behind a closed window, and behind an acknowledgement that does not
 * come. */
#include "bench/claims/claim.h"

#include <errno.h>
#include <math.h>

const struct claim claims_of_sending[] = {
    {
        .name = "zero-window-for-ever",
        .says = "A sender stays open as long as the receiver answers its window probes, however "
                "long the window is closed.",
        .source = "RFC 1122, 4.2.2.17; RFC 9293, 3.8.6.1",
        .experiment = "zero-window",
        CLAIM_VALUES({"client.ESTABLISHED_while_closed", 1, 1},
                     {"client.TcpExt.TCPAbortOnTimeout", 0, 0}),
        .nuance = "Not with TCP_USER_TIMEOUT, with a tcp_retries2 below 2 (see "
                  "zero-window-survives-retries2), or after close(): then the sender by default "
                  "gives up when the waits have grown to 120 s.",
    },
    {
        .name = "zero-window-doubles",
        .says = "The first window probe is sent after one retransmission timeout, and each next "
                "one after twice as long.",
        .source = "RFC 1122, 4.2.2.17",
        .experiment = "zero-window",
        CLAIM_VALUES({"client.probe_1", 0.2, 0.3}, {"client.probe_2", 0.6, 0.9},
                     {"client.probe_3", 1.4, 2}, {"client.probe_4", 3, 4}),
        .nuance = "Up to 120 s (tcp_rto_max_ms, from about Linux 6.15 on), and tcp_retries2 "
                  "doublings at most.",
    },
    {
        .name = "zero-window-all-answered",
        .says = "A receiver with a closed window answers every window probe by an ACK.",
        .source = "RFC 9293, 3.8.6.1; Stevens, TCP/IP Illustrated",
        .experiment = "zero-window",
        CLAIM_VALUES({"server.answers_to_probe_1", 1, 1}, {"server.answers_to_probe_2", 1, 1}),
        .truth = "It answers empty segments with an old number only when tcp_invalid_ratelimit "
                 "(500 ms) is over since it answered the last. On a fast path the second probe "
                 "comes 400 ms after the first, and gets none.",
        .since = "about Linux 4.0",
    },
    {
        .name = "zero-window-survives-retries2",
        .says = "tcp_retries2 cannot end a connection whose receiver is alive and merely does not "
                "read.",
        .source = "RFC 1122, 4.2.2.17",
        .experiment = "zero-window",
        CLAIM_SETS("retries2=1"),
        CLAIM_VALUES({"client.TcpExt.TCPAbortOnTimeout", 0, 0}),
        .truth = "With tcp_retries2 = 1 one probe without an answer is enough, and the second one "
                 "gets none here because of tcp_invalid_ratelimit: a healthy connection ends after "
                 "1.1 s. From 2 on it is true with the default of tcp_invalid_ratelimit, as long "
                 "as no probe or answer is lost.",
        .since = "about Linux 4.0",
    },
    {
        .name = "zero-window-one-byte",
        .says = "A window probe carries one byte of data, which the receiver does not take.",
        .source = "Stevens, TCP/IP Illustrated",
        .experiment = "zero-window",
        CLAIM_VALUES({"client.bytes_in_probes", 1, INFINITY}),
        .truth = "It is an empty ACK with the number of the last byte that was acknowledged, as "
                 "a keepalive probe is. Only a window that is open, but too small for the next "
                 "segment, is probed with data.",
    },
    {
        .name = "zero-window-five-seconds",
        .says = "The persist timer waits 5 s before the first window probe, and never longer than "
                "60 s.",
        .source = "Stevens, TCP/IP Illustrated, of BSD",
        .experiment = "zero-window",
        CLAIM_VALUES({"client.probe_1", 5, 6}),
        .truth = "It waits one retransmission timeout, 200 ms at least, and the longest wait is "
                 "120 s (tcp_rto_max_ms, from about Linux 6.15 on).",
    },
    {
        .name = "zero-window-user-timeout",
        .says = "TCP_USER_TIMEOUT of 2 s also ends a connection whose data cannot be sent for 2 s "
                "because the receiver's window is closed.",
        .source = "tcp(7)",
        .experiment = "zero-window",
        CLAIM_SETS("user_timeout=2s"),
        CLAIM_VALUES({"client.error", ETIMEDOUT, ETIMEDOUT}, {"client.given_up_last", 0, 2.5}),
        .nuance =
            "It counts from the first window probe on, and the answers to the probes do not help.",
    },
    {
        .name = "keepalive-finds-every-peer",
        .says = "With SO_KEEPALIVE a dead peer is found out after idle + probes x interval, "
                "whatever the connection does.",
        .source = "many blog posts",
        .experiment = "keepalive-behind-data",
        CLAIM_VALUES({"client.idle_given_up", 2.9, 3.3}, {"client.ESTABLISHED_behind_data", 0, 0}),
        .truth = "Only where nothing is unacknowledged or unsent. Otherwise retransmission finds "
                 "it out, or window probes where all of it is unsent, after tcp_retries2: 924.6 s "
                 "and more by default. TCP_USER_TIMEOUT limits all of them.",
    },
    {
        .name = "keepalive-probes-with-data",
        .says = "Keepalive probes go out when nothing has been received for the idle time, also "
                "while data is unacknowledged.",
        .source = "programs that set SO_KEEPALIVE, and nothing else, against dead peers",
        .experiment = "keepalive-behind-data",
        CLAIM_VALUES({"client.probes_behind_data", 1, INFINITY}),
        .truth = "The keepalive timer only sets itself again while data is unacknowledged or "
                 "unsent: retransmissions or window probes ask the same question.",
    },
    {
        .name = "user-timeout-limits-both",
        .says = "TCP_USER_TIMEOUT of 2 s beside SO_KEEPALIVE ends a connection to a dead peer "
                "within some seconds, be it idle or with data under way.",
        .source = "Cloudflare, When TCP sockets refuse to die",
        .experiment = "keepalive-behind-data",
        CLAIM_SETS("user_timeout=2s"),
        CLAIM_VALUES({"client.idle_given_up", 1.9, 4}, {"client.data_given_up_last", 0, 4}),
        .nuance = "An idle one ends at a firing of its keepalive timer: with the default "
                  "tcp_keepalive_time that takes two hours. One with data ends that long after its "
                  "first retransmission timeout.",
    },
    {
        .name = "nagle-200-ms",
        .says = "Two small writes and a read cost 200 ms: Nagle's algorithm waits for an ACK that "
                "is delayed so long.",
        .source =
            "common wording; Stevens, TCP/IP Illustrated, Volume 1 (1994), 19.3, has the 200 ms",
        .experiment = "nagle-delayed-ack",
        CLAIM_SETS("quickack=off"),
        CLAIM_VALUES({"server.ACK_after_1", 0.195, 0.26}),
        .truth = "40 ms, if the round trip is shorter than that. And nothing at all as long as the "
                 "receiver is in quickack mode, or with TCP_NODELAY.",
        .nuance = "With a longer round trip the delay may grow, up to that and to 200 ms.",
    },
    {
        .name = "delayed-ack-from-the-first",
        .says = "The ACK of a small segment is delayed from the first data of a connection on.",
        .source = "common wording",
        .experiment = "nagle-delayed-ack",
        CLAIM_VALUES({"server.delayed_ACKs_1", 1, 1}),
        .truth = "A connection begins in quickack mode: up to 16 ACKs are sent at once, until the "
                 "receiver's own answers end that.",
    },
    {
        .name = "quickack-stays",
        .says = "TCP_QUICKACK, set once, turns delayed ACKs off for the connection.",
        .source = "common wording; tcp(7) says that the flag is not permanent",
        .experiment = "nagle-delayed-ack",
        CLAIM_SETS("quickack=once"),
        CLAIM_VALUES({"server.delayed_ACKs_4", 0, 0}),
        .truth = "In ESTABLISHED and CLOSE_WAIT it sends the ACK that is due, if all that came has "
                 "been read. It ends the delay only until this end's next answers: it is no "
                 "lasting switch.",
    },
    {
        .name = "nodelay-sends-at-once",
        .says = "With TCP_NODELAY a second small write does not wait for the ACK of the first.",
        .source = "tcp(7)",
        .experiment = "nagle-delayed-ack",
        CLAIM_SETS("nodelay=yes"),
        CLAIM_VALUES({"client.sent_at_once_1", 2, 2}, {"client.sent_at_once_4", 2, 2}),
        .nuance = "Each write is usually a segment of its own then: one write with all bytes needs "
                  "no option.",
    },
    {NULL},
};
