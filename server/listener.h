/* The listening socket: its options, and its accept queue as the kernel reports it. */
#pragma once

#include "common/kernel/endpoint.h"
#include "server/settings.h"

#include <stdint.h>

/* Makes a listener: socket(), the socket options (accepted connections inherit them, which saves a
 * system call for each), bind() and listen(). `at` gets the port that was bound. shared: sets
 * SO_REUSEPORT before bind(). Returns the new descriptor, or -errno and in *ret_step the call or
 * option that failed ("bind", "listen", "TCP_FASTOPEN"). */
int listener_open(const struct settings *s, struct endpoint *at, bool shared,
                  const char **ret_step);

/* Sets SO_INCOMING_CPU of one of the listeners that share a port; cpu -1: does nothing. The kernel
 * gives a connection to a listener of the CPU on which the SYN arrives; among several of them, or
 * among all listeners if the CPU has none, it decides by hash (reuseport_select_sock_by_hash()).
 * Kernels before 6.2 decide by hash alone. Errors are ignored. */
void listener_prefer_cpu(int fd, int cpu);

/* Checks that no other socket has the address: with SO_REUSEPORT bind() would silently share it
 * with another tcplab-server. Not for port 0. Returns 0 or -errno (-EADDRINUSE: another socket has
 * it). */
int listener_check_free(const struct endpoint *at);

/* Reads the length and the limit of the accept queue from the listener's TCP_INFO: tcpi_unacked and
 * tcpi_sacked (tcp_get_info(), net/ipv4/tcp.c). Returns 0 or -errno. */
struct listener_queue {
    uint32_t length, limit;
};
int listener_queue(int fd, struct listener_queue *ret);

/* Returns how many connections the accept queue holds: one more than the limit, because
 * sk_acceptq_is_full() (include/net/sock.h) checks "length > limit". */
uint64_t listener_capacity(uint32_t limit);

/* The socket options that the user asked for, and the values that the kernel uses: [{"option",
 * "asked", "effective"}]. Returns a new reference. */
json_t *listener_options_json(int fd, const struct settings *s);
