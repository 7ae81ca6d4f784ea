#include "bench/lab/needs.h"
#include "bench/trial/own_sockets.h"
#include "bench/trial/steps_inside.h"
#include "common/process/clock.h"
#include "common/process/exit_code.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define STEP_PATIENCE_S  60 /* for what takes no time: programs that start, segments that arrive */
#define STEP_QUIET_NS    (100 * NS_PER_MS)
#define STEP_QUIET_LOOKS 3
#define STEP_LIVE_NS     (50 * NS_PER_MS)

/* --- failing --- */

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
              "%s has been stopped by a signal (SIGSTOP, SIGTSTP) for %d s, and the run waits for "
              "%s; it was killed: run again, and leave the programs of the lab alone",
              name, PROCESS_STOPPED_S, what);
}

void step_check(struct trial *t, int r, const char *what)
{
    bool limit = r == -EMFILE || r == -ENFILE; /* of this machine, or of whoever started it */
    if (r)
        step_fail(t, limit ? EXIT_CODE_CANNOT : EXIT_CODE_FAILED, "%s: %s", what, needs_error(-r));
}

/* A program has ended too early: the trial fails with its message, without the name in front. */
static void program_failed(struct trial *t, struct process *p, const char *name, int code)
{
    if (code > 128) {
        step_fail(t, EXIT_CODE_FAILED, "%s was killed by signal %d", name, code - 128);
        return;
    }
    const char *complaint = process_complaint(p), *colon = strstr(complaint, ": ");
    int length = (int)strcspn(colon ? colon + 2 : complaint, "\n");
    step_fail(t, code == EXIT_CODE_CANNOT ? EXIT_CODE_CANNOT : EXIT_CODE_FAILED,
              "%s ended with %d: %.*s", name, code, length, colon ? colon + 2 : complaint);
}

static void check_stopped(struct trial *t, struct process *p, const char *name)
{
    if (process_stays_stopped(p))
        step_fail_stopped(t, name, t->waiting_for ? t->waiting_for : "its next step");
}

static void check_programs(struct trial *t)
{
    int code;
    if (t->server)
        check_stopped(t, t->server, "tcplab-server");
    for (size_t i = 0; i < t->n_clients; i++)
        check_stopped(t, t->clients[i].process, "tcplab-client");
    if (t->server && process_ended(t->server, &code))
        program_failed(t, t->server, "tcplab-server", code);
    for (size_t i = 0; i < t->n_clients; i++)
        if (process_ended(t->clients[i].process, &code) && code && !t->clients[i].before_kill)
            program_failed(t, t->clients[i].process, "tcplab-client", code);
}

/* --- looking and waiting --- */

static void say(struct trial *t, json_t *line)
{
    if (t->report && line) {
        json_dumpf(line, t->report, JSON_COMPACT);
        fputc('\n', t->report);
        fflush(t->report);
    }
    json_decref(line);
}

/* If poll() reports POLLOUT, the pipe has room for a page (pipe(7)), and a slow reader does not
 * delay the trial. */
static bool is_heard(const struct trial *t)
{
    struct pollfd pipe = {.fd = fileno(t->report), .events = POLLOUT};
    return poll(&pipe, 1, 0) == 1 && pipe.revents == POLLOUT;
}

static void say_live(struct trial *t)
{
    int64_t now_ns = clock_now_ns();
    if (now_ns - t->live_ns < STEP_LIVE_NS || !is_heard(t))
        return;
    json_t *entry = watch_newest(t->watch, t->began_ns);
    if (!entry)
        return;
    t->live_ns = now_ns;
    say(t, json_pack("{s:o}", "live", entry));
}

void step_look(struct trial *t)
{
    if (t->failure)
        return;
    int r = watch_wait(t->watch);
    step_check(t, r ? r : watch_look(t->watch), "looking at the sockets (NETLINK_SOCK_DIAG)");
    if (t->live && !t->failure)
        say_live(t);
    own_sockets_look(t);
    check_programs(t);
}

/* What reached() reads besides the look (has a program ended? how far has a counter moved?) is
 * newer than the look. So reached() must be true for two looks in a row. */
bool step_wait(struct trial *t, step_reached *reached, int64_t number, double patience_s,
               const char *what)
{
    int64_t until_ns = clock_now_ns() + (int64_t)(patience_s * 1e9);
    bool before = false, now = false;
    if (t->failure)
        return false;
    say(t, json_pack("{s:s, s:f}", "waiting", what, "until_s", patience_s));
    t->waiting_for = what;
    do {
        before = now;
        step_look(t);
        now = !t->failure && reached(t, number);
    } while (!t->failure && !(before && now) && (now || clock_now_ns() <= until_ns));
    t->waiting_for = NULL;
    return before && now;
}

void step_need(struct trial *t, step_reached *reached, int64_t number, const char *what)
{
    if (!step_wait(t, reached, number, STEP_PATIENCE_S, what))
        step_fail(t, EXIT_CODE_FAILED, "timed out after %d s: waited for %s", STEP_PATIENCE_S,
                  what);
}

static bool is_settled(struct trial *t, int64_t number)
{
    struct wire_status s = wire_status(t->lab.wire);
    return !s.unread && s.in_transit == s.held[TO_SERVER] + s.held[TO_CLIENT] &&
           clock_now_ns() - s.last_ns >= STEP_QUIET_NS &&
           watch_unchanged(t->watch) >= STEP_QUIET_LOOKS;
}

void step_settle(struct trial *t)
{
    step_need(t, is_settled, 0, "the last segments to arrive");
}

static bool deaths_are_heard(struct trial *t, int64_t number)
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
    step_wait(t, deaths_are_heard, 0, STEP_PATIENCE_S,
              "the kernel to tell of the sockets that are gone");
}

/* --- what is waited for --- */

int64_t step_state(const struct trial *t, enum side side, enum sockdiag_state state)
{
    return t->failure ? 0 : (int64_t)watch_latest(t->watch)->side[side].states[state];
}

static bool side_is(const struct trial *t, enum side side, int64_t state)
{
    return state ? step_state(t, side, (enum sockdiag_state)state) > 0
                 : watch_latest(t->watch)->side[side].n == 0;
}

bool step_client_is(struct trial *t, int64_t number)
{
    return side_is(t, SIDE_CLIENT, number);
}

bool step_server_is(struct trial *t, int64_t number)
{
    return side_is(t, SIDE_SERVER, number);
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

static bool sent_again(const struct trial *t, enum side side, enum sockdiag_state state,
                       int64_t times)
{
    const struct look_side *s = &watch_latest(t->watch)->side[side];
    for (size_t i = 0; i < s->n; i++)
        if (s->sockets[i].state == state && s->sockets[i].retransmits < times)
            return false;
    return true;
}

bool step_wire_is_empty(struct trial *t, int64_t number)
{
    struct wire_status s = wire_status(t->lab.wire);
    return !s.unread && !s.in_transit;
}

bool step_syns_sent_again(struct trial *t, int64_t number)
{
    return sent_again(t, SIDE_CLIENT, SOCKDIAG_SYN_SENT, number);
}

bool step_syn_acks_sent_again(struct trial *t, int64_t number)
{
    return sent_again(t, SIDE_SERVER, SOCKDIAG_SYN_RECV, number);
}
