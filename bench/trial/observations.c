#include "bench/trial/observations.h"
#include "common/kernel/counter_notes.h"
#include "common/report/page.h"

#include <math.h>
#include <stdio.h>
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

static bool is_state(const char *name)
{
    for (unsigned state = 1; state < SOCKDIAG_STATES; state++)
        if (!strcmp(name, sockdiag_state_name(state)))
            return true;
    return false;
}

static const char *const others[] = {
    "client.destroyed",  "client.FIN_WAIT_2_minisockets",
    "server.destroyed",  "server.FIN_WAIT_2_minisockets",
    "server.queue",      "server.queue_limit",
    "server.queue_peak",
};

bool observation_is_common(const char *name, const struct counters *counters)
{
    const char *rest = name + 7;
    if (!strncmp(name, "ledger.", 7))
        return is_row(rest);
    if (strncmp(name, "server.", 7) && strncmp(name, "client.", 7))
        return false;
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        if (!strcmp(name, others[i]))
            return true;
    if (strchr(rest, '.'))
        return !strchr(rest, '_') && is_counter(rest, counters);
    return is_state(rest);
}

static size_t add(char **names, size_t n, size_t most, const char *group, const char *name)
{
    return n < most && asprintf(&names[n], "%s%s", group, name) >= 0 ? n + 1 : n;
}

size_t observation_common_names(const struct counters *counters, char **names, size_t most)
{
    static const char *const sides[] = {"client.", "server."};
    const char *name;
    size_t n = 0;
    for (int row = 0; row < LEDGER_N; row++)
        n = add(names, n, most, "ledger.", ledger_names[row]);
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        n = add(names, n, most, "", others[i]);
    for (size_t side = 0; side < 2; side++) {
        for (unsigned state = 1; state < SOCKDIAG_STATES; state++)
            n = add(names, n, most, sides[side], sockdiag_state_name(state));
        for (size_t i = 0; counters && (name = counters_name(counters, i)); i++)
            n = add(names, n, most, sides[side], name);
    }
    return n;
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
