#include "bench/verbs/explain.h"
#include "bench/experiments/table.h"
#include "bench/model/renamed.h"
#include "bench/model/rule.h"
#include "bench/report/drawing.h"
#include "bench/report/expected.h"
#include "bench/report/layout.h"
#include "bench/report/pager.h"
#include "bench/trial/experiment.h"
#include "bench/verbs/explain_kernels.h"
#include "common/process/exit_code.h"
#include "common/report/page.h"
#include "common/report/program.h"
#include "common/report/terminal.h"
#include "common/text/human.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define EXPLAIN_NAME 24 /* the longest has 23 letters */

static const struct option_program explain_program = {
    .name = "tcplab-bench explain",
    .usage = "[options] NAME|--kernels",
    .examples =
        "  tcplab-bench explain rst-on-overflow\n"
        "  tcplab-bench explain rst-on-overflow --set backlog=0   what would happen then?\n"
        "  tcplab-bench explain --kernels                        what differs between kernels\n",
    .closing = "NAME: see tcplab-bench list.\n",
    .operands_max = 1,
};

int list_main(int argc, char **argv)
{
    if (argc > 1) {
        terminal_error(
            "list takes no argument, and got %s; for one experiment: tcplab-bench explain NAME",
            argv[1]);
        return EXIT_CODE_USAGE;
    }
    const char *part = NULL;
    bool person = isatty(STDOUT_FILENO); /* others read a line an experiment */
    for (size_t i = 0; experiments[i]; i++) {
        const char *now = experiment_part(experiments[i]);
        if (now != part && person)
            printf("%s%s%s%s\n", part ? "\n" : "", terminal_style(stdout, TERMINAL_BOLD), now,
                   terminal_style(stdout, TERMINAL_PLAIN));
        part = now;
        int column = printf("%-*s ", EXPLAIN_NAME, experiments[i]->name);
        if (person)
            layout_words(stdout, experiments[i]->question, column, column);
        else
            puts(experiments[i]->question);
    }
    return program_flush();
}

static void explain_knobs(FILE *out, const struct experiment *e, const struct knobs *values)
{
    char note[256], value[KNOB_TEXT_MAX];
    page_title(out, "Knobs (--set NAME=VALUE; also any sysctl by its full name)");
    for (size_t i = 0; i < e->n_knobs; i++) {
        const struct knob *k = &e->knobs[i];
        size_t length = (size_t)snprintf(note, sizeof(note), "%s", k->help);
        for (size_t c = 0; k->choices && k->choices[c]; c++)
            length += (size_t)snprintf(note + length, sizeof(note) - length, "%s%s",
                                       c ? " | " : ": ", k->choices[c]);
        if (k->word)
            length +=
                (size_t)snprintf(note + length, sizeof(note) - length, "; or \"%s\"", k->word);
        if (k->sysctl)
            snprintf(note + length, sizeof(note) - length, " (%s)", k->sysctl);
        page_row(out, k->name,
                 values->set[i] ? knob_text(k, values->value[i], value) : "the kernel's", note);
    }
}

/* Where an older kernel has another name for what decides. */
static void explain_renamed(FILE *out, const char *source)
{
    static const struct {
        const char *function, *file, *until, *former, *former_file;
    } renamed[] = {
#define X(...) {__VA_ARGS__},
        RENAMED_FUNCTIONS(X)
#undef X
    };
    for (size_t i = 0; i < sizeof(renamed) / sizeof(*renamed); i++) {
        const char *found = strstr(source, renamed[i].function);
        if (found && found[strlen(renamed[i].function)] == '(')
            page_text(out, "[up to Linux %s: %s(), %s]", renamed[i].until, renamed[i].former,
                      renamed[i].former_file);
    }
}

static void explain_expectation(FILE *out, const struct expectation *x, const struct rule *before)
{
    if (x->rule != before) {
        page_text(out, "%s", x->rule->sentence);
        page_text(out, "[%s]", x->rule->source);
        explain_renamed(out, x->rule->source);
    }
    struct expected e = expected_between(x->unit, x->lo, x->hi);
    fprintf(out, "      %-44s %s\n", x->name, e.predicted);
}

static void explain_prediction(FILE *out, const struct experiment *e, const struct knobs *k)
{
    struct prediction p = {0};
    const struct conditions c = experiment_conditions(e, k);
    e->predict(k, &c, &p);
    page_title(out, "Prediction, with these values of the knobs");
    page_text(out, "As the newest kernel does it. A run finds out first which rules this kernel "
                   "has, and reckons with those: tcplab-bench probe shows them.");
    for (size_t i = 0; i < p.n; i++)
        explain_expectation(out, &p.expectations[i], i ? p.expectations[i - 1].rule : NULL);
    prediction_release(&p);
}

static void explain_by_hand(FILE *out, const struct by_hand *b)
{
    char prompt[32];
    snprintf(prompt, sizeof(prompt), "%s$", b->where);
    layout_command(out, prompt, b->command);
    layout_fill(out, ' ', 6);
    layout_words(out, b->shows, 6, 6);
}

/* answers: what the kernel does, and what will be observed. */
static void explain(FILE *out, const struct experiment *e, const struct knobs *k, bool answers)
{
    fprintf(out, "%s%s%s\n", terminal_style(out, TERMINAL_BOLD), e->name,
            terminal_style(out, TERMINAL_PLAIN));
    page_text(out, "%s", e->question);
    page_title(out, "What is often said (common wording)");
    page_text(out, "%s", e->claim);
    if (answers) {
        page_title(out, "What the kernel does");
        page_text(out, "%s", e->kernel);
        drawing_page(out, e->drawing);
        page_title(out, "What would prove that wrong");
        page_text(out, "%s", e->falsified);
    }
    page_title(out, "Why this link");
    page_text(out, "%s", e->why_link);
    if (e->time) {
        page_title(out, "How long it takes, as it is by default");
        page_text(out, "%s", e->time);
    }
    explain_knobs(out, e, k);
    if (answers)
        explain_prediction(out, e, k);
    page_title(out, "By hand");
    for (const struct by_hand *b = e->by_hand; b && b->command; b++)
        explain_by_hand(out, b);
    page_title(out, "Try next");
    for (const char *const *command = e->try_next; command && *command; command++)
        layout_command(out, "$", *command);
    for (const char *const *name = e->see_also; name && *name; name++)
        fprintf(out, "%s%s%s", name == e->see_also ? "  see also " : ", ", *name,
                name[1] ? "" : "\n");
}

/* *ret is NULL where the kernels are asked for. */
static int explain_read(int argc, char **argv, const struct experiment **ret, struct knobs *k,
                        bool *ret_no_answers, bool *ret_no_pager, char **ret_message)
{
    struct option_texts sets = {0};
    bool kernels = false;
    struct option_row rows[] = {
        {"set", 0, "KNOB=VALUE", NULL, "the prediction for this value; repeatable", &option_texts,
         &sets},
        {"no-answers", 0, NULL, NULL, "without what the kernel does and the prediction",
         &option_flag, ret_no_answers},
        {"no-pager", 0, NULL, NULL, "a long explanation on a terminal without $PAGER", &option_flag,
         ret_no_pager},
        {"kernels", 0, NULL, NULL, "what differs between kernels", &option_flag, &kernels},
    };
    char **names;
    int n;
    int r = options_read(rows, sizeof(rows) / sizeof(*rows), &explain_program, argc, argv, &names,
                         &n, ret_message);
    if (r)
        return r;
    *ret = NULL;
    if (kernels && (n || sets.n)) {
        if (asprintf(ret_message, "--kernels stands alone: it is not about one experiment") < 0)
            *ret_message = NULL;
        return -EINVAL;
    }
    if (kernels)
        return 0;
    r = experiment_named(n ? names[0] : "", ret, ret_message);
    if (!r)
        knobs_init(k, (*ret)->knobs, (*ret)->n_knobs);
    for (size_t i = 0; i < sets.n && !r; i++)
        r = knobs_set(k, sets.text[i], ret_message);
    return r;
}

int explain_main(int argc, char **argv)
{
    const struct experiment *e;
    struct knobs k;
    struct pager pager;
    char *message = NULL;
    bool no_answers = false, no_pager = false;
    int r = explain_read(argc, argv, &e, &k, &no_answers, &no_pager, &message);
    if (r)
        return program_settings_ended(r, message);
    if (e) {
        experiment_settle(e, &k);
        const struct conditions c = experiment_conditions(e, &k);
        if (e->check && e->check(&k, &c, &message))
            return program_settings_ended(-EINVAL, message);
    }
    pager_begin(&pager, !no_pager);
    if (e)
        explain(pager.out, e, &k, !no_answers);
    else
        explain_kernels(pager.out);
    return pager_end(&pager);
}
