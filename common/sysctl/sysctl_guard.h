/* Sysctls changed for the length of a run, and put back at every end of it: also after kill -9, by
 * the next start.
 *
 * A journal, one file a network namespace, is written before the first sysctl is. Its name has the
 * boot (/proc/sys/kernel/random/boot_id) and the namespace (SO_NETNS_COOKIE), so a stale one is
 * never taken for another's. Each key has a stack of changes, the oldest first. Whoever leaves
 * takes its own change out: from the top, the sysctl gets back what stood there before; from below,
 * the change above inherits what to put back. A value that is not the one the top change set has
 * been set by somebody else since, and is left alone.
 *
 * The directory of the journals is locked (flock) around every change of a journal and of the
 * sysctls in it. Owner N has byte N of the file "lock" in there locked for as long as it lives. The
 * kernel drops both at any death, and no pid can be mistaken for another. But a forked child shares
 * them until it execs or ends. A journal holds for one boot and is needed after the death of a
 * process only, not after that of the machine: nothing is synced.
 *
 * Where: /run/tcplab if it can be made, else $XDG_RUNTIME_DIR/tcplab, else /tmp/tcplab-UID (the uid
 * outside the user namespace); a place of these that has this namespace's journal already comes
 * first. It must be a directory, no symbolic link, our own, and writable by nobody else; the last
 * guard removes it. One thread at a time, and always in the namespace in which the guard was
 * made. */
#pragma once

#include "common/sysctl/sysctl.h"

struct sysctl_guard;

/* journal_directory NULL: the place above. Else made if it is missing. Makes nothing on disk yet. 0
 * or -errno. */
int sysctl_guard_new(const char *journal_directory, struct sysctl_guard **ret);

/* Frees; does not restore. Accepts NULL. */
void sysctl_guard_free(struct sysctl_guard *g);

/* For messages: the journal's file, or the directory that could not be used for it; empty as long
 * as none was tried. */
const char *sysctl_guard_path(const struct sysctl_guard *g);

/* What became of one change. */
enum sysctl_outcome {
    SYSCTL_RESTORED, /* the earlier value is back (or already was) */
    /* another run has set the same key since: it puts the earlier value back when it ends */
    SYSCTL_HANDED_ON,
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

/* Takes back what dead runs left, silently; then journals, writes, reads back. 0; -ENOENT no such
 * knob; -EACCES/-EPERM/-EROFS no right; -EINVAL the kernel refuses the value; -ERANGE it took
 * another one (ret_now has it; the earlier value is back); other -errno (journal:
 * *ret_journal_failed is 1). On error nothing is left changed. ret_now is the kernel's form of the
 * value; "0x10" read back as "16" is no other one. */
int sysctl_guard_set(struct sysctl_guard *g, const char *key, const char *value,
                     char ret_now[static SYSCTL_VALUE_MAX], int *ret_journal_failed);

/* Takes back what runs that are dead left in this namespace's journal, with `own` also this guard's
 * changes, the last first; tells visit (may be NULL) of each, in the order made; removes the
 * journal when it is empty. Number of changes taken back, or -errno: of one that could not be
 * written back (the others were; it stays in the journal for the next time, unless its knob has
 * gone: -ENOENT), else of the journal (-EBADMSG: it is none, and was not touched). -EINTR: a signal
 * (common/stop.h) since the guard was made, or with `own` since the call, came before the journal
 * was unlocked or all of the dead were done: the rest waits for the next start. The own ones do not
 * wait for anything. */
int sysctl_guard_take_back(struct sysctl_guard *g, bool own, sysctl_visit *visit, void *context);

/* Reads a journal from a file, for the guard itself and the fuzzer. 0; -EBADMSG: not such a text,
 * or with a key or value that nobody here can have written; -ENOMEM. */
int sysctl_guard_read(struct sysctl_guard *g, int fd);
