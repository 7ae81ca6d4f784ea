/* What a journal of sysctl changes says, and its form as a text (JSON); for sysctl_journal.c and sysctl_guard.c. */
#pragma once

#include "common/sysctl.h"

#include <stddef.h>
#include <stdint.h>

struct sysctl_entry {
    char key[SYSCTL_KEY_MAX];
    char before[SYSCTL_VALUE_MAX];   /* what is put back when the change is taken back */
    char set[SYSCTL_VALUE_MAX];      /* as it was asked for */
    char replaced[SYSCTL_VALUE_MAX]; /* what the write overwrites, while unconfirmed */
    bool unconfirmed;                /* journalled; whether it was written is not known */
    int64_t owner;
    int pid;
};

/* The oldest first; those of one key are its stack. Plain memory: changed by the guard, then stored. */
struct sysctl_entries {
    struct sysctl_entry *entry;
    size_t n;
    int64_t next_owner; /* the number to hand out next, from 1 */
};

/* A new zeroed entry at the end, or NULL. */
struct sysctl_entry *sysctl_entries_push(struct sysctl_entries *e);
void sysctl_entries_remove(struct sysctl_entries *e, size_t i);
int sysctl_entries_copy(const struct sysctl_entries *from, struct sysctl_entries *ret);
void sysctl_entries_replace(struct sysctl_entries *e, struct sysctl_entries *by); /* takes what `by` has */
void sysctl_entries_done(struct sysctl_entries *e);

/* The journal file's text, which says whose it is. Caller frees; NULL without memory. */
char *sysctl_entries_to_text(const struct sysctl_entries *entries, const char *boot_id, const char *netns);

/* 0; -EBADMSG: not such a text, or another boot's or namespace's, or with a key or value that nobody here can have
 * written; -ENOMEM. */
int sysctl_entries_from_text(const char *text, size_t length, const char *boot_id, const char *netns,
                             struct sysctl_entries *ret);
