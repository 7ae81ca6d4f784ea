#include "bench/verbs/ask.h"
#include "bench/report/checks.h"
#include "bench/report/layout.h"
#include "bench/report/ledger.h"
#include "bench/report/setup.h"
#include "common/report/page.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ASK_MOST   5 /* questions */
#define ASK_ERRORS 200

static void setup(const struct experiment *e, const struct knobs *k)
{
    json_t *values = knobs_json(k);
    char *knobs = setup_knobs(values, NULL);
    fprintf(stderr, "%s\n", e->name);
    layout_labelled(stderr, "question", e->question);
    layout_labelled(stderr, "often said", e->claim);
    layout_labelled(stderr, "set-up", e->why_link);
    layout_labelled(stderr, "knobs", knobs);
    page_title(stderr, "Your prediction? A number, or Enter to skip");
    free(knobs);
    json_decref(values);
}

/* "ECONNRESET"; 0: no such name. */
static int ask_error(const char *name)
{
    for (int error = 1; error < ASK_ERRORS; error++)
        if (strerrorname_np(error) && !strcmp(name, strerrorname_np(error)))
            return error;
    return 0;
}

/* NULL: nothing that can be compared. New reference. */
static json_t *ask_read(const char *line, const char *unit)
{
    char *end;
    double value = strtod(line, &end);
    int error = strcmp(unit, "errno") ? 0 : ask_error(line);
    if (error)
        return json_integer(error);
    return end > line && !*end && isfinite(value) ? json_real(value) : NULL;
}

/* false: stdin has ended. */
static bool one(const struct expectation *x, json_t *predictions)
{
    const char *note = strncmp(x->name, "ledger.", 7) ? NULL : ledger_note(x->name + 7);
    char line[256];
    for (;;) {
        fprintf(stderr, "  %s (%s)%s%s: ", x->name,
                strcmp(x->unit, "errno") ? x->unit : "the error's name", note ? ", " : "",
                note ? note : "");
        fflush(stderr);
        if (!fgets(line, sizeof(line), stdin)) {
            fputc('\n', stderr);
            return false;
        }
        line[strcspn(line, "\r\n")] = '\0';
        char *text = line + strspn(line, " \t");
        if (!*text) {
            json_object_set_new(predictions, x->name, json_null());
            return true;
        }
        json_t *value = ask_read(text, x->unit);
        if (value) {
            json_object_set_new(predictions, x->name, value);
            return true;
        }
        fprintf(stderr, "  That is no number. Give one, or press Enter to skip.\n");
    }
}

void ask_predictions(const struct experiment *e, const struct knobs *k, json_t **ret)
{
    struct prediction p = {0};
    const struct conditions c = experiment_conditions(e, k);
    e->predict(k, &c, &p);
    *ret = json_object();
    setup(e, k);
    for (size_t i = 0, asked = 0; i < p.n && asked < ASK_MOST; i++) {
        const struct expectation *x = &p.expectations[i];
        if (!checks_is_headline(x->name, x->lo, x->hi))
            continue;
        asked++;
        if (!one(x, *ret))
            break;
    }
    prediction_release(&p);
}

void ask_note(json_t *run, const json_t *predictions)
{
    size_t i;
    json_t *check;
    json_array_foreach(json_object_get(run, "checks"), i, check)
    {
        const char *name = json_string_value(json_object_get(check, "name"));
        json_t *you = name ? json_object_get(predictions, name) : NULL;
        if (you)
            json_object_set(check, "you", you);
    }
}
