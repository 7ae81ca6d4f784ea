/* The text report of tcplab-server, out of its report document alone. */
#include "common/kernel/counter_notes.h"
#include "common/metric/thresholds.h"
#include "common/report/page.h"
#include "common/text/human.h"
#include "server/report.h"

#include <string.h>

const char *report_rule(int64_t backlog, int64_t somaxconn, uint32_t limit,
                        char text[static REPORT_RULE_MAX])
{
    char cap[HUMAN_MAX] = "somaxconn";
    int length = 0;
    if (somaxconn >= 0)
        snprintf(cap, sizeof(cap), "%lld", (long long)somaxconn);
    if (backlog < 0) /* __sys_listen() compares it as an unsigned number */
        length = snprintf(text, REPORT_RULE_MAX, "a negative backlog is a huge one: ");
    snprintf(text + length, (size_t)(REPORT_RULE_MAX - length),
             "the queue holds min(backlog, somaxconn) + 1 = min(%u, %s) + 1 = %llu connection%s",
             (unsigned)backlog, cap, limit + 1ULL, limit ? "s" : "");
    return text;
}

static void queue(FILE *out, const json_t *d)
{
    char rule[REPORT_RULE_MAX];
    const json_t *somaxconn = json_object_get(json_object_get(d, "listener"), "somaxconn");
    int port = (int)page_integer(d, "listener", "port", NULL);
    int64_t listeners = page_integer(d, "listener", "listeners", NULL);
    page_title(out, "Accept queue");
    report_rule(page_integer(d, "listener", "backlog", NULL),
                json_is_integer(somaxconn) ? json_integer_value(somaxconn) : -1,
                (uint32_t)page_integer(d, "listener", "queue_limit", NULL), rule);
    rule[0] = rule[0] == 't' ? 'T' : 'A';
    if (listeners > 1)
        page_text(out, "%s, at each of %lld listeners.", rule, (long long)listeners);
    else
        page_text(out, "%s.", rule);
    page_count(out, "limit", page_integer(d, "listener", "queue_limit", NULL),
               "set by the kernel at listen()");
    page_count(out, "waiting now", page_integer(d, "listener", "queue_now", NULL),
               "established, not accepted yet");
    page_count(out, "longest seen", page_integer(d, "listener", "queue_peak", NULL), NULL);
    page_count(out, "drops", page_integer(d, "listener", "drops", NULL),
               "SYNs and third ACKs (some ACKs count 2)");
    page_by_hand(out, "ss -ltnm 'sport = :%d'   (Recv-Q waiting, Send-Q limit, d drops)", port);
}

static void connections(FILE *out, const json_t *d)
{
    const json_t *c = json_object_get(d, "connections");
    char text[HUMAN_MAX];
    page_title(out, "Connections");
    page_count(out, "accepted", page_integer(c, "accepted", NULL), NULL);
    page_count(out, "still open", page_integer(c, "open", NULL), NULL);
    page_count(out, "closed by the peer", page_integer(c, "closed_by_peer", NULL),
               "its FIN came first");
    page_count(out, "closed by the server", page_integer(c, "closed_by_server", NULL), NULL);
    page_count(out, "reset by the peer", page_integer(c, "reset_by_peer", NULL), NULL);
    if (page_integer(c, "timed_out", NULL))
        page_count(out, "timed out", page_integer(c, "timed_out", NULL), "given up by the kernel");
    if (page_integer(c, "accept_errors", NULL))
        page_count(out, "accept() errors", page_integer(c, "accept_errors", NULL),
                   "most often: out of descriptors");
    if (page_integer(c, "file_tables", NULL) > 1)
        page_count(out, "file tables", page_integer(c, "file_tables", NULL),
                   "each full one got a successor (ulimit -n)");
    page_row(out, "received", human_bytes((uint64_t)page_integer(d, "bytes_received", NULL), text),
             NULL);
    page_row(out, "sent", human_bytes((uint64_t)page_integer(d, "bytes_sent", NULL), text), NULL);
    double rate = json_real_value(json_object_get(json_object_get(d, "rates"), "accepts_per_s"));
    if (rate > 0)
        page_row(out, "accepted per second", human_rate(rate, text),
                 "between the first and the last");
    page_cost(out, json_object_get(d, "cpu"));
    if (json_is_number(json_object_get(d, "accept_delay_ended_s")))
        page_row(
            out, "accept delay ended",
            human_us(json_number_value(json_object_get(d, "accept_delay_ended_s")) * 1e6, text),
            "by SIGUSR1");
}

static void sockets(FILE *out, const json_t *d)
{
    int port = (int)page_integer(d, "listener", "port", NULL);
    if (!json_is_object(json_object_get(d, "states")))
        return;
    page_title(out, "Sockets on port %d", port);
    page_counts(out, json_object_get(d, "states"), 16, NULL);
    page_by_hand(out, "ss -tan 'sport = :%d'", port);
    if (!json_object_size(json_object_get(d, "peers")))
        return;
    page_title(out, "Connections per remote address");
    page_counts(out, json_object_get(d, "peers"), 10, NULL);
    page_by_hand(
        out, "ss -Htn 'sport = :%d' | awk '{print $5}' | sed 's/:[^:]*$//' | sort | uniq -c", port);
}

static void report_text_sysctls(FILE *out, const json_t *d)
{
    const json_t *sysctls = json_object_get(d, "sysctls");
    size_t i;
    json_t *change;
    if (!json_array_size(sysctls))
        return;
    page_title(out, "Sysctls");
    json_array_foreach((json_t *)sysctls, i, change)
    {
        page_text(out, "%s: %s before, %s during the run, %s",
                  json_string_value(json_object_get(change, "key")),
                  json_string_value(json_object_get(change, "before")),
                  json_string_value(json_object_get(change, "set")),
                  json_is_true(json_object_get(change, "restored"))
                      ? "put back"
                      : "NOT put back (see the messages)");
    }
}

static int64_t counter(const json_t *d, const char *name)
{
    return page_integer(d, "counters", name, NULL);
}

/* Sentences that explain the figures, each only if its figures are there. The counters are those of
 * the whole namespace, so they are about this server only if its own listener dropped something. */
static void overflow(FILE *out, const json_t *d)
{
    char a[HUMAN_MAX];
    int64_t overflows = counter(d, "TcpExt.ListenOverflows"),
            drops = page_integer(d, "listener", "drops", NULL);
    int64_t no_cookie = counter(d, "TcpExt.TCPReqQFullDrop");
    int64_t deferred = counter(d, "TcpExt.TCPDeferAcceptDrop");
    if (drops && overflows)
        page_text(
            out,
            "The accept queue was full %s times when a SYN or a third ACK came. The kernel dropped "
            "it and told nobody (a third ACK gets RST if tcp_abort_on_overflow is 1): a client "
            "whose "
            "SYN was dropped sends it again after 1 s, and again, until there is room or it gives "
            "up. See connect_rungs in the client's report.",
            human_count(overflows, a));
    if (drops && no_cookie)
        page_text(out,
                  "%s SYNs met a full SYN queue (it holds as many as the accept queue) and were "
                  "dropped: SYN cookies are off (net.ipv4.tcp_syncookies).",
                  human_count(no_cookie, a));
    if (drops && deferred)
        page_text(out,
                  "%s of the drops are bare ACKs that TCP_DEFER_ACCEPT ignores by design: those "
                  "connections wait for their first data, nothing is lost.",
                  human_count(deferred, a));
}

static void report_text_cookies(FILE *out, const json_t *d)
{
    char a[HUMAN_MAX], b[HUMAN_MAX], c[HUMAN_MAX];
    page_text(
        out,
        "%s SYN-ACKs went out as SYN cookies: more handshakes were under way than the SYN queue "
        "holds, or net.ipv4.tcp_syncookies is 2. A client counts such a handshake as established "
        "at once; if its ACK then meets a full accept queue, the kernel drops it and remembers "
        "nothing: a ghost, a connection with one end, until a later segment of the client brings "
        "the cookie again. Accepted (%s) plus waiting (%s) is what has arrived; what the client "
        "counts as established beyond that is a ghost, or still half-open (SYN_RECV above).",
        human_count(counter(d, "TcpExt.SyncookiesSent"), a),
        human_count(page_integer(d, "connections", "accepted", NULL), b),
        human_count(page_integer(d, "listener", "queue_now", NULL), c));
}

static void starved(FILE *out, int64_t max_descriptors, int64_t failed)
{
    char a[HUMAN_MAX], b[HUMAN_MAX];
    page_text(out,
              "accept() failed %s times with EMFILE: this server may have %s descriptors "
              "(--max-descriptors), and all of them were in use. What it did not accept stayed in "
              "the queue, established for the client, until a descriptor came free.",
              human_count(failed, a), human_count(max_descriptors, b));
}

static void meaning(FILE *out, const json_t *d)
{
    char a[HUMAN_MAX];
    int64_t max_descriptors = page_integer(d, "settings", "max_descriptors", NULL);
    int64_t failed = max_descriptors ? page_integer(d, "connections", "accept_errors", NULL) : 0;
    int64_t drops = page_integer(d, "listener", "drops", NULL),
            now = page_integer(d, "listener", "queue_now", NULL);
    int64_t cookies = counter(d, "TcpExt.SyncookiesSent"),
            held = page_integer(d, "states", "CLOSE_WAIT", NULL);
    if (!drops && !cookies && !now && !held && !failed)
        return;
    page_title(out, "What this shows");
    if (failed)
        starved(out, max_descriptors, failed);
    overflow(out, d);
    if (now)
        page_text(out,
                  "%s connection%s in the accept queue: the handshake is done, the client was told "
                  "so (and may have sent or closed since), and accept() never took %s.",
                  human_count(now, a), now == 1 ? " is" : "s are", now == 1 ? "it" : "them");
    if (cookies)
        report_text_cookies(out, d);
    if (held)
        page_text(out,
                  "%s socket%s in CLOSE_WAIT: the peer has closed, this server has not. No timer "
                  "of the kernel ends that, only the application.",
                  human_count(held, a), held == 1 ? " is" : "s are");
}

void report_text(FILE *out, const json_t *d)
{
    char elapsed[HUMAN_MAX];
    const char *address =
        json_string_value(json_object_get(json_object_get(d, "listener"), "address"));
    address = address ? address : "several addresses,"; /* merged */
    fprintf(out, "%s %s on Linux %s: %s%s%s port %d, %s\n",
            json_string_value(json_object_get(d, "program")),
            json_string_value(json_object_get(d, "version")),
            json_string_value(json_object_get(d, "kernel")), strchr(address, ':') ? "[" : "",
            address, strchr(address, ':') ? "]" : "",
            (int)page_integer(d, "listener", "port", NULL),
            human_us(json_real_value(json_object_get(d, "elapsed_s")) * 1e6, elapsed));
    queue(out, d);
    connections(out, d);
    sockets(out, d);
    counter_notes_page(out, json_object_get(d, "counters"));
    report_text_sysctls(out, d);
    meaning(out, d);
    thresholds_text(out, json_object_get(d, "thresholds"));
}
