/* What the experiments share that look at a half-open request. */
#pragma once

#include "bench/experiments/experiment.h"

/* For experiment.check: with tcp_syncookies = 2 there is none. 0, or -EINVAL and a sentence. */
int requests_check(const struct conditions *c, char **ret_message);
