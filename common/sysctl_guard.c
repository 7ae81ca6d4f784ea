#include "common/sysctl_guard.h"
#include "common/sysctl_journal.h"
#include "common/sysctl_stack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct changes {
    struct sysctl_change *change;
    size_t n;
};

struct sysctl_guard {
    struct sysctl_journal *journal;
    struct changes changes; /* of this guard, one a key, in the order made */
};

/* Room for one more, so that a change once made can always be noted. */
static int changes_reserve(struct changes *c)
{
    struct sysctl_change *grown = realloc(c->change, (c->n + 1) * sizeof(*grown));
    if (!grown)
        return -ENOMEM;
    c->change = grown;
    return 0;
}

static struct sysctl_change *changes_find(const struct changes *c, const char *key)
{
    for (size_t i = 0; i < c->n; i++)
        if (strcmp(c->change[i].key, key) == 0)
            return &c->change[i];
    return NULL;
}

/* Notes the change in the room reserved, or anew if the key was set before. */
static void changes_note(struct changes *c, const struct sysctl_entry *e)
{
    struct sysctl_change *change = changes_find(c, e->key);
    if (!change)
        change = &c->change[c->n++];
    *change = sysctl_stack_change(e);
}

/* -errno of the first one that could not be written back, or 0. */
static int first_unrestored(const struct changes *c)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->change[i].outcome == SYSCTL_UNRESTORED)
            return -c->change[i].error;
    return 0;
}

static int last_unrestored(const struct changes *c)
{
    for (size_t i = c->n; i-- > 0;)
        if (c->change[i].outcome == SYSCTL_UNRESTORED)
            return -c->change[i].error;
    return 0;
}

int sysctl_guard_new(const char *journal_directory, struct sysctl_guard **ret)
{
    struct sysctl_guard *g = calloc(1, sizeof(*g));
    if (!g)
        return -ENOMEM;
    int r = sysctl_journal_new(journal_directory, &g->journal);
    if (r < 0)
        sysctl_guard_free(g);
    else
        *ret = g;
    return r;
}

void sysctl_guard_free(struct sysctl_guard *g)
{
    if (!g)
        return;
    sysctl_journal_free(g->journal);
    free(g->changes.change);
    free(g);
}

const char *sysctl_guard_path(const struct sysctl_guard *g)
{
    return sysctl_journal_path(g->journal);
}

/* The dead ones' changes, the last first, so that values unwind. Notes each in `told`. 0, or -errno of the journal as
 * it was stored last: that a value is back matters more, and a store that fails may be made up for by the next. */
static int take_back_dead(struct sysctl_guard *g, struct sysctl_entries *entries, struct changes *told)
{
    int r = 0;
    for (size_t i = entries->n; i-- > 0;) {
        if (sysctl_journal_alive(g->journal, entries->entry[i].owner))
            continue;
        if (changes_reserve(told) < 0)
            return -ENOMEM;
        if (sysctl_stack_take_back(entries, i, &told->change[told->n++]))
            r = sysctl_journal_store(g->journal, entries);
    }
    return r;
}

int sysctl_guard_recover(struct sysctl_guard *g, sysctl_visit *visit, void *context)
{
    struct sysctl_entries entries;
    struct changes told = {0};
    int r = sysctl_journal_lock(g->journal, false, &entries);
    if (r < 0)
        return r == -ENOENT ? 0 : r;
    r = take_back_dead(g, &entries, &told);
    sysctl_journal_unlock(g->journal, &entries);
    for (size_t i = 0; visit && i < told.n; i++)
        visit(&told.change[i], context);
    if (r == 0)
        r = first_unrestored(&told);
    free(told.change);
    return r < 0 ? r : (int)told.n;
}

static int write_and_check(const char *key, const char *value, char ret_now[static SYSCTL_VALUE_MAX])
{
    char now[SYSCTL_VALUE_MAX];
    int r = sysctl_write(key, value);
    sysctl_journal_step();
    if (r == 0)
        r = sysctl_read(key, now);
    if (r < 0)
        return r;
    strcpy(ret_now, now);
    return sysctl_same(now, value) ? 0 : -ERANGE;
}

/* Puts the new change on top. Where the journal was removed under us, what it said of our older change of this key is
 * still known here. */
static int push(const struct sysctl_guard *g, struct sysctl_entries *entries, const char *key, const char *value,
                const char *current)
{
    const struct sysctl_change *older = changes_find(&g->changes, key);
    bool forgotten = older && older->outcome == SYSCTL_ACTIVE && sysctl_same(current, older->set);
    for (size_t i = 0; i < entries->n; i++)
        forgotten &= strcmp(entries->entry[i].key, key) != 0;
    int r = sysctl_stack_push(entries, sysctl_journal_owner(g->journal), key, value, current);
    if (r == 0 && forgotten)
        strcpy(entries->entry[entries->n - 1].before, older->before);
    return r;
}

/* The new change is the top one of the entries. */
static void confirm(struct sysctl_guard *g, struct sysctl_entries *entries)
{
    entries->entry[entries->n - 1].unconfirmed = false;
    /* Should this fail, the journal keeps the change as an unconfirmed one, which is taken back as well. */
    sysctl_journal_store(g->journal, entries);
}

/* Journals the change and makes it. On failure both the sysctl and the journal are as they were. */
static int set_locked(struct sysctl_guard *g, struct sysctl_entries *entries, const char *key, const char *value,
                      char ret_now[static SYSCTL_VALUE_MAX], int *ret_journal_failed)
{
    char current[SYSCTL_VALUE_MAX];
    struct sysctl_entries earlier;
    int r = sysctl_read(key, current);
    if (r == 0)
        r = sysctl_entries_copy(entries, &earlier);
    if (r < 0)
        return r;
    r = push(g, entries, key, value, current);
    if (r == 0) {
        r = sysctl_journal_store(g->journal, entries);
        *ret_journal_failed = r < 0;
    }
    if (r < 0) {
        sysctl_entries_replace(entries, &earlier);
        return r;
    }
    r = write_and_check(key, value, ret_now);
    if (r < 0 && sysctl_stack_put_back(key, current) == 0) {
        sysctl_entries_replace(entries, &earlier);
        sysctl_journal_store(g->journal, entries); /* should this fail: the next start finds nothing to put back */
        return r;
    }
    /* Made; or neither made nor undone, then it stays in the journal to be tried again at the end. */
    changes_note(&g->changes, &entries->entry[entries->n - 1]);
    if (r == 0)
        confirm(g, entries);
    sysctl_entries_done(&earlier);
    return r;
}

int sysctl_guard_set(struct sysctl_guard *g, const char *key, const char *value,
                     char ret_now[static SYSCTL_VALUE_MAX], int *ret_journal_failed)
{
    char current[SYSCTL_VALUE_MAX];
    struct sysctl_entries entries;
    struct changes told = {0};
    *ret_journal_failed = 0;
    /* What can be seen without a journal leaves none behind. */
    int r = sysctl_read(key, current);
    if (r == 0)
        r = sysctl_writable(key);
    if (r == 0)
        r = sysctl_check_value(value);
    if (r == 0)
        r = changes_reserve(&g->changes);
    if (r < 0)
        return r;
    r = sysctl_journal_lock(g->journal, true, &entries);
    if (r < 0) {
        *ret_journal_failed = 1;
        return r;
    }
    r = take_back_dead(g, &entries, &told);
    if (r == 0)
        r = sysctl_journal_own(g->journal, &entries);
    if (r < 0)
        *ret_journal_failed = 1;
    else
        r = set_locked(g, &entries, key, value, ret_now, ret_journal_failed);
    sysctl_journal_unlock(g->journal, &entries);
    free(told.change);
    return r;
}

/* Those of this guard that the journal has. -errno as take_back_dead(), which gave `r`. */
static int take_back_journalled(struct sysctl_guard *g, struct sysctl_entries *entries, int r)
{
    for (size_t i = entries->n; i-- > 0;) {
        const struct sysctl_entry *e = &entries->entry[i];
        struct sysctl_change unknown, *change = changes_find(&g->changes, e->key);
        if (e->owner == sysctl_journal_owner(g->journal) &&
            sysctl_stack_take_back(entries, i, change ? change : &unknown))
            r = sysctl_journal_store(g->journal, entries);
    }
    return r;
}

int sysctl_guard_restore(struct sysctl_guard *g)
{
    struct sysctl_entries entries;
    struct changes told = {0};
    bool any = false;
    for (size_t i = 0; i < g->changes.n; i++) {
        struct sysctl_change *c = &g->changes.change[i];
        if (c->outcome == SYSCTL_UNRESTORED)
            c->outcome = SYSCTL_ACTIVE;
        any |= c->outcome == SYSCTL_ACTIVE;
    }
    if (!any)
        return 0;
    int locked = sysctl_journal_lock(g->journal, false, &entries);
    int error = locked == -ENOENT ? 0 : locked;
    if (locked == 0) {
        /* The dead first: one that was about to take its own change back may have got as far as the sysctl. */
        int r = take_back_dead(g, &entries, &told);
        error = take_back_journalled(g, &entries, r);
    }
    /* What the journal does not have (any more), or with the journal spoilt, this guard knows by itself. */
    for (size_t i = g->changes.n; i-- > 0;)
        if (g->changes.change[i].outcome == SYSCTL_ACTIVE)
            sysctl_stack_take_back_lone(&g->changes.change[i]);
    if (locked == 0)
        sysctl_journal_unlock(g->journal, &entries);
    free(told.change);
    int unrestored = last_unrestored(&g->changes);
    return unrestored < 0 ? unrestored : error;
}

void sysctl_guard_each(const struct sysctl_guard *g, sysctl_visit *visit, void *context)
{
    for (size_t i = 0; i < g->changes.n; i++)
        visit(&g->changes.change[i], context);
}

static json_t *change_to_json(const struct sysctl_change *c)
{
    json_t *restored = c->outcome == SYSCTL_ACTIVE ? json_null() : json_boolean(c->outcome == SYSCTL_RESTORED);
    return json_pack("{s:s, s:s, s:s, s:o}", "key", c->key, "before", c->before, "set", c->set, "restored", restored);
}

json_t *sysctl_guard_to_json(const struct sysctl_guard *g)
{
    json_t *all = json_array();
    for (size_t i = 0; all && i < g->changes.n; i++)
        if (json_array_append_new(all, change_to_json(&g->changes.change[i])) < 0) {
            json_decref(all);
            return NULL;
        }
    return all;
}
