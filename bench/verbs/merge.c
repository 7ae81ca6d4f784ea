#include "bench/verbs/merge.h"
#include "bench/load/load_merge.h"
#include "common/options/options.h"
#include "common/process/exit_code.h"
#include "common/report/document.h"
#include "common/report/page.h"
#include "common/report/program.h"
#include "common/report/terminal.h"
#include "common/text/human.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MERGE_FILES 1024

/* The text reports of the two programs; bench/meson.build builds them under these names. */
void client_report_text(FILE *out, const json_t *document);
void server_report_text(FILE *out, const json_t *document);

static const struct option_program merge_program = {
    .name = "tcplab-bench merge",
    .usage = "[options] FILE...",
    .examples = "  tcplab-client --start-at 1800000000 --json=a.json 10.0.0.1   on each host\n"
                "  tcplab-bench merge a.json b.json c.json\n"
                "  tcplab-bench merge --json=all.json a.json b.json\n"
                "  tcplab-bench merge all.json d.json\n",
    .closing = "FILE: a report of tcplab-client --json=FILE, or such reports merged. All are of "
               "one load: the same\ntarget, workload and size, at the same time. Or of "
               "tcplab-server: the same port and queue limit.\nPrograms in one namespace each "
               "count all sockets of the port in states.\n",
    .operands_max = MERGE_FILES,
};

static void merge_text(FILE *out, const json_t *document)
{
    const json_t *merge = json_object_get(document, "merge"),
                 *servers = json_object_get(merge, "servers");
    char skew[HUMAN_MAX], all[HUMAN_MAX];
    if (servers)
        server_report_text(out, document);
    else
        client_report_text(out, document);
    page_title(out, "%s", servers ? "Servers" : "Clients");
    page_count(out, "reports merged",
               (int64_t)json_array_size(servers ? servers : json_object_get(merge, "clients")),
               NULL);
    page_row(out, "skew of the starts",
             human_us(json_number_value(json_object_get(merge, "start_skew_s")) * 1e6, skew),
             "by the clocks of their hosts");
    page_row(out, "all ran",
             human_us(json_number_value(json_object_get(merge, "all_ran_s")) * 1e6, all),
             servers ? "the rate is the sum of their rates"
                     : "the rates are from the first start to the last end");
}

/* NULL, and the error has been printed. */
static json_t *merge_load(char **files, int i)
{
    struct stat a, b;
    json_error_t error;
    for (int j = 0; j < i; j++)
        if (!stat(files[i], &a) && !stat(files[j], &b) && a.st_dev == b.st_dev &&
            a.st_ino == b.st_ino) {
            terminal_error("%s is given twice; give each report once", files[i]);
            return NULL;
        }
    json_t *document = json_load_file(files[i], JSON_REJECT_DUPLICATES, &error);
    if (!document)
        terminal_error("%s: %s; give a file that --json=FILE of a program wrote", files[i],
                       error.text);
    return document;
}

static int merge_write(json_t *document, const char *json)
{
    struct document_output *out;
    const char *path = json;
    int r = document_output_open(json, NULL, &out, &path);
    if (!r) {
        r = document_output_report(out, document, merge_text);
        int closed = document_output_close(out, &path);
        r = r ? r : closed;
    } else {
        json_decref(document);
    }
    if (r)
        terminal_error("%s: %s", path ? path : "stdout", strerror(-r));
    return r ? EXIT_CODE_FAILED : EXIT_CODE_DONE;
}

int merge_main(int argc, char **argv)
{
    const char *json = NULL;
    struct option_row rows[] = {
        {"json", 'J', "[=FILE]", NULL, "the merged report as one JSON document", &option_file,
         &json},
    };
    char **files, *message = NULL;
    json_t *reports[MERGE_FILES], *merged = NULL;
    int n, got = 0, code = EXIT_CODE_USAGE;
    int r = options_read(rows, 1, &merge_program, argc, argv, &files, &n, &message);
    if (r)
        return program_settings_ended(r, message);
    if (!n)
        terminal_error("which reports? Give files that tcplab-client --json=FILE wrote");
    while (got < n && (reports[got] = merge_load(files, got)))
        got++;
    if (n && got == n) {
        r = load_merge(reports, (const char *const *)files, (size_t)n, &merged, &message);
        if (r)
            terminal_error("%s", message ? message : strerror(-r));
        else
            code = merge_write(merged, json);
    }
    free(message);
    while (got > 0)
        json_decref(reports[--got]);
    return code;
}
