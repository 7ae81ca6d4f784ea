#include "bench/trial/trial.h"
#include "bench/lab/needs.h"
#include "bench/model/queue.h"
#include "bench/trial/captures.h"
#include "bench/trial/like.h"
#include "bench/trial/observations.h"
#include "bench/trial/outcome.h"
#include "bench/trial/own_sockets.h"
#include "bench/trial/steps_inside.h"
#include "bench/trial/trial_document.h"
#include "common/process/clock.h"
#include "common/process/exit_code.h"
#include "common/sysctl/sysctl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define TRIAL_DESCRIPTORS 48 /* what a program needs beside its connections */

static void open_lab(struct trial *t)
{
    const struct lab_args args = {
        .loopback = knobs_have(t->knobs, "link") && knob(t->knobs, "link") == KNOB_LOOPBACK,
        .ipv6 = knobs_have(t->knobs, "ipv6") && knob(t->knobs, "ipv6"),
        .delay_ns = knobs_have(t->knobs, "delay") ? knob(t->knobs, "delay") : 0};
    const char *step;
    int r = lab_open(&args, &t->lab, &step);
    if (!r) {
        const struct watch_args watch = {.server = &t->lab.server,
                                         .client = &t->lab.client,
                                         .family = t->lab.family,
                                         .port = LAB_PORT};
        r = watch_new(&watch, &t->watch, &step);
    }
    if (r)
        step_fail(t, EXIT_CODE_CANNOT, "%s", needs_mend(step, -r));
}

static void set_text(struct trial *t, const char *text)
{
    char key[SYSCTL_KEY_MAX], value[SYSCTL_VALUE_MAX];
    const char *why;
    if (sysctl_parse(text, key, value, &why))
        step_fail(t, EXIT_CODE_USAGE, "%s: %s", text, why);
    step_set(t, SIDE_CLIENT, key, value);
    if (!t->lab.loopback)
        step_set(t, SIDE_SERVER, key, value);
}

/* A host's (--like), the experiment's own, then the knobs', then what the user gave by its full
 * name: the later wins. */
static void set_sysctls(struct trial *t)
{
    const struct knobs *k = t->knobs;
    char text[SYSCTL_KEY_MAX + 32];
    like_set(t);
    for (size_t i = 0; t->experiment->sysctls && t->experiment->sysctls[i]; i++)
        set_text(t, t->experiment->sysctls[i]);
    for (size_t i = 0; i < k->n; i++) {
        if (!k->knobs[i].sysctl || !k->set[i])
            continue;
        snprintf(text, sizeof(text), "%s=%lld", k->knobs[i].sysctl, (long long)k->value[i]);
        set_text(t, text);
    }
    for (size_t i = 0; i < k->n_sysctls; i++)
        set_text(t, k->sysctl[i]);
    like_compare(t);
}

/* What the server host is set to now. */
static void read_conditions(struct trial *t)
{
    if (t->failure)
        return;
    host_enter(&t->lab.server);
    surroundings_conditions(&t->conditions);
}

static void check_knobs(struct trial *t)
{
    char *message = NULL;
    if (!t->failure && knobs_check(t->knobs->knobs, t->knobs->n, &message))
        step_fail(t, EXIT_CODE_FAILED, "%s", message ? message : "out of memory");
    if (t->failure || !experiment_check(t->experiment, t->knobs, &t->conditions, &message))
        return;
    step_fail(t, EXIT_CODE_USAGE, "%s", message ? message : "these knobs do not go together");
    free(message);
}

/* Connections beside those of the knob clients, which the server may have to hold as well. */
static int64_t others(const struct trial *t)
{
    const struct knobs *k = t->knobs;
    int64_t prefill = knobs_have(k, "prefill") ? knob(k, "prefill") : 0;
    if (prefill == OPTION_NEVER)
        prefill = queue_limit(knob(k, "backlog"), t->conditions.somaxconn);
    return prefill + (knobs_have(k, "then") ? knob(k, "then") : 0);
}

/* Before anything is started: the client refuses a run that cannot fit, but then the trial is under
 * way. */
static void check_descriptors(struct trial *t)
{
    struct rlimit limit = {0};
    if (!knobs_have(t->knobs, "clients"))
        return;
    int64_t needed = TRIAL_DESCRIPTORS + knob(t->knobs, "clients") + others(t);
    getrlimit(RLIMIT_NOFILE, &limit);
    if (!t->failure && (rlim_t)needed > limit.rlim_max)
        step_fail(t, EXIT_CODE_CANNOT,
                  "clients=%lld need %lld descriptors in one process, and a process may open %llu "
                  "here (the hard limit); use fewer clients, or raise it: ulimit -Hn %lld",
                  (long long)knob(t->knobs, "clients"), (long long)needed,
                  (unsigned long long)limit.rlim_max, (long long)needed);
}

/* Of a range of an odd number of ports connect() may overlook one (model/ports.h). */
static void check_ports(struct trial *t)
{
    int64_t ports = step_ports(t, SIDE_CLIENT);
    if (t->failure || !knobs_have(t->knobs, "clients"))
        return;
    if (knob(t->knobs, "clients") + others(t) > ports - (ports > 1 && ports % 2))
        step_fail_without_port(t, SIDE_CLIENT);
}

/* For the tests: a prediction that is wrong on purpose must be found to differ. TCPLAB_TEST_FALSIFY
 * names the expectation. */
static void falsify(struct prediction *p)
{
    const char *name = getenv("TCPLAB_TEST_FALSIFY");
    for (size_t i = 0; name && i < p->n; i++)
        if (!strcmp(p->expectations[i].name, name)) {
            p->expectations[i].lo = p->expectations[i].hi + 1;
            p->expectations[i].hi += 1;
        }
}

static void check_names(struct trial *t)
{
    for (size_t i = 0; i < t->prediction.n; i++) {
        const char *name = t->prediction.expectations[i].name;
        const char *fault = observation_fault(name, t->counters_before[SIDE_SERVER]);
        if (fault)
            step_fail(t, EXIT_CODE_FAILED, "the experiment predicts %s: %s", name, fault);
    }
}

static void count(struct trial *t)
{
    for (int side = 0; side < 2 && !t->failure; side++) {
        int r = host_enter(side == SIDE_SERVER ? &t->lab.server : &t->lab.client);
        if (!r)
            r = counters_read(&t->counters_before[side]);
        step_check(t, r, "reading the kernel's counters");
    }
    if (!t->failure)
        step_check(t, watch_count_anew(t->watch), "reading the kernel's counters");
}

/* A segment that was lost before the wire saw it is a fault of the lab, not of TCP. */
static void check_wire(struct trial *t)
{
    struct wire_status s = wire_status(t->lab.wire);
    if (s.kernel_lost)
        step_fail(t, EXIT_CODE_FAILED,
                  "the wire lost %llu frames that it was handed too fast; use fewer clients, or a "
                  "quieter machine",
                  (unsigned long long)s.kernel_lost);
}

static void go(struct trial *t)
{
    open_lab(t);
    set_sysctls(t);
    read_conditions(t);
    check_knobs(t);
    check_descriptors(t);
    check_ports(t);
    count(t);
    if (t->failure)
        return;
    t->experiment->predict(t->knobs, &t->conditions, &t->prediction);
    falsify(&t->prediction);
    check_names(t);
    t->experiment->run(t, t->knobs);
    step_take_stock(t);
    t->timeline = watch_timeline(t->watch, t->began_ns);
    t->counters_over_time = watch_counters(t->watch, t->began_ns);
    t->ended_ns = clock_now_ns(); /* what comes now is the end of the lab, not of the experiment */
    outcome_end_programs(t);
    outcome_make_ledger(t);
    if (!t->failure)
        check_wire(t);
}

static void release(struct trial *t)
{
    for (size_t i = 0; i < t->n_clients; i++) {
        process_free(t->clients[i].process);
        if (t->clients[i].before_kill)
            look_release(t->clients[i].before_kill);
        free(t->clients[i].before_kill);
    }
    process_free(t->server);
    own_sockets_release(t);
    watch_free(t->watch);
    if (t->lab.server_address)
        lab_close(&t->lab);
    look_release(&t->stock);
    ledger_release(&t->ledger);
    prediction_release(&t->prediction);
    for (int side = 0; side < 2; side++) {
        counters_free(t->counters_before[side]);
        json_decref(t->counters[side]);
    }
    json_decref(t->like);
    json_decref(t->seen);
    json_decref(t->sysctls);
    json_decref(t->commands);
    json_decref(t->calls);
    json_decref(t->marks);
    json_decref(t->timeline);
    json_decref(t->counters_over_time);
    free(t->failure);
}

json_t *trial_run(const struct trial_args *args, int *ret_code)
{
    struct trial t = {.experiment = args->experiment,
                      .knobs = args->knobs,
                      .programs = args->programs,
                      .report = args->progress,
                      .segments = args->segments,
                      .thresholds = args->thresholds,
                      .live = args->live,
                      .seen = json_object(),
                      .sysctls = json_object(),
                      .commands = json_array(),
                      .calls = json_array(),
                      .marks = json_array(),
                      .show = LEDGER_N};
    int64_t began_ns = clock_now_ns();
    t.began_ns = began_ns;
    surroundings_read(&t.surroundings);
    if (args->rules)
        t.conditions.rules = *args->rules;
    go(&t);
    double elapsed_s = (double)(clock_now_ns() - began_ns) / 1e9;
    json_t *document = trial_document(&t, args->repetition, elapsed_s, ret_code);
    bool failed = t.failure;
    captures_write(&t, args->pcap, args->pcapng, document);
    if (t.failure && !failed) {
        json_decref(document);
        document = trial_document(&t, args->repetition, elapsed_s, ret_code);
    }
    release(&t);
    return document;
}
