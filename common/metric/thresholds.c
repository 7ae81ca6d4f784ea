#include "common/metric/thresholds.h"
#include "common/report/page.h"
#include "common/report/terminal.h"
#include "common/text/say.h"

#include <stdlib.h>
#include <string.h>

int thresholds_check(const struct option_texts *texts, struct metric_kind kind, char **ret_message)
{
    struct threshold ignored;
    for (size_t i = 0; i < texts->n; i++) {
        char *why = NULL;
        int r = threshold_read(texts->text[i], kind, &ignored, &why);
        if (r)
            say(ret_message, r, "--fail-if %s", why ? why : texts->text[i]);
        free(why);
        if (r)
            return r;
    }
    return 0;
}

size_t thresholds_add(const struct option_texts *texts, const char *program, json_t *report)
{
    const char *const programs[] = {program, NULL};
    size_t failed = 0;
    if (!texts->n)
        return 0;
    json_t *reports = json_pack("{s:O}", program, report);
    json_t *list = threshold_judge(texts->text, texts->n, metric_kind_of(programs), metric_value,
                                   reports, &failed);
    json_decref(reports);
    json_object_set_new(report, "thresholds", list);
    return failed;
}

static const char *string(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static struct metric metric_of(const json_t *threshold)
{
    struct metric m = {.unit = METRIC_BYTES};
    while (m.unit && strcmp(string(threshold, "unit"), metric_unit_names[m.unit]))
        m.unit--;
    return m;
}

void thresholds_text(FILE *out, const json_t *thresholds)
{
    json_t *one;
    size_t i;
    if (!json_array_size(thresholds))
        return;
    page_title(out, "Thresholds");
    json_array_foreach(thresholds, i, one)
    {
        bool failed = json_is_true(json_object_get(one, "failed"));
        const char *arm = string(one, "arm");
        const json_t *value = json_object_get(one, "value");
        const struct metric metric = metric_of(one);
        char number[METRIC_TEXT_MAX];
        fprintf(out, "  %s%s%s  %s%s%s: it %s%s\n",
                terminal_style(out, failed ? TERMINAL_BAD : TERMINAL_GOOD),
                failed ? "failed" : "ok    ", terminal_style(out, TERMINAL_PLAIN),
                string(one, "fail_if"), *arm ? ", of " : "", arm,
                json_is_number(value) ? "is " : "has no value",
                json_is_number(value) ? metric_text(&metric, json_number_value(value), number)
                                      : "");
    }
}
