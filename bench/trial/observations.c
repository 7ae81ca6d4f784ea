#include "bench/trial/observations.h"
#include "common/kernel/counter_notes.h"
#include "common/report/page.h"

#include <math.h>
#include <string.h>

static bool is_row(const char *name)
{
    for (int row = 0; row < LEDGER_N; row++)
        if (!strcmp(name, ledger_names[row]))
            return true;
    return false;
}

/* A step may note a counter at some moment as NAME_moment. */
static bool is_counter(const char *name, const struct counters *counters)
{
    char text[EXPECTATION_NAME_MAX];
    int known;
    snprintf(text, sizeof(text), "%.*s", (int)strcspn(name, "_"), name);
    counters_get(counters, text, &known);
    return known || counter_note(text);
}

const char *observation_fault(const char *name, const struct counters *counters)
{
    const char *rest = name + 7;
    if (!strncmp(name, "ledger.", 7))
        return is_row(rest) ? NULL : "the ledger has no such row";
    if (strncmp(name, "server.", 7) && strncmp(name, "client.", 7))
        return "it begins with none of \"ledger.\", \"server.\" and \"client.\"";
    return !strchr(rest, '.') || is_counter(rest, counters) ? NULL
                                                            : "the kernel has no such counter";
}

static double of_state(const struct trial *t, enum side side, const char *name)
{
    if (!strcmp(name, "FIN_WAIT_2_minisockets"))
        return (double)t->stock.side[side].minisockets;
    for (unsigned state = 1; state < SOCKDIAG_STATES; state++)
        if (!strcmp(name, sockdiag_state_name(state)))
            return (double)t->stock.side[side].states[state];
    return NAN;
}

static double of_side(const struct trial *t, enum side side, const char *name)
{
    if (strchr(name, '.')) /* a counter that did not move is not in the delta */
        return (double)json_integer_value(json_object_get(t->counters[side], name));
    if (!strcmp(name, "destroyed"))
        return t->destroyed[side] < 0 ? NAN : (double)t->destroyed[side];
    return of_state(t, side, name);
}

static double of_server(const struct trial *t, const char *name)
{
    if (!strcmp(name, "queue"))
        return t->stock.queue;
    if (!strcmp(name, "queue_limit"))
        return t->stock.limit;
    if (!strcmp(name, "queue_peak"))
        return (double)page_integer(process_report(t->server), "listener", "queue_peak", NULL);
    return of_side(t, SIDE_SERVER, name);
}

static double of_ledger(const struct trial *t, const char *name)
{
    for (int row = 0; row < LEDGER_N; row++)
        if (!strcmp(name, ledger_names[row]))
            return (double)t->ledger.rows[row];
    return NAN;
}

double trial_observed(const struct trial *t, const char *name)
{
    const json_t *seen = json_object_get(t->seen, name);
    const char *rest = strchr(name, '.');
    if (seen)
        return json_real_value(seen);
    if (!rest || !t->has_stock)
        return NAN;
    if (!strncmp(name, "ledger.", 7))
        return of_ledger(t, rest + 1);
    if (!strncmp(name, "server.", 7))
        return of_server(t, rest + 1);
    return of_side(t, SIDE_CLIENT, rest + 1);
}

int64_t trial_row(const struct trial *t, enum ledger_row row)
{
    return (int64_t)t->ledger.rows[row];
}

int64_t trial_counter(const struct trial *t, enum side side, const char *name)
{
    return json_integer_value(json_object_get(t->counters[side], name));
}
