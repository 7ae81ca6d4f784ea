/* sockdiag_parse(): whatever the buffer, no read outside it, only sockets of a known family, and a
 * visitor that ends the parse ends it where it says. */
#include "common/kernel/sockdiag.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define STOP_RESULT 4711

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

struct visits {
    size_t n, stop_after; /* 0: never */
};

static int visit(const struct sockdiag_socket *socket, void *context)
{
    static const uint8_t zero[12];
    struct visits *visits = context;

    require(socket->family == AF_INET || socket->family == AF_INET6);
    if (socket->family == AF_INET) {
        require(memcmp(socket->source + 4, zero, sizeof(zero)) == 0);
        require(memcmp(socket->destination + 4, zero, sizeof(zero)) == 0);
    }
    require(socket->drops == 0 || socket->state == SOCKDIAG_LISTEN);
    require(sockdiag_state_name(socket->state) != NULL);
    return ++visits->n == visits->stop_after ? STOP_RESULT : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    void *buffer = calloc(1, size ? size : 1);
    struct visits all = {0, 0};
    int r;

    require(buffer != NULL);
    if (size)
        memcpy(buffer, data, size);
    r = sockdiag_parse(buffer, size, visit, &all);
    require(r == 1 || (r <= 0 && r >= -4095));
    require(size > 0 || r == -EBADMSG);
    if (all.n > 0) {
        struct visits some = {0, 1 + data[size - 1] % all.n};

        require(sockdiag_parse(buffer, size, visit, &some) == STOP_RESULT);
        require(some.n == some.stop_after);
    }
    free(buffer);
    return 0;
}
