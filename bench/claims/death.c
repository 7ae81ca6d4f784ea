/* Claims about dead peers: keepalive, retransmission, and when the kernel gives up. */
#include "bench/claims/claim.h"

#include <errno.h>

const struct claim claims_of_death[] = {
    {
        .name = "keepalive-75-minutes",
        .says =
            "Keepalive waits two hours, then sends a probe every 75 minutes, ten probes in all.",
        .source = "many blog posts",
        .experiment = "handshake",
        CLAIM_VALUES({"net.ipv4.tcp_keepalive_time", 7200, 7200},
                     {"net.ipv4.tcp_keepalive_intvl", 4500, 4500},
                     {"net.ipv4.tcp_keepalive_probes", 10, 10}),
        .truth = "Two hours, then a probe every 75 seconds, nine probes: a dead peer is found out "
                 "after 2 h 11 min 15 s at least, if SO_KEEPALIVE is set and no data is "
                 "unacknowledged or unsent.",
    },
    {
        .name = "keepalive-is-on",
        .says = "TCP finds out by keepalive when a peer is gone, after two hours if nothing was "
                "configured.",
        .source = "many blog posts",
        .experiment = "retransmission-give-up",
        CLAIM_SETS("retries2=3", "delay=400ms", "net.ipv4.tcp_keepalive_time=1",
                   "net.ipv4.tcp_keepalive_intvl=1", "net.ipv4.tcp_keepalive_probes=1"),
        CLAIM_VALUES({"server.ESTABLISHED", 0, 0}),
        .truth = "Only for a program that asks for it by SO_KEEPALIVE: the sysctls merely say how. "
                 "Here they would have ended the server's connection after two seconds, and it "
                 "outlasted all of the run. And with it not while data is unacknowledged or "
                 "unsent: then tcp_retries2 decides.",
    },
    {
        .name = "keepalive-arithmetic",
        .says = "A dead peer is found out after tcp_keepalive_time + tcp_keepalive_probes x "
                "tcp_keepalive_intvl, and the program gets ETIMEDOUT.",
        .source = "tcp(7); ip-sysctl.rst",
        .experiment = "keepalive-dead-peer",
        CLAIM_SETS("idle=2", "interval=1", "probes=3"),
        CLAIM_VALUES({"client.probes", 3, 3}, {"client.given_up", 4.9, 5.9},
                     {"client.error", ETIMEDOUT, ETIMEDOUT}),
        .nuance = "Not while data is unacknowledged or unsent: then no probe is sent (claim "
                  "keepalive-finds-every-peer). TCP_USER_TIMEOUT takes the place of the number of "
                  "probes, and an ICMP error that came meanwhile that of ETIMEDOUT.",
    },
    {
        .name = "reboot-answers-rst",
        .says = "A peer that was rebooted answers the next probe by RST, and the program gets "
                "ECONNRESET.",
        .source = "Stevens, TCP/IP Illustrated",
        .experiment = "keepalive-reboot",
        CLAIM_VALUES({"server.resets", 1, 1}, {"client.error", ECONNRESET, ECONNRESET}),
        .nuance = "Not where a firewall drops what belongs to no connection.",
    },
    {
        .name = "retries2-is-a-count",
        .says = "tcp_retries2 is how often a segment is sent again before the connection is given "
                "up: 3 means three times, the default 15 fifteen times.",
        .source = "tcp(7)",
        .experiment = "retransmission-give-up",
        CLAIM_SETS("retries2=3", "delay=400ms"),
        CLAIM_VALUES({"client.sent_again", 3, 3}),
        .truth = "It is turned into a time, as if the first wait were 200 ms. How many "
                 "retransmissions go into that depends on the round trip time of the path.",
        .since = "Linux 2.6.32, 2009",
    },
    {
        .name = "retries2-15-takes-924",
        .says = "A connection is given up 924.6 s after it fell silent with the default "
                "tcp_retries2 = 15, and 3 s after it with 3.",
        .source = "many blog posts, after ip-sysctl.rst, which calls it a lower bound",
        .experiment = "retransmission-give-up",
        CLAIM_SETS("retries2=3", "delay=400ms"),
        CLAIM_VALUES({"client.given_up_last", 0, 5}),
        .nuance =
            "The time is (2^(n + 1) - 1) x 0.2 s for n up to 9, and 120 s more for each above.",
        .truth = "That is the least. The clock starts at the first retransmission timeout, and "
                 "only the next firing of the timer that finds it over ends the connection: much "
                 "later where round trips are slow.",
    },
    {
        .name = "cable-breaks-connection",
        .says = "When the cable is pulled, the connection breaks.",
        .source = "common sense",
        .experiment = "retransmission-give-up",
        CLAIM_SETS("retries2=3", "delay=400ms"),
        CLAIM_VALUES({"client.given_up_last", 0, 1}, {"server.ESTABLISHED", 0, 0}),
        .truth = "TCP notices nothing but silence. Who sends gives up after a quarter of an hour "
                 "by default; who does not send, and has no SO_KEEPALIVE, stays "
                 "ESTABLISHED for ever.",
    },
    {
        .name = "user-timeout-exact",
        .says = "With TCP_USER_TIMEOUT of 3 s a connection is given up 3 s after data was sent "
                "that nobody acknowledges.",
        .source = "tcp(7)",
        .experiment = "user-timeout",
        CLAIM_SETS("timeout=3s"),
        CLAIM_VALUES({"client.given_up_first", 3, 3.4}),
        .truth = "3 s after the first retransmission timeout, which itself comes some tenths of a "
                 "second after the data, or seconds where round trips are slow.",
    },
    {NULL},
};
