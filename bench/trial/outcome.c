#include "bench/trial/outcome.h"
#include "bench/lab/needs.h"
#include "bench/trial/own_sockets.h"
#include "bench/trial/ss_nstat.h"
#include "bench/trial/steps_inside.h"
#include "common/process/clock.h"
#include "common/process/exit_code.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define OUTCOME_END_S 60 /* how long a program may take to report */

static int outcome_counters(struct trial *t, enum side side)
{
    struct counters *now;
    int r = host_enter(side == SIDE_SERVER ? &t->lab.server : &t->lab.client);
    if (!r)
        r = counters_read(&now);
    if (r)
        return r;
    t->counters[side] = counters_delta(t->counters_before[side], now, NULL);
    counters_free(now);
    return t->counters[side] ? 0 : -ENOMEM;
}

void step_take_stock(struct trial *t)
{
    if (t->failure || t->has_stock)
        return;
    int r = watch_look(t->watch);
    if (!r)
        r = watch_copy(t->watch, &t->stock);
    for (int side = 0; side < 2 && !r; side++) {
        t->destroyed[side] = watch_destroyed(t->watch, (enum side)side);
        r = outcome_counters(t, (enum side)side);
    }
    if (!r)
        r = watch_count(t->watch);
    t->has_stock = !r;
    step_check(t, r, "taking stock");
    if (!r)
        ss_nstat_stock(t);
}

/* Clients first: they still have their sockets, and say what each of them was. */
void outcome_end_programs(struct trial *t)
{
    for (size_t i = 0; i < t->n_clients; i++)
        process_signal(t->clients[i].process, SIGINT);
    if (!t->failure && !step_wait(t, step_clients_ended, 0, OUTCOME_END_S, "the clients' reports"))
        step_fail(t, EXIT_CODE_FAILED,
                  "a client did not end within %d s of SIGINT and was killed; run again",
                  OUTCOME_END_S);
    if (!t->server)
        return;
    process_signal(t->server, SIGINT);
    int r = t->failure ? 0 : process_wait(t->server, clock_now_ns() + OUTCOME_END_S * NS_PER_S);
    if (r == -ECANCELED)
        step_fail_stopped(t, "tcplab-server", "its report");
    else if (r)
        step_fail(t, EXIT_CODE_FAILED,
                  "the server did not end within %d s of SIGINT and was killed; run again",
                  OUTCOME_END_S);
}

static void server_id(const struct trial *t, struct connection_id *id)
{
    memset(id, 0, sizeof(*id));
    id->family = t->lab.family;
    id->server_port = LAB_PORT;
    inet_pton(t->lab.family, t->lab.server_address, id->server);
}

static int add_sockets(struct trial *t, const struct connection_id *server)
{
    json_t *report = own_sockets_report(t);
    int r = ledger_add_client(&t->ledger, report, &t->stock, server);
    json_decref(report);
    return r;
}

void outcome_make_ledger(struct trial *t)
{
    struct connection_id server;
    int r = 0;
    if (t->failure)
        return;
    server_id(t, &server);
    for (size_t i = 0; i < t->n_clients && !r; i++) {
        struct trial_client *c = &t->clients[i];
        r = c->before_kill
                ? ledger_add_unreported(&t->ledger, c->before_kill, &t->stock)
                : ledger_add_client(&t->ledger, process_report(c->process), &t->stock, &server);
    }
    if (!r && t->n_sockets)
        r = add_sockets(t, &server);
    if (!r)
        r = ledger_check(&t->ledger, &t->stock);
    if (r)
        step_fail(t, EXIT_CODE_FAILED, "the ledger could not be made: %s", needs_error(-r));
    else if (t->ledger.trouble[0])
        step_fail(t, EXIT_CODE_FAILED, "the ledger does not balance: %s", t->ledger.trouble);
}
