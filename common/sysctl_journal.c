#include "common/sysctl_journal.h"
#include "common/sysctl_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MUTEX      0         /* the byte of the lock file */
#define SIZE_LIMIT (4 << 20) /* no journal of ours comes near it */
#define OPEN_LIMIT 1000      /* how often others may remove the directory before our eyes */
#define FILE_FLAGS (O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)

struct sysctl_journal {
    struct sysctl_place place;
    int directory_fd, lock_fd; /* -1: closed */
    int64_t owner;             /* 0: none */
    size_t n_stored;           /* entries of the journal as it is on disk */
    char path[PATH_MAX + SYSCTL_PLACE_NAME_MAX];
};

static void (*step_hook)(void);

void sysctl_journal_on_step(void (*hook)(void))
{
    step_hook = hook;
}

void sysctl_journal_step(void)
{
    if (step_hook)
        step_hook();
}

int sysctl_journal_new(const char *directory, struct sysctl_journal **ret)
{
    struct sysctl_journal *j = calloc(1, sizeof(*j));
    if (!j)
        return -ENOMEM;
    j->directory_fd = j->lock_fd = -1;
    int r = sysctl_place_init(&j->place, directory);
    if (r < 0)
        sysctl_journal_free(j);
    else
        *ret = j;
    return r;
}

static void close_files(struct sysctl_journal *j)
{
    if (j->lock_fd >= 0)
        close(j->lock_fd);
    if (j->directory_fd >= 0)
        close(j->directory_fd);
    j->lock_fd = j->directory_fd = -1;
}

void sysctl_journal_free(struct sysctl_journal *j)
{
    if (!j)
        return;
    close_files(j);
    sysctl_place_done(&j->place);
    free(j);
}

static int lock_byte(int fd, int command, short type, int64_t byte)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};
    int r;
    while ((r = fcntl(fd, command, &lock)) < 0 && errno == EINTR)
        ;
    return r < 0 ? -errno : 0;
}

static int open_files(struct sysctl_journal *j, bool make)
{
    int r = -EAGAIN;
    for (int i = 0; i < OPEN_LIMIT && r == -EAGAIN; i++) {
        r = sysctl_place_open(&j->place, make);
        if (r < 0)
            continue;
        sysctl_journal_step();
        j->directory_fd = r;
        j->lock_fd = openat(j->directory_fd, j->place.lock, O_RDWR | O_CREAT | FILE_FLAGS, 0600);
        r = j->lock_fd >= 0 ? 0 : errno == ENOENT ? -EAGAIN : -errno;
        if (r < 0) {
            close_files(j);
            rmdir(j->place.directory); /* made in vain */
        }
    }
    if (r < 0)
        return r;
    sysctl_journal_step();
    snprintf(j->path, sizeof(j->path), "%s/%s", j->place.directory, j->place.json);
    /* Somebody has removed the lock file under a living owner: it claims its number in the new one. */
    if (j->owner && lock_byte(j->lock_fd, F_OFD_SETLK, F_WRLCK, j->owner) < 0)
        j->owner = 0;
    return 0;
}

/* Whether the lock file is still the one that others find. */
static bool lock_is_current(const struct sysctl_journal *j)
{
    struct stat locked, named;
    return fstat(j->lock_fd, &locked) == 0 &&
           fstatat(j->directory_fd, j->place.lock, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           locked.st_dev == named.st_dev && locked.st_ino == named.st_ino;
}

/* The whole file, NUL-terminated, *ret NULL if there is none. */
static int read_file(const struct sysctl_journal *j, char **ret, size_t *ret_n)
{
    int fd = openat(j->directory_fd, j->place.json, O_RDONLY | FILE_FLAGS);
    if (fd < 0)
        return errno == ENOENT ? 0 : -errno;
    struct stat st;
    char *text = NULL;
    size_t n = 0;
    int r = fstat(fd, &st) < 0 ? -errno : 0;
    if (r == 0 && (!S_ISREG(st.st_mode) || st.st_size > SIZE_LIMIT))
        r = -EBADMSG;
    if (r == 0 && !(text = malloc((size_t)st.st_size + 1)))
        r = -ENOMEM;
    while (r == 0 && n < (size_t)st.st_size) {
        ssize_t got = read(fd, text + n, (size_t)st.st_size - n);
        if (got <= 0)
            r = got < 0 ? -errno : -EBADMSG;
        else
            n += (size_t)got;
    }
    close(fd);
    if (r < 0) {
        free(text);
        return r;
    }
    *ret = text;
    *ret_n = n;
    return 0;
}

static int load(struct sysctl_journal *j, struct sysctl_entries *ret)
{
    char *text = NULL;
    size_t n = 0;
    *ret = (struct sysctl_entries){.next_owner = 1};
    j->n_stored = 0;
    int r = read_file(j, &text, &n);
    if (r < 0 || !text)
        return r;
    r = sysctl_entries_from_text(text, n, j->place.boot_id, j->place.netns, ret);
    free(text);
    if (r == 0)
        j->n_stored = ret->n;
    return r;
}

/* Waits for the mutex in the lock file that others find too. */
static int lock_mutex(struct sysctl_journal *j, bool make)
{
    for (;;) {
        int r = j->lock_fd < 0 ? open_files(j, make) : 0;
        if (r == 0)
            r = lock_byte(j->lock_fd, F_OFD_SETLKW, F_WRLCK, MUTEX);
        if (r < 0 || lock_is_current(j))
            return r;
        /* Its last user has removed it while we waited. */
        close_files(j);
    }
}

int sysctl_journal_lock(struct sysctl_journal *j, bool make, struct sysctl_entries *ret)
{
    int r = lock_mutex(j, make);
    if (r == 0) {
        sysctl_journal_step();
        r = load(j, ret);
    }
    if (r < 0 && j->owner && j->lock_fd >= 0)
        lock_byte(j->lock_fd, F_OFD_SETLK, F_UNLCK, MUTEX);
    else if (r < 0)
        close_files(j);
    return r;
}

static int write_tmp(const struct sysctl_journal *j, const char *text)
{
    int fd = openat(j->directory_fd, j->place.tmp, O_WRONLY | O_CREAT | O_TRUNC | FILE_FLAGS, 0600);
    if (fd < 0)
        return -errno;
    sysctl_journal_step();
    int r = 0;
    for (size_t n = strlen(text); n > 0 && r == 0;) {
        ssize_t done = write(fd, text, n);
        if (done <= 0)
            r = done < 0 ? -errno : -EIO;
        else {
            text += done;
            n -= (size_t)done;
        }
    }
    if (close(fd) < 0 && r == 0)
        r = -errno;
    sysctl_journal_step();
    return r;
}

int sysctl_journal_store(struct sysctl_journal *j, const struct sysctl_entries *entries)
{
    int r;
    if (entries->n == 0)
        r = unlinkat(j->directory_fd, j->place.json, 0) < 0 && errno != ENOENT ? -errno : 0;
    else {
        char *text = sysctl_entries_to_text(entries, j->place.boot_id, j->place.netns);
        r = text ? write_tmp(j, text) : -ENOMEM;
        free(text);
        if (r == 0 && renameat(j->directory_fd, j->place.tmp, j->directory_fd, j->place.json) < 0)
            r = -errno;
        if (r < 0)
            unlinkat(j->directory_fd, j->place.tmp, 0);
    }
    sysctl_journal_step();
    if (r == 0)
        j->n_stored = entries->n;
    return r;
}

/* Under the mutex. */
static void remove_files(struct sysctl_journal *j)
{
    const char *const names[] = {j->place.json, j->place.tmp,
                                 j->place.lock}; /* the lock last: it guards the others */
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        unlinkat(j->directory_fd, names[i], 0);
        sysctl_journal_step();
    }
    rmdir(j->place.directory);
    sysctl_journal_step();
}

void sysctl_journal_unlock(struct sysctl_journal *j, struct sysctl_entries *entries)
{
    bool own = false;
    for (size_t i = 0; i < entries->n; i++)
        own |= entries->entry[i].owner == j->owner;
    if (j->n_stored == 0)
        remove_files(j);
    if (own && j->n_stored > 0)
        lock_byte(j->lock_fd, F_OFD_SETLK, F_UNLCK, MUTEX);
    else {
        j->owner = 0;
        close_files(j);
    }
    sysctl_journal_step();
    sysctl_entries_done(entries);
}

int sysctl_journal_own(struct sysctl_journal *j, struct sysctl_entries *entries)
{
    while (j->owner == 0) {
        int64_t number = entries->next_owner++;
        int r = lock_byte(j->lock_fd, F_OFD_SETLK, F_WRLCK, number);
        if (r == 0)
            j->owner = number;
        else if (r != -EAGAIN && r != -EACCES)
            return r;
    }
    /* A journal that is new since we became an owner counts from 1 again. */
    if (entries->next_owner <= j->owner)
        entries->next_owner = j->owner + 1;
    sysctl_journal_step();
    return 0;
}

int64_t sysctl_journal_owner(const struct sysctl_journal *j)
{
    return j->owner;
}

bool sysctl_journal_alive(const struct sysctl_journal *j, int64_t owner)
{
    if (owner == j->owner)
        return true;
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = owner, .l_len = 1};
    /* Not to be found out counts as alive: a dead run's changes can wait, a living one's must not be taken away. */
    return fcntl(j->lock_fd, F_OFD_GETLK, &lock) < 0 || lock.l_type != F_UNLCK;
}

const char *sysctl_journal_path(const struct sysctl_journal *j)
{
    return *j->path ? j->path : NULL;
}
