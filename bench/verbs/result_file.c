#include "bench/verbs/result_file.h"
#include "common/process/exit_code.h"
#include "common/report/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int failed(const char *path, int error, const char *mend)
{
    terminal_error("cannot write %s: %s; %s", path, strerror(error), mend);
    return EXIT_CODE_FAILED;
}

int result_file_open(const char *option, const char *path, const char *name,
                     int (*write)(FILE *out, const json_t *document), struct result_file *ret)
{
    char mend[96];
    struct result_file file = {.write = write};
    struct stat status;
    if (!path)
        return EXIT_CODE_DONE;
    if (!strcmp(path, "-")) {
        file.path = strdup("stdout");
        file.stream = stdout;
        *ret = file;
        return EXIT_CODE_DONE;
    }
    snprintf(mend, sizeof(mend), "give %s a file in a folder that you may write to", option);
    bool folder = name && !stat(path, &status) && S_ISDIR(status.st_mode);
    if (asprintf(&file.path, "%s%s%s", path, folder ? "/" : "", folder ? name : "") < 0)
        return failed(path, ENOMEM, mend);
    int fd = open(file.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    file.made = fd >= 0;
    /* O_CREAT: it may be a link to nothing yet */
    if (fd < 0 && errno == EEXIST)
        fd = open(file.path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    file.stream = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (file.stream) {
        *ret = file;
        return EXIT_CODE_DONE;
    }
    int code = failed(file.path, errno, mend);
    if (fd >= 0)
        close(fd);
    free(file.path);
    return code;
}

static int cut(FILE *file)
{
    struct stat status;
    bool regular = !fstat(fileno(file), &status) && S_ISREG(status.st_mode);
    return regular && file != stdout ? ftruncate(fileno(file), 0) : 0;
}

int result_file_close(struct result_file *file, const json_t *document, int code)
{
    if (!file->stream)
        return code;
    errno = 0;
    bool written = !document || (!cut(file->stream) && !file->write(file->stream, document));
    int error = errno;
    if (file->stream != stdout && fclose(file->stream) && written) {
        written = false;
        error = errno;
    }
    if (!document && file->made)
        unlink(file->path);
    if (!written)
        code =
            failed(file->path, error ? error : EIO, "make room there, or write to another place");
    free(file->path);
    *file = (struct result_file){0};
    return code;
}
