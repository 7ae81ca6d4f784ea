/* What the history makes of looks made by hand: first and last times, ends, and connections by the
 * thousand. */
#include "bench/observe/history.h"
#include "tests/lib/looks.h"

#define S 1000000000LL

static struct history *history;

static void begin(void)
{
    history = history_new();
    cr_assert_not_null(history);
}

static void end(void)
{
    history_free(history);
}

TestSuite(history, .init = begin, .fini = end);

/* A look at one connection (state 0: not there) on one side. */
static void seen(enum side side, const struct connection_id *id, unsigned state, uint32_t inode,
                 int64_t at_ns)
{
    struct look look = {.at_ns = at_ns};
    if (state)
        looks_put(&look, side, id, state, inode);
    cr_assert_eq(history_add(history, &look), 0);
    look_release(&look);
}

static const struct history_side *found(enum side side, const struct connection_id *id)
{
    const struct history_entry *e = history_find(history, id);
    cr_assert_not_null(e);
    cr_assert(connection_id_same(&e->id, id));
    return &e->side[side];
}

Test(history, an_empty_one_knows_nobody)
{
    size_t n = 7;
    const struct connection_id id = looks_id(40000);
    cr_expect_null(history_find(history, &id));
    history_entries(history, &n);
    cr_expect_eq(n, 0);
    seen(SIDE_CLIENT, &id, 0, 0, S);
    cr_expect_null(history_find(history, &id));
    history_free(NULL);
}

Test(history, whoever_differs_is_unknown)
{
    const struct connection_id id = looks_id(40000), other_port = looks_id(40001),
                               other_family = looks_id6(40000);
    struct connection_id other_address = id;
    other_address.client[3] = 3;
    seen(SIDE_CLIENT, &id, SOCKDIAG_ESTABLISHED, 1, S);
    cr_expect_not_null(history_find(history, &id));
    cr_expect_null(history_find(history, &other_port));
    cr_expect_null(history_find(history, &other_family));
    cr_expect_null(history_find(history, &other_address));
}

Test(history, first_and_last_time_in_each_state)
{
    const struct connection_id id = looks_id(40000);
    seen(SIDE_CLIENT, &id, SOCKDIAG_SYN_SENT, 1, 1 * S);
    seen(SIDE_CLIENT, &id, SOCKDIAG_ESTABLISHED, 1, 2 * S);
    seen(SIDE_CLIENT, &id, SOCKDIAG_ESTABLISHED, 1, 3 * S);
    seen(SIDE_CLIENT, &id, SOCKDIAG_FIN_WAIT_2, 0, 4 * S);
    const struct history_side *s = found(SIDE_CLIENT, &id);
    cr_expect_eq(s->state, SOCKDIAG_FIN_WAIT_2);
    cr_expect_eq(s->first_ns[SOCKDIAG_SYN_SENT], 1 * S);
    cr_expect_eq(s->last_ns[SOCKDIAG_SYN_SENT], 1 * S);
    cr_expect_eq(s->first_ns[SOCKDIAG_ESTABLISHED], 2 * S);
    cr_expect_eq(s->last_ns[SOCKDIAG_ESTABLISHED], 3 * S);
    cr_expect_eq(s->first_ns[SOCKDIAG_FIN_WAIT_2], 4 * S);
    cr_expect_eq(s->first_ns[SOCKDIAG_TIME_WAIT], 0);
    cr_expect_eq(s->missing_ns, 0);
}

Test(history, the_sides_are_apart)
{
    const struct connection_id id = looks_id(40000);
    struct look look = {.at_ns = S};
    looks_put(&look, SIDE_CLIENT, &id, SOCKDIAG_ESTABLISHED, 1);
    looks_put(&look, SIDE_SERVER, &id, SOCKDIAG_SYN_RECV, 0);
    cr_assert_eq(history_add(history, &look), 0);
    look_release(&look);
    seen(SIDE_CLIENT, &id, SOCKDIAG_ESTABLISHED, 1, 2 * S);
    size_t n;
    history_entries(history, &n);
    cr_expect_eq(n, 1, "the two ends are one connection");
    cr_expect_eq(found(SIDE_CLIENT, &id)->state, SOCKDIAG_ESTABLISHED);
    cr_expect_eq(found(SIDE_CLIENT, &id)->missing_ns, 0);
    cr_expect(found(SIDE_CLIENT, &id)->accepted);
    cr_expect_eq(found(SIDE_SERVER, &id)->state, SOCKDIAG_SYN_RECV);
    cr_expect_eq(found(SIDE_SERVER, &id)->missing_ns, 2 * S);
    cr_expect_not(found(SIDE_SERVER, &id)->accepted);
}

Test(history, accepted_once_is_accepted)
{
    const struct connection_id id = looks_id(40000);
    seen(SIDE_SERVER, &id, SOCKDIAG_ESTABLISHED, 0, 1 * S);
    cr_expect_not(found(SIDE_SERVER, &id)->accepted);
    seen(SIDE_SERVER, &id, SOCKDIAG_ESTABLISHED, 4711, 2 * S);
    cr_expect(found(SIDE_SERVER, &id)->accepted);
    seen(SIDE_SERVER, &id, SOCKDIAG_FIN_WAIT_2, 0, 3 * S);
    cr_expect(found(SIDE_SERVER, &id)->accepted);
}

Test(history, one_that_is_gone_is_missing_since_the_first_look_without_it)
{
    const struct connection_id id = looks_id(40000);
    seen(SIDE_CLIENT, &id, SOCKDIAG_TIME_WAIT, 0, 1 * S);
    seen(SIDE_CLIENT, &id, 0, 0, 2 * S);
    seen(SIDE_CLIENT, &id, 0, 0, 3 * S);
    cr_expect_eq(found(SIDE_CLIENT, &id)->missing_ns, 2 * S);
    cr_expect_eq(found(SIDE_CLIENT, &id)->state, SOCKDIAG_TIME_WAIT, "its last state stays");
    cr_expect_eq(found(SIDE_SERVER, &id)->missing_ns, 0, "it never was there");
}

Test(history, one_that_comes_back_is_there_again)
{
    const struct connection_id id = looks_id(40000);
    seen(SIDE_CLIENT, &id, SOCKDIAG_TIME_WAIT, 0, 1 * S);
    seen(SIDE_CLIENT, &id, 0, 0, 2 * S);
    seen(SIDE_CLIENT, &id, SOCKDIAG_SYN_SENT, 1, 3 * S);
    cr_expect_eq(found(SIDE_CLIENT, &id)->missing_ns, 0);
    cr_expect_eq(found(SIDE_CLIENT, &id)->state, SOCKDIAG_SYN_SENT);
    seen(SIDE_CLIENT, &id, 0, 0, 4 * S);
    cr_expect_eq(found(SIDE_CLIENT, &id)->missing_ns, 4 * S);
}

Test(history, a_death_before_the_first_look)
{
    const struct connection_id id = looks_id(40000);
    cr_assert_eq(history_add_destroyed(history, &id), 0);
    seen(SIDE_CLIENT, &id, 0, 0, 2 * S);
    cr_expect_eq(found(SIDE_CLIENT, &id)->missing_ns, 0, "no look ever saw it");
    cr_expect_eq(found(SIDE_CLIENT, &id)->look, 0);
    /* the minisocket that came in its place */
    seen(SIDE_CLIENT, &id, SOCKDIAG_FIN_WAIT_2, 0, 3 * S);
    cr_expect_eq(found(SIDE_CLIENT, &id)->first_ns[SOCKDIAG_FIN_WAIT_2], 3 * S);
}

Test(history, a_state_that_nobody_knows)
{
    const struct connection_id id = looks_id(40000);
    seen(SIDE_CLIENT, &id, 200, 1, S);
    cr_expect_eq(found(SIDE_CLIENT, &id)->state, 0);
    cr_expect_eq(found(SIDE_CLIENT, &id)->first_ns[0], S);
}

/* --- many --- */

#define MANY 5000

static struct connection_id nth(unsigned i)
{
    return i % 3 ? looks_id(20000 + i) : looks_id6(20000 + i);
}

static void look_at_many(unsigned from, unsigned to, int64_t at_ns)
{
    struct look look = {.at_ns = at_ns};
    for (unsigned i = from; i < to; i++) {
        const struct connection_id id = nth(i);
        looks_put(&look, SIDE_CLIENT, &id, SOCKDIAG_ESTABLISHED, i + 1);
    }
    cr_assert_eq(history_add(history, &look), 0);
    look_release(&look);
}

Test(history, thousands_are_each_found_in_the_order_of_their_coming)
{
    size_t n;
    look_at_many(0, MANY / 2, 1 * S);
    look_at_many(MANY / 4, MANY, 2 * S);
    const struct history_entry *entries = history_entries(history, &n);
    cr_assert_eq(n, MANY);
    for (unsigned i = 0; i < MANY; i++) {
        const struct connection_id id = nth(i);
        const struct history_entry *e = history_find(history, &id);
        cr_assert_eq(e, &entries[i], "connection %u", i);
        cr_assert_eq(e->side[SIDE_CLIENT].first_ns[SOCKDIAG_ESTABLISHED],
                     i < MANY / 2 ? 1 * S : 2 * S);
        cr_assert_eq(e->side[SIDE_CLIENT].missing_ns, i < MANY / 4 ? 2 * S : 0);
    }
    const struct connection_id stranger = nth(MANY);
    cr_expect_null(history_find(history, &stranger));
}
