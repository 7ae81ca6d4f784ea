/* For the keepalive experiments: a client with SO_KEEPALIVE and an idle connection. */
#pragma once

#include "bench/model/keepalive.h"
#include "bench/trial/sockets.h"
#include "bench/trial/steps.h"

#define KNOB_IDLE     KNOB_COUNT("idle", "2", 1, 32767, "seconds of silence before the first probe")
#define KNOB_INTERVAL KNOB_COUNT("interval", "1", 1, 32767, "seconds between probes")
#define KNOB_PROBES   KNOB_COUNT("probes", "3", 1, 127, "how many may go without an answer")

/* The model's timing for the knobs idle, interval and probes. */
struct keepalive_timing keepalive_client_model(const struct knobs *k, const struct conditions *c);

/* Sets SO_KEEPALIVE. options: sets TCP_KEEPIDLE, TCP_KEEPINTVL and TCP_KEEPCNT to the knobs as
 * well; otherwise the sysctls apply. Call it before connect(): then the time runs from the SYN-ACK
 * and not from the setsockopt(). */
void keepalive_client_set(struct trial_socket *client, const struct knobs *k, bool options);

/* connect() and accept(). Returns the server's socket. */
struct trial_socket *keepalive_client_connect(struct trial_socket *client,
                                              struct trial_socket *listener);

/* When the client's silence began: when it sent the third ACK, at the arrival of the SYN-ACK. */
int64_t keepalive_client_zero_ns(const struct trial *t, const struct trial_socket *client);

/* Expects client.probe_1 ... _n (at most ten), in seconds since keepalive_client_zero_ns(). */
void keepalive_client_expect(struct prediction *p, const struct keepalive_timing *k, int n);

/* Observes these, and client.probes, the number of probes. */
void keepalive_client_see(struct trial *t, const struct trial_socket *client);

/* The number of keepalive probes that the client has sent. Only for a connection that has sent no
 * data that was acknowledged: it recognizes a probe by its sequence number. */
int64_t keepalive_client_count(const struct trial *t, const struct trial_socket *client);

/* The span of a time that counts from the third ACK. The kernel sends this ACK some microseconds
 * after it has set the timer, so the span begins a little earlier. */
struct span keepalive_client_span(struct span span);
