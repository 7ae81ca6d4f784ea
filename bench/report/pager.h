/* A report that is longer than the terminal goes through the user's pager: $PAGER, or less. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

struct pager {
    FILE *out;  /* what is to be printed goes here */
    char *text; /* NULL: out is stdout */
    size_t size;
};

/* wanted: false with --no-pager. Where stdout is no terminal, TERM is dumb, or $PAGER is empty or
 * cat, out is stdout. */
void pager_begin(struct pager *p, bool wanted);

/* Shows what was written, and waits until the user has left the pager. An exit code, printed (see
 * program_flush()). */
int pager_end(struct pager *p);
