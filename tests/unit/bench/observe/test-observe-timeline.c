/* The timeline: what changed is an entry, and nothing else. */
#include "bench/observe/timeline.h"
#include "tests/lib/looks.h"

#define MS 1000000LL

static struct timeline timeline;

static void end(void)
{
    timeline_release(&timeline);
}

TestSuite(timeline, .fini = end);

static const struct look quiet = {.at_ns = 100 * MS, .listening = true, .queue = 2, .limit = 4};

static json_t *at(size_t i, json_t *json)
{
    json_t *entry = json_array_get(json, i);
    cr_assert_not_null(entry, "no entry %zu", i);
    return entry;
}

static void expect_json(const char *expected, int64_t zero_ns)
{
    json_t *json = timeline_json(&timeline, zero_ns), *wanted = json_loads(expected, 0, NULL);
    char *text = json_dumps(json, JSON_COMPACT);
    cr_assert_not_null(wanted);
    cr_expect(json_equal(json, wanted), "%s", text);
    free(text);
    json_decref(json);
    json_decref(wanted);
}

Test(timeline, only_what_changed_is_kept)
{
    struct look look = quiet;
    cr_expect_eq(timeline_add(&timeline, &look), 1, "the first look is news");
    look.at_ns += 5 * MS;
    cr_expect_eq(timeline_add(&timeline, &look), 0);
    look.queue = 3;
    cr_expect_eq(timeline_add(&timeline, &look), 1);
    cr_expect_eq(timeline_add(&timeline, &look), 0);
    look.queue = 2;
    cr_expect_eq(timeline_add(&timeline, &look), 1, "what was once is news when it comes again");
    cr_expect_eq(timeline.n, 3);
}

/* A look that differs from the quiet one in one thing is a change. */
static void expect_change(const struct look *changed, const char *what)
{
    timeline_add(&timeline, &quiet);
    cr_expect_eq(timeline_add(&timeline, changed), 1, "%s", what);
    timeline_release(&timeline);
}

Test(timeline, each_figure_counts)
{
    struct look look = quiet;
    look.side[SIDE_SERVER].states[SOCKDIAG_SYN_RECV] = 1;
    expect_change(&look, "a state of the server's");
    look = quiet;
    look.side[SIDE_CLIENT].states[SOCKDIAG_BOUND_INACTIVE] = 1;
    expect_change(&look, "a state of the client's");
    look = quiet;
    look.side[SIDE_SERVER].minisockets = 1;
    expect_change(&look, "the server's minisockets");
    look = quiet;
    look.side[SIDE_CLIENT].minisockets = 1;
    expect_change(&look, "the client's minisockets");
    look = quiet;
    look.queue++;
    expect_change(&look, "the queue");
    look = quiet;
    look.limit++;
    expect_change(&look, "the limit");
    look = quiet;
    look.listening = false;
    expect_change(&look, "listening");
}

Test(timeline, other_sockets_in_the_same_states_are_no_change)
{
    struct look look = quiet;
    const struct connection_id one = looks_id(40000), two = looks_id(40001);
    looks_put(&look, SIDE_CLIENT, &one, SOCKDIAG_ESTABLISHED, 1);
    cr_expect_eq(timeline_add(&timeline, &look), 1);
    look.side[SIDE_CLIENT].n = 0;
    look.side[SIDE_CLIENT].states[SOCKDIAG_ESTABLISHED] = 0;
    looks_put(&look, SIDE_CLIENT, &two, SOCKDIAG_ESTABLISHED, 1);
    cr_expect_eq(timeline_add(&timeline, &look), 0);
    look_release(&look);
}

Test(timeline, json)
{
    struct look look = quiet;
    timeline_add(&timeline, &look);
    look.at_ns = 102345678;
    look.side[SIDE_SERVER].states[SOCKDIAG_SYN_RECV] = 7;
    look.side[SIDE_CLIENT].states[SOCKDIAG_FIN_WAIT_2] = 5;
    look.side[SIDE_CLIENT].minisockets = 3;
    timeline_add(&timeline, &look);
    look = (struct look){.at_ns = 103 * MS};
    timeline_add(&timeline, &look);
    expect_json(
        "[{\"t_ms\": -1.0, \"server\": {\"LISTEN\": 1}, \"client\": {}, \"queue\": 2, \"limit\": "
        "4}, {\"t_ms\": 1.346, \"server\": {\"SYN_RECV\": 7, \"LISTEN\": 1},  \"client\": "
        "{\"FIN_WAIT_2\": 5, \"FIN_WAIT_2_minisockets\": 3}, \"queue\": 2, \"limit\": 4}, "
        "{\"t_ms\": 2.0, \"server\": {}, \"client\": {}, \"queue\": 0, \"limit\": 0}]",
        101 * MS);
}

Test(timeline, an_empty_one)
{
    expect_json("[]", 0);
    timeline_release(&timeline);
    cr_expect_eq(timeline.n, 0);
}

/* A queue that never rests: entry i has i in the queue, at i ms. */
Test(timeline, a_run_without_end_takes_no_memory_without_end)
{
    struct look look = {0};
    for (uint32_t i = 0; i < TIMELINE_MOST + 50; i++) {
        look.queue = i;
        look.at_ns = i * MS;
        cr_assert_eq(timeline_add(&timeline, &look), 1);
    }
    cr_assert_eq(timeline.n, TIMELINE_MOST);
    json_t *json = timeline_json(&timeline, 0);
    json_t *before = at(TIMELINE_MOST - 2, json), *last = at(TIMELINE_MOST - 1, json);
    cr_expect_eq(json_integer_value(json_object_get(before, "queue")), TIMELINE_MOST - 2);
    cr_expect_eq(json_integer_value(json_object_get(last, "queue")), TIMELINE_MOST + 49);
    cr_expect_float_eq(json_number_value(json_object_get(last, "t_ms")), TIMELINE_MOST + 49, 1e-9);
    json_decref(json);
    cr_expect_eq(timeline_add(&timeline, &look), 0,
                 "the renewed one is what the next is compared with");
}
