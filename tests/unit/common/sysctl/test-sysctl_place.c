/* Which directory the journal goes to, and disks that are full or read-only. In a child with a
 * mount namespace of its own, where /run and /tmp are empty; and sysctls that become read-only, or
 * go. */
#include "tests/lib/sysctl_lab.h"

#include <criterion/criterion.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>

TestSuite(sysctl_place, .init = lab_start, .fini = lab_stop);

static void mount_empty(const char *where, unsigned long flags, const char *options)
{
    if (mount("tmpfs", where, "tmpfs", flags, options) < 0)
        _exit(77);
}

/* Runs the body in a child that sees an empty /run and /tmp. */
static void apart(void (*body)(void))
{
    pid_t child = fork();
    if (child == 0) {
        if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
            _exit(77);
        mount_empty("/run", 0, "mode=0755");
        mount_empty("/tmp", 0, "mode=01777");
        unsetenv("XDG_RUNTIME_DIR");
        body();
        _exit(0);
    }
    int status;
    cr_assert_eq(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        lab_skip("no private mount namespace with a tmpfs");
    cr_assert_eq(status, 0);
}

static struct sysctl_guard *guard_at_the_usual_place(void)
{
    struct sysctl_guard *g = NULL;
    CHECK(sysctl_guard_new(NULL, &g) == 0);
    return g;
}

/* Sets and restores at the usual place, which must be `directory` and go with it. */
static void check_place(const char *directory)
{
    struct sysctl_guard *g = guard_at_the_usual_place();
    struct stat st;
    char value[256];
    CHECK(lab_set(g, FIN, "7") == 0);
    CHECK(strncmp(sysctl_guard_path(g), directory, strlen(directory)) == 0);
    CHECK(sysctl_guard_path(g)[strlen(directory)] == '/');
    CHECK(access(sysctl_guard_path(g), F_OK) == 0);
    CHECK(stat(directory, &st) == 0 && (st.st_mode & 07777) == 0700);
    CHECK(lab_restore(g) == 0);
    CHECK(strcmp(lab_get(FIN, value), "60") == 0);
    CHECK(access(sysctl_guard_path(g), F_OK) < 0);
    lab_free(g);
}

static void the_usual_places(void)
{
    char by_uid[64];
    snprintf(by_uid, sizeof(by_uid), "/tmp/tcplab-%s", getenv("LAB_OUTER_UID"));
    check_place("/run/tcplab");

    CHECK(mount(NULL, "/run", NULL, MS_REMOUNT | MS_RDONLY, NULL) == 0);
    check_place(by_uid);
    CHECK(mkdir("/tmp/runtime", 0700) == 0);
    setenv("XDG_RUNTIME_DIR", "/tmp/runtime", 1);
    check_place("/tmp/runtime/tcplab");
    CHECK(chdir("/") == 0);
    setenv("XDG_RUNTIME_DIR", "tmp/runtime", 1);
    check_place(by_uid);
    setenv("XDG_RUNTIME_DIR", "", 1);
    check_place(by_uid);
    setenv("XDG_RUNTIME_DIR", "/tmp/nowhere", 1);
    check_place(by_uid);
}

Test(sysctl_place, usual_places)
{
    apart(the_usual_places);
}

/* There everybody may be root. */
static void the_usual_places_of_nobody(void)
{
    if (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0)
        _exit(77);
    prctl(PR_SET_DUMPABLE, 1); /* else /proc/self/uid_map is not ours */
    lab_enter_user_namespace();
    if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0)
        _exit(77);
    setenv("LAB_OUTER_UID", "65534", 1);
    mount_empty("/run", 0, "mode=0755");
    mount_empty("/tmp", 0, "mode=01777");
    the_usual_places();
}

Test(sysctl_place, usual_places_in_a_user_namespace)
{
    apart(the_usual_places_of_nobody);
}

static void a_place_of_others(void)
{
    char by_uid[64];
    snprintf(by_uid, sizeof(by_uid), "/tmp/tcplab-%s", getenv("LAB_OUTER_UID"));
    CHECK(mkdir("/run/tcplab", 0777) == 0 && chmod("/run/tcplab", 0777) == 0);
    check_place(by_uid);
    lab_empty("/run/tcplab");
    CHECK(symlink("/tmp", "/run/tcplab") == 0);
    check_place(by_uid);

    /* The last place: no way around it. */
    struct sysctl_guard *g = guard_at_the_usual_place();
    char now[SYSCTL_VALUE_MAX], value[256];
    int journal_failed = 0;
    lab_empty(by_uid);
    CHECK(mkdir("/tmp/other", 0700) == 0);
    CHECK(symlink("/tmp/other", by_uid) == 0);
    CHECK(sysctl_guard_set(g, FIN, "7", now, &journal_failed) < 0 && journal_failed);
    CHECK(strcmp(lab_get(FIN, value), "60") == 0);
    CHECK(rmdir("/tmp/other") == 0);
    lab_free(g);
}

Test(sysctl_place, never_a_place_of_others)
{
    apart(a_place_of_others);
}

/* Another environment than that of the run that died, and still its journal is found. */
static void found_elsewhere(void)
{
    char value[256];
    struct sysctl_guard *dead = guard_at_the_usual_place(), *g = guard_at_the_usual_place();
    CHECK(mkdir("/tmp/runtime", 0700) == 0);
    setenv("XDG_RUNTIME_DIR", "/tmp/runtime", 1);
    CHECK(mount(NULL, "/run", NULL, MS_REMOUNT | MS_RDONLY, NULL) == 0);
    CHECK(lab_set(dead, FIN, "7") == 0);
    CHECK(strncmp(sysctl_guard_path(dead), "/tmp/runtime/", strlen("/tmp/runtime/")) == 0);
    CHECK(mount(NULL, "/run", NULL, MS_REMOUNT, NULL) == 0);
    CHECK(lab_set(g, FIN, "8") == 0);
    CHECK(strcmp(sysctl_guard_path(g), sysctl_guard_path(dead)) == 0);
    lab_free(dead);
    CHECK(sysctl_guard_take_back(g, false, NULL, NULL) == 1);
    CHECK(strcmp(lab_get(FIN, value), "8") == 0);
    CHECK(lab_restore(g) == 0);
    CHECK(strcmp(lab_get(FIN, value), "60") == 0);
    CHECK(access(sysctl_guard_path(g), F_OK) < 0);
    lab_free(g);
}

Test(sysctl_place, a_journal_elsewhere_is_found)
{
    apart(found_elsewhere);
}

static void check_set_fails(int error)
{
    struct sysctl_guard *g = NULL;
    char now[SYSCTL_VALUE_MAX], value[256];
    int journal_failed = 0;
    CHECK(sysctl_guard_new("/run/lab/journal", &g) == 0);
    CHECK(sysctl_guard_set(g, FIN, "7", now, &journal_failed) == error && journal_failed);
    CHECK(strcmp(lab_get(FIN, value), "60") == 0);
    CHECK(lab_restore(g) == 0);
    lab_free(g);
}

static void fill(const char *path)
{
    char page[4096] = "";
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    CHECK(fd >= 0);
    while (write(fd, page, sizeof(page)) > 0)
        ;
    CHECK(errno == ENOSPC);
    close(fd);
}

static void bad_disks(void)
{
    CHECK(mkdir("/run/lab", 0700) == 0);
    mount_empty("/run/lab", MS_RDONLY, "mode=0700");
    check_set_fails(-EROFS);
    mount_empty("/run/lab", 0, "mode=0700,nr_inodes=2"); /* the directory, but no file */
    check_set_fails(-ENOSPC);
    mount_empty("/run/lab", 0, "mode=0700,nr_inodes=3"); /* the lock file, but no journal */
    check_set_fails(-ENOSPC);
    mount_empty("/run/lab", 0, "mode=0700,size=64k"); /* the files, but nothing in them */
    fill("/run/lab/filler");
    check_set_fails(-ENOSPC);
}

Test(sysctl_place, full_and_read_only_disks)
{
    apart(bad_disks);
}

/* The disk is filled between set and restore: the values are put back all the same. */
static void disk_full_meanwhile(void)
{
    struct sysctl_guard *g = NULL;
    char value[256];
    CHECK(mkdir("/run/lab", 0700) == 0);
    mount_empty("/run/lab", 0, "mode=0700,size=64k");
    CHECK(sysctl_guard_new("/run/lab/journal", &g) == 0);
    CHECK(lab_set(g, FIN, "7") == 0);
    CHECK(lab_set(g, ORPHAN, "3") == 0);
    fill("/run/lab/filler");
    CHECK(lab_set(g, PORTS, "10000 20001") == -ENOSPC);
    CHECK(lab_restore(g) == 0);
    CHECK(strcmp(lab_get(FIN, value), "60") == 0);
    CHECK(strcmp(lab_get(ORPHAN, value), "0") == 0);
    CHECK(strcmp(lab_get(PORTS, value), "32768\t60999") == 0);
    lab_free(g);
}

Test(sysctl_place, full_disk_does_not_keep_from_restoring)
{
    apart(disk_full_meanwhile);
}

static void make_sysctls_read_only(void)
{
    if (mount("/proc/sys", "/proc/sys", NULL, MS_BIND | MS_REC, NULL) < 0 ||
        mount(NULL, "/proc/sys", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) < 0)
        _exit(77);
}

static void make_sysctls_writable(void)
{
    CHECK(umount2("/proc/sys", MNT_DETACH) == 0);
}

static void read_only_sysctls(void)
{
    struct sysctl_guard *g = guard_at_the_usual_place(), *next = guard_at_the_usual_place();
    char value[256];
    make_sysctls_read_only();
    CHECK(lab_set(g, FIN, "7") == -EROFS);
    CHECK(access("/run/tcplab", F_OK) < 0);
    make_sysctls_writable();

    CHECK(lab_set(g, FIN, "7") == 0);
    make_sysctls_read_only();
    CHECK(lab_restore(g) == -EROFS);
    CHECK(lab_outcome(g) == SYSCTL_UNRESTORED);
    CHECK(sysctl_guard_take_back(next, false, NULL, NULL) == 0); /* not dead yet */
    lab_free(g);
    CHECK(sysctl_guard_take_back(next, false, NULL, NULL) == -EROFS);
    make_sysctls_writable();
    CHECK(strcmp(lab_get(FIN, value), "7") == 0);
    CHECK(sysctl_guard_take_back(next, false, NULL, NULL) == 1);
    CHECK(strcmp(lab_get(FIN, value), "60") == 0);
    CHECK(access(sysctl_guard_path(next), F_OK) < 0);
    lab_free(next);
}

Test(sysctl_place, what_cannot_be_put_back_is_kept)
{
    apart(read_only_sysctls);
}

Test(sysctl_place, knob_that_has_gone)
{
    struct ifreq request = {.ifr_name = "lab0", .ifr_flags = IFF_TAP | IFF_NO_PI};
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0)
        lab_skip("no interface to be had from /dev/net/tun: %s", strerror(errno));
    struct sysctl_guard *g = lab_guard();
    cr_assert_eq(lab_set(g, FIN, "7"), 0);
    cr_assert_eq(lab_set(g, "net.ipv4.conf.lab0.rp_filter", "2"), 0);
    close(fd);
    cr_assert_eq(lab_restore(g), -ENOENT);
    cr_assert_eq(lab_outcome(g), SYSCTL_UNRESTORED);
    assert_value(FIN, "60");
    assert_nothing_left();
    lab_free(g);
}
