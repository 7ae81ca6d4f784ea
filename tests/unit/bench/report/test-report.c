/* The text report of the bench: read back what it wrote from recorded documents
 * (data/run-*.json). */
#include "bench/report/expected.h"
#include "bench/report/layout.h"
#include "bench/report/sequence.h"
#include "bench/report/setup.h"
#include "bench/report/states.h"
#include "bench/report/text.h"
#include "common/report/page.h"
#include "common/report/terminal.h"

#include <criterion/criterion.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char *const documents[] = {"rst-on-overflow", "fin-wait-2",   "differ",
                                        "skipped",         "inconclusive", "many"};
#define N_DOCUMENTS (sizeof(documents) / sizeof(*documents))

static char *text;
static size_t size;
static FILE *out;

static void begin(void)
{
    free(text);
    text = NULL;
    out = open_memstream(&text, &size);
}

static const char *written(void)
{
    fclose(out);
    return text;
}

static void setup(void)
{
    terminal_init("test", TERMINAL_COLOR_NEVER);
    begin();
}

TestSuite(report, .init = setup);

static json_t *load(const char *name)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/run-%s.json", TEST_DATA, name);
    json_t *document = json_load_file(path, 0, NULL);
    cr_assert(document, "%s", path);
    return document;
}

static json_t *parse(const char *json)
{
    json_t *value = json_loads(json, JSON_DECODE_ANY, NULL);
    cr_assert(value, "%s", json);
    return value;
}

static const char *whole(const char *name)
{
    json_t *document = load(name);
    begin();
    report_text(out, document);
    json_decref(document);
    return written();
}

static json_t *first_run(const json_t *document)
{
    return json_array_get(json_object_get(document, "runs"), 0);
}

/* The line on which `words` first stand; the caller frees it. */
static char *line_with(const char *page, const char *words)
{
    const char *at = strstr(page, words);
    cr_assert(at, "\"%s\" is not in:\n%s", words, page);
    while (at > page && at[-1] != '\n')
        at--;
    return strndup(at, strcspn(at, "\n"));
}

static void expect_on_one_line(const char *page, const char *words, const char *others)
{
    char *line = line_with(page, words);
    cr_expect(strstr(line, others), "\"%s\" is not in \"%s\"", others, line);
    free(line);
}

static bool has(const char *page, const char *words)
{
    return strstr(page, words);
}

/* --- whole documents --- */

Test(report, lines_have_80_columns_at_most)
{
    for (size_t i = 0; i < N_DOCUMENTS; i++) {
        char *page = strdup(whole(documents[i]));
        for (char *line = strtok(page, "\n"); line; line = strtok(NULL, "\n")) {
            cr_expect_leq(strlen(line), 80, "%s: %s", documents[i], line);
            cr_expect_neq(line[strlen(line) - 1], ' ', "%s: blank at the end of \"%s\"",
                          documents[i], line);
        }
        free(page);
    }
}

Test(report, nothing_silly_is_printed)
{
    for (size_t i = 0; i < N_DOCUMENTS; i++) {
        const char *page = whole(documents[i]);
        cr_expect(!has(page, "null") && !has(page, "nan") && !has(page, "inf ") &&
                      !has(page, "\n\n\n"),
                  "%s", page);
    }
}

Test(report, every_check_stands_on_a_line_with_its_observation_and_its_verdict)
{
    size_t i;
    json_t *document = load("rst-on-overflow"), *check;
    const char *page = whole("rst-on-overflow");
    json_array_foreach(json_object_get(first_run(document), "checks"), i, check)
    {
        char expected[64];
        snprintf(expected, sizeof(expected), " %lld  agree",
                 (long long)page_integer(check, "observed", NULL));
        expect_on_one_line(page, json_string_value(json_object_get(check, "name")), expected);
        cr_expect(has(page, json_string_value(json_object_get(check, "source"))));
    }
    json_decref(document);
}

Test(report, a_rule_stands_once_below_its_checks)
{
    const char *page = whole("rst-on-overflow");
    const char *rule = strstr(page, "A third ACK that meets");
    cr_assert(rule);
    cr_expect_null(strstr(rule + 1, "A third ACK that meets"));
    cr_expect_lt(strstr(page, "  ledger.reset "), rule);
    cr_expect_lt(strstr(page, "  server.Tcp.OutRsts "), rule);
}

/* What stays on a screen of 24 lines answers the question. */
Test(report, the_answer_comes_first)
{
    const char *page = whole("rst-on-overflow");
    const char *const order[] = {"  question    ",
                                 "  verdict     agree: as the rule says, 7 of 7 checks (",
                                 "\nWhat became of the connections\n",
                                 "\nWhat was just seen\n",
                                 "\nCommon wording, and",
                                 "\nSet-up\n",
                                 "\nThe rule and what was observed\n",
                                 "\nStates over time\n",
                                 "\nOne connection, segment by segment\n",
                                 "\nKernel counters that moved",
                                 "\nThe same by hand\n",
                                 "\nTry next\n"};
    for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++) {
        const char *at = strstr(page, order[i]);
        cr_assert(at, "\"%s\" does not stand behind \"%s\"", order[i], i ? order[i - 1] : "");
        page = at;
    }
}

static const char *in_style(const char *name, struct report_style style)
{
    json_t *document = load(name);
    begin();
    report_run_text(out, first_run(document), style);
    json_decref(document);
    return written();
}

Test(report, each_section_can_be_had_alone)
{
    static const struct {
        const char *name, *title;
    } sections[] = {
        {"verdict", "\n  verdict     agree"},
        {"ledger", "\nWhat became of the connections\n"},
        {"seen", "\nWhat was just seen\n"},
        {"claim", "\nCommon wording, and"},
        {"setup", "\nSet-up\n"},
        {"checks", "\nThe rule and what was observed\n"},
        {"states", "\nStates over time\n"},
        {"ladder", "\nOne connection, segment by segment\n"},
        {"counters", "\nKernel counters that moved"},
        {"by-hand", "\nThe same by hand\n"},
        {"next", "\nTry next\n"},
    };
    const size_t n = sizeof(sections) / sizeof(*sections);
    for (size_t bit = 0; report_section_names[bit]; bit++) {
        const char *page =
            in_style("rst-on-overflow", (struct report_style){.sections = 1u << bit});
        for (size_t i = 0; i < n; i++)
            cr_expect_eq(has(page, sections[i].title),
                         !strcmp(sections[i].name, report_section_names[bit]), "%s: %s",
                         report_section_names[bit], page);
    }
}

Test(report, without_answers_there_is_no_rule_and_no_prediction)
{
    const char *page =
        in_style("differ", (struct report_style){.sections = REPORT_ALL, .no_answers = true});
    cr_expect(!has(page, "verdict") && !has(page, "differ") && !has(page, "rule  ") &&
                  !has(page, "net/ipv4/") && !has(page, "often said") && !has(page, "2.114"),
              "%s", page);
    expect_on_one_line(page, "client.syn_retry_2_first", "2.240 s");
    cr_expect(has(page, "tcplab-bench explain syn-retries prints them."), "%s", page);
}

Test(report, your_prediction_stands_beside_the_rule_and_the_observation)
{
    json_t *run = parse(
        "{\"verdict\":\"agree\",\"checks\":[{\"name\":\"ledger.reset\",\"unit\":\"connections\","
        "\"predicted\":[4,4],\"observed\":4,\"you\":7},{\"name\":\"ledger.queued\",\"unit\":"
        "\"connections\",\"predicted\":[9,9],\"observed\":9,\"you\":null},{\"name\":\"ledger."
        "ghost\",\"unit\":\"connections\",\"predicted\":[0,0],\"observed\":0}]}");
    report_run_text(out, run, (struct report_style){.sections = REPORT_YOU});
    const char *page = written();
    cr_expect(has(page, "\nYour prediction\n"), "%s", page);
    expect_on_one_line(page, "ledger.reset", "7         4 connections           4");
    expect_on_one_line(page, "ledger.queued", "-         9 connections           9");
    cr_expect_null(strstr(page, "ghost"), "that was not asked");
    json_decref(run);
}

/* Of ladders, tables and drawings, too. */
Test(report, lines_are_as_wide_as_the_terminal, .init = setup)
{
    static const int widths[] = {60, 61, 64, 72, 79, 100, 120};
    for (size_t w = 0; w < sizeof(widths) / sizeof(*widths); w++) {
        page_set_width(widths[w]);
        for (size_t i = 0; i < N_DOCUMENTS; i++) {
            char *page = strdup(whole(documents[i]));
            for (char *line = strtok(page, "\n"); line; line = strtok(NULL, "\n"))
                cr_expect_leq(layout_columns(line), widths[w], "%s: %s", documents[i], line);
            free(page);
        }
    }
    page_set_width(0);
    cr_expect_eq(page_width(), 80);
    page_set_width(20);
    cr_expect_eq(page_width(), PAGE_WIDTH_MIN);
    page_set_width(0);
}

Test(report, a_difference_is_said_in_words_and_numbers)
{
    const char *page = whole("differ");
    expect_on_one_line(page, "verdict", "differ: not as the rule says, 3 of 6 checks");
    expect_on_one_line(page, "  client.syn_retry_2_first  ",
                       "2.000 to 2.114 s    2.240 s  differ (+126 ms)");
    expect_on_one_line(page, "    8 to 10 segments", "7  differ (-1)");
    expect_on_one_line(page, "ledger.timed_out", "-  inconclusive");
    cr_expect(
        has(page, "\n    client.syn_retry_2_first: rule 2.000 to 2.114 s, observed 2.240 s\n"));
}

Test(report, a_small_difference_gets_the_decimals_it_needs)
{
    expect_on_one_line(whole("differ"), "  client.syn_retry_1_first  ",
                       "1.0000 to 1.0320 s   1.0324 s  differ");
}

Test(report, a_skipped_run_has_its_reason_and_little_more)
{
    const char *page = whole("skipped");
    cr_expect(has(page, "  verdict     skipped: net.ipv4.tcp_max_orphans"));
    cr_expect(!has(page, "Set-up") && !has(page, "Predicted") && !has(page, "Try next"), "%s",
              page);
}

Test(report, an_inconclusive_run_says_why)
{
    const char *page = whole("inconclusive");
    cr_expect(has(page, "inconclusive: 7 of 7 checks could not be observed. The wire lost 3"), "%s",
              page);
}

Test(report, the_ledger_shows_what_there_was_and_no_more)
{
    const char *page = whole("rst-on-overflow");
    cr_expect(has(page, "\n  attempted                       24  the sum of the rows below\n"));
    cr_expect(
        has(page, "\n    reset                          4  RST after the SYN was answered\n"));
    cr_expect(!has(page, "    ghost ") && !has(page, "    no_port "));
    cr_expect(!has(page, "proves nothing"));
    cr_expect(has(whole("differ"), "The rows add up to 2, not to 3: this run proves nothing."));
}

Test(report, counters_come_with_their_meaning)
{
    const char *page = whole("rst-on-overflow");
    cr_expect(has(page, "\n  TcpExt.TCPReqQFullDrop          15  SYN queue full"));
    cr_expect(!has(page, "Tcp.InSegs") && !has(page, "TcpExt.EmbryonicRsts"), "no note, or zero");
    cr_expect(has(whole("fin-wait-2"), "that moved, server and client\n"),
              "one namespace: one table");
}

Test(report, without_colour_there_is_no_escape)
{
    for (size_t i = 0; i < N_DOCUMENTS; i++)
        cr_expect_null(strchr(whole(documents[i]), '\033'));
}

/* Without its escapes the coloured page is the plain one: colour carries nothing, and moves
 * nothing. */
Test(report, colour_changes_no_character)
{
    for (size_t i = 0; i < N_DOCUMENTS; i++) {
        char *plain = strdup(whole(documents[i])), *to;
        terminal_init("test", TERMINAL_COLOR_ALWAYS);
        char *coloured = strdup(whole(documents[i]));
        terminal_init("test", TERMINAL_COLOR_NEVER);
        to = coloured;
        for (const char *from = coloured; *from;) {
            if (*from == '\033')
                from += strcspn(from, "m") + 1;
            else
                *to++ = *from++;
        }
        *to = '\0';
        cr_expect_str_eq(coloured, plain);
        free(coloured);
        free(plain);
    }
}

Test(report, a_difference_has_the_colour_of_one)
{
    terminal_init("test", TERMINAL_COLOR_ALWAYS);
    expect_on_one_line(whole("differ"), "  client.syn_retry_2_first  ", "\033[1;31mdiffer\033[0m");
    expect_on_one_line(whole("differ"), "client.syn_retry_1_last", "\033[32magree\033[0m");
}

Test(report, numbers_too_wide_for_their_column_stay_apart)
{
    json_t *run = parse("{\"checks\":[{\"name\":\"n\",\"predicted\":[5,5],\"observed\":"
                        "1000000000000,\"verdict\":\"differ\"}]}");
    report_run_text(out, run, report_whole);
    expect_on_one_line(written(), "  n  ", "  5  1,000,000,000,000  differ");
    json_decref(run);
}

/* --- many runs --- */

Test(report, a_repetition_that_agrees_is_one_line)
{
    const char *page = whole("many");
    cr_expect(
        has(page, "\nrst-on-overflow, run 2: agree: as the rule says, 7 of 7 checks (907 ms)\n"));
    cr_expect(has(page, "\nsyn-retries, run 2\n  question "), "one that differs is told in full");
}

Test(report, the_summary_has_a_row_for_each_experiment_and_set_of_knobs)
{
    const char *page = strstr(whole("many"), "\nSummary\n");
    cr_assert(page);
    cr_expect(has(
        page,
        "\n  rst-on-overflow              2      14 of 14      1.82 s  agree\n    syncookies 0\n"));
    cr_expect(has(page, "\n  rst-on-overflow              1        0 of 7      912 ms  "
                        "inconclusive\n    syncookies 1\n"));
    cr_expect(has(
        page, "\n  syn-retries                  2       8 of 12     10.62 s  1 agree, 1 differ\n"));
    cr_expect(has(page, "\n  orphans-limit                1             -           -  skipped\n"));
    cr_expect(has(page, "\n  all                          7      27 of 38           -  differ\n"));
    cr_expect(has(page, "\n  syn-retries, run 2: differ: not as the rule says, 3 of 6 checks\n"));
    cr_expect(has(page, "\n  orphans-limit: skipped: net.ipv4.tcp_max_orphans"));
}

Test(report, a_segment_that_the_server_dropped_shows_where_its_arrow_ends)
{
    json_t *packets = parse("{\"connection\":\"192.0.2.2:1\",\"segments\":[{\"t_ms\":0,\"arrived_"
                            "ms\":50,\"direction\":\"to_server\",\"name\":\"SYN\",\"sequence\":0,"
                            "\"fate\":\"delivered\",\"then\":\"dropped\"}]}");
    sequence_page(out, packets, "192.0.2.1:8888");
    cr_expect(
        has(written(),
            "\n  1              0.0 |---- SYN seq 0 ------------------------> dropped |    50.0\n"),
        "%s", written());
    json_decref(packets);
}

Test(report, a_run_without_checks_is_its_reason)
{
    json_t *run = parse(
        "{\"experiment\":\"a\",\"question\":\"Why?\",\"verdict\":\"skipped\",\"reason\":\"no such "
        "sysctl\",\"checks\":[],\"by_hand\":[{\"where\":\"server\",\"command\":\"ss -ltn\"}]}");
    report_run_text(out, run, report_whole);
    const char *page = written();
    cr_expect(has(page, "skipped: no such sysctl"));
    cr_expect_null(strstr(page, "ss -ltn"));
    json_decref(run);
}

Test(report, all_that_agree_need_no_list)
{
    json_t *runs = parse("[{\"experiment\":\"a\",\"verdict\":\"agree\"},{\"experiment\":\"b\","
                         "\"verdict\":\"agree\"}]");
    report_summary_text(out, runs);
    const char *page = written();
    cr_expect(has(page, "\n  all                          2             -           -  agree\n"),
              "%s", page);
    cr_expect_null(strstr(page, "What did not"));
    json_decref(runs);
}

Test(report, one_run_needs_no_summary)
{
    cr_expect_null(strstr(whole("rst-on-overflow"), "Summary"));
}

Test(report, what_does_not_agree_is_told_in_full_each_time)
{
    json_t *runs = parse("[{\"verdict\":\"inconclusive\",\"reason\":\"a\"},{\"verdict\":"
                         "\"inconclusive\"},{\"verdict\":\"skipped\"},{\"verdict\":\"differ\"}]");
    static const bool full[] = {true, true, false, true};
    for (size_t i = 0; i < 4; i++) {
        begin();
        report_next_text(out, runs, i, false, report_whole);
        cr_expect_eq(has(written(), "===="), full[i], "%zu: %s", i, text);
    }
    json_decref(runs);
}

/* --- what is missing or odd --- */

/* Calls for every value below `at` in turn, put there instead of it. */
static void with_each_replaced(json_t *at, json_t *document, json_t *odd)
{
    const char *key;
    json_t *value;
    void *next;
    if (json_is_array(at) && json_array_size(at)) {
        value = json_incref(json_array_get(at, 0));
        json_array_set(at, 0, odd);
        begin();
        report_text(out, document);
        written();
        json_array_set_new(at, 0, value);
        with_each_replaced(value, document, odd);
    }
    json_object_foreach_safe(at, next, key, value)
    {
        json_incref(value);
        json_object_set(at, key, odd);
        begin();
        report_text(out, document);
        cr_expect_geq(strlen(written()), 10);
        json_object_set(at, key, value);
        with_each_replaced(value, document, odd);
        json_decref(value);
    }
}

Test(report, no_part_is_needed, .timeout = 300)
{
    static const char *const odd[] = {"null", "7", "-1e300", "\"\"", "[]", "{}", "[[]]", "true"};
    for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++)
        for (size_t j = 0; j + 1 < N_DOCUMENTS; j++) {
            json_t *document = load(documents[j]), *value = parse(odd[i]);
            with_each_replaced(document, document, value);
            json_decref(value);
            json_decref(document);
        }
}

Test(report, an_empty_run_is_no_page_of_titles)
{
    json_t *run = json_object();
    report_run_text(out, run, report_whole);
    const char *page = strchr(written(), '\n') + 1;
    page = strchr(page, '\n') + 1;
    cr_expect_str_eq(page, "unnamed\n  verdict     inconclusive: nothing was checked\n");
    json_decref(run);
}

/* --- one check --- */

static void expect_words(const char *json, const char *predicted, const char *observed,
                         const char *distance)
{
    json_t *check = parse(json);
    struct expected e = expected_of(check);
    cr_expect_str_eq(e.predicted, predicted);
    cr_expect_str_eq(e.observed, observed);
    cr_expect_str_eq(e.distance, distance);
    json_decref(check);
}

Test(report, checks_in_words)
{
    expect_words("{\"unit\":\"connections\",\"predicted\":[4,4],\"observed\":4}", "4 connections",
                 "4", "");
    expect_words("{\"unit\":\"s\",\"predicted\":[1.0,1.032],\"observed\":1.004}",
                 "1.000 to 1.032 s", "1.004 s", "");
    expect_words("{\"unit\":\"s\",\"predicted\":[0.2,0.204],\"observed\":0.216}",
                 "200.0 to 204.0 ms", "216.0 ms", "+12.00 ms");
    expect_words("{\"unit\":\"ms\",\"predicted\":[5000,5306],\"observed\":4999.5}",
                 "5.0000 to 5.3060 s", "4.9995 s", "-500 us");
    expect_words("{\"unit\":\"segments\",\"predicted\":[3,null],\"observed\":2}",
                 "at least 3 segments", "2", "-1");
    expect_words("{\"unit\":\"segments\",\"predicted\":[null,3],\"observed\":10000}",
                 "at most 3 segments", "10,000", "+9,997");
    expect_words("{\"predicted\":[1,2],\"observed\":null}", "1 to 2", "-", "");
    expect_words("{\"unit\":\"s\"}", "-", "-", "");
}

/* --- drawings --- */

Test(report, the_two_hosts_and_the_wire)
{
    json_t *run = parse("{\"knobs\":{\"delay_us\":50000},\"setup\":{\"link\":\"wire\",\"server\":"
                        "\"192.0.2.1:8888\",\"client\":\"192.0.2.2\"}}");
    setup_page(out, run);
    cr_expect_str_eq(
        written(), "\nSet-up\n"
                   "    +-----------+                                         +----------------+\n"
                   "    |  client   | <=============== wire ================> |     server     |\n"
                   "    | 192.0.2.2 |            50.00 ms each way            | 192.0.2.1:8888 |\n"
                   "    +-----------+                                         +----------------+\n"
                   "  knobs       delay 50ms\n");
    json_decref(run);
}

Test(report, one_host_and_its_loopback)
{
    json_t *run =
        parse("{\"setup\":{\"link\":\"loopback\",\"server\":\"[::1]:8888\",\"client\":\"::1\"}}");
    setup_page(out, run);
    cr_expect_str_eq(
        written(),
        "\nSet-up\n"
        "    +----------------------------------------------------------------------+\n"
        "    |  client                                                      server  |\n"
        "    |  ::1 <=================== loopback ====================> [::1]:8888  |\n"
        "    |                          one host, no delay                          |\n"
        "    +----------------------------------------------------------------------+\n");
    json_decref(run);
}

Test(report, addresses_too_long_for_a_drawing_are_told)
{
    json_t *run =
        parse("{\"setup\":{\"link\":\"wire\",\"server\":\"[2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff]:"
              "8888\",\"client\":\"2001:db8:aaaa:bbbb:cccc:dddd:eeee:fff0\"}}");
    setup_page(out, run);
    const char *page = written();
    cr_expect(has(page, "  client 2001:db8:aaaa"), "%s", page);
    cr_expect_null(strstr(page, "+--"));
    json_decref(run);
}

Test(report, a_reset_connection_as_it_went)
{
    json_t *document = load("rst-on-overflow");
    sequence_page(out, json_object_get(first_run(document), "packets"), "192.0.2.1:8888");
    cr_expect_str_eq(
        written(),
        "\nOne connection, segment by segment\n"
        "  One of the 4 that were reset.\n"
        " no    after      ms client                                       server      ms\n"
        "                     192.0.2.2:40007                      192.0.2.1:8888\n"
        "  1              4.8 |---- SYN seq 0 --------------------------------->|    54.9\n"
        "  2    +50.2   105.1 |<----------------------- SYN-ACK seq 0 ack 1 ----|    55.0\n"
        "  3    +50.2   105.2 |---- ACK seq 1 ack 1 --------------------------->|   155.4\n"
        "  4    +50.2   205.5 |<--------------------------------- RST seq 1 ----|   155.4\n");
    json_decref(document);
}

Test(report, what_does_not_arrive_has_a_broken_arrow_and_a_reason)
{
    json_t *document = load("differ");
    sequence_page(out, json_object_get(first_run(document), "packets"), NULL);
    const char *page = written();
    cr_expect(
        has(page, "\n  1             0.00 |---- SYN seq 0 ----------------X lost by the wire|\n"),
        "%s", page);
    cr_expect(
        has(page, "\n                     :                 ... 1.02 s ...                  :\n"));
    cr_expect(has(
        page,
        "\n  3    +0.30         |dropped on purpose X---- SYN-ACK seq 0 ack 1 ----| 1021.30\n"));
    cr_expect(
        has(page, "\n  8  +200.00 2246.00 |-- DATA seq 1 ack 1, 64 bytes, again ---X cut    |\n"));
    cr_expect(
        has(page, "\n 10 +3053.90 5300.90 |--- FIN-ACK seq 65 ack 1 ----... still on its way|\n"));
    cr_expect(has(page, "  12 more segments of this connection are left out.\n"));
    json_decref(document);
}

Test(report, a_late_short_connection_has_a_clock_of_its_own)
{
    json_t *packets =
        parse("{\"segments\":[{\"t_ms\":70000.5,\"arrived_ms\":70000.512,\"name\":\"SYN\"}]}");
    sequence_page(out, packets, NULL);
    const char *page = written();
    cr_expect(has(page, "    0.000 |---- SYN seq 0 "), "%s", page);
    cr_expect(has(page, "  Times count from its first segment, 70.00 s into the run.\n"));
    json_decref(packets);
}

Test(report, the_copy_that_the_wire_makes_is_not_sent_again)
{
    json_t *packets = parse("{\"caption\":\"one that is "
                            "doubled\",\"segments\":[{\"t_ms\":0,\"name\":\"SYN\"},{\"t_ms\":0,"
                            "\"name\":\"SYN\",\"copy\":true},{\"t_ms\":1,\"name\":\"SYN\"}]}");
    sequence_page(out, packets, NULL);
    const char *page = written();
    cr_expect(has(page, "\n  One that is doubled\n"));
    cr_expect(has(page, "--- SYN seq 0 ---") && has(page, " SYN seq 0, duplicate ---") &&
              has(page, " SYN seq 0, again ---"));
    json_decref(packets);
}

Test(report, a_port_that_is_used_again_begins_anew)
{
    json_t *packets =
        parse("{\"segments\":[{\"t_ms\":0,\"name\":\"SYN\"},{\"t_ms\":1,\"name\":\"SYN\"},{\"t_"
              "ms\":2,\"name\":\"SYN-ACK\",\"direction\":\"to_client\"},{\"t_ms\":3,\"name\":\"FIN-"
              "ACK\",\"sequence\":1},{\"t_ms\":4,\"name\":\"SYN\"},{\"t_ms\":5,\"name\":\"SYN-"
              "ACK\",\"direction\":\"to_client\"}]}");
    sequence_page(out, packets, NULL);
    const char *page = written(), *again = strstr(page, ", again");
    cr_expect(again && !strstr(again + 1, ", again"), "%s", page);
    json_decref(packets);
}

Test(report, of_many_segments_the_first_and_the_last_are_drawn)
{
    json_t *packets = json_pack("{s:[]}", "segments");
    for (int i = 0; i < 100; i++)
        json_array_append_new(json_object_get(packets, "segments"),
                              json_pack("{s:f,s:f,s:s,s:i}", "t_ms", i + 0.0, "arrived_ms", i + 0.5,
                                        "name", "ACK", "sequence", i));
    sequence_page(out, packets, NULL);
    const char *page = written();
    cr_expect(has(page, " seq 23 ") && !has(page, " seq 24 ") && !has(page, " seq 83 ") &&
              has(page, " seq 84 "));
    cr_expect(has(page, "... 60 segments: see --json ..."), "%s", page);
    json_decref(packets);
}

Test(report, states_and_the_accept_queue_over_time)
{
    json_t *document = load("rst-on-overflow");
    states_page(out, json_object_get(first_run(document), "timeline"));
    cr_expect_str_eq(written(), "\nStates over time\n"
                                "  time (ms)          0.0   5.2  55.3 105.6 155.8 206.1  peak\n"
                                "  client\n"
                                "    SYN_SENT           .    20    20    15    15    15    20\n"
                                "    ESTABLISHED        4     4     4     9     9     5     9\n"
                                "  server\n"
                                "    SYN_RECV           .     .     5     5     .     .     5\n"
                                "    ESTABLISHED        4     4     4     4     5     5     5\n"
                                "    accept queue       4     4     4     4     5     5     5\n"
                                "               5 |                           ###   ###\n"
                                "               4 |---###---###---###---###---###---###- limit\n"
                                "               3 |   ###   ###   ###   ###   ###   ###\n"
                                "               2 |   ###   ###   ###   ###   ###   ###\n"
                                "               1 |   ###   ###   ###   ###   ###   ###\n");
    json_decref(document);
}

/* 20,000 moments: a ramp of 10 s, then nothing for 50 s. It must stay within the page, keep both
 * ends, be quick. */
Test(report, of_many_moments_those_that_stand_longest_are_shown)
{
    json_t *timeline = json_array();
    for (int i = 0; i < 20000; i++)
        json_array_append_new(timeline,
                              json_pack("{s:f,s:{s:i},s:i,s:i}", "t_ms", i * 0.5, "client",
                                        "ESTABLISHED", i, "queue", i, "limit", 20000));
    json_array_append_new(timeline,
                          json_pack("{s:f,s:{s:i}}", "t_ms", 60000.0, "client", "TIME_WAIT", 3));
    states_page(out, timeline);
    const char *page = written();
    expect_on_one_line(page, "  time (s) ", "   0.000");
    expect_on_one_line(page, "  time (s) ", " 60.000");
    expect_on_one_line(page, "    ESTABLISHED ", "ESTABLISHED         .  4,000");
    expect_on_one_line(page, "    ESTABLISHED ", " 19,999      . 19,999");
    expect_on_one_line(page, "    TIME_WAIT ", "      3      3");
    cr_expect(has(page, " of 20001 moments"), "%s", page);
    json_decref(timeline);
}

Test(report, no_two_moments_have_the_same_time_above_them)
{
    expect_on_one_line(whole("fin-wait-2"), "  time (s) ",
                       " 0.000 0.002 0.003 0.004 0.011 0.012 5.102 5.107  peak");
}

Test(report, before_the_listener_there_is_no_limit_that_changes)
{
    json_t *timeline = parse("[{\"t_ms\":-50,\"queue\":0,\"limit\":0},{\"t_ms\":-20,\"queue\":0,"
                             "\"limit\":2},{\"t_ms\":10,\"queue\":3,\"limit\":2}]");
    states_page(out, timeline);
    cr_expect(has(written(), "\n    accept queue       .     .     3     3\n"
                             "               3 |               ###\n"
                             "               2 |---------------###- limit\n"
                             "               1 |               ###\n"),
              "%s", text);
    json_decref(timeline);
}

Test(report, a_time_before_the_beginning_keeps_its_distance)
{
    json_t *timeline = parse("[{\"t_ms\":-28.1},{\"t_ms\":-2},{\"t_ms\":5083}]");
    states_page(out, timeline);
    expect_on_one_line(written(), "  time (s) ", "         -0.028 -0.002  5.083   peak");
    json_decref(timeline);
}

Test(report, a_side_without_connections_says_so)
{
    json_t *timeline = parse("[{\"t_ms\":0,\"queue\":2,\"client\":{\"SYN_SENT\":1},\"server\":{"
                             "\"LISTEN\":1}},{\"t_ms\":9,\"queue\":1}]");
    states_page(out, timeline);
    cr_expect(has(written(),
                  "\n  server: no connection at any moment\n    accept queue       2     1     2\n"
                  "               2 |   ###\n               1 |   ###   ###\n"),
              "%s", text);
    json_decref(timeline);
}

/* A clock that stands still, or goes backwards, is no reason to write beyond the table. */
Test(report, moments_without_order_stay_on_the_page)
{
    json_t *timeline = json_array();
    for (int i = 0; i < 100; i++)
        json_array_append_new(timeline,
                              json_pack("{s:f,s:i}", "t_ms", i % 2 ? -1e6 : -2e6, "queue", i));
    states_page(out, timeline);
    for (char *line = strtok((char *)written(), "\n"); line; line = strtok(NULL, "\n"))
        cr_expect_leq(strlen(line), 80, "%s", line);
    json_decref(timeline);
}

Test(report, a_limit_that_changes_is_a_row)
{
    json_t *timeline =
        parse("[{\"t_ms\":0,\"queue\":3,\"limit\":5},{\"t_ms\":9,\"queue\":3,\"limit\":2}]");
    states_page(out, timeline);
    expect_on_one_line(written(), "    its limit ", " 5     2     5");
    json_decref(timeline);
}

/* --- words and commands --- */

Test(report, a_command_is_broken_where_it_still_runs)
{
    layout_command(out, "$", "ss -tan 'dport = :8888 and sport = :1 -x'");
    layout_command(
        out, "$",
        "tcplab-client --connections 20 --close none --connect-timeout 10s --hold 1h host:8888");
    layout_command(
        out, "a$",
        "nstat -az TcpExtListenOverflows TcpExtListenDrops TcpOutRsts TcpExtTCPReqQFullDrop");
    cr_expect_str_eq(written(),
                     "  $ ss -tan 'dport = :8888 and sport = :1 -x'\n"
                     "  $ tcplab-client --connections 20 --close none --connect-timeout 10s \\\n"
                     "        --hold 1h host:8888\n"
                     "  a$ nstat -az TcpExtListenOverflows TcpExtListenDrops TcpOutRsts \\\n"
                     "         TcpExtTCPReqQFullDrop\n");
}

/* The backslash needs its two columns, too; the last part needs none. */
Test(report, a_command_is_broken_as_late_as_it_can_be)
{
#define SEVENTY "seventy-columns-----------------------------------------------------70"
    layout_command(out, "$", SEVENTY " -a b");
    layout_command(out, "$", SEVENTY " -a b -c d");
    layout_command(
        out, "$",
        "sixty-columns---------------------------------------------60 -a b -c dddddddddd");
    cr_expect_str_eq(written(),
                     "  $ " SEVENTY " -a b\n"
                     "  $ " SEVENTY " \\\n        -a b -c d\n"
                     "  $ sixty-columns---------------------------------------------60 -a b \\\n"
                     "        -c dddddddddd\n");
}

Test(report, a_short_quotation_is_not_torn)
{
    layout_words(out, "The kernel asks \"length > L\", it says.", 4, 62);
    layout_words(out, "\xc3\xa4\xc3\xb6\xc3\xbc \"open", 4, 72);
    cr_expect_str_eq(
        written(),
        "The kernel asks\n    \"length > L\", it says.\n\xc3\xa4\xc3\xb6\xc3\xbc\n    \"open\n");
}
