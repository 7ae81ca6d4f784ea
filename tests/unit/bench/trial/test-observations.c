/* Observations by name: a name under which nothing can be observed is found before the run. */
#include "bench/trial/observations.h"

#include <criterion/criterion.h>

static const char *fault(const char *name)
{
    struct counters *counters;
    cr_assert_eq(counters_read(&counters), 0);
    const char *fault = observation_fault(name, counters);
    counters_free(counters);
    return fault;
}

Test(observations, names_that_can_be)
{
    static const char *const names[] = {"ledger.queued",
                                        "client.TIME_WAIT",
                                        "server.queue_peak",
                                        "server.noted_by_a_step",
                                        "server.TcpExt.ListenOverflows",
                                        "client.Tcp.OutRsts_before_the_close"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        cr_expect_null(fault(names[i]), "%s: %s", names[i], fault(names[i]));
}

Test(observations, mistyped_names)
{
    cr_expect_str_eq(fault("ledger.qeued"), "the ledger has no such row");
    cr_expect_str_eq(fault("clent.TcpExt.ListenOverflows"),
                     "it begins with none of \"ledger.\", \"server.\" and \"client.\"");
    cr_expect_str_eq(fault("queue"),
                     "it begins with none of \"ledger.\", \"server.\" and \"client.\"");
    cr_expect_str_eq(fault("server.TcpExt.ListenOverflow"), "the kernel has no such counter");
    cr_expect_str_eq(fault("server.Tpc.OutRsts"), "the kernel has no such counter");
}
