/* Claims about what netstat and its one-liners show. */
#include "bench/claims/claim.h"

const struct claim claims_of_tools[] = {
    {
        .name = "established-is-accepted",
        .says = "What netstat counts as ESTABLISHED on a server are the connections that its "
                "program has.",
        .source = "many blog posts, with netstat -n | awk '/^tcp/ {++S[$NF]} END {for (a in S) "
                  "print a, S[a]}'",
        .experiment = "syn-cookie-ghosts",
        CLAIM_VALUES({"ledger.accepted", 0, 0}, {"server.ESTABLISHED", 0, 0}),
        .truth = "Those in the accept queue are counted as well; this program has accepted none. "
                 "netstat -p, run as root, shows no program for them, and ss -tln counts them in "
                 "Recv-Q of the listener.",
    },
    {
        .name = "both-ends-count-alike",
        .says = "Client and server count the same connections as ESTABLISHED.",
        .source = "many blog posts, with netstat -n | awk '/^tcp/ {++S[$NF]} END {for (a in S) "
                  "print a, S[a]}'",
        .experiment = "syn-cookie-ghosts",
        CLAIM_VALUES({"client.ESTABLISHED", 20, 20}, {"server.ESTABLISHED", 20, 20}),
        .truth = "A client may be ESTABLISHED with nobody: when its final ACK was dropped, the "
                 "server has a half-open request, or after a SYN cookie nothing at all.",
    },
    {
        .name = "half-open-are-seen",
        .says = "netstat shows each half-open connection as SYN_RECV.",
        .source = "many blog posts on SYN floods",
        .experiment = "syn-queue-full",
        CLAIM_SETS("backlog=4", "clients=12", "syncookies=1"),
        CLAIM_VALUES({"server.SYN_RECV_while_held", 12, 12}),
        .truth =
            "netstat shows only the requests in the SYN queue. The kernel answered the other SYNs "
            "by SYN cookies and keeps nothing of them: nstat counts them as SyncookiesSent.",
    },
    {
        .name = "overflows-are-lost",
        .says = "ListenOverflows, \"times the listen queue of a socket overflowed\" of netstat -s, "
                "is the number of connections that were lost.",
        .source = "common wording in troubleshooting guides",
        .experiment = "third-ack-dropped",
        CLAIM_VALUES({"server.accepted_in_the_end", 11, 11},
                     {"server.TcpExt.ListenOverflows", 0, 0}),
        .truth =
            "It counts SYNs and final ACKs that met a full accept queue, and the same connection "
            "again when it tries again: here it had moved, and all eleven were accepted in the "
            "end.",
        .nuance = "What it shows is that the program accepts too slowly, or that its queue is too "
                  "short; how many clients gave up only they know.",
    },
    {
        .name = "currestab-is-established",
        .says = "CurrEstab, \"connections established\" of netstat -s, counts the connections in "
                "ESTABLISHED.",
        .source = "its name",
        .experiment = "close-wait-leak",
        CLAIM_VALUES({"server.CurrEstab_in_the_end", 0, 0}),
        .truth = "Those in CLOSE_WAIT are counted, too, as RFC 4022 has it: a leak of them looks "
                 "like a busy server.",
        .since = "Linux 6.10 and stable kernels of mid-2024, such as 5.10.223",
    },
    {
        .name = "tw-counts-time-wait",
        .says = "The counter TW, \"TCP sockets finished time wait in fast timer\" of netstat -s, "
                "counts sockets that were in TIME_WAIT.",
        .source = "its text in netstat -s",
        .experiment = "fin-wait-2-timeout",
        CLAIM_SETS("fin_timeout=5", "kill=yes"),
        CLAIM_VALUES({"client.TcpExt.TW_in_the_end", 0, 0}),
        .truth = "It counts the making of time-wait sockets that are to last more than 4 s, and "
                 "those stand for FIN_WAIT_2 as well: here none was ever in TIME_WAIT. The others "
                 "count as TWKilled, \"in slow timer\".",
    },
    {
        .name = "one-liner-per-peer",
        .says = "netstat -nat | awk '{print $5}' | cut -d: -f1 | sort | uniq -c | sort -n counts "
                "the connections of each remote address.",
        .source = "very many blog posts",
        .not_run = "it is about netstat, awk and cut, not about the kernel",
        .truth = "It cuts IPv6 addresses at their first colon: 2001:db8::1 and 2001:db8:1::1 are "
                 "both counted as 2001. It counts listeners and two words of the heading, and over "
                 "loopback each connection twice, once for each end. tcplab-server's report has "
                 "the table as peers.",
    },
    {
        .name = "one-liner-per-state",
        .says = "netstat -n | awk '/^tcp/ {++S[$NF]} END {for (a in S) print a, S[a]}' counts the "
                "sockets in each state.",
        .source = "very many blog posts",
        .not_run = "it is about netstat and awk, not about the kernel",
        .truth = "Without -a listeners are left out; with -p or -o the last column is no state. "
                 "Over loopback both ends are counted. tcplab-server's report has the table of the "
                 "server's port as states.",
        .nuance = "What the numbers then mean is another matter: see established-is-accepted and "
                  "half-open-are-seen.",
    },
    {NULL},
};
