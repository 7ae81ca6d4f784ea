#include "bench/verbs/result_file.h"
#include "common/process/exit_code.h"
#include "common/report/replaced_file.h"
#include "common/report/terminal.h"

#include <errno.h>
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
    /* what is no plain file, such as a pipe, is written into */
    int r = 0;
    if (!stat(file.path, &status) && !S_ISREG(status.st_mode))
        r = (file.stream = fopen(file.path, "we")) ? 0 : -errno;
    else
        r = replaced_file_check(file.path);
    if (!r) {
        *ret = file;
        return EXIT_CODE_DONE;
    }
    int code = failed(file.path, -r, mend);
    free(file.path);
    return code;
}

static void put(FILE *out, const void *text)
{
    fputs(text, out);
}

/* In memory first: what cannot be made does not replace what there is. */
static int replace(const struct result_file *file, const json_t *document)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return -errno;
    int r = file->write(out, document);
    if (fclose(out) && !r)
        r = -errno;
    if (!r)
        r = replaced_file_write(file->path, put, text);
    free(text);
    return r;
}

/* errno: of the stream it says more than write(). */
static int write_through(struct result_file *file, const json_t *document)
{
    errno = 0;
    int r = document ? file->write(file->stream, document) : 0;
    if (r && errno)
        r = -errno;
    if (file->stream != stdout && fclose(file->stream) && !r)
        r = -errno;
    return r;
}

int result_file_close(struct result_file *file, const json_t *document, int code)
{
    if (!file->path)
        return code;
    int r = file->stream ? write_through(file, document) : document ? replace(file, document) : 0;
    if (r)
        code = failed(file->path, -r, "make room there, or write to another place");
    free(file->path);
    *file = (struct result_file){0};
    return code;
}
