#include "bench/report/text.h"
#include "bench/report/checks.h"
#include "bench/report/conclusion.h"
#include "bench/report/layout.h"
#include "bench/report/ledger.h"
#include "bench/report/sequence.h"
#include "bench/report/setup.h"
#include "bench/report/states.h"
#include "bench/report/summary.h"
#include "common/kernel/counter_notes.h"
#include "common/metric/thresholds.h"
#include "common/report/page.h"
#include "common/report/terminal.h"
#include "common/text/human.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char *report_string(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static const char *report_experiment(const json_t *run)
{
    const char *name = report_string(run, "experiment");
    return name ? name : "unnamed";
}

const char *const report_section_names[] = {"verdict", "you",    "ledger", "seen",   "claim",
                                            "setup",   "checks", "states", "ladder", "counters",
                                            "by-hand", "next",   NULL};

const struct report_style report_whole = {.sections = REPORT_ALL};

/* How long it took stands beside it. */
static void report_verdict(FILE *out, const json_t *run)
{
    const char *verdict = conclusion_verdict(run);
    double elapsed = json_number_value(json_object_get(run, "elapsed_s"));
    char *sentence = conclusion_sentence(run), *all = NULL, text[HUMAN_MAX];
    int column = fprintf(out, "  %-*s", LAYOUT_LABEL - 2, "verdict");
    conclusion_word(out, verdict);
    if (elapsed > 0 && sentence &&
        asprintf(&all, "%s (%s)", sentence, human_us(elapsed * 1e6, text)) < 0)
        all = NULL;
    column += (int)strlen(verdict) + fprintf(out, ": ");
    layout_words(out, all ? all : sentence ? sentence : "", LAYOUT_LABEL, column);
    conclusion_list(out, run, 4);
    free(all);
    free(sentence);
}

static void report_title(FILE *out, const json_t *run)
{
    int64_t repetition = page_integer(run, "repetition", NULL);
    fputc('\n', out);
    layout_fill(out, '=', page_width());
    fprintf(out, "\n%s%s%s", terminal_style(out, TERMINAL_BOLD), report_experiment(run),
            terminal_style(out, TERMINAL_PLAIN));
    if (repetition > 1)
        fprintf(out, ", run %lld", (long long)repetition);
    fputc('\n', out);
    layout_labelled(out, "question", report_string(run, "question"));
}

static void report_claim(FILE *out, const json_t *run)
{
    page_title(out, "Common wording, and what the kernel does");
    layout_labelled(out, "often said", report_string(run, "claim"));
    layout_labelled(out, "the kernel", report_string(run, "kernel"));
}

/* --- counters --- */

/* Those that moved and have a note: the others are in the document. */
static json_t *report_noted(const json_t *counters)
{
    json_t *noted = json_object(), *value;
    const char *name;
    json_object_foreach((json_t *)counters, name, value)
    {
        if (counter_note(name) && json_integer_value(value))
            json_object_set(noted, name, value);
    }
    return noted;
}

static void report_counters_of(FILE *out, const char *side, const json_t *counters)
{
    json_t *noted = report_noted(counters);
    if (json_object_size(noted)) {
        page_title(out, "Kernel counters that moved, %s", side);
        page_counts(out, noted, SIZE_MAX, counter_note);
    }
    json_decref(noted);
}

/* On loopback both are one network namespace, and the same counters. */
static void report_counters(FILE *out, const json_t *run)
{
    json_t *counters = json_object_get(run, "counters");
    json_t *server = json_object_get(counters, "server"),
           *client = json_object_get(counters, "client");
    if (server && client && json_equal(server, client)) {
        report_counters_of(out, "server and client", server);
        return;
    }
    report_counters_of(out, "server", server);
    report_counters_of(out, "client", client);
}

/* --- what to do with it --- */

static void report_wire(FILE *out, const json_t *run)
{
    const json_t *wire = json_object_get(run, "wire");
    char text[HUMAN_MAX];
    if (!json_is_object(wire))
        return;
    if (!json_array_size(json_object_get(json_object_get(run, "packets"), "segments")))
        page_title(out, "Segments");
    if (page_integer(wire, "segments", NULL))
        page_text(out, "The link carried %s segments in all.",
                  human_count(page_integer(wire, "segments", NULL), text));
    if (page_integer(wire, "overflow", NULL))
        page_text(out,
                  "%s segments were not recorded: the segments of this report are not complete.",
                  human_count(page_integer(wire, "overflow", NULL), text));
}

static void report_seen(FILE *out, const json_t *run)
{
    const char *seen = report_string(run, "seen");
    if (!seen)
        return;
    page_title(out, "What was just seen");
    page_text(out, "%s", seen);
}

static void report_by_hand(FILE *out, const json_t *run)
{
    const json_t *commands = json_object_get(run, "by_hand");
    size_t i;
    json_t *entry;
    if (!json_array_size(commands))
        return;
    page_title(out, "The same by hand");
    json_array_foreach((json_t *)commands, i, entry)
    {
        const char *where = report_string(entry, "where"),
                   *command = report_string(entry, "command");
        const char *shows = report_string(entry, "shows");
        char prompt[64];
        if (!command)
            continue;
        snprintf(prompt, sizeof(prompt), "%.32s$", where ? where : "");
        layout_command(out, prompt, command);
        if (shows)
            layout_words(out, shows, 6, fprintf(out, "%6s", ""));
    }
    page_text(out, "While a run lasts, enter its hosts from another terminal: nsenter --net "
                   "--target $(pgrep -nx lab-server), or lab-client. If root did not start the "
                   "run, add --user --preserve-credentials.");
}

static void report_next(FILE *out, const json_t *run)
{
    const json_t *commands = json_object_get(run, "try_next"),
                 *names = json_object_get(run, "see_also");
    size_t i;
    json_t *entry;
    if (!json_array_size(commands) && !json_array_size(names))
        return;
    page_title(out, "Try next");
    json_array_foreach((json_t *)commands, i, entry)
    {
        if (json_is_string(entry))
            layout_command(out, "$", json_string_value(entry));
    }
    if (!json_array_size(names))
        return;
    char *others = NULL;
    size_t size;
    FILE *list = open_memstream(&others, &size);
    if (!list)
        return;
    json_array_foreach((json_t *)names, i, entry)
    {
        fprintf(list, "%s%s", i ? ", " : "see also ",
                json_is_string(entry) ? json_string_value(entry) : "");
    }
    fclose(list);
    page_text(out, "%s", others);
    free(others);
}

/* With the answers that were kept back. */
static void report_answers(FILE *out, const json_t *run)
{
    page_title(out, "The rules and the predictions");
    page_text(out, "tcplab-bench explain %s prints them.", report_experiment(run));
}

void report_run_text(FILE *out, const json_t *run, struct report_style style)
{
    const json_t *checks = json_object_get(run, "checks");
    const char *server = report_string(json_object_get(run, "setup"), "server");
    unsigned sections =
        style.sections & ~(style.no_answers ? REPORT_VERDICT | REPORT_SEEN | REPORT_CLAIM : 0u);
    bool decided = json_array_size(checks);
    report_title(out, run);
    if (sections & REPORT_VERDICT || !decided)
        report_verdict(out, run);
    if (!decided) /* the reason is all there is */
        return;
    thresholds_text(out, json_object_get(run, "thresholds"));
    if (sections & REPORT_YOU && !style.no_answers)
        checks_you(out, checks);
    if (sections & REPORT_LEDGER)
        ledger_page(out, json_object_get(run, "ledger"));
    if (sections & REPORT_SEEN)
        report_seen(out, run);
    if (sections & REPORT_CLAIM)
        report_claim(out, run);
    if (sections & REPORT_SETUP)
        setup_page(out, run);
    if (sections & REPORT_CHECKS && style.no_answers)
        checks_observed(out, checks);
    else if (sections & REPORT_CHECKS)
        checks_page(out, checks);
    if (sections & REPORT_STATES)
        states_page(out, json_object_get(run, "timeline"));
    if (sections & REPORT_LADDER) {
        sequence_page(out, json_object_get(run, "packets"), server);
        report_wire(out, run);
    }
    if (sections & REPORT_COUNTERS)
        report_counters(out, run);
    if (sections & REPORT_BY_HAND)
        report_by_hand(out, run);
    if (sections & REPORT_NEXT)
        report_next(out, run);
    if (style.no_answers)
        report_answers(out, run);
}

/* One run in a line; a line more for each check that differs. */
static void report_run_line(FILE *out, const json_t *run)
{
    char *sentence = conclusion_sentence(run), elapsed[HUMAN_MAX], *rest = NULL;
    double seconds = json_number_value(json_object_get(run, "elapsed_s"));
    int column = fprintf(out, "%s", report_experiment(run));
    int64_t repetition = page_integer(run, "repetition", NULL);
    if (repetition)
        column += fprintf(out, ", run %lld", (long long)repetition);
    column += fprintf(out, ": ");
    conclusion_word(out, conclusion_verdict(run));
    column += (int)strlen(conclusion_verdict(run)) + fprintf(out, ": ");
    if (seconds > 0 && asprintf(&rest, "%s (%s)", sentence, human_us(seconds * 1e6, elapsed)) < 0)
        rest = NULL;
    layout_words(out, rest ? rest : sentence ? sentence : "", 4, column);
    conclusion_list(out, run, 4);
    free(rest);
    free(sentence);
}

static bool report_has_failed(const json_t *run)
{
    size_t i;
    json_t *threshold;
    json_array_foreach(json_object_get(run, "thresholds"), i, threshold)
    {
        if (json_is_true(json_object_get(threshold, "failed")))
            return true;
    }
    return false;
}

/* A skipped run tells the same each time; one that differs, or in which a threshold holds, is worth
 * all there is to see. */
static bool report_is_news(const json_t *runs, size_t index, bool brief)
{
    const json_t *run = json_array_get(runs, index);
    const char *verdict = conclusion_verdict(run);
    if (!strcmp(verdict, "differ") || !strcmp(verdict, "inconclusive") || report_has_failed(run))
        return true;
    for (size_t i = 0; i < index && !brief; i++)
        if (summary_same(json_array_get(runs, i), run))
            return false;
    return !brief;
}

void report_next_text(FILE *out, const json_t *runs, size_t index, bool brief,
                      struct report_style style)
{
    const json_t *run = json_array_get(runs, index);
    if (report_is_news(runs, index, brief)) {
        report_run_text(out, run, style);
        return;
    }
    if (index ? report_is_news(runs, index - 1, brief) : brief)
        fputc('\n', out); /* a line below a page */
    report_run_line(out, run);
}

void report_summary_text(FILE *out, const json_t *runs)
{
    summary_page(out, runs);
}

void report_head_text(FILE *out, const json_t *document)
{
    const char *program = report_string(document, "program"),
               *version = report_string(document, "version");
    const char *kernel = report_string(document, "kernel");
    fprintf(out, "%s%s%s", program ? program : "tcplab-bench", version ? " " : "",
            version ? version : "");
    fprintf(out, "%s%s\n", kernel ? " on Linux " : "", kernel ? kernel : "");
}

/* The index of the section; that of the NULL behind them where there is none of that name. */
static size_t report_section(const char *name, size_t length)
{
    size_t i = 0;
    while (report_section_names[i] && (strlen(report_section_names[i]) != length ||
                                       strncmp(report_section_names[i], name, length)))
        i++;
    return i;
}

int report_sections(const char *list, unsigned *ret, char **ret_message)
{
    unsigned sections = 0;
    for (const char *name = list;; name++) {
        size_t length = strcspn(name, ","), i = report_section(name, length);
        if (!report_section_names[i]) {
            if (asprintf(ret_message,
                         "--show %.*s: there is no such section; give some of verdict, you, "
                         "ledger, seen, claim, setup, checks, states, ladder, counters, by-hand, "
                         "next, with commas",
                         (int)length, name) < 0)
                *ret_message = NULL;
            return -EINVAL;
        }
        sections |= 1u << i;
        name += length;
        if (!*name)
            break;
    }
    *ret = sections;
    return 0;
}

/* As the document was printed. */
static struct report_style report_style_of(const json_t *document)
{
    const json_t *settings = json_object_get(document, "settings");
    const char *show = report_string(settings, "show");
    char *message = NULL;
    struct report_style style = {
        .sections = json_is_true(json_object_get(settings, "brief")) ? REPORT_BRIEF : REPORT_ALL,
        .no_answers = json_is_true(json_object_get(settings, "no_answers"))};
    if (show && report_sections(show, &style.sections, &message))
        free(message); /* of another version: all sections */
    return style;
}

static void report_in_style(FILE *out, const json_t *document, struct report_style style)
{
    const json_t *runs = json_object_get(document, "runs");
    bool brief = json_is_true(json_object_get(json_object_get(document, "settings"), "all"));
    size_t n = json_array_size(runs);
    report_head_text(out, document);
    for (size_t i = 0; i < n; i++)
        report_next_text(out, runs, i, brief, style);
    if (n > 1)
        report_summary_text(out, runs);
}

void report_text(FILE *out, const json_t *document)
{
    report_in_style(out, document, report_style_of(document));
}

void report_sections_text(FILE *out, const json_t *document, unsigned sections)
{
    struct report_style style = report_style_of(document);
    style.sections = sections;
    report_in_style(out, document, style);
}
