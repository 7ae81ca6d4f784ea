/* The two programs that a run starts. */
#pragma once

#include <limits.h>
#include <stdbool.h>

struct trial_programs {
    const char *server, *client; /* paths */
};

#define PROGRAMS_PATH_MAX (PATH_MAX + 40)
struct programs_paths {
    char server[PROGRAMS_PATH_MAX], client[PROGRAMS_PATH_MAX];
};

/* Those in this folder, or in the build tree of which it is the root; NULL: those of this
 * installation, beside the running program or in its build tree. false: not there; and in *ret the
 * folders that were looked into. */
bool programs_find(const char *folder, struct programs_paths *ret);
