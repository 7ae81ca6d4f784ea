/* The accept queue is full: nobody calls accept(), and more clients come than the queue holds.
 *
 * Textbooks say:  listen(fd, n) lets n connections wait; who comes when the queue is full is
 *                 refused.
 * The kernel:     listen() stores min(backlog, somaxconn) as the limit L; sk_acceptq_is_full() asks
 *                 "length > L", so L + 1 wait. tcp_conn_request() drops a SYN that meets a full
 *                 queue, silently, and the client's SYN timer sends it again: after 1 s, five times
 *                 a second apart (tcp_syn_linear_timeouts), then at doubling distances.
 * Falsified by:   any other number in the queue; a client that is refused or reset; a SYN that
 *                 comes again early or later than the timer wheel allows. */
#include "bench/experiments/queues/burst.h"
#include "bench/model/ladder.h"
#include "bench/trial/segments.h"
#include "bench/trial/steps.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

static const struct knob knobs[] = {
    KNOB_BACKLOG("4"),
    KNOB_SOMAXCONN,
    KNOB_SYNCOOKIES(NULL),
    KNOB_CLIENTS("20"),
    KNOB_ACCEPT_DELAY("never"),
    KNOB_COUNT("again", "3", 0, 6, "how often a dropped SYN is sent again before the run ends"),
    KNOB_LINK("loopback"),
    KNOB_DELAY("50ms"),
    KNOB_IPV6,
};

#define SLOW_ACCEPT_NS (100 * 1000000LL) /* all clients have come before the first accept() */

static bool accepts(const struct knobs *k)
{
    return knob(k, "accept_delay") != OPTION_NEVER;
}

static void expect_retries(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    for (int i = 1; i <= (int)knob(k, "again"); i++) {
        expect_span(p, ladder_syn(c, i), &rule_syn_ladder, "client.syn_again_%d_first", i);
        expect_span(p, ladder_syn(c, i), &rule_syn_ladder, "client.syn_again_%d_last", i);
    }
}

/* Not for a SYN queue that is full while the accept queue is not: SYNs that are sent again would
 * find room, in a number that depends on who comes first. */
static int check(const struct knobs *k, const struct conditions *c, char **ret_message)
{
    int most = ladder_syn_retransmits(c), r = 0;
    struct queue_burst b = burst_outcome(k, c);
    if (knob(k, "again") > most)
        r = asprintf(ret_message,
                     "again=%lld: with these sysctls a SYN is sent again %d times at most",
                     (long long)knob(k, "again"), most);
    else if (b.syn_sent && b.queued < queue_capacity(burst_limit(k, c)))
        r = asprintf(ret_message,
                     "net.ipv4.tcp_max_syn_backlog=%lld: it fills the SYN queue before the accept "
                     "queue is full; that is for rst-on-overflow or syn-cookie-ghosts",
                     (long long)c->max_syn_backlog);
    else
        return 0;
    if (r < 0)
        *ret_message = NULL;
    return -EINVAL;
}

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    struct queue_burst b = burst_outcome(k, c);
    if (!accepts(k)) {
        burst_expect(k, c, (int)knob(k, "again"), p);
        if (b.syn_sent)
            expect_retries(k, c, p);
        return;
    }
    /* Who gets in when depends on which SYN comes just after an accept(); what does not: */
    expect_exactly(p, "connections", burst_limit(k, c), &rule_accept_queue_limit,
                   "server.queue_limit");
    /* One that was taken out while the others still came leaves the peak lower. */
    expect_between(p, "connections",
                   knob(k, "accept_delay") < SLOW_ACCEPT_NS ? 1 : (double)b.queued,
                   (double)b.queued, &rule_accept_queue_capacity, "server.queue_peak");
    expect_exactly(p, "connections", 0, &rule_accept_pace, "server.accepted_too_early");
    expect_exactly(p, "connections", 0, &rule_never_refused, "ledger.refused");
    expect_exactly(p, "connections", 0, &rule_never_reset_by_syn, "ledger.reset");
}

/* Accepted beyond one each accept_delay, the first after one, when the stock was taken. */
static double accepted_too_early(const struct trial *t, const struct knobs *k)
{
    const struct look_side *server = &t->stock.side[SIDE_SERVER];
    /* its clock began before it told us */
    int64_t allowed = (t->stock.at_ns - t->began_ns) / knob(k, "accept_delay") + 1;
    int64_t accepted = 0;
    for (size_t i = 0; i < server->n; i++)
        accepted += server->sockets[i].inode != 0;
    return accepted > allowed ? (double)(accepted - allowed) : 0;
}

static void run(struct trial *t, const struct knobs *k)
{
    char delay[32];
    bool counts_again = !accepts(k) && burst_outcome(k, &t->conditions).syn_sent;
    if (accepts(k)) {
        snprintf(delay, sizeof(delay), "%lldus", (long long)knob(k, "accept_delay") / 1000);
        step_serve(t, "--accept-delay", delay, NULL);
        step_connect_together(t, knob(k, "clients"));
        step_need(t, step_wire_is_empty, 0, "the third ACKs to arrive");
    } else {
        if (!counts_again)
            step_no_second_syn(t);
        burst_run(t, k);
        step_mark(t, "All SYNs have come. What do the clients do that got no answer?");
    }
    step_wait(t, step_syns_sent_again, knob(k, "again"),
              ladder_syn(&t->conditions, (int)knob(k, "again")).hi + 30,
              "the dropped SYNs to be sent again");
    if (!accepts(k))
        step_settle(t);
    if (counts_again && knob(k, "again"))
        burst_need_in_time(t);
    else if (counts_again)
        burst_need_once(t, TO_SERVER, SEGMENT_SYN);
    step_take_stock(t);
    if (accepts(k) && !t->failure)
        step_see(t, accepted_too_early(t, k), "server.accepted_too_early");
    segments_see_retries(t, TO_SERVER, SEGMENT_SYN, (int)knob(k, "again"), "client.syn_again");
    step_show(t, LEDGER_syn_sent, "one of the clients whose SYN was dropped");
}

static void tell_queue(FILE *out, const struct trial *t, const struct knobs *k)
{
    long long limit = burst_limit(k, &t->conditions), most = t->stock.queue;
    if (accepts(k) && !isnan(trial_observed(t, "server.queue_peak")))
        most = (long long)trial_observed(t, "server.queue_peak");
    fprintf(out, "The limit is min(backlog, somaxconn) = min(%lld, %lld) = %lld, and ",
            (long long)knob(k, "backlog"), (long long)t->conditions.somaxconn, limit);
    if (accepts(k))
        fprintf(out, "at most %lld connection%s waited in the queue at once", most,
                most == 1 ? "" : "s");
    else
        fprintf(out, "%lld connection%s in the queue", most, most == 1 ? " is" : "s are");
    if (most > limit)
        fprintf(out, ": the kernel asks whether the length is above the limit, so one more fits. ");
    else
        fprintf(out, "; it holds one more than the limit, and was never full. ");
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    long long dropped = trial_row(t, LEDGER_syn_sent), accepted = trial_row(t, LEDGER_accepted);
    tell_queue(out, t, k);
    if (accepted)
        fprintf(out,
                "By the end of the run the server had taken out %lld, one at a time, and each left "
                "room for another. ",
                accepted);
    if (dropped)
        fprintf(out,
                "The server answered the other %lld clients with nothing, neither a refusal nor a "
                "reset: it dropped their SYNs, and the clients send them again until there is room "
                "or connect() times out (ETIMEDOUT after about 2 minutes by default). ",
                dropped);
    if (trial_row(t, LEDGER_ghost))
        fprintf(out,
                "%lld more clients believe that they are connected: their handshakes overlapped, "
                "the accept queue was full when their ACKs came, and they had been answered by SYN "
                "cookies (see syn-cookie-ghosts). ",
                (long long)trial_row(t, LEDGER_ghost));
    if (!dropped && !trial_row(t, LEDGER_ghost) && !trial_row(t, LEDGER_half_open))
        fprintf(out, accepts(k) ? "In the end there was room for all." : "There was room for all.");
}

static const struct by_hand by_hand[] = {
    {"server", "ss -ltn 'sport = :8888'", "Recv-Q: how many wait; Send-Q: the limit"},
    {"client", "ss -tno state syn-sent", "timer:(on,...,N): N times sent again"},
    {"server", "nstat -az TcpExtListenOverflows TcpExtListenDrops",
     "each dropped SYN, repeated ones too"},
    {"client", "netstat -nat | awk '/^tcp/ {print $6}' | sort | uniq -c", "the states, counted"},
    {0},
};

const struct experiment experiment_accept_queue_full = {
    .name = "accept-queue-full",
    .question = "How many connections wait in a full accept queue, and what happens to the others?",
    .claim = "listen(fd, n) lets n connections wait, and further clients are refused.",
    .kernel = "The limit is min(backlog, somaxconn), and the queue holds one more than the limit "
              "(sk_acceptq_is_full). A SYN that meets a full queue is dropped without an answer "
              "(tcp_conn_request); the client sends it again after 1 s, and later again.",
    .falsified = "Another number in the queue than limit + 1; a client that is refused or reset; a "
                 "SYN that is sent again before its time.",
    .why_link = "Over loopback each handshake is over before the next SYN comes, so the accept "
                "queue alone decides (SYNs that are sent again come in batches, and their "
                "handshakes can overlap); over the wire (link=wire) all SYNs come first, and the "
                "SYN queue and its cookies also matter.",
    .time = "About 3 s: until each SYN that was dropped has been sent three times more. With the "
            "default tcp_syn_retries a client goes on for 131 to 136 s.",
    .drawing =
        (const char *const[]){"s listen(4), and no accept()", "> SYN", "< SYN-ACK", "> ACK",
                              "s: 5 in the accept queue", "> SYN x the queue is full", ". 1 s",
                              "> SYN, again x the queue is full", "c: SYN_SENT", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .check = check,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also =
        (const char *const[]){"third-ack-dropped", "syn-cookie-ghosts", "rst-on-overflow", NULL},
    .try_next =
        (const char *const[]){"tcplab-bench run accept-queue-full --set backlog=0",
                              "tcplab-bench run accept-queue-full --set somaxconn=2",
                              "tcplab-bench run accept-queue-full --set accept_delay=200ms", NULL},
};
