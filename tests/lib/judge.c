/* For tests/every-experiment: judges runs that were recorded by the model that this program is
 * linked with. What was observed and the conditions come from the document of `tcplab-bench run
 * --json`, the predictions from here. So a wrong rule can be tried without running anything again:
 * linked with a mutant of the model, the verdict must turn.
 *
 *   judge DOCUMENT EXPERIMENT    exit 0 agree, 3 differ, 1 no such run or one that failed */
#include "bench/experiments/table.h"
#include "bench/model/verdict.h"
#include "bench/trial/experiment.h"
#include "common/process/exit_code.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void set_knob(struct knobs *k, const char *key, const json_t *value)
{
    char text[200], *message = NULL;
    size_t length = strlen(key);
    bool duration = length > 3 && !strcmp(key + length - 3, "_us") && json_is_integer(value);
    if (json_is_string(value))
        snprintf(text, sizeof(text), "%s=%s", key, json_string_value(value));
    else if (json_is_boolean(value))
        snprintf(text, sizeof(text), "%s=%s", key, json_is_true(value) ? "yes" : "no");
    else
        snprintf(text, sizeof(text), "%.*s=%lld%s", (int)(duration ? length - 3 : length), key,
                 json_integer_value(value), duration ? "us" : "");
    if (length > 3 && !strcmp(key + length - 3, "_us") && json_is_string(value)) /* "never" */
        snprintf(text, sizeof(text), "%.*s=%s", (int)(length - 3), key, json_string_value(value));
    if (knobs_set(k, strdup(text), &message))
        fprintf(stderr, "judge: %s: %s\n", text, message ? message : "refused");
}

static void read_knobs(const struct experiment *e, const json_t *run, struct knobs *k)
{
    const char *key;
    json_t *value;
    knobs_init(k, e->knobs, e->n_knobs);
    json_object_foreach(json_object_get(run, "knobs"), key, value)
    {
        set_knob(k, key, value);
    }
}

static struct conditions read_conditions(const json_t *run)
{
    const json_t *from = json_object_get(json_object_get(run, "setup"), "conditions");
    struct conditions c = conditions_fresh();
    const char *name;
    json_t *word;
    c.hz = (int)json_integer_value(json_object_get(from, "hz"));
#define X(field, sysctl, fresh, absent) c.field = json_integer_value(json_object_get(from, sysctl));
    CONDITIONS(X)
#undef X
    json_object_foreach(json_object_get(json_object_get(run, "setup"), "kernel_rules"), name, word)
    {
        kernel_rules_set(&c.rules, name, json_string_value(word));
    }
    return c;
}

static double observed(const json_t *run, const char *name)
{
    size_t i;
    json_t *check;
    json_array_foreach(json_object_get(run, "checks"), i, check)
    {
        const json_t *value = json_object_get(check, "observed");
        if (!strcmp(json_string_value(json_object_get(check, "name")), name) &&
            json_is_number(value))
            return json_number_value(value);
    }
    return NAN;
}

static enum verdict judge(const struct experiment *e, const json_t *run)
{
    struct knobs k;
    struct prediction p = {0};
    enum verdict verdict = VERDICT_AGREE;
    const struct conditions c = read_conditions(run);
    read_knobs(e, run, &k);
    e->predict(&k, &c, &p);
    for (size_t i = 0; i < p.n; i++) {
        double value = observed(run, p.expectations[i].name);
        enum verdict one = isnan(value) ? VERDICT_DIFFER : verdict_check(&p.expectations[i], value);
        if (one != VERDICT_AGREE)
            printf("%s: %g to %g, observed %g\n", p.expectations[i].name, p.expectations[i].lo,
                   p.expectations[i].hi, value);
        verdict = verdict_add(verdict, one);
    }
    if (p.n != json_array_size(json_object_get(run, "checks")))
        verdict = VERDICT_DIFFER;
    prediction_release(&p);
    return verdict;
}

int main(int argc, char **argv)
{
    size_t i;
    json_t *run, *document = argc == 3 ? json_load_file(argv[1], 0, NULL) : NULL;
    const struct experiment *e = document ? experiment_find(argv[2]) : NULL;
    json_array_foreach(json_object_get(document, "runs"), i, run)
    {
        if (!e || strcmp(json_string_value(json_object_get(run, "experiment")), e->name))
            continue;
        if (!json_array_size(json_object_get(run, "checks")))
            break;
        enum verdict verdict = judge(e, run);
        json_decref(document);
        return verdict == VERDICT_AGREE ? EXIT_CODE_DONE : EXIT_CODE_UNMET;
    }
    fprintf(stderr, "judge: no run of %s\n", argc > 2 ? argv[2] : "it");
    return EXIT_CODE_FAILED;
}
