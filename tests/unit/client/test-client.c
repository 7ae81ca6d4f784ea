/* The client's arithmetic: source addresses, ports, rows. */
#include "client/capacity.h"
#include "client/log.h"
#include "client/sources.h"
#include "client/stats.h"
#include "common/text/parse.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <sys/resource.h>

static struct settings with_sources(const char *const *texts)
{
    struct settings s = {0};
    const char *why;
    for (; texts[s.n_sources]; s.n_sources++)
        cr_assert_eq(parse_network(texts[s.n_sources], &s.sources[s.n_sources], &why), 0);
    return s;
}

static const char *pick(const struct settings *s, uint64_t i)
{
    static char text[ENDPOINT_TEXT_MAX];
    struct endpoint e;
    sources_pick(s, i, &e);
    return endpoint_host(&e, text);
}

Test(sources, a_network_without_its_ends_one_address_after_the_other)
{
    const struct settings s =
        with_sources((const char *const[]){"127.0.1.0/29", "127.0.0.9", "127.0.2.4/31", NULL});
    static const char *const expected[] = {"127.0.1.1", "127.0.1.2", "127.0.1.3", "127.0.1.4",
                                           "127.0.1.5", "127.0.1.6", "127.0.0.9", "127.0.2.4",
                                           "127.0.2.5", "127.0.1.1"};
    cr_assert_eq(sources_count(&s), 9);
    for (uint64_t i = 0; i < 10; i++)
        cr_expect_str_eq(pick(&s, i), expected[i]);
}

Test(sources, large_networks_carry_into_every_byte)
{
    const struct settings s = with_sources((const char *const[]){"127.0.0.0/8", NULL});
    cr_assert_eq(sources_count(&s), (1 << 24) - 2);
    cr_expect_str_eq(pick(&s, 254), "127.0.0.255");
    cr_expect_str_eq(pick(&s, 255), "127.0.1.0");
    cr_expect_str_eq(pick(&s, (1 << 24) - 3), "127.255.255.254");
}

Test(sources, ipv6)
{
    const struct settings s = with_sources((const char *const[]){"2001:db8::/64", "::1", NULL});
    cr_assert_eq(sources_count(&s), (UINT64_C(1) << 32) - 2 + 1);
    cr_expect_str_eq(pick(&s, 0), "2001:db8::1");
    cr_expect_str_eq(pick(&s, 0xffff), "2001:db8::1:0");
    cr_expect_str_eq(pick(&s, (UINT64_C(1) << 32) - 2), "::1");
}

Test(sources, none)
{
    const struct settings s = {0};
    cr_expect_eq(sources_count(&s), 0);
}

Test(capacity, reserved_ports_within_the_range)
{
    static const struct {
        const char *list;
        uint64_t count;
    } cases[] = {{"", 0},
                 {"5", 0},
                 {"100", 1},
                 {"109", 1},
                 {"110", 0},
                 {"100-109", 10},
                 {"1-65535", 10},
                 {"90-101", 2},
                 {"108-200", 2},
                 {"1-99,110-120", 0},
                 {"101,103,105", 3},
                 {"101-102,109", 3},
                 {"junk", 0}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        cr_expect_eq(capacity_reserved(cases[i].list, 100, 109), cases[i].count, "%s",
                     cases[i].list);
}

Test(sources, as_much_of_the_loopback_network_as_needed)
{
    static const struct {
        uint64_t wanted, got;
    } cases[] = {
        {1, 2}, {2, 2}, {3, 6}, {6, 6}, {7, 14}, {300, 510}, {(1 << 24) - 2, (1 << 24) - 2}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct settings s = {0};
        cr_assert_eq(sources_spread_loopback(&s, cases[i].wanted), 0);
        cr_expect_eq(sources_count(&s), cases[i].got, "%llu", (unsigned long long)cases[i].wanted);
        cr_expect_str_eq(pick(&s, 0), "127.0.0.1");
    }
    struct settings s = {0};
    cr_expect_eq(sources_spread_loopback(&s, 1 << 24), -EADDRNOTAVAIL);
    cr_expect_eq(s.n_sources, 0, "nothing was changed");
}

Test(capacity, half_of_a_long_range_is_found_at_once_and_all_of_a_short_one)
{
    static const struct {
        uint64_t needed, per_address, sources;
    } cases[] = {{1, 28232, 1},   {14116, 28232, 1}, {14117, 28232, 2}, {1000000, 28232, 71},
                 {2000, 2000, 1}, {2001, 2000, 2},   {300, 100, 3},     {10, 0, 1}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const struct capacity_ports c = {.needed = cases[i].needed,
                                         .per_address = cases[i].per_address};
        cr_expect_eq(capacity_sources(&c), cases[i].sources, "%llu of %llu",
                     (unsigned long long)c.needed, (unsigned long long)c.per_address);
    }
}

static struct capacity fit(int expected, rlim_t limit, struct settings s)
{
    struct capacity c;
    /* can only be lowered: the cases are in that order */
    const struct rlimit r = {limit < 50 ? limit : 50, limit};
    if (!s.total)
        s.total = s.connections;
    if (!s.threads)
        s.threads = 1;
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &r), 0);
    int got = capacity_fit(&s, &c);
    cr_assert_eq(got, expected, "%llu connections in tables of %llu: %d",
                 (unsigned long long)s.connections, (unsigned long long)limit, got);
    return c;
}

Test(capacity, one_table_while_it_can_be_and_the_soft_limit_is_raised)
{
    struct rlimit limit;
    struct capacity c = fit(0, 1000, (struct settings){.connections = 900});
    getrlimit(RLIMIT_NOFILE, &limit);
    cr_expect_eq(limit.rlim_cur, 1000);
    cr_expect_eq(c.needed, 928);
    cr_expect_eq(c.limit, 1000);
    cr_expect_eq(c.tables, 1);
    cr_expect_eq(c.loops, 1);
    c = fit(0, 1000, (struct settings){.connections = 972});
    cr_expect_eq(c.tables, 1);
    c = fit(0, 1000, (struct settings){.connections = 968, .threads = 2});
    cr_expect_eq(c.tables, 1);
    cr_expect_eq(c.loops, 2);
    c = fit(0, 1000, (struct settings){.connections = 10, .total = 9999});
    cr_expect_eq(c.tables, 1, "ten at a time are ten");
}

Test(capacity, more_tables_where_one_is_not_enough)
{
    struct capacity c = fit(0, 20000, (struct settings){.connections = 1000000});
    cr_expect_eq(c.loops, 51);
    cr_expect_eq(c.tables, 51);
    c = fit(0, 1000, (struct settings){.connections = 973});
    cr_expect_eq(c.loops, 2);
    cr_expect_eq(c.tables, 2);
    c = fit(0, 1000, (struct settings){.connections = 5000, .threads = 20});
    cr_expect_eq(c.loops, 20, "as many as asked for");
    cr_expect_eq(c.tables, 20);
    c = fit(0, 1000, (struct settings){.connections = 10, .total = 4000, .close_how = CLOSE_NONE});
    cr_expect_eq(c.tables, 5, "all stay open");
    c = fit(0, 64, (struct settings){.connections = 300});
    cr_expect_eq(c.tables, 14);
}

Test(capacity, what_no_number_of_tables_holds)
{
    struct settings many = {
        .connections = INT64_MAX / 5000, .total = INT64_MAX / 5000, .threads = 1};
    struct capacity c;
    int r = capacity_fit(&many, &c);
    cr_expect(r == -ENFILE || r == -ENOMEM, "%d; fs.file-max may be no limit", r);
    fit(-EMFILE, 1000, (struct settings){.connections = 4, .total = 4000, .close_how = CLOSE_HALF});
    fit(0, 1000, (struct settings){.connections = 5, .total = 4000, .close_how = CLOSE_HALF});
    fit(-EMFILE, 64, (struct settings){.connections = 10000});
    fit(-EMFILE, 28, (struct settings){.connections = 2});
}

Test(stats, rows_and_pending_add_up_to_the_attempts)
{
    struct stats a = {0}, b = {0};
    a.attempted = 10;
    a.established = 3;
    a.refused = 2;
    a.last_established_ns = 60;
    a.rungs[2] = 3;
    b.attempted = 5;
    b.no_port = 1;
    b.reset = 1;
    b.last_established_ns = 55;
    b.errors[EPIPE] = 1;
    cr_expect_eq(stats_pending(&a), 5);
    stats_add(&a, &b);
    cr_expect_eq(a.attempted, 15);
    cr_expect_eq(stats_pending(&a), 8);
    cr_expect_eq(a.last_established_ns, 60);
    cr_expect_eq(a.rungs[2], 3);
    cr_expect_eq(a.errors[EPIPE], 1);
}

Test(stats, a_glimpse_in_the_middle_is_never_negative)
{
    struct stats s = {0};
    s.attempted = 1;
    s.established = 2;
    cr_expect_eq(stats_pending(&s), 0);
}

Test(stats, a_row_and_its_name_belong_together)
{
    struct stats s = {0};
    cr_expect_eq(stats_row(&s, STATS_ROW_established), &s.established);
    cr_expect_eq(stats_row(&s, STATS_ROW_no_fd), &s.no_fd);
    cr_expect_str_eq(stats_row_name(STATS_ROW_pending), "pending");
    cr_expect_str_eq(stats_row_name(STATS_ROW_established), "established");
    cr_expect_str_eq(stats_row_name(STATS_ROW_no_fd), "no_fd");
}

/* {"started_us"} of the entries, as "1 2 3". */
static const char *starts(struct log *const *logs, size_t n, bool *truncated)
{
    static char text[200];
    size_t i, length = 0;
    json_t *entry, *list = log_to_json(logs, n, 5000, truncated);
    text[0] = '\0';
    json_array_foreach(list, i, entry) length +=
        (size_t)snprintf(text + length, sizeof(text) - length, i ? " %lld" : "%lld",
                         (long long)json_integer_value(json_object_get(entry, "started_us")));
    json_decref(list);
    return text;
}

/* A log with room for `size` of these starts, in us after 5000 ns. */
static struct log *log_of(size_t size, const int *started_us)
{
    struct log *log;
    cr_assert_eq(log_new(size, &log), 0);
    for (; *started_us; started_us++)
        log_start(log, *started_us * 1000 + 5000);
    return log;
}

Test(log, several_are_merged_in_the_order_of_the_starts)
{
    bool truncated;
    struct log *logs[] = {log_of(4, (int[]){2, 3, 9, 10, 0}), NULL, log_of(9, (int[]){1, 4, 11, 0}),
                          log_of(3, (int[]){0})};
    cr_expect_str_eq(starts(logs, 4, &truncated), "1 2 3 4 9 10 11");
    cr_expect_str_eq(starts(logs, 4, &truncated), "1 2 3 4 9 10 11", "and once more");
    cr_expect_not(truncated);
    cr_expect_str_eq(starts(logs, 0, &truncated), "");
    for (size_t i = 0; i < 4; i++)
        log_free(logs[i]);
}

/* Once one is full, what it did not take is somewhere among the others' entries that follow. */
Test(log, a_full_one_ends_the_list_of_all)
{
    bool truncated;
    struct log *logs[] = {log_of(2, (int[]){1, 4, 6, 7, 0}), log_of(5, (int[]){2, 3, 5, 8, 0})};
    cr_expect_str_eq(starts(logs, 2, &truncated), "1 2 3 4");
    cr_expect(truncated);
    cr_expect_null(log_start(logs[0], 9000));
    log_free(logs[0]);
    log_free(logs[1]);
}

Test(log, an_entry_says_what_became_of_the_attempt)
{
    bool truncated;
    struct log *log;
    cr_assert_eq(log_new(2, &log), 0);
    struct log_entry *entry = log_start(log, 1000999);
    log_row(entry, STATS_ROW_established);
    log_established(entry, 2000000, 3);
    log_row(entry, STATS_ROW_reset);
    log_end(entry, ECONNRESET);
    log_end(entry, 0);
    log_local(log_start(log, 1002000), -1);
    json_t *list = log_to_json(&log, 1, 1000000, &truncated), *first = json_array_get(list, 0);
    cr_assert_eq(json_array_size(list), 2);
    cr_expect(json_integer_value(json_object_get(first, "ended_us")) > 1000);
    json_object_del(first, "ended_us");
    json_t *expected = json_loads(
        "[{\"local\": null, \"outcome\": \"reset\", \"closed_by_peer\": false, \"errno\": "
        "\"ECONNRESET\", \"retransmits\": 3,  \"started_us\": 0, \"established_us\": 1000}, "
        "{\"local\": null, \"outcome\": \"pending\", \"closed_by_peer\": false, \"errno\": null, "
        "\"retransmits\": null,  \"started_us\": 2, \"established_us\": null, \"ended_us\": null}]",
        0, NULL);
    cr_expect(json_equal(list, expected));
    json_decref(expected);
    json_decref(list);
    log_free(log);
}

Test(log, without_one_nothing_is_logged)
{
    struct log_entry *entry = log_start(NULL, 1);
    cr_assert_null(entry);
    log_local(entry, 0);
    log_row(entry, STATS_ROW_reset);
    log_established(entry, 1, 0);
    log_closed_by_peer(entry);
    log_end(entry, 0);
    log_free(NULL);
}
