/* What the files of sockets.h share. */
#pragma once

#include "bench/trial/sockets.h"

/* Fails the trial where r is an errno: "WHAT: its text". s may be NULL. */
void sock_check(struct trial_socket *s, int r, const char *what);
