/* The packets of a trial as files: run --pcap and --pcapng. */
#pragma once

#include "bench/trial/trial.h"

/* Writes them (NULL: not that one). The trial fails where that cannot be done. */
void captures_write(struct trial *t, const char *pcap, const char *pcapng);
