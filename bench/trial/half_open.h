/* Shared by the experiments that look at a half-open request. */
#pragma once

#include "bench/trial/experiment.h"

/* For experiment.check: with tcp_syncookies = 2 there is none. Returns 0, or -EINVAL and a
 * sentence. */
int half_open_check(const struct conditions *c, char **ret_message);

/* For experiment.check: so many clients, whose SYN-ACKs come again at the same time, so often,
 * shall answer each by a challenge ACK. */
int half_open_check_answers(const struct conditions *c, int64_t clients, int64_t times,
                            char **ret_message);
