/* Where a run took place, beside its lab: the machine and how busy it was. */
#pragma once

#include <jansson.h>
#include <stdint.h>

struct conditions;

/* Read at the start. What the machine does not tell is -1. */
struct surroundings {
    double load_1m; /* tasks, mean of the last minute */
    /* of all CPUs since the boot, in USER_HZ (proc_stat(5)); busy: in programs and their system
     * calls, without interrupts */
    int64_t stolen, busy, ticks;
    double own_s; /* CPU of this process and its children that have ended */
};

void surroundings_read(struct surroundings *s);

/* How much of all CPUs other programs used since then, in percent: than this process and its
 * children, which must have ended. -1: not known. */
double surroundings_others_percent(const struct surroundings *s);

/* How much of all CPUs' time the hypervisor took since then; -1: not known. */
double surroundings_steal_percent(const struct surroundings *s);

/* The timer's tick, and the sysctls of the calling thread's network namespace. */
void surroundings_conditions(struct conditions *c);

/* {"version", "kernel", "hz", "cpu", "cpus", "governor", "load_1m", "steal_percent" (since
 * surroundings_read()), "sysctls" (of the conditions: what is not as in a fresh namespace of the
 * newest kernel, among those that a prediction rests upon)}; null where it is not known. New
 * reference. */
json_t *surroundings_json(const struct surroundings *s, const struct conditions *c);
