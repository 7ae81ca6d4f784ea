/* A connection on which nothing is under way, with SO_KEEPALIVE, whose peer has fallen silent
 * (tcp_keepalive_timer(), net/ipv4/tcp_timer.c). Times in seconds since the last segment came. */
#pragma once

#include "bench/model/span.h"

#include <stdint.h>

struct keepalive_timing {
    int hz;
    /* tcp_keepalive_time, _intvl, _probes, or the socket's own; seconds */
    int64_t idle, interval, probes;
    double user_timeout; /* TCP_USER_TIMEOUT, in seconds; 0: none */
};

/* The n-th firing, from 1: each sends a probe, but the last, which ends the connection by RST. */
struct span keepalive_firing(const struct keepalive_timing *k, int n);

/* How many probes are sent, at least and at most: a TCP_USER_TIMEOUT that is over between two
 * firings is found by the second, and one that is over when a firing may be due or not is found by
 * either. */
int keepalive_least(const struct keepalive_timing *k);
int keepalive_most(const struct keepalive_timing *k);
struct span keepalive_gives_up(const struct keepalive_timing *k);
