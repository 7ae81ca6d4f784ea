/* Changes sysctls for one run, and restores them however the run ends: after kill -9 the next start
 * restores them.
 *
 * The guard writes a journal, one file for each network namespace, before it writes the sysctl. The
 * file's name has the boot (/proc/sys/kernel/random/boot_id) and the namespace (SO_NETNS_COOKIE),
 * so that an old file is never used for another namespace. Each key has a stack of changes, the
 * oldest first. A run that ends removes its own change. If this is the top one, the guard restores
 * the value from before it; else the change above it gets that value to restore later. If the
 * sysctl does not have the value of the top change, somebody else has set it, and the guard does
 * not restore it.
 *
 * The guard locks the journals' directory (flock) while it changes a journal and its sysctls. As
 * long as owner N lives, it holds a lock on byte N of the file "lock" in the directory. The kernel
 * releases both locks when the process ends in any way, so no other process with the same pid can
 * be taken for it. But a forked child shares the locks until it calls exec or ends. A journal is
 * valid for one boot: it is needed after a process has died, but not after the machine has, so the
 * guard calls no fsync().
 *
 * The directory is /run/tcplab if the guard can make it, else $XDG_RUNTIME_DIR/tcplab, else
 * /tmp/tcplab-UID (the uid outside the user namespace); if one of these has this namespace's
 * journal already, that one. It must be a directory and no symbolic link, belong to this user, and
 * be writable by nobody else. The last guard removes it. Use a guard in one thread at a time, and
 * always in the namespace in which it was made. */
#pragma once

#include "common/sysctl/sysctl.h"

struct sysctl_guard;

/* Makes a guard; makes no file yet. journal_directory: it is made when it is needed; NULL: the
 * directory above. Returns 0 or -errno. */
int sysctl_guard_new(const char *journal_directory, struct sysctl_guard **ret);

/* Frees it, and does not restore. Accepts NULL. */
void sysctl_guard_free(struct sysctl_guard *g);

/* Returns, for messages, the journal's path, or the directory that could not be used; "" if none
 * was tried yet. */
const char *sysctl_guard_path(const struct sysctl_guard *g);

/* What became of one change. */
enum sysctl_outcome {
    SYSCTL_RESTORED, /* the sysctl has its earlier value again, or had it already */
    /* another run has set the same key later: that run restores the earlier value when it ends */
    SYSCTL_HANDED_ON,
    SYSCTL_CHANGED,    /* somebody else has set another value later: not restored */
    SYSCTL_UNRESTORED, /* the write of the earlier value failed; error has the errno */
};
struct sysctl_change {
    char key[SYSCTL_KEY_MAX], before[SYSCTL_VALUE_MAX], set[SYSCTL_VALUE_MAX];
    char now[SYSCTL_VALUE_MAX]; /* the value when the change was to be taken back */
    enum sysctl_outcome outcome;
    int error;
    int pid; /* of the run that made the change: only for messages */
};
typedef void sysctl_visit(const struct sysctl_change *change, void *context);

/* Sets a sysctl. First it silently takes back the changes of runs that have died; then it writes
 * the journal and the sysctl, and reads the sysctl back into ret_now, in the kernel's form ("16"
 * for "0x10"). Returns 0; -ENOENT: there is no such sysctl; -EACCES, -EPERM, -EROFS: no right to
 * change it; -EINVAL: the kernel refuses the value; -ERANGE: the kernel has set another value,
 * which is in ret_now; or another -errno. *ret_journal_failed is 1 if the error is the journal's.
 * After an error the sysctl has its earlier value. */
int sysctl_guard_set(struct sysctl_guard *g, const char *key, const char *value,
                     char ret_now[static SYSCTL_VALUE_MAX], int *ret_journal_failed);

/* Takes back the changes that dead runs left in this namespace's journal, and with `own` also this
 * guard's changes; the newest first. Calls visit (may be NULL) for each, the oldest first. Removes
 * the journal when it is empty. Returns the number of changes that it took back, or -errno: the
 * error of a sysctl that could not be restored (the others were; this one stays in the journal for
 * the next time, but not after -ENOENT: there is no such sysctl any more), else the error of the
 * journal (-EBADMSG: the file is no journal; it is unchanged). -EINTR: before all changes of dead
 * runs were taken back, or while another process held the lock, a signal came
 * (common/process/stop.h; with `own` only one after this call counts). The next start does the
 * rest. This guard's own changes are taken back in any case. */
int sysctl_guard_take_back(struct sysctl_guard *g, bool own, sysctl_visit *visit, void *context);

/* Reads a journal from a file; for the guard itself and the fuzzer. Returns 0; -EBADMSG: it is no
 * journal, or has a key or a value that a guard does not write; or -ENOMEM. */
int sysctl_guard_read(struct sysctl_guard *g, int fd);
