#include "bench/experiments/table.h"
#include "common/text/suggest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The one list, in the order of a connection's life: PART(FOLDER, TITLE), and X(FILE) for the .c
 * file in that folder. The build reads it, too (bench/meson.build), and tests/tree/experiments
 * makes the lists of README.md and of the man page of it. */
#define EXPERIMENTS(PART, X)                           \
    PART(opening, "Opening a connection")              \
    X(handshake)                                       \
    X(simultaneous_open)                               \
    X(syn_retries)                                     \
    X(synack_retries)                                  \
    X(closed_port)                                     \
    X(wildcard_listener)                               \
    X(defer_accept)                                    \
    X(fastopen_queue)                                  \
    X(client_reboot)                                   \
    X(self_connect)                                    \
    X(dead_host)                                       \
    PART(queues, "The SYN queue and the accept queue") \
    X(accept_queue_full)                               \
    X(third_ack_dropped)                               \
    X(rst_on_overflow)                                 \
    X(syn_cookie_ghosts)                               \
    X(syn_cookie_options)                              \
    X(syn_queue_full)                                  \
    X(backlog_change)                                  \
    X(reuseport_queues)                                \
    X(queued_client_leaves)                            \
    X(wake_ups)                                        \
    PART(sending, "Sending data")                      \
    X(zero_window)                                     \
    X(keepalive_behind_data)                           \
    X(nagle_delayed_ack)                               \
    PART(closing, "Closing it")                        \
    X(close_by_client)                                 \
    X(close_by_server)                                 \
    X(half_close)                                      \
    X(simultaneous_close)                              \
    X(close_wait_leak)                                 \
    X(fin_wait_2_timeout)                              \
    X(last_ack_stuck)                                  \
    X(fin_wait_1_stuck)                                \
    X(linger_reset)                                    \
    X(linger_waits)                                    \
    X(unread_data_reset)                               \
    X(write_after_close)                               \
    X(poll_events)                                     \
    X(forged_reset)                                    \
    PART(afterlife, "What remains of it")              \
    X(time_wait)                                       \
    X(time_wait_lost_ack)                              \
    X(time_wait_buckets)                               \
    X(time_wait_reuse)                                 \
    X(time_wait_assassination)                         \
    X(nat_timestamps)                                  \
    X(port_exhaustion)                                 \
    X(ephemeral_port_choice)                           \
    X(server_restart)                                  \
    PART(death, "When the other end is gone")          \
    X(keepalive_dead_peer)                             \
    X(keepalive_reboot)                                \
    X(user_timeout)                                    \
    X(retransmission_give_up)

#define NOTHING(folder, title)
#define X(name) extern const struct experiment experiment_##name;
EXPERIMENTS(NOTHING, X)
#undef X

const struct experiment *const experiments[] = {
#define X(name) &experiment_##name,
    EXPERIMENTS(NOTHING, X)
#undef X
        NULL,
};

/* A part stands before its experiments. */
static const struct {
    const char *part;
    const struct experiment *experiment;
} table_rows[] = {
#define PART(folder, title) {title, NULL},
#define X(name)             {NULL, &experiment_##name},
    EXPERIMENTS(PART, X)
#undef X
#undef PART
};

const char *experiment_part(const struct experiment *e)
{
    const char *part = NULL;
    for (size_t i = 0;
         i < sizeof(table_rows) / sizeof(*table_rows) && table_rows[i].experiment != e; i++)
        part = table_rows[i].part ? table_rows[i].part : part;
    return part;
}

const struct experiment *experiment_find(const char *name)
{
    for (size_t i = 0; experiments[i]; i++)
        if (!strcmp(experiments[i]->name, name))
            return experiments[i];
    return NULL;
}

/* The nearest by spelling, or one that contains what was typed. */
static const char *experiment_near(const char *name)
{
    const char *names[sizeof(experiments) / sizeof(*experiments)] = {NULL};
    size_t n = 0;
    for (; experiments[n]; n++)
        names[n] = experiments[n]->name;
    const char *near = suggest_nearest(name, names, n);
    for (size_t i = 0; !near && *name && i < n; i++)
        near = strstr(names[i], name) ? names[i] : NULL;
    return near;
}

int experiment_named(const char *name, const struct experiment **ret, char **ret_message)
{
    *ret = experiment_find(name);
    if (*ret)
        return 0;
    const char *near = experiment_near(name);
    if (asprintf(ret_message,
                 *name ? "there is no experiment %s%s%s%s; tcplab-bench list shows them"
                       : "which experiment? Give a name%s%s%s%s; tcplab-bench list shows them",
                 name, near ? " (did you mean " : "", near ? near : "", near ? "?)" : "") < 0)
        *ret_message = NULL;
    return -ENOENT;
}
