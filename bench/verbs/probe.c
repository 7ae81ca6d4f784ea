#include "bench/verbs/probe.h"
#include "bench/kernel_probe/kernel_probe.h"
#include "bench/report/layout.h"
#include "common/options/options.h"
#include "common/process/clock.h"
#include "common/process/exit_code.h"
#include "common/report/document.h"
#include "common/report/page.h"
#include "common/report/program.h"
#include "common/report/terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROBE_NAME_WIDTH  26
#define PROBE_VALUE_WIDTH 14

static const struct option_program probe_program = {
    .name = "tcplab-bench probe",
    .usage = "[options]",
    .examples = "  tcplab-bench probe              which of the rules that differ between kernels "
                "has this one?\n"
                "  tcplab-bench probe --json       the same for a script, with what was seen\n",
    .closing = "It tries each rule in a lab of its own, in a few seconds, and does not read the "
               "kernel's version.\n"
               "Exit codes: 0 done, 1 failed, 2 usage, 77 this machine cannot make a lab.\n",
};

/* --- the document --- */

static json_t *rules_json(const struct findings *f)
{
    json_t *rules = json_object();
    for (size_t i = 0; kernel_probes[i].name; i++)
        json_object_set_new(
            rules, kernel_probes[i].name,
            kernel_probe_json(&f->of[kernel_probe_that_counts(f, kernel_probes[i].name)]));
    return rules;
}

static json_t *details_json(const struct findings *f)
{
    json_t *details = json_array();
    for (size_t i = 0; kernel_probes[i].name; i++) {
        const struct kernel_probe *p = &kernel_probes[i];
        const struct finding *found = &f->of[i];
        json_array_append_new(
            details, json_pack("{s:s, s:o, s:s?, s:s, s:o, s:s?}", "rule", p->name, "value",
                               kernel_probe_json(found), "means",
                               kernel_probe_means(p, found->value), "done", p->done, "seen",
                               document_string(found->seen), "history", p->history));
    }
    return details;
}

/* --- the text, out of the document --- */

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static void value_text(const json_t *value, char text[static KERNEL_PROBE_VALUE_MAX])
{
    if (json_is_boolean(value))
        snprintf(text, KERNEL_PROBE_VALUE_MAX, "%s", json_is_true(value) ? "yes" : "no");
    else if (json_is_integer(value))
        snprintf(text, KERNEL_PROBE_VALUE_MAX, "%lld", (long long)json_integer_value(value));
    else
        snprintf(text, KERNEL_PROBE_VALUE_MAX, "%s", json_string_value(value));
}

/* The detail that the value of that rule comes from. */
static const json_t *probe_detail(const json_t *details, const char *rule, const json_t *value)
{
    const json_t *found = NULL;
    size_t i;
    json_t *detail;
    json_array_foreach((json_t *)details, i, detail)
    {
        if (!strcmp(text_of(detail, "rule"), rule) &&
            (!found || json_equal(json_object_get(detail, "value"), (json_t *)value)))
            found = detail;
    }
    return found;
}

static void row(FILE *out, const json_t *details, const char *rule, const json_t *value)
{
    char word[KERNEL_PROBE_VALUE_MAX], *note = NULL;
    const json_t *detail = probe_detail(details, rule, value);
    const char *means = text_of(detail, "means"), *history = text_of(detail, "history");
    value_text(value, word);
    int column = fprintf(out, "  %-*s%-*s", PROBE_NAME_WIDTH, rule, PROBE_VALUE_WIDTH, word);
    if (asprintf(&note, "%s%s%s%s", *means ? means : text_of(detail, "seen"), *history ? " (" : "",
                 history, *history ? ")" : "") < 0)
        note = NULL;
    layout_words(out, note ? note : "", 2 + PROBE_NAME_WIDTH + PROBE_VALUE_WIDTH, column);
    free(note);
}

static void probe_text(FILE *out, const json_t *document)
{
    const char *rule;
    json_t *value;
    fprintf(out, "%s %s on Linux %s\n", text_of(document, "program"), text_of(document, "version"),
            text_of(document, "kernel"));
    page_title(out, "Rules of this kernel");
    json_object_foreach(json_object_get(document, "rules"), rule, value)
        row(out, json_object_get(document, "details"), rule, value);
    page_title(out, "What was seen");
    size_t i;
    json_t *detail;
    json_array_foreach(json_object_get(document, "details"), i, detail)
    {
        char *text = NULL;
        if (asprintf(&text, "%s: %s Seen: %s.", text_of(detail, "rule"), text_of(detail, "done"),
                     text_of(detail, "seen")) >= 0)
            layout_words(out, text, 6, fprintf(out, "  "));
        free(text);
    }
    fprintf(out, "\n  %.1f s\n", json_number_value(json_object_get(document, "elapsed_s")));
}

/* --- the verb --- */

struct probe_settings {
    const char *json;
    int color;
};

static int probe_read(int argc, char **argv, struct probe_settings *s, json_t **ret_json,
                      char **ret_message)
{
    struct option_row rows[] = {
        {"json", 'J', "[=FILE]", NULL, "write the findings as one JSON document", &option_file,
         &s->json},
        {"color", 0, "WHEN", "auto", "colour on stdout", &option_choice, &s->color,
         .choices = terminal_color_words},
    };
    const size_t n_rows = sizeof(rows) / sizeof(*rows);
    char **operands;
    int n;
    int r = options_read(rows, n_rows, &probe_program, argc, argv, &operands, &n, ret_message);
    if (!r)
        *ret_json = options_settings(rows, n_rows);
    return r;
}

static void report(const struct document_head *head, struct document_output *output,
                   const struct findings *f, double elapsed_s)
{
    json_t *document = document_new(head, "probe");
    json_object_set_new(document, "rules", rules_json(f));
    json_object_set_new(document, "details", details_json(f));
    json_object_set_new(document, "elapsed_s", document_real(elapsed_s));
    document_output_report(output, document, probe_text);
}

static int probe_go(const struct document_head *head, struct document_output *output)
{
    struct findings findings;
    int64_t began_ns = clock_now_ns();
    const char *lacking = kernel_probe_all(&findings);
    if (lacking) {
        terminal_error("%s", lacking);
        return EXIT_CODE_CANNOT;
    }
    report(head, output, &findings, (double)(clock_now_ns() - began_ns) / 1e9);
    return EXIT_CODE_DONE;
}

int probe_main(int argc, char **argv)
{
    struct probe_settings settings = {0};
    struct document_output *output = NULL;
    json_t *json = NULL;
    char *message = NULL;
    int r = probe_read(argc, argv, &settings, &json, &message);
    if (r)
        return program_settings_ended(r, message);
    terminal_init("tcplab-bench", (enum terminal_color)settings.color);
    program_raise_descriptors();
    int code = program_check_proc();
    if (!code)
        code = program_open_output(settings.json, NULL, &output);
    if (!code) {
        const struct document_head head = {.schema = "tcplab.bench/2",
                                           .program = "tcplab-bench",
                                           /* main() handed over what stands behind the name */
                                           .argc = argc + 1,
                                           .argv = argv - 1,
                                           .settings = json};
        code = probe_go(&head, output);
    }
    code = program_close_output(output, code);
    json_decref(json);
    return code;
}
