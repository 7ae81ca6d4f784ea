/* Source addresses to connect from: the networks of --source, spread over one address after the other. */
#pragma once

#include "client/settings.h"
#include "common/endpoint.h"

/* How many addresses there are in all: of a network the hosts (not its first and last address, where it has more
 * than two); 0 without --source. At most 2^32 a network. */
uint64_t sources_count(const struct settings *s);

/* The address for the i-th connection, port 0. Only where sources_count() is not 0. */
void sources_pick(const struct settings *s, uint64_t i, struct endpoint *ret);

/* Binds a socket to a source address, without a port: connect() chooses that, so that one port serves many
 * destinations (IP_BIND_ADDRESS_NO_PORT). 0 or -errno. */
int sources_bind(int fd, const struct endpoint *source);
