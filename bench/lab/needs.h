/* What the lab needs of the machine, and how to mend what it lacks. */
#pragma once

/* A sentence for the user: what the step needs, what is in the way, what to do. step: as lab_open(), cell_enter() and watch_new() name it
 * ("clone" for cell_fork()). Static until the next call. */
const char *needs_mend(const char *step, int error);

/* Makes a whole lab, both links, in a cell of its own, and takes it down again. NULL, or the sentence. */
const char *needs_probe(void);
