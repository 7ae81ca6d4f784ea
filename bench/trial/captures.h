/* The packets of a trial as files: run --pcap and --pcapng. */
#pragma once

#include "bench/trial/trial.h"

/* Writes them (NULL: not that one). The comments are what the run's document says of its segments
 * and checks. The trial fails where a file cannot be written. */
void captures_write(struct trial *t, const char *pcap, const char *pcapng, const json_t *document);
