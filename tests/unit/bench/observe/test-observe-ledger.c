/* The ledger, from clients' reports and looks made by hand: which row a connection stands in, and
 * what does not add up. */
#include "bench/observe/ledger.h"
#include "tests/lib/looks.h"
#include "tests/lib/random.h"

#include <errno.h>
#include <stdio.h>

#define N(table) (sizeof(table) / sizeof *(table))

static struct ledger ledger;
static struct look look;
static json_t *report;
static struct connection_id server;

static json_t *new_report(void)
{
    return json_pack("{s:{s:i}, s:[]}", "connections", "attempted", 0, "connection_log");
}

static void attempted(json_t *of, json_int_t n)
{
    json_object_set_new(json_object_get(of, "connections"), "attempted", json_integer(n));
}

/* An attempt as tcplab-client logs it; local NULL: there was no port. */
static void logged(json_t *to, const char *outcome, const char *local)
{
    json_t *log = json_object_get(to, "connection_log");
    json_array_append_new(
        log, json_pack("{s:s?, s:s, s:n}", "local", local, "outcome", outcome, "errno"));
    attempted(to, (json_int_t)json_array_size(log));
}

static const char *local_of(const struct connection_id *id)
{
    static char text[64];
    snprintf(text, sizeof(text), id->family == AF_INET6 ? "[2001:db8::2]:%u" : "192.0.2.2:%u",
             id->client_port);
    return text;
}

static void begin(void)
{
    ledger_release(&ledger);
    look_release(&look);
    json_decref(report);
    report = new_report();
    server = looks_id(0);
    memset(server.client, 0, sizeof(server.client));
}

static void end(void)
{
    begin();
    json_decref(report);
    report = NULL;
}

TestSuite(ledger, .init = begin, .fini = end);

/* Both ends of a connection; a state of 0: no socket there. */
static void stand(unsigned port, unsigned client_state, unsigned server_state, uint32_t inode)
{
    const struct connection_id id = looks_id(port);
    if (client_state)
        looks_put(&look, SIDE_CLIENT, &id, client_state, 4711);
    if (server_state)
        looks_put(&look, SIDE_SERVER, &id, server_state, inode);
}

static void add(json_t *of)
{
    cr_assert_eq(ledger_add_client(&ledger, of, &look, &server), 0);
}

static void check(void)
{
    cr_assert_eq(ledger_check(&ledger, &look), 0);
}

static void expect_trouble(const char *words)
{
    cr_expect(strstr(ledger.trouble, words), "\"%s\" is not in the trouble \"%s\"", words,
              ledger.trouble);
}

static void expect_balance(void)
{
    cr_expect_str_empty(ledger.trouble);
}

/* --- one connection --- */

struct row_case {
    const char *outcome; /* what the client says */
    unsigned client, server;
    uint32_t inode; /* of the server's socket */
    enum ledger_row row;
};

static const struct row_case row_cases[] = {
    {"established", SOCKDIAG_ESTABLISHED, SOCKDIAG_ESTABLISHED, 7, LEDGER_accepted},
    {"established", SOCKDIAG_ESTABLISHED, SOCKDIAG_FIN_WAIT_1, 7,
     LEDGER_accepted}, /* shut down by the server, not closed */
    {"established", SOCKDIAG_ESTABLISHED, SOCKDIAG_ESTABLISHED, 0, LEDGER_queued},
    {"established", SOCKDIAG_ESTABLISHED, SOCKDIAG_SYN_RECV, 0, LEDGER_half_open},
    {"established", SOCKDIAG_ESTABLISHED, 0, 0, LEDGER_ghost},
    {"established", SOCKDIAG_ESTABLISHED, SOCKDIAG_FIN_WAIT_1, 0,
     LEDGER_closed}, /* by the server: its FIN is on its way */
    /* closed between the two dumps */
    {"established", SOCKDIAG_ESTABLISHED, SOCKDIAG_CLOSE_WAIT, 0, LEDGER_queued},
    /* The client's program has not looked yet. */
    {"pending", SOCKDIAG_ESTABLISHED, SOCKDIAG_ESTABLISHED, 0, LEDGER_queued},
    {"pending", SOCKDIAG_ESTABLISHED, 0, 0, LEDGER_ghost},
    {"pending", SOCKDIAG_SYN_SENT, 0, 0, LEDGER_syn_sent},
    /* the SYN-ACK is on its way */
    {"pending", SOCKDIAG_SYN_SENT, SOCKDIAG_SYN_RECV, 0, LEDGER_half_open},
    /* an older connection's */
    {"pending", SOCKDIAG_SYN_SENT, SOCKDIAG_TIME_WAIT, 0, LEDGER_syn_sent},
    /* Connected after the look was taken: the look counts. */
    {"established", SOCKDIAG_SYN_SENT, 0, 0, LEDGER_syn_sent},
    {"established", SOCKDIAG_SYN_SENT, SOCKDIAG_SYN_RECV, 0, LEDGER_half_open},
    {"established", 0, 0, 0, LEDGER_closed},
    {"established", 0, SOCKDIAG_ESTABLISHED, 7, LEDGER_closed},
    {"established", SOCKDIAG_FIN_WAIT_1, SOCKDIAG_ESTABLISHED, 7, LEDGER_closed},
    {"established", SOCKDIAG_FIN_WAIT_2, SOCKDIAG_CLOSE_WAIT, 7, LEDGER_closed},
    {"established", SOCKDIAG_CLOSE_WAIT, SOCKDIAG_FIN_WAIT_2, 7, LEDGER_closed},
    {"established", SOCKDIAG_CLOSING, SOCKDIAG_CLOSING, 0, LEDGER_closed},
    {"established", SOCKDIAG_LAST_ACK, SOCKDIAG_FIN_WAIT_2, 0, LEDGER_closed},
    {"established", SOCKDIAG_TIME_WAIT, 0, 0, LEDGER_closed},
    /* The client was told how it ended, whatever the sockets are. */
    {"reset", SOCKDIAG_ESTABLISHED, SOCKDIAG_ESTABLISHED, 0, LEDGER_reset},
    {"reset", 0, 0, 0, LEDGER_reset},
    {"refused", SOCKDIAG_SYN_SENT, 0, 0, LEDGER_refused},
    {"refused", 0, 0, 0, LEDGER_refused},
    {"timed_out", SOCKDIAG_SYN_SENT, SOCKDIAG_SYN_RECV, 0, LEDGER_timed_out},
    {"timed_out", 0, 0, 0, LEDGER_timed_out},
    {"unreachable", 0, 0, 0, LEDGER_unreachable},
    {"no_port", 0, 0, 0, LEDGER_no_port},
    {"no_fd", 0, 0, 0, LEDGER_no_fd},
};

static void check_row(const struct row_case *c, size_t number)
{
    begin();
    stand(40000, c->client, c->server, c->inode);
    logged(report, c->outcome, "192.0.2.2:40000");
    add(report);
    check();
    cr_assert_eq(ledger.n, 1);
    cr_expect_eq(ledger.entries[0].row, c->row, "case %zu: %s, not %s", number,
                 ledger_names[ledger.entries[0].row], ledger_names[c->row]);
    for (int row = 0; row < LEDGER_N; row++)
        cr_expect_eq(ledger.rows[row], row == (int)c->row, "case %zu: row %s", number,
                     ledger_names[row]);
    expect_balance();
}

Test(ledger, each_row)
{
    bool reached[LEDGER_N] = {false};
    for (size_t i = 0; i < N(row_cases); i++) {
        check_row(&row_cases[i], i);
        reached[row_cases[i].row] = true;
    }
    for (int row = 0; row < LEDGER_N; row++)
        cr_expect(reached[row], "no case for %s", ledger_names[row]);
}

Test(ledger, an_attempt_without_a_port_stands_in_its_row_without_a_name)
{
    logged(report, "no_port", NULL);
    logged(report, "no_fd", NULL);
    add(report);
    check();
    cr_expect_eq(ledger.rows[LEDGER_no_port], 1);
    cr_expect_eq(ledger.rows[LEDGER_no_fd], 1);
    cr_expect_not(ledger.entries[0].has_id);
    cr_expect_null(ledger_find(&ledger, LEDGER_no_port));
    expect_balance();
}

Test(ledger, the_names_are_those_of_the_rows)
{
    cr_expect_str_eq(ledger_names[LEDGER_accepted], "accepted");
    cr_expect_str_eq(ledger_names[LEDGER_half_open], "half_open");
    cr_expect_str_eq(ledger_names[LEDGER_no_fd], "no_fd");
}

Test(ledger, ipv6)
{
    const struct connection_id one = looks_id6(40000), two = looks_id6(40001);
    server = looks_id6(0);
    memset(server.client, 0, sizeof(server.client));
    looks_put(&look, SIDE_CLIENT, &one, SOCKDIAG_ESTABLISHED, 1);
    looks_put(&look, SIDE_SERVER, &one, SOCKDIAG_ESTABLISHED, 1);
    looks_put(&look, SIDE_CLIENT, &two, SOCKDIAG_SYN_SENT, 1);
    logged(report, "established", "[2001:db8::2]:40000");
    logged(report, "pending", "[2001:db8:0:0::2]:40001");
    add(report);
    check();
    cr_expect_eq(ledger.rows[LEDGER_accepted], 1);
    cr_expect_eq(ledger.rows[LEDGER_syn_sent], 1);
    cr_expect(connection_id_same(ledger_find(&ledger, LEDGER_syn_sent), &two));
    expect_balance();
}

/* --- several --- */

Test(ledger, two_clients_in_the_order_of_their_attempts)
{
    json_t *second = new_report();
    stand(40000, SOCKDIAG_ESTABLISHED, SOCKDIAG_ESTABLISHED, 7);
    stand(40001, SOCKDIAG_ESTABLISHED, 0, 0);
    stand(50000, SOCKDIAG_ESTABLISHED, 0, 0);
    stand(50001, SOCKDIAG_SYN_SENT, 0, 0);
    logged(report, "established", "192.0.2.2:40000");
    logged(report, "established", "192.0.2.2:40001");
    logged(second, "established", "192.0.2.2:50000");
    logged(second, "pending", "192.0.2.2:50001");
    add(report);
    add(second);
    check();
    json_decref(second);
    cr_expect_eq(ledger.attempted, 4);
    cr_expect_eq(ledger.n, 4);
    cr_expect_eq(ledger.rows[LEDGER_accepted], 1);
    cr_expect_eq(ledger.rows[LEDGER_ghost], 2);
    cr_expect_eq(ledger.rows[LEDGER_syn_sent], 1);
    cr_expect_eq(ledger.entries[0].id.client_port, 40000);
    cr_expect_eq(ledger.entries[3].id.client_port, 50001);
    cr_expect_eq(ledger_find(&ledger, LEDGER_ghost)->client_port, 40001,
                 "not the first of its row");
    cr_expect_null(ledger_find(&ledger, LEDGER_queued));
    expect_balance();
}

Test(ledger, a_tuple_that_was_used_twice_stands_once_by_its_socket)
{
    stand(40000, SOCKDIAG_ESTABLISHED, SOCKDIAG_ESTABLISHED, 7);
    /* and closed: else its port was not free again */
    logged(report, "established", "192.0.2.2:40000");
    logged(report, "reset", "192.0.2.2:40000");
    logged(report, "established", "192.0.2.2:40000");
    add(report);
    check();
    cr_expect_eq(ledger.rows[LEDGER_closed], 1);
    cr_expect_eq(ledger.rows[LEDGER_reset], 1);
    cr_expect_eq(ledger.rows[LEDGER_accepted], 1);
    cr_expect_eq(ledger.entries[0].row, LEDGER_closed);
    cr_expect_eq(ledger.entries[2].row, LEDGER_accepted);
    expect_balance();
}

Test(ledger, a_tuple_that_two_clients_used)
{
    json_t *second = new_report();
    stand(40000, SOCKDIAG_ESTABLISHED, 0, 0);
    logged(report, "established", "192.0.2.2:40000");
    logged(second, "established", "192.0.2.2:40000");
    add(report);
    add(second);
    check();
    json_decref(second);
    cr_expect_eq(ledger.rows[LEDGER_closed], 1);
    cr_expect_eq(ledger.rows[LEDGER_ghost], 1);
    expect_balance();
}

Test(ledger, a_client_that_was_killed_is_judged_by_the_look_before_that)
{
    struct look after = {0};
    const struct connection_id one = looks_id(40000), two = looks_id(40001);
    stand(40000, SOCKDIAG_ESTABLISHED, SOCKDIAG_ESTABLISHED, 7);
    stand(40001, SOCKDIAG_ESTABLISHED, 0, 0);
    stand(40002, SOCKDIAG_SYN_SENT, 0, 0);
    looks_put(&after, SIDE_CLIENT, &one, SOCKDIAG_FIN_WAIT_2, 0);
    looks_put(&after, SIDE_SERVER, &one, SOCKDIAG_CLOSE_WAIT, 7);
    looks_put(&after, SIDE_CLIENT, &two, SOCKDIAG_ESTABLISHED, 7); /* not dead yet */
    cr_assert_eq(ledger_add_unreported(&ledger, &look, &after), 0);
    cr_assert_eq(ledger_check(&ledger, &after), 0);
    look_release(&after);
    cr_expect_eq(ledger.attempted, 3);
    cr_expect_eq(ledger.rows[LEDGER_closed], 2);
    cr_expect_eq(ledger.rows[LEDGER_ghost], 1);
    expect_balance();
}

Test(ledger, json)
{
    json_t *json;
    logged(report, "no_port", NULL);
    logged(report, "refused", "192.0.2.2:40000");
    logged(report, "refused", "192.0.2.2:40001");
    add(report);
    json = ledger_json(&ledger);
    json_t *expected = json_pack(
        "{s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i}", "attempted", 3,
        "accepted", 0, "queued", 0, "half_open", 0, "ghost", 0, "syn_sent", 0, "refused", 2,
        "reset", 0, "timed_out", 0, "unreachable", 0, "closed", 0, "no_port", 1, "no_fd", 0);
    cr_expect(json_equal(json, expected));
    json_decref(json);
    json_decref(expected);
}

/* --- what does not add up --- */

Test(ledger, a_log_that_is_cut_short)
{
    logged(report, "refused", "192.0.2.2:40000");
    attempted(report, 3);
    add(report);
    expect_trouble("attempted 3 connections and logged 1");
}

Test(ledger, rows_that_hold_less_than_was_attempted)
{
    ledger.attempted = 2;
    logged(report, "refused", "192.0.2.2:40000");
    add(report);
    check();
    expect_trouble("3 connections were attempted, and the rows hold 1");
}

static void check_stranger(enum side side, const char *words)
{
    const struct connection_id stranger = looks_id(40001);
    begin();
    stand(40000, SOCKDIAG_ESTABLISHED, SOCKDIAG_ESTABLISHED, 7);
    looks_put(&look, side, &stranger, SOCKDIAG_ESTABLISHED, 7);
    logged(report, "established", "192.0.2.2:40000");
    logged(report, "no_fd", NULL);
    add(report);
    expect_balance();
    check();
    expect_trouble(words);
    expect_trouble("40001");
}

Test(ledger, a_stranger)
{
    check_stranger(SIDE_SERVER, "the server host has a socket");
    check_stranger(SIDE_CLIENT, "the client host has a socket");
}

Test(ledger, another_server_port_is_a_stranger)
{
    struct connection_id other = looks_id(40000);
    other.server_port = 8889;
    looks_put(&look, SIDE_CLIENT, &other, SOCKDIAG_ESTABLISHED, 1);
    logged(report, "established", "192.0.2.2:40000");
    add(report);
    check();
    cr_expect_eq(ledger.rows[LEDGER_closed], 1);
    expect_trouble("the client host has a socket");
}

/* The same port of the client, to two addresses of the server. */
Test(ledger, an_attempt_may_name_its_server)
{
    struct connection_id other = looks_id(40000);
    other.server[3] = 12;
    stand(40000, SOCKDIAG_ESTABLISHED, SOCKDIAG_ESTABLISHED, 7);
    looks_put(&look, SIDE_CLIENT, &other, SOCKDIAG_SYN_SENT, 4711);
    for (int i = 0; i < 2; i++) {
        logged(report, "pending", "192.0.2.2:40000");
        json_object_set_new(json_array_get(json_object_get(report, "connection_log"), (size_t)i),
                            "peer", json_string(i ? "192.0.2.12:8888" : "192.0.2.1:8888"));
    }
    add(report);
    check();
    expect_balance();
    cr_expect_eq(ledger.rows[LEDGER_accepted], 1);
    cr_expect_eq(ledger.rows[LEDGER_syn_sent], 1);
    cr_expect(connection_id_same(ledger_find(&ledger, LEDGER_syn_sent), &other));
}

Test(ledger, unreachable)
{
    logged(report, "unreachable", "192.0.2.2:40000");
    json_object_set_new(json_array_get(json_object_get(report, "connection_log"), 0), "errno",
                        json_string("EHOSTUNREACH"));
    add(report);
    expect_trouble("could not reach the server (EHOSTUNREACH)");
    cr_expect_eq(ledger.rows[LEDGER_unreachable], 1);
}

/* The trial's own sockets give no reason. */
Test(ledger, unreachable_as_an_experiment_wanted_it)
{
    logged(report, "unreachable", "192.0.2.2:40000");
    add(report);
    cr_expect_str_eq(ledger.trouble, "");
    cr_expect_eq(ledger.rows[LEDGER_unreachable], 1);
}

Test(ledger, pending_without_a_socket)
{
    logged(report, "pending", "192.0.2.2:40000");
    add(report);
    expect_trouble("192.0.2.2:40000 was still connecting");
}

Test(ledger, the_first_trouble_stays)
{
    logged(report, "pending", "192.0.2.2:40000");
    logged(report, "pending", "192.0.2.2:40001");
    add(report);
    check();
    expect_trouble("192.0.2.2:40000 was still connecting");
}

static const char *const no_documents[] = {
    "{}",
    "{\"connection_log\": []}",
    "{\"connections\": {\"attempted\": 0}}",
    "{\"connection_log\": null, \"connections\": {\"attempted\": 0}}",
    "{\"connection_log\": [], \"connections\": {\"attempted\": \"0\"}}",
    "{\"connection_log\": [7], \"connections\": {\"attempted\": 1}}",
    "{\"connection_log\": [{\"local\": null}], \"connections\": {\"attempted\": 1}}",
    "{\"connection_log\": [{\"local\": \"192.0.2.2\", \"outcome\": \"reset\"}], \"connections\": "
    "{\"attempted\": 1}}",
    "{\"connection_log\": [{\"local\": \"192.0.2:9\", \"outcome\": \"reset\"}], \"connections\": "
    "{\"attempted\": 1}}",
    "{\"connection_log\": [{\"local\": \"[2001:db8::2]:9\", \"outcome\": \"reset\"}], "
    "\"connections\": {\"attempted\": 1}}",
    "{\"connection_log\": [{\"local\": \"192.0.2.2:70000\", \"outcome\": \"reset\"}], "
    "\"connections\": {\"attempted\": 1}}",
    "{\"connection_log\": [{\"local\": \"192.0.2.2:9\", \"peer\": \"server\", \"outcome\": "
    "\"reset\"}], \"connections\": {\"attempted\": 1}}",
};

Test(ledger, no_document)
{
    cr_expect_eq(ledger_add_client(&ledger, NULL, &look, &server), -EINVAL);
    for (size_t i = 0; i < N(no_documents); i++) {
        json_t *json = json_loads(no_documents[i], 0, NULL);
        begin();
        cr_expect_eq(ledger_add_client(&ledger, json, &look, &server), -EINVAL, "%s",
                     no_documents[i]);
        json_decref(json);
    }
}

Test(ledger, nothing_attempted)
{
    add(report);
    check();
    cr_expect_eq(ledger.attempted, 0);
    cr_expect_null(ledger_find(&ledger, LEDGER_accepted));
    expect_balance();
}

/* --- any world --- */

#define WORLDS           300
#define WORLD_MAX        200
#define WORLD_CLIENTS    3
#define WORLD_FIRST_PORT 32768

struct world {
    bool ipv6;
    size_t n, clients;
    enum ledger_row truth[WORLD_MAX];
    uint16_t port[WORLD_MAX];
    bool over[WORLD_MAX]; /* a later attempt has the port */
    json_t *reports[WORLD_CLIENTS];
};

static struct connection_id world_id(const struct world *w, size_t i)
{
    return w->ipv6 ? looks_id6(w->port[i]) : looks_id(w->port[i]);
}

static void world_socket(const struct world *w, size_t i, enum side side)
{
    const struct connection_id id = world_id(w, i);
    enum ledger_row row = w->truth[i];
    bool at_server = row == LEDGER_accepted || row == LEDGER_queued || row == LEDGER_half_open;
    if (side == SIDE_SERVER && at_server)
        looks_put(&look, side, &id,
                  row == LEDGER_half_open ? SOCKDIAG_SYN_RECV : SOCKDIAG_ESTABLISHED,
                  row == LEDGER_accepted);
    if (side == SIDE_CLIENT && (at_server || row == LEDGER_ghost))
        looks_put(&look, side, &id, SOCKDIAG_ESTABLISHED, 1);
    if (side == SIDE_CLIENT && row == LEDGER_syn_sent)
        looks_put(&look, side, &id, SOCKDIAG_SYN_SENT, 1);
    if (side == SIDE_CLIENT && row == LEDGER_closed && next_random() % 2)
        looks_put(&look, side, &id, next_random() % 2 ? SOCKDIAG_TIME_WAIT : SOCKDIAG_FIN_WAIT_2,
                  0);
}

static void world_log(const struct world *w, size_t i)
{
    const struct connection_id id = world_id(w, i);
    enum ledger_row row = w->truth[i];
    bool told = row == LEDGER_refused || row == LEDGER_reset || row == LEDGER_timed_out ||
                row == LEDGER_unreachable;
    bool nowhere = row == LEDGER_no_port || row == LEDGER_no_fd;
    logged(w->reports[i * w->clients / w->n],
           told || nowhere          ? ledger_names[row]
           : row == LEDGER_syn_sent ? "pending"
                                    : "established",
           nowhere ? NULL : local_of(&id));
}

/* Ports of connections that are over come back now and then. */
static void world_choose(struct world *w)
{
    for (size_t i = 0; i < w->n; i++) {
        size_t earlier = next_random() % (i + 1);
        bool free = w->truth[earlier] == LEDGER_closed || w->truth[earlier] == LEDGER_reset;
        w->truth[i] = (enum ledger_row)(next_random() % LEDGER_N);
        w->port[i] = (uint16_t)(WORLD_FIRST_PORT + i);
        if (earlier < i && free && !w->over[earlier]) {
            w->port[i] = w->port[earlier];
            w->over[earlier] = true;
        }
    }
}

/* As sock_diag has it: in no order. */
static void world_shuffle(struct look_side *s)
{
    for (size_t i = s->n; i > 1; i--) {
        size_t j = next_random() % i;
        const struct sockdiag_socket keep = s->sockets[i - 1];
        s->sockets[i - 1] = s->sockets[j];
        s->sockets[j] = keep;
    }
}

static struct world world_make(void)
{
    struct world w = {.ipv6 = next_random() % 2,
                      .n = next_random() % WORLD_MAX,
                      .clients = 1 + next_random() % WORLD_CLIENTS};
    world_choose(&w);
    for (size_t c = 0; c < w.clients; c++)
        w.reports[c] = new_report();
    for (size_t i = 0; i < w.n; i++) {
        world_log(&w, i);
        for (int side = 0; side < 2 && !w.over[i]; side++)
            world_socket(&w, i, (enum side)side);
    }
    world_shuffle(&look.side[SIDE_SERVER]);
    world_shuffle(&look.side[SIDE_CLIENT]);
    server = w.ipv6 ? looks_id6(0) : looks_id(0);
    memset(server.client, 0, sizeof(server.client));
    return w;
}

static void world_check(const struct world *w, size_t number)
{
    uint64_t rows[LEDGER_N] = {0}, sum = 0;
    cr_assert_eq(ledger.n, w->n);
    for (size_t i = 0; i < w->n; i++) {
        rows[w->truth[i]]++;
        cr_assert_eq(ledger.entries[i].row, w->truth[i], "world %zu, attempt %zu: %s, not %s",
                     number, i, ledger_names[ledger.entries[i].row], ledger_names[w->truth[i]]);
    }
    for (int row = 0; row < LEDGER_N; row++) {
        cr_assert_eq(ledger.rows[row], rows[row], "world %zu: row %s", number, ledger_names[row]);
        sum += ledger.rows[row];
    }
    cr_assert_eq(sum, ledger.attempted, "world %zu: the rows do not add up", number);
    cr_assert_str_empty(ledger.trouble, "world %zu: %s", number, ledger.trouble);
}

Test(ledger, any_world_is_told_as_it_is)
{
    seed = 42;
    for (size_t number = 0; number < WORLDS; number++) {
        begin();
        struct world w = world_make();
        for (size_t c = 0; c < w.clients; c++) {
            add(w.reports[c]);
            json_decref(w.reports[c]);
        }
        check();
        world_check(&w, number);
    }
}
