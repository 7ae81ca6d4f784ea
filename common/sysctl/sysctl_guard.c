#include "common/sysctl/sysctl_guard.h"
#include "common/process/stop.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCHEMA     "tcplab.sysctls/2"
#define CHANGE     "{s:s, s:s, s:s, s:I, s:i, s:b}" /* one of the journal's, as jansson packs it */
#define SIZE_LIMIT (4 << 20)                        /* no journal of ours is nearly as long */
#define FILE_FLAGS (O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)

struct entry {
    struct sysctl_change change;
    int64_t owner; /* the byte of the lock file that it holds, from 1 */
    bool written;  /* false: it is unknown whether the sysctl was written */
};

/* The oldest first; those of one key are its stack. */
struct entries {
    struct entry *entry;
    size_t n;
};

struct sysctl_guard {
    bool given;                /* the caller gave the directory */
    char directory[PATH_MAX];  /* the one in use, or tried last */
    char name[96];             /* of the journal in there: <boot>-<cookie>-<inode>.sysctls */
    char path[PATH_MAX + 100]; /* what a message should name; "" at first */
    int directory_fd, lock_fd; /* -1: not open */
    int signals;               /* signals that have come (common/process/stop.h) and were handled */
    int64_t owner;             /* 0: none yet */
    /* entries of the journal, while it is locked; this guard's changes that are in force */
    struct entries journal, mine;
    struct entries taken; /* what was put back last, the last change first */
};

/* Sets the sysctl to the value, unless it has it already. ret_now is the value after that; -ERANGE
 * if the kernel changed it. If the write failed, ret_now is the value before. */
static int change_to(const char *key, const char *value, char ret_now[static SYSCTL_VALUE_MAX])
{
    int r = sysctl_read(key, ret_now);
    if (r == 0 && strcmp(ret_now, value) != 0 && (r = sysctl_write(key, value)) == 0)
        r = sysctl_read(key, ret_now);
    return r < 0 ? r : sysctl_same(ret_now, value) ? 0 : -ERANGE;
}

/* Repeats an interrupted change, to see whether it results in `now`: the kernel rounds some values,
 * and accepts the good part of some bad ones. */
static bool replay_makes(const struct sysctl_change *c, const char *now)
{
    char made[SYSCTL_VALUE_MAX];
    if (sysctl_write(c->key, c->before) < 0)
        return false;
    sysctl_write(c->key, c->set); /* an error is no end: it may have accepted a part */
    if (sysctl_read(c->key, made) == 0 && strcmp(made, now) == 0)
        return true;
    sysctl_write(c->key, now);
    return false;
}

/* Of the top change of its key. */
static void take_from_top(struct entry *e)
{
    struct sysctl_change *c = &e->change;
    char now[SYSCTL_VALUE_MAX];
    int r = sysctl_read(c->key, c->now);
    bool back = r == 0 && strcmp(c->now, c->before) == 0;
    if (r == 0 && !back && !sysctl_same(c->now, c->set) &&
        (e->written || !replay_makes(c, c->now))) {
        c->outcome = SYSCTL_CHANGED;
        return;
    }
    if (r == 0)
        r = change_to(c->key, c->before, now);
    c->outcome = r < 0 ? SYSCTL_UNRESTORED : SYSCTL_RESTORED;
    c->error = -r;
}

/* The change above puts back what this one would have put back. But if it did not find the value of
 * this one, somebody else had set a value in between: then put that back. */
static void hand_on(struct sysctl_change *c, struct sysctl_change *above)
{
    bool found = sysctl_same(above->before, c->set) || strcmp(above->before, c->before) == 0;
    c->outcome = found ? SYSCTL_HANDED_ON : SYSCTL_CHANGED;
    sysctl_read(c->key, c->now);
    if (found)
        strcpy(above->before, c->before);
}

/* Puts back the value of entry i and removes the entry. If the write fails, the entry stays for a
 * later attempt, unless the sysctl itself has gone. */
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
    bool has_runtime = !g->given && runtime && *runtime == '/';
    if (!g->given && i == 0)
        strcpy(g->directory, "/run/tcplab");
    else if (i == 1 && has_runtime)
        snprintf(g->directory, PATH_MAX, "%s/tcplab", runtime);
    else if (!g->given)
        snprintf(g->directory, PATH_MAX, "/tmp/tcplab-%u", outer_uid());
    strcpy(g->path, g->directory);
    return i < (g->given ? 1 : has_runtime ? 3 : 2);
}

/* A directory, no symbolic link, our own, and writable by nobody else; with `make` by us. */
static int open_ours(const char *path, bool make)
{
    struct stat st;
    int fd, r;
    do { /* again if the last one has removed it since mkdir() */
        if (make && mkdir(path, 0700) < 0 && errno != EEXIST)
            return -errno;
        fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        r = fd < 0 || fstat(fd, &st) < 0 ? -errno : 0;
        if (r == 0 && (st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH))))
            r = -EPERM;
        if (r == 0 && make && faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) < 0)
            r = -errno;
        if (r < 0 && fd >= 0)
            close(fd);
    } while (make && r == -ENOENT);
    return r < 0 ? r : fd;
}

/* Takes the place that has this namespace's journal already; else, with `make`, the first that can
 * be made. */
static int open_directory(struct sysctl_guard *g, bool make)
{
    int fd = g->directory_fd;
    for (int making = 0; fd < 0 && making <= make; making++)
        for (int i = 0; fd < 0 && candidate(g, i); i++) {
            fd = open_ours(g->directory, making);
            if (fd >= 0 && !making && faccessat(fd, g->name, F_OK, AT_SYMLINK_NOFOLLOW) < 0) {
                close(fd);
                fd = -ENOENT;
            }
        }
    g->directory_fd = fd < 0 ? -1 : fd;
    return fd < 0 ? fd : 0;
}

static void close_files(struct sysctl_guard *g)
{
    close(g->lock_fd); /* -1 is harmless */
    close(g->directory_fd);
    g->directory_fd = g->lock_fd = -1;
}

/* --- the journal --- */

/* F_OFD_GETLK: 1 if somebody else has one of the n bytes (0: of all from there). */
static int lock_bytes(const struct sysctl_guard *g, int command, int64_t from, int64_t n)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = from, .l_len = n};
    if (fcntl(g->lock_fd, command, &lock) < 0)
        return -errno;
    return command == F_OFD_GETLK && lock.l_type != F_UNLCK;
}

static bool entry_from_json(json_t *json, struct entry *e)
{
    const char *key, *before, *set;
    char path[SYSCTL_PATH_MAX];
    json_int_t owner;
    int pid, written;
    if (json_unpack(json, CHANGE, "key", &key, "before", &before, "set", &set, "owner", &owner,
                    "pid", &pid, "written", &written) < 0 ||
        owner < 1 || sysctl_path(key, path) < 0 || sysctl_check_value(before) < 0 ||
        sysctl_check_value(set) < 0)
        return false;
    *e = (struct entry){.change.pid = pid, .owner = owner, .written = written};
    strcpy(e->change.key, key);
    strcpy(e->change.before, before);
    strcpy(e->change.set, set);
    return true;
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
        struct entry e;
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

static char *journal_to_text(const struct entries *e)
{
    json_t *changes = json_array();
    for (size_t i = 0; i < e->n; i++) {
        const struct sysctl_change *c = &e->entry[i].change;
        json_array_append_new(changes, json_pack(CHANGE, "key", c->key, "before", c->before, "set",
                                                 c->set, "owner", (json_int_t)e->entry[i].owner,
                                                 "pid", c->pid, "written", e->entry[i].written));
    }
    json_t *json = json_pack("{s:s, s:o}", "schema", SCHEMA, "changes", changes);
    char *text = json_dumps(json, JSON_INDENT(2)); /* json_dumpfd() writes each word by itself */
    json_decref(json);
    return text;
}

/* Writes a new file and renames it, so that the old or the new journal is complete even if the
 * program is killed in between. */
static int store(struct sysctl_guard *g)
{
    static const char beside[] = "new"; /* the lock is the directory's */
    if (g->journal.n == 0)
        return unlinkat(g->directory_fd, g->name, 0) < 0 && errno != ENOENT ? -errno : 0;
    int fd = openat(g->directory_fd, beside, O_WRONLY | O_CREAT | O_TRUNC | FILE_FLAGS, 0600);
    if (fd < 0)
        return -errno;
    char *text = journal_to_text(&g->journal);
    ssize_t size = text ? (ssize_t)strlen(text) : 0,
            written = text ? write(fd, text, (size_t)size) : 0;
    int r = !text ? -ENOMEM : written < 0 ? -errno : written < size ? -ENOSPC : 0;
    free(text);
    close(fd);
    if (r == 0 && renameat(g->directory_fd, beside, g->directory_fd, g->name) < 0)
        r = -errno;
    if (r < 0)
        unlinkat(g->directory_fd, beside, 0);
    return r;
}

/* A guard without changes closes the files, so that nobody uses a lock file that the last guard has
 * removed. The last guard also removes the directory, unless it has a journal. */
static void unlock(struct sysctl_guard *g)
{
    g->journal.n = 0;
    if (g->owner) {
        flock(g->directory_fd, LOCK_UN);
        return;
    }
    if (lock_bytes(g, F_OFD_GETLK, 1, 0) == 0) {
        unlinkat(g->directory_fd, "lock", 0);
        rmdir(g->directory);
    }
    close_files(g);
}

/* Asks repeatedly, so that a signal that comes just before the wait ends it, too. */
static int wait_for_lock(const struct sysctl_guard *g)
{
    while (flock(g->directory_fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return -errno;
        if (stop_count() != g->signals)
            return -EINTR;
        usleep(2000);
    }
    return 0;
}

/* Locks and reads the journal. -ENOENT: there is none, and `make` is false; -EINTR: a signal. */
static int lock(struct sysctl_guard *g, bool make)
{
    int r;
    do { /* again if the last one has removed the directory meanwhile */
        if ((r = open_directory(g, make)) < 0 || (r = wait_for_lock(g)) < 0)
            return r;
        if (g->lock_fd < 0)
            g->lock_fd = openat(g->directory_fd, "lock", O_RDWR | O_CREAT | FILE_FLAGS, 0600);
        r = g->lock_fd < 0 ? -errno : load(g);
        if (r < 0)
            unlock(g);
    } while (r == -ENOENT);
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
    int64_t owner = (int64_t)(number >> 2) + 1;
    int r = lock_bytes(g, F_OFD_SETLK, owner, 1);
    g->owner = r == 0 ? owner : 0;
    return r;
}

/* Puts back the changes of dead runs, and with `own` also this guard's, the last change first. The
 * journal is written once at the end: if the program dies before, the journal has changes that the
 * next start finds put back already. -EINTR: a signal came; the changes of dead runs stay. */
static int take_back_all(struct sysctl_guard *g, bool own)
{
    int r = 0;
    size_t n = g->journal.n;
    g->taken.n = 0;
    for (size_t i = n; i-- > 0 && r != -ENOMEM;) {
        int64_t owner = g->journal.entry[i].owner;
        /* If this cannot be found out, the owner counts as alive: the changes of a living run must
         * stay. */
        if (owner == g->owner ? !own : lock_bytes(g, F_OFD_GETLK, owner, 1) != 0)
            continue;
        if (owner != g->owner && stop_count() != g->signals) {
            r = -EINTR;
            continue;
        }
        const struct entry e = {.change = take_back(&g->journal, i)};
        r = push(&g->taken, &e) < 0 ? -ENOMEM : r;
    }
    return r;
}

static int find_namespace(struct sysctl_guard *g)
{
    char boot[37] = "";
    uint64_t cookie = 0;
    socklen_t size = sizeof(cookie);
    struct stat st;
    FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
    int r = !f ? -errno : fgets(boot, sizeof(boot), f) ? 0 : -EIO;
    if (f)
        fclose(f);
    int fd = r ? -1 : socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return r ? r : -errno;
    /* since Linux 5.14; a cookie is never 0 */
    getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size);
    close(fd);
    if (stat("/proc/thread-self/ns/net", &st) < 0)
        return -errno;
    snprintf(g->name, sizeof(g->name), "%s-%" PRIu64 "-%" PRIu64 ".sysctls", boot, cookie,
             (uint64_t)st.st_ino);
    return 0;
}

int sysctl_guard_new(const char *journal_directory, struct sysctl_guard **ret)
{
    struct sysctl_guard *g = calloc(1, sizeof(*g));
    if (!g)
        return -ENOMEM;
    g->directory_fd = g->lock_fd = -1;
    g->signals = stop_count();
    g->given = journal_directory != NULL;
    snprintf(g->directory, PATH_MAX, "%s", g->given ? journal_directory : "");
    int r = find_namespace(g);
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
    close_files(g);
    free(g->journal.entry);
    free(g->mine.entry);
    free(g->taken.entry);
    free(g);
}

const char *sysctl_guard_path(const struct sysctl_guard *g)
{
    return g->path;
}

/* Writes the change to the journal and makes it. After a failure, sysctl and journal are as before;
 * if the sysctl could not be put back, the change stays in the journal for another attempt at the
 * end. */
static int set_locked(struct sysctl_guard *g, struct entry *e,
                      char ret_now[static SYSCTL_VALUE_MAX], int *ret_journal_failed)
{
    struct sysctl_change *c = &e->change;
    int r = sysctl_read(c->key, c->before);
    r = r ? r : push(&g->mine, e);
    if (r < 0)
        return r;
    g->mine.n--; /* there is room, so that a change once made can always be noted */
    r = push(&g->journal, e);
    r = r ? r : store(g);
    *ret_journal_failed = r < 0;
    if (r < 0)
        return r;
    r = change_to(c->key, c->set, ret_now);
    if (r < 0 && change_to(c->key, c->before, c->now) == 0) {
        g->journal.n--;
    } else {
        g->journal.entry[g->journal.n - 1].written = e->written = r == 0;
        g->mine.entry[g->mine.n++] = *e;
    }
    /* if this fails, the journal keeps an entry that the next start finds put back already */
    store(g);
    return r;
}

int sysctl_guard_set(struct sysctl_guard *g, const char *key, const char *value,
                     char ret_now[static SYSCTL_VALUE_MAX], int *ret_journal_failed)
{
    struct entry e = {.change.pid = getpid()};
    *ret_journal_failed = 0;
    /* Errors that can be found without a journal are found first, so that no journal stays. */
    int r = sysctl_read(key, e.change.before);
    r = r ? r : sysctl_writable(key);
    r = r ? r : sysctl_check_value(value);
    if (r < 0)
        return r;
    strcpy(e.change.key, key);
    strcpy(e.change.set, value);
    r = lock(g, true);
    *ret_journal_failed = r < 0;
    if (r < 0)
        return r;
    r = take_back_all(g, false);
    r = r ? r : own(g);
    e.owner = g->owner;
    *ret_journal_failed = r < 0;
    r = r ? r : set_locked(g, &e, ret_now, ret_journal_failed);
    unlock(g);
    return r;
}

static bool is_journalled(const struct sysctl_guard *g, const struct entry *mine)
{
    for (size_t i = 0; i < g->journal.n; i++) {
        const struct entry *e = &g->journal.entry[i];
        if (e->owner == g->owner && strcmp(e->change.key, mine->change.key) == 0 &&
            strcmp(e->change.set, mine->change.set) == 0)
            return true;
    }
    return false;
}

int sysctl_guard_take_back(struct sysctl_guard *g, bool own, sysctl_visit *visit, void *context)
{
    if (own && g->mine.n == 0)
        return 0;
    g->signals = own ? stop_count() : g->signals;
    int locked = lock(g, false), r = locked;
    if (locked < 0 && !own)
        return r == -ENOENT ? 0 : r;
    /* The changes that the journal no longer has, or all if the journal is damaged: this guard has
     * its own list. */
    for (size_t i = 0; own && i < g->mine.n; i++)
        if (!is_journalled(g, &g->mine.entry[i]))
            push(&g->journal, &g->mine.entry[i]);
    int taken = take_back_all(g, own);
    r = r ? r : taken;
    if (own)
        g->mine.n = 0;
    for (size_t i = 0; own && i < g->journal.n; i++) /* what could not be written back */
        if (g->journal.entry[i].owner == g->owner)
            push(&g->mine, &g->journal.entry[i]);
    if (locked == 0) {
        int stored = g->taken.n ? store(g) : 0;
        r = r ? r : stored;
        g->owner = g->mine.n ? g->owner : 0;
        unlock(g); /* before visit(), which may block */
    }
    for (size_t i = g->taken.n; i-- > 0;) {
        const struct sysctl_change *c = &g->taken.entry[i].change;
        if (visit)
            visit(c, context);
        if (c->outcome == SYSCTL_UNRESTORED)
            r = -c->error;
    }
    return r < 0 ? r : (int)g->taken.n;
}
