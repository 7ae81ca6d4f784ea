#include "bench/look/programs.h"

#include <stddef.h>
#include <string.h>

static const struct program_backlog programs[] = {
#define X(program, fallback, directive, source) {program, fallback, directive, source},
    PROGRAM_BACKLOGS(X)
#undef X
};

const struct program_backlog *program_backlog_of(const char *name)
{
    for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++)
        if (!strncmp(name, programs[i].program, strlen(programs[i].program)))
            return &programs[i];
    return NULL;
}
