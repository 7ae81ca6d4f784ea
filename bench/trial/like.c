#include "bench/trial/like.h"
#include "bench/lab/twin.h"
#include "bench/trial/steps_inside.h"
#include "common/report/document.h"

#include <errno.h>
#include <string.h>

#define ALWAYS_TOLD "net.core.somaxconn" /* also where it is that of a fresh namespace */

static int set_there(const struct host *host, const struct twin_sysctl *s, bool *ret_was_so)
{
    char now[SYSCTL_VALUE_MAX];
    int r = host_enter(host);
    if (!r)
        r = sysctl_read(s->key, now);
    *ret_was_so = !r && sysctl_same(now, s->value);
    if (r || *ret_was_so)
        return r;
    r = sysctl_write(s->key, s->value);
    if (!r)
        r = sysctl_read(s->key, now);
    return !r && !sysctl_same(now, s->value) ? -ERANGE : r;
}

static const char *why_not(int r)
{
    return r == -ENOENT                                 ? "no sysctl of a network namespace here"
           : r == -EACCES || r == -EPERM || r == -EROFS ? "the whole machine's"
           : r == -EINVAL || r == -ERANGE || r == -EDOM ? "this kernel refuses the value"
                                                        : strerror(-r);
}

static void leave_out(struct trial *t, const char *key, json_t *value, json_t *why)
{
    json_array_append_new(json_object_get(t->like, "not_set"),
                          json_pack("{s:s, s:o, s:o}", "key", key, "value", value, "why", why));
}

static void set_one(struct trial *t, const struct twin_sysctl *s)
{
    bool was_so, ignored;
    int r = set_there(&t->lab.server, s, &was_so);
    if (!r && !t->lab.loopback)
        r = set_there(&t->lab.client, s, &ignored);
    if (r)
        leave_out(t, s->key, json_string(s->value), json_string(why_not(r)));
    else if (!was_so || !strcmp(s->key, ALWAYS_TOLD))
        json_object_set_new(json_object_get(t->like, "set"), s->key, json_string(s->value));
}

void like_set(struct trial *t)
{
    const struct twin *twin = t->knobs->twin;
    if (!twin || t->failure)
        return;
    t->like = json_pack("{s:o, s:s, s:n, s:{}, s:[]}", "file", document_string(twin->file),
                        "kernel", twin->kernel, "listener", "set", "not_set");
    if (twin->port)
        json_object_set_new(t->like, "listener",
                            json_pack("{s:s, s:i, s:s, s:I}", "address", twin->address, "port",
                                      twin->port, "program", twin->program, "backlog",
                                      (json_int_t)twin->backlog));
    for (size_t i = 0; i < twin->n_sysctls; i++)
        set_one(t, &twin->sysctls[i]);
}

/* --- what stands in the end --- */

static bool given_by_user(const struct knobs *k, const char *key)
{
    char given[SYSCTL_KEY_MAX], ignored[SYSCTL_VALUE_MAX];
    const char *why;
    for (size_t i = 0; i < k->n_sysctls; i++)
        if (!sysctl_parse(k->sysctl[i], given, ignored, &why) && !strcmp(given, key))
            return true;
    for (size_t i = 0; i < k->n; i++)
        if (k->given[i] && k->knobs[i].sysctl && !strcmp(k->knobs[i].sysctl, key))
            return true;
    return false;
}

/* The experiment, or --set, comes later and wins. */
static void compare_one(struct trial *t, const struct twin_sysctl *s)
{
    char now[SYSCTL_VALUE_MAX];
    size_t i;
    json_t *known;
    json_array_foreach(json_object_get(t->like, "not_set"), i, known)
    {
        if (!strcmp(json_string_value(json_object_get(known, "key")), s->key))
            return;
    }
    if (sysctl_read(s->key, now) || sysctl_same(now, s->value))
        return;
    json_object_del(json_object_get(t->like, "set"), s->key);
    leave_out(t, s->key, json_string(s->value),
              json_sprintf("%s sets %s",
                           given_by_user(t->knobs, s->key) ? "--set" : "the experiment", now));
}

static void compare_backlog(struct trial *t)
{
    const struct twin *twin = t->knobs->twin;
    if (!twin->port)
        return;
    if (!knobs_have(t->knobs, "backlog"))
        leave_out(t, "backlog", json_integer(twin->backlog),
                  json_string("this experiment has no backlog of its own"));
    else if (knob(t->knobs, "backlog") != twin->backlog)
        leave_out(t, "backlog", json_integer(twin->backlog),
                  json_sprintf("it is %lld here", (long long)knob(t->knobs, "backlog")));
}

void like_compare(struct trial *t)
{
    if (!t->like || t->failure || host_enter(&t->lab.server))
        return;
    for (size_t i = 0; i < t->knobs->twin->n_sysctls; i++)
        compare_one(t, &t->knobs->twin->sysctls[i]);
    compare_backlog(t);
}
