#include "bench/verbs/explain.h"
#include "bench/experiments/table.h"
#include "bench/model/renamed.h"
#include "bench/report/drawing.h"
#include "bench/report/expected.h"
#include "bench/report/layout.h"
#include "bench/report/pager.h"
#include "bench/trial/trial_document.h"
#include "bench/verbs/explain_kernels.h"
#include "bench/verbs/reference.h"
#include "common/report/page.h"
#include "common/report/program.h"
#include "common/report/terminal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct option_program explain_program = {
    .name = "tcplab-bench explain",
    .usage = "[options] NAME|--kernels",
    .examples =
        "  tcplab-bench explain rst-on-overflow\n"
        "  tcplab-bench explain rst-on-overflow --set backlog=0    what would happen then?\n"
        "  tcplab-bench explain rst-on-overflow --json            the same for a script\n"
        "  tcplab-bench explain --kernels                         what differs between kernels\n",
    .closing = "NAME: see tcplab-bench list.\n",
    .operands_max = 1,
};

/* --- the document --- */

static json_t *knob_json(const struct knob *k, const struct knobs *values, size_t i)
{
    char value[KNOB_TEXT_MAX];
    return json_pack("{s:s, s:s?, s:s?, s:s, s:o, s:s?, s:s?}", "name", k->name, "default",
                     k->fallback, "value",
                     values->set[i] ? knob_text(k, values->value[i], value) : NULL, "help", k->help,
                     "choices", k->choices ? document_strings(k->choices) : json_null(), "word",
                     k->word, "sysctl", k->sysctl);
}

static json_t *knobs_list(const struct experiment *e, const struct knobs *values)
{
    json_t *list = json_array();
    for (size_t i = 0; i < e->n_knobs; i++)
        json_array_append_new(list, knob_json(&e->knobs[i], values, i));
    return list;
}

static json_t *predicted(const struct experiment *e, const struct knobs *k)
{
    json_t *list = json_array();
    struct prediction p = {0};
    const struct conditions c = experiment_conditions(e, k);
    e->predict(k, &c, &p);
    for (size_t i = 0; i < p.n; i++)
        json_array_append_new(list, trial_document_expectation(&p.expectations[i]));
    prediction_release(&p);
    return list;
}

/* answers: what the kernel does, and what will be observed. */
static json_t *explanation(const struct experiment *e, const struct knobs *k, bool answers)
{
    json_t *json = json_pack("{s:s, s:s, s:s, s:s}", "name", e->name, "part", experiment_part(e),
                             "question", e->question, "claim", e->claim);
    if (answers) {
        json_object_set_new(json, "kernel", json_string(e->kernel));
        json_object_set_new(json, "drawing", document_strings(e->drawing));
        json_object_set_new(json, "falsified", json_string(e->falsified));
    }
    json_object_set_new(json, "why_link", json_string(e->why_link));
    json_object_set_new(json, "time", e->time ? json_string(e->time) : json_null());
    json_object_set_new(json, "knobs", knobs_list(e, k));
    if (answers)
        json_object_set_new(json, "predicted", predicted(e, k));
    json_object_set_new(json, "by_hand", trial_document_by_hand(e));
    json_object_set_new(json, "see_also", document_strings(e->see_also));
    json_object_set_new(json, "try_next", document_strings(e->try_next));
    return json;
}

/* --- the text, out of the document --- */

static void knob_row(FILE *out, const json_t *knob)
{
    char note[256];
    size_t length = (size_t)snprintf(note, sizeof(note), "%s", reference_text(knob, "help")), c;
    const char *value = json_string_value(json_object_get(knob, "value")),
               *word = reference_text(knob, "word"), *sysctl = reference_text(knob, "sysctl");
    json_t *choice;
    json_array_foreach(json_object_get(knob, "choices"), c, choice)
    {
        length += (size_t)snprintf(note + length, sizeof(note) - length, "%s%s", c ? " | " : ": ",
                                   json_string_value(choice));
    }
    if (*word)
        length += (size_t)snprintf(note + length, sizeof(note) - length, "; or \"%s\"", word);
    if (*sysctl)
        snprintf(note + length, sizeof(note) - length, " (%s)", sysctl);
    page_row(out, reference_text(knob, "name"), value ? value : "the kernel's", note);
}

/* Where an older kernel has another name for what decides. */
static void renamed_text(FILE *out, const char *source)
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

static void expectation_text(FILE *out, const json_t *expectation, const json_t *before)
{
    const json_t *rule = json_object_get(expectation, "rule");
    const char *source = reference_text(expectation, "source");
    if (!json_equal((json_t *)rule, json_object_get(before, "rule"))) {
        page_text(out, "%s", json_string_value(rule));
        page_text(out, "[%s]", source);
        renamed_text(out, source);
    }
    struct expected e = expected_of(expectation);
    fprintf(out, "      %-44s %s\n", reference_text(expectation, "name"), e.predicted);
}

static void prediction_text(FILE *out, const json_t *predicted)
{
    page_title(out, "Prediction, with these values of the knobs");
    page_text(out, "As the newest kernel does it. A run finds out first which rules this kernel "
                   "has, and reckons with those: tcplab-bench probe shows them.");
    page_text(out, "Where a rule names nothing else, sysctls, socket and route options have their "
                   "defaults, no other limit is reached, and no firewall, BPF program or MPTCP "
                   "takes part.");
    for (size_t i = 0; i < json_array_size(predicted); i++)
        expectation_text(out, json_array_get(predicted, i),
                         i ? json_array_get(predicted, i - 1) : NULL);
}

static void by_hand_text(FILE *out, const json_t *by_hand)
{
    char prompt[32];
    snprintf(prompt, sizeof(prompt), "%s$", reference_text(by_hand, "where"));
    layout_command(out, prompt, reference_text(by_hand, "command"));
    layout_fill(out, ' ', 6);
    layout_words(out, reference_text(by_hand, "shows"), 6, 6);
}

/* Nothing where the explanation has no such key. */
static void section(FILE *out, const json_t *experiment, const char *title, const char *key)
{
    const char *text = json_string_value(json_object_get(experiment, key));
    if (!text)
        return;
    page_title(out, "%s", title);
    page_text(out, "%s", text);
}

static void next_text(FILE *out, const json_t *experiment)
{
    size_t i;
    json_t *command, *name;
    page_title(out, "Try next");
    json_array_foreach(json_object_get(experiment, "try_next"), i, command)
    {
        layout_command(out, "$", json_string_value(command));
    }
    json_array_foreach(json_object_get(experiment, "see_also"), i, name)
    {
        fprintf(out, "%s%s", i ? ", " : "  see also ", json_string_value(name));
    }
    fputs(i ? "\n" : "", out);
}

static void explanation_text(FILE *out, const json_t *document)
{
    const json_t *experiment = json_object_get(document, "experiment");
    const json_t *predicted = json_object_get(experiment, "predicted");
    size_t i;
    json_t *knob, *by_hand;
    fprintf(out, "%s%s%s\n", terminal_style(out, TERMINAL_BOLD), reference_text(experiment, "name"),
            terminal_style(out, TERMINAL_PLAIN));
    page_text(out, "%s", reference_text(experiment, "question"));
    section(out, experiment, "What is often said (common wording)", "claim");
    section(out, experiment, "What the kernel does", "kernel");
    drawing_page(out, json_object_get(experiment, "drawing"));
    section(out, experiment, "What would prove that wrong", "falsified");
    section(out, experiment, "Why this link", "why_link");
    section(out, experiment, "How long it takes, as it is by default", "time");
    page_title(out, "Knobs (--set NAME=VALUE; also any sysctl by its full name)");
    json_array_foreach(json_object_get(experiment, "knobs"), i, knob)
    {
        knob_row(out, knob);
    }
    if (predicted)
        prediction_text(out, predicted);
    page_title(out, "By hand");
    json_array_foreach(json_object_get(experiment, "by_hand"), i, by_hand)
    {
        by_hand_text(out, by_hand);
    }
    next_text(out, experiment);
}

/* --- the verb --- */

struct explain_settings {
    const struct experiment *experiment; /* NULL: --kernels */
    struct knobs knobs;
    bool no_answers, no_pager;
    const char *json;
};

static int refuse(char **ret_message, const char *sentence)
{
    *ret_message = strdup(sentence);
    return -EINVAL;
}

static int read_settings(int argc, char **argv, struct explain_settings *s, json_t **ret_json,
                         char **ret_message)
{
    struct option_texts sets = {0};
    bool kernels = false;
    struct option_row rows[] = {
        {"set", 0, "KNOB=VALUE", NULL, "predict for this value of a knob or sysctl; repeatable",
         &option_texts, &sets},
        {"no-answers", 0, NULL, NULL, "leave out what the kernel does and the prediction",
         &option_flag, &s->no_answers},
        {"json", 'J', "[=FILE]", NULL, "write the explanation as one JSON document", &option_file,
         &s->json},
        {"no-pager", 0, NULL, NULL, "do not show a long explanation through $PAGER", &option_flag,
         &s->no_pager},
        {"kernels", 0, NULL, NULL, "print what differs between kernels", &option_flag, &kernels},
    };
    const size_t n_rows = sizeof(rows) / sizeof(*rows);
    char **names;
    int n;
    int r = options_read(rows, n_rows, &explain_program, argc, argv, &names, &n, ret_message);
    if (r)
        return r;
    if (kernels && (n || sets.n))
        return refuse(ret_message, "--kernels stands alone: it is not about one experiment");
    if (kernels && s->json)
        return refuse(ret_message, "--kernels is text only; for the rules of this kernel as a "
                                   "document: tcplab-bench probe --json");
    if (kernels)
        return 0;
    r = experiment_named(n ? names[0] : "", &s->experiment, ret_message);
    if (r)
        return r;
    knobs_init(&s->knobs, s->experiment->knobs, s->experiment->n_knobs);
    for (size_t i = 0; i < sets.n && !r; i++)
        r = knobs_set(&s->knobs, sets.text[i], ret_message);
    if (r)
        return r;
    experiment_settle(s->experiment, &s->knobs);
    const struct conditions c = experiment_conditions(s->experiment, &s->knobs);
    if (s->experiment->check && s->experiment->check(&s->knobs, &c, ret_message))
        return -EINVAL;
    *ret_json = options_settings(rows, n_rows);
    return 0;
}

static int print_kernels(bool no_pager)
{
    struct pager pager;
    pager_begin(&pager, !no_pager);
    explain_kernels(pager.out);
    return pager_end(&pager);
}

int explain_main(int argc, char **argv)
{
    struct explain_settings s = {0};
    json_t *settings = NULL;
    char *message = NULL;
    int r = read_settings(argc, argv, &s, &settings, &message);
    if (r)
        return program_settings_ended(r, message);
    if (!s.experiment)
        return print_kernels(s.no_pager);
    json_t *document = reference_new("explain", argc, argv, settings);
    json_object_set_new(document, "experiment", explanation(s.experiment, &s.knobs, !s.no_answers));
    json_decref(settings);
    return reference_report(document, s.json, s.no_pager, explanation_text);
}
