/* A new connection comes, and several wait for it: who is woken?
 *
 * Textbooks say:  all of them, the thundering herd; one gets the connection, and the others have
 *                 been woken for nothing.
 * The kernel:     the listener's wait queue is woken for one exclusive waiter, and for all that are
 *                 not (sock_def_readable()). accept() waits exclusively
 *                 (inet_csk_wait_for_connect()). poll() does not, nor does an epoll descriptor that
 *                 has the listener, unless it was added with EPOLLEXCLUSIVE.
 * Falsified by:   two that are woken out of accept(), or that have the listener with
 *                 EPOLLEXCLUSIVE; one that sleeps on in poll(). */
#include "bench/trial/sockets.h"
#include "bench/trial/steps.h"
#include "common/process/exit_code.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST 16

enum wait { WAIT_ACCEPT, WAIT_POLL, WAIT_EPOLL, WAIT_EPOLL_EXCLUSIVE };

static const char *const waits[] = {"accept", "poll", "epoll", "epoll_exclusive", NULL};

static const struct knob knobs[] = {
    {"wait", "accept", &option_choice,
     "in which call they wait; epoll: each has an epoll descriptor of its own, exclusive: with "
     "EPOLLEXCLUSIVE",
     .choices = waits},
    KNOB_COUNT("waiters", "4", 2, MOST, "threads that wait"),
    KNOB_DELAY("1ms"),
    KNOB_IPV6,
};

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    enum wait wait = (enum wait)knob(k, "wait");
    int64_t n = knob(k, "waiters"), woken = wait == WAIT_POLL || wait == WAIT_EPOLL ? n : 1;
    const struct rule *rule = wait == WAIT_ACCEPT ? &rule_wake_accept
                              : woken == n        ? &rule_wake_poll
                                                  : &rule_wake_exclusive;
    expect_exactly(p, "threads", woken, rule, "server.woken");
    expect_exactly(p, "threads", woken, rule, "server.returned");
    expect_exactly(p, "threads", woken - 1, rule, "server.find_nobody");
    expect_exactly(p, "connections", 1, rule, "ledger.accepted");
}

/* A thread that waits. Its own /proc file tells whether it sleeps, and how often it has gone to
 * sleep. */
struct waiter {
    pthread_t thread;
    enum wait wait;
    int listener, epoll, status, accepted; /* descriptors, or -1 */
    long sleeps;                           /* when all of them slept */
    _Atomic bool ready, returned;
    _Atomic int error;
};

struct waiters {
    struct trial *t;
    int n;
    struct waiter all[MOST];
};

static int waiter_prepare(struct waiter *w)
{
    struct epoll_event e = {.events =
                                EPOLLIN | (w->wait == WAIT_EPOLL_EXCLUSIVE ? EPOLLEXCLUSIVE : 0u)};
    w->status = open("/proc/thread-self/status", O_RDONLY | O_CLOEXEC);
    if (w->status < 0)
        return errno;
    if (w->wait != WAIT_EPOLL && w->wait != WAIT_EPOLL_EXCLUSIVE)
        return 0;
    w->epoll = epoll_create1(EPOLL_CLOEXEC);
    return w->epoll < 0 || epoll_ctl(w->epoll, EPOLL_CTL_ADD, w->listener, &e) ? errno : 0;
}

static void *waiter_main(void *argument)
{
    struct waiter *w = argument;
    struct pollfd p = {.fd = w->listener, .events = POLLIN};
    struct epoll_event e;
    w->error = waiter_prepare(w);
    w->ready = true;
    if (w->error)
        return NULL;
    if (w->wait == WAIT_ACCEPT)
        w->accepted = accept4(w->listener, NULL, NULL, SOCK_CLOEXEC);
    else if (w->wait == WAIT_POLL)
        poll(&p, 1, -1);
    else
        epoll_wait(w->epoll, &e, 1, -1);
    w->returned = true;
    return NULL;
}

/* How often it has gone to sleep; -1: it does not sleep now. */
static long waiter_sleeps(const struct waiter *w)
{
    char text[4096];
    ssize_t n = pread(w->status, text, sizeof(text) - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    const char *state = strstr(text, "\nState:\tS"),
               *sleeps = strstr(text, "\nvoluntary_ctxt_switches:");
    return state && sleeps ? atol(sleeps + strlen("\nvoluntary_ctxt_switches:")) : -1;
}

static struct waiters *waiters_awaited; /* step_need() has no pointer to give */

static bool all_sleep(struct trial *t, int64_t number)
{
    struct waiters *ws = waiters_awaited;
    for (int i = 0; i < ws->n; i++)
        if (!ws->all[i].ready || (!ws->all[i].error && waiter_sleeps(&ws->all[i]) < 0))
            return false;
    return true;
}

static void start(struct waiters *ws, const struct knobs *k, const struct trial_socket *listener)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (!ws->t->failure && ws->n < knob(k, "waiters")) {
        struct waiter *w = &ws->all[ws->n];
        *w = (struct waiter){.wait = (enum wait)knob(k, "wait"),
                             .listener = listener->fd,
                             .epoll = -1,
                             .status = -1,
                             .accepted = -1};
        int r = pthread_create(&w->thread, NULL, waiter_main, w);
        if (r)
            step_fail(ws->t, EXIT_CODE_FAILED, "a thread that waits: %s", strerror(r));
        else
            ws->n++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    waiters_awaited = ws;
    step_need(ws->t, all_sleep, 0, "all of them to wait");
    step_settle(ws->t); /* a thread is seen to sleep just before it counts that */
    for (int i = 0; i < ws->n; i++) {
        ws->all[i].sleeps = waiter_sleeps(&ws->all[i]);
        if (ws->all[i].error)
            step_fail(ws->t, EXIT_CODE_FAILED, "a thread that waits: %s",
                      strerror(ws->all[i].error));
    }
}

/* Whoever has been woken is back, or sleeps again, and has counted it. */
static bool all_are_done(struct trial *t, int64_t number)
{
    int returned = 0;
    for (int i = 0; i < waiters_awaited->n; i++) {
        const struct waiter *w = &waiters_awaited->all[i];
        returned += w->returned;
        if (!w->returned && waiter_sleeps(w) < 0)
            return false;
    }
    return returned > 0;
}

static void see(struct waiters *ws, struct trial_socket *listener)
{
    int woken = 0, returned = 0, find_nobody = 0;
    for (int i = 0; i < ws->n; i++) {
        const struct waiter *w = &ws->all[i];
        returned += w->returned;
        woken += w->returned || waiter_sleeps(w) != w->sleeps;
        if (w->wait != WAIT_ACCEPT && w->returned)
            find_nobody += !sock_try_accept(listener);
    }
    step_see(ws->t, woken, "server.woken");
    step_see(ws->t, returned, "server.returned");
    step_see(ws->t, find_nobody, "server.find_nobody");
}

static void end(struct waiters *ws)
{
    for (int i = 0; i < ws->n; i++) {
        struct waiter *w = &ws->all[i];
        pthread_cancel(w->thread);
        pthread_join(w->thread, NULL);
        const int descriptors[] = {w->epoll, w->status, w->accepted};
        for (size_t d = 0; d < sizeof(descriptors) / sizeof(*descriptors); d++)
            if (descriptors[d] >= 0)
                close(descriptors[d]);
    }
}

static void run(struct trial *t, const struct knobs *k)
{
    struct waiters ws = {.t = t};
    struct trial_socket *listener = sock_serve(t, 4);
    if (t->failure)
        return;
    if (knob(k, "wait") == WAIT_ACCEPT)
        sock_set_blocking(listener);
    start(&ws, k, listener);
    sock_connection(listener, NULL);
    step_need(t, all_are_done, 0, "one of them to be woken");
    step_settle(t);
    see(&ws, listener);
    step_settle(t);
    step_take_stock(t);
    end(&ws);
    step_show(t, LEDGER_accepted, "the connection that they waited for");
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    static const char *const calls[] = {
        "accept()", "poll()", "epoll_wait(), each with an epoll descriptor of its own,",
        "epoll_wait(), each with an epoll descriptor of its own and EPOLLEXCLUSIVE,"};
    int n = (int)knob(k, "waiters"), woken = (int)trial_observed(t, "server.woken");
    fprintf(out, "%d threads waited in %s when one connection came, and %d %s woken. ", n,
            calls[knob(k, "wait")], woken, woken == 1 ? "was" : "were");
    if (knob(k, "wait") == WAIT_ACCEPT)
        fprintf(out, "The kernel takes the one that has waited longest. The others kept sleeping: "
                     "the kernel did not wake them.");
    else if (woken == 1)
        fprintf(out, "Its accept() got the connection, and the others kept sleeping.");
    else
        fprintf(out,
                "The first to call accept() got the connection, and accept() of the %d others "
                "returned EAGAIN.",
                (int)trial_observed(t, "server.find_nobody"));
}

static const struct by_hand by_hand[] = {
    {"server", "strace -f -e trace=accept4,epoll_wait,epoll_ctl ./your-program",
     "who is back from which call"},
    {"server", "grep voluntary /proc/$(pidof your-program)/task/*/status",
     "a thread that was woken and sleeps again has one more"},
    {0},
};

const struct experiment experiment_wake_ups = {
    .name = "wake-ups",
    .question =
        "Several threads wait for a connection, and one comes: how many does the kernel wake?",
    .claim =
        "All of them (the thundering herd). One gets the connection, and the others find none.",
    .kernel = "accept() wakes one (inet_csk_wait_for_connect waits exclusively). poll() wakes all, "
              "and so does epoll where each has a descriptor of its own (sock_def_readable), but "
              "with EPOLLEXCLUSIVE one.",
    .falsified = "Two that are woken out of accept(), or with EPOLLEXCLUSIVE, or one that keeps "
                 "sleeping in poll().",
    .why_link = "With two hosts, the client's socket does not appear in the server's list.",
    .time = "It takes no time: the last ACK of the handshake wakes the threads.",
    .drawing = (const char *const[]){"s four threads wait in accept()", "> SYN", "< SYN-ACK",
                                     "> ACK", "s: ESTABLISHED", "s accept(): one is back",
                                     "s the other three sleep on", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .premises = PREMISE_WRITABLE,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also =
        (const char *const[]){"queued-client-leaves", "reuseport-queues", "poll-events", NULL},
    .try_next =
        (const char *const[]){"tcplab-bench run wake-ups --set wait=epoll",
                              "tcplab-bench run wake-ups --set wait=epoll_exclusive",
                              "tcplab-bench run wake-ups --set wait=poll --set waiters=16", NULL},
};
