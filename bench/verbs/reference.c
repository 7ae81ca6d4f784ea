#include "bench/verbs/reference.h"
#include "bench/report/pager.h"
#include "common/report/program.h"

json_t *reference_new(const char *event, int argc, char **argv, json_t *settings)
{
    const struct document_head head = {.schema = "tcplab.bench/2",
                                       .program = "tcplab-bench",
                                       .argc = argc + 1,
                                       .argv = argv - 1,
                                       .settings = settings};
    return document_new(&head, event);
}

int reference_report(json_t *document, const char *json, bool no_pager,
                     void (*write_text)(FILE *out, const json_t *document))
{
    struct document_output *output = NULL;
    struct pager pager;
    int code = program_open_output(json, NULL, &output);
    if (code) {
        json_decref(document);
        return code;
    }
    pager_begin(&pager, document_output_wants_text(output) && !no_pager);
    document_output_text_to(output, pager.out);
    document_output_report(output, document, write_text);
    return program_close_output(output, pager_end(&pager));
}

const char *reference_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}
