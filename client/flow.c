#include "client/flow.h"
#include "client/dialer.h"
#include "client/log.h"
#include "client/sources.h"
#include "common/process/clock.h"
#include "common/process/loop_guard.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

/* The kernel sends a SYN again after 1 s (TCP_TIMEOUT_INIT), and never before 200 ms (TCP_RTO_MIN).
 * A faster handshake needed no second SYN, so the kernel is not asked. */
#define FLOW_NO_RETRANSMISSION_NS (200 * NS_PER_MS)

typedef void flow_handler(struct ev_loop *loop, ev_io *io, int events);
static flow_handler on_connecting, on_requesting, on_replying, on_holding, on_pacing, on_spare;
static void request(struct flow *f);

void flow_list_append(struct flow_list *list, struct flow *f)
{
    f->next = NULL;
    f->previous = list->last;
    *(list->last ? &list->last->next : &list->first) = f;
    list->last = f;
}

void flow_list_remove(struct flow_list *list, struct flow *f)
{
    *(f->previous ? &f->previous->next : &list->first) = f->next;
    *(f->next ? &f->next->previous : &list->last) = f->previous;
}

/* The new state and the events it waits for. An unchanged mask costs no system call. */
static void flow_wait(struct flow *f, flow_handler *handler, int events)
{
    ev_set_cb(&f->io, handler);
    if (ev_is_active(&f->io) && f->io.events == events)
        return;
    ev_io_stop(f->dialer->loop, &f->io);
    ev_io_set(&f->io, f->io.fd, events);
    ev_io_start(f->dialer->loop, &f->io);
}

static void set_connecting(struct flow *f, bool connecting)
{
    if (f->connecting == connecting)
        return;
    f->connecting = connecting;
    if (connecting)
        flow_list_append(&f->dialer->connecting, f);
    else
        flow_list_remove(&f->dialer->connecting, f);
}

/* The row of the report for an error of connect(), send() or recv(). */
static enum stats_row flow_row(const struct flow *f, int error)
{
    switch (error) {
    case ECONNREFUSED:
        return STATS_ROW_refused;
    case ECONNRESET:
    case ECONNABORTED:
    case EPIPE:
        return STATS_ROW_reset;
    case ETIMEDOUT:
        return STATS_ROW_timed_out;
    case EADDRNOTAVAIL:
    case EADDRINUSE:
        return f->dialer->no_address ? STATS_ROW_unreachable : STATS_ROW_no_port;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case ENOSPC: /* of epoll_ctl() */
        return STATS_ROW_no_fd;
    default:
        return STATS_ROW_unreachable;
    }
}

/* An attempt is in exactly one row. Only this function changes the row, in the counts and in the
 * log. */
static void set_row(struct flow *f, enum stats_row row)
{
    struct stats *stats = &f->dialer->stats;
    if (f->row != STATS_ROW_pending)
        STATS_ADD(*stats_row(stats, f->row), -1);
    STATS_ADD(*stats_row(stats, row), 1);
    f->row = row;
    log_row(f->entry, row);
}

static void close_descriptor(struct flow *f)
{
    ev_io_stop(f->dialer->loop, &f->io);
    close(f->io.fd);
    f->open = false;
}

/* Whether a flow waits in this state. */
static bool flow_is(const struct flow *f, flow_handler *handler)
{
    return f->open && ev_cb((ev_io *)&f->io) == handler;
}

/* The kernel ends the connection with a RST, and the socket is like a new one (tcp_disconnect() in
 * net/ipv4/tcp.c). The socket stays in the epoll set: this saves socket(), epoll_ctl() and close()
 * for the next connection. */
static bool disconnect(struct flow *f)
{
    const struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
    if (connect(f->io.fd, &nowhere, sizeof(nowhere)))
        return false;
    ev_set_cb(&f->io, on_spare);
    return true;
}

/* epoll reports a socket that is not connected as hung up. So the socket must connect again before
 * the loop waits; if it does not (no ports, nothing more to start), close it. */
static void on_spare(struct ev_loop *loop, ev_io *io, int events)
{
    close_descriptor((struct flow *)io);
}

/* The only way a connection ends: releases everything and returns the slot. */
static void end(struct flow *f)
{
    struct dialer *d = f->dialer;
    set_connecting(f, false);
    if (f->open) {
        if (f->row != STATS_ROW_established || !dialer_reuses(d) || !disconnect(f))
            close_descriptor(f);
        log_end(f->entry, 0);
    }
    dialer_set_active(d, f, false);
    dialer_give_back(d, f);
}

static void fail(struct flow *f, int error)
{
    struct dialer *d = f->dialer;
    struct stats *stats = &d->stats;
    enum stats_row row = flow_row(f, error);
    STATS_ADD(stats->given_up, row == STATS_ROW_timed_out && f->row == STATS_ROW_established);
    set_row(f, row);
    STATS_ADD(stats->errors[error < STATS_ERRORS ? error : 0], 1);
    log_end(f->entry, error);
    if (row == STATS_ROW_no_port || row == STATS_ROW_no_fd)
        dialer_pause(d);
    end(f);
}

/* Returns whether epoll refused the connection; it has then ended. */
static bool is_unwatched(struct flow *f, int events)
{
    if (events & EV_ERROR)
        fail(f, loop_guard_error(f->dialer->loop));
    return events & EV_ERROR;
}

void flow_carry(struct flow *f)
{
    struct stats *stats = &f->dialer->stats;
    if (!f->open || flow_is(f, on_spare))
        return;
    STATS_ADD(stats->attempted, 1);
    if (f->row == STATS_ROW_established)
        STATS_ADD(stats->established, 1);
    STATS_ADD(stats->requests, flow_is(f, on_replying));
}

/* As --close says. */
void flow_close(struct flow *f)
{
    const struct linger now = {.l_onoff = 1, .l_linger = 0};
    struct dialer *d = f->dialer;
    if (!f->open || flow_is(f, on_spare))
        return;
    int how = d->settings->close_how;
    if (f->row != STATS_ROW_established || how == CLOSE_FIN || how == CLOSE_EARLY ||
        dialer_reuses(d)) {
        end(f);
        return;
    }
    if (how == CLOSE_RST) {
        setsockopt(f->io.fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
        end(f);
        return;
    }
    if (how == CLOSE_HALF) {
        shutdown(f->io.fd, SHUT_WR);
        log_end(f->entry, 0);
    }
    if (dialer_keep(d, f->io.fd) == 0) {
        ev_io_stop(d->loop, &f->io);
        f->open = false;
    }
    end(f);
}

/* With --close early our FIN goes out with the request's last byte. */
static bool closed_first(const struct flow *f)
{
    const struct settings *s = f->dialer->settings;
    return s->close_how == CLOSE_EARLY && f->sent == s->size;
}

static void on_peer_closed(struct flow *f)
{
    if (!closed_first(f)) {
        STATS_ADD(f->dialer->stats.closed_by_peer, 1);
        log_closed_by_peer(f->entry);
    }
    flow_close(f);
}

static int retransmissions(const struct flow *f)
{
    struct tcp_info info = {0};
    socklen_t length = sizeof(info);
    if (getsockopt(f->io.fd, IPPROTO_TCP, TCP_INFO, &info, &length))
        return 0;
    return (int)info.tcpi_total_retrans;
}

static void count_established(struct flow *f, int64_t now_ns)
{
    struct dialer *d = f->dialer;
    int rung = now_ns - f->started_ns < FLOW_NO_RETRANSMISSION_NS ? 0 : retransmissions(f);
    STATS_ADD(d->stats.rungs[rung < STATS_RUNGS ? rung : STATS_RUNGS - 1], 1);
    set_row(f, STATS_ROW_established);
    log_established(f->entry, now_ns, rung);
    STATS_SET(d->stats.last_established_ns, now_ns);
    histogram_record(d->connect_latency, now_ns - f->intended_ns);
    f->started_ns = now_ns;
}

/* With --every, flow_ask() does. */
static bool sends_requests(const struct dialer *d)
{
    int workload = d->settings->workload;
    return (workload == WORKLOAD_ECHO && !d->settings->every_ns) || workload == WORKLOAD_CRR;
}

/* `n` more bytes of the request are out. */
static void on_sent(struct flow *f, ssize_t n)
{
    struct dialer *d = f->dialer;
    STATS_ADD(d->stats.bytes_sent, n);
    f->sent += (uint32_t)n;
    if (f->sent < d->settings->size) {
        /* Waits for both: an echo server stops reading if nobody reads its echo. */
        flow_wait(f, on_requesting, EV_READ | EV_WRITE);
        return;
    }
    STATS_ADD(d->stats.requests, 1);
    if (closed_first(f))
        shutdown(f->io.fd, SHUT_WR);
    flow_wait(f, on_replying, EV_READ);
}

static void on_established(struct flow *f, ssize_t n)
{
    struct dialer *d = f->dialer;
    count_established(f, clock_now_ns());
    if (sends_requests(d)) {
        on_sent(f, n);
    } else if (d->settings->workload == WORKLOAD_CC) {
        flow_close(f);
    } else {
        dialer_set_active(d, f, false);
        flow_wait(f, on_holding, EV_READ);
    }
}

/* Sends the rest of the request. hold and cc have none: send() then only returns the state of the
 * handshake. */
static ssize_t flow_send(struct flow *f)
{
    const struct dialer *d = f->dialer;
    uint64_t length = sends_requests(d) ? d->settings->size - f->sent : 0;
    return send(f->io.fd, d->payload + f->sent, length, MSG_NOSIGNAL);
}

static void on_connecting(struct ev_loop *loop, ev_io *io, int events)
{
    struct flow *f = (struct flow *)io;
    if (is_unwatched(f, events))
        return;
    ssize_t n = flow_send(f);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n < 0) {
        fail(f, errno);
        return;
    }
    set_connecting(f, false);
    on_established(f, n);
}

static void on_reply(struct flow *f)
{
    struct dialer *d = f->dialer;
    int64_t now_ns = clock_now_ns();
    STATS_ADD(d->stats.replies, 1);
    STATS_SET(d->stats.last_reply_ns, now_ns);
    histogram_record(d->request_latency, now_ns - f->started_ns);
    if (closed_first(f)) {
        flow_wait(f, on_holding, EV_READ); /* for the peer's FIN */
    } else if (d->settings->workload == WORKLOAD_CRR) {
        flow_close(f);
    } else if (d->draining) {
        dialer_set_active(d, f, false);
        flow_wait(f, on_holding, EV_READ);
    } else {
        f->started_ns = now_ns;
        f->sent = f->received = 0;
        request(f);
    }
}

/* The bytes themselves are of no interest: MSG_TRUNC counts them without copying (tcp(7)). */
static ssize_t receive(struct flow *f)
{
    ssize_t n = recv(f->io.fd, NULL, 1 << 20, MSG_TRUNC);
    if (n > 0)
        STATS_ADD(f->dialer->stats.bytes_received, n);
    return n;
}

/* Reads what has arrived of the reply. Returns whether the flow still waits for more. */
static bool take_reply(struct flow *f)
{
    ssize_t n = receive(f);
    if (n > 0)
        f->received += (uint32_t)n;
    else if (n == 0)
        on_peer_closed(f);
    else if (errno != EAGAIN)
        fail(f, errno);
    return n > 0 || (n < 0 && errno == EAGAIN);
}

static void on_replying(struct ev_loop *loop, ev_io *io, int events)
{
    struct flow *f = (struct flow *)io;
    if (!is_unwatched(f, events) && take_reply(f) && f->received >= f->dialer->settings->size)
        on_reply(f);
}

void flow_look(struct flow *f)
{
    if (flow_is(f, on_replying))
        on_replying(f->dialer->loop, &f->io, EV_READ);
}

static void request(struct flow *f)
{
    ssize_t n = flow_send(f);
    if (n >= 0)
        on_sent(f, n);
    else if (errno != EAGAIN)
        fail(f, errno);
}

static void on_requesting(struct ev_loop *loop, ev_io *io, int events)
{
    struct flow *f = (struct flow *)io;
    if (is_unwatched(f, events) || ((events & EV_READ) && !take_reply(f)))
        return;
    if (events & EV_WRITE)
        request(f);
}

static void on_holding(struct ev_loop *loop, ev_io *io, int events)
{
    struct flow *f = (struct flow *)io;
    if (is_unwatched(f, events))
        return;
    ssize_t n = receive(f);
    if (n == 0)
        on_peer_closed(f);
    else if (n < 0 && errno != EAGAIN)
        fail(f, errno);
}

static void on_replies(struct flow *f, ssize_t n)
{
    struct dialer *d = f->dialer;
    int64_t now_ns = clock_now_ns();
    f->received += (uint32_t)n;
    for (; f->received >= d->settings->size && f->answered < f->asked; f->answered++) {
        f->received -= (uint32_t)d->settings->size;
        STATS_ADD(d->stats.replies, 1);
        STATS_SET(d->stats.last_reply_ns, now_ns);
        histogram_record(d->request_latency, now_ns - dialer_request_ns(d, f, f->answered));
    }
    if (f->answered == dialer_requests_due(d, f))
        dialer_set_active(d, f, false);
}

static void on_pacing(struct ev_loop *loop, ev_io *io, int events)
{
    struct flow *f = (struct flow *)io;
    if (is_unwatched(f, events))
        return;
    ssize_t n = events & EV_READ ? receive(f) : -1;
    if ((events & EV_READ) && n == 0)
        on_peer_closed(f);
    else if ((events & EV_READ) && n < 0 && errno != EAGAIN)
        fail(f, errno);
    else if (n > 0)
        on_replies(f, n);
    if (events & EV_WRITE)
        flow_ask(f);
}

/* Without TCP_NODELAY, Nagle's algorithm would delay a request until the previous one is
 * acknowledged. */
static void begin_pacing(struct flow *f)
{
    const int on = 1;
    setsockopt(f->io.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    f->sent = f->received = 0;
    flow_wait(f, on_pacing, EV_READ);
}

void flow_ask(struct flow *f)
{
    struct dialer *d = f->dialer;
    if (flow_is(f, on_holding))
        begin_pacing(f);
    if (!flow_is(f, on_pacing))
        return;
    dialer_set_active(d, f, true);
    while (f->asked < dialer_requests_due(d, f)) {
        ssize_t n = send(f->io.fd, d->payload + f->sent, d->settings->size - f->sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            flow_wait(f, on_pacing, EV_READ | EV_WRITE);
            return;
        }
        if (n < 0) {
            fail(f, errno);
            return;
        }
        STATS_ADD(d->stats.bytes_sent, n);
        f->sent += (uint32_t)n;
        if (f->sent < d->settings->size)
            continue;
        STATS_ADD(d->stats.requests, 1);
        f->asked++;
        f->sent = 0;
    }
    flow_wait(f, on_pacing, EV_READ);
}

void flow_count_unanswered(struct flow *f, int64_t now_ns)
{
    struct dialer *d = f->dialer;
    if (d->pacing) {
        uint64_t due = dialer_requests_due(d, f);
        STATS_ADD(d->stats.skipped_requests, due - f->asked);
        if (flow_is(f, on_pacing))
            for (uint64_t i = f->answered; i < due; i++)
                histogram_record(d->request_latency, now_ns - dialer_request_ns(d, f, i));
    } else if (flow_is(f, on_requesting) || flow_is(f, on_replying)) {
        histogram_record(d->request_latency, now_ns - f->started_ns);
    }
}

void flow_time_out(struct flow *f)
{
    fail(f, ETIMEDOUT);
}

static int flow_open(struct flow *f)
{
    const char *refused;
    int fd =
        socket(endpoint_family(&f->dialer->target), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    f->open = true;
    ev_io_init(&f->io, on_connecting, fd, EV_WRITE);
    return socket_options_set(fd, f->dialer->options, SOCKET_OPTIONS_ALIVE, &refused);
}

static int flow_connect(struct flow *f, uint64_t index)
{
    const struct dialer *d = f->dialer;
    struct endpoint source;
    int error = f->open ? 0 : flow_open(f);
    if (error)
        return error;
    int fd = f->io.fd;
    ev_set_cb(&f->io, on_connecting);
    if (d->n_sources) {
        sources_pick(d->settings, index, &source);
        int unbound = sources_bind(fd, &source);
        if (unbound) {
            STATS_ADD(f->dialer->stats.no_source, unbound == -EADDRNOTAVAIL);
            return unbound;
        }
    }
    int r = connect(fd, (const struct sockaddr *)&d->target.address, d->target.length) ? -errno : 0;
    log_local(f->entry, fd);
    return r == -EINPROGRESS ? 0 : r;
}

void flow_start(struct flow *f, uint64_t index, int64_t intended_ns)
{
    struct dialer *d = f->dialer;
    int64_t now_ns = clock_now_ns();
    *f = (struct flow){.io = f->io,
                       .open = f->open,
                       .dialer = d,
                       .intended_ns = intended_ns ? intended_ns : now_ns,
                       .started_ns = now_ns,
                       .entry = log_start(d->log, now_ns)};
    STATS_ADD(d->stats.attempted, 1);
    dialer_set_active(d, f, true);
    int r = flow_connect(f, index);
    if (r) {
        fail(f, -r);
        return;
    }
    ssize_t n = flow_send(f);
    if (n >= 0) {
        on_established(f, n);
    } else if (errno != EAGAIN) {
        fail(f, errno);
    } else {
        set_connecting(f, true);
        flow_wait(f, on_connecting, EV_WRITE);
    }
}
