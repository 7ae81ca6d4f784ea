#include "bench/enter.h"
#include "bench/lab/namespace.h"
#include "common/exit_code.h"
#include "common/terminal.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int enter_impossible(const char *step, int error)
{
    terminal_error("cannot make a private network (%s: %s). Run as root, or allow user namespaces: sysctl "
                   "user.max_user_namespaces=10000, and where they exist sysctl kernel.unprivileged_userns_clone=1, "
                   "sysctl kernel.apparmor_restrict_unprivileged_userns=0; in a container, its seccomp profile must "
                   "allow unshare",
                   step, strerror(error));
    return EXIT_CODE_CANNOT;
}

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
    if (r)
        return enter_impossible(step, -r);
    if (command == shell)
        terminal_notice("a shell in a private network; in a second terminal, join it with\n"
                        "  nsenter --target %d --net%s",
                        (int)getpid(), user ? " --user --preserve-credentials" : "");
    execvp(command[0], command);
    terminal_error("%s: %s; give a program's name or path", command[0], strerror(errno));
    return EXIT_CODE_FAILED;
}
