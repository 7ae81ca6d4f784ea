/* What the keepalive experiments share: an idle connection of a client that has set
 * SO_KEEPALIVE. */
#pragma once

#include "bench/model/keepalive.h"
#include "bench/trial/sockets.h"
#include "bench/trial/steps.h"

#define KNOB_IDLE     KNOB_COUNT("idle", "2", 1, 32767, "seconds of silence before the first probe")
#define KNOB_INTERVAL KNOB_COUNT("interval", "1", 1, 32767, "seconds between probes")
#define KNOB_PROBES   KNOB_COUNT("probes", "3", 1, 127, "how many may go without an answer")

/* By the knobs idle, interval and probes. */
struct keepalive_timing keepalive_client_model(const struct knobs *k, const struct conditions *c);

/* SO_KEEPALIVE, and TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT after the knobs if `options`,
 * otherwise by the sysctls. Before connect(): so the time runs from the SYN-ACK, and not from the
 * call. */
void keepalive_client_set(struct trial_socket *client, const struct knobs *k, bool options);

/* connect() and accept(). */
struct trial_socket *keepalive_client_connect(struct trial_socket *client,
                                              struct trial_socket *listener);

/* When the client had the last segment before the silence: the third ACK, which goes out with the
 * SYN-ACK's arrival. */
int64_t keepalive_client_zero_ns(const struct trial *t, const struct trial_socket *client);

/* client.probe_1 ... _n (the first ten), in seconds since keepalive_client_zero_ns(). */
void keepalive_client_expect(struct prediction *p, const struct keepalive_timing *k, int n);

/* Observes them, and client.probes, their number. */
void keepalive_client_see(struct trial *t, const struct trial_socket *client);

/* How many keepalive probes a connection has sent that has had nothing acknowledged but its SYN. */
int64_t keepalive_client_count(const struct trial *t, const struct trial_socket *client);

/* The span of something that is timed from the third ACK: that goes out some microseconds after the
 * timer was set. */
struct span keepalive_client_span(struct span span);
