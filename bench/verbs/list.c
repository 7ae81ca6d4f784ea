#include "bench/verbs/list.h"
#include "bench/experiments/table.h"
#include "bench/report/layout.h"
#include "bench/verbs/reference.h"
#include "common/options/options.h"
#include "common/report/program.h"
#include "common/report/terminal.h"

#include <string.h>
#include <unistd.h>

#define LIST_NAME 24 /* the longest has 23 letters */

static const struct option_program list_program = {
    .name = "tcplab-bench list",
    .usage = "[options]",
    .examples = "  tcplab-bench list\n"
                "  tcplab-bench list --json | jq -r '.experiments[].name'\n",
    .closing = "For one experiment: tcplab-bench explain NAME.\n",
};

static json_t *experiments_json(void)
{
    json_t *list = json_array();
    for (size_t i = 0; experiments[i]; i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "name", experiments[i]->name,
                                              "part", experiment_part(experiments[i]), "question",
                                              experiments[i]->question));
    return list;
}

/* A terminal gets the parts as titles; a script a line for each experiment. */
static void text(FILE *out, const json_t *document)
{
    const char *last = "";
    bool person = isatty(STDOUT_FILENO);
    size_t i;
    json_t *experiment;
    json_array_foreach(json_object_get(document, "experiments"), i, experiment)
    {
        const char *part = reference_text(experiment, "part"),
                   *question = reference_text(experiment, "question");
        if (person && strcmp(part, last))
            fprintf(out, "%s%s%s%s\n", i ? "\n" : "", terminal_style(out, TERMINAL_BOLD), part,
                    terminal_style(out, TERMINAL_PLAIN));
        last = part;
        int column = fprintf(out, "%-*s ", LIST_NAME, reference_text(experiment, "name"));
        if (person)
            layout_words(out, question, column, column);
        else
            fprintf(out, "%s\n", question);
    }
}

int list_main(int argc, char **argv)
{
    const char *json = NULL;
    struct option_row rows[] = {
        {"json", 'J', "[=FILE]", NULL, "write the list as one JSON document", &option_file, &json},
    };
    char **operands, *message = NULL;
    int n;
    int r = options_read(rows, 1, &list_program, argc, argv, &operands, &n, &message);
    if (r)
        return program_settings_ended(r, message);
    json_t *settings = options_settings(rows, 1);
    json_t *document = reference_new("list", argc, argv, settings);
    json_object_set_new(document, "experiments", experiments_json());
    json_decref(settings);
    return reference_report(document, json, true, text);
}
