/* Shows a report that is longer than the terminal in the user's pager: $PAGER, or less. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

struct pager {
    FILE *out;  /* print the report here */
    char *text; /* NULL: out is stdout */
    size_t size;
};

/* Sets p->out. wanted: false with --no-pager. out is stdout if wanted is false, if stdout is no
 * terminal, if TERM is dumb, or if $PAGER is empty or cat. */
void pager_begin(struct pager *p, bool wanted);

/* Shows what was written to out in the pager, and waits until the user has left it; prints it if it
 * fits on the terminal. Returns an exit code as program_flush() does; when it is not 0 the reason
 * has been printed. */
int pager_end(struct pager *p);
