/* Counts how often each IP address occurs, as people do with `netstat -nat | awk '{print $5}' |
 * sort | uniq -c`. */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct tally;

struct tally *tally_new(void); /* NULL without memory */
void tally_free(struct tally *t);

/* Removes all addresses, and keeps the memory for the next ones. */
void tally_clear(struct tally *t);

/* Counts an address: AF_INET (4 bytes) or AF_INET6 (16 bytes; an IPv4-mapped one counts as its IPv4
 * address). Returns 0, -ENOMEM, or -EAFNOSUPPORT for any other family. */
int tally_add(struct tally *t, int family, const void *address);

size_t tally_distinct(const struct tally *t);
uint64_t tally_total(const struct tally *t);

/* {"127.0.0.1": 5, ...}: the most frequent first; addresses with equal counts in the order of their
 * bytes (an IPv4 address is sorted as its IPv4-mapped form). Returns a new reference, or NULL
 * without memory. */
json_t *tally_to_json(const struct tally *t);
