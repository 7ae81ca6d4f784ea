/* twin_parse(): whatever a file has in it, it is refused with a sentence, or what came out of it is
 * what a lab can be given. */
#include "bench/lab/twin.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct twin *twin = NULL;
    char *message = NULL, path[SYSCTL_PATH_MAX];
    int r = twin_parse("host.json", (const char *)data, size, size % 3 ? 0 : 80, &twin, &message);
    require(!r == !!twin && !r == !message);
    for (size_t i = 0; twin && i < twin->n_sysctls; i++)
        require(!sysctl_path(twin->sysctls[i].key, path) &&
                !sysctl_check_value(twin->sysctls[i].value));
    require(!twin || (twin->port >= 0 && twin->port <= UINT16_MAX && twin->backlog >= 0));
    require(!message || !strchr(message, '\n'));
    free(message);
    twin_free(twin);
    return 0;
}
