#include "common/report/document.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

static char *words[] = {(char[]){"tcplab-server"}, (char[]){"-b"}, (char[]){"4\xff"}, NULL};

static struct document_head head(json_t *settings)
{
    return (struct document_head){"tcplab.server/1", "tcplab-server", 3, words, settings};
}

Test(document, every_document_begins_alike)
{
    struct utsname system;
    uname(&system);
    json_t *settings = json_pack("{s:i}", "backlog", 4);
    const struct document_head h = head(settings);
    json_t *d = document_new(&h, "ready");
    static const char *const keys[] = {"schema", "event", "program",     "version",
                                       "kernel", "argv",  "time_unix_s", "settings"};
    size_t i = 0;
    const char *key;
    json_t *value;
    json_object_foreach(d, key, value) cr_expect_str_eq(key, keys[i++]);
    cr_expect_eq(i, 8);
    cr_expect_str_eq(json_string_value(json_object_get(d, "kernel")), system.release);
    cr_expect_str_eq(json_string_value(json_object_get(d, "event")), "ready");
    cr_expect_str_eq(json_string_value(json_array_get(json_object_get(d, "argv"), 2)), "4?",
                     "what is no UTF-8 cannot stand in JSON");
    json_decref(d);
    json_decref(settings);
}

Test(document, reals_are_rounded_and_never_not_a_number)
{
    json_t *real = document_real(1.23456789), *nan = document_real(0.0 / 0.0);
    cr_expect_float_eq(json_real_value(real), 1.235, 1e-9);
    cr_expect(json_is_null(nan));
    json_decref(real);
    json_decref(nan);
}

static void check_cpu(json_t *cpu, double polling, double us)
{
    cr_expect_float_eq(json_number_value(json_object_get(cpu, "user_s")), 1, 1e-9);
    cr_expect_float_eq(json_number_value(json_object_get(cpu, "system_s")), 3, 1e-9);
    cr_expect_float_eq(json_number_value(json_object_get(cpu, "polling")), polling, 1e-9);
    cr_expect_float_eq(json_number_value(json_object_get(cpu, "us_per_connection")), us, 1e-9);
    json_decref(cpu);
}

/* The clocks differ by a little: more polling than CPU is all of it. */
Test(document, polling_is_no_cost_of_a_connection)
{
    check_cpu(document_cpu(1, 3, 0, 1000), 0, 4000);
    check_cpu(document_cpu(1, 3, 1, 1000), 0.25, 3000);
    check_cpu(document_cpu(1, 3, 4.1, 1000), 1, 0);
    json_t *none = document_cpu(0, 0, 0, 0);
    cr_expect(json_is_null(json_object_get(none, "polling")));
    cr_expect(json_is_null(json_object_get(none, "us_per_connection")));
    json_decref(none);
}

Test(document, an_errno_has_its_name)
{
    json_t *error = document_errno(ECONNRESET);
    cr_expect_str_eq(json_string_value(error), "ECONNRESET");
    json_decref(error);
    static const double none[] = {0, NAN, -1, 1e6, INFINITY};
    for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
        cr_expect(json_is_null(document_errno(none[i])), "%g", none[i]);
}

static int texts;
static void count_text(FILE *out, const json_t *document)
{
    texts++;
}

static void report_to(const char *json, const char *jsonl, int expected_texts)
{
    struct document_output *o;
    const char *path = NULL;
    texts = 0;
    cr_assert_eq(document_output_open(json, jsonl, &o, &path), 0);
    cr_expect_eq(document_output_report(o, json_pack("{s:i}", "a", 1), count_text), 0);
    cr_expect_eq(texts, expected_texts);
    document_output_close(o, NULL);
}

Test(document, the_text_is_written_unless_a_document_takes_stdout)
{
    cr_assert_not_null(freopen("/dev/null", "w", stdout));
    report_to(NULL, NULL, 1);
    report_to("-", NULL, 0);
    report_to(NULL, "-", 0);
    report_to("/dev/null", "/dev/null", 1);
    report_to("/dev/null", "-", 0);
}

Test(document, a_document_is_whole_and_a_line_is_one_line)
{
    char path[] = "/tmp/tcplab-document-XXXXXX", text[256] = "";
    int fd = mkstemp(path);
    struct document_output *o;
    const char *wrong = NULL;
    cr_assert_eq(document_output_open(NULL, path, &o, &wrong), 0);
    cr_expect(document_output_wants_events(o));
    cr_expect_eq(document_output_event(o, json_pack("{s:i}", "a", 1)), 0);
    cr_assert_gt(pread(fd, text, sizeof(text) - 1, 0), 0);
    cr_expect_str_eq(text, "{\"a\": 1}\n", "and it is there at once, not at the end");
    document_output_close(o, NULL);
    unlink(path);
    close(fd);
}

static char *shown;
static void take_text(FILE *out, const json_t *document)
{
    shown = strdup(json_string_value(json_object_get(document, "name")));
}

Test(document, the_text_gets_no_control_characters_and_the_document_keeps_them)
{
    char path[] = "/tmp/tcplab-document-XXXXXX";
    struct document_output *o;
    const char *where = NULL;
    json_t *document = json_pack("{s:s}", "name", "\x1b[31mred");
    close(mkstemp(path));
    cr_assert_eq(document_output_open(path, NULL, &o, &where), 0);
    cr_expect_eq(document_output_report(o, document, take_text), 0);
    cr_expect_eq(document_output_close(o, NULL), 0);
    cr_expect_str_eq(shown, "\\x1b[31mred");
    document = json_load_file(path, 0, NULL);
    cr_expect_str_eq(json_string_value(json_object_get(document, "name")), "\x1b[31mred");
    json_decref(document);
    free(shown);
    unlink(path);
}

Test(document, what_cannot_be_opened_or_written_is_an_error)
{
    struct document_output *o;
    const char *path = NULL;
    cr_expect_eq(document_output_open("/nowhere/x", NULL, &o, &path), -ENOENT);
    cr_expect_str_eq(path, "/nowhere/x");
    cr_assert_eq(document_output_open("/dev/full", NULL, &o, &path), 0);
    cr_expect_eq(document_output_report(o, json_object(), count_text), -ENOSPC);
    cr_expect_eq(document_output_close(o, &path), -ENOSPC);
    cr_expect_str_eq(path, "/dev/full");
}
