#include "bench/model/ports.h"

#include <errno.h>

int64_t ports_usable(int64_t ports, int64_t reserved)
{
    return reserved < ports ? ports - reserved : 0;
}

int64_t ports_connections(enum ports_choice choice, int64_t usable, int64_t sources,
                          int destination)
{
    if (choice == PORTS_BIND && destination > 1)
        return 0;
    return usable * sources;
}

int ports_error(enum ports_choice choice)
{
    return choice == PORTS_BIND ? EADDRINUSE : EADDRNOTAVAIL;
}

int ports_bind_again(int64_t children, bool old_reuses, bool new_reuses)
{
    return children > 0 && !(old_reuses && new_reuses) ? EADDRINUSE : 0;
}

int ports_bind_beside(bool clash, enum ports_sharing both, bool other_listens)
{
    bool shares = both == PORTS_REUSEPORT || (both == PORTS_REUSEADDR && !other_listens);
    if (!clash || shares)
        return 0;
    return EADDRINUSE;
}
