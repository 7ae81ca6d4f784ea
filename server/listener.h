/* The listening socket: its options, its accept queue as the kernel sees it. */
#pragma once

#include "common/kernel/endpoint.h"
#include "server/settings.h"

#include <stdint.h>

/* Opens, sets the socket options (accepted connections inherit them: no system call on a
 * connection's way), binds and listens. `at` gets the port that was bound. shared: SO_REUSEPORT,
 * before bind(). The new descriptor, or -errno and in *ret_step the call that failed ("bind",
 * "listen", "TCP_FASTOPEN"). */
int listener_open(const struct settings *s, struct endpoint *at, bool shared,
                  const char **ret_step);

/* SO_INCOMING_CPU for one of the listeners that share a port; -1: none. A connection whose SYN
 * arrives on a CPU goes to one of its listeners, by the hash among several, and by the hash of all
 * where it has none (reuseport_select_sock_by_hash()). Kernels before 6.2 use the hash alone. No
 * failure: it is a wish. */
void listener_prefer_cpu(int fd, int cpu);

/* Whether another socket has the address already: SO_REUSEPORT would share it with a server of ours
 * without a word. Not for port 0. 0 or -errno. */
int listener_check_free(const struct endpoint *at);

/* Length and limit of the accept queue, from TCP_INFO of the listener: tcpi_unacked and tcpi_sacked
 * (net/ipv4/tcp.c, tcp_get_info()). 0 or -errno. */
struct listener_queue {
    uint32_t length, limit;
};
int listener_queue(int fd, struct listener_queue *ret);

/* How many connections the accept queue holds. sk_acceptq_is_full() in include/net/sock.h asks
 * "length > limit", so it is one more than the limit. */
uint64_t listener_capacity(uint32_t limit);

/* The socket options that were asked for and what the kernel made of them: [{"option", "asked",
 * "effective"}]. New reference. */
json_t *listener_options_json(int fd, const struct settings *s);
