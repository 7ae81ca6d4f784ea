/* The rules by which changes of one sysctl are stacked and taken back; for sysctl_guard.c. These functions write
 * sysctls and change the entries in memory; the caller holds the journal and stores it. */
#pragma once

#include "common/sysctl_entries.h"
#include "common/sysctl_guard.h"

/* The entry as a change in force. */
struct sysctl_change sysctl_stack_change(const struct sysctl_entry *e);

/* Puts a new, unconfirmed change of the key, which now has `current`, on top. An older one of the same owner becomes
 * part of it. 0 or -ENOMEM. */
int sysctl_stack_push(struct sysctl_entries *entries, int64_t owner, const char *key, const char *value,
                      const char *current);

/* Takes entry i back and tells what became of it. True: it has gone from the entries. False: it could not be written
 * back and stays, for somebody who can; but not if the knob itself has gone. */
bool sysctl_stack_take_back(struct sysctl_entries *entries, size_t i, struct sysctl_change *ret);

/* The same for a change that stands on no stack (any more). */
void sysctl_stack_take_back_lone(struct sysctl_change *change);

/* Writes a value that has stood there before, unless it does so now. 0; -ERANGE: the kernel makes something else of
 * it now; other -errno. */
int sysctl_stack_put_back(const char *key, const char *value);
