#include "client/limit.h"
#include "common/process/clock.h"
#include "common/text/human.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* a shorter run has no meaningful rate */
#define LIMIT_WINDOW_NS (100 * NS_PER_MS)
#define LIMIT_BUSY      0.95 /* share of the window: above it the loop had no time left */
#define LIMIT_WAITING   0.2  /* share of the window: above it others had the CPU */

/* Adds a limit. Steals the reference to `limit`, its figures. */
static void add(json_t *limits, const char *name, json_t *limit, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void add(json_t *limits, const char *name, json_t *limit, const char *format, ...)
{
    char *sentence = NULL;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&sentence, format, arguments) < 0)
        sentence = NULL;
    va_end(arguments);
    json_object_set_new(limit, "limit", json_string(name));
    json_object_set_new(limit, "sentence", json_string(sentence ? sentence : ""));
    json_array_append_new(limits, limit);
    free(sentence);
}

/* Once every second port is taken, each connect() first walks over all of those
 * (__inet_hash_connect()): 1 ms instead of 30 us. So the search is the reason even if only one
 * start in 20 had to do it. */
static bool search(const struct limit_figures *f)
{
    uint64_t half = f->usable_ports / 2;
    return f->long_search && f->taken_ports > half && f->starts > half &&
           (f->starts - half) * 20 > f->starts;
}

static bool cpu(const struct limit_figures *f)
{
    return f->load->window_ns >= LIMIT_WINDOW_NS && load_busy(f->load) >= LIMIT_BUSY;
}

static void add_cpu(const struct limit_figures *f, json_t *limits)
{
    double busy = load_busy(f->load), waiting = load_waiting(f->load);
    if (!cpu(f) || (search(f) && waiting <= LIMIT_WAITING))
        return;
    json_t *limit = json_pack("{s:f, s:f}", "busy", busy, "waiting", waiting);
    if (waiting > LIMIT_WAITING)
        add(limits, "cpu", limit,
            "There was no CPU for this client: for %.0f %% of the time its busiest event loop was "
            "ready to run and had to wait, because something else ran on its cores (the server may "
            "be that, or its other event loops, of which -t run at once). So rates and latencies "
            "are not the server's alone. taskset(1) gives each a core of its own.",
            waiting * 100);
    else
        add(limits, "cpu", limit,
            "This client's CPU: its busiest event loop had work for %.0f %% of the time, so the "
            "rate is this client's, not the server's. %sMore event loops (-t) use more cores.",
            busy * 100,
            f->loopback ? "On loopback part of that is the kernel's work for the server's side, "
                          "which is done in this client's system calls. "
                        : "");
}

/* Whether this number of late starts explains that the schedule was not kept: alone they put the
 * 99th percentile above 1 ms, or they are the larger part of those that do. */
static bool matter(const struct limit_figures *f, uint64_t late)
{
    return f->late_starts * 100 > f->starts &&
           (late * 100 > f->starts || late * 2 >= f->late_starts);
}

/* Starts that were never made, without those of the last millisecond, which were not late yet. */
static uint64_t limit_missed(const struct limit_figures *f)
{
    return (double)f->missed_starts * 1000 > f->rate ? f->missed_starts : 0;
}

/* Whether they were missed because no connection was free. */
static bool slots_missing(const struct limit_figures *f)
{
    return f->slots_full || f->slot_late_starts * 2 > f->late_starts;
}

static void add_schedule(const struct limit_figures *f, json_t *limits)
{
    uint64_t late = f->late_starts - f->slot_late_starts,
             missed = slots_missing(f) ? 0 : limit_missed(f);
    char starts[HUMAN_MAX], lates[HUMAN_MAX], never[HUMAN_MAX], p99[HUMAN_MAX];
    if (f->rate <= 0 || (!matter(f, late) && !missed))
        return;
    add(limits, "schedule",
        json_pack("{s:I, s:I, s:f}", "late_starts", (json_int_t)late, "missed_starts",
                  (json_int_t)missed, "p99_us", (double)f->lateness_p99_ns / 1e3),
        "The schedule of --rate was not kept, because %s: of %s starts %s were more than 1 ms late "
        "for that, and %s were never made; the 99th percentile of all delays is %s. Latencies "
        "count from the intended start, so the delay is in them. %s",
        f->pauses ? "this client pauses for 10 ms after each attempt without a port or a descriptor"
        : search(f) ? "connect() searched long for a local port"
                    : "this client was too slow",
        human_count((int64_t)f->starts, starts), human_count((int64_t)late, lates),
        human_count((int64_t)missed, never), human_ns(f->lateness_p99_ns, p99),
        f->pauses || search(f) ? "The limits below say what helps."
        : load_waiting(f->load) > LIMIT_WAITING
            ? "A lower rate helps, a core that nothing else runs on, or more event loops (-t)."
            : "A lower rate helps, or more event loops (-t).");
}

static void add_connections(const struct limit_figures *f, json_t *limits)
{
    uint64_t late = f->slot_late_starts, missed = slots_missing(f) ? limit_missed(f) : 0;
    char all[HUMAN_MAX], lates[HUMAN_MAX], never[HUMAN_MAX];
    if (f->rate <= 0 || (!matter(f, late) && !missed))
        return;
    add(limits, "connections",
        json_pack("{s:I, s:I, s:I}", "connections", (json_int_t)f->connections, "late_starts",
                  (json_int_t)late, "missed_starts", (json_int_t)missed),
        "The schedule of --rate was not kept, because all %s connections of -c were in use "
        "when starts were due: %s were more than 1 ms late for that, and %s were never made. "
        "Latencies count from the intended start, so the delay is in them. %s",
        human_count((int64_t)f->connections, all), human_count((int64_t)late, lates),
        human_count((int64_t)missed, never),
        f->keeps ? "Raise -c: with -w hold and echo a connection stays in use, however fast "
                   "the server is."
        : cpu(f) || load_waiting(f->load) > LIMIT_WAITING
            ? "They were in use for so long because this client had too little CPU."
            : "Raise -c: the server takes longer for each than so many at once allow.");
}

/* Used ports slow connect() down long before they run out, and nothing fails: so the report must
 * say it. */
static void add_taken_ports(const struct limit_figures *f, json_t *limits)
{
    char a[HUMAN_MAX], b[HUMAN_MAX];
    bool time_wait = f->time_wait * 2 > f->taken_ports;
    bool told = f->no_port > f->no_source && !time_wait && !search(f);
    if (!f->usable_ports || f->taken_ports * 2 <= f->usable_ports || told)
        return;
    add(limits, "ports",
        json_pack("{s:I, s:I, s:I}", "taken", (json_int_t)f->taken_ports, "time_wait",
                  (json_int_t)f->time_wait, "usable", (json_int_t)f->usable_ports),
        "%s of the %s local ports for this destination %s. %s%s--source with more addresses gives "
        "more ports.",
        human_count((int64_t)(time_wait ? f->time_wait : f->taken_ports), a),
        human_count((int64_t)f->usable_ports, b),
        time_wait ? "are in TIME_WAIT, for 60 s each"
                  : "were taken at the same time by open connections",
        search(f) ? "connect() tries every second port first; once those are taken, it walks "
                    "over all of them each time, for up to milliseconds of CPU, and that is "
                    "what was measured here. More event loops (-t) do not help. "
                  : "",
        !time_wait ? ""
        : f->loopback
            ? "--close rst leaves none. "
            : "--close rst leaves none; net.ipv4.tcp_tw_reuse=1 takes them again after a second. ");
}

static void add_ports(const struct limit_figures *f, json_t *limits)
{
    char a[HUMAN_MAX];
    if (f->no_source)
        add(limits, "ports", json_pack("{s:I}", "no_source", (json_int_t)f->no_source),
            "%s attempts had a source address that is not this machine's: of a network in "
            "--source, every address must be (ip addr lists them).",
            human_count((int64_t)f->no_source, a));
    if (f->no_port > f->no_source)
        add(limits, "ports", json_pack("{s:I}", "no_port", (json_int_t)(f->no_port - f->no_source)),
            "%s attempts found no local port for this destination. Each source address has "
            "the ports of net.ipv4.ip_local_port_range for it, less those in TIME_WAIT; "
            "--source with more addresses of this machine gives more.",
            human_count((int64_t)(f->no_port - f->no_source), a));
    add_taken_ports(f, limits);
}

static void add_descriptors(const struct limit_figures *f, json_t *limits)
{
    char a[HUMAN_MAX];
    if (f->no_fd)
        add(limits, "descriptors", json_pack("{s:I}", "no_fd", (json_int_t)f->no_fd),
            "%s attempts found no descriptor or no memory: EMFILE is the limit of this "
            "process (ulimit -Hn), ENFILE the machine's (fs.file-max), ENOSPC this user's for "
            "all epolls (fs.epoll.max_user_watches), anything else is memory. Keep fewer open, "
            "with -c or with another --close.",
            human_count((int64_t)f->no_fd, a));
}

json_t *limit_list(const struct limit_figures *f)
{
    json_t *limits = json_array();
    add_cpu(f, limits);
    add_schedule(f, limits);
    add_connections(f, limits);
    add_ports(f, limits);
    add_descriptors(f, limits);
    return limits;
}
