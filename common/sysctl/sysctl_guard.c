#include "common/sysctl/sysctl_guard.h"
#include "common/process/stop.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

#define SCHEMA     "tcplab.sysctls/2"
#define MUTEX      0         /* the byte of the lock file */
#define SIZE_LIMIT (4 << 20) /* no journal of ours comes near it */
#define FILE_FLAGS (O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)

struct entry {
    struct sysctl_change change;
    int64_t owner; /* the byte of the lock file that it holds */
    bool written;  /* else it is not known whether the sysctl was written */
};

/* The oldest first; those of one key are its stack. */
struct entries {
    struct entry *entry;
    size_t n;
};

struct sysctl_guard {
    char *given;                  /* the directory asked for, or NULL */
    char directory[PATH_MAX];     /* the one in use, or tried last */
    char name[96];                /* of the journal in there: <boot>-<namespace>.sysctls */
    char path[PATH_MAX + 100];    /* what a message should name; "" at first */
    int directory_fd, lock_fd;    /* -1: not open */
    int signals;                  /* that have come (common/process/stop.h) and were heard */
    int64_t owner;                /* 0: none yet */
    struct entries journal, mine; /* what the journal says, while it is locked; this guard's, in the order made */
};

/* --- one change --- */

static int put_back(const char *key, const char *value)
{
    char now[SYSCTL_VALUE_MAX];
    int r = sysctl_read(key, now);
    if (r < 0 || strcmp(now, value) == 0)
        return r;
    r = sysctl_write(key, value);
    if (r == 0)
        r = sysctl_read(key, now);
    return r == 0 && strcmp(now, value) != 0 ? -ERANGE : r;
}

/* Writes what an interrupted change would have written over what it found, to see whether `now` comes of it: the
 * kernel rounds some values, and takes the good part of some bad ones. */
static bool replay_makes(const struct sysctl_change *c, const char *now)
{
    char made[SYSCTL_VALUE_MAX];
    if (sysctl_write(c->key, c->before) < 0)
        return false;
    sysctl_write(c->key, c->set); /* even if it is refused: part of it may have been taken */
    if (sysctl_read(c->key, made) == 0 && strcmp(made, now) == 0)
        return true;
    sysctl_write(c->key, now);
    return false;
}

/* Of the top change of its key. */
static void take_from_top(struct entry *e)
{
    struct sysctl_change *c = &e->change;
    int r = sysctl_read(c->key, c->now);
    c->outcome = SYSCTL_RESTORED;
    if (r == 0 && strcmp(c->now, c->before) == 0)
        return;
    if (r == 0 && !sysctl_same(c->now, c->set) && (e->written || !replay_makes(c, c->now))) {
        c->outcome = SYSCTL_CHANGED;
        return;
    }
    if (r == 0)
        r = put_back(c->key, c->before);
    if (r < 0) {
        c->outcome = SYSCTL_UNRESTORED;
        c->error = -r;
    }
}

/* The change above puts back what this one would have. But if it did not find what this one has set, somebody else's
 * value stood there in between: then that is to be put back. */
static void hand_on(struct sysctl_change *c, struct sysctl_change *above)
{
    bool found = sysctl_same(above->before, c->set) || strcmp(above->before, c->before) == 0;
    c->outcome = found ? SYSCTL_HANDED_ON : SYSCTL_CHANGED;
    sysctl_read(c->key, c->now);
    if (found)
        strcpy(above->before, c->before);
}

/* Takes entry i back. It goes from the entries, unless it could not be written back: it stays for somebody who can,
 * but not if the knob itself has gone. */
static struct sysctl_change take_back(struct entries *e, size_t i)
{
    struct sysctl_change *above = NULL;
    for (size_t k = i + 1; k < e->n && !above; k++)
        if (strcmp(e->entry[k].change.key, e->entry[i].change.key) == 0)
            above = &e->entry[k].change;
    if (above)
        hand_on(&e->entry[i].change, above);
    else
        take_from_top(&e->entry[i]);
    struct sysctl_change c = e->entry[i].change;
    if (c.outcome != SYSCTL_UNRESTORED || c.error == ENOENT) {
        e->n--;
        memmove(&e->entry[i], &e->entry[i + 1], (e->n - i) * sizeof(e->entry[0]));
    }
    return c;
}

static int push(struct entries *e, const struct entry *entry)
{
    if ((e->n & (e->n - 1)) == 0) { /* full at each power of two */
        struct entry *grown = realloc(e->entry, (e->n ? 2 * e->n : 1) * sizeof(*grown));
        if (!grown)
            return -ENOMEM;
        e->entry = grown;
    }
    e->entry[e->n++] = *entry;
    return 0;
}

/* --- the place --- */

/* The effective uid as it is outside the user namespace: inside, everybody may be 0. */
static unsigned outer_uid(void)
{
    unsigned uid = geteuid(), inside, outside, count, outer = uid;
    FILE *map = fopen("/proc/self/uid_map", "re");
    while (map && fscanf(map, "%u %u %u", &inside, &outside, &count) == 3)
        if (uid >= inside && uid - inside < count)
            outer = outside + (uid - inside);
    if (map)
        fclose(map);
    return outer;
}

/* The i-th place to try, the best first. False after the last. */
static bool candidate(struct sysctl_guard *g, int i)
{
    const char *runtime = secure_getenv("XDG_RUNTIME_DIR");
    if (i >= (g->given ? 1 : 3))
        return false;
    if (g->given)
        snprintf(g->directory, PATH_MAX, "%s", g->given);
    else if (i == 0)
        strcpy(g->directory, "/run/tcplab");
    else if (i == 1 && runtime && *runtime == '/')
        snprintf(g->directory, PATH_MAX, "%s/tcplab", runtime);
    else
        snprintf(g->directory, PATH_MAX, "/tmp/tcplab-%u", outer_uid());
    strcpy(g->path, g->directory);
    return true;
}

/* A directory, no symbolic link, our own, and writable by nobody else. */
static int open_ours(const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int r = fd < 0 || fstat(fd, &st) < 0 ? -errno : 0;
    if (r == 0 && (st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH))))
        r = -EPERM;
    if (r < 0 && fd >= 0)
        close(fd);
    return r < 0 ? r : fd;
}

static int make_ours(const char *path, mode_t mode)
{
    int fd = mkdir(path, mode) < 0 && errno != EEXIST ? -errno : open_ours(path);
    if (fd < 0 || faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) == 0)
        return fd;
    int r = -errno;
    close(fd);
    return r;
}

/* Takes the place that has this namespace's journal already; else, with `make`, the first that can be made. */
static int open_directory(struct sysctl_guard *g, bool make)
{
    int fd = -ENOENT;
    if (g->directory_fd >= 0)
        return 0;
    for (int i = 0; candidate(g, i); i++) {
        fd = open_ours(g->directory);
        if (fd < 0 && fd != -ENOENT && g->given)
            return fd;
        if (fd >= 0 && faccessat(fd, g->name, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
            g->directory_fd = fd;
            return 0;
        }
        if (fd >= 0)
            close(fd);
    }
    fd = -ENOENT;
    for (int i = 0; make && fd < 0 && candidate(g, i); i++)
        fd = make_ours(g->directory, i == 0 && !g->given ? 0755 : 0700);
    if (fd >= 0)
        g->directory_fd = fd;
    return fd < 0 ? fd : 0;
}

/* --- the journal --- */

/* F_OFD_GETLK: 1 if somebody else has it. */
static int lock_byte(const struct sysctl_guard *g, int command, short type, int64_t byte)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};
    if (fcntl(g->lock_fd, command, &lock) < 0)
        return -errno;
    return command == F_OFD_GETLK && lock.l_type != F_UNLCK;
}

static bool take_text(json_t *json, const char *key, char *to, size_t size)
{
    const char *text = json_string_value(json_object_get(json, key));
    return text && strlen(text) < size && sysctl_check_value(text) == 0 && strcpy(to, text);
}

static bool entry_from_json(json_t *json, struct entry *e)
{
    char path[SYSCTL_PATH_MAX];
    const json_t *written = json_object_get(json, "written");
    e->owner = json_integer_value(json_object_get(json, "owner"));
    e->change.pid = (int)json_integer_value(json_object_get(json, "pid"));
    e->written = json_is_true(written);
    return e->owner > MUTEX && json_is_boolean(written) && take_text(json, "key", e->change.key, SYSCTL_KEY_MAX) &&
           sysctl_path(e->change.key, path) == 0 && take_text(json, "before", e->change.before, SYSCTL_VALUE_MAX) &&
           take_text(json, "set", e->change.set, SYSCTL_VALUE_MAX);
}

int sysctl_guard_read(struct sysctl_guard *g, int fd)
{
    struct stat st;
    size_t i;
    json_t *change;
    g->journal.n = 0;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > SIZE_LIMIT)
        return -EBADMSG;
    char *text = malloc((size_t)st.st_size + 1); /* json_loadfd() reads each byte by itself */
    ssize_t size = text ? read(fd, text, (size_t)st.st_size) : -1;
    json_t *json = size < 0 ? NULL : json_loadb(text, (size_t)size, JSON_REJECT_DUPLICATES, NULL);
    free(text);
    const json_t *changes = json_object_get(json, "changes");
    const char *schema = json_string_value(json_object_get(json, "schema"));
    int r = schema && strcmp(schema, SCHEMA) == 0 && json_is_array(changes) ? 0 : -EBADMSG;
    json_array_foreach(changes, i, change)
    {
        struct entry e = {0};
        if (r == 0)
            r = entry_from_json(change, &e) ? push(&g->journal, &e) : -EBADMSG;
    }
    json_decref(json);
    return r;
}

static int load(struct sysctl_guard *g)
{
    snprintf(g->path, sizeof(g->path), "%s/%s", g->directory, g->name);
    int fd = openat(g->directory_fd, g->name, O_RDONLY | FILE_FLAGS);
    if (fd < 0)
        return errno == ENOENT ? 0 : -errno;
    int r = sysctl_guard_read(g, fd);
    close(fd);
    return r;
}

static json_t *journal_to_json(const struct entries *e)
{
    json_t *changes = json_array();
    for (size_t i = 0; i < e->n; i++) {
        const struct sysctl_change *c = &e->entry[i].change;
        json_array_append_new(changes, json_pack("{s:s, s:s, s:s, s:I, s:i, s:b}", "key", c->key, "before", c->before,
                                                 "set", c->set, "owner", (json_int_t)e->entry[i].owner, "pid", c->pid,
                                                 "written", e->entry[i].written));
    }
    return json_pack("{s:s, s:o}", "schema", SCHEMA, "changes", changes);
}

/* Writes it beside and renames it over, so that a death at any moment leaves the old one or the new one whole. */
static int store(struct sysctl_guard *g)
{
    static const char beside[] = "new"; /* the mutex is the directory's */
    if (g->journal.n == 0)
        return unlinkat(g->directory_fd, g->name, 0) < 0 && errno != ENOENT ? -errno : 0;
    int fd = openat(g->directory_fd, beside, O_WRONLY | O_CREAT | O_TRUNC | FILE_FLAGS, 0600);
    if (fd < 0)
        return -errno;
    json_t *json = journal_to_json(&g->journal);
    char *text = json_dumps(json, JSON_INDENT(2)); /* json_dumpfd() writes each word by itself */
    json_decref(json);
    ssize_t size = text ? (ssize_t)strlen(text) : 0, written = text ? write(fd, text, (size_t)size) : 0;
    int r = !text ? -ENOMEM : written < 0 ? -errno : written < size ? -ENOSPC : 0;
    free(text);
    if (close(fd) < 0 && r == 0)
        r = -errno;
    if (r == 0 && renameat(g->directory_fd, beside, g->directory_fd, g->name) < 0)
        r = -errno;
    if (r < 0)
        unlinkat(g->directory_fd, beside, 0);
    return r;
}

static void unlock(struct sysctl_guard *g)
{
    if (g->lock_fd >= 0)
        lock_byte(g, F_OFD_SETLK, F_UNLCK, MUTEX);
    free(g->journal.entry);
    g->journal = (struct entries){0};
}

static void close_files(struct sysctl_guard *g)
{
    if (g->lock_fd >= 0)
        close(g->lock_fd);
    if (g->directory_fd >= 0)
        close(g->directory_fd);
    g->directory_fd = g->lock_fd = -1;
}

static int take_mutex(struct sysctl_guard *g, bool make)
{
    int r = open_directory(g, make);
    if (r == 0 && g->lock_fd < 0) {
        g->lock_fd = openat(g->directory_fd, "lock", O_RDWR | O_CREAT | FILE_FLAGS, 0600);
        r = g->lock_fd < 0 ? -errno : 0;
    }
    return r ? r : lock_byte(g, F_OFD_SETLKW, F_WRLCK, MUTEX);
}

/* Whether the lock file was removed by its last user (tidy_up()) while this one waited for it. */
static bool is_removed(const struct sysctl_guard *g)
{
    struct stat st;
    return fstat(g->lock_fd, &st) == 0 && st.st_nlink == 0;
}

/* The last one removes the lock file, and the directory unless a journal is in it. */
static void tidy_up(struct sysctl_guard *g)
{
    if (g->lock_fd < 0)
        return;
    if (g->owner)
        lock_byte(g, F_OFD_SETLK, F_UNLCK, g->owner);
    struct flock others = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = MUTEX + 1}; /* to the end */
    if (lock_byte(g, F_OFD_SETLK, F_WRLCK, MUTEX) == 0 && !is_removed(g) &&
        fcntl(g->lock_fd, F_OFD_GETLK, &others) == 0 && others.l_type == F_UNLCK) {
        unlinkat(g->directory_fd, "lock", 0);
        if (!g->given)
            rmdir(g->directory);
    }
}

/* Waits for the mutex and reads the journal. -ENOENT: there is none, and none is to be made; -EINTR: a signal. */
static int lock(struct sysctl_guard *g, bool make)
{
    int r;
    /* Removed in between: the lock file, or the directory (-ENOENT for a file in it). */
    while (((r = take_mutex(g, make)) == 0 && is_removed(g)) || (r == -ENOENT && g->directory_fd >= 0))
        close_files(g);
    if (r == 0 && (r = load(g)) < 0)
        unlock(g);
    return r;
}

/* Takes a number that no other owner has, in this namespace or another. */
static int own(struct sysctl_guard *g)
{
    uint64_t number;
    if (g->owner)
        return 0;
    if (getrandom(&number, sizeof(number), 0) != sizeof(number))
        return -EIO;
    int64_t owner = (int64_t)(number >> 2) + MUTEX + 1;
    int r = lock_byte(g, F_OFD_SETLK, F_WRLCK, owner);
    g->owner = r == 0 ? owner : 0;
    return r;
}

/* Not to be found out counts as alive: a dead run's changes can wait, a living one's must not be taken away. */
static bool is_dead(const struct sysctl_guard *g, const struct entry *e)
{
    return e->owner != g->owner && lock_byte(g, F_OFD_GETLK, F_WRLCK, e->owner) == 0;
}

/* The last change first, so that values unwind. Stored once: a death in between leaves changes in
 * the journal that are found to be taken back already. */
static int take_back_dead(struct sysctl_guard *g, struct entries *told)
{
    int r = 0;
    size_t n = g->journal.n;
    for (size_t i = n; i-- > 0 && r == 0;) {
        if (!is_dead(g, &g->journal.entry[i]))
            continue;
        if (stop_count() != g->signals) {
            r = -EINTR;
            break;
        }
        const struct entry e = {.change = take_back(&g->journal, i)};
        r = push(told, &e);
    }
    if (g->journal.n < n) {
        int stored = store(g);
        r = r ? r : stored;
    }
    return r;
}

/* --- the guard --- */

static int find_namespace(struct sysctl_guard *g)
{
    char boot[37] = "";
    FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
    int r = !f ? -errno : fgets(boot, sizeof(boot), f) ? 0 : -EIO;
    if (f)
        fclose(f);
    int fd = r ? -1 : socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return r ? r : -errno;
    uint64_t cookie;
    socklen_t size = sizeof(cookie);
    struct stat st;
    bool has_cookie = getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) == 0; /* since Linux 5.14 */
    close(fd);
    if (!has_cookie && stat("/proc/thread-self/ns/net", &st) < 0)
        return -errno;
    snprintf(g->name, sizeof(g->name), "%s-%s%" PRIu64 ".sysctls", boot, has_cookie ? "" : "ino",
             has_cookie ? cookie : (uint64_t)st.st_ino);
    return 0;
}

int sysctl_guard_new(const char *journal_directory, struct sysctl_guard **ret)
{
    struct sysctl_guard *g = calloc(1, sizeof(*g));
    if (!g)
        return -ENOMEM;
    g->directory_fd = g->lock_fd = -1;
    g->signals = stop_count();
    g->given = journal_directory ? strdup(journal_directory) : NULL;
    int r = journal_directory && !g->given ? -ENOMEM : find_namespace(g);
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
    tidy_up(g);
    close_files(g);
    free(g->journal.entry);
    free(g->mine.entry);
    free(g->given);
    free(g);
}

const char *sysctl_guard_path(const struct sysctl_guard *g)
{
    return g->path;
}

int sysctl_guard_recover(struct sysctl_guard *g, sysctl_visit *visit, void *context)
{
    struct entries told = {0};
    int r = lock(g, false);
    if (r < 0)
        return r == -ENOENT ? 0 : r;
    r = take_back_dead(g, &told);
    unlock(g);
    for (size_t i = 0; i < told.n; i++) {
        const struct sysctl_change *c = &told.entry[i].change;
        if (visit)
            visit(c, context);
        if (r == 0 && c->outcome == SYSCTL_UNRESTORED)
            r = -c->error;
    }
    free(told.entry);
    return r < 0 ? r : (int)told.n;
}

static int write_and_check(const char *key, const char *value, char ret_now[static SYSCTL_VALUE_MAX])
{
    char now[SYSCTL_VALUE_MAX];
    int r = sysctl_write(key, value);
    if (r == 0)
        r = sysctl_read(key, now);
    if (r < 0)
        return r;
    strcpy(ret_now, now);
    return sysctl_same(now, value) ? 0 : -ERANGE;
}

/* Journals the change and makes it. On failure sysctl and journal are as they were. */
static int set_locked(struct sysctl_guard *g, struct entry *e, char ret_now[static SYSCTL_VALUE_MAX],
                      int *ret_journal_failed)
{
    struct sysctl_change *c = &e->change;
    int r = sysctl_read(c->key, c->before);
    if (r == 0)
        r = push(&g->journal, e);
    if (r == 0)
        r = push(&g->mine, e);
    if (r < 0)
        return r;
    g->mine.n--; /* there is room, so that a change once made can always be noted */
    r = store(g);
    *ret_journal_failed = r < 0;
    if (r < 0)
        return r;
    r = write_and_check(c->key, c->set, ret_now);
    if (r < 0 && put_back(c->key, c->before) == 0) {
        g->journal.n--;
        store(g); /* should this fail: the next start finds nothing to put back */
        return r;
    }
    /* Made; or neither made nor undone, then it stays in the journal to be tried again at the end. */
    g->journal.entry[g->journal.n - 1].written = e->written = r == 0;
    g->mine.entry[g->mine.n++] = *e;
    store(g); /* should this fail, the journal keeps a change that is taken back as well */
    return r;
}

int sysctl_guard_set(struct sysctl_guard *g, const char *key, const char *value,
                     char ret_now[static SYSCTL_VALUE_MAX], int *ret_journal_failed)
{
    struct entry e = {.change = {.outcome = SYSCTL_ACTIVE, .pid = getpid()}};
    struct entries told = {0};
    *ret_journal_failed = 0;
    /* What can be seen without a journal leaves none behind. */
    int r = sysctl_read(key, e.change.before);
    if (r == 0)
        r = sysctl_writable(key);
    if (r == 0)
        r = sysctl_check_value(value);
    if (r < 0)
        return r;
    strcpy(e.change.key, key);
    strcpy(e.change.set, value);
    r = lock(g, true);
    *ret_journal_failed = r < 0;
    if (r < 0)
        return r;
    r = take_back_dead(g, &told);
    if (r == 0)
        r = own(g);
    *ret_journal_failed = r < 0;
    e.owner = g->owner;
    if (r == 0)
        r = set_locked(g, &e, ret_now, ret_journal_failed);
    unlock(g);
    free(told.entry);
    return r;
}

/* Its place in the journal, whose size if it is not there. */
static size_t find_journalled(const struct sysctl_guard *g, const struct sysctl_change *c)
{
    for (size_t i = g->journal.n; i-- > 0;) {
        const struct entry *e = &g->journal.entry[i];
        if (e->owner == g->owner && strcmp(e->change.key, c->key) == 0 && strcmp(e->change.set, c->set) == 0)
            return i;
    }
    return g->journal.n;
}

int sysctl_guard_restore(struct sysctl_guard *g)
{
    struct entries told = {0};
    bool any = false;
    for (size_t i = 0; i < g->mine.n; i++) {
        struct sysctl_change *c = &g->mine.entry[i].change;
        if (c->outcome == SYSCTL_UNRESTORED)
            c->outcome = SYSCTL_ACTIVE;
        any |= c->outcome == SYSCTL_ACTIVE;
    }
    if (!any)
        return 0;
    g->signals = stop_count();
    int locked = lock(g, false), r = locked, unrestored = 0;
    /* The dead first: one that was about to take its own change back may have got as far as the sysctl. */
    if (locked == 0)
        r = take_back_dead(g, &told);
    for (size_t i = g->mine.n; i-- > 0;) {
        struct sysctl_change *c = &g->mine.entry[i].change;
        if (c->outcome != SYSCTL_ACTIVE)
            continue;
        /* What the journal does not have (any more), or with the journal spoilt, this guard knows by itself. */
        if (find_journalled(g, c) == g->journal.n && push(&g->journal, &g->mine.entry[i]) < 0)
            r = -ENOMEM;
        else
            *c = take_back(&g->journal, find_journalled(g, c));
        if (c->outcome == SYSCTL_UNRESTORED)
            unrestored = -c->error;
    }
    if (locked == 0) {
        int stored = store(g);
        r = r ? r : stored;
    }
    unlock(g);
    free(told.entry);
    return unrestored ? unrestored : r;
}

void sysctl_guard_each(const struct sysctl_guard *g, sysctl_visit *visit, void *context)
{
    for (size_t i = 0; i < g->mine.n; i++)
        visit(&g->mine.entry[i].change, context);
}

json_t *sysctl_guard_to_json(const struct sysctl_guard *g)
{
    json_t *all = json_array();
    for (size_t i = 0; i < g->mine.n; i++) {
        const struct sysctl_change *c = &g->mine.entry[i].change;
        json_t *restored = c->outcome == SYSCTL_ACTIVE ? json_null() : json_boolean(c->outcome == SYSCTL_RESTORED);
        json_array_append_new(all, json_pack("{s:s, s:s, s:s, s:o}", "key", c->key, "before", c->before, "set",
                                             c->set, "restored", restored));
    }
    return all;
}
