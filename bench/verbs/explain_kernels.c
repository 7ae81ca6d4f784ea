/* What differs between kernels, as bench/kernels/run has found it (bench/kernels/recorded.h): the
 * rules, which experiments come out otherwise for them, and which claims hold on some kernels
 * only. */
#include "bench/verbs/explain_kernels.h"
#include "bench/claims/claim.h"
#include "bench/experiments/table.h"
#include "bench/kernel_probe/kernel_probe.h"
#include "bench/kernels/recorded.h"
#include "bench/report/layout.h"
#include "bench/trial/experiment.h"
#include "common/report/page.h"

#include <stdlib.h>
#include <string.h>

#define KERNELS_MAX 12

struct kernels_row {
    /* a name, and a value for each kernel; NULL-terminated where there are fewer */
    const char *cells[1 + KERNELS_MAX];
};

#define X(...) {{__VA_ARGS__}},
static const struct kernels_row kernels_heads[] = {RECORDED_KERNELS(X)};
static const struct kernels_row kernels_rules[] = {RECORDED_RULES(X)};
static const struct kernels_row kernels_verdicts[] = {RECORDED_VERDICTS(X)};
static const struct kernels_row kernels_claims[] = {RECORDED_CLAIMS(X)};
/* experiment, kernels, reason */
static const struct kernels_row kernels_skipped[] = {RECORDED_SKIPPED(X)};
#undef X

#define N(rows) (sizeof(rows) / sizeof *(rows))

static const char *const *kernels_names(void)
{
    return kernels_heads[0].cells + 1;
}

static bool all_have(const struct kernels_row *row, const char *value)
{
    for (size_t i = 1; i <= KERNELS_MAX && row->cells[i]; i++)
        if (strcmp(row->cells[i], value))
            return false;
    return true;
}

/* The kernels whose cell is that value: "6.1.170, 6.12.100". */
static void with(const struct kernels_row *row, const char *value, char *text, size_t size)
{
    size_t length = 0;
    text[0] = '\0';
    for (size_t i = 1; i <= KERNELS_MAX && row->cells[i] && length < size; i++)
        if (!strcmp(row->cells[i], value))
            length += (size_t)snprintf(text + length, size - length, "%s%s", length ? ", " : "",
                                       kernels_names()[i - 1]);
}

static const char *kernels_means(const char *name, const char *value)
{
    for (size_t i = 0; kernel_probes[i].name; i++)
        if (!strcmp(kernel_probes[i].name, name) && kernel_probe_means(&kernel_probes[i], value))
            return kernel_probe_means(&kernel_probes[i], value);
    return NULL;
}

/* --- which experiments a rule decides --- */

static bool kernels_changes(const struct experiment *e, enum kernel_rule rule)
{
    struct knobs k;
    struct prediction here = {0}, there = {0};
    knobs_init(&k, e->knobs, e->n_knobs);
    struct conditions c = experiment_conditions(e, &k);
    e->predict(&k, &c, &here);
    kernel_rules_flip(&c.rules, rule);
    e->predict(&k, &c, &there);
    bool changes = !prediction_same(&here, &there);
    prediction_release(&here);
    prediction_release(&there);
    return changes;
}

static void print_changes(FILE *out, const char *name)
{
    char text[400];
    for (enum kernel_rule rule = 0; rule < KERNEL_RULES_N; rule++) {
        size_t length = 0;
        if (strcmp(kernel_rule_texts[rule].name, name))
            continue;
        for (size_t i = 0; experiments[i] && length < sizeof(text); i++)
            if (kernels_changes(experiments[i], rule))
                length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%s",
                                           length ? ", " : "", experiments[i]->name);
        if (length) {
            fprintf(out, "    Predictions that rest upon it: ");
            layout_words(out, text, 6, 35);
        }
    }
}

/* --- the page --- */

static void print_values(FILE *out, const struct kernels_row *row)
{
    char text[600], who[200];
    for (size_t i = 1; i <= KERNELS_MAX && row->cells[i]; i++) {
        bool told = false;
        for (size_t before = 1; before < i; before++)
            told = told || !strcmp(row->cells[before], row->cells[i]);
        if (told)
            continue;
        const char *means = kernels_means(row->cells[0], row->cells[i]);
        with(row, row->cells[i], who, sizeof(who));
        snprintf(text, sizeof(text), "%s on %s. %s", row->cells[i], who, means ? means : "");
        layout_fill(out, ' ', 4);
        layout_words(out, text, 6, 4);
    }
}

static void print_differing(FILE *out)
{
    page_title(out, "Rules that differ");
    for (size_t i = 0; i < N(kernels_rules); i++) {
        if (all_have(&kernels_rules[i], kernels_rules[i].cells[1]))
            continue;
        fprintf(out, "%s  %s\n", i ? "\n" : "", kernels_rules[i].cells[0]);
        print_values(out, &kernels_rules[i]);
        print_changes(out, kernels_rules[i].cells[0]);
    }
}

static void print_same(FILE *out)
{
    page_title(out, "The same on all of them");
    for (size_t i = 0; i < N(kernels_rules); i++)
        if (all_have(&kernels_rules[i], kernels_rules[i].cells[1]))
            page_row(out, kernels_rules[i].cells[0], kernels_rules[i].cells[1],
                     kernels_means(kernels_rules[i].cells[0], kernels_rules[i].cells[1]));
}

/* The verdicts are what was seen; "since" is what the library of claims says. */
static void print_claim(FILE *out, const struct kernels_row *row, const struct claim *c)
{
    fprintf(out, "\n  %s\n", row->cells[0]);
    layout_fill(out, ' ', 4);
    layout_words(out, c->says, 4, 4);
    print_values(out, row);
    if (c->since) {
        fputs("    Not so any more since ", out);
        layout_words(out, c->since, 6, 26);
    }
}

static void print_claims(FILE *out)
{
    size_t same = 0;
    page_title(out, "What articles say");
    for (size_t i = 0; i < N(kernels_claims); i++)
        same += all_have(&kernels_claims[i], kernels_claims[i].cells[1]);
    page_text(out,
              "%zu claims were judged on each of them, and %zu got the same verdict everywhere. "
              "The others:",
              N(kernels_claims), same);
    for (size_t i = 0; i < N(kernels_claims); i++) {
        const struct claim *c;
        char *message = NULL;
        if (!all_have(&kernels_claims[i], kernels_claims[i].cells[1]) &&
            !claim_named(kernels_claims[i].cells[0], &c, &message))
            print_claim(out, &kernels_claims[i], c);
        free(message);
    }
}

static void print_verdicts(FILE *out)
{
    size_t agree = 0;
    page_title(out, "Experiments and their predictions");
    for (size_t i = 0; i < N(kernels_verdicts); i++)
        agree += all_have(&kernels_verdicts[i], "agree");
    page_text(
        out,
        "%zu experiments ran on each of them, and %zu agreed with their predictions everywhere.",
        N(kernels_verdicts), agree);
    for (size_t i = 0; i < N(kernels_verdicts); i++) {
        char who[200];
        static const char *const others[] = {"differ", "inconclusive", "none"};
        for (size_t v = 0; v < N(others); v++) {
            with(&kernels_verdicts[i], others[v], who, sizeof(who));
            if (who[0])
                page_text(out, "%s: %s on %s.", kernels_verdicts[i].cells[0], others[v], who);
        }
    }
    for (size_t i = 0; i < N(kernels_skipped) && kernels_skipped[i].cells[0]; i++)
        page_text(out, "%s: skipped on %s: %s.", kernels_skipped[i].cells[0],
                  kernels_skipped[i].cells[1], kernels_skipped[i].cells[2]);
}

void explain_kernels(FILE *out)
{
    char text[200] = "";
    for (size_t i = 0, length = 0; i < KERNELS_MAX && kernels_names()[i] && length < sizeof(text);
         i++)
        length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%s", i ? ", " : "",
                                   kernels_names()[i]);
    page_text(out,
              "What was found when each of these kernels ran all experiments and claims, and was "
              "asked for its rules: Linux %s. bench/kernels/run does it again, also with a kernel "
              "of your own; tcplab-bench probe asks the running one.",
              text);
    print_differing(out);
    print_same(out);
    print_verdicts(out);
    print_claims(out);
}
