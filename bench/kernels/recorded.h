/* What bench/kernels/run has found, written by bench/kernels/matrix --record. */
#pragma once

#define RECORDED_KERNELS(X) X("", "6.1.170", "6.1.192", "6.12.100", "6.12.117", "6.18.44")
#define RECORDED_RULES(X)                                                                  \
    X("cookie_ack_at_full_queue", "dropped", "dropped", "dropped", "dropped", "dropped")   \
    X("syn_queue_full", ">", ">", ">", ">", ">")                                           \
    X("syn_at_full_queue", "dropped", "dropped", "dropped", "dropped", "dropped")          \
    X("syn_timeouts", "doubling", "doubling", "linear", "linear", "linear")                \
    X("time_wait_reuse_clock", "seconds", "seconds", "seconds", "seconds", "milliseconds") \
    X("hz", "250", "250", "250", "250", "250")                                             \
    X("timer_wheel", "true", "true", "true", "true", "true")                               \
    X("tcp_migrate_req", "true", "true", "true", "true", "true")                           \
    X("tcp_rto_max_ms", "false", "false", "false", "false", "true")                        \
    X("tcp_rto_min_us", "false", "false", "true", "true", "true")                          \
    X("tcp_max_tw_buckets", "true", "true", "true", "true", "true")                        \
    X("tcp_max_orphans", "false", "false", "false", "false", "false")                      \
    X("fast_open", "client", "client", "client", "client", "client")                       \
    X("user_namespace", "hidden", "hidden", "writable", "writable", "writable")
#define RECORDED_VERDICTS(X)                                                  \
    X("handshake", "agree", "agree", "agree", "agree", "agree")               \
    X("simultaneous-open", "agree", "agree", "agree", "agree", "agree")       \
    X("syn-retries", "agree", "agree", "agree", "agree", "agree")             \
    X("synack-retries", "agree", "agree", "agree", "agree", "agree")          \
    X("closed-port", "agree", "agree", "agree", "agree", "agree")             \
    X("defer-accept", "agree", "agree", "agree", "agree", "agree")            \
    X("fastopen-queue", "agree", "agree", "agree", "agree", "agree")          \
    X("accept-queue-full", "agree", "agree", "agree", "agree", "agree")       \
    X("third-ack-dropped", "agree", "agree", "agree", "agree", "agree")       \
    X("rst-on-overflow", "agree", "agree", "agree", "agree", "agree")         \
    X("syn-cookie-ghosts", "agree", "agree", "agree", "agree", "agree")       \
    X("syn-queue-full", "agree", "agree", "agree", "agree", "agree")          \
    X("backlog-change", "agree", "agree", "agree", "agree", "agree")          \
    X("reuseport-queues", "agree", "agree", "agree", "agree", "agree")        \
    X("queued-client-leaves", "agree", "agree", "agree", "agree", "agree")    \
    X("close-by-client", "agree", "agree", "agree", "agree", "agree")         \
    X("close-by-server", "agree", "agree", "agree", "agree", "agree")         \
    X("half-close", "agree", "agree", "agree", "agree", "agree")              \
    X("simultaneous-close", "agree", "agree", "agree", "agree", "agree")      \
    X("close-wait-leak", "agree", "agree", "agree", "agree", "agree")         \
    X("fin-wait-2-timeout", "agree", "agree", "agree", "agree", "agree")      \
    X("last-ack-stuck", "agree", "agree", "agree", "agree", "agree")          \
    X("fin-wait-1-stuck", "agree", "agree", "agree", "agree", "agree")        \
    X("linger-reset", "agree", "agree", "agree", "agree", "agree")            \
    X("unread-data-reset", "agree", "agree", "agree", "agree", "agree")       \
    X("write-after-close", "agree", "agree", "agree", "agree", "agree")       \
    X("time-wait", "agree", "agree", "agree", "agree", "agree")               \
    X("time-wait-lost-ack", "agree", "agree", "agree", "agree", "agree")      \
    X("time-wait-buckets", "agree", "agree", "agree", "agree", "agree")       \
    X("time-wait-reuse", "agree", "agree", "agree", "agree", "agree")         \
    X("time-wait-assassination", "agree", "agree", "agree", "agree", "agree") \
    X("port-exhaustion", "agree", "agree", "agree", "agree", "agree")         \
    X("server-restart", "agree", "agree", "agree", "agree", "agree")          \
    X("keepalive-dead-peer", "agree", "agree", "agree", "agree", "agree")     \
    X("keepalive-reboot", "agree", "agree", "agree", "agree", "agree")        \
    X("user-timeout", "agree", "agree", "agree", "agree", "agree")            \
    X("retransmission-give-up", "agree", "agree", "agree", "agree", "agree")
#define RECORDED_SKIPPED(X) X(NULL)
