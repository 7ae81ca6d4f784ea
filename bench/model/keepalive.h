/* An idle connection with SO_KEEPALIVE, whose peer sends nothing more (tcp_keepalive_timer(),
 * net/ipv4/tcp_timer.c). Times are in seconds since the last segment came. */
#pragma once

#include "bench/model/span.h"

#include <stdint.h>

struct keepalive_timing {
    int hz;
    /* tcp_keepalive_time, _intvl, _probes, or the socket's own; seconds */
    int64_t idle, interval, probes;
    double user_timeout; /* TCP_USER_TIMEOUT, in seconds; 0: none */
};

/* Returns when the timer fires for the n-th time (from 1). Each firing sends a probe; the last one
 * sends a RST and ends the connection. */
struct span keepalive_firing(const struct keepalive_timing *k, int n);

/* Return how many probes are sent, at least and at most. A TCP_USER_TIMEOUT that expires between
 * two firings takes effect at the second. If it expires about when the timer fires, this firing or
 * the next one may be the first to find it expired. */
int keepalive_least(const struct keepalive_timing *k);
int keepalive_most(const struct keepalive_timing *k);
struct span keepalive_gives_up(const struct keepalive_timing *k);
