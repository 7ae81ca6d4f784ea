/* The sockets that an experiment opens itself, on either host, to make one system call after the
 * other. For experiments that follow few connections closely and need what no option of
 * tcplab-server or tcplab-client does. The run's document lists each call and its result, and the
 * ladder shows all calls but setsockopt() beside the segments.
 *
 * sockets.c makes the calls, sockets_wait.c waits, sockets_see.c observes; own_sockets.h has what
 * the trial keeps of a socket.
 *
 * Sockets are non-blocking and belong to the trial, which closes them. After the first failure of
 * the trial (steps.h) each function does nothing; a socket may then be NULL. A call that the kernel
 * refuses is no failure but an observation: the functions return its errno. */
#pragma once

#include "bench/model/span.h"
#include "bench/trial/own_sockets.h"

#include <poll.h>
#include <stdbool.h>
#include <sys/types.h>

/* Opens a TCP socket on that host. */
struct trial_socket *sock_new(struct trial *t, enum side side);

/* Opens a listener on the lab's port of the server host, with SO_REUSEADDR. The observer follows
 * its accept queue, and the timeline begins. sock_serve_sharing() sets SO_REUSEADDR and
 * SO_REUSEPORT as given; with SO_REUSEPORT there can be several. */
struct trial_socket *sock_serve(struct trial *t, int64_t backlog);
struct trial_socket *sock_serve_sharing(struct trial *t, int64_t backlog, bool reuseaddr,
                                        bool reuseport);

/* Begins the timeline, in an experiment that has no listener at first. */
void sock_begin(struct trial *t);

/* setsockopt() of an int. what: for the document: "TCP_USER_TIMEOUT, 3 s". Returns 0 or errno. */
int sock_set(struct trial_socket *s, int level, int option, int value, const char *what);
int sock_get(struct trial_socket *s, int level, int option); /* the int, or -1 */

/* These return 0 or errno; 0 also if connect() is under way (EINPROGRESS). */
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
/* 0 if the kernel took all bytes, or errno */
int sock_send(struct trial_socket *s, size_t bytes);
/* the number of bytes, 0 at the end of file, or -errno */
ssize_t sock_receive(struct trial_socket *s, size_t most);
int sock_linger(struct trial_socket *s, int seconds); /* SO_LINGER on */
int sock_close(struct trial_socket *s);

/* Clears O_NONBLOCK. A call that blocks stops the trial's looks, so use this only for close(), and
 * for sockets that other threads use. */
void sock_set_blocking(struct trial_socket *s);

/* accept(). sock_try_accept() returns NULL if the accept queue is empty; sock_accept() waits for a
 * connection, and the trial fails after a minute. */
struct trial_socket *sock_try_accept(struct trial_socket *listener);
struct trial_socket *sock_accept(struct trial_socket *listener);

/* The length of a listener's accept queue (TCP_INFO); -1: it is no listener. */
int64_t sock_queue(const struct trial_socket *listener);

/* Waits until one of the events comes, and looks at both hosts meanwhile; returns false after
 * patience_s. sock_need(): the trial fails after a minute. what: as in step_wait(). */
bool sock_wait(struct trial_socket *s, short events, double patience_s, const char *what);
void sock_need(struct trial_socket *s, short events, const char *what);

/* The same without looks, for an answer that must be seen at once. At most ten seconds. */
bool sock_wait_closely(struct trial_socket *s, short events);

/* Makes a connection: connect() and accept(). Returns the client's socket. ret_server NULL: does
 * not call accept(), and the connection stays in the accept queue. */
struct trial_socket *sock_connection(struct trial_socket *listener,
                                     struct trial_socket **ret_server);

/* Receives until `most` bytes have come, the end of file (*ret_error 0), an error, or a minute
 * without data (EAGAIN). Returns the number of bytes. */
size_t sock_receive_all(struct trial_socket *s, size_t most, int *ret_error);

/* One end sends, and the other receives all of it; the trial fails after a minute. */
void sock_pass(struct trial_socket *from, struct trial_socket *to, size_t bytes);

/* For clients that come one after the other: calls connect() on a new socket, and waits until the
 * handshake is over or a listener has dropped the SYN (TcpExt.ListenDrops). */
struct trial_socket *sock_try_connection(struct trial *t);

/* The connection that a bound client socket will make to the lab's port: for a fault of only this
 * connection. */
void sock_connection_id(const struct trial_socket *client, struct connection_id *ret);

/* The client's port of its connection; 0: s is NULL. */
uint16_t sock_client_port(const struct trial_socket *s);

/* Observes when an error or a hang-up came to the socket. That was between two looks: NAME_first,
 * the first that found it, and NAME_last, the last that did not, in seconds after zero_ns. See
 * expect_end(). */
void sock_see_end(struct trial_socket *s, int64_t zero_ns, const char *name);

/* Expects NAME_first not before the span and NAME_last not after it, so that a slow observer causes
 * no difference. */
void expect_end(struct prediction *p, struct span span, const struct rule *rule, const char *name);

/* Reads TCP_INFO. Returns false, and all 0, if the socket is closed or the call fails. */
struct tcp_info;
bool sock_info(const struct trial_socket *s, struct tcp_info *ret);

/* The retransmission timeout that is in effect, in seconds (TCP_INFO), or NAN. */
double sock_rto(const struct trial_socket *s);
