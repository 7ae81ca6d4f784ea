/* Sysctls changed for the length of a run, and put back at every end of it: also after kill -9, by the next start.
 *
 * A journal, one file a network namespace, is written before the first sysctl is. It is tied to the boot
 * (/proc/sys/kernel/random/boot_id) and the namespace (SO_NETNS_COOKIE), so a stale one is never taken for another's.
 * Each key has a stack of changes, the oldest first. Whoever leaves takes its own change out: from the top, the
 * sysctl gets back what stood there before; from below, the change above inherits what to put back. A value that is
 * not the one the top change set has been set by somebody else since, and is left alone. An owner is alive while it
 * holds its lock in the journal's lock file: the kernel drops it at any death, and no pid can be mistaken for
 * another. But a forked child shares the lock until it execs or ends: do not leave one behind that does neither.
 *
 * Where: /run/tcplab if it can be made, else $XDG_RUNTIME_DIR/tcplab, else /tmp/tcplab-UID; a place of these that
 * has this namespace's journal already comes first. One thread at a time, and always in the namespace in which the
 * guard was made. */
#pragma once

#include "common/sysctl.h"

#include <jansson.h>

struct sysctl_guard;

/* journal_directory NULL: the place above. Else made if it is missing, and removed when it is empty at the end; must
 * be a directory of ours that nobody else can write. Makes nothing on disk yet. 0 or -errno. */
int sysctl_guard_new(const char *journal_directory, struct sysctl_guard **ret);

/* Frees; does not restore (a crash test's way out, and after sysctl_guard_restore()). Accepts NULL. */
void sysctl_guard_free(struct sysctl_guard *g);

/* The journal's file, for messages (-EBADMSG: to be looked at and removed by hand); NULL as long as none was found
 * or made. Lives as long as the guard. */
const char *sysctl_guard_path(const struct sysctl_guard *g);

/* What became of one change. */
enum sysctl_outcome {
    SYSCTL_ACTIVE,     /* in force */
    SYSCTL_RESTORED,   /* the earlier value is back (or already was) */
    SYSCTL_HANDED_ON,  /* another run has set the same key since: it puts the earlier value back when it ends */
    SYSCTL_CHANGED,    /* somebody else has set another value since: left alone */
    SYSCTL_UNRESTORED, /* the write back failed; error has the errno */
};
struct sysctl_change {
    char key[SYSCTL_KEY_MAX], before[SYSCTL_VALUE_MAX], set[SYSCTL_VALUE_MAX];
    char now[SYSCTL_VALUE_MAX]; /* what stood there when it was taken back */
    enum sysctl_outcome outcome;
    int error;
    int pid; /* of the run that made it: for messages only */
};
typedef void sysctl_visit(const struct sysctl_change *change, void *context);

/* Takes back what runs that are dead left in this namespace's journal and tells visit (may be NULL) of each. Makes
 * nothing on disk. Number of changes taken back, or -errno: of the journal (-EBADMSG: it is none, nothing was
 * touched), or of the first change that could not be written back (the others were; it stays in the journal, unless
 * its knob has gone: -ENOENT). */
int sysctl_guard_recover(struct sysctl_guard *g, sysctl_visit *visit, void *context);

/* Takes back what dead runs left, silently; then journals, writes, reads back. 0; -ENOENT no such knob;
 * -EACCES/-EPERM/-EROFS no right; -EINVAL the kernel refuses the value; -ERANGE it took another one (ret_now has it;
 * the earlier value is back); other -errno (journal: *ret_journal_failed is 1). On error nothing is left changed.
 * ret_now is the kernel's form of the value; "0x10" read back as "16" is no other one. Setting a key twice in one
 * guard is one change whose `set` is the last. */
int sysctl_guard_set(struct sysctl_guard *g, const char *key, const char *value,
                     char ret_now[static SYSCTL_VALUE_MAX], int *ret_journal_failed);

/* Takes back this guard's changes, the last first, and removes the journal when it is empty. Safe to call twice. 0,
 * or -errno of the first that could not be written (the others are still done), else of the journal: the values are
 * taken back even where it is spoilt, gone, or cannot be written. */
int sysctl_guard_restore(struct sysctl_guard *g);

/* Each change of this guard, in the order made. */
void sysctl_guard_each(const struct sysctl_guard *g, sysctl_visit *visit, void *context);

/* [{"key", "before", "set", "restored"}, ...]; restored is true, false, or null while active. New reference. */
json_t *sysctl_guard_to_json(const struct sysctl_guard *g);
