/* The journal of sysctl changes in this network namespace, on disk, shared by all runs; for sysctl_guard.c (and the
 * tests) only.
 *
 * Two files (see sysctl_place.h): the journal itself, which is written beside and renamed over, so that a death at
 * any moment leaves the old one or the new one whole; and the lock file, with open file description locks: byte 0 is
 * held around every read-modify-write, byte N by owner N for as long as it lives. The kernel drops them with the last
 * descriptor, however the process ends. A forked child shares them as long as it keeps the descriptor, which is
 * closed on exec only: a child that outlives its parent without exec keeps the owner alive. */
#pragma once

#include "common/sysctl_entries.h"

#include <stdbool.h>
#include <stdint.h>

struct sysctl_journal;

/* For the calling thread's network namespace. Makes nothing on disk. 0 or -errno. */
int sysctl_journal_new(const char *directory, struct sysctl_journal **ret);

/* The owner, if any, is dead from here on; its changes stay in the journal. Accepts NULL. */
void sysctl_journal_free(struct sysctl_journal *j);

/* Waits for the mutex and reads the journal. `make`: makes directory and lock file where there are none; else -ENOENT
 * if nobody has. -EBADMSG: not a journal of ours; it is left as it is. Other -errno. */
int sysctl_journal_lock(struct sysctl_journal *j, bool make, struct sysctl_entries *ret);

/* Replaces the journal. Under the mutex. 0 or -errno (then the file is the old one). */
int sysctl_journal_store(struct sysctl_journal *j, const struct sysctl_entries *entries);

/* Lets go of the mutex and frees the entries. Removes the files when the stored journal is empty. The owner dies
 * unless one of the entries is its own. */
void sysctl_journal_unlock(struct sysctl_journal *j, struct sysctl_entries *entries);

/* Makes this object an owner, if it is none yet. Under the mutex. 0 or -errno. */
int sysctl_journal_own(struct sysctl_journal *j, struct sysctl_entries *entries);

/* Its number; 0: it is none. */
int64_t sysctl_journal_owner(const struct sysctl_journal *j);

/* Whether an owner, this one or another, is alive. Under the mutex. */
bool sysctl_journal_alive(const struct sysctl_journal *j, int64_t owner);

/* Path of the journal, or NULL as long as none was found or made. Lives as long as the object. */
const char *sysctl_journal_path(const struct sysctl_journal *j);

/* For tests: called between any two steps that change something outside of this process; may end the process there.
 * NULL: none. */
void sysctl_journal_on_step(void (*hook)(void));
void sysctl_journal_step(void);
