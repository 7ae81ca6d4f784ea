#include "common/text/printable.h"

#include <criterion/criterion.h>
#include <stdlib.h>

Test(printable, control_characters_are_written_out)
{
    static const struct {
        const char *raw, *shown;
    } cases[] = {
        {"plain", "plain"},
        {"", ""},
        {"\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"},
        {"a\r\n\tb\x7f\x01", "a\\x0d\\n\\tb\\x7f\\x01"},
        {"gr\xc3\xbc\xc3\x9f \xe2\x9c\x93 \xf0\x9f\x98\x80",
         "gr\xc3\xbc\xc3\x9f \xe2\x9c\x93 \xf0\x9f\x98\x80"},
        {"\xc2\x9b"
         "31m",
         "\\xc2\\x9b31m"}, /* C1: CSI */
        {"\x9b"
         "31m",
         /* the same where a terminal reads bytes */
         "\\x9b31m"},
        {"\xc0\x9b \xe0\x80\x9b", "\\xc0\\x9b \\xe0\\x80\\x9b"}, /* ESC in too many bytes */
        {"\xed\xa0\x80 \xf4\x90\x80\x80", "\\xed\\xa0\\x80 \\xf4\\x90\\x80\\x80"},
        {"cut \xe2\x9c", "cut \\xe2\\x9c"},
        {"back\\slash", "back\\slash"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char *shown = printable(cases[i].raw);
        cr_expect_str_eq(shown, cases[i].shown);
        free(shown);
    }
}

Test(printable, a_document_keeps_all_but_them)
{
    json_t *clean = json_pack("{s:s, s:[s, f, n]}", "a", "b\nc", "list", "x", 1.5);
    json_t *same = printable_document(clean);
    cr_expect_eq(same, clean, "nothing to do, and nothing copied");
    json_decref(same);
    json_decref(clean);

    json_t *raw = json_pack("{s:s, s:[s, f, n, b], s:{s:i}}", "a", "b\nc", "list", "\x1b[1m", 1.5,
                            1, "in", "k\x1b", 7);
    json_t *expected = json_pack("{s:s, s:[s, f, n, b], s:{s:i}}", "a", "b\nc", "list", "\\x1b[1m",
                                 1.5, 1, "in", "k\\x1b", 7);
    json_t *safe = printable_document(raw);
    cr_expect(json_equal(safe, expected));
    json_decref(safe);
    json_decref(expected);
    json_decref(raw);
}
