/* run --like FILE: a lab with the settings of a host (bench/lab/twin.h). t->like is then {"file",
 * "kernel", "listener": {"address", "port", "program", "backlog"} or null, "set": {KEY: VALUE},
 * "not_set": [{"key", "value", "why"}]}. */
#pragma once

#include "bench/trial/trial.h"

/* Sets what can be set, before the experiment's own sysctls. What cannot is no failure. */
void like_set(struct trial *t);

/* Once all is set: what is not as on the host, for the experiment or the user has set it. */
void like_compare(struct trial *t);
