#include "bench/look/everywhere.h"
#include "bench/look/look_document.h"
#include "bench/look/namespaces.h"
#include "common/process/clock.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* How a child ends. */
enum { SEEN, REFUSED, FAILED };

struct child {
    pid_t pid;
    int document; /* a file in memory that it writes to */
    int status;
};

struct all {
    struct namespaces namespaces;
    struct child *children; /* as many as there are namespaces */
    int64_t until_ns;
};

/* --- in the child --- */

static int look_inside(const struct all *a, size_t i, bool (*stop)(void))
{
    const struct net_namespace *its = &a->namespaces.list[i];
    /* all together take as much of the machine as one alone */
    struct gather g = {.lookers = a->namespaces.n, .pids = its->pids, .n_pids = its->n_pids};
    const char *step;
    if (!its->own && setns(its->fd, CLONE_NEWNET))
        return errno == EPERM ? REFUSED : FAILED;
    json_t *document = json_object();
    int r = gather_run(&g, a->until_ns, stop, &step);
    if (!r) {
        look_document_add(document, &g);
        r = json_dumpfd(document, a->children[i].document, JSON_COMPACT);
    }
    json_decref(document);
    gather_release(&g);
    return r ? FAILED : SEEN;
}

static int start(struct all *a, size_t i, bool (*stop)(void))
{
    struct child *c = &a->children[i];
    pid_t parent = getpid();
    c->document = memfd_create("look", MFD_CLOEXEC);
    c->pid = c->document < 0 ? -1 : fork();
    if (c->pid < 0)
        return -errno;
    if (!c->pid) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        _exit(getppid() == parent ? look_inside(a, i, stop) : FAILED);
    }
    return 0;
}

/* --- in the parent --- */

static void end_early(const struct all *a)
{
    for (size_t i = 0; i < a->namespaces.n; i++)
        if (a->children[i].pid > 0)
            kill(a->children[i].pid, SIGTERM);
}

/* A signal that this process got ends their looks, too. */
static void wait_for(struct all *a, bool (*stop)(void))
{
    bool told = false;
    for (size_t i = 0; i < a->namespaces.n; i++) {
        struct child *c = &a->children[i];
        while (c->pid > 0) {
            int status = 0;
            if (!told && stop()) {
                told = true;
                end_early(a);
            }
            if (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
                continue;
            c->status = WIFEXITED(status) ? WEXITSTATUS(status) : FAILED;
            c->pid = 0;
        }
    }
}

static void add_counts(json_t *total, const json_t *part)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)part, key, value) json_object_set_new(
        total, key,
        json_integer(json_integer_value(json_object_get(total, key)) + json_integer_value(value)));
}

/* Moves the list to that of all, each with the namespace's name. */
static void append_all(json_t *document, const json_t *part, const char *key, const char *name)
{
    size_t i;
    json_t *value;
    json_array_foreach(json_object_get(part, key), i, value)
    {
        json_object_set_new(value, "namespace", json_string(name));
        json_array_append(json_object_get(document, key), value);
    }
}

/* The window is that of the longest look, and the time of the processors that of all together. */
static void add_cost(json_t *cost, const json_t *part)
{
    double window_s = json_number_value(json_object_get(part, "window_s")),
           most_s = json_number_value(json_object_get(cost, "window_s")),
           cpu_s = json_number_value(json_object_get(part, "cpu_s")) +
                   json_number_value(json_object_get(cost, "cpu_s"));
    window_s = window_s > most_s ? window_s : most_s;
    json_object_set_new(cost, "window_s", json_real(window_s));
    json_object_set_new(cost, "cpu_s", json_real(cpu_s));
    json_object_set_new(cost, "cpu_percent", json_real(window_s > 0 ? 100 * cpu_s / window_s : 0));
    json_object_set_new(cost, "looks",
                        json_integer(json_integer_value(json_object_get(cost, "looks")) +
                                     json_integer_value(json_object_get(part, "looks"))));
}

static void merge(json_t *document, const struct net_namespace *its, json_t *part)
{
    append_all(document, part, "listeners", its->name);
    append_all(document, part, "findings", its->name);
    add_counts(json_object_get(document, "states"), json_object_get(part, "states"));
    add_counts(json_object_get(document, "counters"), json_object_get(part, "counters"));
    add_cost(json_object_get(document, "cost"), json_object_get(part, "cost"));
    if (json_is_true(json_object_get(part, "owners_hidden")))
        json_object_set_new(document, "owners_hidden", json_true());
    json_t *listeners = json_object_get(part, "listeners");
    json_object_set_new(part, "listeners", json_integer((json_int_t)json_array_size(listeners)));
    json_object_del(part, "findings");
    json_object_set_new(part, "namespace", json_string(its->name));
    json_object_set_new(part, "inode", json_integer((json_int_t)its->inode));
    json_object_set_new(part, "processes", json_integer((json_int_t)its->n_pids));
    json_array_append(json_object_get(document, "namespaces"), part);
}

static void merge_all(const struct all *a, json_t *document)
{
    for (size_t i = 0; i < a->namespaces.n; i++) {
        const struct child *c = &a->children[i];
        FILE *file = c->status || lseek(c->document, 0, SEEK_SET) ? NULL : fdopen(c->document, "r");
        json_t *part = file ? json_loadf(file, 0, NULL) : NULL;
        if (part)
            merge(document, &a->namespaces.list[i], part);
        json_decref(part);
        if (file)
            fclose(file);
        else if (c->document >= 0)
            close(c->document);
    }
}

static size_t count_of(const struct all *a, int status)
{
    size_t n = 0;
    for (size_t i = 0; i < a->namespaces.n; i++)
        n += a->children[i].status == status;
    return n;
}

static void add_all(json_t *document, const struct all *a)
{
    json_t *all = json_pack("{s:[], s:[], s:{}, s:{}, s:[], s:b, s:{}}", "listeners", "findings",
                            "states", "counters", "namespaces", "owners_hidden", 0, "cost");
    merge_all(a, all);
    json_object_set_new(all, "unseen",
                        json_pack("{s:I, s:I}", "namespaces", (json_int_t)count_of(a, REFUSED),
                                  "processes", (json_int_t)a->namespaces.hidden));
    look_document_sort(all);
    json_object_update(document, all);
    json_decref(all);
}

static bool sees_only_its_own(const struct all *a)
{
    size_t others = 0;
    for (size_t i = 0; i < a->namespaces.n; i++)
        others += !a->namespaces.list[i].own;
    return others == count_of(a, REFUSED) && others + a->namespaces.hidden;
}

int everywhere_look(json_t *document, int64_t for_ns, bool (*stop)(void), const char **ret_step)
{
    struct all a = {.until_ns = clock_now_ns() + for_ns};
    *ret_step = "/proc/*/ns/net";
    int r = namespaces_find(&a.namespaces);
    a.children = calloc(a.namespaces.n + 1, sizeof(*a.children));
    if (!r && !a.children)
        r = -ENOMEM;
    for (size_t i = 0; i < a.namespaces.n && a.children; i++)
        a.children[i] = (struct child){.document = -1, .status = FAILED};
    *ret_step = "the network namespaces (a process for each)";
    for (size_t i = 0; i < a.namespaces.n && !r; i++)
        r = start(&a, i, stop);
    if (a.children) {
        if (r)
            end_early(&a);
        wait_for(&a, stop);
    }
    if (!r && sees_only_its_own(&a)) {
        *ret_step = "other network namespaces";
        r = -EPERM;
    }
    if (!r && !count_of(&a, SEEN)) {
        *ret_step = "sock_diag (NETLINK_SOCK_DIAG)";
        r = -EIO;
    }
    if (!r)
        add_all(document, &a);
    for (size_t i = 0; r && a.children && i < a.namespaces.n; i++)
        if (a.children[i].document >= 0)
            close(a.children[i].document);
    free(a.children);
    namespaces_release(&a.namespaces);
    return r;
}
