/* Parts of the documents of load, compare, sweep and knee. */
#pragma once

#include "bench/load/load_arm.h"

/* {"server": its command line, "client", "lab": a sentence, "knobs", "keys", "settings" (in force),
 * "target", "warm_up_us"}: what is run. New reference. */
json_t *load_document_arm(const struct load_arm *arm);
