#include "bench/trial/closing_state.h"
#include "bench/lab/needs.h"
#include "bench/model/afterlife.h"
#include "bench/model/life.h"
#include "bench/model/rto.h"
#include "bench/observe/state_lifetime.h"
#include "common/process/exit_code.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define RTO_MOST_S         10
#define FIN_TIMEOUT_MOST_S 86400 /* as the knob has it */

int closing_state_check_room(const struct conditions *c, int64_t minisockets, char **ret_message)
{
    if (afterlife_room(c) >= minisockets)
        return 0;
    if (asprintf(ret_message,
                 "tcp_max_tw_buckets=%lld: this experiment needs %lld minisocket%s on one host, "
                 "and the kernel would delete any beyond that at once; write at least %lld",
                 (long long)c->max_tw_buckets, (long long)minisockets, minisockets == 1 ? "" : "s",
                 (long long)minisockets) < 0)
        *ret_message = NULL;
    return -EINVAL;
}

int closing_state_check_fin_wait_2(const struct conditions *c, char **ret_message)
{
    int r;
    if (rto_first(c, 0) > RTO_MOST_S)
        r = asprintf(ret_message,
                     "net.ipv4.tcp_rto_min_us=%lld: FIN_WAIT_2 lasts 3.5 times the RTO at least, "
                     "which would be %.0f s; write at most %d",
                     (long long)c->rto_min_us, 3.5 * rto_first(c, 0), RTO_MOST_S * 1000000);
    else if (c->fin_timeout > FIN_TIMEOUT_MOST_S)
        r = asprintf(ret_message,
                     "net.ipv4.tcp_fin_timeout=%lld: this experiment does not wait that long; "
                     "write at most %d",
                     (long long)c->fin_timeout, FIN_TIMEOUT_MOST_S);
    else
        return 0;
    if (r < 0)
        *ret_message = NULL;
    return -EINVAL;
}

void closing_state_expect(struct prediction *p, struct span span, const struct rule *rule,
                          const char *side)
{
    expect_between(p, "s", span.lo, span.hi + CLOSING_STATE_LOOK_S, rule, "%s.gone_first", side);
    expect_between(p, "s", fmax(0, span.lo - CLOSING_STATE_LOOK_S), span.hi, rule, "%s.there_last",
                   side);
}

void closing_state_see(struct trial *t, enum side side, enum sockdiag_state state)
{
    const char *name = side == SIDE_SERVER ? "server" : "client";
    struct state_lifetime lives;
    size_t n;
    if (t->failure)
        return;
    const struct segment *segments = wire_segments(t->lab.wire, &n);
    int r = state_lifetime_measure(segments, n, watch_history(t->watch), side, state, &lives);
    if (r)
        step_fail(t, EXIT_CODE_FAILED, "measuring how long a state lasts: %s", needs_error(-r));
    if (r || !lives.ended)
        return;
    step_see(t, lives.gone_first_s, "%s.gone_first", name);
    step_see(t, lives.there_last_s, "%s.there_last", name);
}

void closing_state_tell(FILE *out, const struct trial *t, const char *side)
{
    char first[EXPECTATION_NAME_MAX], last[EXPECTATION_NAME_MAX];
    snprintf(first, sizeof(first), "%s.gone_first", side);
    snprintf(last, sizeof(last), "%s.there_last", side);
    if (isnan(trial_observed(t, first)) || isnan(trial_observed(t, last)))
        return;
    fprintf(out, "The last one still existed after %.2f s, and the first one was gone by %.2f s. ",
            trial_observed(t, last), trial_observed(t, first));
}
