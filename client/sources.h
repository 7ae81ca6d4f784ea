/* Source addresses to connect from: the networks of --source, spread over one address after the
 * other. */
#pragma once

#include "client/settings.h"
#include "common/kernel/endpoint.h"

/* How many addresses there are in all: of a network the hosts (not its first and last address,
 * where it has more than two); 0 without --source. At most 2^32 a network. */
uint64_t sources_count(const struct settings *s);

/* Without --source, to a target in 127.0.0.0/8: connect from at least n addresses of that network
 * (a part of it with 2^k - 2 hosts), from 127.0.0.1 on. Returns 0; -EADDRNOTAVAIL: they are not all
 * addresses of this machine, or not so many; then nothing is changed. */
int sources_spread_loopback(struct settings *s, uint64_t n);

/* The address for the i-th connection, port 0. Only where sources_count() is not 0. */
void sources_pick(const struct settings *s, uint64_t i, struct endpoint *ret);

/* Binds a socket to a source address, without a port: connect() chooses that, so that one port
 * serves many destinations (IP_BIND_ADDRESS_NO_PORT). Returns 0 or -errno. */
int sources_bind(int fd, const struct endpoint *source);

/* Whether a socket can be bound so. Returns 0 or -errno (-EADDRNOTAVAIL: it is no address of this
 * machine). */
int sources_try(const struct endpoint *source);
