#include "common/report/replaced_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file that is there belongs to somebody else or to an earlier write: never write into it. */
static FILE *make(const char *path)
{
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    if (!file && fd >= 0)
        close(fd);
    return file;
}

static int write_and_rename(const char *beside, const char *path,
                            void (*put)(FILE *out, const void *context), const void *context)
{
    FILE *file = make(beside);
    if (!file)
        return -errno;
    errno = 0;
    put(file, context);
    int r = ferror(file) ? -(errno ? errno : EIO) : 0;
    if (fclose(file) && !r)
        r = -errno;
    if (!r && rename(beside, path))
        r = -errno;
    if (r)
        unlink(beside);
    return r;
}

int replaced_file_write(const char *path, void (*put)(FILE *out, const void *context),
                        const void *context)
{
    struct stat status;
    char *beside = NULL;
    if (!stat(path, &status) && !S_ISREG(status.st_mode))
        return -EEXIST;
    char *real = realpath(path, NULL);
    if (asprintf(&beside, "%s.new", real ? real : path) < 0) {
        free(real);
        return -ENOMEM;
    }
    int r = write_and_rename(beside, real ? real : path, put, context);
    free(beside);
    free(real);
    return r;
}

const char *replaced_file_why(int error)
{
    return error == -EEXIST ? "it is there, and is no plain file" : strerror(-error);
}
