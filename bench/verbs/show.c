#include "bench/verbs/show.h"
#include "bench/page/page.h"
#include "bench/report/claims.h"
#include "bench/report/knee.h"
#include "bench/report/load.h"
#include "bench/report/pager.h"
#include "bench/report/sweep.h"
#include "bench/report/text.h"
#include "bench/verbs/result_file.h"
#include "common/options/options.h"
#include "common/process/exit_code.h"
#include "common/report/program.h"
#include "common/report/terminal.h"
#include "common/text/printable.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOW_SCHEMA "tcplab.bench/"
#define SHOW_NEWEST 2 /* SHOW_SCHEMA 1 */
#define SHOW_FILES  64

struct show_settings {
    bool brief, no_pager;
    const char *show, *html;
    int color;
    unsigned sections;
};

static const struct option_program show_program = {
    .name = "tcplab-bench show",
    .usage = "[options] FILE...",
    .examples =
        "  tcplab-bench run rst-on-overflow --json=run.json\n"
        "  tcplab-bench show run.json                  what run printed\n"
        "  tcplab-bench show run.json --show ladder    only that\n"
        "  tcplab-bench show run.json --html run.html  a page to look at\n"
        "  tcplab-bench show claims.json all.json --html .   claims, with the runs as films\n"
        "  tcplab-bench show sweep.json --html sweep.html    the table and the curves\n",
    .closing =
        "FILE: a document of tcplab-bench run, claims run, load, compare, sweep or knee; - for "
        "stdin.\n"
        "--html: not of load and compare. No lab is needed.\n",
    .operands_max = SHOW_FILES,
};

static int read_settings(int argc, char **argv, struct show_settings *s, char ***ret_files,
                         int *ret_n, char **ret_message)
{
    struct option_row rows[] = {
        {"brief", 0, NULL, NULL, "print only the beginning of each report", &option_flag,
         &s->brief},
        {"show", 0, "SECTION,...", NULL, "print only these sections (see tcplab-bench run --help)",
         &option_text, &s->show},
        {"html", 0, "FILE|DIR", NULL,
         "write a page for a browser instead of the text; in DIR it is index.html", &option_text,
         &s->html},
        {"no-pager", 0, NULL, NULL, "do not show a long report through $PAGER", &option_flag,
         &s->no_pager},
        {"color", 0, "WHEN", "auto", "colour on stdout", &option_choice, &s->color,
         .choices = terminal_color_words},
    };
    const size_t n_rows = sizeof(rows) / sizeof(*rows);
    const char *wrong = NULL;
    int r = options_read(rows, n_rows, &show_program, argc, argv, ret_files, ret_n, ret_message);
    if (r)
        return r;
    if (!*ret_n)
        wrong = "which document? Give files that tcplab-bench run --json=FILE wrote";
    else if (s->brief && s->show)
        wrong = "--brief is --show verdict,you,ledger,seen; give one of the two";
    else if (s->html && (s->brief || s->show))
        wrong = "--html writes the whole page; leave out --brief and --show";
    if (wrong && !(*ret_message = strdup(wrong)))
        return -ENOMEM;
    if (wrong)
        return -EINVAL;
    s->sections = s->brief ? REPORT_BRIEF : 0;
    return s->show ? report_sections(s->show, &s->sections, ret_message) : 0;
}

/* NULL, and the error has been printed. New reference. */
static json_t *load(const char *file)
{
    json_error_t error;
    bool input = !strcmp(file, "-");
    errno = 0;
    FILE *in = input ? stdin : fopen(file, "re");
    if (!in) {
        terminal_error("%s: %s; give a file that tcplab-bench run --json=FILE wrote", file,
                       strerror(errno));
        return NULL;
    }
    json_t *document = json_loadf(in, JSON_REJECT_DUPLICATES, &error);
    if (!document && ferror(in))
        terminal_error("%s: %s; give a file that tcplab-bench run --json=FILE wrote", file,
                       strerror(errno));
    else if (!document)
        terminal_error("%s: not a whole JSON document: line %d: %s", file, error.line, error.text);
    if (!input)
        fclose(in);
    return document;
}

/* The first of the runs that is none, from 1; 0: all are runs. */
static size_t not_a_run(const json_t *document)
{
    size_t i;
    json_t *run;
    json_array_foreach(json_object_get(document, "runs"), i, run)
    {
        if (!json_is_string(json_object_get(run, "experiment")))
            return i + 1;
    }
    return 0;
}

/* Whether the document is one of this program's; if not, the error has been printed. */
static bool is_ours(const char *file, const json_t *document)
{
    const char *schema = json_string_value(json_object_get(document, "schema"));
    size_t length = strlen(SHOW_SCHEMA);
    char *end = NULL;
    long version =
        schema && !strncmp(schema, SHOW_SCHEMA, length) ? strtol(schema + length, &end, 10) : 0;
    if (end && *end)
        version = 0;
    const char *event = json_string_value(json_object_get(document, "event"));
    bool whole = json_is_array(json_object_get(document, "runs")) ||
                 (event && !strcmp(event, "claims")); /* of claims list there are no verdicts */
    if (version > SHOW_NEWEST)
        terminal_error(
            "%s: its schema %s is newer than this tcplab-bench, which reads up to " SHOW_SCHEMA
            "%d; use the program that wrote it",
            file, schema, SHOW_NEWEST);
    else if (version < 1)
        terminal_error("%s: no document of tcplab-bench run: its schema is %s", file,
                       schema ? schema : "missing");
    else if (!whole)
        terminal_error("%s: there is no list of runs or claims in it; give the document that "
                       "run or claims run --json wrote, not a line of --jsonl",
                       file);
    else if (not_a_run(document))
        terminal_error("%s: number %zu of its runs is no run (it names no experiment): the "
                       "document is damaged",
                       file, not_a_run(document));
    return version >= 1 && version <= SHOW_NEWEST && whole && !not_a_run(document);
}

/* Documents that have one text, without sections. */
static const struct {
    const char *schema;
    void (*text)(FILE *out, const json_t *document);
} whole_texts[] = {{"tcplab.load/1", load_text},
                   {"tcplab.compare/1", compare_text},
                   {"tcplab.sweep/1", sweep_text},
                   {"tcplab.knee/1", knee_text}};

static bool show_whole(FILE *out, const json_t *document)
{
    const char *schema = json_string_value(json_object_get(document, "schema"));
    for (size_t i = 0; schema && i < sizeof(whole_texts) / sizeof(*whole_texts); i++)
        if (!strcmp(schema, whole_texts[i].schema)) {
            json_t *clean = printable_document(document);
            whole_texts[i].text(out, clean);
            json_decref(clean);
            return true;
        }
    return false;
}

static int show_file(FILE *out, const char *file, const struct show_settings *s)
{
    json_t *document = load(file);
    if (document && show_whole(out, document)) {
        json_decref(document);
        return EXIT_CODE_DONE;
    }
    json_t *clean = document && is_ours(file, document) ? printable_document(document) : NULL;
    if (clean && json_is_array(json_object_get(clean, "claims"))) {
        claims_text(out, clean);
    } else if (clean && s->sections) {
        report_sections_text(out, clean, s->sections);
    } else if (clean) {
        report_text(out, clean);
    }
    bool shown = clean;
    json_decref(clean);
    json_decref(document);
    return shown ? EXIT_CODE_DONE : EXIT_CODE_FAILED;
}

/* Adds the runs, or the claims, of another document. */
static void add_list(json_t *all, const json_t *document, const char *key)
{
    json_t *list = json_object_get(all, key), *more = json_object_get(document, key);
    if (json_is_array(list))
        json_array_extend(list, more);
    else if (json_is_array(more))
        json_object_set(all, key, more);
}

/* Of sweep and knee: each is a page by itself. */
static bool is_one_page(const json_t *document)
{
    const char *schema = json_string_value(json_object_get(document, "schema"));
    return schema && (!strcmp(schema, "tcplab.sweep/1") || !strcmp(schema, "tcplab.knee/1"));
}

/* The runs and claims of all files on one page, with the head of the first. */
static int page(char **files, int n, const char *path)
{
    struct result_file html = {0};
    json_t *all = NULL;
    int code = result_file_open("--html", path, "index.html", page_write, &html);
    for (int i = 0; i < n && !code; i++) {
        json_t *document = load(files[i]);
        if (document && is_one_page(document) && n > 1) {
            terminal_error("%s: a sweep or a knee is a page by itself; give one file", files[i]);
            code = EXIT_CODE_USAGE;
        } else if (!document || (!is_one_page(document) && !is_ours(files[i], document))) {
            code = EXIT_CODE_FAILED;
        } else if (!all) {
            all = json_incref(document);
        } else {
            add_list(all, document, "runs");
            add_list(all, document, "claims");
        }
        json_decref(document);
    }
    code = result_file_close(&html, code ? NULL : all, code);
    json_decref(all);
    return code;
}

int show_main(int argc, char **argv)
{
    struct show_settings settings = {0};
    struct pager pager;
    char **files, *message = NULL;
    int n, code = EXIT_CODE_DONE;
    int r = read_settings(argc, argv, &settings, &files, &n, &message);
    if (r)
        return program_settings_ended(r, message);
    terminal_init("tcplab-bench", (enum terminal_color)settings.color);
    if (settings.html)
        return page(files, n, settings.html);
    pager_begin(&pager, !settings.no_pager);
    for (int i = 0; i < n && !code; i++)
        code = show_file(pager.out, files[i], &settings);
    int shown = pager_end(&pager);
    return code ? code : shown;
}
