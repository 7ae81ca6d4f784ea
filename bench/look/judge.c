#include "bench/look/judge.h"
#include "bench/look/programs.h"
#include "bench/model/rule.h"
#include "common/kernel/endpoint.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FULL_MOSTLY     0.5  /* of the looks: not bursts any more */
#define CLOSE_WAIT_MANY 10   /* of one program, and all of them stayed */
#define ORPHANS_MANY    1000 /* in FIN_WAIT_2, for more than GATHER_ORPHAN_MS */
#define LIMIT_NEAR      0.8  /* of a limit */
#define SYN_AGAIN_LEAST 5    /* retransmissions in the window, */
#define SYN_AGAIN_PART  0.05 /* and so many for each connection opened */
#define STOPPED_LEAST_S 0.2  /* without an accept(), */
#define STOPPED_PART    0.5  /* and so much of the window */

enum code {
#define X(code) CODE_##code,
    JUDGE_CODES(X)
#undef X
};

static const char *const code_names[] = {
#define X(code) #code,
    JUDGE_CODES(X)
#undef X
};

const char *judge_address(const struct sockdiag_socket *s, bool destination,
                          char text[static JUDGE_ADDRESS_MAX])
{
    struct endpoint e;
    endpoint_from_bytes(s->family, destination ? s->destination : s->source,
                        destination ? s->destination_port : s->source_port, &e);
    return endpoint_format(&e, text);
}

struct finding {
    enum code code;
    const struct gather_listener *listener; /* or NULL */
    json_t *figures;                        /* taken over */
    const struct rule *rule;
    char *sentence, *mend, *reproduce; /* taken over */
};

static char *say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static char *say(const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    va_end(arguments);
    return text;
}

static void add(json_t *findings, const struct finding *f)
{
    char address[JUDGE_ADDRESS_MAX];
    json_array_append_new(
        findings,
        json_pack("{s:s, s:o, s:s, s:o, s:s, s:s, s:s, s:s}", "code", code_names[f->code],
                  "listener",
                  f->listener ? json_string(judge_address(&f->listener->socket, false, address))
                              : json_null(),
                  "sentence", f->sentence ? f->sentence : "", "figures", f->figures, "rule",
                  f->rule->sentence, "source", f->rule->source, "mend", f->mend ? f->mend : "",
                  "reproduce", f->reproduce ? f->reproduce : ""));
    free(f->sentence);
    free(f->mend);
    free(f->reproduce);
}

/* --- one listener --- */

static double part_full(const struct gather_listener *l)
{
    return l->looks ? (double)l->looks_full / (double)l->looks : 0;
}

/* A client whose SYN was dropped comes again a second later: a queue that is too slow is not always
 * at its limit. */
static double part_near(const struct gather_listener *l)
{
    return l->looks ? (double)l->looks_near / (double)l->looks : 0;
}

/* The kernel hands out the oldest connection first. While that one waits, the program has accepted
 * nobody, whether the queue is full or not. */
static double accepts_nobody_s(const struct gather *g, const struct gather_listener *l)
{
    double passed_s =
        l->queue && l->oldest_ms ? (double)(g->waits_ns - l->first_since_ns) / 1e9 : 0;
    return passed_s > STOPPED_LEAST_S && passed_s > STOPPED_PART * gather_seconds(g) ? passed_s : 0;
}

static bool lacks_descriptors(const struct gather_listener *l)
{
    return l->owner.descriptors >= 0 && l->owner.descriptors_max > 0 &&
           l->owner.descriptors >= l->owner.descriptors_max - 1;
}

static const char *program_of(const struct gather_listener *l)
{
    return l->owner.program[0] ? l->owner.program
           : l->owner.unit[0]  ? l->owner.unit
                               : "the program";
}

static void stopped(json_t *findings, const struct gather *g, const struct gather_listener *l)
{
    bool descriptors = lacks_descriptors(l);
    double passed_s = accepts_nobody_s(g, l);
    struct finding f = {.code = descriptors ? CODE_out_of_descriptors : CODE_stopped_accepting,
                        .listener = l,
                        .rule = &rule_queued_is_established,
                        .figures = json_pack("{s:f, s:I, s:I, s:I, s:I, s:I}", "accepted_nobody_s",
                                             passed_s, "queue", (json_int_t)l->queue, "limit",
                                             (json_int_t)l->limit, "oldest_wait_ms",
                                             (json_int_t)l->oldest_ms, "descriptors",
                                             (json_int_t)l->owner.descriptors, "descriptors_max",
                                             (json_int_t)l->owner.descriptors_max)};
    if (descriptors) {
        f.sentence =
            say("%s has %lld of %lld descriptors open and accepted nobody in %.1f s: %u "
                "connections wait, the oldest for %.1f s.",
                program_of(l), (long long)l->owner.descriptors, (long long)l->owner.descriptors_max,
                passed_s, l->queue, l->oldest_ms / 1e3);
        f.mend = say("raise the limit (LimitNOFILE= of its unit, or ulimit -n), and look for what "
                     "it does not close; a larger backlog does not help");
        f.reproduce = say("tcplab-bench enter tcplab-server --max-descriptors 50");
    } else {
        f.sentence =
            say("%s accepted nobody in %.1f s: %u connections wait, the oldest for %.1f s.",
                program_of(l), passed_s, l->queue, l->oldest_ms / 1e3);
        f.mend = say("find out what %s waits for (its log; /proc/%d/stack, strace -p): a larger "
                     "backlog only makes more clients wait",
                     program_of(l), (int)l->owner.pid);
        f.reproduce = say("tcplab-bench run accept-queue-full --set backlog=%u",
                          l->limit < 64 ? l->limit : 64);
    }
    add(findings, &f);
}

static void slow(json_t *findings, const struct gather_listener *l)
{
    /* ages in a full queue are spread evenly up to the whole wait */
    double wait_s = 2 * gather_wait_ms(l, 0.5) / 1e3, rate = wait_s > 0 ? l->queue / wait_s : NAN;
    struct finding f = {
        .code = CODE_accepts_too_slowly,
        .listener = l,
        .rule = &rule_accept_queue_capacity,
        .sentence =
            isnan(rate)
                ? say("The queue was full, or nearly, at %.0f %% of %llu looks: %s accepts too "
                      "slowly.",
                      100 * part_near(l), (unsigned long long)l->looks, program_of(l))
                : say("The queue was full, or nearly, at %.0f %% of %llu looks and a connection "
                      "waits "
                      "about %.0f ms: %s accepts about %.0f a second (Little's law), and more "
                      "arrive.",
                      100 * part_near(l), (unsigned long long)l->looks, 1e3 * wait_s, program_of(l),
                      rate),
        .mend =
            say("make %s accept faster (more workers, accept() in a loop, less work before "
                "the next accept()): a larger backlog makes the wait longer, not the drops fewer",
                program_of(l)),
        .reproduce =
            say("tcplab-bench enter tcplab-server --backlog %u --accept-delay 10ms", l->limit),
        .figures =
            json_pack("{s:f, s:f, s:I, s:I, s:I}", "full_part", part_full(l), "near_part",
                      part_near(l), "wait_ms_p50", (json_int_t)gather_wait_ms(l, 0.5), "queue",
                      (json_int_t)l->queue, "drops_in_window", (json_int_t)gather_dropped(l))};
    if (!isnan(rate))
        json_object_set_new(f.figures, "accepts_per_s", json_real(rate));
    add(findings, &f);
}

/* Who set the limit: somaxconn, or the program's listen(). */
static void judge_limit(json_t *findings, const struct gather *g, const struct gather_listener *l)
{
    const struct program_backlog *known = program_backlog_of(l->owner.program);
    bool capped = (int64_t)l->limit == g->somaxconn;
    /* it asks for more than it got: somaxconn was smaller then */
    bool before = !capped && known && known->fallback > (int64_t)l->limit;
    struct finding f = {.code = capped ? CODE_somaxconn_caps : CODE_own_backlog,
                        .listener = l,
                        .rule = capped ? &rule_somaxconn_at_listen : &rule_accept_queue_limit,
                        .figures = json_pack("{s:I, s:I}", "limit", (json_int_t)l->limit,
                                             "somaxconn", (json_int_t)g->somaxconn),
                        .reproduce = say("tcplab-bench run backlog-change")};
    if (capped) {
        f.sentence =
            say("The limit %u is net.core.somaxconn: a larger backlog of %s changes nothing.",
                l->limit, program_of(l));
        f.mend =
            say("sysctl -w net.core.somaxconn=N in this network namespace, and then restart %s: "
                "a listener that is there does not notice a new value%s%s",
                program_of(l), known ? "; its own: " : "", known ? known->directive : "");
    } else if ((int64_t)l->limit > g->somaxconn) {
        f.sentence = say("The limit %u is from before net.core.somaxconn became %lld: %s gets no "
                         "more than that at its next listen().",
                         l->limit, (long long)g->somaxconn, program_of(l));
        f.mend = say("sysctl -w net.core.somaxconn=N in this network namespace before %s is "
                     "restarted, and a larger backlog%s%s",
                     program_of(l), known ? ": " : "", known ? known->directive : "");
    } else {
        f.sentence = before ? say("The limit is %u, and %s asks for %lld by default: either its "
                                  "configuration says %u, or net.core.somaxconn (now %lld) was %u "
                                  "when it called listen().",
                                  l->limit, program_of(l), (long long)known->fallback, l->limit,
                                  (long long)g->somaxconn, l->limit)
                            : say("The limit %u is what %s asked for in listen(), or what "
                                  "net.core.somaxconn was then; now it would allow %lld.",
                                  l->limit, program_of(l), (long long)g->somaxconn);
        f.mend = !known ? say("a larger backlog in its listen(), or in its configuration, and a "
                              "restart")
                 : known->fallback < 0 ? say("%s", known->directive)
                                       : say("%s (its default is %lld)", known->directive,
                                             (long long)known->fallback);
    }
    add(findings, &f);
}

static void bursts(json_t *findings, const struct gather *g, const struct gather_listener *l)
{
    struct finding f = {
        .code = CODE_bursts,
        .listener = l,
        .rule = &rule_accept_queue_capacity,
        .sentence = say("Bursts: %u SYNs or ACKs were dropped in %.1f s, though the queue was full "
                        "at only %.0f %% of %llu looks (most seen: %u, limit %u).",
                        gather_dropped(l), gather_seconds(g), 100 * part_full(l),
                        (unsigned long long)l->looks, l->queue_peak, l->limit),
        .mend = say("a backlog that holds the largest burst: at least %u, and more as long as it "
                    "drops (what was dropped was not in the queue, so nobody saw how large the "
                    "burst is)",
                    2 * ((l->queue_peak > l->limit ? l->queue_peak : l->limit) + 1)),
        .reproduce = say("tcplab-bench run third-ack-dropped --set backlog=%u",
                         l->limit < 64 ? l->limit : 64),
        .figures = json_pack("{s:I, s:f, s:I, s:I}", "drops_in_window",
                             (json_int_t)gather_dropped(l), "full_part", part_full(l), "queue_peak",
                             (json_int_t)l->queue_peak, "limit", (json_int_t)l->limit)};
    add(findings, &f);
    judge_limit(findings, g, l);
}

static bool overflows(const struct gather *g, const struct gather_listener *l)
{
    int64_t overflow = gather_moved(g, "TcpExt.ListenOverflows");
    return gather_drops_now(g, l) && overflow > 0 &&
           (l->queue_peak * 2 >= l->limit || gather_moved(g, "TcpExt.ListenDrops") <= overflow);
}

static void judge_listener(json_t *findings, const struct gather *g,
                           const struct gather_listener *l)
{
    if (l->gone)
        return;
    if (accepts_nobody_s(g, l) > 0)
        stopped(findings, g, l);
    else if (part_full(l) >= FULL_MOSTLY || (gather_drops_now(g, l) && part_near(l) >= FULL_MOSTLY))
        slow(findings, l);
    else if (overflows(g, l))
        bursts(findings, g, l);
}

/* One of several listeners at one address is full, and another has room. */
static void skew(json_t *findings, const struct gather *g, const struct gather_listener *l)
{
    const struct gather_listener *idle = NULL;
    if (l->group < 2 || l->gone || !l->looks_full ||
        (!gather_drops_now(g, l) && part_full(l) < FULL_MOSTLY))
        return;
    for (size_t i = 0; i < g->n_listeners; i++) {
        const struct gather_listener *other = &g->listeners[i];
        if (other != l && !other->gone && gather_same_address(other, l) && !other->looks_full &&
            2 * other->queue_peak <= other->limit)
            idle = other;
    }
    if (!idle)
        return;
    struct finding f = {
        .code = CODE_reuseport_skew,
        .listener = l,
        .rule = &rule_reuseport_no_spill,
        .sentence = say("One of %zu SO_REUSEPORT listeners is full (%u of limit %u) while another "
                        "has room (%u at most).",
                        l->group, l->queue_peak, l->limit, idle->queue_peak),
        .mend = say("the worker behind it (%s, pid %d) accepts too little; more workers do not "
                    "take over its share",
                    program_of(l), (int)l->owner.pid),
        .reproduce = say("tcplab-bench run reuseport-queues"),
        .figures =
            json_pack("{s:I, s:I, s:I}", "listeners", (json_int_t)l->group, "queue_peak",
                      (json_int_t)l->queue_peak, "other_queue_peak", (json_int_t)idle->queue_peak)};
    add(findings, &f);
}

/* --- the host --- */

static void judge_drops(json_t *findings, const struct gather *g)
{
    int64_t drops = gather_moved(g, "TcpExt.ListenDrops"),
            overflow = gather_moved(g, "TcpExt.ListenOverflows"),
            full = gather_moved(g, "TcpExt.TCPReqQFullDrop");
    /* the two are read one after the other, while both move */
    if (drops - overflow <= (overflow ? 2 + overflow / 100 : 0))
        return;
    struct finding f = {
        .code = CODE_drops_without_overflow,
        .rule = full ? &rule_syn_queue_full_drop : &rule_listen_drops,
        .sentence = full
                        ? say("%lld SYNs were dropped because a SYN queue was full and SYN cookies "
                              "are off.",
                              (long long)full)
                        : say("%lld drops at listeners that are no overflow of an accept queue: "
                              "no memory, no route back, a security module, or an ICMP error.",
                              (long long)(drops - overflow)),
        .mend = full
                    ? say("net.ipv4.tcp_syncookies=1, or a larger tcp_max_syn_backlog and backlog")
                    : say("nstat -az 'TcpExt*' and dmesg say more; a larger backlog does not help"),
        .reproduce = say("tcplab-bench run syn-queue-full"),
        .figures =
            json_pack("{s:I, s:I, s:I}", "listen_drops", (json_int_t)drops, "listen_overflows",
                      (json_int_t)overflow, "request_queue_full", (json_int_t)full)};
    add(findings, &f);
}

static void cookies(json_t *findings, const struct gather *g)
{
    int64_t sent = gather_moved(g, "TcpExt.SyncookiesSent"),
            received = gather_moved(g, "TcpExt.SyncookiesRecv"),
            failed = gather_moved(g, "TcpExt.SyncookiesFailed");
    if (!sent)
        return;
    struct finding f = {
        .code = CODE_syn_cookies,
        .rule = &rule_syn_queue_full_cookie,
        .sentence =
            say("%lld SYNs were answered by SYN cookies in %.1f s: a SYN queue was full, or "
                "tcp_syncookies is 2. %lld segments brought a valid cookie back (a client that "
                "finds the accept queue full counts again with each segment that it repeats).",
                (long long)sent, gather_seconds(g), (long long)received),
        .mend = received * 2 >= sent
                    ? say("these are real clients: a larger backlog, because the SYN queue has the "
                          "accept queue's limit")
                    : say("most do not come back: a flood of SYNs, which cookies are for"),
        .reproduce = say("tcplab-bench run syn-cookie-ghosts"),
        .figures = json_pack("{s:I, s:I, s:I}", "sent", (json_int_t)sent, "received",
                             (json_int_t)received, "failed", (json_int_t)failed)};
    add(findings, &f);
}

static void close_wait(json_t *findings, const struct gather *g)
{
    const struct gather_close_wait *list = g->close_waits, *worst = NULL;
    size_t most = 0, n = 0;
    for (size_t i = 0; i < g->n_close_waits; i++) {
        n = i && list[i].owner.pid == list[i - 1].owner.pid ? n + 1 : 1;
        if (n > most) {
            most = n;
            worst = &list[i];
        }
    }
    if (most < CLOSE_WAIT_MANY)
        return;
    struct finding f = {
        .code = CODE_close_wait_leak,
        .rule = &rule_close_wait_no_timer,
        .sentence =
            worst->owner.pid
                ? say("%zu connections of %s (pid %d) stayed in CLOSE_WAIT all the time: the peer "
                      "has closed, and the program has not.",
                      most, worst->owner.program, (int)worst->owner.pid)
                : say("%zu connections of programs that cannot be seen from here stayed in "
                      "CLOSE_WAIT all the time: the peer has closed, and the program has not.",
                      most),
        .mend = say("it must close() a socket from which recv() returned 0; no sysctl ends "
                    "CLOSE_WAIT"),
        .reproduce = say("tcplab-bench run close-wait-leak"),
        .figures = json_pack("{s:I, s:I}", "stayed", (json_int_t)most, "pid",
                             (json_int_t)worst->owner.pid)};
    add(findings, &f);
}

static void fin_wait_2(json_t *findings, const struct gather *g)
{
    bool many = g->fin_wait_2_orphans >= ORPHANS_MANY;
    bool limit = g->sockstat.max_orphans > 0 &&
                 (double)g->sockstat.orphans > LIMIT_NEAR * (double)g->sockstat.max_orphans;
    if (!many && !limit)
        return;
    struct finding f = {
        .code = CODE_fin_wait_2,
        .rule = &rule_fin_wait_2_orphan,
        .sentence = say("%llu orphans have waited in FIN_WAIT_2 for more than 2 s for the peer's "
                        "FIN (orphans in all: "
                        "%lld, limit %lld).",
                        (unsigned long long)g->fin_wait_2_orphans, (long long)g->sockstat.orphans,
                        (long long)g->sockstat.max_orphans),
        .mend = say("the peers do not close; a smaller net.ipv4.tcp_fin_timeout ends the wait "
                    "sooner"),
        .reproduce = say("tcplab-bench run fin-wait-2-timeout"),
        .figures = json_pack(
            "{s:I, s:I, s:I}", "fin_wait_2_orphans", (json_int_t)g->fin_wait_2_orphans, "orphans",
            (json_int_t)g->sockstat.orphans, "max_orphans", (json_int_t)g->sockstat.max_orphans)};
    add(findings, &f);
}

static void time_wait(json_t *findings, const struct gather *g)
{
    int64_t refused = gather_moved(g, "TcpExt.TCPTimeWaitOverflow");
    bool near = g->sockstat.max_time_wait > 0 &&
                (double)g->sockstat.time_wait > LIMIT_NEAR * (double)g->sockstat.max_time_wait;
    if (!refused && !near)
        return;
    struct finding f = {
        .code = CODE_time_wait_limit,
        .rule = &rule_time_wait_buckets,
        .sentence = say("%lld sockets are in TIME_WAIT, and net.ipv4.tcp_max_tw_buckets is %lld; "
                        "%lld found no place in the window and were closed at once.",
                        (long long)g->sockstat.time_wait, (long long)g->sockstat.max_time_wait,
                        (long long)refused),
        .mend = say("a larger net.ipv4.tcp_max_tw_buckets (some hundred bytes each), or "
                    "connections that live longer"),
        .reproduce = say("tcplab-bench run time-wait-buckets"),
        .figures =
            json_pack("{s:I, s:I, s:I}", "time_wait", (json_int_t)g->sockstat.time_wait, "limit",
                      (json_int_t)g->sockstat.max_time_wait, "refused", (json_int_t)refused)};
    add(findings, &f);
}

static void ports(json_t *findings, const struct gather *g)
{
    int64_t range = g->port_last - g->port_first + 1;
    char address[JUDGE_ADDRESS_MAX];
    if (!g->n_destinations || (double)g->destinations[0].ports < LIMIT_NEAR * (double)range)
        return;
    const struct gather_destination *d = &g->destinations[0];
    double opened = (double)gather_moved(g, "Tcp.ActiveOpens") / gather_seconds(g);
    int64_t left = range - (int64_t)d->ports;
    struct finding f = {
        .code = CODE_ports_run_out,
        .rule = &rule_ephemeral_ports,
        .sentence = opened > 0
                        ? say("%llu of %lld local ports are in use towards %s; at %.0f new "
                              "connections a second the rest lasts %.1f s, if none is given back.",
                              (unsigned long long)d->ports, (long long)range,
                              judge_address(&d->socket, true, address), opened,
                              (double)(left > 0 ? left : 0) / opened)
                        : say("%llu of %lld local ports are in use towards %s.",
                              (unsigned long long)d->ports, (long long)range,
                              judge_address(&d->socket, true, address)),
        .mend = say("keep connections open and use them again; a wider "
                    "net.ipv4.ip_local_port_range; more source or destination addresses"),
        .reproduce = say("tcplab-bench run port-exhaustion"),
        .figures = json_pack("{s:I, s:I, s:f}", "ports_used", (json_int_t)d->ports, "ports",
                             (json_int_t)range, "opened_per_s", opened)};
    add(findings, &f);
}

static void syn_again(json_t *findings, const struct gather *g)
{
    int64_t again = gather_moved(g, "TcpExt.TCPSynRetrans"),
            opened = gather_moved(g, "Tcp.ActiveOpens") + gather_moved(g, "Tcp.PassiveOpens");
    /* what this host's own listeners dropped is said with the listener */
    again -= gather_moved(g, "TcpExt.ListenDrops");
    if (again < SYN_AGAIN_LEAST || (double)again < SYN_AGAIN_PART * (double)opened)
        return;
    struct finding f = {
        .code = CODE_syn_retransmissions,
        .rule = &rule_syn_retrans_counter,
        .sentence = say("%lld SYNs or SYN-ACKs were sent again in %.1f s, beside %lld "
                        "connections opened: the other end does not answer, or not in a second, "
                        "or segments were lost.",
                        (long long)again, gather_seconds(g), (long long)opened),
        .mend = say("ss -tno state syn-sent shows towards whom; a full accept queue there answers "
                    "so, too"),
        .reproduce = say("tcplab-bench run syn-retries"),
        .figures =
            json_pack("{s:I, s:I}", "sent_again", (json_int_t)again, "opened", (json_int_t)opened)};
    add(findings, &f);
}

/* --- all --- */

static size_t code_of(const json_t *finding)
{
    const char *code = json_string_value(json_object_get(finding, "code"));
    size_t i = 0;
    while (i + 1 < sizeof(code_names) / sizeof(*code_names) && strcmp(code, code_names[i]))
        i++;
    return i;
}

json_t *judge_by_hurt(const json_t *findings)
{
    json_t *sorted = json_array(), *f;
    size_t i;
    for (size_t code = 0; code < sizeof(code_names) / sizeof(*code_names); code++)
        json_array_foreach((json_t *)findings, i, f)
        {
            if (code_of(f) == code)
                json_array_append(sorted, f);
        }
    return sorted;
}

json_t *judge_findings(const struct gather *g)
{
    json_t *findings = json_array();
    for (size_t i = 0; i < g->n_listeners; i++) {
        judge_listener(findings, g, &g->listeners[i]);
        skew(findings, g, &g->listeners[i]);
    }
    judge_drops(findings, g);
    cookies(findings, g);
    close_wait(findings, g);
    fin_wait_2(findings, g);
    time_wait(findings, g);
    ports(findings, g);
    syn_again(findings, g);
    return findings;
}

double judge_stall_budget_s(const struct gather *g, const struct gather_listener *l,
                            double *ret_rate, bool *ret_bound)
{
    double seconds = gather_seconds(g);
    double seen = (double)(l->births + gather_dropped(l)) / seconds;
    *ret_bound = !l->births;
    *ret_rate = l->births ? seen : (double)gather_moved(g, "Tcp.PassiveOpens") / seconds;
    int64_t room = (int64_t)l->limit + 1 - (int64_t)l->queue;
    return *ret_rate > 0 ? (double)(room > 0 ? room : 0) / *ret_rate : NAN;
}
