#include "client/view.h"
#include "common/kernel/socket_options.h"
#include "common/text/human.h"

#include <stdio.h>
#include <unistd.h>

json_t *view_states(struct sockdiag *diag, const struct endpoint *target, unsigned states)
{
    const struct sockdiag_query query = {.family = endpoint_family(target),
                                         .states = states,
                                         .destination_port = endpoint_port(target)};
    struct sockdiag_census census = {0};
    if (!diag || sockdiag_census(diag, &query, endpoint_bytes(target), &census))
        return NULL;
    return sockdiag_states_json(&census);
}

static int add_queue(const struct sockdiag_socket *socket, void *context)
{
    uint64_t *queue = context;
    queue[0] += socket->rqueue;
    queue[1] += (uint64_t)socket->wqueue + 1; /* a queue holds one more than its limit */
    return 0;
}

void view_server_queue(struct sockdiag *diag, const struct endpoint *target, char *text,
                       size_t size)
{
    uint64_t queue[2] = {0};
    char now[HUMAN_MAX], capacity[HUMAN_MAX];
    const struct sockdiag_query query = {.family = endpoint_family(target),
                                         .states = SOCKDIAG_BIT(SOCKDIAG_LISTEN),
                                         .source_port = endpoint_port(target)};
    text[0] = '\0';
    if (diag && !sockdiag_dump(diag, &query, add_queue, queue) && queue[1])
        snprintf(text, size, "  queue %s of %s", human_count((int64_t)queue[0], now),
                 human_count((int64_t)queue[1], capacity));
}

json_t *view_socket_options(const struct settings *s, const struct endpoint *target)
{
    struct socket_option rows[SOCKET_OPTIONS_ALIVE];
    const char *refused;
    int fd = socket(endpoint_family(target), SOCK_STREAM | SOCK_CLOEXEC, 0);
    socket_options_alive(&s->keepalive, s->user_timeout_ns, rows);
    socket_options_set(fd, rows, SOCKET_OPTIONS_ALIVE, &refused);
    json_t *list = socket_options_json(fd, rows, SOCKET_OPTIONS_ALIVE);
    if (fd >= 0)
        close(fd);
    return list;
}
