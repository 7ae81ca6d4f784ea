#include "bench/report/pager.h"
#include "common/report/program.h"
#include "common/report/terminal.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define PAGER_MISSING 127 /* of sh -c: there is no such command */

/* NULL: nobody wants one. */
static const char *command(void)
{
    const char *pager = getenv("PAGER"), *term = getenv("TERM");
    if (!terminal_rows() || !term || !*term || !strcmp(term, "dumb"))
        return NULL;
    if (!pager)
        return "less";
    return *pager && strcmp(pager, "cat") ? pager : NULL;
}

void pager_begin(struct pager *p, bool wanted)
{
    *p = (struct pager){0};
    p->out = wanted && command() ? open_memstream(&p->text, &p->size) : NULL;
    if (!p->out)
        p->out = stdout;
}

static bool is_long(const struct pager *p)
{
    int lines = 0;
    for (size_t i = 0; i < p->size; i++)
        lines += p->text[i] == '\n';
    return lines >= terminal_rows(); /* the prompt needs a row, too */
}

/* false: there is no such pager, and nothing was shown. A user who leaves it early has seen
 * enough. */
static bool show(const struct pager *p)
{
    /* as git does: colours, and no other screen that takes the report away at the end */
    setenv("LESS", "FRX", 0);
    setenv("LV", "-c", 0);
    fflush(NULL);
    FILE *pipe = popen(command(), "w");
    if (!pipe)
        return false;
    void (*interrupt)(int) = signal(SIGINT, SIG_IGN); /* in there it is a key */
    void (*broken)(int) = signal(SIGPIPE, SIG_IGN);   /* and it may be left at any time */
    fwrite(p->text, 1, p->size, pipe);
    int status = pclose(pipe);
    signal(SIGINT, interrupt);
    signal(SIGPIPE, broken);
    return !(WIFEXITED(status) && WEXITSTATUS(status) == PAGER_MISSING);
}

int pager_end(struct pager *p)
{
    if (p->out == stdout)
        return program_flush();
    fclose(p->out);
    if (!is_long(p) || !show(p))
        fwrite(p->text, 1, p->size, stdout);
    free(p->text);
    return program_flush();
}
