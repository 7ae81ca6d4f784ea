#include "common/program.h"
#include "common/exit_code.h"
#include "common/terminal.h"

#include <stdlib.h>
#include <string.h>

int program_open_output(const char *json, const char *jsonl, struct document_output **ret)
{
    const char *path = NULL;
    int r = document_output_open(json, jsonl, ret, &path);
    if (!r)
        return EXIT_CODE_DONE;
    if (!path) {
        terminal_error("--json and --jsonl cannot both go to stdout; give one of them a file: --jsonl=FILE");
        return EXIT_CODE_USAGE;
    }
    terminal_error("cannot write %s: %s; give a file in a folder that you may write to", path, strerror(-r));
    return EXIT_CODE_FAILED;
}

int program_settings_ended(int r, char *message)
{
    if (r < 0)
        terminal_error("%s", message ? message : strerror(-r));
    free(message);
    return r < 0 ? EXIT_CODE_USAGE : EXIT_CODE_DONE;
}
