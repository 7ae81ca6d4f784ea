/* One way to run a load: what LOAD says, with some keys set. compare has two of them, sweep one for
 * each point. */
#pragma once

#include "bench/lab/process.h"
#include "bench/load/load_spec.h"
#include "bench/trial/programs.h"

struct load_arm {
    const struct load_spec *spec;
    struct knobs knobs; /* link, delay, ipv6, and the sysctls */
    char *server[PROCESS_ARGUMENTS], *client[PROCESS_ARGUMENTS]; /* the command lines */
    struct programs_paths paths;
    char **texts; /* of the keys; the knobs point into them */
    size_t n_texts;
    /* {"client": what is in force, "server"}: as --print-settings prints it; with --target only the
     * first */
    json_t *settings;
    json_t *keys;     /* {"server.backlog": "4"}, {} */
    int64_t round_ns; /* warm-up and duration; 0: it has no given length (-w hold without -d) */
};

/* keys: n texts KEY=VALUE, where KEY is server.OPTION or client.OPTION (its long name, or its
 * letter; a flag stands alone: "client.reuse"), a knob, a sysctl, or "build" (a folder with the two
 * programs). Everything is checked, the options by the programs themselves; nothing of a load is
 * run. 0; or -errno and a sentence that begins with the text that is wrong (caller frees). */
int load_arm_new(const struct load_spec *spec, const char *const *keys, size_t n,
                 struct load_arm **ret, char **ret_message);
void load_arm_free(struct load_arm *arm); /* NULL is fine */

/* An option that is in force: "backlog" of "server". NULL: there is none. Borrowed. */
const json_t *load_arm_setting(const struct load_arm *arm, const char *program, const char *name);
