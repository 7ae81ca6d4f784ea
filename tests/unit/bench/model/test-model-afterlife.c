/* What is left of closed connections, and who gets their ports: against what was seen on a 6.18
 * kernel. */
#include "bench/model/afterlife.h"
#include "bench/model/ports.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>

#define N(table) (sizeof(table) / sizeof *(table))

Test(model_afterlife, what_tcp_max_tw_buckets_keeps)
{
    static const struct {
        int64_t buckets, closing, kept;
    } cases[] = {{5, 12, 5},     {5, 5, 5}, {5, 4, 4}, {0, 3, 0},
                 {131072, 1, 1}, {1, 0, 0}, {-1, 3, 3}};
    for (size_t i = 0; i < N(cases); i++) {
        struct conditions c = conditions_fresh();
        c.max_tw_buckets = cases[i].buckets;
        cr_expect_eq(afterlife_kept(&c, cases[i].closing), cases[i].kept, "row %zu", i);
    }
}

/* Whether ever, and when at the earliest. */
struct taken {
    int64_t reuse, timestamps;
    bool bound, loopback;
    double since; /* INFINITY: never */
};

static const struct taken taken[] = {
    {0, 1, false, false, INFINITY}, {0, 1, false, true, INFINITY},  {1, 1, false, false, 1},
    {1, 1, false, true, 1},         {2, 1, false, false, INFINITY}, {2, 1, false, true, 1},
    {0, 1, true, false, 0},         {2, 1, true, true, 0},          {1, 0, false, true, INFINITY},
    {1, 0, true, true, INFINITY},
};

Test(model_afterlife, who_takes_a_time_wait_over)
{
    for (size_t i = 0; i < N(taken); i++) {
        struct conditions c = conditions_fresh();
        c.tw_reuse = taken[i].reuse;
        c.timestamps = taken[i].timestamps;
        struct span span = afterlife_reuse(&c, taken[i].bound, taken[i].loopback);
        cr_expect_eq(span.lo, taken[i].since, "row %zu: %g", i, span.lo);
        cr_expect_geq(span.hi, span.lo, "row %zu", i);
        cr_expect(isinf(taken[i].since) || span.hi < span.lo + 0.01, "row %zu: %g", i, span.hi);
    }
}

Test(model_afterlife, the_delay_is_a_sysctl_or_the_tick_of_a_second)
{
    struct conditions c = conditions_fresh();
    c.tw_reuse = 1;
    c.tw_reuse_delay = 250;
    cr_expect_float_eq(afterlife_reuse(&c, false, false).lo, 0.25, 1e-9);
    c.tw_reuse_delay = 0; /* no such sysctl */
    struct span span = afterlife_reuse(&c, false, false);
    cr_expect_eq(span.lo, 0);
    cr_expect(span.hi >= 1 && span.hi < 1.1);
}

Test(model_afterlife, who_survives_a_reset)
{
    struct conditions c = conditions_fresh();
    cr_expect_not(afterlife_survives_reset(&c));
    c.rfc1337 = 1;
    cr_expect(afterlife_survives_reset(&c));
}

Test(model_afterlife, ports)
{
    static const struct {
        enum ports_choice choice;
        int64_t ports, reserved, sources;
        int destination;
        int64_t connections;
        int error;
    } cases[] = {
        {PORTS_CONNECT, 10, 0, 1, 1, 10, EADDRNOTAVAIL},
        {PORTS_CONNECT, 10, 3, 1, 3, 7, EADDRNOTAVAIL},
        {PORTS_CONNECT, 1, 0, 1, 2, 1, EADDRNOTAVAIL},
        {PORTS_CONNECT, 4, 4, 1, 1, 0, EADDRNOTAVAIL},
        {PORTS_CONNECT, 4, 9, 1, 1, 0, EADDRNOTAVAIL},
        {PORTS_BIND, 10, 0, 1, 1, 10, EADDRINUSE},
        {PORTS_BIND, 10, 0, 1, 2, 0, EADDRINUSE},
        {PORTS_BIND, 4, 0, 3, 1, 12, EADDRINUSE},
        {PORTS_BIND_LATE, 4, 0, 3, 1, 12, EADDRNOTAVAIL},
        {PORTS_BIND_LATE, 4, 1, 2, 3, 6, EADDRNOTAVAIL},
    };
    for (size_t i = 0; i < N(cases); i++) {
        int64_t usable = ports_usable(cases[i].ports, cases[i].reserved);
        cr_expect_eq(
            ports_connections(cases[i].choice, usable, cases[i].sources, cases[i].destination),
            cases[i].connections, "row %zu", i);
        cr_expect_eq(ports_error(cases[i].choice), cases[i].error, "row %zu", i);
    }
}

Test(model_afterlife, bind_again)
{
    cr_expect_eq(ports_bind_again(0, false, false), 0);
    cr_expect_eq(ports_bind_again(1, false, false), EADDRINUSE);
    cr_expect_eq(ports_bind_again(1, true, false), EADDRINUSE);
    cr_expect_eq(ports_bind_again(1, false, true), EADDRINUSE);
    cr_expect_eq(ports_bind_again(1, true, true), 0);
}

Test(afterlife, bind_beside)
{
    cr_expect_eq(ports_bind_beside(false, PORTS_ALONE, true), 0);
    cr_expect_eq(ports_bind_beside(true, PORTS_ALONE, false), EADDRINUSE);
    cr_expect_eq(ports_bind_beside(true, PORTS_REUSEADDR, true), EADDRINUSE);
    cr_expect_eq(ports_bind_beside(true, PORTS_REUSEADDR, false), 0);
    cr_expect_eq(ports_bind_beside(true, PORTS_REUSEPORT, true), 0);
}
