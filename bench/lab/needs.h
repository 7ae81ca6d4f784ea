/* What the lab needs from the machine, and what helps if something is missing. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct lab;

/* Returns a sentence for the user: what the step needs, why it failed, and what to do. step: the
 * name from lab_open(), cell_enter() or watch_new(), or "clone" for cell_fork(). Valid until the
 * next call. */
const char *needs_mend(const char *step, int error);

/* Returns the text of an error, and what to do if something is forbidden or has run out. The caller
 * prints the name of the step in front of it. Valid until the next call. */
const char *needs_error(int error);

/* A cell that makes a lab with a wire and one on loopback, and closes both. */
struct needs_cell {
    pid_t pid;
    int pipe;
    int error; /* why there is no cell: an errno; 0: there is one */
    void *answer;
    size_t size;
};

/* Starts the cell. While the lab with the wire exists, the cell calls visit() in the server host
 * with a copy of *answer (`size` bytes, at most NEEDS_ANSWER_MAX); needs_end() copies what visit()
 * has changed back to *answer. */
#define NEEDS_ANSWER_MAX 16384
typedef void needs_visit(const struct lab *lab, void *answer);
void needs_begin(needs_visit *visit, void *answer, size_t size, struct needs_cell *ret);

/* Waits until the cell ends. Returns NULL, and *answer is what visit() made of it; or a sentence
 * for the user, and *answer is unchanged. */
const char *needs_end(struct needs_cell *cell);
