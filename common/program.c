#include "common/program.h"
#include "common/exit_code.h"
#include "common/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void program_begin(const char *name)
{
    for (int fd = 0; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
            _exit(EXIT_CODE_FAILED);
    terminal_init(name, TERMINAL_COLOR_AUTO);
}

int program_open_output(const char *json, const char *jsonl, struct document_output **ret)
{
    const char *path = NULL;
    if (json && jsonl && !strcmp(json, jsonl)) {
        terminal_error("--json and --jsonl cannot both go to %s; give one of them another file",
                       strcmp(json, "-") ? json : "stdout");
        return EXIT_CODE_USAGE;
    }
    int r = document_output_open(json, jsonl, ret, &path);
    if (!r)
        return EXIT_CODE_DONE;
    terminal_error("cannot write %s: %s; give a file in a folder that you may write to", path ? path : "documents",
                   strerror(-r));
    return EXIT_CODE_FAILED;
}

int program_settings_ended(int r, char *message)
{
    if (r < 0)
        terminal_error("%s", message ? message : strerror(-r));
    free(message);
    if (r < 0)
        return EXIT_CODE_USAGE;
    return fflush(stdout) ? EXIT_CODE_FAILED : EXIT_CODE_DONE; /* help or version */
}

int program_check_ready_fd(int fd)
{
    int flags = fd < 0 ? O_WRONLY : fcntl(fd, F_GETFL);
    if (flags >= 0 && (flags & O_ACCMODE) != O_RDONLY)
        return EXIT_CODE_DONE;
    terminal_error("--ready-fd %d: that descriptor is not open for writing; open it in the shell, such as %d>file",
                   fd, fd);
    return EXIT_CODE_USAGE;
}

void program_say_ready(int fd)
{
    if (fd < 0)
        return;
    if (write(fd, "\n", 1) != 1)
        terminal_notice("--ready-fd %d: %s", fd, strerror(errno));
    close(fd);
}

struct rlimit program_raise_descriptors(void)
{
    struct rlimit limit = {0};
    getrlimit(RLIMIT_NOFILE, &limit);
    rlim_t soft = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit))
        limit.rlim_cur = soft;
    return limit;
}
