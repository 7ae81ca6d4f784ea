/* Ghosts: SYN cookies tell more clients yes than the accept queue has room for.
 *
 * Textbooks say:  SYN cookies defend against SYN floods; an established connection has two ends.
 * The kernel:     when the SYN queue is full tcp_conn_request() answers with a cookie and keeps
 *                 nothing. The client is ESTABLISHED on the SYN-ACK. Its ACK proves the cookie, and
 *                 if the accept queue is full by then tcp_get_cookie_sock() drops it: nobody is
 *                 told, and nothing is sent again, for there is no request whose timer could.
 * Falsified by:   a ghost that the server knows of; another number of them than cookies that found
 *                 no room. */
#include "bench/experiments/queues/burst.h"
#include "bench/trial/steps.h"

#include <stdio.h>

static const struct knob knobs[] = {
    KNOB_BACKLOG("4"),    KNOB_SOMAXCONN,       KNOB_PREFILL("0"),  KNOB_CLIENTS("20"),
    KNOB_SYNCOOKIES("1"), KNOB_MAX_SYN_BACKLOG, KNOB_DELAY("50ms"), KNOB_IPV6,
};

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    struct queue_burst b = burst_outcome(k, c);
    int64_t believe = burst_prefill(k, c) + b.queued + b.half_open + b.ghost;
    burst_expect(k, c, 0, p);
    expect_exactly(p, "connections", believe, &rule_ghost, "client.ESTABLISHED");
    expect_exactly(p, "connections", burst_prefill(k, c) + b.queued, &rule_queued_is_established,
                   "server.ESTABLISHED");
}

static void run(struct trial *t, const struct knobs *k)
{
    step_no_second_syn(t);
    step_no_second_syn_ack(t);
    burst_run(t, k);
    step_take_stock(t);
    step_show(t, LEDGER_ghost, "one of the ghosts: a whole handshake, and no connection");
}

static void tell_ghosts(FILE *out, const struct trial *t)
{
    if (t->conditions.syncookies == 2)
        fprintf(out, "Every SYN was answered with a cookie, of which the server keeps nothing: the "
                     "SYN queue took none. ");
    else
        fprintf(out, "The SYN queue took as many requests as it holds, and the SYNs beyond were "
                     "answered with cookies, of which the server keeps nothing. ");
    fprintf(out,
            "%lld ACKs with a cookie came back when the accept queue was full, and the server "
            "dropped them silently. A ghost stays ESTABLISHED until it sends something: then the "
            "server makes its connection if there is room and the cookie is fresh, drops its first "
            "data while the queue is full, and resets it when the cookie is too old or more data "
            "follows the first. ",
            (long long)trial_row(t, LEDGER_ghost));
}

static void tell_syn_sent(FILE *out, const struct trial *t, const struct knobs *k)
{
    long long dropped = trial_row(t, LEDGER_syn_sent);
    if (!burst_outcome(k, &t->conditions).syn_sent) {
        fprintf(out, "%lld clients had no answer yet. ", dropped);
        return;
    }
    if (burst_prefill(k, &t->conditions) > burst_limit(k, &t->conditions))
        fprintf(out, "The accept queue was full before they came. A SYN that meets a full accept "
                     "queue is dropped, with cookies or without, and no cookie is sent: ");
    else if (burst_outcome(k, &t->conditions).request_full)
        fprintf(out, "Without cookies a SYN that meets a full SYN queue is dropped: ");
    else
        fprintf(
            out,
            "Without cookies a SYN beyond the bound that tcp_max_syn_backlog sets is dropped: ");
    fprintf(out, "%lld clients are still in SYN_SENT, and send their SYNs again. ", dropped);
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    long long believe = (long long)t->stock.side[SIDE_CLIENT].states[SOCKDIAG_ESTABLISHED];
    long long real = (long long)t->stock.side[SIDE_SERVER].states[SOCKDIAG_ESTABLISHED];
    long long half_open = trial_row(t, LEDGER_half_open), reset = trial_row(t, LEDGER_reset);
    fprintf(out, "%lld clients believe that they are connected; %lld are. ", believe, real);
    if (trial_row(t, LEDGER_ghost))
        tell_ghosts(out, t);
    if (half_open)
        fprintf(out,
                "%lld are half-open: the SYN queue has their requests, and their third ACKs met a "
                "full accept queue and were dropped (see third-ack-dropped). ",
                half_open);
    if (reset)
        fprintf(out,
                "%lld were reset: the SYN queue had their requests, their third ACKs met a full "
                "accept queue, and tcp_abort_on_overflow is 1 (see rst-on-overflow). ",
                reset);
    if (trial_row(t, LEDGER_syn_sent))
        tell_syn_sent(out, t, k);
    if (!trial_row(t, LEDGER_ghost) && !half_open && !reset && !trial_row(t, LEDGER_syn_sent))
        fprintf(out, "There was room for all.");
}

static const struct by_hand by_hand[] = {
    {"client", "ss -tn state established 'dport = :8888' | wc -l",
     "how many believe it (and a line of heading)"},
    {"server", "ss -tn state established 'sport = :8888' | wc -l", "how many are real"},
    {"server", "nstat -az TcpExtSyncookiesSent TcpExtSyncookiesRecv TcpExtListenOverflows",
     "Recv: cookies that came back valid; Overflows: those that found no room"},
    {0},
};

const struct experiment experiment_syn_cookie_ghosts = {
    .name = "syn-cookie-ghosts",
    .question =
        "With SYN cookies, how many clients believe that they are connected, and how many are?",
    .claim = "A client whose connect() succeeded has a connection; SYN cookies only matter under "
             "attack.",
    .kernel = "When the SYN queue is full, but the accept queue is not, the kernel by default "
              "answers SYNs with cookies and keeps nothing (tcp_conn_request). If the accept "
              "queue is full when the cookie's ACK comes, it is dropped (tcp_get_cookie_sock), "
              "and the server has nothing that could be sent again: only the client's data or "
              "FIN can still make the connection. No attack is needed: a burst of ordinary "
              "clients is enough.",
    .falsified = "A ghost that the server has a socket for; another number of them than cookies "
                 "that found no room.",
    .why_link = "The SYN queue fills only while handshakes overlap: all SYNs must come before the "
                "first third ACK, which takes a wire with a delay. The wire lets each SYN pass "
                "once, so that the counters hold the first ones only.",
    .time = "It takes no time.",
    .drawing = (const char *const[]){"s: SYN queue full", "> SYN", "< SYN-ACK (a cookie)",
                                     "c: ESTABLISHED", "> ACK x the accept queue is full",
                                     "s: nothing", "c: ESTABLISHED, still", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .check = burst_check,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also = (const char *const[]){"rst-on-overflow", "accept-queue-full", NULL},
    .try_next =
        (const char *const[]){
            "tcplab-bench run syn-cookie-ghosts --set syncookies=0",
            "tcplab-bench run syn-cookie-ghosts --set syncookies=2",
            "tcplab-bench run syn-cookie-ghosts --set backlog=128 --set clients=1000", NULL},
};
