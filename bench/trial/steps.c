#include "bench/trial/steps.h"
#include "bench/observe/retries.h"
#include "bench/trial/sockets.h"
#include "bench/trial/ss_nstat.h"
#include "common/process/clock.h"
#include "common/process/exit_code.h"
#include "common/sysctl/sysctl.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define STEP_PATIENCE_S  60 /* for what takes no time: programs that start, segments that arrive */
#define STEP_QUIET_NS    (100 * NS_PER_MS)
#define STEP_QUIET_LOOKS 3
/* Over loopback more than net.core.netdev_max_backlog (1000) segments at once would not all arrive; and the timers that send the SYNs
 * again fire in batches of 32 ms. */
#define STEP_MANY    500
#define STEP_RATE    "10000"
#define STEP_LONGEST "1h" /* every flood ends by itself */

#pragma GCC diagnostic ignored "-Wformat-nonliteral"

void step_fail(struct trial *t, int code, const char *format, ...)
{
    va_list arguments;
    if (t->failure)
        return;
    va_start(arguments, format);
    if (vasprintf(&t->failure, format, arguments) < 0)
        t->failure = strdup("out of memory");
    va_end(arguments);
    t->failure_code = code;
}

void step_fail_stopped(struct trial *t, const char *name, const char *what)
{
    step_fail(t, EXIT_CODE_FAILED,
              "%s has been stopped by a signal (SIGSTOP, SIGTSTP) for %d s, and the run waits for %s; it was killed: "
              "run again, and leave the programs of the lab alone",
              name, PROCESS_STOPPED_S, what);
}

static void step_check(struct trial *t, int r, const char *what)
{
    if (r)
        step_fail(t, EXIT_CODE_FAILED, "%s: %s", what, strerror(-r));
}

/* What a program that ended before its time said, without its name in front. */
static void step_program_failed(struct trial *t, struct process *p, const char *name, int code)
{
    if (code > 128) {
        step_fail(t, EXIT_CODE_FAILED, "%s was killed by signal %d", name, code - 128);
        return;
    }
    const char *complaint = process_complaint(p), *colon = strstr(complaint, ": ");
    int length = (int)strcspn(colon ? colon + 2 : complaint, "\n");
    step_fail(t, code == EXIT_CODE_CANNOT ? EXIT_CODE_CANNOT : EXIT_CODE_FAILED, "%s ended with %d: %.*s", name, code,
              length, colon ? colon + 2 : complaint);
}

static void step_check_stopped(struct trial *t, struct process *p, const char *name)
{
    if (process_stays_stopped(p))
        step_fail_stopped(t, name, t->waiting_for ? t->waiting_for : "its next step");
}

static void step_check_programs(struct trial *t)
{
    int code;
    if (t->server)
        step_check_stopped(t, t->server, "tcplab-server");
    for (size_t i = 0; i < t->n_clients; i++)
        step_check_stopped(t, t->clients[i].process, "tcplab-client");
    if (t->server && process_ended(t->server, &code))
        step_program_failed(t, t->server, "tcplab-server", code);
    for (size_t i = 0; i < t->n_clients; i++)
        if (process_ended(t->clients[i].process, &code) && code && !t->clients[i].before_kill)
            step_program_failed(t, t->clients[i].process, "tcplab-client", code);
}

void step_look(struct trial *t)
{
    if (t->failure)
        return;
    int r = watch_wait(t->watch);
    step_check(t, r ? r : watch_look(t->watch), "looking at the sockets (NETLINK_SOCK_DIAG)");
    sockets_look(t);
    step_check_programs(t);
}

static void step_say_waiting(struct trial *t, const char *what, double patience_s)
{
    json_t *line = json_pack("{s:s, s:f}", "waiting", what, "until_s", patience_s);
    if (t->report && line) {
        json_dumpf(line, t->report, JSON_COMPACT);
        fputc('\n', t->report);
        fflush(t->report);
    }
    json_decref(line);
}

/* What is asked beside the look (has a program ended? how far is a counter?) is newer than the look: only when the next look
 * agrees do both speak of the same moment. */
static bool step_still(struct trial *t, step_reached *reached, int64_t number)
{
    step_look(t);
    return !t->failure && reached(t, number);
}

static bool step_wait_until(struct trial *t, step_reached *reached, int64_t number, int64_t until_ns)
{
    while (!t->failure) {
        step_look(t);
        if (t->failure)
            return false;
        if (reached(t, number) && step_still(t, reached, number))
            return true;
        if (clock_now_ns() > until_ns)
            return false;
    }
    return false;
}

bool step_wait(struct trial *t, step_reached *reached, int64_t number, double patience_s, const char *what)
{
    int64_t until_ns = clock_now_ns() + (int64_t)(patience_s * 1e9);
    if (t->failure)
        return false;
    step_say_waiting(t, what, patience_s);
    t->waiting_for = what;
    bool is_reached = step_wait_until(t, reached, number, until_ns);
    t->waiting_for = NULL;
    return is_reached;
}

void step_need(struct trial *t, step_reached *reached, int64_t number, const char *what)
{
    if (!step_wait(t, reached, number, STEP_PATIENCE_S, what))
        step_fail(t, EXIT_CODE_FAILED, "waited %d s for %s, in vain", STEP_PATIENCE_S, what);
}

/* --- programs --- */

struct step_arguments {
    char *argv[PROCESS_ARGUMENTS];
    int n;
};

static void step_argument(struct step_arguments *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void step_argument(struct step_arguments *a, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (a->n < PROCESS_ARGUMENTS - 1 && vasprintf(&a->argv[a->n], format, arguments) >= 0)
        a->n++;
    va_end(arguments);
}

static void step_arguments_rest(struct step_arguments *a, va_list rest)
{
    const char *argument;
    while ((argument = va_arg(rest, const char *)))
        step_argument(a, "%s", argument);
}

/* As the report shows it: the program's name, without what only the bench needs. */
static void step_note_command(struct trial *t, const char *name, const struct step_arguments *a)
{
    char line[1024];
    int length = snprintf(line, sizeof(line), "%s", name);
    for (int i = 1; i < a->n && length < (int)sizeof(line); i++)
        if (strcmp(a->argv[i], "--json") && strcmp(a->argv[i], "--log-connections"))
            length += snprintf(line + length, sizeof(line) - (size_t)length, " %s", a->argv[i]);
    json_array_append_new(t->commands, json_string(line));
}

static struct process *step_start(struct trial *t, const struct host *host, const char *name,
                                  struct step_arguments *a)
{
    struct process *p = NULL;
    a->argv[a->n] = NULL;
    step_check(t, process_start(host, a->argv, &p), name);
    step_note_command(t, name, a);
    for (int i = 0; i < a->n; i++)
        free(a->argv[i]);
    return p;
}

static bool step_server_is_ready(struct trial *t, int64_t number)
{
    return process_is_ready(t->server);
}

void step_serve(struct trial *t, ...)
{
    struct step_arguments a = {.n = 0};
    va_list rest;
    if (t->failure)
        return;
    step_argument(&a, "%s", t->programs.server);
    step_argument(&a, "--listen");
    step_argument(&a, "%s", t->lab.server_address);
    if (knobs_have(t->knobs, "backlog")) {
        step_argument(&a, "--backlog");
        step_argument(&a, "%lld", (long long)knob(t->knobs, "backlog"));
    }
    va_start(rest, t);
    step_arguments_rest(&a, rest);
    va_end(rest);
    step_argument(&a, "--json");
    t->server = step_start(t, &t->lab.server, "tcplab-server", &a);
    if (!t->failure)
        step_need(t, step_server_is_ready, 0, "the server to listen");
    t->began_ns = clock_now_ns();
    watch_begin(t->watch);
    step_look(t); /* the first entry of the timeline: nobody has come yet */
}

static void step_connect_arguments(struct trial *t, int64_t n, struct step_arguments *a)
{
    step_argument(a, "%s", t->programs.client);
    step_argument(a, "-c");
    step_argument(a, "%lld", (long long)n);
    step_argument(a, "-T");
    step_argument(a, STEP_LONGEST);
    step_argument(a, "--json");
    step_argument(a, "--log-connections");
}

static void step_start_client(struct trial *t, struct step_arguments *a)
{
    if (t->n_clients == TRIAL_CLIENTS) {
        step_fail(t, EXIT_CODE_FAILED, "an experiment starts at most %d clients", TRIAL_CLIENTS);
        return;
    }
    step_argument(a, strchr(t->lab.server_address, ':') ? "[%s]:%d" : "%s:%d", t->lab.server_address, LAB_PORT);
    struct process *p = step_start(t, &t->lab.client, "tcplab-client", a);
    if (p)
        t->clients[t->n_clients++] = (struct trial_client){.process = p};
}

void step_connect(struct trial *t, int64_t n, ...)
{
    struct step_arguments a = {.n = 0};
    va_list rest;
    if (t->failure || n == 0)
        return;
    step_connect_arguments(t, n, &a);
    va_start(rest, n);
    const char *first = va_arg(rest, const char *);
    if (!first) {
        step_argument(&a, "--hold");
        step_argument(&a, STEP_LONGEST);
    } else {
        step_argument(&a, "%s", first);
        step_arguments_rest(&a, rest);
    }
    va_end(rest);
    step_start_client(t, &a);
}

/* --- waiting for SYNs --- */

static size_t step_syns(const struct trial *t)
{
    size_t n;
    const struct segment *segments = wire_segments(t->lab.wire, &n);
    return retries_connections(segments, n, TO_SERVER, SEGMENT_SYN);
}

/* Asked in a loop: the count of what is held is cheap, the count of connections is not. */
static bool step_all_syns_are_held(struct trial *t, int64_t number)
{
    size_t n = wire_status(t->lab.wire).held[TO_SERVER];
    return n && step_syns(t) >= (size_t)number;
}

static bool step_all_syns_are_sent(struct trial *t, int64_t number)
{
    size_t n;
    history_entries(watch_history(t->watch), &n);
    return n >= (size_t)number;
}

void step_connect_together(struct trial *t, int64_t n)
{
    size_t before;
    if (t->failure)
        return;
    history_entries(watch_history(t->watch), &before);
    if (t->lab.loopback) {
        if (n > STEP_MANY)
            step_connect(t, n, "--hold", STEP_LONGEST, "--rate", STEP_RATE, NULL);
        else
            step_connect(t, n, NULL);
        step_need(t, step_all_syns_are_sent, (int64_t)before + n, "all clients to connect");
        return;
    }
    int64_t all = (int64_t)step_syns(t) + n;
    wire_hold(t->lab.wire, TO_SERVER, true);
    step_connect(t, n, NULL);
    step_need(t, step_all_syns_are_held, all, "all SYNs to be at the wire's entrance");
    wire_hold(t->lab.wire, TO_SERVER, false);
}

void step_no_second_syn(struct trial *t)
{
    const struct fault again = {.direction = TO_SERVER,
                                .flags_mask = SEGMENT_SYN | SEGMENT_ACK,
                                .flags = SEGMENT_SYN,
                                .first = 2,
                                .per_connection = true,
                                .action = FAULT_DROP};
    if (t->failure || t->lab.loopback)
        return;
    int r = wire_add_fault(t->lab.wire, &again);
    step_check(t, r < 0 ? r : 0, "telling the wire to drop repeated SYNs");
}

/* --- the wire --- */

static bool step_has_wire(const struct trial *t)
{
    return !t->failure && !t->lab.loopback;
}

void step_no_second_fin(struct trial *t)
{
    for (int direction = 0; direction < 2; direction++) {
        const struct fault again = {.direction = (enum direction)direction,
                                    .flags_mask = SEGMENT_FIN,
                                    .flags = SEGMENT_FIN,
                                    .first = 2,
                                    .per_connection = true,
                                    .action = FAULT_DROP};
        step_fault(t, &again);
    }
}

void step_hold(struct trial *t, enum direction direction, bool hold)
{
    if (step_has_wire(t))
        wire_hold(t->lab.wire, direction, hold);
}

static bool step_are_held_to_server(struct trial *t, int64_t number)
{
    return wire_status(t->lab.wire).held[TO_SERVER] >= (uint64_t)number;
}

static bool step_are_held_to_client(struct trial *t, int64_t number)
{
    return wire_status(t->lab.wire).held[TO_CLIENT] >= (uint64_t)number;
}

void step_need_held(struct trial *t, enum direction direction, int64_t segments)
{
    if (step_has_wire(t))
        step_need(t, direction == TO_SERVER ? step_are_held_to_server : step_are_held_to_client, segments,
                  "segments to be at the wire's entrance");
}

void step_let(struct trial *t, enum direction direction, int64_t segments)
{
    step_need_held(t, direction, segments);
    if (step_has_wire(t))
        wire_let(t->lab.wire, direction, (uint64_t)segments);
}

const char *step_address(struct trial *t, enum side side, int n, char text[static STEP_ADDRESS_MAX])
{
    const char *own = side == SIDE_SERVER ? t->lab.server_address : t->lab.client_address;
    if (!step_has_wire(t) || n == 1)
        return own;
    snprintf(text, STEP_ADDRESS_MAX, t->lab.family == AF_INET6 ? "2001:db8::%d" : "192.0.2.%d",
             (side == SIDE_SERVER ? 10 : 20) + n);
    int r = lab_add_address(&t->lab, side == SIDE_SERVER ? &t->lab.server : &t->lab.client, text);
    step_check(t, r == -EEXIST ? 0 : r, "another address for a host");
    return text;
}

void step_cut(struct trial *t, bool cut)
{
    if (!step_has_wire(t))
        return;
    wire_cut(t->lab.wire, TO_SERVER, cut);
    wire_cut(t->lab.wire, TO_CLIENT, cut);
}

int step_fault(struct trial *t, const struct fault *fault)
{
    int r = step_has_wire(t) ? wire_add_fault(t->lab.wire, fault) : 0;
    step_check(t, r < 0 ? r : 0, "telling the wire what to drop");
    return r;
}

uint64_t step_fault_matched(const struct trial *t, int id)
{
    return step_has_wire(t) ? wire_faults_matched(t->lab.wire, id) : 0;
}

void step_clear_faults(struct trial *t)
{
    if (step_has_wire(t))
        wire_clear_faults(t->lab.wire);
}

struct step_kind {
    enum direction direction;
    unsigned mask, flags;
    enum fault_payload payload;
};

static bool step_is_of_kind(const struct segment *s, const struct step_kind *k)
{
    bool payload = k->payload == FAULT_ANY_PAYLOAD || (k->payload == FAULT_WITH_PAYLOAD) == (s->payload > 0);
    return s->direction == k->direction && !s->copy && (s->flags & k->mask) == k->flags && payload;
}

/* The n-th of that kind, or NULL; n 0: *ret_count of all. */
static const struct segment *step_find_segment(const struct trial *t, const struct step_kind *k, int64_t n,
                                               int64_t *ret_count)
{
    size_t size = 0;
    const struct segment *s = t->failure ? NULL : wire_segments(t->lab.wire, &size);
    int64_t count = 0;
    for (size_t i = 0; i < size; i++)
        if (step_is_of_kind(&s[i], k) && ++count == n)
            return &s[i];
    if (ret_count)
        *ret_count = count;
    return NULL;
}

int64_t step_segments(const struct trial *t, enum direction direction, unsigned mask, unsigned flags,
                      enum fault_payload payload)
{
    const struct step_kind k = {direction, mask, flags, payload};
    int64_t count = 0;
    step_find_segment(t, &k, 0, &count);
    return count;
}

int64_t step_arrived(const struct trial *t, enum direction direction, unsigned mask, unsigned flags,
                     enum fault_payload payload)
{
    const struct step_kind k = {direction, mask, flags, payload};
    size_t size = 0;
    const struct segment *s = t->failure ? NULL : wire_segments(t->lab.wire, &size);
    int64_t count = 0;
    for (size_t i = 0; i < size; i++)
        count += step_is_of_kind(&s[i], &k) && s[i].fate == SEGMENT_DELIVERED;
    return count;
}

static bool step_is_again(const struct segment *s, const struct segment *earlier)
{
    return connection_id_same(&s->id, &earlier->id) && s->direction == earlier->direction &&
           s->flags == earlier->flags && s->sequence == earlier->sequence &&
           s->acknowledged == earlier->acknowledged && s->payload == earlier->payload;
}

int64_t step_segments_once(const struct trial *t, enum direction direction, unsigned mask, unsigned flags,
                           enum fault_payload payload)
{
    const struct step_kind k = {direction, mask, flags, payload};
    size_t size = 0;
    const struct segment *s = t->failure ? NULL : wire_segments(t->lab.wire, &size);
    int64_t count = 0;
    for (size_t i = 0; i < size; i++) {
        bool again = false;
        for (size_t j = 0; j < i && !again; j++)
            again = step_is_again(&s[i], &s[j]);
        count += step_is_of_kind(&s[i], &k) && !again;
    }
    return count;
}

int64_t step_sent_ns(const struct trial *t, enum direction direction, unsigned mask, unsigned flags,
                     enum fault_payload payload, int64_t n)
{
    const struct step_kind k = {direction, mask, flags, payload};
    const struct segment *s = step_find_segment(t, &k, n, NULL);
    return s ? s->at_ns : 0;
}

int64_t step_arrived_ns(const struct trial *t, enum direction direction, unsigned mask, unsigned flags,
                        enum fault_payload payload, int64_t n)
{
    const struct step_kind k = {direction, mask, flags, payload};
    const struct segment *s = step_find_segment(t, &k, n, NULL);
    return s && s->fate == SEGMENT_DELIVERED ? s->out_ns : 0;
}

static bool step_is_settled(struct trial *t, int64_t number)
{
    struct wire_status s = wire_status(t->lab.wire);
    return !s.unread && s.in_transit == s.held[TO_SERVER] + s.held[TO_CLIENT] &&
           clock_now_ns() - s.last_ns >= STEP_QUIET_NS && watch_unchanged(t->watch) >= STEP_QUIET_LOOKS;
}

void step_settle(struct trial *t)
{
    step_need(t, step_is_settled, 0, "the last segments to arrive");
}

static bool step_deaths_are_heard(struct trial *t, int64_t number)
{
    size_t n;
    int64_t gone = 0, heard = watch_destroyed(t->watch, SIDE_CLIENT);
    const struct history_entry *e = history_entries(watch_history(t->watch), &n);
    for (size_t i = 0; i < n; i++)
        gone += e[i].side[SIDE_CLIENT].missing_ns != 0;
    return heard < 0 || heard >= gone;
}

void step_hear_deaths(struct trial *t)
{
    step_wait(t, step_deaths_are_heard, 0, STEP_PATIENCE_S, "the kernel to tell of the sockets that are gone");
}

/* --- states --- */

int64_t step_state(const struct trial *t, enum side side, enum sockdiag_state state)
{
    return t->failure ? 0 : (int64_t)watch_latest(t->watch)->side[side].states[state];
}

static bool step_side_is(const struct trial *t, enum side side, int64_t state)
{
    return state ? step_state(t, side, (enum sockdiag_state)state) > 0 : watch_latest(t->watch)->side[side].n == 0;
}

bool step_client_is(struct trial *t, int64_t number)
{
    return step_side_is(t, SIDE_CLIENT, number);
}

bool step_server_is(struct trial *t, int64_t number)
{
    return step_side_is(t, SIDE_SERVER, number);
}

int64_t step_accepted(const struct trial *t)
{
    if (t->failure)
        return 0;
    const struct look_side *s = &watch_latest(t->watch)->side[SIDE_SERVER];
    int64_t accepted = 0;
    for (size_t i = 0; i < s->n; i++)
        accepted += s->sockets[i].inode != 0;
    return accepted;
}

bool step_clients_ended(struct trial *t, int64_t number)
{
    int code;
    for (size_t i = 0; i < t->n_clients; i++)
        if (!process_ended(t->clients[i].process, &code))
            return false;
    return true;
}

static bool step_sent_again(const struct trial *t, enum side side, enum sockdiag_state state, int64_t times)
{
    const struct look_side *s = &watch_latest(t->watch)->side[side];
    for (size_t i = 0; i < s->n; i++)
        if (s->sockets[i].state == state && s->sockets[i].retransmits < times)
            return false;
    return true;
}

bool step_syns_sent_again(struct trial *t, int64_t number)
{
    return step_sent_again(t, SIDE_CLIENT, SOCKDIAG_SYN_SENT, number);
}

bool step_syn_acks_sent_again(struct trial *t, int64_t number)
{
    return step_sent_again(t, SIDE_SERVER, SOCKDIAG_SYN_RECV, number);
}

/* --- acting --- */

void step_accept(struct trial *t)
{
    if (!t->failure)
        process_signal(t->server, SIGUSR1);
}

/* What the client had is read from a look that is taken first: a killed client tells nothing. */
void step_kill_client(struct trial *t)
{
    if (t->failure || !t->n_clients)
        return;
    struct trial_client *c = &t->clients[t->n_clients - 1];
    c->before_kill = calloc(1, sizeof(*c->before_kill));
    if (!c->before_kill)
        step_check(t, -ENOMEM, "a look");
    else
        step_check(t, watch_copy(t->watch, c->before_kill), "a look");
    process_signal(c->process, SIGKILL);
}

void step_set(struct trial *t, enum side side, const char *key, const char *value)
{
    char now[SYSCTL_VALUE_MAX];
    if (t->failure)
        return;
    int r = host_enter(side == SIDE_SERVER ? &t->lab.server : &t->lab.client);
    if (!r)
        r = sysctl_write(key, value);
    if (!r)
        r = sysctl_read(key, now);
    if (r == -ENOENT)
        step_fail(t, EXIT_CODE_CANNOT, "this kernel has no sysctl %s, or none that belongs to a network namespace",
                  key);
    else if (r == -EINVAL)
        step_fail(t, EXIT_CODE_USAGE, "%s=%s: the kernel refuses that value", key, value);
    else if (r == -EACCES || r == -EPERM || r == -EROFS)
        step_fail(t, EXIT_CODE_CANNOT, "%s cannot be written in a private network (%s): it is the whole machine's",
                  key, strerror(-r));
    else if (r)
        step_fail(t, EXIT_CODE_FAILED, "%s=%s: %s", key, value, strerror(-r));
    else if (!sysctl_same(now, value))
        step_fail(t, EXIT_CODE_USAGE, "%s=%s: the kernel made it %s; write a value that it takes as it is", key,
                  value, now);
    else
        json_object_set_new(t->sysctls, key, json_string(now));
}

/* "40000-40010,40020" */
static int64_t step_listed_ports(const char *list, int64_t low, int64_t high)
{
    int64_t n = 0;
    while (*list >= '0' && *list <= '9') {
        char *end;
        long first = strtol(list, &end, 10), last = *end == '-' ? strtol(end + 1, &end, 10) : first;
        int64_t from = first > low ? first : low, to = last < high ? last : high;
        n += from <= to ? to - from + 1 : 0;
        list = *end == ',' ? end + 1 : end;
    }
    return n;
}

/* *ret_low to *ret_high is the range; false: it could not be read. */
static bool step_read_ports(struct trial *t, enum side side, int64_t *ret_low, int64_t *ret_high, char *reserved)
{
    char range[SYSCTL_VALUE_MAX];
    long long low, high;
    if (t->failure || host_enter(side == SIDE_SERVER ? &t->lab.server : &t->lab.client) ||
        sysctl_read("net.ipv4.ip_local_port_range", range) || sscanf(range, "%lld %lld", &low, &high) != 2 ||
        sysctl_read("net.ipv4.ip_local_reserved_ports", reserved))
        return false;
    *ret_low = low;
    *ret_high = high;
    return true;
}

/* In a range that the experiment has just set. */
static void step_check_reserved(struct trial *t, enum side side)
{
    char reserved[SYSCTL_VALUE_MAX];
    int64_t low, high;
    if (step_read_ports(t, side, &low, &high, reserved) && step_listed_ports(reserved, low, high))
        step_fail(
            t, EXIT_CODE_USAGE,
            "net.ipv4.ip_local_reserved_ports=%s: %s sets net.ipv4.ip_local_port_range to %lld %lld by itself, and "
            "needs all of it; leave it out",
            reserved, t->experiment->name, (long long)low, (long long)high);
}

void step_set_own(struct trial *t, enum side side, const char *key, const char *value)
{
    char given[SYSCTL_KEY_MAX], ignored[SYSCTL_VALUE_MAX];
    const char *why;
    for (size_t i = 0; i < t->knobs->n_sysctls; i++)
        if (!sysctl_parse(t->knobs->sysctl[i], given, ignored, &why) && !strcmp(given, key))
            step_fail(t, EXIT_CODE_USAGE, "%s: %s sets this sysctl by itself, as its knobs say; leave it out",
                      t->knobs->sysctl[i], t->experiment->name);
    t->few_ports = t->few_ports || !strcmp(key, "net.ipv4.ip_local_port_range");
    step_set(t, side, key, value);
    if (!strcmp(key, "net.ipv4.ip_local_port_range"))
        step_check_reserved(t, side);
}

int64_t step_ports(struct trial *t, enum side side)
{
    char reserved[SYSCTL_VALUE_MAX];
    int64_t low, high;
    if (!step_read_ports(t, side, &low, &high, reserved))
        return 0;
    return high - low + 1 - step_listed_ports(reserved, low, high);
}

void step_fail_without_port(struct trial *t, enum side side)
{
    char reserved[SYSCTL_VALUE_MAX];
    int64_t low, high;
    if (!step_read_ports(t, side, &low, &high, reserved))
        return;
    step_fail(t, EXIT_CODE_USAGE,
              "net.ipv4.ip_local_port_range=%lld %lld%s%s leaves %lld port%s, and %s opens more connections; write a "
              "larger range%s",
              (long long)low, (long long)high, *reserved ? " with net.ipv4.ip_local_reserved_ports=" : "", reserved,
              (long long)step_ports(t, side), step_ports(t, side) == 1 ? "" : "s", t->experiment->name,
              *reserved ? ", or reserve fewer" : "");
}

/* --- observing --- */

void step_see(struct trial *t, double value, const char *name, ...)
{
    char text[EXPECTATION_NAME_MAX];
    va_list arguments;
    if (t->failure)
        return;
    va_start(arguments, name);
    vsnprintf(text, sizeof(text), name, arguments);
    va_end(arguments);
    json_object_set_new(t->seen, text, json_real(value));
}

void step_see_retries(struct trial *t, enum direction direction, unsigned flags, int n, const char *name)
{
    size_t n_segments;
    const struct segment *segments = t->failure ? NULL : wire_segments(t->lab.wire, &n_segments);
    for (int i = 1; i <= n && !t->failure; i++) {
        double first, last;
        size_t found = retries_find(segments, n_segments, direction, flags, i, &first, &last);
        if (found == 0 || found == SIZE_MAX)
            return;
        step_see(t, first, "%s_%d_first", name, i);
        step_see(t, last, "%s_%d_last", name, i);
    }
}

int64_t step_counter(struct trial *t, enum side side, const char *name)
{
    struct counters *now;
    if (t->failure)
        return 0;
    int r = host_enter(side == SIDE_SERVER ? &t->lab.server : &t->lab.client);
    if (!r)
        r = counters_read(&now);
    step_check(t, r, "reading the kernel's counters");
    if (r)
        return 0;
    int64_t moved = counters_get(now, name, NULL) - counters_get(t->counters_before[side], name, NULL);
    counters_free(now);
    return moved;
}

void step_count_anew(struct trial *t)
{
    for (int side = 0; side < 2 && !t->failure; side++) {
        struct counters *now;
        int r = host_enter(side == SIDE_SERVER ? &t->lab.server : &t->lab.client);
        if (!r)
            r = counters_read(&now);
        step_check(t, r, "reading the kernel's counters");
        if (r)
            return;
        counters_free(t->counters_before[side]);
        t->counters_before[side] = now;
    }
}

static void step_see_text(struct trial *t, double value, const char *format, va_list arguments,
                          char text[static EXPECTATION_NAME_MAX])
{
    vsnprintf(text, EXPECTATION_NAME_MAX, format, arguments);
    step_see(t, value, "%s", text);
}

void step_see_state(struct trial *t, enum side side, enum sockdiag_state state, const char *name, ...)
{
    char text[EXPECTATION_NAME_MAX];
    va_list arguments;
    va_start(arguments, name);
    step_see_text(t, (double)step_state(t, side, state), name, arguments, text);
    va_end(arguments);
    ss_nstat_state(t, side, state, text);
}

void step_see_counter(struct trial *t, enum side side, const char *counter, const char *name, ...)
{
    char text[EXPECTATION_NAME_MAX];
    va_list arguments;
    va_start(arguments, name);
    step_see_text(t, (double)step_counter(t, side, counter), name, arguments, text);
    va_end(arguments);
    ss_nstat_counter(t, side, counter, text);
}

void step_show(struct trial *t, enum ledger_row row, const char *caption)
{
    t->show = row;
    t->caption = caption;
}
