/* The kernel's own counters: /proc/net/snmp and /proc/net/netstat of the calling thread's network
 * namespace.
 *
 * Names are the kernel's, prefix and all: "Tcp.OutRsts", "TcpExt.ListenOverflows". Values are those
 * of the whole namespace since it was made; only differences of two snapshots mean something. */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct counters;

/* Reads /proc/thread-self/net/{snmp,netstat}. 0 and a new object, or -errno. */
int counters_read(struct counters **ret);

/* The same from memory: `text` is the content of such a file (pairs of lines "TcpExt: Name Name"
 * and "TcpExt: 1 2"). A line without its partner, names and values that do not match in number, a
 * value that is no 64-bit integer, or a text that does not end with a newline make -EBADMSG. Adds
 * to `c`, also what came before an error; a name that is there already takes the new value. */
int counters_parse(struct counters *c, const char *text, size_t length);

struct counters *counters_new(void);
void counters_free(struct counters *c);

/* The value by kernel name; 0 for a counter this kernel does not have (*ret_known, if not NULL,
 * tells). */
int64_t counters_get(const struct counters *c, const char *name, int *ret_known);

/* after - before for every counter that moved, in the kernel's order: {"TcpExt.ListenOverflows":
 * 9995}. Only names that begin with one of the NULL-terminated `prefixes` ("Tcp.", "TcpExt.");
 * NULL: all. New reference or NULL. */
json_t *counters_delta(const struct counters *before, const struct counters *after,
                       const char *const *prefixes);
