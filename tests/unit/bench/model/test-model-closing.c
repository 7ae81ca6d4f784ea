/* What closing takes and leaves: as it was seen on a 6.18 kernel. */
#include "bench/model/closing.h"

#include <criterion/criterion.h>
#include <errno.h>

Test(model_closing, two_fins_and_an_ack_for_each)
{
    cr_expect_eq(closing_segments(false), 4);
    cr_expect_eq(closing_segments(true), 3);
    cr_expect_float_eq(closing_delayed_ack(), 0.04, 1e-12);
}

Test(model_closing, time_wait_is_for_those_who_closed_first)
{
    cr_expect_eq(closing_time_waits(CLOSING_IN_TURN), 1);
    cr_expect_eq(closing_time_waits(CLOSING_CROSSED), 2);
    cr_expect_eq(closing_time_waits(CLOSING_BY_RESET), 0);
}

Test(model_closing, the_errno_of_a_reset)
{
    cr_expect_eq(closing_reset_errno(true), EPIPE);
    cr_expect_eq(closing_reset_errno(false), ECONNRESET);
}
