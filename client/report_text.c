/* The text report of tcplab-client, out of its report document alone. */
#include "client/report.h"
#include "common/kernel/counter_notes.h"
#include "common/metric/thresholds.h"
#include "common/report/page.h"
#include "common/text/human.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *key, *note;
} report_rows[] = {
    {"established", "handshake done, as this side sees it"},
    {"refused", "RST to the SYN, or a firewall's ICMP that looks the same"},
    {"reset", "RST later on"},
    {"timed_out", "no answer in time (-T, or the kernel's)"},
    {"unreachable", "the kernel, or ICMP, says that it cannot be (see below)"},
    {"no_port", "no local port free for that destination"},
    {"no_fd", "no descriptor or memory left"},
    {"pending", "undecided when the run ended"},
};

static void connections(FILE *out, const json_t *d)
{
    const json_t *c = json_object_get(d, "connections");
    page_title(out, "Connections");
    page_count(out, "attempted", page_integer(c, "attempted", NULL), "the sum of the rows below");
    for (size_t i = 0; i < sizeof(report_rows) / sizeof(*report_rows); i++) {
        int64_t count = page_integer(c, report_rows[i].key, NULL);
        char label[32];
        snprintf(label, sizeof(label), "  %s", report_rows[i].key);
        for (char *p = label; (p = strchr(p, '_'));)
            *p = ' ';
        if (count || i == 0)
            page_count(out, label, count, report_rows[i].note);
    }
    if (page_integer(d, "given_up", NULL))
        page_count(out, "given up", page_integer(d, "given_up", NULL),
                   "of the timed out: they had been established");
    if (page_integer(d, "closed_by_peer", NULL))
        page_count(out, "closed by the peer", page_integer(d, "closed_by_peer", NULL),
                   "its FIN came first");
}

static void report_text_latency(FILE *out, const json_t *d, const char *key, const char *title)
{
    const json_t *latency = json_object_get(d, key);
    const char *name;
    json_t *value;
    char text[HUMAN_MAX];
    if (!page_integer(latency, "count", NULL))
        return;
    page_title(out, "%s", title);
    json_object_foreach((json_t *)latency, name, value)
    {
        char label[32];
        if (!strcmp(name, "count"))
            continue;
        snprintf(label, sizeof(label), "%s", name);
        for (char *p = label; (p = strchr(p, '_'));)
            *p = '.';
        page_row(out, label, human_us(json_number_value(value), text), NULL);
    }
}

static int report_text_bar(int64_t count, int64_t most)
{
    return most ? (int)((count * 30 + most - 1) / most) : 0;
}

static void report_text_rungs(FILE *out, const json_t *d)
{
    const json_t *rungs = json_object_get(d, "connect_rungs");
    size_t i;
    json_t *rung;
    int64_t most = 0;
    json_array_foreach((json_t *)rungs, i, rung) if (page_integer(rung, "count", NULL) > most)
        most = page_integer(rung, "count", NULL);
    if (json_array_size(rungs) == 0)
        return;
    page_title(out, "Established after so many SYNs");
    json_array_foreach((json_t *)rungs, i, rung)
    {
        static const char bar[] = "##############################";
        char label[32], note[64];
        int64_t retransmits = page_integer(rung, "retransmits", NULL),
                count = page_integer(rung, "count", NULL);
        snprintf(label, sizeof(label), "%lld SYN%s", (long long)retransmits + 1,
                 retransmits ? "s" : "");
        snprintf(note, sizeof(note), "%.*s", report_text_bar(count, most), bar);
        page_count(out, label, count, note);
    }
}

static void report_text_rate(FILE *out, const json_t *rates, const char *label, const char *rate,
                             const char *over)
{
    char text[HUMAN_MAX], time[HUMAN_MAX], note[HUMAN_MAX + 16];
    snprintf(note, sizeof(note), "over %s",
             human_us(json_number_value(json_object_get(rates, over)), time));
    page_row(out, label, human_rate(json_number_value(json_object_get(rates, rate)), text), note);
}

/* What --rate, --ramp and --arrivals asked for. */
static void report_text_arrivals(FILE *out, const json_t *settings)
{
    const json_t *ramp = json_object_get(settings, "ramp"),
                 *seed = json_object_get(settings, "seed");
    double rate = json_number_value(json_object_get(settings, "rate"));
    char from[HUMAN_MAX], to[HUMAN_MAX], note[4 * HUMAN_MAX], drawn[48] = "";
    if (json_is_integer(seed))
        snprintf(drawn, sizeof(drawn), ", --seed %lld", (long long)json_integer_value(seed));
    if (json_is_object(ramp))
        snprintf(note, sizeof(note), "from %s to %s a second over the run%s",
                 human_rate(json_number_value(json_object_get(ramp, "from_per_s")), from),
                 human_rate(json_number_value(json_object_get(ramp, "to_per_s")), to), drawn);
    else
        snprintf(note, sizeof(note), "%s a second%s", human_rate(rate, from), drawn);
    page_row(out, "arrivals", json_string_value(json_object_get(settings, "arrivals")), note);
}

static void report_text_rates(FILE *out, const json_t *d)
{
    const json_t *rates = json_object_get(d, "rates"), *cpu = json_object_get(d, "cpu");
    char text[HUMAN_MAX], note[96];
    page_title(out, "Rates and cost");
    report_text_rate(out, rates, "connects per second", "connects_per_s", "connects_over_us");
    if (page_integer(d, "requests", NULL)) {
        page_count(out, "requests", page_integer(d, "requests", NULL), NULL);
        page_count(out, "replies", page_integer(d, "replies", NULL), NULL);
        if (page_integer(d, "unanswered_requests", NULL))
            page_count(out, "without a reply", page_integer(d, "unanswered_requests", NULL),
                       "when the run or the connection ended");
        report_text_rate(out, rates, "replies per second", "requests_per_s", "requests_over_us");
        page_row(out, "sent", human_bytes((uint64_t)page_integer(d, "bytes_sent", NULL), text),
                 NULL);
        page_row(out, "received",
                 human_bytes((uint64_t)page_integer(d, "bytes_received", NULL), text), NULL);
    }
    if (page_integer(d, "skipped_requests", NULL))
        page_count(out, "skipped requests", page_integer(d, "skipped_requests", NULL),
                   "of --every: due, and never sent");
    if (json_object_get(d, "start_lateness_us")) {
        report_text_arrivals(out, json_object_get(d, "settings"));
        page_count(out, "late starts", page_integer(d, "late_starts", NULL),
                   "more than 1 ms behind the schedule");
    }
    if (page_integer(d, "missed_starts", NULL))
        page_count(out, "missed starts", page_integer(d, "missed_starts", NULL),
                   "due by the schedule, never made");
    if (page_integer(d, "file_tables", NULL) > 1)
        page_count(out, "event loops", page_integer(d, "event_loops", NULL),
                   "each with a file table of its own");
    page_cost(out, cpu);
    if (json_is_number(json_object_get(cpu, "busy"))) {
        snprintf(text, sizeof(text), "%.0f %%",
                 json_number_value(json_object_get(cpu, "busy")) * 100);
        snprintf(note, sizeof(note), "of the time; %.0f %% waiting for a CPU",
                 json_number_value(json_object_get(cpu, "waiting")) * 100);
        page_row(out, "busiest event loop", text, note);
    }
}

/* The note beside a state's count at the end: its count before the closing. */
static void states(FILE *out, const json_t *d)
{
    const json_t *before = json_object_get(d, "states_before_close"),
                 *after = json_object_get(d, "states");
    const char *target = json_string_value(json_object_get(d, "target"));
    const char *port = target ? strrchr(target, ':') : NULL;
    if (!json_is_object(after))
        return;
    if (json_is_object(before)) {
        page_title(out, "Sockets to %s before they were closed", target);
        page_counts(out, before, 16, NULL);
    }
    page_title(out, "Sockets to %s at the end", target);
    page_counts(out, after, 16, NULL);
    if (port)
        page_by_hand(out, "ss -tan 'dport = %s'", port);
}

static int64_t retransmitted(const json_t *d)
{
    int64_t count = 0;
    size_t i;
    json_t *rung;
    json_array_foreach(json_object_get(d, "connect_rungs"), i,
                       rung) if (page_integer(rung, "retransmits", NULL)) count +=
        page_integer(rung, "count", NULL);
    return count;
}

/* Only if the server is in the same namespace: the kernel's counters then include both ends.
 * PassiveOpens counts a connection when it enters an accept queue (tcp_v4_syn_recv_sock()). */
static void ghosts(FILE *out, const json_t *d)
{
    int64_t here = page_integer(d, "connect_latency_us", "count", NULL);
    int64_t there = page_integer(d, "counters", "Tcp.PassiveOpens", NULL);
    bool cookies = page_integer(d, "counters", "TcpExt.SyncookiesSent", NULL) > 0;
    char a[HUMAN_MAX], b[HUMAN_MAX], c[HUMAN_MAX];
    if (!page_integer(d, "counters", "TcpExt.ListenOverflows", NULL) || there >= here)
        return;
    page_text(out,
              "This side counts %s as established, because their SYN was answered. But only %s "
              "ever reached an accept queue (Tcp.PassiveOpens): the last ACK of the other %s met a "
              "full queue and was dropped without a word. %s See \"accepted\" and \"waiting now\" "
              "in the server's report.",
              human_count(here, a), human_count(there, b), human_count(here - there, c),
              cookies
                  ? "Those that were answered with a SYN cookie are ghosts, connections with one "
                    "end, until a later segment of theirs brings the cookie again and finds room."
                  : "They are half-open: the server asks again with its SYN-ACK for a while.");
}

/* What connect() means by an error that stands in the row "unreachable": fib_props[] in
 * net/ipv4/fib_semantics.c, fib6_prop[] in net/ipv6/route.c, tcp_v6_connect(), icmp_err_convert[]
 * and icmpv6_err_convert(). */
static const struct {
    const char *name, *sentence;
} report_unreachable[] = {
    {"ENETUNREACH",
     "No route leads to that address (ip route get shows it), or a router says so by ICMP."},
    {"EHOSTUNREACH", "Nobody answers for that address in its own network (ip neigh), or a router "
                     "or a firewall refuses by ICMP, or the route is one of type unreachable."},
    {"EACCES", "The route is one of type prohibit (ip route), or a firewall refuses by ICMPv6, or "
               "a security module of this machine does."},
    {"EPERM",
     "This machine forbids it: a BPF program of the cgroup, a firewall, or a security module."},
    {"EINVAL",
     "That connection cannot be: a source in 127.0.0.0/8 reaches no other machine, a link-local "
     "address needs its interface, and a route of type blackhole answers so, too."},
    {"EADDRNOTAVAIL", "This machine has no address from which to connect there (ip addr); IPv6 may "
                      "be off (net.ipv6.conf.*.disable_ipv6)."},
    {"EAFNOSUPPORT", "This kernel does not speak that protocol; IPv6 may be off from the boot on "
                     "(ipv6.disable=1)."},
};

static void unreachable(FILE *out, const json_t *d)
{
    char count[HUMAN_MAX];
    if (!page_integer(d, "connections", "unreachable", NULL))
        return;
    for (size_t i = 0; i < sizeof(report_unreachable) / sizeof(*report_unreachable); i++) {
        const char *name = report_unreachable[i].name;
        bool port =
            !strcmp(name, "EADDRNOTAVAIL") && page_integer(d, "connections", "no_port", NULL);
        int64_t n = page_integer(d, "errors", name, NULL);
        if (n && !port)
            page_text(out, "%s: %s. %s", name, human_count(n, count),
                      report_unreachable[i].sentence);
    }
}

static void given_up(FILE *out, const json_t *d)
{
    char a[HUMAN_MAX];
    int64_t n = page_integer(d, "given_up", NULL);
    if (n)
        page_text(
            out,
            "%s connections were established, then the peer answered no more and the kernel gave "
            "up: keepalive, the user timeout, or retransmissions (net.ipv4.tcp_retries2).",
            human_count(n, a));
}

static void failures(FILE *out, const json_t *d, bool overflows)
{
    const json_t *c = json_object_get(d, "connections");
    int64_t timed_out = page_integer(c, "timed_out", NULL) - page_integer(d, "given_up", NULL);
    int64_t refused = page_integer(c, "refused", NULL);
    char a[HUMAN_MAX];
    if (timed_out)
        page_text(out, "%s attempts got no answer in time, not even a RST. %s",
                  human_count(timed_out, a),
                  overflows ? "A full accept queue looks like this from outside: the kernel drops "
                              "the SYN and says nothing."
                            : "A full accept queue looks like this from outside, and so does a "
                              "firewall that drops.");
    if (refused)
        page_text(out,
                  "%s SYNs were answered with RST: no socket listens on that port (or with ICMP, "
                  "by a firewall: IcmpInDestUnreachs of nstat). A full queue never does that.",
                  human_count(refused, a));
    unreachable(out, d);
    given_up(out, d);
}

/* Attempts that were not settled, or not started, when the run ended. */
static void unfinished(FILE *out, const json_t *d)
{
    int64_t pending = page_integer(d, "connections", "pending", NULL),
            never = page_integer(d, "never_started", NULL);
    int64_t unanswered = page_integer(d, "unanswered_requests", NULL),
            skipped = page_integer(d, "skipped_requests", NULL);
    int64_t aged =
        page_integer(d, "request_latency_us", "count", NULL) - page_integer(d, "replies", NULL);
    char a[HUMAN_MAX], b[HUMAN_MAX];
    if (never)
        page_text(out,
                  "%s of the connections that were asked for were never begun: the run ended "
                  "before their turn came. Give it more time (-d), or ask for fewer (-c, -n).",
                  human_count(never, a));
    if (pending)
        page_text(out,
                  "%s attempts were undecided when the run ended: their SYN had no answer yet. "
                  "They are in no latency and no rate.",
                  human_count(pending, a));
    if (unanswered)
        page_text(
            out,
            "%s of %s requests had no complete reply when the run, or their connection, ended.",
            human_count(unanswered, a), human_count(page_integer(d, "requests", NULL), b));
    if (skipped)
        page_text(out,
                  "%s requests of --every were due and never sent: their connection had ended, or "
                  "its send buffer was full to the end.",
                  human_count(skipped, a));
    if (aged > 0)
        page_text(out,
                  "%s requests that had no reply at the end are in the latencies with the age they "
                  "had then: their true latency is longer.",
                  human_count(aged, a));
}

/* Sentences that explain the figures, each only if its figures are there. They are collected first:
 * without a sentence there is no title. */
static void meaning(FILE *out, const json_t *d)
{
    char *text = NULL, a[HUMAN_MAX];
    size_t size;
    FILE *sentences = open_memstream(&text, &size);
    int64_t again = retransmitted(d);
    if (!sentences)
        return;
    failures(sentences, d, page_integer(d, "counters", "TcpExt.ListenOverflows", NULL) > 0);
    if (again)
        page_text(sentences,
                  "%s connections needed more than one SYN. The kernel sends it again after 1 s, "
                  "and again (net.ipv4.tcp_syn_retries, tcp_syn_linear_timeouts): so a full queue "
                  "is felt as whole seconds.",
                  human_count(again, a));
    ghosts(sentences, d);
    unfinished(sentences, d);
    fclose(sentences);
    if (size) {
        page_title(out, "What this shows");
        fputs(text, out);
    }
    free(text);
}

static void report_text_limits(FILE *out, const json_t *d)
{
    const json_t *limits = json_object_get(d, "limits");
    size_t i;
    json_t *limit;
    if (json_array_size(limits))
        page_title(out, "What limited this run");
    json_array_foreach((json_t *)limits, i, limit)
        page_text(out, "%s", json_string_value(json_object_get(limit, "sentence")));
}

void report_text(FILE *out, const json_t *d)
{
    char elapsed[HUMAN_MAX];
    fprintf(out, "%s %s on Linux %s: %s to %s, %s\n",
            json_string_value(json_object_get(d, "program")),
            json_string_value(json_object_get(d, "version")),
            json_string_value(json_object_get(d, "kernel")),
            json_string_value(json_object_get(json_object_get(d, "settings"), "workload")),
            json_string_value(json_object_get(d, "target")),
            human_us(json_number_value(json_object_get(d, "elapsed_s")) * 1e6, elapsed));
    connections(out, d);
    report_text_latency(out, d, "connect_latency_us", "Time to establish");
    report_text_rungs(out, d);
    report_text_latency(out, d, "request_latency_us", "Time from request to reply");
    report_text_latency(out, d, "start_lateness_us", "How late the starts of --rate were");
    report_text_rates(out, d);
    states(out, d);
    counter_notes_page(out, json_object_get(d, "counters"));
    meaning(out, d);
    report_text_limits(out, d);
    thresholds_text(out, json_object_get(d, "thresholds"));
}
