/* The watch against the kernel: what a look finds on one host, and how it slows down. */
#include "bench/observe/watch.h"
#include "common/process/clock.h"
#include "tests/lib/live.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT  8888
#define FEW   10
#define MANY  3500  /* connections, of two sockets each */
#define FLOOD 10001 /* one more than the clients of an experiment can make */

static struct watch *watch;
static struct host here;
static int listener, clients[MANY], servers[MANY];

static void begin(void)
{
    const struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    struct rlimit files;
    const char *step;
    live_setup();
    getrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_max < 2 * MANY + 100)
        cr_skip_test("this test needs %d descriptors", 2 * MANY + 100);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    here = (struct host){.name = "here",
                         .network = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)};
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(listener, (const struct sockaddr *)&any, sizeof(any)), 0);
    cr_assert_eq(listen(listener, 16), 0);
    const struct watch_args args = {
        .server = &here, .client = &here, .family = AF_INET, .port = PORT};
    cr_assert_eq(watch_new(&args, &watch, &step), 0, "%s", step);
}

static void end(void)
{
    watch_free(watch);
}

TestSuite(watch, .init = begin, .fini = end, .timeout = 100);

static void look(void)
{
    int r = watch_look(watch);
    cr_assert_eq(r, 0, "%s", strerror(-r));
}

/* Both ends of one connection; the client is on 127.0.0.x, so that ports last. */
static void open_one(size_t i, int *ret_client, int *ret_server)
{
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons(PORT),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)(i % 8))};
    *ret_client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(connect(*ret_client, (const struct sockaddr *)&to, sizeof(to)), 0, "%s",
                 strerror(errno));
    *ret_server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    cr_assert_geq(*ret_server, 0);
}

static void open_many(size_t n)
{
    for (size_t i = 0; i < n; i++)
        open_one(i, &clients[i], &servers[i]);
}

/* With a RST: no TIME_WAIT stays. */
static void reset(int client, int server)
{
    const struct linger at_once = {.l_onoff = 1};
    setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(client);
    close(server);
}

static size_t n_sockets(void)
{
    return watch_latest(watch)->side[SIDE_SERVER].n + watch_latest(watch)->side[SIDE_CLIENT].n;
}

Test(watch, one_host_is_asked_once_and_each_socket_is_on_its_side)
{
    int client, server, queued = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    open_one(0, &client, &server);
    cr_assert_eq(connect(queued, (const struct sockaddr *)&to, sizeof(to)), 0);
    look();
    const struct look *l = watch_latest(watch);
    cr_expect_eq(l->side[SIDE_CLIENT].n, 2);
    cr_expect_eq(l->side[SIDE_CLIENT].states[SOCKDIAG_ESTABLISHED], 2);
    cr_expect_eq(l->side[SIDE_SERVER].n, 2);
    cr_expect_eq(l->side[SIDE_SERVER].states[SOCKDIAG_ESTABLISHED], 2);
    for (size_t i = 0; i < 2; i++) {
        cr_expect_eq(l->side[SIDE_CLIENT].sockets[i].destination_port, PORT);
        cr_expect_eq(l->side[SIDE_SERVER].sockets[i].source_port, PORT);
    }
    cr_expect(l->listening);
    cr_expect_eq(l->queue, 1);
    cr_expect_eq(l->limit, 16);
}

Test(watch, among_many_sockets_it_slows_down_and_comes_back)
{
    open_many(FEW);
    look();
    cr_expect_eq(n_sockets(), 2 * FEW);
    cr_expect_eq(watch_parts(watch), 5);
    for (size_t i = 0; i < FEW; i++)
        reset(clients[i], servers[i]);
    open_many(MANY);
    look();
    cr_expect_eq(n_sockets(), 2 * MANY);
    cr_expect_eq(watch_parts(watch), 2 * MANY / 1000, "a seventh among 7,000 sockets");
    for (size_t i = 0; i < MANY; i++)
        reset(clients[i], servers[i]);
    look();
    cr_expect_eq(n_sockets(), 0);
    cr_expect_eq(watch_parts(watch), 5, "it was not so many that it is a flood");
}

Test(watch, in_a_flood_it_takes_a_hundredth_of_the_time)
{
    int client, server;
    for (size_t i = 0; i < FLOOD; i++) {
        open_one(i, &client, &server);
        reset(client, server);
        if (i == FLOOD / 2)
            look();
    }
    cr_expect_eq(watch_parts(watch), 5, "half of it is none");
    look();
    cr_expect_eq(watch_parts(watch), 100);
    cr_expect_eq(watch_destroyed(watch, SIDE_CLIENT), -1, "it does not listen to so many deaths");
    cr_expect_lt(n_sockets(), 100, "however few there are at a time");
}

/* Where looks are far apart, the queue is in the timeline all the same. */
Test(watch, the_queue_is_watched_between_looks_that_are_far_apart)
{
    int client, server, queued;
    const struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (size_t i = 0; i < FLOOD; i++) {
        open_one(i, &client, &server);
        reset(client, server);
    }
    open_many(MANY); /* so that a look is dear on every machine */
    look();
    if (watch_due_ns(watch) - watch_latest(watch)->at_ns < 100 * NS_PER_MS)
        cr_skip_test("a look is too cheap here");
    queued = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(connect(queued, (const struct sockaddr *)&to, sizeof(to)), 0);
    cr_assert_eq(watch_wait(watch), 0);
    cr_expect_geq(clock_now_ns(), watch_due_ns(watch));
    cr_expect_eq(watch_latest(watch)->queue, 0, "the look itself stays as it is");
    json_t *timeline = watch_timeline(watch, 0),
           *last = json_array_get(timeline, json_array_size(timeline) - 1);
    cr_expect_eq(json_integer_value(json_object_get(last, "queue")), 1);
    cr_expect_eq(
        json_integer_value(json_object_get(json_object_get(last, "client"), "ESTABLISHED")), MANY,
        "the states are those of the last look");
    json_decref(timeline);
    close(queued);
}
