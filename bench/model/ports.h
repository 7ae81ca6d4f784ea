/* How many ports there are for connections, and which sockets may share one. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Returns how many connections there can be with a range of `ports` ports, of which `reserved` are
 * excluded by ip_local_reserved_ports. `ports` must be even or 1, because with other odd numbers
 * one call examines one port less. The result holds
 *   from one address to one address and port, if connect() chooses the port
 *   (__inet_hash_connect());
 *   from one address in total, if bind() has chosen it (inet_csk_find_open_port()). */
int64_t ports_usable(int64_t ports, int64_t reserved);

/* Who chooses the port. */
enum ports_choice {
    PORTS_CONNECT, /* connect(), without bind() */
    PORTS_BIND,    /* bind() to port 0 */
    /* bind() after IP_BIND_ADDRESS_NO_PORT sets the address, and connect() chooses the port */
    PORTS_BIND_LATE,
};

/* `sources` addresses connect to one destination after the other, to each until connect() or bind()
 * fails. Returns how many connections the n-th destination (from 1) gets. */
int64_t ports_connections(enum ports_choice choice, int64_t usable, int64_t sources,
                          int destination);

/* Returns the errno when no port is left: EADDRINUSE of bind(), EADDRNOTAVAIL of connect(). */
int ports_error(enum ports_choice choice);

/* Returns what bind() or listen() returns for a socket with the port of another one: 0 or
 * EADDRINUSE (inet_csk_bind_conflict()). clash: they have the same address, or one has the wildcard
 * address. both: the option that both have set; they belong to the same user. */
enum ports_sharing { PORTS_ALONE, PORTS_REUSEADDR, PORTS_REUSEPORT };
int ports_bind_beside(bool clash, enum ports_sharing both, bool other_listens);

/* Returns what bind() returns for a port on which no socket listens any more, but which `children`
 * connections of the old listener still have, in any state: 0 or EADDRINUSE
 * (inet_csk_bind_conflict()). old_reuses, new_reuses: SO_REUSEADDR of the old listener, which its
 * children inherit (also those in TIME_WAIT), and of the new socket; or SO_REUSEPORT of both, which
 * belong to the same user. */
int ports_bind_again(int64_t children, bool old_reuses, bool new_reuses);
