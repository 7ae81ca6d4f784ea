/* What the experiments on closing states share: how long a state lasts. */
#pragma once

#include "bench/model/span.h"
#include "bench/trial/steps.h"

/* Two looks may be that far apart on a machine with other work: what a look tells of a moment is
 * known to within that. */
#define CLOSING_STATE_LOOK_S 2

/* For check(): a host needs room for so many minisockets (FIN_WAIT_2 without descriptor,
 * TIME_WAIT). 0, or -EINVAL and a sentence. */
int closing_state_check_room(const struct conditions *c, int64_t minisockets, char **ret_message);

/* For check(): a FIN_WAIT_2 is waited for, which lasts tcp_fin_timeout, and 3.5 RTO at least. 0, or
 * -EINVAL and a sentence. */
int closing_state_check_fin_wait_2(const struct conditions *c, char **ret_message);

/* SIDE.gone_first: none is gone before the time; SIDE.there_last: none is there after it. side:
 * "client", "server". */
void closing_state_expect(struct prediction *p, struct span span, const struct rule *rule,
                          const char *side);

/* Observes both. */
void closing_state_see(struct trial *t, enum side side, enum sockdiag_state state);

/* "The last was still seen after 5.12 s, and the first was missed by 5.13 s. " */
void closing_state_tell(FILE *out, const struct trial *t, const char *side);
