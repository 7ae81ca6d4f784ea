/* The sysctl guard over knobs that are none: three runs set and put back, die anywhere, somebody
 * else sets, the disk is full, the next start puts back. After a set or a start the
 * topmost living run has its way; at the end stands what somebody else set last, or the value of
 * the beginning. */
#include "common/sysctl/sysctl_guard.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sanitizer/lsan_interface.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GUARDS  3
#define KEYS    2
#define STACK   64
#define LIMIT   200 /* the fake kernel rounds down to it */
#define REFUSED 255

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const keys[KEYS] = {"net.ipv4.tcp_fin_timeout", "net.core.somaxconn"};
static int values[KEYS];
static struct sysctl_guard *guards[GUARDS];
static char directory[64];

/* What has to be: those of living runs above the last value that somebody else set. */
static struct {
    int base, n;
    struct {
        int guard, value;
    } set[STACK];
} stack[KEYS];

static int steps_left; /* 0: no death */
static jmp_buf death;
static bool disk_full;
static int foreign; /* values that somebody else has set */

static void require(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "not so: %s\n", what);
    abort();
}

static void step(void)
{
    if (steps_left > 0 && --steps_left == 0)
        longjmp(death, 1);
}

static int find_key(const char *key)
{
    return strcmp(key, keys[0]) != 0;
}

#define STEP(name, parameters, ...)        \
    int __real_##name parameters;          \
    int __wrap_##name parameters;          \
    int __wrap_##name parameters           \
    {                                      \
        step();                            \
        return __real_##name(__VA_ARGS__); \
    }
STEP(fcntl64, (int fd, int command, void *argument), fd, command, argument)
STEP(flock, (int fd, int operation), fd, operation)
STEP(unlinkat, (int fd, const char *name, int flags), fd, name, flags)
STEP(renameat, (int from_fd, const char *from, int fd, const char *name), from_fd, from, fd, name)

ssize_t __real_write(int fd, const void *bytes, size_t n);
ssize_t __wrap_write(int fd, const void *bytes, size_t n);
ssize_t __wrap_write(int fd, const void *bytes, size_t n)
{
    step();
    return __real_write(fd, bytes, disk_full ? n / 2 : n);
}

int __wrap_sysctl_read(const char *key, char ret_value[static SYSCTL_VALUE_MAX]);
int __wrap_sysctl_read(const char *key, char ret_value[static SYSCTL_VALUE_MAX])
{
    sprintf(ret_value, "%d", values[find_key(key)]);
    return 0;
}

int __wrap_sysctl_writable(const char *key);
int __wrap_sysctl_writable(const char *key)
{
    return 0;
}

int __wrap_sysctl_write(const char *key, const char *value);
int __wrap_sysctl_write(const char *key, const char *value)
{
    int number = atoi(value);
    step();
    if (number == REFUSED)
        return -EINVAL;
    values[find_key(key)] = number > LIMIT && number < REFUSED ? LIMIT : number;
    return 0;
}

static void model_leave(int guard)
{
    for (int k = 0; k < KEYS; k++) {
        int kept = 0;
        for (int i = 0; i < stack[k].n; i++)
            if (stack[k].set[i].guard != guard)
                stack[k].set[kept++] = stack[k].set[i];
        stack[k].n = kept;
    }
}

static void check(const char *when)
{
    for (int k = 0; k < KEYS; k++) {
        int n = stack[k].n, expected = n ? stack[k].set[n - 1].value : stack[k].base;
        if (values[k] != expected)
            fprintf(stderr, "%s is %d, not %d\n", keys[k], values[k], expected);
        require(values[k] == expected, when);
    }
}

static struct sysctl_guard *start(void)
{
    struct sysctl_guard *g = NULL;
    require(!sysctl_guard_new(directory, &g), "a new guard");
    return g;
}

static void die(int guard)
{
    steps_left = 0;
    sysctl_guard_free(guards[guard]);
    guards[guard] = start();
    model_leave(guard);
}

static void set(int guard, int k, int value)
{
    char text[16], now[SYSCTL_VALUE_MAX];
    int journal_failed = 0;
    sprintf(text, "%d", value);
    int r = sysctl_guard_set(guards[guard], keys[k], text, now, &journal_failed);
    if (disk_full)
        require(r < 0 && journal_failed, "a set while the disk is full");
    else
        require(r == (value == REFUSED ? -EINVAL : value > LIMIT ? -ERANGE : 0), "a set");
    if (r == 0) {
        stack[k].set[stack[k].n].guard = guard;
        stack[k].set[stack[k].n++].value = value;
    }
}

static void recover(void)
{
    struct sysctl_guard *g = start();
    int r = sysctl_guard_take_back(g, false, NULL, NULL);
    sysctl_guard_free(g);
    require(r >= 0 || disk_full, "a recovery");
}

/* Whether the dead have been taken back: not by a restore of a run that has set nothing. */
static bool act(uint8_t what, uint8_t value)
{
    static const uint8_t sets[] = {1, 2, 3, 60, LIMIT + 1, REFUSED};
    int guard = what % GUARDS, k = what / 4 % KEYS;
    int choice = what >> 4;
    if (choice < 6) {
        if (stack[k].n < STACK)
            set(guard, k, sets[value % sizeof(sets)]);
        return stack[k].n < STACK && !disk_full;
    }
    if (choice < 9) {
        require(sysctl_guard_take_back(guards[guard], true, NULL, NULL) >= 0 || disk_full,
                "a restore");
        model_leave(guard);
    } else if (choice < 11) {
        recover();
        return !disk_full;
    } else if (choice == 11)
        die(guard);
    else if (choice < 14) {
        values[k] = stack[k].base = 1000 + foreign++; /* as nobody else has */
        stack[k].n = 0;
    } else if (choice == 14)
        disk_full = !disk_full;
    return false;
}

static void end(void)
{
    disk_full = false;
    for (int i = 0; i < GUARDS; i++) {
        sysctl_guard_free(guards[i]);
        model_leave(i);
    }
    recover();
    check("the end");
    DIR *d = opendir(directory);
    for (struct dirent *e; d && (e = readdir(d));) {
        require(!strstr(e->d_name, ".sysctls"), "no journal is left");
        unlinkat(dirfd(d), e->d_name, 0);
    }
    if (d)
        closedir(d);
    rmdir(directory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static volatile size_t at;
    static volatile bool settled;
    foreign = 0;
    strcpy(directory, "/dev/shm/fuzz-XXXXXX");
    require(mkdtemp(directory), "a directory");
    for (int k = 0; k < KEYS; k++) {
        values[k] = stack[k].base = 60;
        stack[k].n = 0;
    }
    for (int i = 0; i < GUARDS; i++)
        guards[i] = start();
    for (at = 0; at + 2 < size; at += 3) {
        uint8_t what = data[at], value = data[at + 1], dies = data[at + 2];
        if (setjmp(death) == 0) {
            steps_left = what < 0x90 && dies >= 0x80 ? dies % 32 : 0;
            bool dying = steps_left > 0;
            if (dying)
                __lsan_disable();
            settled = act(what, value);
            if (dying)
                __lsan_enable();
            steps_left = 0;
        } else {
            __lsan_enable();
            die(what % GUARDS);
            settled = false;
        }
        if (settled)
            check("after a step");
    }
    end();
    return 0;
}
