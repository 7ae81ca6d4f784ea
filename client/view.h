/* Asks the kernel about the client's connections, and about the server's queue if the server is in
 * the same network namespace. diag may be NULL if the kernel cannot be asked. */
#pragma once

#include "client/settings.h"
#include "common/kernel/endpoint.h"
#include "common/kernel/sockdiag.h"

#include <jansson.h>
#include <stddef.h>

/* The sockets to the target in these states (SOCKDIAG_BIT()s): {"ESTABLISHED": 5}. New reference;
 * NULL: not known. */
json_t *view_states(struct sockdiag *diag, const struct endpoint *target, unsigned states);

/* "  queue 5 of 5", or "" where no listener with the target's port is in this namespace. */
void view_server_queue(struct sockdiag *diag, const struct endpoint *target, char *text,
                       size_t size);

/* --keepalive and --user-timeout as the kernel sets them on a socket like those of the connections:
 * see socket_options_json(). Empty if neither was given. Returns a new reference. */
json_t *view_socket_options(const struct settings *s, const struct endpoint *target);
