/* LOAD of load, compare, sweep and knee: what the options say, checked before anything runs. */
#pragma once

#include "bench/load/load_words.h"
#include "bench/trial/knobs.h"
#include "common/metric/metric.h"
#include "common/options/options.h"

#include <stdbool.h>

struct load_spec {
    /* as they were given */
    const char *server, *client, *target, *practical_text;
    struct option_texts sets, metrics, fail_if;
    uint64_t rounds, seed;
    int64_t warm_up_ns;

    /* after load_spec_check() */
    struct load_words server_words, client_words;
    struct knobs knobs;
    double practical; /* 0.03 */
    char target_host[PARSE_HOST_MAX];
    int target_port;
    const char *const *programs; /* whose reports there are: {"client", "server", NULL} */
    size_t n_metrics;            /* those asked for, or a sensible set */
    const char *metric[OPTION_TEXTS_MAX];
};

#define LOAD_SPEC_ROWS 10

/* Writes the rows of the options of LOAD; their values go to *s. rounds: the default. Returns
 * LOAD_SPEC_ROWS. */
size_t load_spec_rows(struct load_spec *s, const char *rounds, struct option_row *rows);

/* After options_read(): 0, or -errno and a sentence (caller frees). */
int load_spec_check(struct load_spec *s, char **ret_message);
void load_spec_free(struct load_spec *s);
