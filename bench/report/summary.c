#include "bench/report/summary.h"
#include "bench/report/conclusion.h"
#include "bench/report/layout.h"
#include "bench/report/setup.h"
#include "common/report/page.h"
#include "common/report/terminal.h"
#include "common/text/human.h"

#include <stdlib.h>
#include <string.h>

#define SUMMARY_NAME    (page_width() < 80 ? 14 : 27) /* column where the name ends */
#define SUMMARY_VERDICT (SUMMARY_NAME + 33)           /* column where the verdicts begin */
#define SUMMARY_NAMED   20                            /* runs that are listed below the table */

static const char *const summary_verdicts[] = {"agree", "differ", "inconclusive", "skipped"};
#define SUMMARY_VERDICTS (sizeof(summary_verdicts) / sizeof(*summary_verdicts))

struct summary {
    size_t runs, verdicts[SUMMARY_VERDICTS];
    size_t checks, checks_agree;
    double elapsed_s;
};

static const char *experiment(const json_t *run)
{
    const char *name = json_string_value(json_object_get(run, "experiment"));
    return name ? name : "unnamed";
}

static bool same_experiment(const json_t *a, const json_t *b)
{
    return !strcmp(experiment(a), experiment(b));
}

bool summary_same(const json_t *a, const json_t *b)
{
    json_t *left = json_object_get(a, "knobs"), *right = json_object_get(b, "knobs");
    return same_experiment(a, b) && (left == right || json_equal(left, right));
}

static void add(struct summary *s, const json_t *run)
{
    s->runs++;
    for (size_t i = 0; i < SUMMARY_VERDICTS; i++)
        s->verdicts[i] += !strcmp(conclusion_verdict(run), summary_verdicts[i]);
    s->checks += conclusion_checks(run, NULL);
    s->checks_agree += conclusion_checks(run, "agree");
    s->elapsed_s += json_number_value(json_object_get(run, "elapsed_s"));
}

/* Of a group: like that run; of all where it is NULL. */
static struct summary summary_of(const json_t *runs, const json_t *like)
{
    struct summary s = {0};
    size_t i;
    json_t *run;
    json_array_foreach((json_t *)runs, i, run)
    {
        if (!like || summary_same(run, like))
            add(&s, run);
    }
    return s;
}

/* The knobs by which this run's group and the others of the same experiment are told apart; NULL
 * where there is none. The caller frees it. */
static char *summary_knobs(const json_t *runs, const json_t *run)
{
    json_t *knobs = json_object_get(run, "knobs"), *different = json_object(), *other, *value;
    const char *name;
    size_t i;
    json_array_foreach((json_t *)runs, i, other)
    {
        if (!same_experiment(run, other))
            continue;
        json_object_foreach(knobs, name, value)
        {
            if (!json_equal(value, json_object_get(json_object_get(other, "knobs"), name)))
                json_object_set(different, name, value);
        }
    }
    char *text = json_object_size(different) ? setup_knobs(knobs, different) : NULL;
    json_decref(different);
    return text;
}

/* --- the table --- */

/* "agree" where all do, "3 agree, 1 differ" else. */
static void words(FILE *out, const struct summary *s)
{
    bool first = true;
    for (size_t i = 0; i < SUMMARY_VERDICTS; i++) {
        if (!s->verdicts[i])
            continue;
        if (!first)
            fprintf(out, i > 1 || page_width() < 80 ? ",\n%*s" : ", ", SUMMARY_VERDICT, "");
        if (s->verdicts[i] != s->runs)
            fprintf(out, "%zu ", s->verdicts[i]);
        conclusion_word(out, summary_verdicts[i]);
        first = false;
    }
    fputc('\n', out);
}

static void row(FILE *out, const char *name, const struct summary *s)
{
    char checks[48] = "-", elapsed[HUMAN_MAX] = "-";
    int column = fprintf(out, "  %-*s", SUMMARY_NAME - 2, name);
    if (s->checks)
        snprintf(checks, sizeof(checks), "%zu of %zu", s->checks_agree, s->checks);
    if (s->elapsed_s > 0)
        human_us(s->elapsed_s * 1e6, elapsed);
    if (column > SUMMARY_NAME)
        fprintf(out, "\n%*s", SUMMARY_NAME, "");
    fprintf(out, "%5zu%14s%12s  ", s->runs, checks, elapsed);
}

static bool is_first(const json_t *runs, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (summary_same(json_array_get(runs, i), json_array_get(runs, index)))
            return false;
    return true;
}

static void group(FILE *out, const json_t *runs, const json_t *run)
{
    struct summary s = summary_of(runs, run);
    char *knobs = summary_knobs(runs, run);
    row(out, experiment(run), &s);
    words(out, &s);
    if (knobs) {
        fputs("    ", out);
        layout_words(out, knobs, 4, 4);
    }
    free(knobs);
}

/* --- below it --- */

static void exception(FILE *out, const json_t *runs, const json_t *run)
{
    char *knobs = summary_knobs(runs, run), *sentence = conclusion_sentence(run);
    int64_t repetition = page_integer(run, "repetition", NULL);
    int column = fprintf(out, "  %s", experiment(run));
    if (knobs)
        column += fprintf(out, " (%s)", knobs);
    if (summary_of(runs, run).runs > 1 && repetition)
        column += fprintf(out, ", run %lld", (long long)repetition);
    column += fprintf(out, ": ");
    conclusion_word(out, conclusion_verdict(run));
    column += fprintf(out, ": ") + (int)strlen(conclusion_verdict(run));
    layout_words(out, sentence ? sentence : "", 6, column);
    conclusion_list(out, run, 6);
    free(knobs);
    free(sentence);
}

static void exceptions(FILE *out, const json_t *runs)
{
    size_t i, named = 0, all = json_array_size(runs) - summary_of(runs, NULL).verdicts[0];
    json_t *run;
    if (!all)
        return;
    page_title(out, "What did not agree, or did not run");
    json_array_foreach((json_t *)runs, i, run)
    {
        if (!strcmp(conclusion_verdict(run), "agree"))
            continue;
        if (named++ == SUMMARY_NAMED) {
            page_text(out, "... and %zu more runs (--json has them all)", all - SUMMARY_NAMED);
            return;
        }
        exception(out, runs, run);
    }
}

/* Of all runs: the worst decides; skipped only where nothing ran. */
static const char *verdict(const struct summary *s)
{
    return s->verdicts[1]   ? "differ"
           : s->verdicts[2] ? "inconclusive"
           : s->verdicts[0] ? "agree"
                            : "skipped";
}

static void totals(FILE *out, const struct summary *s)
{
    struct summary all = *s;
    all.elapsed_s = 0; /* of runs side by side the sum is no time that anybody waited */
    row(out, "all", &all);
    conclusion_word(out, verdict(s));
    fputc('\n', out);
}

void summary_page(FILE *out, const json_t *runs)
{
    struct summary all = summary_of(runs, NULL);
    size_t i;
    json_t *run;
    page_title(out, "Summary");
    fprintf(out, "%s  %-*s%5s%14s%9s  verdict%s\n", terminal_style(out, TERMINAL_DIM),
            SUMMARY_NAME - 2, "experiment", "runs", "as the rule", "time",
            terminal_style(out, TERMINAL_PLAIN));
    json_array_foreach((json_t *)runs, i, run)
    {
        if (is_first(runs, i))
            group(out, runs, run);
    }
    totals(out, &all);
    exceptions(out, runs);
}
