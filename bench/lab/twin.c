#include "bench/lab/twin.h"
#include "common/text/say.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MOST (64 << 20) /* a host of 100,000 listeners has less */
#define SCHEMA    "tcplab.host/"

static void copy(char to[static TWIN_TEXT], const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    snprintf(to, TWIN_TEXT, "%.*s", TWIN_TEXT - 1, text ? text : "");
    for (char *c = to; *c; c++) /* it comes from anywhere, and goes to a terminal */
        if ((unsigned char)*c < ' ' || *c == 0x7f || *c & 0x80)
            *c = '?';
}

static int check_schema(const char *file, const json_t *json, char **ret_message)
{
    const char *schema = json_string_value(json_object_get(json, "schema"));
    char *end;
    if (!schema || strncmp(schema, SCHEMA, strlen(SCHEMA)))
        return say(ret_message, -EINVAL,
                   "%s is no file of tcplab-look --save: its schema is %.40s, not " TWIN_SCHEMA,
                   file, schema ? schema : "missing");
    unsigned long version = strtoul(schema + strlen(SCHEMA), &end, 10);
    if (!strcmp(schema, TWIN_SCHEMA))
        return 0;
    return say(ret_message, -EINVAL,
               version > 1 && !*end
                   ? "%s has the schema %.40s, of a newer tcplab than this one, which reads "
                     "%s: save it with this tcplab-look, or use the newer tcplab-bench"
                   : "%s has the schema %.40s, and this tcplab reads %s",
               file, schema, TWIN_SCHEMA);
}

static int read_sysctls(struct twin *t, const json_t *json, char **ret_message)
{
    const json_t *sysctls = json_object_get(json, "sysctls");
    const char *key, *why;
    json_t *value;
    if (!json_is_object(sysctls))
        return say(ret_message, -EINVAL, "%s is damaged: it has no sysctls", t->file);
    if (json_object_size(sysctls) > TWIN_SYSCTLS)
        return say(ret_message, -EINVAL,
                   "%s is damaged: it has %zu sysctls, and at most %d are read", t->file,
                   json_object_size(sysctls), TWIN_SYSCTLS);
    json_object_foreach((json_t *)sysctls, key, value)
    {
        struct twin_sysctl *s = &t->sysctls[t->n_sysctls];
        char *text = NULL;
        if (!json_is_string(value))
            return say(ret_message, -EINVAL, "%s is damaged: the value of %.60s is no text",
                       t->file, key);
        if (asprintf(&text, "%s=%s", key, json_string_value(value)) < 0)
            return -ENOMEM;
        int r = sysctl_parse(text, s->key, s->value, &why);
        free(text);
        if (r)
            return say(ret_message, -EINVAL, "%s is damaged: the sysctl %.60s: %s", t->file, key,
                       why);
        t->n_sysctls++;
    }
    return 0;
}

/* Arrivals that were seen; PassiveOpens are those of all listeners. */
static double arrivals(const json_t *listener)
{
    const char *from = json_string_value(json_object_get(listener, "arrivals_from"));
    return from && !strcmp(from, "births")
               ? json_number_value(json_object_get(listener, "arrivals_per_s"))
               : 0;
}

static const json_t *choose(const json_t *listeners, int port)
{
    const json_t *best = NULL;
    size_t i;
    json_t *l;
    json_array_foreach((json_t *)listeners, i, l)
    {
        if (port && json_integer_value(json_object_get(l, "port")) != port)
            continue;
        if (!best || arrivals(l) > arrivals(best))
            best = l;
    }
    return best;
}

static int read_listener(struct twin *t, const json_t *json, int port, char **ret_message)
{
    const json_t *listeners = json_object_get(json, "listeners"), *l = choose(listeners, port);
    if (!json_is_array(listeners))
        return say(ret_message, -EINVAL, "%s is damaged: it has no listeners", t->file);
    if (port && !l)
        return say(ret_message, -EINVAL,
                   "%s has no listener at port %d; leave :%d away for the busiest", t->file, port,
                   port);
    if (!l)
        return 0;
    const json_t *at = json_object_get(l, "port"), *limit = json_object_get(l, "limit");
    if (!json_is_integer(at) || json_integer_value(at) < 1 || json_integer_value(at) > UINT16_MAX ||
        !json_is_integer(limit) || json_integer_value(limit) < 0 ||
        json_integer_value(limit) > UINT32_MAX)
        return say(ret_message, -EINVAL, "%s is damaged: a listener without a port or a limit",
                   t->file);
    t->port = (int)json_integer_value(at);
    t->backlog = json_integer_value(limit);
    copy(t->address, l, "address");
    copy(t->program, l, "program");
    return 0;
}

int twin_parse(const char *file, const char *content, size_t size, int port, struct twin **ret,
               char **ret_message)
{
    json_error_t error;
    *ret_message = NULL;
    struct twin *t = calloc(1, sizeof(*t));
    if (!t)
        return -ENOMEM;
    snprintf(t->file, sizeof(t->file), "%.*s", (int)sizeof(t->file) - 1, file);
    json_t *json = json_loadb(content, size, 0, &error);
    int r = json_is_object(json) ? 0
                                 : say(ret_message, -EINVAL,
                                       "%s is damaged, or no file of tcplab-look --save: it is no "
                                       "JSON object",
                                       t->file);
    if (!r)
        r = check_schema(t->file, json, ret_message);
    if (!r)
        r = read_sysctls(t, json, ret_message);
    if (!r)
        r = read_listener(t, json, port, ret_message);
    if (!r)
        copy(t->kernel, json, "kernel");
    json_decref(json);
    if (r) {
        free(t);
        return r;
    }
    *ret = t;
    return 0;
}

/* A file whose name ends in ":80" is that file. */
static int split_port(const char *text, char **ret_file)
{
    const char *colon = strrchr(text, ':');
    char *end;
    unsigned long port = colon ? strtoul(colon + 1, &end, 10) : 0;
    bool has = colon && colon[1] >= '0' && colon[1] <= '9' && !*end && port > 0 &&
               port <= UINT16_MAX && access(text, F_OK);
    *ret_file = has ? strndup(text, (size_t)(colon - text)) : strdup(text);
    return has ? (int)port : 0;
}

int twin_read(const char *text, struct twin **ret, char **ret_message)
{
    char *file, *content = NULL;
    int port = split_port(text, &file), r = 0;
    *ret_message = NULL;
    FILE *in = file ? fopen(file, "re") : NULL;
    if (!in) {
        r = file ? say(ret_message, -EINVAL, "%s cannot be read: %s; write FILE, or FILE:PORT",
                       file, strerror(errno))
                 : -ENOMEM;
        free(file);
        return r;
    }
    content = malloc(FILE_MOST);
    size_t size = content ? fread(content, 1, FILE_MOST, in) : 0;
    if (!content)
        r = -ENOMEM;
    else if (ferror(in))
        r = say(ret_message, -EINVAL, "%s cannot be read: %s", file, strerror(errno));
    else if (size == FILE_MOST)
        r = say(ret_message, -EINVAL, "%s is no file of tcplab-look --save: it is too long", file);
    fclose(in);
    if (!r)
        r = twin_parse(file, content, size, port, ret, ret_message);
    free(content);
    free(file);
    return r;
}

void twin_free(struct twin *t)
{
    free(t);
}
