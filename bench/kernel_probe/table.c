/* Which kernel_probes there are, and the cells that they run in. */
#include "bench/kernel_probe/kernel_probe.h"
#include "bench/lab/needs.h"
#include "common/sysctl/sysctl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROBE_LOOKS "The sysctl is looked for in a private network."
#define THERE_OR_NOT    \
    {                   \
        "true", "false" \
    }
#define KNOB_MEANS(text)                           \
    {                                              \
        {"true", text},                            \
        {                                          \
            "false", "There is no such knob here." \
        }                                          \
    }

/* That of the cookies comes first: it counts resets, and none of another probe's must be on its
 * way. */
const struct kernel_probe kernel_probes[] = {
    {"cookie_ack_at_full_queue",
     "With tcp_abort_on_overflow = 1 and backlog 0, two clients both get a SYN cookie before "
     "either answers.",
     kernel_probe_cookie_ack_at_full_queue},
    {"syn_queue_full",
     "Six SYNs come to a listener with backlog 2, and the wire holds their SYN-ACKs back.",
     kernel_probe_syn_queue_full,
     .history = "> since a change of January 2025, which older series have got as well"},
    {"syn_at_full_queue",
     "One SYN more comes to a listener with backlog 1 that has two connections which nobody "
     "accepts.",
     kernel_probe_syn_at_full_queue},
    {"curr_estab",
     "A connection is made, its client says FIN, and CurrEstab is read again when the server is in "
     "CLOSE_WAIT.",
     kernel_probe_curr_estab, .history = "both since 6.10, and in stable kernels since mid-2024"},
    {"syn_timeouts", PROBE_LOOKS, .sysctl = "net.ipv4.tcp_syn_linear_timeouts",
     .there = {"linear", "doubling"}},
    {"syn_timeouts",
     "A SYN that nobody answers, with tcp_syn_linear_timeouts = 2 where it is there.",
     kernel_probe_syn_timeouts, .waits = true, .history = "linear since 6.5"},
    {"time_wait_reuse_clock", PROBE_LOOKS, .sysctl = "net.ipv4.tcp_tw_reuse_delay",
     .there = {"milliseconds", "seconds"}},
    {"time_wait_reuse_clock",
     "With tcp_tw_reuse = 1, and tcp_tw_reuse_delay = 250 where it is there, a client that has one "
     "port only tries to get it again.",
     kernel_probe_time_wait_reuse, .waits = true, .history = "milliseconds since 6.14"},
    {"hz", "The coarse clock (CLOCK_MONOTONIC_COARSE) is asked for its resolution.",
     kernel_probe_hz,
     .means = {{NULL, "Ticks a second of the kernel's timers: they are the coarser the fewer."}}},
    {"timer_wheel", "A SYN that nobody answers: its first repetition is one timer of 1 s.",
     kernel_probe_timer_wheel, .waits = true,
     .means = {{"true", "A timer is never early, and late by no more than its level of the timer "
                        "wheel is coarse."},
               {"false", "A timer was early: predicted times do not hold here."}}},
    {"tcp_migrate_req", PROBE_LOOKS, .sysctl = "net.ipv4.tcp_migrate_req", .there = THERE_OR_NOT,
     .means = KNOB_MEANS(
         "A listener that closes can leave its queue to another one of its SO_REUSEPORT group.")},
    {"tcp_rto_max_ms", PROBE_LOOKS, .sysctl = "net.ipv4.tcp_rto_max_ms", .there = THERE_OR_NOT,
     .means = KNOB_MEANS("The longest gap between retransmissions can be set.")},
    {"tcp_rto_min_us", PROBE_LOOKS, .sysctl = "net.ipv4.tcp_rto_min_us", .there = THERE_OR_NOT,
     .means = KNOB_MEANS("The shortest gap between retransmissions can be set.")},
    {"tcp_max_tw_buckets", PROBE_LOOKS, .sysctl = "net.ipv4.tcp_max_tw_buckets",
     .there = THERE_OR_NOT,
     .means = {{"true", "Each network namespace has a bound of its own for its TIME_WAITs."},
               {"false", "The bound for TIME_WAITs is the whole machine's."}}},
    {"tcp_max_orphans", PROBE_LOOKS, .sysctl = "net.ipv4.tcp_max_orphans", .there = THERE_OR_NOT,
     .means = {{"true", "Each network namespace has a bound of its own for its orphans."},
               {"false", "The bound for orphans is the whole machine's, and no lab can show it."}}},
    {"fast_open", "The value of tcp_fastopen in a fresh network is read.", kernel_probe_fast_open,
     .means = {{"off", "TCP Fast Open is off until tcp_fastopen is set."},
               {"client", "TCP Fast Open is on for clients; a server needs tcp_fastopen = 2 or 3."},
               {NULL, "TCP Fast Open is on for servers."}}},
    {"user_namespace",
     "In a new user namespace with a network of its own net.core.somaxconn is opened for writing.",
     kernel_probe_user_namespace,
     .means = {{"writable",
                "An ordinary user's lab has the net.core sysctls, somaxconn among them."},
               {"none", "No user namespace can be made: labs need root."},
               {NULL, "An ordinary user's lab cannot set net.core.somaxconn."}}},
    {0},
};

_Static_assert(sizeof(kernel_probes) / sizeof(*kernel_probes) <= KERNEL_PROBES_MAX,
               "struct findings has room for all");
_Static_assert(sizeof(struct findings) <= NEEDS_ANSWER_MAX, "the pipe has room for all");

void finding_is(struct finding *f, const char *value, const char *format, ...)
{
    va_list arguments;
    snprintf(f->value, sizeof(f->value), "%s", value);
    va_start(arguments, format);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    vsnprintf(f->seen, sizeof(f->seen), format, arguments);
#pragma GCC diagnostic pop
    va_end(arguments);
}

/* In the cell's own network. */
static void probe_sysctl(const struct lab *lab, const struct kernel_probe *p, struct finding *f)
{
    char value[SYSCTL_VALUE_MAX];
    int r = host_enter(&lab->client);
    if (!r)
        r = sysctl_read(p->sysctl, value);
    finding_is(f,
               !r             ? p->there[0]
               : r == -ENOENT ? p->there[1]
                              : "",
               "%s is %s", p->sysctl,
               !r             ? "there"
               : r == -ENOENT ? "not there"
                              : strerror(-r));
}

static void probe_run(const struct kernel_probe *p, const struct lab *lab, struct finding *f)
{
    if (p->run)
        p->run(lab, f);
    else
        probe_sysctl(lab, p, f);
}

/* --- cells --- */

static void probe_visit(const struct lab *lab, void *answer)
{
    struct findings *f = answer;
    for (size_t i = 0; kernel_probes[i].name; i++)
        if (f->alone ? f->alone == &kernel_probes[i] : !kernel_probes[i].waits)
            probe_run(&kernel_probes[i], lab, &f->of[i]);
}

/* For the tests: a rule that is wrong on purpose must make a prediction that differs.
 * TCPLAB_TEST_RULE is "name=value". */
static void probe_falsify(struct kernel_rules *r)
{
    char text[80];
    const char *given = getenv("TCPLAB_TEST_RULE");
    snprintf(text, sizeof(text), "%s", given ? given : "");
    char *value = strchr(text, '=');
    if (!value)
        return;
    *value++ = '\0';
    kernel_rules_set(r, text, value);
}

/* What they mean for the model. */
static void probe_rules(const struct findings *f, struct kernel_rules *ret)
{
    *ret = (struct kernel_rules){0};
    for (size_t i = 0; kernel_probes[i].name; i++)
        /* a fact is no rule: -ENOENT */
        if (f->of[i].value[0])
            kernel_rules_set(ret, kernel_probes[i].name, f->of[i].value);
    probe_falsify(ret);
}

const char *kernel_probe_quickly(struct kernel_rules *ret)
{
    struct findings f = {0};
    struct needs_cell cell;
    needs_begin(probe_visit, &f, sizeof(f), &cell);
    const char *lacking = needs_end(&cell);
    probe_rules(&f, ret);
    return lacking;
}

/* Those that do not wait come first: where there can be no lab, one says so; and the wires take
 * memory. */
const char *kernel_probe_all(struct findings *ret)
{
    static struct findings waiting[KERNEL_PROBES_MAX];
    struct needs_cell cells[KERNEL_PROBES_MAX];
    *ret = (struct findings){0};
    needs_begin(probe_visit, ret, sizeof(*ret), &cells[0]);
    const char *lacking = needs_end(&cells[0]);
    if (lacking)
        return lacking;
    for (size_t i = 0; kernel_probes[i].name; i++) {
        waiting[i].alone = &kernel_probes[i];
        if (kernel_probes[i].waits)
            needs_begin(probe_visit, &waiting[i], sizeof(waiting[i]), &cells[i]);
    }
    for (size_t i = 0; kernel_probes[i].name; i++) {
        const char *why = kernel_probes[i].waits ? needs_end(&cells[i]) : NULL;
        if (kernel_probes[i].waits)
            ret->of[i] = waiting[i].of[i];
        if (why)
            finding_is(&ret->of[i], "", "%s", why);
    }
    return NULL;
}

/* --- what they say --- */

size_t kernel_probe_that_counts(const struct findings *f, const char *name)
{
    size_t found = KERNEL_PROBES_MAX;
    for (size_t i = 0; kernel_probes[i].name; i++)
        if (!strcmp(kernel_probes[i].name, name) &&
            (found == KERNEL_PROBES_MAX || f->of[i].value[0]))
            found = i;
    return found;
}

static const char *probe_rule_means(const char *name, const char *value)
{
    for (size_t rule = 0; rule < KERNEL_RULES_N; rule++)
        for (int i = 0; i < 2 && !strcmp(kernel_rule_texts[rule].name, name); i++)
            if (!strcmp(kernel_rule_texts[rule].word[i], value))
                return kernel_rule_texts[rule].means[i];
    return NULL;
}

const char *kernel_probe_means(const struct kernel_probe *p, const char *value)
{
    const size_t n = sizeof(p->means) / sizeof(*p->means);
    for (size_t i = 0; i < n && *value && p->means[i].means; i++)
        if (!p->means[i].value || !strcmp(p->means[i].value, value))
            return p->means[i].means;
    return probe_rule_means(p->name, value);
}

json_t *kernel_probe_json(const struct finding *f)
{
    if (!f->value[0])
        return json_string(KERNEL_RULE_UNKNOWN);
    if (!strcmp(f->value, "true") || !strcmp(f->value, "false"))
        return json_boolean(f->value[0] == 't');
    return f->value[0] >= '0' && f->value[0] <= '9' ? json_integer(atoll(f->value))
                                                    : json_string(f->value);
}
