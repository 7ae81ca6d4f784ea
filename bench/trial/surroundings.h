/* Where a run took place, beside its lab: the machine and how busy it was. */
#pragma once

#include <jansson.h>
#include <stdint.h>

struct trial;

/* Read at the start. What the machine does not tell is -1. */
struct surroundings {
    double load_1m;        /* tasks, mean of the last minute */
    int64_t stolen, ticks; /* of all CPUs since the boot, in USER_HZ (proc_stat(5)) */
};

void surroundings_read(struct surroundings *s);

/* {"version", "kernel", "hz", "cpu", "cpus", "governor", "load_1m", "steal_percent" (since
 * surroundings_read()), "sysctls" (of the server host: what is not as in a fresh namespace of the
 * newest kernel, among those that a prediction rests upon)}; null where it is not known. New
 * reference. */
json_t *surroundings_json(const struct surroundings *s, const struct trial *t);
