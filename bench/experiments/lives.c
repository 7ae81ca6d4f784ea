#include "bench/experiments/lives.h"
#include "bench/observe/closing.h"
#include "common/exit_code.h"

#include <string.h>

void lives_see(struct trial *t, enum side side, enum sockdiag_state state, const char *name)
{
    struct closing_lives lives;
    size_t n;
    if (t->failure)
        return;
    const struct segment *segments = wire_segments(t->lab.wire, &n);
    int r = closing_lives(segments, n, watch_history(t->watch), side, state, &lives);
    if (r)
        step_fail(t, EXIT_CODE_FAILED, "measuring how long a state lasts: %s", strerror(-r));
    if (r || !lives.ended)
        return;
    step_see(t, lives.first_s, "%s_first", name);
    step_see(t, lives.last_s, "%s_last", name);
}
