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

struct names {
    char *file, *beside;
};

static void free_names(struct names *n)
{
    free(n->file);
    free(n->beside);
}

/* file: where a link points to. Free with free_names(). */
static int find_names(const char *path, struct names *ret)
{
    struct stat status;
    struct names n = {0};
    if (!stat(path, &status) && !S_ISREG(status.st_mode))
        return -EEXIST;
    n.file = realpath(path, NULL);
    if (!n.file)
        n.file = strdup(path);
    if (!n.file || asprintf(&n.beside, "%s.new", n.file) < 0) {
        free(n.file);
        return -ENOMEM;
    }
    *ret = n;
    return 0;
}

int replaced_file_write(const char *path, void (*put)(FILE *out, const void *context),
                        const void *context)
{
    struct names n;
    int r = find_names(path, &n);
    if (r)
        return r;
    r = write_and_rename(n.beside, n.file, put, context);
    free_names(&n);
    return r;
}

int replaced_file_check(const char *path)
{
    struct names n;
    int r = find_names(path, &n);
    if (r)
        return r;
    if (access(n.file, W_OK) && errno != ENOENT)
        r = -errno;
    FILE *file = r ? NULL : make(n.beside);
    if (!file && !r)
        r = -errno;
    if (file) {
        fclose(file);
        unlink(n.beside);
    }
    free_names(&n);
    return r;
}

const char *replaced_file_why(int error)
{
    return error == -EEXIST ? "it is there, and is no plain file" : strerror(-error);
}
