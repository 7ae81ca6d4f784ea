/* Shared by close-by-client and close-by-server: one end closes, and then the other, one segment at
 * a time. */
#pragma once

#include "bench/trial/steps.h"

/* What the second end does when the first one's FIN has come; the choices of a knob. */
enum close_second { CLOSE_AT_ONCE, CLOSE_LATER, CLOSE_DATA };
extern const char *const close_second_choices[];

int close_in_turn_check(const struct conditions *c, char **ret_message);
void close_in_turn_expect(struct prediction *p, enum side first, enum close_second second);
void close_in_turn_run(struct trial *t, enum side first, enum close_second second);
