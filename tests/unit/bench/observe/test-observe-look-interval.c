/* The slowing rule: what a look may take of the time, by literal values. */
#include "bench/observe/look_interval.h"

#include <criterion/criterion.h>

#define MS 1000000LL

Test(pace, a_fifth_among_few_sockets_a_hundredth_among_many)
{
    cr_expect_eq(look_interval_parts(0, false), 5);
    cr_expect_eq(look_interval_parts(5000, false), 5);
    cr_expect_eq(look_interval_parts(5999, false), 5);
    cr_expect_eq(look_interval_parts(6000, false), 6);
    cr_expect_eq(look_interval_parts(38000, false), 38);
    cr_expect_eq(look_interval_parts(99999, false), 99);
    cr_expect_eq(look_interval_parts(100000, false), 100);
    cr_expect_eq(look_interval_parts(101000, false), 100);
    cr_expect_eq(look_interval_parts(2000000, false), 100);
    cr_expect_eq(look_interval_parts(UINT64_MAX, false), 100);
}

Test(pace, a_hundredth_in_a_flood_however_few_sockets)
{
    cr_expect_eq(look_interval_parts(0, true), 100);
    cr_expect_eq(look_interval_parts(30, true), 100);
    cr_expect_eq(look_interval_parts(50000, true), 100);
}

Test(pace, a_cheap_look_comes_at_the_usual_time)
{
    cr_expect_eq(look_interval_ns(5 * MS, 0, 5), 5 * MS);
    cr_expect_eq(look_interval_ns(5 * MS, 1 * MS, 5), 5 * MS);
    cr_expect_eq(look_interval_ns(10 * MS, 2 * MS, 5), 10 * MS);
    cr_expect_eq(look_interval_ns(5 * MS, MS / 20, 100), 5 * MS);
}

Test(pace, a_dear_one_waits_as_long_as_its_share_asks_for)
{
    cr_expect_eq(look_interval_ns(5 * MS, 1 * MS + 1, 5), 5 * MS + 5);
    cr_expect_eq(look_interval_ns(5 * MS, 3 * MS, 5), 15 * MS);
    cr_expect_eq(look_interval_ns(5 * MS, 3 * MS, 100), 300 * MS);
    cr_expect_eq(look_interval_ns(10 * MS, 200 * MS, 100), 20000 * MS);
}
