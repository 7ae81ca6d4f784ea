/* The backlog of a listener is changed while connections wait: listen() is called again.
 *
 * Textbooks say:  nothing; listen() is called once. Administrators raise somaxconn and expect the
 *                 running server to profit.
 * The kernel:     listen() on a listener sets sk_max_ack_backlog and nothing else
 *                 (__inet_listen_sk()). Who waits keeps waiting; each SYN is measured by the limit
 *                 of its moment. somaxconn is looked at in listen() only (__sys_listen_socket()).
 * Falsified by:   a connection that is dropped when the limit shrinks; a SYN that gets in while the
 *                 queue is longer than the new limit; a limit that follows somaxconn. */
#include "bench/model/queue.h"
#include "bench/trial/segments.h"
#include "bench/trial/sockets.h"
#include "bench/trial/steps.h"
#include "common/text/say.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define SOCKETS_MOST 240 /* clients; the trial has a socket for each at both ends */

static const struct knob knobs[] = {
    KNOB_BACKLOG("4"),
    KNOB_COUNT("shrunk", "2", 0, 65534, "the second listen(): less than the backlog"),
    KNOB_COUNT("somaxconn_then", "16", 0, 65535, "what net.core.somaxconn is set to after that"),
    KNOB_COUNT("grown", "100", 1, 65535, "the third listen()"),
    KNOB_COUNT("waiting", "3", 1, 100, "clients that come when the queue is full"),
    KNOB_DELAY("1ms"),
    KNOB_IPV6,
};

struct limits {
    int64_t first, shrunk, grown;
};

static struct limits limits(const struct knobs *k, const struct conditions *c)
{
    return (struct limits){.first = queue_limit(knob(k, "backlog"), c->somaxconn),
                           .shrunk = queue_limit(knob(k, "shrunk"), c->somaxconn),
                           .grown = queue_limit(knob(k, "grown"), knob(k, "somaxconn_then"))};
}

/* The SYNs of those that wait may all come at once, for their timers fire together. */
static int check(const struct knobs *k, const struct conditions *c, char **ret_message)
{
    const struct limits l = limits(k, c);
    long long waiting = knob(k, "waiting"), most = SOCKETS_MOST - waiting - 1;
    long long needed = queue_capacity(l.first) - 1 + waiting, at_once = queue_requests(c, l.grown);
    if (l.first > most)
        return say(
            ret_message, -EINVAL,
            "backlog=%lld: the limit is min(backlog, somaxconn) = %lld, and with waiting=%lld this "
            "experiment fills a queue of at most %lld; write a backlog from 1 to %lld",
            (long long)knob(k, "backlog"), (long long)l.first, waiting, most, most);
    if (l.shrunk >= l.first)
        return say(ret_message, -EINVAL,
                   "shrunk=%lld: that is no less than the first limit, min(backlog, somaxconn) "
                   "= %lld; write less, or a larger backlog",
                   (long long)knob(k, "shrunk"), (long long)l.first);
    if (queue_capacity(l.grown) < needed)
        return say(ret_message, -EINVAL,
                   "grown=%lld: the third limit, min(grown, somaxconn_then) = %lld, has room "
                   "for %lld, and %lld will be there; write larger ones, or fewer waiting",
                   (long long)knob(k, "grown"), (long long)l.grown,
                   (long long)queue_capacity(l.grown), needed);
    if (!c->syncookies && at_once < waiting)
        return say(ret_message, -EINVAL,
                   "waiting=%lld: with tcp_syncookies=0 the SYN queue takes %lld at once; write "
                   "at most that",
                   waiting, at_once);
    return 0;
}

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    const struct limits l = limits(k, c);
    int64_t full = queue_capacity(l.first), waiting = knob(k, "waiting");
    expect_exactly(p, "connections", l.first, &rule_accept_queue_limit, "server.limit_at_first");
    expect_exactly(p, "connections", full, &rule_accept_queue_capacity, "server.queue_at_first");
    expect_exactly(p, "connections", l.shrunk, &rule_relisten, "server.limit_shrunk");
    expect_exactly(p, "connections", full, &rule_relisten, "server.queue_shrunk");
    expect_exactly(p, "connections", full - 1, &rule_shrunk_queue, "server.queue_after_one_accept");
    expect_exactly(p, "sockets", waiting, &rule_shrunk_queue, "client.SYN_SENT_after_one_accept");
    expect_exactly(p, "connections", l.shrunk, &rule_somaxconn_at_listen,
                   "server.limit_after_somaxconn");
    expect_exactly(p, "connections", l.grown, &rule_somaxconn_at_listen, "server.queue_limit");
    expect_exactly(p, "connections", full - 1 + waiting, &rule_syn_retry_admitted, "server.queue");
    expect_exactly(p, "connections", full - 1 + waiting, &rule_syn_retry_admitted, "ledger.queued");
    expect_exactly(p, "connections", 1, &rule_relisten, "ledger.accepted");
    expect_exactly(p, "connections", 0, &rule_syn_retry_admitted, "ledger.syn_sent");
    expect_exactly(p, "segments", 0, &rule_syn_retry_admitted, "server.SYNs_dropped_with_room");
}

static void see(struct trial *t, const char *when)
{
    step_look(t);
    if (t->failure)
        return;
    step_see(t, watch_latest(t->watch)->limit, "server.limit_%s", when);
    step_see(t, watch_latest(t->watch)->queue, "server.queue_%s", when);
}

static bool syns_have_come(struct trial *t, int64_t number)
{
    return segments_arrived(t, TO_SERVER, SEGMENT_SYN, SEGMENT_SYN, FAULT_ANY_PAYLOAD) >= number;
}

static bool none_is_in_syn_sent(struct trial *t, int64_t number)
{
    return step_state(t, SIDE_CLIENT, SOCKDIAG_SYN_SENT) == 0;
}

/* The last of them are dropped at once, and the wire keeps the order: so all ACKs of the first have
 * come. */
static void fill(struct trial *t, int64_t clients)
{
    for (int64_t i = 0; i < clients; i++)
        sock_try_connection(t);
}

/* Takes one out, and waits until each client outside has sent its SYN once more. */
static void shrink(struct trial *t, const struct knobs *k, struct trial_socket *listener)
{
    sock_listen(listener, knob(k, "shrunk"));
    see(t, "shrunk");
    sock_accept(listener);
    int64_t syns = segments_arrived(t, TO_SERVER, SEGMENT_SYN, SEGMENT_SYN, FAULT_ANY_PAYLOAD);
    step_need(t, syns_have_come, syns + knob(k, "waiting"), "the dropped SYNs to be sent again");
    see(t, "after_one_accept");
    step_see_state(t, SIDE_CLIENT, SOCKDIAG_SYN_SENT, "client.SYN_SENT_after_one_accept");
}

static void run(struct trial *t, const struct knobs *k)
{
    char somaxconn[24];
    struct trial_socket *listener = sock_serve(t, knob(k, "backlog"));
    fill(t, queue_capacity(limits(k, &t->conditions).first) + knob(k, "waiting"));
    see(t, "at_first");
    shrink(t, k, listener);
    snprintf(somaxconn, sizeof(somaxconn), "%lld", (long long)knob(k, "somaxconn_then"));
    step_set(t, SIDE_SERVER, "net.core.somaxconn", somaxconn);
    see(t, "after_somaxconn");
    sock_listen(listener, knob(k, "grown"));
    int64_t drops = step_counter(t, SIDE_SERVER, "TcpExt.ListenOverflows");
    step_need(t, none_is_in_syn_sent, 0, "the next SYNs, now that there is room");
    step_settle(t);
    step_take_stock(t);
    step_see(t, (double)(step_counter(t, SIDE_SERVER, "TcpExt.ListenOverflows") - drops),
             "server.SYNs_dropped_with_room");
    step_show(t, LEDGER_queued, "one that waits in the accept queue");
}

static int seen(const struct trial *t, const char *name)
{
    return (int)trial_observed(t, name);
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    long long waiting = knob(k, "waiting");
    fprintf(out,
            "%d connections waited when listen() lowered the limit from %d to %d, and all of them "
            "stayed. ",
            seen(t, "server.queue_shrunk"), seen(t, "server.limit_at_first"),
            seen(t, "server.limit_shrunk"));
    fprintf(out,
            "accept() took one out, but %d were still more than the limit, so the kernel did not "
            "answer the SYNs of %lld waiting client%s. ",
            seen(t, "server.queue_after_one_accept"), waiting, waiting == 1 ? "" : "s");
    fprintf(out,
            "Then somaxconn was set to %lld, and the limit was %d as before; with the next "
            "listen(%lld) it became %u. ",
            (long long)knob(k, "somaxconn_then"), seen(t, "server.limit_after_somaxconn"),
            (long long)knob(k, "grown"), t->stock.limit);
    fprintf(out, "The next SYN of each remaining client was accepted: %u connections wait now.",
            t->stock.queue);
}

static const struct by_hand by_hand[] = {
    {"server", "ss -ltn 'sport = :8888'",
     "Recv-Q: how many wait; Send-Q: the limit, which listen() changes"},
    {"server", "sysctl net.core.somaxconn", "what the next listen() will be capped by"},
    {"client", "ss -tno state syn-sent", "those outside: timer:(on,...,N): N times sent again"},
    {0},
};

const struct experiment experiment_backlog_change = {
    .name = "backlog-change",
    .question = "What if the backlog or somaxconn is changed while connections wait?",
    .claim = "listen() sets the backlog once, and a larger somaxconn gives a running server a "
             "longer queue.",
    .kernel =
        "listen() may be called again: it sets the limit and nothing else (__inet_listen_sk), so "
        "waiting connections stay, and the kernel compares the queue with the new limit at each "
        "SYN. somaxconn caps the backlog within listen() (__sys_listen_socket), so a running "
        "server's limit stays what it was until it calls listen() again.",
    .falsified = "A connection that is lost when the limit shrinks, a SYN that gets in while more "
                 "wait than the new limit, or a limit that follows somaxconn by itself.",
    .why_link = "Two hosts on a wire: the wire records when each client sends its SYN again.",
    .time = "About 2 to 4 s: the clients outside send their SYNs again after 1 s, and after 1 or 2 "
            "s more, and no sysctl makes that shorter.",
    .drawing =
        (const char *const[]){"s listen(4)", "> SYN x dropped: 5 wait, the limit is 4",
                              "s listen(2)", "s accept()", ". 1 s",
                              "> SYN x dropped: 4 wait, the limit is 2", "s listen(100)", ". 1 s",
                              "> SYN", "< SYN-ACK", "> ACK", "s: ESTABLISHED", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .premises = PREMISE_WRITABLE,
    .check = check,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also =
        (const char *const[]){"accept-queue-full", "syn-retries", "queued-client-leaves", NULL},
    .try_next =
        (const char *const[]){
            "tcplab-bench run backlog-change --set shrunk=0",
            "tcplab-bench run backlog-change --set somaxconn_then=8",
            "tcplab-bench run backlog-change --set backlog=20 --set somaxconn_then=4096", NULL},
};
