#include "common/sysctl_stack.h"
#include "common/sysctl_journal.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct sysctl_change sysctl_stack_change(const struct sysctl_entry *e)
{
    struct sysctl_change c = {.outcome = SYSCTL_ACTIVE, .pid = e->pid};
    strcpy(c.key, e->key);
    strcpy(c.before, e->before);
    strcpy(c.set, e->set);
    return c;
}

int sysctl_stack_put_back(const char *key, const char *value)
{
    char now[SYSCTL_VALUE_MAX];
    int r = sysctl_read(key, now);
    if (r < 0 || strcmp(now, value) == 0)
        return r;
    r = sysctl_write(key, value);
    sysctl_journal_step();
    if (r == 0)
        r = sysctl_read(key, now);
    return r == 0 && strcmp(now, value) != 0 ? -ERANGE : r;
}

/* Writes what an interrupted change would have written over what it found, to see whether `now` comes of it: the
 * kernel rounds some values, and takes the good part of some bad ones. 1, 0, or -errno: cannot be written now. */
static int replay_makes(const struct sysctl_entry *e, const char *now)
{
    char made[SYSCTL_VALUE_MAX];
    int r = sysctl_write(e->key, e->replaced);
    if (r < 0)
        return r;
    sysctl_write(e->key, e->set); /* even if it is refused: part of it may have been taken */
    if (sysctl_read(e->key, made) == 0 && strcmp(made, now) == 0)
        return 1;
    sysctl_write(e->key, now);
    return 0;
}

/* Whether the value is there because of this change, the top one of its key. 1, 0, or -errno: not to be found out. */
static int is_of(const struct sysctl_entry *e, const char *now)
{
    if (sysctl_same(now, e->set) || (e->unconfirmed && strcmp(now, e->replaced) == 0))
        return 1;
    return e->unconfirmed ? replay_makes(e, now) : 0;
}

static void take_from_top(const struct sysctl_entry *e, struct sysctl_change *c)
{
    int r = sysctl_read(e->key, c->now);
    c->outcome = SYSCTL_RESTORED;
    if (r == 0 && strcmp(c->now, e->before) == 0)
        return;
    if (r == 0)
        r = is_of(e, c->now);
    if (r == 0) {
        c->outcome = SYSCTL_CHANGED;
        return;
    }
    if (r > 0)
        r = sysctl_stack_put_back(e->key, e->before);
    if (r < 0) {
        c->outcome = SYSCTL_UNRESTORED;
        c->error = -r;
    }
}

static struct sysctl_entry *entry_above(const struct sysctl_entries *entries, size_t i)
{
    for (size_t k = i + 1; k < entries->n; k++)
        if (strcmp(entries->entry[k].key, entries->entry[i].key) == 0)
            return &entries->entry[k];
    return NULL;
}

/* The change above puts back what this one would have. But if it did not find what this one has set, somebody else's
 * value stood there in between: then that is to be put back. */
static enum sysctl_outcome hand_on(const struct sysctl_entry *e, struct sysctl_entry *above)
{
    if (!sysctl_same(above->before, e->set) && !sysctl_same(above->before, e->before) &&
        !(e->unconfirmed && sysctl_same(above->before, e->replaced)))
        return SYSCTL_CHANGED;
    strcpy(above->before, e->before);
    return SYSCTL_HANDED_ON;
}

bool sysctl_stack_take_back(struct sysctl_entries *entries, size_t i, struct sysctl_change *ret)
{
    struct sysctl_entry *e = &entries->entry[i], *above = entry_above(entries, i);
    *ret = sysctl_stack_change(e);
    if (above) {
        sysctl_read(e->key, ret->now);
        ret->outcome = hand_on(e, above);
    } else
        take_from_top(e, ret);
    if (ret->outcome == SYSCTL_UNRESTORED && ret->error != ENOENT)
        return false;
    sysctl_entries_remove(entries, i);
    return true;
}

void sysctl_stack_take_back_lone(struct sysctl_change *change)
{
    struct sysctl_entry e = {0};
    strcpy(e.key, change->key);
    strcpy(e.before, change->before);
    strcpy(e.set, change->set);
    take_from_top(&e, change);
}

int sysctl_stack_push(struct sysctl_entries *entries, int64_t owner, const char *key, const char *value,
                      const char *current)
{
    struct sysctl_entry *e = sysctl_entries_push(entries);
    if (!e)
        return -ENOMEM;
    strcpy(e->key, key);
    strcpy(e->before, current);
    strcpy(e->set, value);
    strcpy(e->replaced, current);
    e->unconfirmed = true;
    e->owner = owner;
    e->pid = getpid();
    for (size_t i = 0; i + 1 < entries->n; i++) {
        const struct sysctl_entry *older = &entries->entry[i];
        if (older->owner != owner || strcmp(older->key, key) != 0)
            continue;
        struct sysctl_entry *above = entry_above(entries, i);
        if (above != e)
            hand_on(older, above);
        else if (is_of(older, current) > 0)
            strcpy(e->before, older->before);
        sysctl_entries_remove(entries, i);
        return 0;
    }
    return 0;
}
