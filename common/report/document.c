#include "common/report/document.h"
#include "common/text/printable.h"
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#define DOCUMENT_FLAGS (JSON_REAL_PRECISION(15) | JSON_PRESERVE_ORDER)

struct document_output {
    struct {
        FILE *file; /* NULL: not asked for */
        const char *path;
        bool made; /* was not there before */
    } json, jsonl;
    FILE *text; /* NULL: stdout */
    int error;  /* the first errno of a write */
    const char *failed;
};

json_t *document_string(const char *bytes)
{
    json_t *text = json_string(bytes);
    if (text)
        return text;
    char *copy = strdup(bytes);
    if (!copy)
        return NULL;
    for (char *c = copy; *c; c++)
        if ((unsigned char)*c >= 0x80)
            *c = '?';
    text = json_string(copy);
    free(copy);
    return text;
}

json_t *document_strings(const char *const *texts)
{
    json_t *list = json_array();
    for (size_t i = 0; texts && texts[i]; i++)
        json_array_append_new(list, json_string(texts[i]));
    return list;
}

json_t *document_real(double value)
{
    return isfinite(value) ? json_real(round(value * 1e3) / 1e3) : json_null();
}

json_t *document_cpu(double user_s, double system_s, double polled_s, double n)
{
    double all_s = user_s + system_s;
    polled_s = fmin(polled_s, all_s);
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "user_s", document_real(user_s), "system_s",
                     document_real(system_s), "polling_s", document_real(polled_s), "polling",
                     document_real(polled_s / all_s), "us_per_connection",
                     document_real((all_s - polled_s) * 1e6 / n));
}

json_t *document_errno(double number)
{
    const char *name = number > 0 && number < INT_MAX ? strerrorname_np((int)number) : NULL;
    return name ? json_string(name) : json_null();
}

json_t *document_new(const struct document_head *head, const char *event)
{
    struct utsname system;
    struct timespec now;
    uname(&system);
    clock_gettime(CLOCK_REALTIME, &now);
    json_t *argv = json_array();
    for (int i = 0; i < head->argc; i++)
        json_array_append_new(argv, document_string(head->argv[i]));
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:O}", "schema", head->schema, "event",
                     event, "program", head->program, "version", TCPLAB_VERSION, "kernel",
                     system.release, "argv", argv, "time_unix_s",
                     document_real((double)now.tv_sec + (double)now.tv_nsec / 1e9), "settings",
                     head->settings);
}

/* Whether two names are one file. Any number of documents may go to /dev/null. */
static bool same_file(int a, int b)
{
    struct stat one, other;
    return !fstat(a, &one) && !fstat(b, &other) && one.st_dev == other.st_dev &&
           one.st_ino == other.st_ino && !(S_ISCHR(one.st_mode) && one.st_rdev == makedev(1, 3));
}

/* Opens without truncating: the earlier content stays until the run has succeeded so far that it
 * may replace it. A name of stdout's own file is stdout. */
static int document_file(const char *path, FILE **ret, bool *ret_made)
{
    if (!strcmp(path, "-")) {
        *ret = stdout;
        return 0;
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    *ret_made = fd >= 0;
    /* O_CREAT: it may be a link to nothing yet */
    if (fd < 0 && errno == EEXIST)
        fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        return -errno;
    if (same_file(fd, STDOUT_FILENO)) {
        close(fd);
        *ret = stdout;
        return 0;
    }
    *ret = fdopen(fd, "w");
    if (*ret)
        return 0;
    int error = errno;
    close(fd);
    return -error;
}

static int cut(FILE *file)
{
    struct stat status;
    bool regular = !fstat(fileno(file), &status) && S_ISREG(status.st_mode);
    return file != stdout && regular && ftruncate(fileno(file), 0) ? -errno : 0;
}

int document_output_open(const char *json, const char *jsonl, struct document_output **ret,
                         const char **ret_path)
{
    struct document_output *o = calloc(1, sizeof(*o));
    if (!o)
        return -ENOMEM;
    int r = 0;
    o->json.path = json;
    o->jsonl.path = jsonl;
    if (json && (r = document_file(*ret_path = json, &o->json.file, &o->json.made)))
        goto failed;
    if (jsonl && (r = document_file(*ret_path = jsonl, &o->jsonl.file, &o->jsonl.made)))
        goto failed;
    if (json && jsonl && same_file(fileno(o->json.file), fileno(o->jsonl.file)))
        r = -EEXIST;
    else if (json && (r = cut(o->json.file)))
        *ret_path = json;
    else if (jsonl)
        r = cut(o->jsonl.file);
    if (!r) {
        *ret = o;
        return 0;
    }
failed: /* leaves nothing behind */
    if (o->json.made)
        unlink(json);
    if (o->jsonl.made)
        unlink(jsonl);
    document_output_close(o, NULL);
    return r;
}

static int document_failed(struct document_output *o, const char *path, int r)
{
    if (r && !o->error) {
        o->error = -r;
        o->failed = path;
    }
    return r;
}

int document_output_close(struct document_output *o, const char **ret_path)
{
    if (!o)
        return 0;
    if (o->json.file && o->json.file != stdout && fclose(o->json.file))
        document_failed(o, o->json.path, -errno);
    if (o->jsonl.file && o->jsonl.file != stdout && fclose(o->jsonl.file))
        document_failed(o, o->jsonl.path, -errno);
    int r = -o->error;
    if (r && ret_path)
        *ret_path = o->failed && strcmp(o->failed, "-") ? o->failed : "stdout";
    free(o);
    return r;
}

bool document_output_wants_events(const struct document_output *o)
{
    return o->jsonl.file != NULL;
}

bool document_output_wants_text(const struct document_output *o)
{
    return o->json.file != stdout && o->jsonl.file != stdout;
}

/* Returns -errno, which the caller keeps; whoever flushes `out` later does not meet the same error
 * again. */
static int lost(FILE *out)
{
    int r = errno ? -errno : -EIO;
    __fpurge(out);
    clearerr(out);
    return r;
}

static int dump(FILE *out, const json_t *document, size_t indent)
{
    errno = 0;
    if (json_dumpf(document, out, DOCUMENT_FLAGS | JSON_INDENT(indent)) ||
        fputc('\n', out) == EOF || fflush(out))
        return lost(out);
    return 0;
}

static int dump_line(struct document_output *o, const json_t *document)
{
    if (!o->jsonl.file || o->failed == o->jsonl.path) /* the reader has closed its end */
        return 0;
    return document_failed(o, o->jsonl.path, dump(o->jsonl.file, document, 0));
}

int document_output_event(struct document_output *o, json_t *document)
{
    int r = document ? dump_line(o, document) : -ENOMEM;
    json_decref(document);
    return r;
}

void document_output_text_to(struct document_output *o, FILE *out)
{
    o->text = out;
}

int document_output_text(struct document_output *o, const json_t *document,
                         void (*write_text)(FILE *out, const json_t *document))
{
    json_t *text = printable_document(document);
    if (!text)
        return document_failed(o, "stdout", -ENOMEM);
    FILE *out = o->text ? o->text : stdout;
    errno = 0;
    write_text(out, text);
    int r = fflush(out) || ferror(out) ? lost(out) : 0;
    json_decref(text);
    return document_failed(o, "stdout", r);
}

int document_output_report(struct document_output *o, json_t *document,
                           void (*write_text)(FILE *out, const json_t *document))
{
    if (!document)
        return document_failed(o, "-", -ENOMEM);
    int r = o->json.file ? document_failed(o, o->json.path, dump(o->json.file, document, 2)) : 0;
    int r2 = dump_line(o, document);
    r = r ? r : r2;
    r2 = document_output_wants_text(o) ? document_output_text(o, document, write_text) : 0;
    json_decref(document);
    return r ? r : r2;
}
