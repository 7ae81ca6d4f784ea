#include "bench/report/knee.h"
#include "bench/report/layout.h"
#include "bench/report/text.h"
#include "common/report/page.h"
#include "common/report/terminal.h"
#include "common/text/human.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_MAX 48

static const char *string(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

/* A value of the key, as it was varied. */
static const char *value_text(const json_t *d, const json_t *value, char text[static VALUE_MAX])
{
    snprintf(text, VALUE_MAX, "%.10g%s", json_number_value(value), string(d, "unit"));
    return text;
}

void knee_cost_text(FILE *out, size_t n_short, double short_s, size_t n_long, double long_s,
                    int64_t all_ns)
{
    char all[HUMAN_MAX];
    fprintf(out, "tcplab-bench: about %zu trials of %.3g s and %zu of %.3g s, about %s in all\n",
            n_short, short_s, n_long, long_s, human_ns(all_ns, all));
}

static void prediction_sentence(FILE *out, const json_t *d)
{
    const json_t *p = json_object_get(d, "predicted"), *more = json_object_get(d, "prediction");
    char lo[VALUE_MAX], hi[VALUE_MAX];
    bool smallest = json_is_true(json_object_get(more, "smallest_good"));
    const json_t *first = json_array_get(p, 0), *last = json_array_get(p, 1);
    value_text(d, first, lo);
    value_text(d, last, hi);
    if (json_is_null(first))
        fprintf(out, "no %s that is good", string(d, "key"));
    else if (json_is_null(last))
        fprintf(out, "the %s good %s is %s, or there is none", smallest ? "smallest" : "highest",
                string(d, "key"), lo);
    else if (!strcmp(lo, hi))
        fprintf(out, "the %s good %s is %s", smallest ? "smallest" : "highest", string(d, "key"),
                lo);
    else
        fprintf(out, "the %s good %s is from %s to %s", smallest ? "smallest" : "highest",
                string(d, "key"), lo, hi);
}

void knee_prediction_text(FILE *out, const json_t *d)
{
    const char *none = string(json_object_get(d, "prediction"), "why_none");
    fputs("tcplab-bench: predicted: ", out);
    if (*none) {
        fprintf(out, "nothing; %s\n", none);
        return;
    }
    prediction_sentence(out, d);
    fputc('\n', out);
}

static void prediction(FILE *out, const json_t *d)
{
    const json_t *p = json_object_get(d, "prediction");
    const char *none = string(p, "why_none");
    char text[400] = "", *memory = NULL, pace[HUMAN_MAX], late[HUMAN_MAX], starts[HUMAN_MAX];
    size_t size;
    page_title(out, "Predicted, before the first trial");
    if (*none) {
        page_text(out, "Nothing: %s", none);
        return;
    }
    FILE *sentence = open_memstream(&memory, &size);
    if (!sentence)
        return;
    prediction_sentence(sentence, d);
    fclose(sentence);
    snprintf(text, sizeof(text), "%.390s", memory);
    free(memory);
    text[0] = (char)(text[0] - 'a' + 'A');
    page_text(out, "%s.", text);
    layout_labelled(out, "rule", string(p, "sentence"));
    layout_labelled(out, "source", string(p, "source"));
    if (json_number_value(json_object_get(p, "pace_measured_us")) > 0)
        page_text(out,
                  "This machine accepts one connection each %s at best. Under this load its timers "
                  "come so late that the queue must bear %s more; and starts of the client come %s "
                  "late, all that was due at once.",
                  human_us(json_number_value(json_object_get(p, "pace_measured_us")), pace),
                  human_us(json_number_value(json_object_get(p, "timers_late_us")), late),
                  human_us(json_number_value(json_object_get(p, "starts_late_us")), starts));
}

static void trials(FILE *out, const json_t *d)
{
    json_t *one;
    size_t i;
    bool percent = strchr(string(d, "until"), '%') != NULL;
    page_title(out, "Trials, in their order");
    fprintf(out, "  %12s  %12s  %12s  %10s\n", "value", "trials", "connections", "seen");
    json_array_foreach(json_object_get(d, "answers"), i, one)
    {
        const json_t *value = json_object_get(one, "value");
        const char *word = string(one, "answer");
        char at[VALUE_MAX], seen[VALUE_MAX] = "-", n[HUMAN_MAX], count[32];
        long long limited = page_integer(one, "limited_trials", NULL);
        if (json_is_number(value))
            snprintf(seen, sizeof(seen), percent ? "%.3g %%" : "%.6g", json_number_value(value));
        snprintf(count, sizeof(count), "%lld %s", (long long)page_integer(one, "trials", NULL),
                 json_is_true(json_object_get(one, "long")) ? "long" : "short");
        fprintf(out, "  %12s  %12s  %12s  %10s  %s%s%s",
                value_text(d, json_object_get(one, "at"), at), count,
                human_count((int64_t)json_number_value(json_object_get(one, "connections")), n),
                seen,
                terminal_style(out, !strcmp(word, "good")  ? TERMINAL_GOOD
                                    : !strcmp(word, "bad") ? TERMINAL_BAD
                                                           : TERMINAL_PLAIN),
                word, terminal_style(out, TERMINAL_PLAIN));
        if (limited)
            fprintf(out, "  (%lld more: the client or the machine was the limit)", limited);
        fputc('\n', out);
    }
}

/* Whether an end of the range has no answer: the last trials there were limited. */
static bool ends_unknown(const json_t *d)
{
    const json_t *answers = json_object_get(d, "answers"), *range = json_object_get(d, "range");
    bool unknown = false;
    for (size_t end = 0; end < 2; end++) {
        const char *last = "";
        json_t *answer;
        size_t i;
        json_array_foreach((json_t *)(uintptr_t)answers, i, answer)
        {
            if (json_number_value(json_object_get(answer, "at")) ==
                json_number_value(json_array_get(range, end)))
                last = string(answer, "answer");
        }
        unknown = unknown || !strcmp(last, "limited");
    }
    return unknown;
}

static void answer(FILE *out, const json_t *d)
{
    const json_t *good = json_object_get(d, "last_good"), *bad = json_object_get(d, "first_bad"),
                 *range = json_object_get(d, "range");
    char a[VALUE_MAX], b[VALUE_MAX], from[VALUE_MAX], to[VALUE_MAX];
    const char *verdict = string(d, "verdict"), *reason = string(d, "reason");
    value_text(d, good, a);
    value_text(d, bad, b);
    value_text(d, json_array_get(range, 0), from);
    value_text(d, json_array_get(range, 1), to);
    page_title(out, "The knee");
    if (!json_is_true(json_object_get(d, "complete")))
        page_text(out, "Not found yet: the search was interrupted.");
    else if (json_is_number(good) && json_is_number(bad))
        page_text(out, "%s = %s is the last good value, %s the first bad one.", string(d, "key"), a,
                  b);
    else if (json_is_number(good) && json_is_true(json_object_get(d, "limited")))
        page_text(out, "%s = %s is the last good value. Beyond it nothing is known.",
                  string(d, "key"), a);
    else if (ends_unknown(d) && (json_is_number(good) || json_is_number(bad)))
        page_text(out,
                  "%s = %s is %s. At the other end of the range nothing is known: there the client "
                  "or the machine was the limit.",
                  string(d, "key"), json_is_number(good) ? a : b,
                  json_is_number(good) ? "good" : "bad");
    else if (json_is_number(good))
        page_text(out, "Every value from %s to %s is good.", from, to);
    else if (json_is_number(bad))
        page_text(out, "No value from %s to %s is good.", from, to);
    else
        page_text(out, "Nothing is known: in no trial was the server the limit.");
    layout_labelled(out, "verdict", verdict);
    layout_labelled(out, "because", reason);
}

void knee_text(FILE *out, const json_t *d)
{
    const json_t *load = json_object_get(d, "load");
    report_head_text(out, d);
    page_title(out, "Where does %s become bad: %s", string(d, "key"), string(d, "until"));
    if (*string(load, "server"))
        layout_command(out, "$", string(load, "server"));
    layout_command(out, "$", string(load, "client"));
    prediction(out, d);
    trials(out, d);
    answer(out, d);
}
