/* The trial's own sockets: what a program does with a connection, one system call after the other,
 * on either host. For experiments that follow few connections closely, where no option of
 * tcplab-server or tcplab-client says what is to be done. Each call and its outcome stand in the
 * run's document, and all but setsockopt() beside the segments in its drawing.
 *
 * sockets.c makes the calls, sockets_wait.c waits, sockets_see.c observes; own_sockets.h has what
 * the trial keeps of a socket.
 *
 * Sockets are non-blocking and belong to the trial, which closes them. After the first failure of
 * the trial (steps.h) each function does nothing; a socket may then be NULL. A call that the kernel
 * refuses is no failure but an observation: the functions give its errno. */
#pragma once

#include "bench/model/span.h"
#include "bench/trial/own_sockets.h"

#include <poll.h>
#include <stdbool.h>
#include <sys/types.h>

/* A TCP socket on that host. */
struct trial_socket *sock_new(struct trial *t, enum side side);

/* A listener on the lab's port of the server host (SO_REUSEADDR), whose accept queue is watched
 * from now on; the timeline begins. Or with SO_REUSEADDR and SO_REUSEPORT as they are given: with
 * the latter more than one. */
struct trial_socket *sock_serve(struct trial *t, int64_t backlog);
struct trial_socket *sock_serve_sharing(struct trial *t, int64_t backlog, bool reuseaddr,
                                        bool reuseport);

/* Where there is no listener to begin with: the timeline begins. */
void sock_begin(struct trial *t);

/* setsockopt() of an int. what: as it shall be read: "TCP_USER_TIMEOUT, 3 s". 0 or errno. */
int sock_set(struct trial_socket *s, int level, int option, int value, const char *what);
int sock_get(struct trial_socket *s, int level, int option); /* the int, or -1 */

/* Each 0 or errno; connect() under way (EINPROGRESS) is 0. */
int sock_bind(struct trial_socket *s, int port); /* to the host's address; 0: any */
int sock_listen(struct trial_socket *s, int64_t backlog);
/* from the client: to the lab's port */
int sock_connect(struct trial_socket *s);
/* to that port of the other host */
int sock_connect_to(struct trial_socket *s, int port);
/* to one of several addresses of the host */
int sock_bind_at(struct trial_socket *s, const char *address, int port);
int sock_connect_at(struct trial_socket *s, const char *address, int port); /* to any address */
/* SHUT_RD, SHUT_WR, SHUT_RDWR */
int sock_shutdown(struct trial_socket *s, int how);
/* all of them taken by the kernel, or errno */
int sock_send(struct trial_socket *s, size_t bytes);
/* how many came, 0: end of file, or -errno */
ssize_t sock_receive(struct trial_socket *s, size_t most);
int sock_linger(struct trial_socket *s, int seconds); /* SO_LINGER on */
int sock_close(struct trial_socket *s);

/* From now on its calls wait (no O_NONBLOCK). A call of this trial would then stop its looks: for
 * close(), and for threads. */
void sock_set_blocking(struct trial_socket *s);

/* accept(): NULL where nobody waits; or waits for somebody (a failure after a minute). */
struct trial_socket *sock_try_accept(struct trial_socket *listener);
struct trial_socket *sock_accept(struct trial_socket *listener);

/* How many wait in the accept queue of a listener, by its own word (TCP_INFO); -1: it is none. */
int64_t sock_queue(const struct trial_socket *listener);

/* Looking at both hosts meanwhile: until one of the events comes; false after patience_s.
 * sock_need(): a failure after a minute. */
bool sock_wait(struct trial_socket *s, short events, double patience_s, const char *what);
void sock_need(struct trial_socket *s, short events, const char *what);

/* The same without a look in between: for an answer that must come at once. At most ten seconds. */
bool sock_wait_closely(struct trial_socket *s, short events);

/* connect() and accept(): an established connection, accepted. ret_server may be NULL: then it
 * stays in the accept queue. */
struct trial_socket *sock_connection(struct trial_socket *listener,
                                     struct trial_socket **ret_server);

/* Receives until `most` bytes have come, end of file (*ret_error 0), an error, or nothing for a
 * minute (EAGAIN). How many bytes. */
size_t sock_receive_all(struct trial_socket *s, size_t most, int *ret_error);

/* One end sends, and the other receives all of it: a failure after a minute. */
void sock_pass(struct trial_socket *from, struct trial_socket *to, size_t bytes);

/* For clients that come one after the other: a new client's connect(), and its end, which is that
 * the handshake is over, or that a listener has dropped the SYN (TcpExt.ListenDrops). */
struct trial_socket *sock_try_connection(struct trial *t);

/* Which connection a client's socket that is bound makes to the lab's port: for faults of that
 * connection only. */
void sock_connection_id(const struct trial_socket *client, struct connection_id *ret);

/* The client's port of its connection; 0: s is NULL. */
uint16_t sock_client_port(const struct trial_socket *s);

/* When an error or a hang-up came to it is known to lie between two looks: NAME_first, the first
 * that found it, and NAME_last, the last that found none, in seconds after zero_ns. See
 * expect_end(). */
void sock_see_end(struct trial_socket *s, int64_t zero_ns, const char *name);

/* NAME_first must not be before the span, NAME_last not after it: so a slow observer finds no fault
 * that is not there. */
void expect_end(struct prediction *p, struct span span, const struct rule *rule, const char *name);

/* TCP_INFO; false, and all 0: the socket is closed, or the kernel does not say. */
struct tcp_info;
bool sock_info(const struct trial_socket *s, struct tcp_info *ret);

/* The retransmission timeout that is in effect, in seconds (TCP_INFO), or NAN. */
double sock_rto(const struct trial_socket *s);
