/* The machine on which a run took place, and how busy it was. */
#pragma once

#include <jansson.h>
#include <stdint.h>

struct conditions;

/* Read at the start of a run; -1: the machine does not report it. */
struct surroundings {
    double load_1m; /* tasks, mean of the last minute */
    /* time of all CPUs since the boot, in USER_HZ (proc_stat(5)); busy: spent in programs and their
     * system calls, without interrupts */
    int64_t stolen, busy, ticks;
    double own_s; /* CPU time of this process and of its children that have ended */
};

void surroundings_read(struct surroundings *s);

/* Returns how much of all CPUs' time other programs have used since surroundings_read(), in
 * percent. Programs other than this process and its children, which must have ended. -1: not
 * known. */
double surroundings_others_percent(const struct surroundings *s);

/* Returns how much of all CPUs' time the hypervisor has taken since surroundings_read(), in
 * percent; -1: not known. */
double surroundings_steal_percent(const struct surroundings *s);

/* Reads the conditions: the timer's ticks, and the sysctls of the calling thread's network
 * namespace. */
void surroundings_conditions(struct conditions *c);

/* {"version", "kernel", "hz", "cpu", "cpus", "governor", "load_1m", "steal_percent" (since
 * surroundings_read()), "sysctls" (of the conditions: what is not as in a fresh namespace of the
 * newest kernel, among those that a prediction rests upon)}; null where it is not known. Returns a
 * new reference. */
json_t *surroundings_json(const struct surroundings *s, const struct conditions *c);
