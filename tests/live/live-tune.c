/* tcplab-bench sweep and knee: what is measured, what is kept when they are interrupted, and what
 * is refused. The loads are slow ones, a connection each few ms, so that a busy machine hardly
 * changes them. */
#include "tests/lib/live.h"

#include <criterion/criterion.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(tune, .init = live_setup, .timeout = LIVE_TIMEOUT_S);

static const json_t *at(const json_t *document, const char *key, size_t i)
{
    return json_array_get(json_object_get(document, key), i);
}

/* On a machine that is too busy the client is the limit of some value, and nothing is found. */
static bool some_limited(const json_t *document)
{
    json_t *answer;
    size_t i;
    json_array_foreach(json_object_get(document, "answers"), i, answer)
    {
        if (!strcmp(json_string_value(json_object_get(answer, "answer")), "limited"))
            return true;
    }
    return false;
}

/* A loop that never accepts holds limit + 1 of 12: with 11 or more places there are no drops. The
 * backlog that is enough is 11, and the first that is not is 10, to the connection. */
Test(tune, the_knee_of_a_queue_that_only_fills)
{
    int code;
    struct live *b =
        live_run(&code, "bench", "knee", "--server", "--accept-delay never", "--client",
                 "-w hold -c 12 -T 300ms -d 400ms", "--rounds", "1", "--vary",
                 "server.backlog=0..40", "--until", "server.listener.drops > 0", "--json", NULL);
    cr_assert_eq(code, 0, "%d: %s", code, b->err_text);
    if (!some_limited(b->report)) {
        cr_expect_eq(live_integer(b->report, "last_good", NULL), 11);
        cr_expect_eq(live_integer(b->report, "first_bad", NULL), 10);
        cr_expect_str_eq(json_string_value(json_object_get(b->report, "verdict")), "skipped");
        cr_expect_geq(json_array_size(json_object_get(b->report, "trials")), 6);
    }
    cr_expect(json_is_null(json_object_get(b->report, "predicted")));
    live_free(b);
}

/* An accept each 20 ms: even arrivals are too many from 50 a second on, and a tenth of them is lost
 * from 55.6 on. */
Test(tune, a_knee_is_predicted)
{
    int code;
    struct live *b = live_run(&code, "bench", "knee", "--server", "--accept-delay 20ms -b 0",
                              "--client", "-w cc -c 200 -r 5 -d 300ms", "--short", "300ms",
                              "--rounds", "1", "--precision", "50%", "--vary", "client.rate=40..80",
                              "--until", "server.listener.drops > 10%", "--json", NULL);
    const json_t *predicted = json_object_get(b->report, "predicted");
    cr_assert(code == 0 || code == 3, "%d: %s", code, b->err_text);
    cr_expect_leq(json_number_value(json_array_get(predicted, 0)), 55.6);
    cr_expect_geq(json_number_value(json_array_get(predicted, 1)), 50);
    cr_expect_str_eq(
        json_string_value(json_object_get(json_object_get(b->report, "prediction"), "rule")),
        "accept_load_even");
    live_free(b);
}

static const char *const sweep[] = {"sweep", "--client", "-w cc -c 4 -n 4 -d 300ms"};

Test(tune, a_sweep_has_each_point_and_goes_on_after_it_was_killed)
{
    int code;
    char file[] = "/tmp/tcplab-sweep-XXXXXX", option[64];
    close(mkstemp(file));
    snprintf(option, sizeof(option), "--json=%s", file);
    struct live *b = live_start("bench", sweep[0], sweep[1], sweep[2], "--rounds", "2", "--vary",
                                "server.backlog=1,2,4", "--vary", "client.threads=1", "-m",
                                "client.connections.attempted", option, NULL);
    live_until(1, "grep -c '\"block\": 1' %s | sed 's/[1-9].*/1/'", file);
    cr_assert_eq(live_stop(b, SIGKILL), 128 + SIGKILL);
    live_free(b);
    live_until(0, "pgrep -cf '[s]erver --listen 127.0.0.1 --backlog=[124]'");
    json_t *document = json_load_file(file, 0, NULL);
    size_t before = json_array_size(json_object_get(document, "runs"));
    cr_assert(document, "the file is not whole");
    cr_expect(before >= 3 && before <= 6, "%zu", before);
    json_t *first = json_incref(json_object_get(document, "runs"));
    json_decref(document);

    b = live_run(&code, "bench", sweep[0], sweep[1], sweep[2], "--rounds", "3", "--vary",
                 "server.backlog=1,2,4", "-m", "client.connections.attempted", option, NULL);
    cr_expect_eq(code, 2, "another sweep: %s", b->err_text);
    live_free(b);

    b = live_run(&code, "bench", sweep[0], sweep[1], sweep[2], "--rounds", "2", "--vary",
                 "server.backlog=1,2,4", "--vary", "client.threads=1", "-m",
                 "client.connections.attempted", option, NULL);
    cr_assert_eq(code, 0, "%s", b->err_text);
    document = json_load_file(file, 0, NULL);
    cr_expect(json_is_true(json_object_get(document, "complete")));
    cr_expect_eq(json_array_size(json_object_get(document, "runs")), 6);
    for (size_t i = 0; i < before; i++)
        cr_expect(json_equal(json_array_get(first, i), at(document, "runs", i)),
                  "run %zu is another one", i);
    for (size_t i = 0; i < 3; i++) {
        const json_t *point = at(document, "points", i);
        cr_expect_eq(live_integer(point, "rounds", NULL), 2);
        cr_expect_eq(json_number_value(json_object_get(at(point, "metrics", 0), "median")), 4);
    }
    json_decref(first);
    json_decref(document);
    live_free(b);
    unlink(file);
}

Test(tune, an_interrupt_ends_a_knee_with_what_is_known)
{
    struct live *b = live_start("bench", "knee", "--client", "-w cc -c 4 -r 20 -d 2s", "--vary",
                                "client.rate=20..40", "--until",
                                "client.connect_latency_us.p99 > 10s", "--json", NULL);
    live_until_said(b, "predicted: nothing");
    cr_expect_eq(live_stop(b, SIGINT), 128 + SIGINT);
    cr_assert(b->report, "%s", b->err_text);
    cr_expect_str_eq(json_string_value(json_object_get(b->report, "verdict")), "inconclusive");
    live_free(b);
}

Test(tune, each_mistake_has_its_sentence)
{
    static const struct {
        const char *argument[6], *said;
    } table[] = {
        {{"knee"}, "give one --vary KEY=FROM..TO and one --until"},
        {{"knee", "--vary", "server.backlog=1,2", "--until", "server.listener.drops > 0"},
         "write KEY=FROM..TO"},
        {{"knee", "--vary", "server.backlog=1..9", "--until", "server.listener.drop > 0"},
         "server.listener.drops"},
        {{"knee", "--vary", "server.backlog=1..9", "--until", "client.elapsed_s > 5%"},
         "is no count"},
        {{"knee", "--vary", "server.backlok=1..9", "--until", "server.listener.drops > 0"},
         "backlog"},
        {{"sweep"}, "give one --vary"},
        {{"sweep", "--vary", "server.backlog=1,x"}, "--vary: --server"},
        {{"sweep", "--vary", "server.backlog=1..2:1"}, "a number from 2 to 100"},
        {{"sweep", "--vary", "client.rate=1,2", "--vary", "client.rate=3,4"}, "stands there twice"},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        int code;
        const char *const *a = table[i].argument;
        struct live *b = live_run(&code, "bench", a[0], a[1], a[2], a[3], a[4], a[5], NULL);
        cr_expect_eq(code, 2, "%zu: %s", i, b->err_text);
        cr_expect(strstr(b->err_text, table[i].said), "%zu: %s", i, b->err_text);
        live_free(b);
    }
}
