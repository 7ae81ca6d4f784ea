/* How many ports there are for connections, and who may have one. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Of a range with so many ports (an even number, or 1: of other odd ranges one call examines one
 * port less), of which `reserved` are kept out (ip_local_reserved_ports): how many connections
 * there can be
 *   from one address to one address and port, where connect() chooses the port
 *   (__inet_hash_connect());
 *   from one address in all, where bind() has chosen it (inet_csk_find_open_port()). */
int64_t ports_usable(int64_t ports, int64_t reserved);

/* Who chooses the port. */
enum ports_choice {
    PORTS_CONNECT, /* connect(), without bind() */
    PORTS_BIND,    /* bind() to port 0 */
    /* bind() after IP_BIND_ADDRESS_NO_PORT: the address is chosen, the port is left to connect() */
    PORTS_BIND_LATE,
};

/* `sources` addresses connect to one destination after the other until nothing goes any more: how
 * many connections the n-th destination (from 1) gets. */
int64_t ports_connections(enum ports_choice choice, int64_t usable, int64_t sources,
                          int destination);

/* Then it fails with this errno: EADDRINUSE of bind(), EADDRNOTAVAIL of connect(). */
int ports_error(enum ports_choice choice);

/* bind() of a socket, or its listen(), at the port of another one: 0 or EADDRINUSE
 * (inet_csk_bind_conflict()). clash: they have the same address, or one has the wildcard address.
 * both: what both have set; they have the same user. */
enum ports_sharing { PORTS_ALONE, PORTS_REUSEADDR, PORTS_REUSEPORT };
int ports_bind_beside(bool clash, enum ports_sharing both, bool other_listens);

/* bind() to a port that no socket listens on any more, but that `children` of its old listener
 * still have, in whatever state: 0 or EADDRINUSE (inet_csk_bind_conflict()). old_reuses,
 * new_reuses: SO_REUSEADDR of the old listener, from which its children (TIME_WAIT, too) have it,
 * and of the new socket; or SO_REUSEPORT of both, of one user. */
int ports_bind_again(int64_t children, bool old_reuses, bool new_reuses);
