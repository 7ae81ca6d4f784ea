/* Claims about the opening of connections. */
#include "bench/claims/claim.h"

const struct claim claims_of_opening[] = {
    {
        .name = "three-way-handshake",
        .says = "A connection is opened by three segments, SYN, SYN-ACK and ACK, and then both ends are ESTABLISHED.",
        .source = "Stevens, TCP/IP Illustrated; RFC 9293",
        .experiment = "handshake",
        CLAIM_VALUES({"client.segments_in_all", 3, 3}, {"client.SYN_SENT_after_SYN", 1, 1},
                     {"server.SYN_RECV_after_SYN_ACK", 1, 1}, {"client.ESTABLISHED", 1, 1},
                     {"server.ESTABLISHED", 1, 1}),
        .nuance =
            "The drawing hides that the listener stays in LISTEN, and that SYN_RECV is a small request beside it.",
    },
    {
        .name = "syn-takes-a-number",
        .says = "A SYN takes one sequence number, so each end acknowledges the first number of the other + 1.",
        .source = "RFC 9293",
        .experiment = "handshake",
        CLAIM_VALUES({"server.acknowledges_first_plus", 1, 1}, {"client.acknowledges_first_plus", 1, 1}),
    },
    {
        .name = "established-together",
        .says = "When connect() returns, the connection is ESTABLISHED at the server, too.",
        .source = "many tutorials",
        .experiment = "handshake",
        CLAIM_VALUES({"client.ESTABLISHED_after_ACK", 1, 1}, {"server.SYN_RECV_after_ACK", 0, 0}),
        .truth = "The client is ESTABLISHED when the SYN-ACK has come, half a round trip before the server is, which "
                 "still has a half-open request then.",
        .nuance =
            "The third ACK may be lost, or ignored because the accept queue is full: then only the client believes "
            "in the connection.",
    },
    {
        .name = "accept-opens",
        .says = "The handshake is completed by the server's accept(): until it is called, connect() does not return.",
        .source = "many tutorials",
        .experiment = "handshake",
        CLAIM_VALUES({"client.ESTABLISHED", 0, 0}, {"ledger.queued", 0, 0}),
        .truth =
            "The server's kernel completes it alone. The connection is ESTABLISHED and waits in the accept queue; "
            "accept() only hands it to the program.",
    },
    {NULL},
};
