/* Sysctls changed for the length of a run, and put back at every end of it: also after kill -9, by the next start.
 *
 * A journal, one file a network namespace, is written before the first sysctl is. Its name has the boot
 * (/proc/sys/kernel/random/boot_id) and the namespace (SO_NETNS_COOKIE), so a stale one is never taken for another's.
 * Each key has a stack of changes, the oldest first. Whoever leaves takes its own change out: from the top, the
 * sysctl gets back what stood there before; from below, the change above inherits what to put back. A value that is
 * not the one the top change set has been set by somebody else since, and is left alone.
 *
 * One file "lock" beside the journals, which stays there, has open file description locks: byte 0 is held around every
 * change of a journal and of the sysctls in it, byte N by owner N for as long as it lives. The kernel drops them at any
 * death, and no pid can be mistaken for another. But a forked child shares the lock until it execs or ends: do not
 * leave one behind that does neither. A journal holds for one boot and is needed after the death of a process only, not
 * after that of the machine: nothing is synced.
 *
 * Where: /run/tcplab if it can be made, else $XDG_RUNTIME_DIR/tcplab, else /tmp/tcplab-UID (the uid outside the user
 * namespace); a place of these that has this namespace's journal already comes first. It must be a directory, no
 * symbolic link, our own, and writable by nobody else. One thread at a time, and always in the namespace in which the
 * guard was made. */
#pragma once

#include "common/sysctl/sysctl.h"

#include <jansson.h>

struct sysctl_guard;

/* journal_directory NULL: the place above. Else made if it is missing. Makes nothing on disk yet. 0 or -errno. */
int sysctl_guard_new(const char *journal_directory, struct sysctl_guard **ret);

/* Frees; does not restore (a crash test's way out, and after sysctl_guard_restore()). Accepts NULL. */
void sysctl_guard_free(struct sysctl_guard *g);

/* For messages: the journal's file (-EBADMSG: to be looked at and removed by hand), or the directory that could not be
 * used for it. Empty as long as none was tried. Lives as long as the guard. */
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

/* Takes back what runs that are dead left in this namespace's journal and tells visit (may be
 * NULL) of each. Makes nothing on disk. Number of changes taken back, or -errno: of the journal
 * (-EBADMSG: it is none, nothing was touched), or of the first change that could not be written
 * back (the others were; it stays in the journal, unless its knob has gone: -ENOENT). -EINTR: a
 * signal (common/process/stop.h) has come since the guard was made, while somebody else had the journal
 * locked or before all were taken back: the rest stays in the journal for the next start. */
int sysctl_guard_recover(struct sysctl_guard *g, sysctl_visit *visit, void *context);

/* Takes back what dead runs left, silently; then journals, writes, reads back. 0; -ENOENT no such knob;
 * -EACCES/-EPERM/-EROFS no right; -EINVAL the kernel refuses the value; -ERANGE it took another one (ret_now has it;
 * the earlier value is back); other -errno (journal: *ret_journal_failed is 1). On error nothing is left changed.
 * ret_now is the kernel's form of the value; "0x10" read back as "16" is no other one. */
int sysctl_guard_set(struct sysctl_guard *g, const char *key, const char *value,
                     char ret_now[static SYSCTL_VALUE_MAX], int *ret_journal_failed);

/* Takes back this guard's changes, the last first, and removes the journal when it is empty. Safe to call twice. 0,
 * or -errno of the first that could not be written (the others are still done), else of the journal: the values are
 * taken back even where it is spoilt, gone, locked until a signal comes, or cannot be written. */
int sysctl_guard_restore(struct sysctl_guard *g);

/* Each change of this guard, in the order made. */
void sysctl_guard_each(const struct sysctl_guard *g, sysctl_visit *visit, void *context);

/* [{"key", "before", "set", "restored"}, ...]; restored is true, false, or null while active. New reference. */
json_t *sysctl_guard_to_json(const struct sysctl_guard *g);

/* Reads a journal from a file, for the guard itself and the fuzzer. 0; -EBADMSG: not such a text, or with a key or value
 * that nobody here can have written; -ENOMEM. */
int sysctl_guard_read(struct sysctl_guard *g, int fd);
