#include "bench/trial/trial_document.h"
#include "bench/trial/surroundings.h"
#include "bench/trial/trial_connections.h"
#include "bench/trial/trial_metrics.h"
#include "common/kernel/counter_notes.h"
#include "common/kernel/endpoint.h"
#include "common/process/exit_code.h"
#include "common/report/document.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static json_t *number(double value)
{
    if (!isfinite(value))
        return json_null();
    return value == floor(value) && fabs(value) < 1e15 ? json_integer((json_int_t)value)
                                                       : json_real(round(value * 1e6) / 1e6);
}

/* A time is shown with its point, also where it is whole. */
static json_t *measure(double value, const char *unit)
{
    return isfinite(value) && !strcmp(unit, "s") ? json_real(round(value * 1e6) / 1e6)
                                                 : number(value);
}

/* What "server.TcpExt.ListenDrops", or "..._in_the_end", counts; NULL: it is no counter with a
 * note. */
static const char *counter_of(const char *name)
{
    char counter[EXPECTATION_NAME_MAX];
    const char *dot = strchr(name, '.');
    if (!dot)
        return NULL;
    snprintf(counter, sizeof(counter), "%.*s", (int)strcspn(dot + 1, "_"), dot + 1);
    return counter_note(counter);
}

json_t *trial_document_expectation(const struct expectation *e)
{
    json_t *json = json_pack("{s:s, s:s, s:[o, o], s:s, s:s}", "name", e->name, "unit", e->unit,
                             "predicted", measure(e->lo, e->unit), measure(e->hi, e->unit), "rule",
                             e->rule->sentence, "source", e->rule->source);
    const char *note = counter_of(e->name);
    if (note)
        json_object_set_new(json, "counts", json_string(note));
    if (!strcmp(e->unit, "errno"))
        json_object_set_new(json, "predicted_errno",
                            json_pack("[o, o]", document_errno(e->lo), document_errno(e->hi)));
    return json;
}

static json_t *document_check(const struct trial *t, const struct expectation *e,
                              enum verdict *verdict)
{
    double observed = trial_observed(t, e->name);
    enum verdict v = verdict_check(e, observed);
    *verdict = verdict_add(*verdict, v);
    json_t *check = trial_document_expectation(e);
    json_object_set_new(check, "observed", measure(observed, e->unit));
    json_object_set_new(check, "verdict", json_string(verdict_name(v)));
    if (!strcmp(e->unit, "errno"))
        json_object_set_new(check, "observed_errno", document_errno(observed));
    return check;
}

static json_t *document_checks(const struct trial *t, enum verdict *verdict)
{
    json_t *checks = json_array();
    for (size_t i = 0; i < t->prediction.n; i++)
        json_array_append_new(checks, document_check(t, &t->prediction.expectations[i], verdict));
    return checks;
}

/* What the prediction rests upon. */
static json_t *document_conditions(const struct conditions *c)
{
    json_t *json = json_pack("{s:i}", "hz", c->hz);
#define X(field, sysctl, fresh, absent) json_object_set_new(json, sysctl, json_integer(c->field));
    CONDITIONS(X)
#undef X
    return json;
}

/* Whether this prediction would be another one if that rule were the other way. */
static bool rule_matters(const struct trial *t, enum kernel_rule rule)
{
    struct prediction with = {0}, without = {0};
    struct conditions other = t->conditions;
    kernel_rules_flip(&other.rules, rule);
    t->experiment->predict(t->knobs, &t->conditions, &with);
    t->experiment->predict(t->knobs, &other, &without);
    bool matters = !prediction_same(&with, &without);
    prediction_release(&with);
    prediction_release(&without);
    return matters;
}

/* Those of the kernel's rules that the prediction used. */
static json_t *kernel_rules(const struct trial *t)
{
    json_t *json = json_object();
    for (enum kernel_rule rule = 0; rule < KERNEL_RULES_N && t->prediction.n; rule++)
        if (rule_matters(t, rule))
            json_object_set_new(json, kernel_rule_texts[rule].name,
                                json_string(kernel_rules_word(&t->conditions.rules, rule)));
    return json;
}

static json_t *setup(const struct trial *t)
{
    char server[ENDPOINT_TEXT_MAX];
    snprintf(server, sizeof(server), strchr(t->lab.server_address, ':') ? "[%s]:%d" : "%s:%d",
             t->lab.server_address, LAB_PORT);
    return json_pack("{s:s, s:s, s:s, s:s, s:O, s:o, s:o, s:O, s:O}", "link",
                     t->lab.loopback ? "loopback" : "wire", "why", t->experiment->why_link,
                     "server", server, "client", t->lab.client_address, "sysctls", t->sysctls,
                     "conditions", document_conditions(&t->conditions), "kernel_rules",
                     kernel_rules(t), "commands", t->commands, "calls", t->calls);
}

/* --- texts --- */

static json_t *document_told(const struct trial *t)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return json_null();
    t->experiment->tell(out, t, t->knobs);
    fclose(out);
    json_t *told = json_string(text);
    free(text);
    return told;
}

json_t *trial_document_by_hand(const struct experiment *e)
{
    json_t *list = json_array();
    for (const struct by_hand *b = e->by_hand; b && b->command; b++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "where", b->where, "command",
                                              b->command, "shows", b->shows));
    return list;
}

static void add_observed(json_t *document, const struct trial *t)
{
    struct wire_status wire = wire_status(t->lab.wire);
    json_object_set_new(document, "ledger", ledger_json(&t->ledger));
    json_object_set_new(document, "counters",
                        json_pack("{s:O, s:O}", "server", t->counters[SIDE_SERVER], "client",
                                  t->counters[SIDE_CLIENT]));
    json_object_set(document, "timeline", t->timeline);
    json_object_set_new(document, "longest_gap_ms",
                        document_real((double)watch_longest_gap_ns(t->watch) / 1e6));
    json_object_set(document, "counters_over_time", t->counters_over_time);
    json_object_set_new(document, "stock_ms",
                        document_real((double)(t->stock.at_ns - t->began_ns) / 1e6));
    trial_connections(document, t); /* reads counters and stock_ms */
    json_object_set_new(document, "seen", document_told(t));
    json_object_set_new(document, "wire",
                        json_pack("{s:I, s:I}", "segments", (json_int_t)wire.forwarded, "overflow",
                                  (json_int_t)wire.overflow));
}

/* What every run has stands in one that failed as well. */
static void add_nothing(json_t *document)
{
    json_object_set_new(document, "ledger", json_object());
    json_object_set_new(document, "counters", json_pack("{s:{}, s:{}}", "server", "client"));
    json_object_set_new(document, "timeline", json_array());
}

static enum verdict failed(const struct trial *t)
{
    return t->failure_code == EXIT_CODE_CANNOT ? VERDICT_SKIPPED : VERDICT_INCONCLUSIVE;
}

/* Of a check: the names of two errors. */
static json_t *reason_of_errors(const json_t *check)
{
    const char *predicted =
                   json_string_value(json_array_get(json_object_get(check, "predicted_errno"), 0)),
               *observed = json_string_value(json_object_get(check, "observed_errno"));
    return json_sprintf("%s: predicted %s, observed %s",
                        json_string_value(json_object_get(check, "name")),
                        predicted ? predicted : "no error", observed ? observed : "no error");
}

/* "ledger.reset: predicted 4, observed 5". */
static json_t *reason(const json_t *checks, enum verdict verdict)
{
    size_t i;
    json_t *check;
    if (verdict == VERDICT_AGREE)
        return json_null();
    json_array_foreach((json_t *)checks, i, check)
    {
        const char *name = json_string_value(json_object_get(check, "name"));
        const json_t *predicted = json_object_get(check, "predicted");
        if (strcmp(json_string_value(json_object_get(check, "verdict")), verdict_name(verdict)))
            continue;
        double lo = json_number_value(json_array_get(predicted, 0)),
               hi = json_number_value(json_array_get(predicted, 1));
        if (verdict == VERDICT_INCONCLUSIVE)
            return json_sprintf("%s was not observed", name);
        if (json_object_get(check, "observed_errno"))
            return reason_of_errors(check);
        if (lo == hi)
            return json_sprintf("%s: predicted %g, observed %g", name, lo,
                                json_number_value(json_object_get(check, "observed")));
        return json_sprintf("%s: predicted %g to %g, observed %g", name, lo, hi,
                            json_number_value(json_object_get(check, "observed")));
    }
    return json_null();
}

static int code(const struct trial *t, enum verdict verdict)
{
    if (t->failure)
        return t->failure_code;
    return verdict == VERDICT_AGREE    ? EXIT_CODE_DONE
           : verdict == VERDICT_DIFFER ? EXIT_CODE_UNMET
                                       : EXIT_CODE_FAILED;
}

json_t *trial_document(struct trial *t, int64_t repetition, double elapsed_s, int *ret_code)
{
    const struct experiment *e = t->experiment;
    enum verdict verdict = t->failure ? failed(t) : VERDICT_AGREE;
    size_t failing = 0; /* thresholds that hold */
    json_t *checks = t->failure ? json_array() : document_checks(t, &verdict);
    json_t *document =
        json_pack("{s:s, s:s, s:s, s:s, s:I, s:o}", "experiment", e->name, "question", e->question,
                  "claim", e->claim, "kernel", e->kernel, "repetition", (json_int_t)repetition,
                  "knobs", knobs_json(t->knobs));
    /* there is no wire that it could be of */
    if (t->lab.loopback)
        json_object_del(json_object_get(document, "knobs"), "delay_us");
    json_object_set_new(document, "verdict", json_string(verdict_name(verdict)));
    json_object_set_new(document, "reason",
                        t->failure ? json_string(t->failure) : reason(checks, verdict));
    if (t->like)
        json_object_set(document, "like", t->like);
    if (t->lab.server_address)
        json_object_set_new(document, "setup", setup(t));
    if (t->conditions.hz)
        json_object_set_new(document, "surroundings",
                            surroundings_json(&t->surroundings, &t->conditions));
    json_object_set_new(document, "checks", checks);
    if (!t->failure && t->thresholds)
        json_object_set_new(document, "thresholds",
                            threshold_judge(t->thresholds->texts, t->thresholds->n,
                                            t->thresholds->kind, trial_metrics_value, t, &failing));
    if (!t->failure)
        add_observed(document, t);
    else
        add_nothing(document);
    if (e->time)
        json_object_set_new(document, "time", json_string(e->time));
    json_object_set_new(document, "by_hand", trial_document_by_hand(e));
    json_object_set_new(document, "see_also", document_strings(e->see_also));
    json_object_set_new(document, "try_next", document_strings(e->try_next));
    json_object_set_new(document, "elapsed_s", document_real(elapsed_s));
    *ret_code = code(t, verdict);
    if (*ret_code == EXIT_CODE_DONE && failing)
        *ret_code = EXIT_CODE_UNMET;
    return document;
}
