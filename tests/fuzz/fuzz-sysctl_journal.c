/* sysctl_guard_read(): whatever the file, no read outside it, and the same answer each time. */
#include "common/sysctl/sysctl_guard.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sysctl_guard *g = NULL;
    int fd = memfd_create("journal", MFD_CLOEXEC);
    require(fd >= 0 && sysctl_guard_new("/nowhere", &g) == 0);
    require(write(fd, data, size) == (ssize_t)size && lseek(fd, 0, SEEK_SET) == 0);
    int r = sysctl_guard_read(g, fd);
    require(r == 0 || r == -EBADMSG);
    require(lseek(fd, 0, SEEK_SET) == 0 && sysctl_guard_read(g, fd) == r);
    sysctl_guard_free(g);
    close(fd);
    return 0;
}
