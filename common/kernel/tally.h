/* How often each IP address occurred: what `netstat -nat | awk '{print $5}' | sort | uniq -c` was
 * used for. */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct tally;

struct tally *tally_new(void); /* NULL without memory */
void tally_free(struct tally *t);

/* Forgets everything, keeps the memory. */
void tally_clear(struct tally *t);

/* family AF_INET (4 bytes) or AF_INET6 (16 bytes; an IPv4-mapped one counts as its IPv4 address).
 * 0, -ENOMEM, or -EAFNOSUPPORT for any other family. */
int tally_add(struct tally *t, int family, const void *address);

size_t tally_distinct(const struct tally *t);
uint64_t tally_total(const struct tally *t);

/* {"127.0.0.1": 5, ...}, the most frequent first, equal ones in the order of the address (an IPv4
 * one stands where its IPv4-mapped form would). New reference or NULL. */
json_t *tally_to_json(const struct tally *t);
