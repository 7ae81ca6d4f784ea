/* What a prediction is computed from: the settings of the kernel before the run, and the rules that
 * differ between kernels. Never a measurement of what is predicted. */
#pragma once

#include "bench/model/kernel_rules.h"

#include <stdbool.h>
#include <stdint.h>

/* X(field, sysctl, its value in a fresh network namespace of the newest kernel, the value for the
 * model if this kernel has no such sysctl). The default of tcp_max_syn_backlog depends on memory;
 * it matters only without SYN cookies. tcp_tw_reuse_delay 0, which no kernel accepts, stands for a
 * kernel that has no such sysctl and counts whole seconds (afterlife_reuse()). */
#define CONDITIONS(X)                                                                \
    X(somaxconn, "net.core.somaxconn", 4096, 128)                                    \
    X(syncookies, "net.ipv4.tcp_syncookies", 1, 0)                                   \
    X(max_syn_backlog, "net.ipv4.tcp_max_syn_backlog", 2048, 2048)                   \
    X(abort_on_overflow, "net.ipv4.tcp_abort_on_overflow", 0, 0)                     \
    X(syn_retries, "net.ipv4.tcp_syn_retries", 6, 6)                                 \
    X(syn_linear_timeouts, "net.ipv4.tcp_syn_linear_timeouts", 4, 0)                 \
    X(synack_retries, "net.ipv4.tcp_synack_retries", 5, 5)                           \
    X(fin_timeout, "net.ipv4.tcp_fin_timeout", 60, 60)                               \
    X(tw_reuse, "net.ipv4.tcp_tw_reuse", 2, 0)                                       \
    X(tw_reuse_delay, "net.ipv4.tcp_tw_reuse_delay", 1000, 0)                        \
    X(timestamps, "net.ipv4.tcp_timestamps", 1, 1)                                   \
    X(max_tw_buckets, "net.ipv4.tcp_max_tw_buckets", 131072, 131072)                 \
    X(rfc1337, "net.ipv4.tcp_rfc1337", 0, 0)                                         \
    X(retries2, "net.ipv4.tcp_retries2", 15, 15)                                     \
    X(orphan_retries, "net.ipv4.tcp_orphan_retries", 0, 0)                           \
    X(keepalive_time, "net.ipv4.tcp_keepalive_time", 7200, 7200)                     \
    X(keepalive_intvl, "net.ipv4.tcp_keepalive_intvl", 75, 75)                       \
    X(keepalive_probes, "net.ipv4.tcp_keepalive_probes", 9, 9)                       \
    X(fastopen, "net.ipv4.tcp_fastopen", 1, 1)                                       \
    X(migrate_req, "net.ipv4.tcp_migrate_req", 0, 0)                                 \
    X(no_metrics_save, "net.ipv4.tcp_no_metrics_save", 0, 0)                         \
    X(rto_max_ms, "net.ipv4.tcp_rto_max_ms", 120000, 120000)                         \
    X(rto_min_us, "net.ipv4.tcp_rto_min_us", 200000, 200000)                         \
    X(early_retrans, "net.ipv4.tcp_early_retrans", 3, 3)                             \
    X(sack, "net.ipv4.tcp_sack", 1, 1)                                               \
    X(challenge_ack_limit, "net.ipv4.tcp_challenge_ack_limit", INT32_MAX, INT32_MAX) \
    X(notsent_lowat, "net.ipv4.tcp_notsent_lowat", UINT32_MAX, UINT32_MAX)           \
    X(rmem, "net.ipv4.tcp_rmem", 131072, 131072)                                     \
    X(invalid_ratelimit, "net.ipv4.tcp_invalid_ratelimit", 500, 500)                 \
    X(window_scaling, "net.ipv4.tcp_window_scaling", 1, 1)                           \
    X(wmem, "net.ipv4.tcp_wmem", 16384, 16384)                                       \
    X(min_snd_mss, "net.ipv4.tcp_min_snd_mss", 48, 48)                               \
    X(pingpong_thresh, "net.ipv4.tcp_pingpong_thresh", 1, 1)

struct conditions {
    struct kernel_rules rules;
    int hz; /* timer ticks a second, from clock_getres(CLOCK_MONOTONIC_COARSE) */
#define X(field, sysctl, fresh, absent) int64_t field;
    CONDITIONS(X)
#undef X
};

/* Returns the conditions of a fresh namespace of the newest kernel with 250 ticks a second, which
 * `explain` uses. */
struct conditions conditions_fresh(void);

/* Returns the number in a sysctl's text. Of three numbers (least, default, most) it returns the
 * second, with which a socket begins. */
int64_t conditions_number(const char *text);

/* Whether the kernel accepts that number for the sysctl, and in *ret_least and *ret_most what it
 * accepts (ipv4_net_table[] and its proc handlers). True for a sysctl that is no condition. */
bool conditions_takes(const char *sysctl, int64_t value, int64_t *ret_least, int64_t *ret_most);

/* Sets the condition of that sysctl; does nothing if the sysctl is no condition. */
void conditions_set(struct conditions *c, const char *sysctl, int64_t value);
