/* The kernel's own counters: /proc/net/snmp and /proc/net/netstat of the calling thread's network
 * namespace.
 *
 * Names are the kernel's, with their prefix: "Tcp.OutRsts", "TcpExt.ListenOverflows". Each value
 * counts in the whole namespace since it was made, so only the difference of two snapshots says
 * something about a run. */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct counters;

/* Reads /proc/thread-self/net/{snmp,netstat}. Returns 0 and a new object, or -errno. Free it with
 * counters_free(). */
int counters_read(struct counters **ret);

/* Reads such a file's content from memory: pairs of lines "TcpExt: Name Name" and "TcpExt: 1 2".
 * Adds its counters to `c`; a name that is there already gets the new value. Returns 0; -ENOMEM; or
 * -EBADMSG if a line has no partner, if a pair has more names than values or fewer, if a value is
 * no 64-bit integer, or if the text does not end with a newline. `c` then has the counters from
 * before the error. */
int counters_parse(struct counters *c, const char *text, size_t length);

struct counters *counters_new(void);
void counters_free(struct counters *c);

/* Returns the value of a counter, or 0 if this kernel does not have it. *ret_known (may be NULL):
 * whether the kernel has it. */
int64_t counters_get(const struct counters *c, const char *name, int *ret_known);

/* Returns the i-th name, from 0, in the kernel's order; NULL if there are no more. */
const char *counters_name(const struct counters *c, size_t i);

/* Computes after - before for each counter that moved, in the kernel's order:
 * {"TcpExt.ListenOverflows": 9995}. Takes only names that begin with one of the NULL-terminated
 * `prefixes` ("Tcp.", "TcpExt."); NULL: all names. Returns a new reference, or NULL without
 * memory. */
json_t *counters_delta(const struct counters *before, const struct counters *after,
                       const char *const *prefixes);
