#include "common/sysctl/sysctl.h"
#include "common/text/suggest.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct keys {
    char **key;        /* "net.ipv4.tcp_fin_timeout", owned */
    const char **name; /* its last part */
    size_t n;
};

static void done(struct keys *k)
{
    for (size_t i = 0; i < k->n; i++)
        free(k->key[i]);
    free(k->key);
    free(k->name);
    *k = (struct keys){0};
}

/* Adds the knob `name` of the directory whose dotted name is `prefix`. False without memory. */
static bool add(struct keys *k, const char *prefix, const char *name)
{
    char **keys = realloc(k->key, (k->n + 1) * sizeof(*keys));
    if (!keys)
        return false;
    k->key = keys;
    const char **names = realloc(k->name, (k->n + 1) * sizeof(*names));
    if (!names)
        return false;
    k->name = names;
    if (asprintf(&keys[k->n], "%s%s", prefix, name) < 0)
        return false;
    names[k->n] = keys[k->n] + strlen(prefix);
    k->n++;
    return true;
}

/* Adds every knob that stands directly in the directory. */
static void add_directory(struct keys *k, const char *prefix)
{
    char key[SYSCTL_KEY_MAX + 1], path[SYSCTL_PATH_MAX];
    /* "net.ipv4." is not a key, "net.ipv4.x" would be. */
    if (snprintf(key, sizeof(key), "%sx", prefix) >= SYSCTL_KEY_MAX || sysctl_path(key, path) < 0)
        return;
    path[strlen(path) - 1] = '\0';
    DIR *directory = opendir(path);
    if (!directory)
        return;
    for (struct dirent *entry; (entry = readdir(directory));)
        if (entry->d_type == DT_REG && !add(k, prefix, entry->d_name))
            break;
    closedir(directory);
}

static char *nearest(const struct keys *k, const char *typed)
{
    const char *name = suggest_nearest(typed, k->name, k->n);
    for (size_t i = 0; name && i < k->n; i++)
        if (k->name[i] == name)
            return strdup(k->key[i]);
    return NULL;
}

/* Compares only the last part: with the common beginning all keys would look alike. First among the
 * keys of the same directory, then among all. */
char *sysctl_suggest(const char *key)
{
    struct keys knobs = {0};
    const char *dot = strrchr(key, '.');
    const char *typed = dot ? dot + 1 : key;
    char prefix[SYSCTL_KEY_MAX];
    snprintf(prefix, sizeof(prefix), "%.*s", (int)(typed - key), key);
    add_directory(&knobs, prefix);
    char *found = nearest(&knobs, typed);
    done(&knobs);
    if (found)
        return found;
    add_directory(&knobs, "net.core.");
    add_directory(&knobs, "net.ipv4.");
    add_directory(&knobs, "net.ipv6.");
    found = nearest(&knobs, typed);
    done(&knobs);
    return found;
}
