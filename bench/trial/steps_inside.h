/* Shared by the files of steps.h. */
#pragma once

#include "bench/trial/steps.h"

/* Fails the trial where r is an -errno: "WHAT: its text". */
void step_check(struct trial *t, int r, const char *what);

/* The host of that side. */
static inline const struct host *step_host(const struct trial *t, enum side side)
{
    return side == SIDE_SERVER ? &t->lab.server : &t->lab.client;
}

/* Whether there is a wire and the trial has not failed. */
static inline bool step_has_wire(const struct trial *t)
{
    return !t->failure && !t->lab.loopback;
}
