/* When the report says that the client was the limit, and when it does not. */
#include "client/limit.h"
#include "common/process/clock.h"
#include "common/process/thread.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct load load_of(int64_t window_ms, double run, double waiting)
{
    return (struct load){.window_ns = window_ms * NS_PER_MS,
                         .run_ns = (int64_t)((double)(window_ms * NS_PER_MS) * run),
                         .wait_ns = (int64_t)((double)(window_ms * NS_PER_MS) * waiting)};
}

static const struct load idle = {.window_ns = NS_PER_S, .run_ns = NS_PER_S / 2};

/* The names of the limits, "cpu schedule", and the first one's sentence. */
static const char *names_of(const struct limit_figures *f, char sentence[static 1000])
{
    static char names[200];
    size_t i;
    json_t *limit, *limits = limit_list(f);
    names[0] = sentence[0] = '\0';
    cr_assert(json_is_array(limits));
    json_array_foreach(limits, i, limit)
    {
        const char *text = json_string_value(json_object_get(limit, "sentence"));
        cr_assert(text && text[strlen(text) - 1] == '.', "no sentence: %s", text);
        snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s", i ? " " : "",
                 json_string_value(json_object_get(limit, "limit")));
        if (i == 0)
            snprintf(sentence, 1000, "%s", text);
    }
    json_decref(limits);
    return names;
}

static void check(struct limit_figures f, const char *names, const char *said)
{
    char sentence[1000];
    if (!f.load)
        f.load = &idle;
    cr_expect_str_eq(names_of(&f, sentence), names, "%s instead of \"%s\": %s",
                     names_of(&f, sentence), names, sentence);
    cr_expect(!said || strstr(sentence, said), "no \"%s\" in: %s", said, sentence);
}

Test(limit, none)
{
    check((struct limit_figures){.connections = 100, .starts = 1000}, "", NULL);
    check((struct limit_figures){.rate = 1000, .connections = 100, .starts = 1000}, "", NULL);
    const struct load nothing = {0};
    check((struct limit_figures){.load = &nothing}, "", NULL);
}

Test(limit, a_loop_that_always_had_work)
{
    static const struct {
        double run, waiting;
        const char *names, *said;
    } cases[] = {
        {0.94, 0, "", NULL},
        {0.96, 0, "cpu", "had work for 96 % of the time, so the rate is this client's"},
        {0.80, 0.16, "cpu", "had work for 96 % of the time"},
        {0.75, 0.22, "cpu", "There was no CPU for this client: for 22 % of the time"},
        {0.50, 0.40, "", NULL},
        {0.90, 0.90, "cpu", "for 90 % of the time"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const struct load load = load_of(1000, cases[i].run, cases[i].waiting);
        check((struct limit_figures){.load = &load}, cases[i].names, cases[i].said);
    }
}

/* A flood of some milliseconds is always busy, and says nothing of a rate. */
Test(limit, a_short_run_is_not_judged_by_its_cpu)
{
    const struct load just = load_of(100, 1, 0), shorter = load_of(99, 1, 0);
    check((struct limit_figures){.load = &just}, "cpu", NULL);
    check((struct limit_figures){.load = &shorter}, "", NULL);
}

Test(limit, on_loopback_the_kernels_part_is_said)
{
    char here[1000], there[1000];
    const struct load load = load_of(1000, 1, 0);
    names_of(&(struct limit_figures){.load = &load, .loopback = true}, here);
    names_of(&(struct limit_figures){.load = &load}, there);
    cr_expect(strstr(here, "the kernel's work for the server's side"));
    cr_expect_null(strstr(there, "loopback"));
}

Test(limit, the_schedule_is_kept_when_its_99th_percentile_is_within_a_millisecond)
{
    struct limit_figures f = {
        .rate = 1000, .starts = 1000, .late_starts = 10, .lateness_p99_ns = 900000};
    check(f, "", NULL);
    f.late_starts = 11;
    f.lateness_p99_ns = 1500000;
    check(f, "schedule",
          "of 1,000 starts 11 were more than 1 ms late for that, and 0 were never made; the 99th "
          "percentile of all delays is 1.50 ms");
}

Test(limit, starts_without_a_free_connection_are_another_limit)
{
    struct limit_figures f = {.rate = 1000, .connections = 4, .starts = 1000, .late_starts = 500};
    f.slot_late_starts = 495;
    check(f, "connections",
          "all 4 connections of -c were in use when starts were due: 495 were more than 1 ms late");
    f.slot_late_starts = 250;
    check(f, "schedule connections", "250 were more than 1 ms late for that");
    f.slot_late_starts = 0;
    check(f, "schedule", NULL);
    f.late_starts = 16; /* neither cause alone is one in a hundred */
    f.slot_late_starts = 9;
    check(f, "connections", NULL);
}

Test(limit, starts_that_were_never_made)
{
    struct limit_figures f = {.rate = 1000, .connections = 4, .starts = 1000, .missed_starts = 300};
    check(f, "schedule", "300 were never made");
    f.slots_full = true;
    check(f, "connections", "300 were never made");
    f.slots_full = false;
    f.late_starts = 20;
    f.slot_late_starts = 18;
    check(f, "connections", "18 were more than 1 ms late for that, and 300 were never made");
    f.missed_starts = 1; /* due in the last millisecond */
    f.late_starts = f.slot_late_starts = 0;
    check(f, "", NULL);
    f.rate = 20;
    check(f, "schedule", "1 were never made");
}

/* With the CPU gone everything takes longer, and then -c is used up, too: more of them would not
 * help. */
Test(limit, raising_c_is_no_advice_without_cpu)
{
    const struct load load = load_of(1000, 1, 0);
    struct limit_figures f = {.rate = 10, .starts = 100, .late_starts = 50, .slot_late_starts = 50};
    json_t *limits;
    f.load = &load;
    limits = limit_list(&f);
    cr_assert_eq(json_array_size(limits), 2);
    cr_expect_null(strstr(json_string_value(json_object_get(json_array_get(limits, 1), "sentence")),
                          "Raise -c"));
    json_decref(limits);
    const struct load waiting = load_of(1000, 0.1, 0.3);
    f.load = &waiting;
    check(f, "connections", "because this client had too little CPU");
    f.load = &idle;
    check(f, "connections", "Raise -c");
}

Test(limit, ports_and_descriptors)
{
    check((struct limit_figures){.no_port = 5}, "ports", "5 attempts found no local port");
    check((struct limit_figures){.no_fd = 1200}, "descriptors",
          "1,200 attempts found no descriptor");
    check((struct limit_figures){.taken_ports = 50, .time_wait = 50, .usable_ports = 100}, "",
          NULL);
    check((struct limit_figures){.taken_ports = 51, .time_wait = 51, .usable_ports = 100}, "ports",
          "51 of the 100 local ports for this destination are in TIME_WAIT");
    check((struct limit_figures){.taken_ports = 51, .time_wait = 51}, "", NULL);
    check((struct limit_figures){.taken_ports = 51, .time_wait = 1, .usable_ports = 100}, "ports",
          "51 of the 100 local ports for this destination were taken at the same time by open "
          "connections. --source");
    check(
        (struct limit_figures){
            .no_port = 5, .taken_ports = 60, .time_wait = 60, .usable_ports = 100, .no_fd = 1},
        "ports ports descriptors", NULL);
    check((struct limit_figures){.no_port = 5, .taken_ports = 100, .usable_ports = 100}, "ports",
          "5 attempts found no local port");
    check((struct limit_figures){.no_port = 5, .no_source = 5}, "ports",
          "5 attempts had a source address that is not");
    check((struct limit_figures){.no_port = 7, .no_source = 5}, "ports ports", NULL);
}

/* The CPU was used by the kernel's walk over the ports: more of it is no advice. */
Test(limit, the_search_for_a_port_is_not_the_clients_cpu)
{
    const struct load busy = load_of(1000, 1, 0), waiting = load_of(1000, 0.7, 0.3);
    struct limit_figures f = {.load = &busy,
                              .starts = 19000,
                              .taken_ports = 19000,
                              .usable_ports = 28232,
                              .long_search = true};
    check(f, "ports",
          "19,000 of the 28,232 local ports for this destination were taken at the same time by "
          "open connections. connect() tries every second port first");
    f.rate = 20000;
    f.late_starts = 4000;
    check(f, "schedule ports",
          "because connect() searched long for a local port: of 19,000 starts 4,000");
    f.rate = 0;
    f.load = &waiting;
    check(f, "cpu ports", "There was no CPU for this client");
    f.load = &busy;
    f.starts = f.taken_ports = 14800; /* 684 of them searched: one in 22 */
    check(f, "cpu ports", "This client's CPU");
    f.starts = f.taken_ports = 19000;
    f.long_search = false;
    check(f, "cpu ports", "This client's CPU");
}

Test(limit, a_pause_is_not_slowness)
{
    check(
        (struct limit_figures){
            .rate = 1000, .starts = 1000, .late_starts = 500, .no_fd = 50, .pauses = true},
        "schedule descriptors",
        "because this client pauses for 10 ms after each attempt without a port");
}

Test(limit, a_connection_that_is_kept_is_not_a_slow_server)
{
    struct limit_figures f = {.rate = 10,
                              .connections = 4,
                              .starts = 100,
                              .late_starts = 50,
                              .slot_late_starts = 50,
                              .keeps = true};
    check(f, "connections", "however fast the server is");
    const struct load waiting = load_of(1000, 0.1, 0.3);
    f.load = &waiting;
    check(f, "connections", "however fast the server is");
    f.keeps = false;
    check(f, "connections", "this client had too little CPU");
    f.load = &idle;
    check(f, "connections", "the server takes longer");
}

Test(limit, the_figures_stand_beside_the_sentence)
{
    const struct load load = load_of(1000, 0.75, 0.25);
    json_t *limits = limit_list(&(struct limit_figures){
        .load = &load, .rate = 10, .starts = 100, .late_starts = 50, .lateness_p99_ns = 1234567});
    const json_t *cpu = json_array_get(limits, 0), *schedule = json_array_get(limits, 1);
    cr_expect_float_eq(json_number_value(json_object_get(cpu, "busy")), 1, 1e-9);
    cr_expect_float_eq(json_number_value(json_object_get(cpu, "waiting")), 0.25, 1e-9);
    cr_expect_eq(json_integer_value(json_object_get(schedule, "late_starts")), 50);
    cr_expect_eq(json_integer_value(json_object_get(schedule, "missed_starts")), 0);
    cr_expect_float_eq(json_number_value(json_object_get(schedule, "p99_us")), 1234.567, 1e-9);
    json_decref(limits);
}

/* Spinning is running; what another thread does is not. */
Test(load, a_window_has_what_its_thread_did)
{
    struct load load = {0};
    load_end(&load, 0);
    cr_assert_eq(load.window_ns, 0);
    for (int i = 0; i < 2; i++) {
        load_begin(&load, 0);
        load_begin(&load, 0);
        for (int64_t until_ns = clock_now_ns() + 30 * NS_PER_MS; clock_now_ns() < until_ns;)
            ;
        load_end(&load, 0);
        load_end(&load, 0);
    }
    cr_assert_geq(load.window_ns, 60 * NS_PER_MS);
    cr_expect_gt(load.run_ns, 0);
    cr_expect_geq(load_busy(&load), 0.9, "run %lld, waited %lld of %lld", (long long)load.run_ns,
                  (long long)load.wait_ns, (long long)load.window_ns);
    struct load polled = {0};
    load_begin(&polled, 5 * NS_PER_MS);
    for (int64_t until_ns = thread_cpu_ns() + 30 * NS_PER_MS; thread_cpu_ns() < until_ns;)
        ;
    load_end(&polled, 25 * NS_PER_MS);
    cr_expect_geq(polled.run_ns, 10 * NS_PER_MS, "20 of 30 ms it polled");
    cr_expect_lt(polled.run_ns, 20 * NS_PER_MS);
    int64_t run_ns = load.run_ns, window_ns = load.window_ns;
    for (int64_t until_ns = clock_now_ns() + 10 * NS_PER_MS; clock_now_ns() < until_ns;)
        ;
    cr_expect_eq(load.run_ns, run_ns);
    cr_expect_eq(load.window_ns, window_ns);
}
