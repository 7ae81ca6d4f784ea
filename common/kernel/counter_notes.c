#include "common/kernel/counter_notes.h"
#include "common/report/page.h"

#include <stddef.h>
#include <string.h>

/* Where each is counted: net/ipv4/tcp.c, tcp_input.c, tcp_output.c, tcp_ipv4.c, tcp_minisocks.c,
 * tcp_timer.c, tcp_fastopen.c, syncookies.c, inet_connection_sock.c, inet_hashtables.c,
 * inet_timewait_sock.c; include/net/tcp.h (ListenDrops, SyncookiesSent). */
static const struct {
    const char *name, *note;
} counter_notes[] = {
    {"Tcp.ActiveOpens", "first SYNs sent: connect(), Fast Open"},
    {"Tcp.PassiveOpens", "connections made for an accept queue"},
    {"Tcp.AttemptFails", "an error, RST or SYN before ESTABLISHED"},
    {"Tcp.EstabResets", "ended at once: ESTABLISHED, CLOSE_WAIT"},
    {"Tcp.OutRsts", "RST segments sent"},
    {"Tcp.RetransSegs", "segments sent again, SYNs among them"},
    {"Tcp.InErrs", "bad segments; SYNs in ESTABLISHED"},
    {"TcpExt.ListenOverflows", "accept queue full at a SYN or third ACK"},
    {"TcpExt.ListenDrops", "SYNs, third ACKs: no room, route, memory"},
    {"TcpExt.TCPReqQFullDoCookies", "full SYN queue or always: cookie chosen"},
    {"TcpExt.TCPReqQFullDrop", "SYN queue full, no cookies: SYN dropped"},
    {"TcpExt.SyncookiesSent", "SYN cookies sent: the server kept nothing"},
    {"TcpExt.SyncookiesRecv", "ACKs that brought a good cookie back"},
    {"TcpExt.SyncookiesFailed", "bad cookies, in 2 min after a cookie"},
    {"TcpExt.TCPTimeouts", "retransmission timers that ran out"},
    {"TcpExt.TCPSynRetrans", "SYNs and SYN-ACKs sent again"},
    {"TcpExt.TCPSYNChallenge", "SYNs, SYN-ACKs for an open connection"},
    {"TcpExt.TCPChallengeACK", "ACKs sent to question a SYN, RST or ACK"},
    {"TcpExt.EmbryonicRsts", "half-open requests ended by a RST"},
    {"TcpExt.TCPAbortOnData", "RST: SO_LINGER 0, TCP_LINGER2 < 0, data"},
    {"TcpExt.TCPAbortOnClose", "closed with unread data: RST"},
    {"TcpExt.TCPAbortOnLinger", "close() in FIN_WAIT_2, TCP_LINGER2 < 0"},
    {"TcpExt.TCPAbortOnTimeout", "connections given up: it took too long"},
    {"TcpExt.TCPAbortOnMemory", "orphans ended: tcp_max_orphans, tcp_mem"},
    {"TcpExt.TW", "minisockets made for more than 4 s"},
    {"TcpExt.TWKilled", "minisockets made for 4 s or less"},
    {"TcpExt.TWRecycled", "TIME_WAIT ports taken by a new connect()"},
    {"TcpExt.TCPTimeWaitOverflow", "no minisocket: tcp_max_tw_buckets reached"},
    {"TcpExt.TCPKeepAlive", "keepalive probes sent"},
    {"TcpExt.TCPWinProbe", "empty probes of a closed window sent"},
    {"TcpExt.TCPToZeroWindowAdv", "own windows that closed"},
    {"TcpExt.TCPFromZeroWindowAdv", "own windows that opened again"},
    {"TcpExt.TCPACKSkippedSeq", "out of window: ACK kept back (500 ms)"},
    {"TcpExt.TCPDeferAcceptDrop", "third ACKs ignored by TCP_DEFER_ACCEPT"},
    {"TcpExt.TCPFastOpenPassive", "connections made by Fast Open's SYN"},
    {"TcpExt.TCPFastOpenListenOverflow", "fast-open queue full: ordinary handshake"},
    {"TcpExt.TCPMigrateReqSuccess", "moved to another listener, complete or not"},
};

const char *counter_note(const char *name)
{
    for (size_t i = 0; i < sizeof(counter_notes) / sizeof(*counter_notes); i++)
        if (!strcmp(counter_notes[i].name, name))
            return counter_notes[i].note;
    return NULL;
}

json_t *counter_notes_only(const json_t *counters)
{
    json_t *noted = json_object(), *value;
    const char *name;
    json_object_foreach((json_t *)counters, name, value)
    {
        if (counter_note(name))
            json_object_set(noted, name, value);
    }
    return noted;
}

void counter_notes_page(FILE *out, const json_t *counters)
{
    json_t *shown = json_object(), *value;
    const char *name;
    json_object_foreach((json_t *)counters, name, value)
    {
        if (counter_note(name))
            json_object_set(shown, name, value);
    }
    if (json_object_size(shown)) {
        page_title(out, "Kernel counters that moved (whole network namespace)");
        page_counts(out, shown, SIZE_MAX, counter_note);
        page_by_hand(out, "nstat -az 'Tcp*'");
    }
    json_decref(shown);
}
