#include "bench/claims/judge.h"
#include "common/report/document.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *judge_text(const char *text)
{
    return text ? json_string(text) : json_null();
}

static json_t *end(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

/* --- what was observed --- */

static const json_t *judge_check(const json_t *run, const char *name)
{
    size_t i;
    json_t *check;
    json_array_foreach(json_object_get(run, "checks"), i, check)
    {
        const char *is = json_string_value(json_object_get(check, "name"));
        if (is && !strcmp(is, name))
            return check;
    }
    return NULL;
}

/* A row of the ledger, or a sysctl: every run has them all. */
static json_t *beside_checks(const json_t *run, const char *name)
{
    if (!strncmp(name, "ledger.", 7))
        return json_object_get(json_object_get(run, "ledger"), name + 7);
    return json_object_get(json_object_get(json_object_get(run, "setup"), "conditions"), name);
}

static json_t *observe(const json_t *run, const struct claim_value *v)
{
    const json_t *check = judge_check(run, v->name);
    const char *unit = check ? json_string_value(json_object_get(check, "unit"))
                             : (!strncmp(v->name, "ledger.", 7) ? "connections" : "");
    json_t *observed = check ? json_object_get(check, "observed") : beside_checks(run, v->name);
    json_t *json = json_pack(
        "{s:s, s:s, s:[o, o], s:O?, s:O*, s:O*}", "name", v->name, "unit", unit ? unit : "",
        "claimed", end(v->lo), end(v->hi), "observed", json_is_number(observed) ? observed : NULL,
        "rule", json_object_get(check, "rule"), "source", json_object_get(check, "source"));
    if (unit && !strcmp(unit, "errno")) {
        json_object_set_new(json, "claimed_errno",
                            json_pack("[o, o]", document_errno(v->lo), document_errno(v->hi)));
        json_object_set(json, "observed_errno", json_object_get(check, "observed_errno"));
    }
    return json;
}

static json_t *judge_observations(const struct claim *c, const json_t *run)
{
    json_t *all = json_array();
    for (const struct claim_value *v = c->values; v && v->name; v++)
        json_array_append_new(all, observe(run, v));
    return all;
}

/* --- the verdict --- */

struct judgement {
    bool contradicted;
    const char *missing; /* the first that was not observed */
};

static struct judgement compare(const struct claim *c, const json_t *observations)
{
    struct judgement j = {0};
    for (size_t i = 0; i < json_array_size(observations); i++) {
        const json_t *observed = json_object_get(json_array_get(observations, i), "observed");
        double value = json_number_value(observed);
        if (!json_is_number(observed))
            j.missing = j.missing ? j.missing : c->values[i].name;
        else
            j.contradicted = j.contradicted || value < c->values[i].lo || value > c->values[i].hi;
    }
    return j;
}

static const char *not_so(const struct claim *c)
{
    return c->since ? "changed" : "never_true";
}

/* Why it is undecided; or what the reader should know of a verdict. */
static json_t *reason(const struct claim *c, const json_t *run, const struct judgement *j)
{
    const char *why = json_string_value(json_object_get(run, "reason"));
    const char *verdict = json_string_value(json_object_get(run, "verdict"));
    if (!c->experiment)
        return judge_text(c->not_run);
    if (!run)
        return json_string("the run did not end");
    if (j->missing && !j->contradicted)
        return why ? json_string(why) : json_sprintf("%s was not observed", j->missing);
    if (verdict && !strcmp(verdict, "differ"))
        return json_sprintf("the run itself did not come out as tcplab predicts: %s",
                            why ? why : "see its report");
    return json_null();
}

static json_t *judge_command(const struct claim *c)
{
    char *text = NULL;
    size_t size;
    FILE *out = c->experiment ? open_memstream(&text, &size) : NULL;
    if (!out)
        return json_null();
    fprintf(out, "tcplab-bench run %s", c->experiment);
    for (const char *const *set = c->sets; set && *set; set++)
        fprintf(out, " --set %s", *set);
    fclose(out);
    json_t *command = json_string(text);
    free(text);
    return command;
}

json_t *claim_judge(const struct claim *c, const json_t *knobs, const json_t *run)
{
    json_t *observations = judge_observations(c, run);
    const struct judgement j = compare(c, observations);
    bool holds = c->experiment ? !j.contradicted && !j.missing : c->holds;
    const char *verdict = holds ? "holds" : j.missing && !j.contradicted ? "undecided" : not_so(c);
    json_t *json =
        json_pack("{s:s, s:s, s:s}", "name", c->name, "says", c->says, "source", c->source);
    json_object_set_new(json, "experiment", judge_text(c->experiment));
    json_object_set_new(json, "command", judge_command(c));
    json_object_set_new(json, "knobs", knobs ? json_incref((json_t *)knobs) : json_null());
    json_object_set_new(json, "verdict", json_string(verdict));
    json_object_set_new(json, "observed", observations);
    json_object_set_new(json, "truth", judge_text(c->truth));
    json_object_set_new(json, "since", judge_text(c->since));
    json_object_set_new(json, "nuance", judge_text(c->nuance));
    json_object_set_new(json, "reason", reason(c, run, &j));
    return json;
}
