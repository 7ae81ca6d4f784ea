#include "bench/trial/observations.h"
#include "bench/trial/ss_nstat.h"
#include "bench/trial/steps_inside.h"
#include "common/process/clock.h"
#include "common/process/exit_code.h"
#include "common/report/document.h"

#include <stdarg.h>

#pragma GCC diagnostic ignored "-Wformat-nonliteral"

void step_see(struct trial *t, double value, const char *name, ...)
{
    char text[EXPECTATION_NAME_MAX];
    va_list arguments;
    if (t->failure)
        return;
    va_start(arguments, name);
    vsnprintf(text, sizeof(text), name, arguments);
    va_end(arguments);
    const char *fault = observation_fault(text, t->counters_before[SIDE_SERVER]);
    if (fault)
        step_fail(t, EXIT_CODE_FAILED, "the experiment notes %s: %s", text, fault);
    json_object_set_new(t->seen, text, json_real(value));
}

int64_t step_counter(struct trial *t, enum side side, const char *name)
{
    struct counters *now;
    if (t->failure)
        return 0;
    int r = host_enter(step_host(t, side));
    if (!r)
        r = counters_read(&now);
    step_check(t, r, "reading the kernel's counters");
    if (r)
        return 0;
    int64_t moved =
        counters_get(now, name, NULL) - counters_get(t->counters_before[side], name, NULL);
    counters_free(now);
    return moved;
}

void step_count_anew(struct trial *t)
{
    for (int side = 0; side < 2 && !t->failure; side++) {
        struct counters *now;
        int r = host_enter(step_host(t, (enum side)side));
        if (!r)
            r = counters_read(&now);
        step_check(t, r, "reading the kernel's counters");
        if (r)
            return;
        counters_free(t->counters_before[side]);
        t->counters_before[side] = now;
    }
    if (!t->failure)
        step_check(t, watch_count_anew(t->watch), "reading the kernel's counters");
}

static void see_text(struct trial *t, double value, const char *format, va_list arguments,
                     char text[static EXPECTATION_NAME_MAX])
{
    vsnprintf(text, EXPECTATION_NAME_MAX, format, arguments);
    step_see(t, value, "%s", text);
}

void step_see_state(struct trial *t, enum side side, enum sockdiag_state state, const char *name,
                    ...)
{
    char text[EXPECTATION_NAME_MAX];
    va_list arguments;
    va_start(arguments, name);
    see_text(t, (double)step_state(t, side, state), name, arguments, text);
    va_end(arguments);
    ss_nstat_state(t, side, state, text);
}

void step_see_counter(struct trial *t, enum side side, const char *counter, const char *name, ...)
{
    char text[EXPECTATION_NAME_MAX];
    va_list arguments;
    va_start(arguments, name);
    see_text(t, (double)step_counter(t, side, counter), name, arguments, text);
    va_end(arguments);
    ss_nstat_counter(t, side, counter, text);
}

void step_mark(struct trial *t, const char *format, ...)
{
    char sentence[STEP_MARK_MAX];
    double t_ms = (double)(clock_now_ns() - t->began_ns) / 1e6;
    va_list arguments;
    if (t->failure)
        return;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof(sentence), format, arguments);
    va_end(arguments);
    json_array_append_new(t->marks, json_pack("{s:o, s:s, s:s}", "t_ms", document_real(t_ms),
                                              "what", "mark", "sentence", sentence));
}

void step_show(struct trial *t, enum ledger_row row, const char *caption)
{
    t->show = row;
    t->caption = caption;
}
