#include "bench/trial/knobs.h"
#include "bench/lab/twin.h"
#include "bench/model/conditions.h"
#include "common/options/option_types.h"
#include "common/sysctl/sysctl.h"
#include "common/text/say.h"
#include "common/text/suggest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const knob_links[] = {"loopback", "wire", NULL};
const char *const knob_yes_no[] = {"no", "yes", NULL};

/* Room for what any of the four types writes. */
union knob_storage {
    int64_t integer;
    uint64_t count;
    int choice;
};

static struct option_row knob_row(const struct knob *k, union knob_storage *storage)
{
    return (struct option_row){.name = k->name,
                               .type = k->type,
                               .value = storage,
                               .min = k->min,
                               .max = k->max,
                               .choices = k->choices,
                               .word = k->word};
}

static int64_t stored(const struct knob *k, const union knob_storage *storage)
{
    /* a count's limits are within int64_t */
    return k->type == &option_choice ? storage->choice : storage->integer;
}

static int knob_read(const struct knob *k, const char *text, int64_t *ret, const char **ret_why)
{
    union knob_storage storage = {0};
    struct option_row row = knob_row(k, &storage);
    if (k->word && !strcmp(text, k->word)) {
        *ret = OPTION_NEVER;
        return 0;
    }
    int r = k->type->parse(text, &row, ret_why);
    if (!r)
        *ret = stored(k, &storage);
    return r;
}

/* How trial.c and step_serve() read those that configure the run. */
static const struct {
    const char *name;
    const struct option_type *type;
    const char *const *choices;
} lab_knobs[] = {
    {"link", &option_choice, knob_links},
    {"ipv6", &option_choice, knob_yes_no},
    {"delay", &option_duration},
    {"backlog", &option_integer},
    {"clients", &option_count},
    {"prefill", &option_integer},
    {"then", &option_count},
};

static bool is_as_read(const struct knob *k)
{
    for (size_t i = 0; i < sizeof(lab_knobs) / sizeof(*lab_knobs); i++)
        if (!strcmp(k->name, lab_knobs[i].name))
            return k->type == lab_knobs[i].type && k->choices == lab_knobs[i].choices;
    return true;
}

int knobs_check(const struct knob *knobs, size_t n, char **ret_message)
{
    for (size_t i = 0; i < n; i++) {
        bool again = false;
        for (size_t j = 0; j < i; j++)
            again = again || !strcmp(knobs[i].name, knobs[j].name);
        if (!again && is_as_read(&knobs[i]))
            continue;
        if (asprintf(ret_message,
                     again ? "two knobs have the name %s"
                           : "the knob %s configures the run, which reads it as another type: see "
                             "knobs_check()",
                     knobs[i].name) < 0)
            *ret_message = NULL;
        return -EINVAL;
    }
    return 0;
}

void knobs_init(struct knobs *k, const struct knob *knobs, size_t n)
{
    const char *why;
    *k = (struct knobs){.knobs = knobs, .n = n};
    for (size_t i = 0; i < n; i++) {
        k->set[i] = knobs[i].fallback != NULL;
        if (k->set[i] && knob_read(&knobs[i], knobs[i].fallback, &k->value[i], &why))
            abort(); /* a slip in the table, found by the first test that lists it */
    }
}

static int unknown(const struct knobs *k, const char *name, char **ret_message)
{
    const char *names[KNOBS_MAX];
    char list[KNOBS_MAX * (KNOB_NAME_WIDTH + 2)] = "";
    for (size_t i = 0; i < k->n; i++) {
        names[i] = k->knobs[i].name;
        strcat(list, i ? ", " : "");
        strcat(list, names[i]);
    }
    const char *near = suggest_nearest(name, names, k->n);
    return say(ret_message, -ENOENT,
               "no knob %s%s%s%s; there are %s, and any sysctl by its full name", name,
               near ? " (did you mean " : "", near ? near : "", near ? "?)" : "", list);
}

static int bad_value(const struct knob *k, const char *value, int r, const char *why,
                     char **ret_message)
{
    char limits[OPTION_LIMITS_MAX], words[128] = "";
    union knob_storage storage;
    struct option_row row = knob_row(k, &storage);
    for (size_t i = 0; k->choices && k->choices[i]; i++)
        snprintf(words + strlen(words), sizeof(words) - strlen(words), "%s%s", i ? " or " : "",
                 k->choices[i]);
    if (k->choices)
        return say(ret_message, r, "%s=%s: write %s", k->name, value, words);
    option_limits(&row, limits);
    return say(ret_message, r, "%s=%s: %s; write %s, %s%s%s", k->name, value,
               why == option_outside_limits ? "that is beyond the limits" : why, k->type->form,
               limits, k->word ? ", or " : "", k->word ? k->word : "");
}

/* Whether this kernel, or another one that tcplab knows, may have it. Interfaces have theirs, and
 * what is the whole machine's is missing in a private network (tcplab-bench enter). */
static bool may_exist(const struct knobs *k, const char *key)
{
    static const char *const elsewhere[] = {
        "net.core.",
        "net.ipv4.conf.",
        "net.ipv4.neigh.",
        "net.ipv4.route.",
        "net.ipv4.cipso_",
        "net.ipv4.fib_sync_mem",
        "net.ipv4.inet_peer_",
        "net.ipv4.ipfrag_secret_interval",
        "net.ipv4.tcp_available_ulp",
        "net.ipv4.tcp_low_latency",
        "net.ipv4.tcp_max_orphans",
        "net.ipv4.tcp_mem",
        "net.ipv4.udp_mem",
        "net.ipv6.conf.",
        "net.ipv6.neigh.",
        "net.ipv6.calipso_",
        "net.ipv6.ip6frag_secret_interval",
        "net.ipv6.mld_",
    };
    static const char *const known[] = {
#define X(field, sysctl, fresh, absent) sysctl,
        CONDITIONS(X)
#undef X
    };
    char path[SYSCTL_PATH_MAX];
    if (sysctl_path(key, path) || !access(path, F_OK) || errno != ENOENT)
        return true;
    for (size_t i = 0; i < sizeof(elsewhere) / sizeof(*elsewhere); i++)
        if (!strncmp(key, elsewhere[i], strlen(elsewhere[i])))
            return true;
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
        if (!strcmp(key, known[i]))
            return true;
    for (size_t i = 0; i < k->n; i++)
        if (k->knobs[i].sysctl && !strcmp(key, k->knobs[i].sysctl))
            return true;
    return false;
}

static int unknown_sysctl(const char *text, const char *key, char **ret_message)
{
    char *near = sysctl_suggest(key);
    int r = say(ret_message, -EINVAL, "%s: this kernel has no such sysctl%s%s%s", text,
                near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
    free(near);
    return r;
}

static int set_sysctl(struct knobs *k, const char *text, char **ret_message)
{
    char key[SYSCTL_KEY_MAX], value[SYSCTL_VALUE_MAX];
    const char *why;
    int64_t least, most;
    int r = sysctl_parse(text, key, value, &why);
    if (r)
        return say(ret_message, r, "%s: %s; write such as net.ipv4.tcp_syn_retries=2", text, why);
    if (!may_exist(k, key))
        return unknown_sysctl(text, key, ret_message);
    if (!conditions_takes(key, conditions_number(value), &least, &most))
        return say(ret_message, -EINVAL, "%s: the kernel takes %lld to %lld", text,
                   (long long)least, (long long)most);
    if (k->n_sysctls == KNOBS_SYSCTLS)
        return say(ret_message, -EINVAL, "%s: at most %d sysctls can be set", text, KNOBS_SYSCTLS);
    k->sysctl[k->n_sysctls++] = text;
    return 0;
}

int knobs_set(struct knobs *k, const char *text, char **ret_message)
{
    const char *equals = strchr(text, '='), *why = NULL;
    /* longer ones are cut off: no knob, and no sysctl, has such a name */
    char name[SYSCTL_KEY_MAX];
    *ret_message = NULL;
    if (!equals || equals == text)
        return say(ret_message, -EINVAL, "%s: write KNOB=VALUE, such as clients=100", text);
    size_t length =
        (size_t)(equals - text) < sizeof(name) ? (size_t)(equals - text) : sizeof(name) - 1;
    memcpy(name, text, length);
    name[length] = '\0';
    if (strpbrk(name, "./"))
        return set_sysctl(k, text, ret_message);
    for (size_t i = 0; i < k->n; i++) {
        if (strcmp(k->knobs[i].name, name))
            continue;
        int r = knob_read(&k->knobs[i], equals + 1, &k->value[i], &why);
        if (r)
            return bad_value(&k->knobs[i], equals + 1, r, why, ret_message);
        k->set[i] = k->given[i] = true;
        return 0;
    }
    return unknown(k, name, ret_message);
}

static size_t knobs_index(const struct knobs *k, const char *name)
{
    size_t i = 0;
    while (i < k->n && strcmp(k->knobs[i].name, name))
        i++;
    return i;
}

void knobs_like(struct knobs *k, const struct twin *twin)
{
    char text[64], *why = NULL;
    k->twin = twin;
    if (!twin->port || !knobs_have(k, "backlog"))
        return;
    snprintf(text, sizeof(text), "backlog=%lld", (long long)twin->backlog);
    knobs_set(k, text, &why);
    free(why);
}

bool knobs_have(const struct knobs *k, const char *name)
{
    return knobs_index(k, name) < k->n;
}

int64_t knob(const struct knobs *k, const char *name)
{
    size_t i = knobs_index(k, name);
    if (i == k->n)
        abort();
    return k->value[i];
}

void knob_settle(struct knobs *k, const char *name, int64_t value)
{
    size_t i = knobs_index(k, name);
    if (!k->given[i])
        k->value[i] = value;
}

const char *knob_text(const struct knob *k, int64_t value, char text[static KNOB_TEXT_MAX])
{
    if (k->word && value == OPTION_NEVER)
        return k->word;
    if (k->choices)
        return k->choices[value];
    if (k->type == &option_duration)
        option_duration_text(value, text);
    else
        snprintf(text, KNOB_TEXT_MAX, "%lld", (long long)value);
    return text;
}

static void put(json_t *json, const struct knob *k, int64_t value)
{
    char name[2 * KNOB_NAME_WIDTH];
    bool duration = k->type == &option_duration;
    snprintf(name, sizeof(name), "%s%s", k->name, duration ? "_us" : "");
    if (k->word && value == OPTION_NEVER)
        json_object_set_new(json, name, json_string(k->word));
    else if (k->choices == knob_yes_no)
        json_object_set_new(json, name, json_boolean(value));
    else if (k->choices)
        json_object_set_new(json, name, json_string(k->choices[value]));
    else if (duration && value % 1000)
        json_object_set_new(json, name, json_real((double)value / 1000));
    else
        json_object_set_new(json, name, json_integer(duration ? value / 1000 : value));
}

json_t *knobs_json(const struct knobs *k)
{
    char key[SYSCTL_KEY_MAX], value[SYSCTL_VALUE_MAX];
    const char *why;
    json_t *json = json_object();
    for (size_t i = 0; i < k->n; i++)
        if (k->set[i])
            put(json, &k->knobs[i], k->value[i]);
    for (size_t i = 0; i < k->n_sysctls; i++)
        if (!sysctl_parse(k->sysctl[i], key, value, &why))
            json_object_set_new(json, key, json_string(value));
    return json;
}
