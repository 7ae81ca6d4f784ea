#include "bench/verbs/kept_file.h"
#include "common/process/exit_code.h"
#include "common/report/replaced_file.h"
#include "common/report/terminal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define KEPT_FLAGS (JSON_REAL_PRECISION(15) | JSON_PRESERVE_ORDER | JSON_INDENT(2))

static int failed(struct kept_file *f, int error, const char *mend)
{
    if (!f->failed)
        terminal_error("cannot write %s: %s; %s", f->path, strerror(error), mend);
    f->failed = true;
    return EXIT_CODE_FAILED;
}

int kept_file_open(const char *path, struct kept_file *ret)
{
    struct stat status;
    struct kept_file f = {.path = path};
    if (path && strcmp(path, "-") != 0) {
        f.replaces = stat(path, &status) || S_ISREG(status.st_mode);
        FILE *file = f.replaces ? NULL : fopen(path, "ae");
        int r = f.replaces ? replaced_file_check(path) : file ? 0 : -errno;
        if (r)
            return failed(&f, -r, "give --json a file in a folder that you may write to");
        if (file)
            fclose(file);
    }
    *ret = f;
    return EXIT_CODE_DONE;
}

static int dump(FILE *out, const json_t *document)
{
    errno = 0;
    if (json_dumpf(document, out, KEPT_FLAGS) || fputc('\n', out) == EOF || fflush(out))
        return errno ? errno : EIO;
    return 0;
}

static void put(FILE *out, const void *document)
{
    dump(out, document);
}

static int write_through(const struct kept_file *f, const json_t *document)
{
    bool out = !strcmp(f->path, "-");
    FILE *file = out ? stdout : fopen(f->path, "we");
    int error = file ? dump(file, document) : errno;
    if (file && !out && fclose(file) && !error)
        error = errno;
    return error;
}

void kept_file_keep(struct kept_file *f, const json_t *document)
{
    int error =
        f->path && f->replaces && !f->failed ? -replaced_file_write(f->path, put, document) : 0;
    if (error)
        failed(f, error, "make room there, or write to another place");
}

int kept_file_close(struct kept_file *f, const json_t *document, int code)
{
    if (!f->path || !document)
        return code;
    int error = f->failed     ? 0
                : f->replaces ? -replaced_file_write(f->path, put, document)
                              : write_through(f, document);
    if (error)
        failed(f, error, "make room there, or write to another place");
    return f->failed ? EXIT_CODE_FAILED : code;
}
