#include "common/kernel/counter_notes.h"
#include "common/report/document.h"
#include "common/report/page.h"
#include "common/report/terminal.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *text;
static size_t size;
static FILE *out;

static void setup(void)
{
    terminal_init("test", TERMINAL_COLOR_NEVER);
    out = open_memstream(&text, &size);
}

static const char *written(void)
{
    fclose(out);
    return text;
}

TestSuite(page, .init = setup);

Test(page, rows_are_aligned)
{
    page_count(out, "accepted", 9995, NULL);
    page_count(out, "  a much longer label indeed", 5, "note");
    page_row(out, "TcpExt.TCPFastOpenListenOverflow", "20", "queue full");
    cr_expect_str_eq(written(), "  accepted                     9,995\n"
                                "    a much longer label indeed     5  note\n"
                                "  TcpExt.TCPFastOpenListenOverflow 20  queue full\n");
}

Test(page, paragraphs_wrap_within_80_columns)
{
    char words[2000] = "";
    for (int i = 0; i < 200; i++)
        strcat(words, i % 7 ? "word " : "longerword ");
    page_text(out, "%s", words);
    page_row(out, "label", "1", words);
    char *copy = strdup(written());
    int n = 0;
    for (char *line = strtok(copy, "\n"); line; line = strtok(NULL, "\n"), n++) {
        cr_expect_leq(strlen(line), 80);
        cr_expect_eq(strncmp(line, "  ", 2), 0);
        cr_expect_neq(line[strlen(line) - 1], ' ');
    }
    cr_expect_gt(n, 30);
    free(copy);
}

Test(page, a_long_list_says_what_it_leaves_out)
{
    json_t *counts = json_pack("{s:i,s:i,s:i}", "c", 3, "a", 1, "b", 2);
    page_counts(out, counts, 2, NULL);
    cr_expect_str_eq(written(), "  c                                3\n"
                                "  a                                1\n"
                                "  ... and 1 more (--json has them all)\n");
    json_decref(counts);
}

Test(page, a_cost_says_how_much_of_it_was_polling)
{
    json_t *worked = document_cpu(0.5, 1.5, 0, 1e5), *polled = document_cpu(0.5, 1.5, 0.86, 1e5),
           *nothing = document_cpu(0.5, 1.5, 0, 0);
    page_cost(out, worked);
    page_cost(out, polled);
    page_cost(out, nothing);
    cr_expect_str_eq(
        written(),
        "  cost                         20 us  of CPU a connection; 0.50 s user, 1.50 s\n"
        "                                      system in all\n"
        "  cost                         11 us  of CPU a connection without polling; 0.50\n"
        "                                      s user, 1.50 s system in all, 43 % of them\n"
        "                                      polling\n");
    json_decref(worked);
    json_decref(polled);
    json_decref(nothing);
}

Test(page, integers_are_found_by_their_path)
{
    json_t *d = json_pack("{s:{s:i}}", "listener", "queue_peak", 5);
    cr_expect_eq(page_integer(d, "listener", "queue_peak", NULL), 5);
    cr_expect_eq(page_integer(d, "listener", "nothing", NULL), 0);
    cr_expect_eq(page_integer(d, "nothing", "at", "all", NULL), 0);
    json_decref(d);
    fclose(out);
}

Test(page, counters_with_a_note_are_shown_with_it)
{
    json_t *counters = json_pack("{s:i,s:i}", "Ip.InReceives", 7, "TcpExt.ListenOverflows", 3);
    counter_notes_page(out, counters);
    const char *page = written();
    cr_expect(strstr(page, "TcpExt.ListenOverflows           3  accept queue full"));
    cr_expect_null(strstr(page, "InReceives"));
    json_decref(counters);
}

Test(page, no_counters_no_title)
{
    counter_notes_page(out, NULL);
    cr_expect_str_eq(written(), "");
}
