/* What bench/kernels/run has found, written by bench/kernels/matrix --record. */
#pragma once

#define RECORDED_KERNELS(X)                                                                \
    X("", "5.10.218", "5.10.223", "6.1.170", "6.1.192", "6.12.100", "6.12.117", "6.18.44", \
      "7.2.13", "7.3~rc7")
#define RECORDED_RULES(X)                                                                          \
    X("cookie_ack_at_full_queue", "dropped", "dropped", "dropped", "dropped", "dropped",           \
      "dropped", "dropped", "dropped", "dropped")                                                  \
    X("syn_queue_full", ">=", ">=", ">", ">", ">", ">", ">", ">", ">")                             \
    X("syn_at_full_queue", "dropped", "dropped", "dropped", "dropped", "dropped", "dropped",       \
      "dropped", "dropped", "dropped")                                                             \
    X("curr_estab", "established", "both", "both", "both", "both", "both", "both", "both", "both") \
    X("syn_timeouts", "doubling", "doubling", "doubling", "doubling", "linear", "linear",          \
      "linear", "linear", "linear")                                                                \
    X("time_wait_reuse_clock", "seconds", "seconds", "seconds", "seconds", "seconds", "seconds",   \
      "milliseconds", "milliseconds", "milliseconds")                                              \
    X("hz", "250", "250", "250", "250", "250", "250", "250", "250", "250")                         \
    X("timer_wheel", "true", "true", "true", "true", "true", "true", "true", "true", "true")       \
    X("tcp_migrate_req", "true", "true", "true", "true", "true", "true", "true", "true", "true")   \
    X("tcp_rto_max_ms", "false", "false", "false", "false", "false", "false", "true", "true",      \
      "true")                                                                                      \
    X("tcp_rto_min_us", "false", "false", "false", "false", "true", "true", "true", "true",        \
      "true")                                                                                      \
    X("tcp_max_tw_buckets", "true", "true", "true", "true", "true", "true", "true", "true",        \
      "true")                                                                                      \
    X("tcp_max_orphans", "false", "false", "false", "false", "false", "false", "false", "false",   \
      "false")                                                                                     \
    X("fast_open", "client", "client", "client", "client", "client", "client", "client", "client", \
      "client")                                                                                    \
    X("user_namespace", "hidden", "hidden", "hidden", "hidden", "writable", "writable",            \
      "writable", "writable", "writable")
#define RECORDED_VERDICTS(X)                                                                       \
    X("handshake", "agree", "agree", "agree", "agree", "agree", "agree", "agree", "agree",         \
      "agree")                                                                                     \
    X("simultaneous-open", "agree", "agree", "agree", "agree", "agree", "agree", "agree", "agree", \
      "agree")                                                                                     \
    X("syn-retries", "agree", "agree", "agree", "agree", "agree", "agree", "agree", "agree",       \
      "agree")                                                                                     \
    X("synack-retries", "agree", "agree", "agree", "agree", "agree", "agree", "agree", "agree",    \
      "agree")                                                                                     \
    X("closed-port", "agree", "agree", "agree", "agree", "agree", "agree", "agree", "agree",       \
      "agree")                                                                                     \
    X("wildcard-listener", "agree", "agree", "agree", "agree", "agree", "agree", "agree", "agree", \
      "agree")                                                                                     \
    X("defer-accept", "agree", "agree", "agree", "agree", "agree", "agree", "agree", "agree",      \
      "agree")                                                                                     \
    X("fastopen-queue", "agree", "agree", "agree", "agree", "agree", "agree", "agree", "agree",    \
      "agree")                                                                                     \
    X("client-reboot", "agree", "agree", "agree", "agree", "agree", "agree", "agree", "agree",     \
      "agree")                                                                                     \
    X("self-connect", "agree", "agree", "agree", "agree", "agree", "agree", "agree", "agree",      \
      "agree")                                                                                     \
    X("dead-host", "agree", "agree", "agree", "agree", "agree", "agree", "agree", "agree",         \
      "agree")                                                                                     \
    X("accept-queue-full", "agree", "agree", "agree", "agree", "agree", "agree", "agree", "agree", \
      "agree")                                                                                     \
    X("third-ack-dropped", "agree", "agree", "agree", "agree", "agree", "agree", "agree", "agree", \
      "agree")                                                                                     \
    X("rst-on-overflow", "agree", "agree", "agree", "agree", "agree", "agree", "agree", "agree",   \
      "agree")                                                                                     \
    X("syn-cookie-ghosts", "agree", "agree", "agree", "agree", "agree", "agree", "agree", "agree", \
      "agree")                                                                                     \
    X("syn-cookie-options", "agree", "agree", "agree", "agree", "agree", "agree", "agree",         \
      "agree", "agree")                                                                            \
    X("syn-queue-full", "agree", "agree", "agree", "agree", "agree", "agree", "agree", "agree",    \
      "agree")                                                                                     \
    X("backlog-change", "agree", "agree", "agree", "agree", "agree", "agree", "agree", "agree",    \
      "agree")                                                                                     \
    X("reuseport-queues", "agree", "agree", "agree", "agree", "agree", "agree", "agree", "agree",  \
      "agree")                                                                                     \
    X("queued-client-leaves", "agree", "agree", "agree", "agree", "agree", "agree", "agree",       \
      "agree", "agree")                                                                            \
    X("wake-ups", "agree", "agree", "agree", "agree", "agree", "agree", "agree", "agree", "agree") \
    X("zero-window", "agree", "agree", "agree", "agree", "agree", "agree", "agree", "agree",       \
      "agree")                                                                                     \
    X("keepalive-behind-data", "agree", "agree", "agree", "agree", "agree", "agree", "agree",      \
      "agree", "agree")                                                                            \
    X("nagle-delayed-ack", "agree", "agree", "agree", "agree", "agree", "agree", "agree", "agree", \
      "agree")                                                                                     \
    X("close-by-client", "agree", "agree", "agree", "agree", "agree", "agree", "agree", "agree",   \
      "agree")                                                                                     \
    X("close-by-server", "agree", "agree", "agree", "agree", "agree", "agree", "agree", "agree",   \
      "agree")                                                                                     \
    X("half-close", "agree", "agree", "agree", "agree", "agree", "agree", "agree", "agree",        \
      "agree")                                                                                     \
    X("simultaneous-close", "agree", "agree", "agree", "agree", "agree", "agree", "agree",         \
      "agree", "agree")                                                                            \
    X("close-wait-leak", "agree", "agree", "agree", "agree", "agree", "agree", "agree", "agree",   \
      "agree")                                                                                     \
    X("fin-wait-2-timeout", "agree", "agree", "agree", "agree", "agree", "agree", "agree",         \
      "agree", "agree")                                                                            \
    X("last-ack-stuck", "agree", "agree", "agree", "agree", "agree", "agree", "agree", "agree",    \
      "agree")                                                                                     \
    X("fin-wait-1-stuck", "agree", "agree", "agree", "agree", "agree", "agree", "agree", "agree",  \
      "agree")                                                                                     \
    X("linger-reset", "agree", "agree", "agree", "agree", "agree", "agree", "agree", "agree",      \
      "agree")                                                                                     \
    X("linger-waits", "agree", "agree", "agree", "agree", "agree", "agree", "agree", "agree",      \
      "agree")                                                                                     \
    X("unread-data-reset", "agree", "agree", "agree", "agree", "agree", "agree", "agree", "agree", \
      "agree")                                                                                     \
    X("write-after-close", "agree", "agree", "agree", "agree", "agree", "agree", "agree", "agree", \
      "agree")                                                                                     \
    X("poll-events", "agree", "agree", "agree", "agree", "agree", "agree", "agree", "agree",       \
      "agree")                                                                                     \
    X("forged-reset", "agree", "agree", "agree", "agree", "agree", "agree", "agree", "agree",      \
      "agree")                                                                                     \
    X("time-wait", "agree", "agree", "agree", "agree", "agree", "agree", "agree", "agree",         \
      "agree")                                                                                     \
    X("time-wait-lost-ack", "agree", "agree", "agree", "agree", "agree", "agree", "agree",         \
      "agree", "agree")                                                                            \
    X("time-wait-buckets", "agree", "agree", "agree", "agree", "agree", "agree", "agree", "agree", \
      "agree")                                                                                     \
    X("time-wait-reuse", "agree", "agree", "agree", "agree", "agree", "agree", "agree", "agree",   \
      "agree")                                                                                     \
    X("time-wait-assassination", "agree", "agree", "agree", "agree", "agree", "agree", "agree",    \
      "agree", "agree")                                                                            \
    X("nat-timestamps", "agree", "agree", "agree", "agree", "agree", "agree", "agree", "agree",    \
      "agree")                                                                                     \
    X("port-exhaustion", "agree", "agree", "agree", "agree", "agree", "agree", "agree", "agree",   \
      "agree")                                                                                     \
    X("ephemeral-port-choice", "agree", "agree", "agree", "agree", "agree", "agree", "agree",      \
      "agree", "agree")                                                                            \
    X("server-restart", "agree", "agree", "agree", "agree", "agree", "agree", "agree", "agree",    \
      "agree")                                                                                     \
    X("keepalive-dead-peer", "agree", "agree", "agree", "agree", "agree", "agree", "agree",        \
      "agree", "agree")                                                                            \
    X("keepalive-reboot", "agree", "agree", "agree", "agree", "agree", "agree", "agree", "agree",  \
      "agree")                                                                                     \
    X("user-timeout", "agree", "agree", "agree", "agree", "agree", "agree", "agree", "agree",      \
      "agree")                                                                                     \
    X("retransmission-give-up", "agree", "agree", "agree", "agree", "agree", "agree", "agree",     \
      "agree", "agree")
#define RECORDED_SKIPPED(X) X(NULL)
#define RECORDED_CLAIMS(X)                                                                         \
    X("three-way-handshake", "holds", "holds", "holds", "holds", "holds", "holds", "holds",        \
      "holds", "holds")                                                                            \
    X("syn-takes-a-number", "holds", "holds", "holds", "holds", "holds", "holds", "holds",         \
      "holds", "holds")                                                                            \
    X("established-together", "never true", "never true", "never true", "never true",              \
      "never true", "never true", "never true", "never true", "never true")                        \
    X("accept-opens", "never true", "never true", "never true", "never true", "never true",        \
      "never true", "never true", "never true", "never true")                                      \
    X("syn-1-3-7", "holds", "holds", "holds", "holds", "changed", "changed", "changed", "changed", \
      "changed")                                                                                   \
    X("syn-retries-is-a-count", "holds", "holds", "holds", "holds", "changed", "changed",          \
      "changed", "changed", "changed")                                                             \
    X("syn-retries-6-takes-127", "holds", "holds", "holds", "holds", "changed", "changed",         \
      "changed", "changed", "changed")                                                             \
    X("closed-port-refuses", "holds", "holds", "holds", "holds", "holds", "holds", "holds",        \
      "holds", "holds")                                                                            \
    X("rst-means-closed", "never true", "never true", "never true", "never true", "never true",    \
      "never true", "never true", "never true", "never true")                                      \
    X("simultaneous-open-never", "never true", "never true", "never true", "never true",           \
      "never true", "never true", "never true", "never true", "never true")                        \
    X("synack-retries", "holds", "holds", "holds", "holds", "holds", "holds", "holds", "holds",    \
      "holds")                                                                                     \
    X("gives-up-with-rst", "never true", "never true", "never true", "never true", "never true",   \
      "never true", "never true", "never true", "never true")                                      \
    X("defer-accept-drops-the-silent", "changed", "changed", "changed", "changed", "changed",      \
      "changed", "changed", "changed", "changed")                                                  \
    X("syn-resets-established", "changed", "changed", "changed", "changed", "changed", "changed",  \
      "changed", "changed", "changed")                                                             \
    X("rebooted-client-stays-out", "never true", "never true", "never true", "never true",         \
      "never true", "never true", "never true", "never true", "never true")                        \
    X("half-open-discovery", "holds", "holds", "holds", "holds", "holds", "holds", "holds",        \
      "holds", "holds")                                                                            \
    X("no-listener-no-connection", "never true", "never true", "never true", "never true",         \
      "never true", "never true", "never true", "never true", "never true")                        \
    X("dead-host-two-minutes", "never true", "never true", "never true", "never true",             \
      "never true", "never true", "never true", "never true", "never true")                        \
    X("unreachable-is-soft", "never true", "never true", "never true", "never true", "never true", \
      "never true", "never true", "never true", "never true")                                      \
    X("silence-is-etimedout", "holds", "holds", "holds", "holds", "holds", "holds", "holds",       \
      "holds", "holds")                                                                            \
    X("reuseaddr-wildcard-beside", "never true", "never true", "never true", "never true",         \
      "never true", "never true", "never true", "never true", "never true")                        \
    X("reuseaddr-beside-wildcard", "never true", "never true", "never true", "never true",         \
      "never true", "never true", "never true", "never true", "never true")                        \
    X("specific-listener-wins", "holds", "holds", "holds", "holds", "holds", "holds", "holds",     \
      "holds", "holds")                                                                            \
    X("listen-n", "never true", "never true", "never true", "never true", "never true",            \
      "never true", "never true", "never true", "never true")                                      \
    X("backlog-0", "changed", "changed", "changed", "changed", "changed", "changed", "changed",    \
      "changed", "changed")                                                                        \
    X("accept-queue-is-the-minimum", "holds", "holds", "holds", "holds", "holds", "holds",         \
      "holds", "holds", "holds")                                                                   \
    X("somaxconn-128", "changed", "changed", "changed", "changed", "changed", "changed",           \
      "changed", "changed", "changed")                                                             \
    X("backlog-511-is-128", "changed", "changed", "changed", "changed", "changed", "changed",      \
      "changed", "changed", "changed")                                                             \
    X("backlog-sum-of-both", "holds", "holds", "holds", "holds", "holds", "holds", "holds",        \
      "holds", "holds")                                                                            \
    X("syn-queue-is-max-syn-backlog", "changed", "changed", "changed", "changed", "changed",       \
      "changed", "changed", "changed", "changed")                                                  \
    X("max-syn-backlog-no-cookies", "never true", "never true", "never true", "never true",        \
      "never true", "never true", "never true", "never true", "never true")                        \
    X("half-open-limit", "changed", "changed", "changed", "changed", "changed", "changed",         \
      "changed", "changed", "changed")                                                             \
    X("somaxconn-at-once", "never true", "never true", "never true", "never true", "never true",   \
      "never true", "never true", "never true", "never true")                                      \
    X("backlog-is-fixed", "never true", "never true", "never true", "never true", "never true",    \
      "never true", "never true", "never true", "never true")                                      \
    X("who-leaves-makes-room", "never true", "never true", "never true", "never true",             \
      "never true", "never true", "never true", "never true", "never true")                        \
    X("accept-econnaborted", "never true", "never true", "never true", "never true", "never true", \
      "never true", "never true", "never true", "never true")                                      \
    X("accept-passes-errors", "changed", "changed", "changed", "changed", "changed", "changed",    \
      "changed", "changed", "changed")                                                             \
    X("full-queue-ignores-syn", "holds", "holds", "holds", "holds", "holds", "holds", "holds",     \
      "holds", "holds")                                                                            \
    X("full-queue-refuses", "never true", "never true", "never true", "never true", "never true",  \
      "never true", "never true", "never true", "never true")                                      \
    X("third-ack-ignored", "holds", "holds", "holds", "holds", "holds", "holds", "holds", "holds", \
      "holds")                                                                                     \
    X("client-repeats-third-ack", "never true", "never true", "never true", "never true",          \
      "never true", "never true", "never true", "never true", "never true")                        \
    X("abort-on-overflow-0", "holds", "holds", "holds", "holds", "holds", "holds", "holds",        \
      "holds", "holds")                                                                            \
    X("abort-on-overflow-1", "holds", "holds", "holds", "holds", "holds", "holds", "holds",        \
      "holds", "holds")                                                                            \
    X("abort-on-overflow-tells-all", "changed", "changed", "changed", "changed", "changed",        \
      "changed", "changed", "changed", "changed")                                                  \
    X("cookies-lose-nobody", "never true", "never true", "never true", "never true", "never true", \
      "never true", "never true", "never true", "never true")                                      \
    X("cookies-only-when-full", "holds", "holds", "holds", "holds", "holds", "holds", "holds",     \
      "holds", "holds")                                                                            \
    X("overflow-resets-cookies", "never true", "never true", "never true", "never true",           \
      "never true", "never true", "never true", "never true", "never true")                        \
    X("reuseport-shares-room", "never true", "never true", "never true", "never true",             \
      "never true", "never true", "never true", "never true", "never true")                        \
    X("reuseport-restarts-gracefully", "never true", "never true", "never true", "never true",     \
      "never true", "never true", "never true", "never true", "never true")                        \
    X("cookies-lose-options", "changed", "changed", "changed", "changed", "changed", "changed",    \
      "changed", "changed", "changed")                                                             \
    X("cookies-without-timestamps", "holds", "holds", "holds", "holds", "holds", "holds", "holds", \
      "holds", "holds")                                                                            \
    X("cookies-eight-sizes", "changed", "changed", "changed", "changed", "changed", "changed",     \
      "changed", "changed", "changed")                                                             \
    X("accept-thundering-herd", "changed", "changed", "changed", "changed", "changed", "changed",  \
      "changed", "changed", "changed")                                                             \
    X("epoll-wakes-one", "never true", "never true", "never true", "never true", "never true",     \
      "never true", "never true", "never true", "never true")                                      \
    X("epollexclusive-wakes-one", "holds", "holds", "holds", "holds", "holds", "holds", "holds",   \
      "holds", "holds")                                                                            \
    X("zero-window-for-ever", "holds", "holds", "holds", "holds", "holds", "holds", "holds",       \
      "holds", "holds")                                                                            \
    X("zero-window-doubles", "holds", "holds", "holds", "holds", "holds", "holds", "holds",        \
      "holds", "holds")                                                                            \
    X("zero-window-all-answered", "changed", "changed", "changed", "changed", "changed",           \
      "changed", "changed", "changed", "changed")                                                  \
    X("zero-window-survives-retries2", "changed", "changed", "changed", "changed", "changed",      \
      "changed", "changed", "changed", "changed")                                                  \
    X("zero-window-one-byte", "never true", "never true", "never true", "never true",              \
      "never true", "never true", "never true", "never true", "never true")                        \
    X("zero-window-five-seconds", "never true", "never true", "never true", "never true",          \
      "never true", "never true", "never true", "never true", "never true")                        \
    X("zero-window-user-timeout", "holds", "holds", "holds", "holds", "holds", "holds", "holds",   \
      "holds", "holds")                                                                            \
    X("keepalive-finds-every-peer", "never true", "never true", "never true", "never true",        \
      "never true", "never true", "never true", "never true", "never true")                        \
    X("keepalive-probes-with-data", "never true", "never true", "never true", "never true",        \
      "never true", "never true", "never true", "never true", "never true")                        \
    X("user-timeout-limits-both", "holds", "holds", "holds", "holds", "holds", "holds", "holds",   \
      "holds", "holds")                                                                            \
    X("nagle-200-ms", "never true", "never true", "never true", "never true", "never true",        \
      "never true", "never true", "never true", "never true")                                      \
    X("delayed-ack-from-the-first", "never true", "never true", "never true", "never true",        \
      "never true", "never true", "never true", "never true", "never true")                        \
    X("quickack-stays", "never true", "never true", "never true", "never true", "never true",      \
      "never true", "never true", "never true", "never true")                                      \
    X("nodelay-sends-at-once", "holds", "holds", "holds", "holds", "holds", "holds", "holds",      \
      "holds", "holds")                                                                            \
    X("four-way-close", "holds", "holds", "holds", "holds", "holds", "holds", "holds", "holds",    \
      "holds")                                                                                     \
    X("always-four-segments", "never true", "never true", "never true", "never true",              \
      "never true", "never true", "never true", "never true", "never true")                        \
    X("simultaneous-close", "holds", "holds", "holds", "holds", "holds", "holds", "holds",         \
      "holds", "holds")                                                                            \
    X("one-time-wait", "never true", "never true", "never true", "never true", "never true",       \
      "never true", "never true", "never true", "never true")                                      \
    X("half-close", "holds", "holds", "holds", "holds", "holds", "holds", "holds", "holds",        \
      "holds")                                                                                     \
    X("shut-rd-stops-the-peer", "never true", "never true", "never true", "never true",            \
      "never true", "never true", "never true", "never true", "never true")                        \
    X("close-sends-fin", "never true", "never true", "never true", "never true", "never true",     \
      "never true", "never true", "never true", "never true")                                      \
    X("linger-0-avoids-time-wait", "holds", "holds", "holds", "holds", "holds", "holds", "holds",  \
      "holds", "holds")                                                                            \
    X("rst-destroys-what-came", "never true", "never true", "never true", "never true",            \
      "never true", "never true", "never true", "never true", "never true")                        \
    X("close-wait-times-out", "never true", "never true", "never true", "never true",              \
      "never true", "never true", "never true", "never true", "never true")                        \
    X("first-write-fails", "never true", "never true", "never true", "never true", "never true",   \
      "never true", "never true", "never true", "never true")                                      \
    X("then-econnreset", "never true", "never true", "never true", "never true", "never true",     \
      "never true", "never true", "never true", "never true")                                      \
    X("fin-wait-2-vanishes", "holds", "holds", "holds", "holds", "holds", "holds", "holds",        \
      "holds", "holds")                                                                            \
    X("fin-wait-2-for-ever", "never true", "never true", "never true", "never true", "never true", \
      "never true", "never true", "never true", "never true")                                      \
    X("fin-timeout-after-shutdown", "never true", "never true", "never true", "never true",        \
      "never true", "never true", "never true", "never true", "never true")                        \
    X("fin-timeout-62", "never true", "never true", "never true", "never true", "never true",      \
      "never true", "never true", "never true", "never true")                                      \
    X("pollhup-when-peer-closes", "never true", "never true", "never true", "never true",          \
      "never true", "never true", "never true", "never true", "never true")                        \
    X("pollhup-excludes-pollout", "never true", "never true", "never true", "never true",          \
      "never true", "never true", "never true", "never true", "never true")                        \
    X("pollout-write-succeeds", "never true", "never true", "never true", "never true",            \
      "never true", "never true", "never true", "never true", "never true")                        \
    X("non-blocking-close", "never true", "never true", "never true", "never true", "never true",  \
      "never true", "never true", "never true", "never true")                                      \
    X("linger-ewouldblock", "never true", "never true", "never true", "never true", "never true",  \
      "never true", "never true", "never true", "never true")                                      \
    X("linger-discards", "never true", "never true", "never true", "never true", "never true",     \
      "never true", "never true", "never true", "never true")                                      \
    X("linger-peer-has-read", "holds", "holds", "holds", "holds", "holds", "holds", "holds",       \
      "holds", "holds")                                                                            \
    X("rst-in-window-kills", "changed", "changed", "changed", "changed", "changed", "changed",     \
      "changed", "changed", "changed")                                                             \
    X("rst-exact-kills", "holds", "holds", "holds", "holds", "holds", "holds", "holds", "holds",   \
      "holds")                                                                                     \
    X("every-rst-is-challenged", "changed", "changed", "changed", "changed", "changed", "changed", \
      "changed", "changed", "changed")                                                             \
    X("why-2-msl", "holds", "holds", "holds", "holds", "holds", "holds", "holds", "holds",         \
      "holds")                                                                                     \
    X("who-closes-first-waits", "holds", "holds", "holds", "holds", "holds", "holds", "holds",     \
      "holds", "holds")                                                                            \
    X("msl-is-60", "never true", "never true", "never true", "never true", "never true",           \
      "never true", "never true", "never true", "never true")                                      \
    X("time-wait-is-60", "holds", "holds", "holds", "holds", "holds", "holds", "holds", "holds",   \
      "holds")                                                                                     \
    X("time-wait-is-240", "never true", "never true", "never true", "never true", "never true",    \
      "never true", "never true", "never true", "never true")                                      \
    X("fin-timeout-shortens-time-wait", "never true", "never true", "never true", "never true",    \
      "never true", "never true", "never true", "never true", "never true")                        \
    X("time-wait-blocks-client", "holds", "holds", "holds", "holds", "holds", "holds", "holds",    \
      "holds", "holds")                                                                            \
    X("time-wait-blocks-server", "never true", "never true", "never true", "never true",           \
      "never true", "never true", "never true", "never true", "never true")                        \
    X("tw-reuse-helps-servers", "never true", "never true", "never true", "never true",            \
      "never true", "never true", "never true", "never true", "never true")                        \
    X("reuseaddr-for-restart", "holds", "holds", "holds", "holds", "holds", "holds", "holds",      \
      "holds", "holds")                                                                            \
    X("reuseaddr-of-the-new", "never true", "never true", "never true", "never true",              \
      "never true", "never true", "never true", "never true", "never true")                        \
    X("reuseport-is-balancing", "never true", "never true", "never true", "never true",            \
      "never true", "never true", "never true", "never true", "never true")                        \
    X("tw-reuse-after-1-s", "holds", "holds", "holds", "holds", "holds", "holds", "holds",         \
      "holds", "holds")                                                                            \
    X("tw-reuse-needs-timestamps", "holds", "holds", "holds", "holds", "holds", "holds", "holds",  \
      "holds", "holds")                                                                            \
    X("rst-ends-time-wait", "holds", "holds", "holds", "holds", "holds", "holds", "holds",         \
      "holds", "holds")                                                                            \
    X("out-of-ports", "holds", "holds", "holds", "holds", "holds", "holds", "holds", "holds",      \
      "holds")                                                                                     \
    X("ports-bound-a-host", "never true", "never true", "never true", "never true", "never true",  \
      "never true", "never true", "never true", "never true")                                      \
    X("65535-per-server", "never true", "never true", "never true", "never true", "never true",    \
      "never true", "never true", "never true", "never true")                                      \
    X("buckets-evict-the-oldest", "never true", "never true", "never true", "never true",          \
      "never true", "never true", "never true", "never true", "never true")                        \
    X("tw-reuse-is-off", "changed", "changed", "changed", "changed", "changed", "changed",         \
      "changed", "changed", "changed")                                                             \
    X("tw-recycle", "changed", "changed", "changed", "changed", "changed", "changed", "changed",   \
      "changed", "changed")                                                                        \
    X("nat-timestamps-off", "never true", "never true", "never true", "never true", "never true",  \
      "never true", "never true", "never true", "never true")                                      \
    X("higher-number-reopens", "holds", "holds", "holds", "holds", "holds", "holds", "holds",      \
      "holds", "holds")                                                                            \
    X("rfc1337-costs-nothing", "never true", "never true", "never true", "never true",             \
      "never true", "never true", "never true", "never true", "never true")                        \
    X("ephemeral-ports-random", "changed", "changed", "changed", "changed", "changed", "changed",  \
      "changed", "changed", "changed")                                                             \
    X("keepalive-75-minutes", "never true", "never true", "never true", "never true",              \
      "never true", "never true", "never true", "never true", "never true")                        \
    X("keepalive-is-on", "never true", "never true", "never true", "never true", "never true",     \
      "never true", "never true", "never true", "never true")                                      \
    X("keepalive-arithmetic", "holds", "holds", "holds", "holds", "holds", "holds", "holds",       \
      "holds", "holds")                                                                            \
    X("reboot-answers-rst", "holds", "holds", "holds", "holds", "holds", "holds", "holds",         \
      "holds", "holds")                                                                            \
    X("retries2-is-a-count", "changed", "changed", "changed", "changed", "changed", "changed",     \
      "changed", "changed", "changed")                                                             \
    X("retries2-15-takes-924", "never true", "never true", "never true", "never true",             \
      "never true", "never true", "never true", "never true", "never true")                        \
    X("cable-breaks-connection", "never true", "never true", "never true", "never true",           \
      "never true", "never true", "never true", "never true", "never true")                        \
    X("user-timeout-exact", "never true", "never true", "never true", "never true", "never true",  \
      "never true", "never true", "never true", "never true")                                      \
    X("established-is-accepted", "never true", "never true", "never true", "never true",           \
      "never true", "never true", "never true", "never true", "never true")                        \
    X("both-ends-count-alike", "never true", "never true", "never true", "never true",             \
      "never true", "never true", "never true", "never true", "never true")                        \
    X("half-open-are-seen", "never true", "never true", "never true", "never true", "never true",  \
      "never true", "never true", "never true", "never true")                                      \
    X("overflows-are-lost", "never true", "never true", "never true", "never true", "never true",  \
      "never true", "never true", "never true", "never true")                                      \
    X("currestab-is-established", "holds", "changed", "changed", "changed", "changed", "changed",  \
      "changed", "changed", "changed")                                                             \
    X("tw-counts-time-wait", "never true", "never true", "never true", "never true", "never true", \
      "never true", "never true", "never true", "never true")                                      \
    X("one-liner-per-peer", "never true", "never true", "never true", "never true", "never true",  \
      "never true", "never true", "never true", "never true")                                      \
    X("one-liner-per-state", "never true", "never true", "never true", "never true", "never true", \
      "never true", "never true", "never true", "never true")
