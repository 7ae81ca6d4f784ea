/* The page as a file, and its parts for a server. */
#include "bench/page/page.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static char *page_of(const json_t *document)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    cr_assert_eq(page_write(out, document), 0);
    fclose(out);
    return text;
}

static size_t times(const char *text, const char *part)
{
    size_t n = 0;
    while ((text = strstr(text, part))) {
        text += strlen(part);
        n++;
    }
    return n;
}

Test(run_page, a_document_cannot_end_its_element)
{
    json_t *document =
        json_pack("{s:[{s:s}]}", "runs", "question", "</script><b>&amp;<!--<script> \xc3\xa9");
    char *page = page_of(document);
    char *begin = strstr(page, "id=\"document\">"), *end = strstr(begin, "</script>");
    begin = strchr(begin, '>') + 1;
    *end = '\0';
    cr_expect_null(strchr(begin, '<'));
    json_t *read = json_loads(begin, 0, NULL);
    cr_expect(json_equal(read, document), "it is another document in the page: %s", begin);
    json_decref(read);
    json_decref(document);
    free(page);
}

Test(run_page, is_one_file)
{
    json_t *document = json_pack("{s:[]}", "runs");
    char *page = page_of(document);
    cr_expect_eq(strncmp(page, "<!doctype html>", 15), 0);
    cr_expect_eq(times(page, "<script>"), 1);
    cr_expect_eq(times(page, "</script>"), 2);
    cr_expect_eq(times(page, "<style>"), 1);
    cr_expect_eq(times(page, "src="), 0);
    cr_expect_eq(times(page, "<link rel=\"stylesheet\""), 0);
    cr_expect_eq(times(page, "data-live>"), 0);
    cr_expect_lt(strlen(page), 400000, "%zu bytes beside the document", strlen(page));
    json_decref(document);
    free(page);
}

Test(run_page, tells_when_it_is_not_whole)
{
    json_t *document = json_pack("{s:[]}", "runs");
    FILE *full = fopen("/dev/full", "w");
    cr_expect_eq(page_write(full, document), -EIO);
    fclose(full);
    json_decref(document);
}

Test(run_page, has_parts_without_inline_scripts_and_styles)
{
    size_t size;
    const char *html = page_part("index.html", &size);
    cr_assert_not_null(html);
    char *text = strndup(html, size);
    cr_expect_eq(times(text, "<script"), 1);
    cr_expect_eq(times(text, "<script src=\"page.js\"></script>"), 1);
    cr_expect_eq(times(text, "<style"), 0);
    cr_expect_eq(times(text, "style="), 0);
    cr_expect_eq(times(text, "<body data-live>"), 1);
    free(text);
    cr_expect_not_null(page_part("page.js", &size));
    cr_expect_not_null(page_part("page.css", &size));
    cr_expect_null(page_part("../page.css", &size));
    cr_expect_null(page_part("", &size));
}
