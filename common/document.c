#include "common/document.h"
#include "config.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#define DOCUMENT_FLAGS (JSON_REAL_PRECISION(15) | JSON_PRESERVE_ORDER)

struct document_output {
    FILE *json, *jsonl;
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

json_t *document_real(double value)
{
    return isfinite(value) ? json_real(round(value * 1e3) / 1e3) : json_null();
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
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:O}", "schema", head->schema, "event", event, "program",
                     head->program, "version", TCPLAB_VERSION, "kernel", system.release, "argv", argv, "time_unix_s",
                     document_real((double)now.tv_sec + (double)now.tv_nsec / 1e9), "settings", head->settings);
}

static int document_file(const char *path, FILE **ret, const char **ret_path)
{
    if (!path)
        return 0;
    *ret = strcmp(path, "-") ? fopen(path, "we") : stdout;
    if (*ret)
        return 0;
    *ret_path = path;
    return -errno;
}

int document_output_open(const char *json, const char *jsonl, struct document_output **ret, const char **ret_path)
{
    struct document_output *o = calloc(1, sizeof(*o));
    if (!o)
        return -ENOMEM;
    int r = document_file(json, &o->json, ret_path);
    if (!r)
        r = document_file(jsonl, &o->jsonl, ret_path);
    if (r) {
        document_output_free(o);
        return r;
    }
    *ret = o;
    return 0;
}

void document_output_free(struct document_output *o)
{
    if (!o)
        return;
    if (o->json && o->json != stdout)
        fclose(o->json);
    if (o->jsonl && o->jsonl != stdout)
        fclose(o->jsonl);
    free(o);
}

int document_output_wants_events(const struct document_output *o)
{
    return o->jsonl != NULL;
}

static int document_dump(FILE *out, const json_t *document, size_t indent)
{
    errno = 0;
    if (json_dumpf(document, out, DOCUMENT_FLAGS | JSON_INDENT(indent)) || fputc('\n', out) == EOF || fflush(out))
        return errno ? -errno : -EIO;
    return 0;
}

int document_output_event(struct document_output *o, json_t *document)
{
    int r = !document ? -ENOMEM : o->jsonl ? document_dump(o->jsonl, document, 0) : 0;
    json_decref(document);
    return r;
}

int document_output_report(struct document_output *o, json_t *document,
                           void (*write_text)(FILE *out, const json_t *document))
{
    if (!document)
        return -ENOMEM;
    int r = o->json ? document_dump(o->json, document, 2) : 0;
    if (o->jsonl) {
        int r2 = document_dump(o->jsonl, document, 0);
        r = r ? r : r2;
    }
    if (o->json != stdout && o->jsonl != stdout) {
        errno = 0;
        write_text(stdout, document);
        if (fflush(stdout) || ferror(stdout))
            r = r ? r : errno ? -errno : -EIO;
    }
    json_decref(document);
    return r;
}
