/* The kernel_probes that wait for timers: each in a lab of its own. */
#include "bench/kernel_probe/attempt.h"
#include "bench/kernel_probe/kernel_probe.h"
#include "bench/model/lateness.h"
#include "common/kernel/sockdiag.h"
#include "common/process/clock.h"
#include "common/sysctl/sysctl.h"

#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int64_t milliseconds(int64_t ns)
{
    return ns / NS_PER_MS;
}

/* --- a SYN that nobody answers --- */

#define SYN_PATIENCE_S 8

/* When the client's n-th SYN was sent, by the kernel's stamp; 0: not yet. */
static int64_t syn_ns(const struct lab *lab, int n)
{
    size_t segments;
    const struct segment *s = wire_segments(lab->wire, &segments);
    for (size_t i = 0; i < segments; i++)
        if (s[i].direction == TO_SERVER && s[i].flags & SEGMENT_SYN && --n == 0)
            return s[i].at_ns;
    return 0;
}

/* Sends a SYN over a wire that is cut, and waits for the n-th. between() is called every few
 * milliseconds. 0 or -errno. */
static int send_syns(const struct lab *lab, int n,
                     void (*between)(struct attempt *a, void *context), void *context)
{
    struct attempt a;
    int64_t until_ns = clock_now_ns() + SYN_PATIENCE_S * NS_PER_S;
    int r = attempt_open(lab, 1, &a);
    wire_cut(lab->wire, TO_SERVER, true);
    if (!r)
        r = attempt_connect(&a);
    while (!r && !syn_ns(lab, n)) {
        poll(NULL, 0, 3);
        if (between)
            between(&a, context);
        r = clock_now_ns() > until_ns ? -ETIME : 0;
    }
    attempt_close(&a);
    return r;
}

/* With another number of linear timeouts than the kernel's. */
void kernel_probe_syn_timeouts(const struct lab *lab, struct finding *f)
{
    int knob = attempt_set(&lab->client, "net.ipv4.tcp_syn_linear_timeouts", "2");
    int r = knob && knob != -ENOENT ? knob : send_syns(lab, 3, NULL, NULL);
    if (r) {
        finding_is(f, "", "it could not be tried: %s", strerror(-r));
        return;
    }
    int64_t first_ms = milliseconds(syn_ns(lab, 2) - syn_ns(lab, 1)),
            gap_ms = milliseconds(syn_ns(lab, 3) - syn_ns(lab, 2));
    bool linear = gap_ms >= 800 && gap_ms < 1400, doubling = gap_ms >= 1800 && gap_ms < 2800;
    finding_is(f,
               linear     ? "linear"
               : doubling ? "doubling"
                          : "",
               "it came again after %lld ms, and then after %lld ms", (long long)first_ms,
               (long long)gap_ms);
}

/* --- how late a timer is --- */

struct steps {
    struct sockdiag *diag; /* of the client host */
    int64_t expires_ms, divisor_ms;
};

static int64_t common_divisor(int64_t a, int64_t b)
{
    return b ? common_divisor(b, a % b) : a;
}

static int take_step(const struct sockdiag_socket *socket, void *context)
{
    struct steps *s = context;
    if (s->expires_ms)
        s->divisor_ms =
            common_divisor(s->divisor_ms, llabs(s->expires_ms - (int64_t)socket->expires_ms));
    s->expires_ms = socket->expires_ms;
    return 0;
}

static void look_at_timer(struct attempt *a, void *context)
{
    struct steps *s = context;
    const struct sockdiag_query query = {.family = a->lab->family,
                                         .states = SOCKDIAG_BIT(SOCKDIAG_SYN_SENT),
                                         .destination_port = (uint16_t)a->port};
    if (s->diag)
        sockdiag_dump(s->diag, &query, take_step, s);
}

/* The first repetition of a SYN is one timer of 1 s, and both its ends are stamped by the kernel.
 * What is later than the wheel's granule may be a machine with other work, and proves nothing. */
void kernel_probe_timer_wheel(const struct lab *lab, struct finding *f)
{
    struct finding hz;
    struct steps steps = {0};
    kernel_probe_hz(lab, &hz);
    int r = host_enter(&lab->client);
    if (!r)
        r = sockdiag_open(&steps.diag);
    if (!r)
        r = send_syns(lab, 2, look_at_timer, &steps);
    sockdiag_close(steps.diag);
    if (r) {
        finding_is(f, "", "it could not be tried: %s", strerror(-r));
        return;
    }
    double took_s = (double)(syn_ns(lab, 2) - syn_ns(lab, 1)) / NS_PER_S;
    struct span span = lateness_span(atoi(hz.value), 1);
    /* The stamps are taken a little after the timer was set, and a little after it fired. */
    bool early = took_s < span.lo - 0.001;
    bool late = took_s > span.hi;
    const char *value = early ? "false" : late ? "" : "true";
    finding_is(f, value,
               "it fired %.1f ms %s; the model allows %.0f ms for the wheel and %.0f ms for other "
               "work. Its remaining time falls in steps of %lld ms",
               fabs(took_s - 1) * 1e3, took_s < 1 ? "early" : "late",
               lateness(atoi(hz.value), 1) * 1e3, LATENESS_SCHEDULING * 1e3,
               (long long)steps.divisor_ms);
}

/* --- when a TIME_WAIT's port can be taken again --- */

/* The TIME_WAIT begins when about 0.4 of a second of the kernel's clock are over. Counted in
 * milliseconds its port is free after the delay (not the default one), counted in whole seconds
 * when that second is over. */
#define REUSE_BEGINS_NS   (400 * NS_PER_MS)
#define REUSE_DELAY_MS    "250"
#define REUSE_DELAY_NS    (250 * NS_PER_MS)
#define REUSE_FIXED_NS    NS_PER_S /* where there is no knob for it */
#define REUSE_PATIENCE_NS (3 * NS_PER_S)
/* the kernel counts whole seconds and milliseconds in ticks */
#define REUSE_TICK_NS (15 * NS_PER_MS)
#define REUSE_TRIES   4
#define REUSE_PORT    40000

struct reuse {
    int64_t second_ns;         /* the end of the second in which it began */
    int64_t from_ns, until_ns; /* it began between these */
    /* the last call that found the port taken began then; the first one that got it was over
     * then */
    int64_t taken_ns, free_ns;
};

static void sleep_until(int64_t ns)
{
    const struct timespec at = {.tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
        ;
}

static bool comes(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, 1000) == 1;
}

/* A connection that the client closes first. */
static bool reuse_begin(struct attempt *a, struct reuse *u)
{
    int64_t now_ns = clock_now_ns();
    u->second_ns = now_ns - now_ns % NS_PER_S + NS_PER_S;
    if (now_ns > u->second_ns - NS_PER_S + REUSE_BEGINS_NS)
        u->second_ns += NS_PER_S;
    sleep_until(u->second_ns - NS_PER_S + REUSE_BEGINS_NS);
    if (attempt_connect(a) || !comes(a->listener))
        return false;
    int server = accept4(a->listener, NULL, NULL, SOCK_CLOEXEC);
    shutdown(a->clients[0], SHUT_WR);
    bool closed = comes(server);
    u->from_ns = clock_now_ns();
    close(server);
    closed = closed && comes(a->clients[0]); /* the server's FIN */
    u->until_ns = clock_now_ns();
    return closed;
}

static int reuse_wait(struct attempt *a, struct reuse *u)
{
    int r = -EADDRNOTAVAIL;
    u->taken_ns = 0;
    while (r == -EADDRNOTAVAIL) {
        int64_t now_ns = clock_now_ns();
        if (now_ns > u->until_ns + REUSE_PATIENCE_NS)
            return -ETIME;
        r = attempt_connect(a);
        if (r == -EADDRNOTAVAIL) {
            close(a->clients[--a->n]);
            u->taken_ns = now_ns;
            poll(NULL, 0, 10);
        }
    }
    u->free_ns = clock_now_ns();
    return r;
}

/* Whether the port may have become free between those moments. */
static bool reuse_fits(const struct reuse *u, int64_t first_ns, int64_t last_ns)
{
    return u->free_ns >= first_ns && u->taken_ns <= last_ns + REUSE_TICK_NS;
}

static int reuse_try(const struct lab *lab, int port, struct reuse *u)
{
    char range[32];
    struct attempt a;
    snprintf(range, sizeof(range), "%d %d", port, port);
    int r = attempt_set(&lab->client, "net.ipv4.ip_local_port_range", range);
    int opened = attempt_open(lab, 4, &a);
    if (!r)
        r = opened;
    if (!r)
        r = reuse_begin(&a, u) ? reuse_wait(&a, u) : -ETIME;
    attempt_close(&a);
    return r;
}

/* false: nothing is decided, for the machine was too slow to tell one from the other. */
static bool reuse_decide(const struct reuse *u, int64_t delay_ns, struct finding *f)
{
    bool by_ms = reuse_fits(u, u->from_ns + delay_ns, u->until_ns + delay_ns);
    bool by_s = reuse_fits(u, u->second_ns, u->second_ns);
    /* else it is not known which second it began in */
    bool decided = by_ms != by_s && u->until_ns < u->second_ns;
    finding_is(f,
               !decided ? ""
               : by_ms  ? "milliseconds"
                        : "seconds",
               "the port was free %.0f to %.0f ms after its TIME_WAIT began; %lld ms would be the "
               "delay, %.0f ms the end of the kernel's second",
               (double)((u->taken_ns ? u->taken_ns : u->until_ns) - u->until_ns) / NS_PER_MS,
               (double)(u->free_ns - u->from_ns) / NS_PER_MS, (long long)milliseconds(delay_ns),
               (double)(u->second_ns - u->from_ns) / NS_PER_MS);
    return decided;
}

void kernel_probe_time_wait_reuse(const struct lab *lab, struct finding *f)
{
    struct reuse u = {0};
    int knob = attempt_set(&lab->client, "net.ipv4.tcp_tw_reuse_delay", REUSE_DELAY_MS);
    int r = knob == -ENOENT ? 0 : knob;
    if (!r)
        r = attempt_set(&lab->client, "net.ipv4.tcp_tw_reuse", "1");
    for (int i = 0; i < REUSE_TRIES && !r; i++) {
        r = reuse_try(lab, REUSE_PORT + i, &u);
        if (!r && reuse_decide(&u, knob ? REUSE_FIXED_NS : REUSE_DELAY_NS, f))
            return;
        r = r == -ETIME ? 0 : r; /* too slow: once more */
    }
    if (r)
        finding_is(f, "", "it could not be tried: %s", strerror(-r));
    else if (!f->seen[0])
        finding_is(f, "", "its port did not become free in time");
}
