#include "common/metric/thresholds.h"
#include "common/report/page.h"
#include "common/report/terminal.h"

#include <stdlib.h>

int thresholds_check(const struct option_texts *texts, const char *const *programs,
                     char **ret_message)
{
    struct threshold ignored;
    for (size_t i = 0; i < texts->n; i++) {
        char *why = NULL;
        int r = threshold_read(texts->text[i], programs, &ignored, &why);
        if (r && asprintf(ret_message, "--fail-if %s", why ? why : texts->text[i]) < 0)
            *ret_message = NULL;
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
    json_t *list = threshold_judge(texts->text, texts->n, programs, metric_value, reports, &failed);
    json_decref(reports);
    json_object_set_new(report, "thresholds", list);
    return failed;
}

static const char *string(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

void thresholds_text(FILE *out, const json_t *thresholds)
{
    static const char *const programs[] = {"client", "server", NULL};
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
        char number[METRIC_TEXT_MAX], *unknown = NULL;
        struct metric metric = {.unit = METRIC_COUNT};
        metric_find(string(one, "metric"), programs, &metric, &unknown);
        free(unknown);
        fprintf(out, "  %s%s%s  %s%s%s: it %s%s\n",
                terminal_style(out, failed ? TERMINAL_BAD : TERMINAL_GOOD),
                failed ? "failed" : "ok    ", terminal_style(out, TERMINAL_PLAIN),
                string(one, "fail_if"), *arm ? ", of " : "", arm,
                json_is_number(value) ? "is " : "has no value",
                json_is_number(value) ? metric_text(&metric, json_number_value(value), number)
                                      : "");
    }
}
