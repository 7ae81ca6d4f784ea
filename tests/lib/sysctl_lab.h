/* A place where sysctls may be written: a network namespace for each test, and a directory for its
 * journal.
 *
 * For one test program, which gets its main() from here: without root it has to enter a user
 * namespace while it has one thread, and a Criterion test has two. What the tests check is read and
 * written here without the help of the code under test. */
#pragma once

#include "common/sysctl/sysctl_guard.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIN    "net.ipv4.tcp_fin_timeout"
#define ORPHAN "net.ipv4.tcp_orphan_retries"
#define PORTS  "net.ipv4.ip_local_port_range"

static char lab_top[64], lab_journal[80]; /* the journal's directory is below, made by nobody yet */

static inline void lab_write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        ssize_t done = write(fd, text, strlen(text));
        (void)done;
        close(fd);
    }
}

static inline void lab_enter_user_namespace(void)
{
    char map[64];
    uid_t uid = geteuid();
    gid_t gid = getegid();
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
        return; /* the tests say that they are skipped */
    lab_write_file("/proc/self/setgroups", "deny");
    snprintf(map, sizeof(map), "0 %u 1", uid);
    lab_write_file("/proc/self/uid_map", map);
    snprintf(map, sizeof(map), "0 %u 1", gid);
    lab_write_file("/proc/self/gid_map", map);
}

static inline ino_t lab_netns(void)
{
    struct stat st;
    return stat("/proc/thread-self/ns/net", &st) < 0 ? 0 : st.st_ino;
}

/* A namespace of the calling thread's own, or the test ends here: skipped. */
static inline void lab_enter_netns(void)
{
    ino_t before = lab_netns();
    if (unshare(CLONE_NEWNET) < 0)
        cr_skip_test("no private network namespace (needs root or user namespaces): %s",
                     strerror(errno));
    cr_assert(before != 0 && lab_netns() != before, "still in the machine's namespace");
}

static inline void lab_path(const char *key, char path[static 256])
{
    snprintf(path, 256, "/proc/sys/%s", key);
    for (char *c = path; *c; c++)
        *c = *c == '.' ? '/' : *c;
}

static inline bool lab_exists(const char *key)
{
    char path[256];
    lab_path(key, path);
    return access(path, F_OK) == 0;
}

/* The value as the kernel prints it, without the newline. */
static inline const char *lab_get(const char *key, char value[static 256])
{
    char path[256];
    lab_path(key, path);
    FILE *f = fopen(path, "re");
    if (!f || !fgets(value, 256, f))
        strcpy(value, "(unreadable)");
    if (f)
        fclose(f);
    value[strcspn(value, "\n")] = '\0';
    return value;
}

/* Somebody else's hand. */
static inline void lab_put(const char *key, const char *value)
{
    char path[256];
    lab_path(key, path);
    lab_write_file(path, value);
}

#define assert_value(key, expected)                                                       \
    do {                                                                                  \
        char value_[256];                                                                 \
        cr_assert_str_eq(lab_get(key, value_), expected, "%s is %s, not %s", key, value_, \
                         expected);                                                       \
    } while (0)

/* Journals in the directory. The lock file stays, and what a death left of one that was being
 * written. */
static inline int lab_files(void)
{
    DIR *d = opendir(lab_journal);
    int n = 0;
    for (struct dirent *e; d && (e = readdir(d));)
        n += strstr(e->d_name, ".sysctls") != NULL;
    if (d)
        closedir(d);
    return n;
}

#define assert_nothing_left() cr_assert_eq(lab_files(), 0, "%d journals left", lab_files())

static inline void lab_start(void)
{
    lab_enter_netns();
    /* Memory rather than disk: renaming over a file makes some file systems write it out. */
    strcpy(lab_top, "/dev/shm/tcplab-test-XXXXXX");
    if (!mkdtemp(lab_top)) {
        strcpy(lab_top, "/tmp/tcplab-test-XXXXXX");
        cr_assert(mkdtemp(lab_top));
    }
    snprintf(lab_journal, sizeof(lab_journal), "%s/journal", lab_top);
    lab_put(FIN, "60");
    lab_put(ORPHAN, "0");
}

static inline void lab_empty(const char *directory)
{
    DIR *d = opendir(directory);
    for (struct dirent *e; d && (e = readdir(d));)
        unlinkat(dirfd(d), e->d_name, 0);
    if (d)
        closedir(d);
    rmdir(directory);
}

static inline void lab_stop(void)
{
    lab_empty(lab_journal);
    lab_empty(lab_top);
}

/* A skipped test has no end of its own. */
#define lab_skip(...)              \
    do {                           \
        lab_stop();                \
        cr_skip_test(__VA_ARGS__); \
    } while (0)

static inline struct sysctl_guard *lab_guard(void)
{
    struct sysctl_guard *g = NULL;
    int r = sysctl_guard_new(lab_journal, &g);
    cr_assert_eq(r, 0, "%s", strerror(-r));
    return g;
}

static inline int lab_set(struct sysctl_guard *g, const char *key, const char *value)
{
    char now[SYSCTL_VALUE_MAX];
    int journal_failed;
    return sysctl_guard_set(g, key, value, now, &journal_failed);
}

/* By a guard of its own, as the next start would. */
static inline int lab_recover(void)
{
    struct sysctl_guard *g = lab_guard();
    int r = sysctl_guard_take_back(g, false, NULL, NULL);
    sysctl_guard_free(g);
    return r;
}

/* Of a guard's only change. */
static inline void lab_copy_change(const struct sysctl_change *change, void *copy)
{
    *(struct sysctl_change *)copy = *change;
}

/* What became of the last change that each guard has put back. */
static struct {
    const struct sysctl_guard *guard;
    struct sysctl_change change;
} lab_restored[8];

static inline int lab_restore(struct sysctl_guard *g)
{
    int i = 0;
    while (lab_restored[i].guard && lab_restored[i].guard != g)
        i = (i + 1) % 8;
    lab_restored[i].guard = g;
    int r = sysctl_guard_take_back(g, true, lab_copy_change, &lab_restored[i].change);
    return r > 0 ? 0 : r;
}

static inline enum sysctl_outcome lab_outcome(const struct sysctl_guard *g)
{
    for (int i = 0; i < 8; i++)
        if (lab_restored[i].guard == g)
            return lab_restored[i].change.outcome;
    return SYSCTL_UNRESTORED; /* none */
}

static inline void lab_free(struct sysctl_guard *g)
{
    for (int i = 0; i < 8; i++)
        if (lab_restored[i].guard == g)
            lab_restored[i].guard = NULL;
    sysctl_guard_free(g);
}

/* A run that set the key and died. */
static inline void lab_leave_behind(const char *key, const char *value)
{
    struct sysctl_guard *g = lab_guard();
    cr_assert_eq(lab_set(g, key, value), 0);
    sysctl_guard_free(g);
}

/* Of the journal's directory, with the suffix. */
static inline bool lab_find_file(const char *suffix, char path[static 512])
{
    DIR *d = opendir(lab_journal);
    bool found = false;
    for (struct dirent *e; d && !found && (e = readdir(d));) {
        size_t n = strlen(e->d_name), n_suffix = strlen(suffix);
        found = n > n_suffix && strcmp(e->d_name + n - n_suffix, suffix) == 0;
        if (found)
            snprintf(path, 512, "%s/%s", lab_journal, e->d_name);
    }
    if (d)
        closedir(d);
    return found;
}

static inline void lab_make_file(const char *name, const char *text)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", lab_journal, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static inline char *lab_read_whole(const char *path)
{
    static char text[8192];
    FILE *f = fopen(path, "re");
    text[f ? fread(text, 1, sizeof(text) - 1, f) : 0] = '\0';
    if (f)
        fclose(f);
    return text;
}

/* In a child, where Criterion's assertions do not reach. */
#define CHECK(x)                                                                   \
    do {                                                                           \
        if (!(x)) {                                                                \
            dprintf(STDERR_FILENO, "%s:%d: not so: %s\n", __FILE__, __LINE__, #x); \
            _exit(1);                                                              \
        }                                                                          \
    } while (0)

int main(int argc, char **argv)
{
    char uid[16];
    snprintf(uid, sizeof(uid), "%u", geteuid());
    setenv("LAB_OUTER_UID", uid, 1);
    if (geteuid() != 0)
        lab_enter_user_namespace();
    struct criterion_test_set *tests = criterion_initialize();
    int r = 0;
    if (criterion_handle_args(argc, argv, true))
        r = !criterion_run_all_tests(tests);
    criterion_finalize(tests);
    return r;
}
