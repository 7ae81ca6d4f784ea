/* What bench/kernels/run has found, written by bench/kernels/matrix --record. */
#pragma once

#define RECORDED_KERNELS(X) X("", "6.1.170")
#define RECORDED_RULES(X)                    \
    X("cookie_ack_at_full_queue", "dropped") \
    X("syn_queue_full", ">")                 \
    X("syn_at_full_queue", "dropped")        \
    X("syn_timeouts", "doubling")            \
    X("time_wait_reuse_clock", "seconds")    \
    X("hz", "250")                           \
    X("timer_wheel", "true")                 \
    X("tcp_migrate_req", "true")             \
    X("tcp_rto_max_ms", "false")             \
    X("tcp_rto_min_us", "false")             \
    X("tcp_max_tw_buckets", "true")          \
    X("tcp_max_orphans", "false")            \
    X("fast_open", "client")                 \
    X("user_namespace", "hidden")
#define RECORDED_VERDICTS(X)              \
    X("handshake", "agree")               \
    X("simultaneous-open", "agree")       \
    X("syn-retries", "agree")             \
    X("synack-retries", "agree")          \
    X("closed-port", "agree")             \
    X("defer-accept", "agree")            \
    X("fastopen-queue", "agree")          \
    X("accept-queue-full", "agree")       \
    X("third-ack-dropped", "agree")       \
    X("rst-on-overflow", "agree")         \
    X("syn-cookie-ghosts", "agree")       \
    X("syn-queue-full", "agree")          \
    X("backlog-change", "agree")          \
    X("reuseport-queues", "agree")        \
    X("queued-client-leaves", "agree")    \
    X("close-by-client", "agree")         \
    X("close-by-server", "agree")         \
    X("half-close", "agree")              \
    X("simultaneous-close", "agree")      \
    X("close-wait-leak", "agree")         \
    X("fin-wait-2-timeout", "agree")      \
    X("last-ack-stuck", "agree")          \
    X("fin-wait-1-stuck", "agree")        \
    X("linger-reset", "agree")            \
    X("unread-data-reset", "agree")       \
    X("write-after-close", "agree")       \
    X("time-wait", "agree")               \
    X("time-wait-lost-ack", "agree")      \
    X("time-wait-buckets", "agree")       \
    X("time-wait-reuse", "agree")         \
    X("time-wait-assassination", "agree") \
    X("port-exhaustion", "agree")         \
    X("server-restart", "agree")          \
    X("keepalive-dead-peer", "agree")     \
    X("keepalive-reboot", "agree")        \
    X("user-timeout", "agree")            \
    X("retransmission-give-up", "agree")
#define RECORDED_SKIPPED(X) X(NULL)
