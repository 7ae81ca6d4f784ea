#include "common/sysctl_entries.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define SCHEMA "tcplab.sysctls/1"

struct sysctl_entry *sysctl_entries_push(struct sysctl_entries *e)
{
    struct sysctl_entry *grown = realloc(e->entry, (e->n + 1) * sizeof(*grown));
    if (!grown)
        return NULL;
    e->entry = grown;
    grown[e->n] = (struct sysctl_entry){0};
    return &grown[e->n++];
}

void sysctl_entries_remove(struct sysctl_entries *e, size_t i)
{
    e->n--;
    memmove(&e->entry[i], &e->entry[i + 1], (e->n - i) * sizeof(e->entry[0]));
}

int sysctl_entries_copy(const struct sysctl_entries *from, struct sysctl_entries *ret)
{
    struct sysctl_entry *copy = malloc((from->n + 1) * sizeof(*copy));
    if (!copy)
        return -ENOMEM;
    if (from->n > 0)
        memcpy(copy, from->entry, from->n * sizeof(*copy));
    *ret = (struct sysctl_entries){copy, from->n, from->next_owner};
    return 0;
}

void sysctl_entries_replace(struct sysctl_entries *e, struct sysctl_entries *by)
{
    free(e->entry);
    *e = *by;
    *by = (struct sysctl_entries){0};
}

void sysctl_entries_done(struct sysctl_entries *e)
{
    free(e->entry);
    *e = (struct sysctl_entries){0};
}

static json_t *entry_to_json(const struct sysctl_entry *e)
{
    json_t *json = json_pack("{s:s, s:s, s:s, s:I, s:i}", "key", e->key, "before", e->before, "set", e->set, "owner",
                             (json_int_t)e->owner, "pid", e->pid);
    if (json && e->unconfirmed && json_object_set_new(json, "replaced", json_string(e->replaced)) < 0) {
        json_decref(json);
        return NULL;
    }
    return json;
}

char *sysctl_entries_to_text(const struct sysctl_entries *entries, const char *boot_id, const char *netns)
{
    json_t *changes = json_array();
    int r = changes ? 0 : -1;
    for (size_t i = 0; i < entries->n && r == 0; i++)
        r = json_array_append_new(changes, entry_to_json(&entries->entry[i]));
    json_t *json = r < 0 ? NULL
                         : json_pack("{s:s, s:s, s:s, s:I, s:O}", "schema", SCHEMA, "boot_id", boot_id, "netns",
                                     netns, "next_owner", (json_int_t)entries->next_owner, "changes", changes);
    json_decref(changes);
    char *text = json ? json_dumps(json, JSON_INDENT(2)) : NULL;
    json_decref(json);
    return text;
}

static bool take_value(char to[static SYSCTL_VALUE_MAX], const char *from)
{
    if (sysctl_check_value(from) < 0)
        return false;
    strcpy(to, from);
    return true;
}

static bool entry_from_json(json_t *json, int64_t next_owner, struct sysctl_entry *e)
{
    const char *key, *before, *set, *replaced = NULL;
    json_int_t owner;
    char path[SYSCTL_PATH_MAX];
    if (json_unpack(json, "{s:s, s:s, s:s, s?s, s:I, s:i !}", "key", &key, "before", &before, "set", &set, "replaced",
                    &replaced, "owner", &owner, "pid", &e->pid) < 0)
        return false;
    if (sysctl_path(key, path) < 0 || owner < 1 || owner >= next_owner)
        return false;
    strcpy(e->key, key);
    e->owner = owner;
    e->unconfirmed = replaced != NULL;
    return take_value(e->before, before) && take_value(e->set, set) &&
           (!replaced || take_value(e->replaced, replaced));
}

static int from_json(json_t *json, const char *boot_id, const char *netns, struct sysctl_entries *entries)
{
    const char *schema, *its_boot_id, *its_netns;
    json_int_t next_owner;
    json_t *changes, *change;
    size_t i;
    if (json_unpack(json, "{s:s, s:s, s:s, s:I, s:o !}", "schema", &schema, "boot_id", &its_boot_id, "netns",
                    &its_netns, "next_owner", &next_owner, "changes", &changes) < 0)
        return -EBADMSG;
    if (strcmp(schema, SCHEMA) != 0 || strcmp(boot_id, its_boot_id) != 0 || strcmp(netns, its_netns) != 0 ||
        next_owner < 1 || !json_is_array(changes))
        return -EBADMSG;
    entries->next_owner = next_owner;
    json_array_foreach(changes, i, change)
    {
        struct sysctl_entry *e = sysctl_entries_push(entries);
        if (!e)
            return -ENOMEM;
        if (!entry_from_json(change, next_owner, e))
            return -EBADMSG;
    }
    return 0;
}

int sysctl_entries_from_text(const char *text, size_t length, const char *boot_id, const char *netns,
                             struct sysctl_entries *ret)
{
    json_t *json = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
    if (!json)
        return -EBADMSG;
    struct sysctl_entries entries = {0};
    int r = from_json(json, boot_id, netns, &entries);
    json_decref(json);
    if (r < 0)
        sysctl_entries_done(&entries);
    else
        *ret = entries;
    return r;
}
