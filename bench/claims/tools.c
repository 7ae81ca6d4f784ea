/* Claims about what netstat and its one-liners show. */
#include "bench/claims/claim.h"

const struct claim claims_of_tools[] = {
    {
        .name = "established-is-accepted",
        .says = "What netstat counts as ESTABLISHED on a server are the connections that its program has.",
        .source = "many blog posts, with netstat -n | awk '/^tcp/ {++S[$NF]} END {for (a in S) print a, S[a]}'",
        .experiment = "syn-cookie-ghosts",
        CLAIM_VALUES({"ledger.accepted", 0, 0}, {"server.ESTABLISHED", 0, 0}),
        .truth =
            "Those in the accept queue are counted as well; this program has accepted none. They are the ones that "
            "netstat -p shows without a program, and ss -tlnp counts in Recv-Q of the listener.",
    },
    {
        .name = "both-ends-count-alike",
        .says = "Client and server count the same connections as ESTABLISHED.",
        .source = "many blog posts, with netstat -n | awk '/^tcp/ {++S[$NF]} END {for (a in S) print a, S[a]}'",
        .experiment = "syn-cookie-ghosts",
        CLAIM_VALUES({"client.ESTABLISHED", 20, 20}, {"server.ESTABLISHED", 20, 20}),
        .truth =
            "A client may be ESTABLISHED with nobody: when its final ACK was dropped, the server has a half-open "
            "request, or after a SYN cookie nothing at all.",
    },
    {NULL},
};
