/* Challenge ACKs that an experiment waits for, and the limit that a namespace has for them. */
#pragma once

#include "bench/model/conditions.h"

/* For experiment.check: whether a host sends that many challenge ACKs within one second for sure
 * (opening_challenge_acks()). Returns 0, or -EINVAL and a sentence (caller frees). */
int challenge_acks_check(const struct conditions *c, int64_t acks, char **ret_message);
