/* Shared by the experiments on closing states: how long a state lasts. */
#pragma once

#include "bench/model/span.h"
#include "bench/trial/steps.h"

/* On a busy machine two looks may be this far apart, so the time of a change is known only to
 * within this. */
#define CLOSING_STATE_LOOK_S 2

/* For check(): a host needs room for so many minisockets (FIN_WAIT_2 without descriptor,
 * TIME_WAIT). Returns 0, or -EINVAL and a sentence (caller frees). */
int closing_state_check_room(const struct conditions *c, int64_t minisockets, char **ret_message);

/* For check(): the run waits for the end of FIN_WAIT_2, which lasts tcp_fin_timeout, but at least
 * 3.5 RTO. Returns 0, or -EINVAL and a sentence (caller frees). */
int closing_state_check_fin_wait_2(const struct conditions *c, char **ret_message);

/* Expects SIDE.gone_first, no socket is gone before the span, and SIDE.there_last, no socket is
 * there after it. side: "client" or "server". */
void closing_state_expect(struct prediction *p, struct span span, const struct rule *rule,
                          const char *side);

/* Observes both. */
void closing_state_see(struct trial *t, enum side side, enum sockdiag_state state);

/* Prints "The last was still seen after 5.12 s, and the first was missed by 5.13 s. " */
void closing_state_tell(FILE *out, const struct trial *t, const char *side);
