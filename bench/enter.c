#include "bench/enter.h"
#include "bench/lab/namespace.h"
#include "bench/lab/needs.h"
#include "common/exit_code.h"
#include "common/terminal.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int enter_main(int argc, char **argv)
{
    static char sh[] = "/bin/sh";
    char *shell[] = {getenv("SHELL"), NULL}, **command = argv + 1;
    const char *step;
    if (argc > 1 && !strcmp(argv[1], "--"))
        command++;
    if (!*command) {
        if (!shell[0] || !*shell[0])
            shell[0] = sh;
        command = shell;
    }
    bool user = false;
    int r = namespace_enter(&user, &step);
    if (r) {
        terminal_error("%s", needs_mend(step, -r));
        return EXIT_CODE_CANNOT;
    }
    if (command == shell)
        terminal_notice(
            "a shell in a private network; in a second terminal, join it with: nsenter --target %d --net%s "
            "\"$SHELL\"",
            (int)getpid(), user ? " --user --preserve-credentials" : "");
    execvp(command[0], command);
    terminal_error("%s: %s; give a program's name or path", command[0], strerror(errno));
    return EXIT_CODE_FAILED;
}
