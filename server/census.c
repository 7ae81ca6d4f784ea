#include "server/census.h"
#include "common/kernel/sockdiag.h"
#include "common/process/clock.h"
#include "common/process/thread.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#define CENSUS_REST 100 /* from one census to the next: this many times its cost, so 1 % */

struct census {
    struct ev_loop *loop;
    struct sockdiag *diag;
    struct sockdiag_query query;
    void (*done)(void *context);
    void *context;
    ev_async taken;
    pthread_t thread;
    sem_t asked;
    atomic_bool ending;

    /* The thread's while a census is under way, the loop's else: handed over by `asked` and by
     * `finished`. */
    struct sockdiag_census counts;
    int error;
    int64_t cost_ns; /* CPU time: waiting for a CPU is no cost */
    atomic_bool finished;

    /* The loop's own. */
    bool under_way;
    int64_t begun_ns, taken_ns;
    json_t *states;
};

static void *census_main(void *context)
{
    struct census *c = context;
    for (;;) {
        thread_await(&c->asked);
        if (c->ending)
            return NULL;
        int64_t before_ns = thread_cpu_ns();
        c->error = sockdiag_census(c->diag, &c->query, NULL, &c->counts);
        c->cost_ns = thread_cpu_ns() - before_ns;
        c->finished = true;
        ev_async_send(c->loop, &c->taken);
    }
}

static void on_taken(struct ev_loop *loop, ev_async *async, int events)
{
    struct census *c = async->data;
    if (!atomic_exchange(&c->finished, false))
        return;
    c->under_way = false;
    if (!c->error) {
        json_decref(c->states);
        c->states = sockdiag_states_json(&c->counts);
        c->taken_ns = clock_now_ns();
    }
    c->done(c->context);
}

int census_start(struct ev_loop *loop, int family, uint16_t port, void (*done)(void *context),
                 void *context, struct census **ret)
{
    struct census *c = calloc(1, sizeof(*c));
    if (!c)
        return -ENOMEM;
    c->loop = loop;
    c->query =
        (struct sockdiag_query){.family = family, .states = SOCKDIAG_ALL, .source_port = port};
    c->done = done;
    c->context = context;
    sem_init(&c->asked, 0, 0);
    ev_async_init(&c->taken, on_taken);
    c->taken.data = c;
    int r = sockdiag_open(&c->diag);
    if (!r)
        r = thread_start(&c->thread, census_main, c);
    if (r) {
        sockdiag_close(c->diag);
        free(c);
        return r;
    }
    ev_async_start(loop, &c->taken);
    *ret = c;
    return 0;
}

bool census_ask(struct census *c)
{
    int64_t now_ns = clock_now_ns();
    if (c->under_way || (c->begun_ns && now_ns - c->begun_ns < CENSUS_REST * c->cost_ns))
        return false;
    c->begun_ns = now_ns;
    c->under_way = true;
    sem_post(&c->asked);
    return true;
}

json_t *census_latest(const struct census *c, int64_t *ret_taken_ns)
{
    *ret_taken_ns = c->taken_ns;
    return json_incref(c->states);
}

void census_stop(struct census *c)
{
    if (!c)
        return;
    c->ending = true;
    sem_post(&c->asked);
    pthread_join(c->thread, NULL);
    ev_async_stop(c->loop, &c->taken);
    sockdiag_close(c->diag);
    sem_destroy(&c->asked);
    json_decref(c->states);
    free(c);
}
