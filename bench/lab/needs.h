/* What the lab needs of the machine, and how to mend what it lacks. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct lab;

/* A sentence for the user: what the step needs, what is in the way, what to do. step: as
 * lab_open(), cell_enter() and watch_new() name it ("clone" for cell_fork()). Static until the next
 * call. */
const char *needs_mend(const char *step, int error);

/* For a step of a run, whose name the caller puts in front: the error, and what to do where
 * something is short or forbidden. Static until the next call. */
const char *needs_error(int error);

/* A cell in which a whole lab is made, both links, and taken down again. */
struct needs_cell {
    pid_t pid;
    int pipe;
    int error; /* there is no cell */
    void *answer;
    size_t size;
};

/* Makes the cell; while the lab with the wire stands in it, visit() is called there (in the server
 * host) with a copy of *answer, whose `size` bytes (at most NEEDS_ANSWER_MAX) come back changed. */
#define NEEDS_ANSWER_MAX 16384
typedef void needs_visit(const struct lab *lab, void *answer);
void needs_begin(needs_visit *visit, void *answer, size_t size, struct needs_cell *ret);

/* Waits for its end. NULL; or the sentence, and *answer is as it was. */
const char *needs_end(struct needs_cell *cell);
