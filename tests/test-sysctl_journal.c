/* The journal on disk: where it lies, whose it is, and what happens when it cannot be read or written. */
#include "common/sysctl_journal.h"
#include "tests/sysctl_lab.h"

#include <criterion/criterion.h>

#define OTHER_BOOT "01234567-89ab-cdef-0123-456789abcdef"

TestSuite(sysctl_journal, .init = lab_start, .fini = lab_stop);

Test(sysctl_journal, looking_makes_nothing)
{
    cr_assert_eq(lab_recover(), 0);
    assert_nothing_left();
}

Test(sysctl_journal, dead_lock_file_alone_is_removed)
{
    char path[512];
    lab_leave_behind(FIN, "7");
    lab_put(FIN, "60");
    cr_assert(lab_find_file(".json", path));
    unlink(path);
    cr_assert_eq(lab_recover(), 0);
    assert_nothing_left();
}

/* The guard itself knows what it has set. */
Test(sysctl_journal, spoilt_under_a_living_guard)
{
    struct sysctl_guard *g = lab_guard();
    char path[512];
    cr_assert_eq(lab_set(g, FIN, "7"), 0);
    cr_assert(lab_find_file(".json", path));
    lab_make_file(strrchr(path, '/') + 1, "{}");
    cr_assert_eq(sysctl_guard_restore(g), -EBADMSG);
    cr_assert_eq(lab_outcome(g), SYSCTL_RESTORED);
    assert_value(FIN, "60");
    cr_assert_str_eq(lab_read_whole(path), "{}");
    sysctl_guard_free(g);
}

Test(sysctl_journal, removed_under_a_living_guard)
{
    struct sysctl_guard *g = lab_guard();
    cr_assert_eq(lab_set(g, FIN, "7"), 0);
    lab_empty(lab_journal);
    cr_assert_eq(lab_set(g, FIN, "8"), 0);
    lab_empty(lab_journal);
    cr_assert_eq(sysctl_guard_restore(g), 0);
    cr_assert_eq(lab_outcome(g), SYSCTL_RESTORED);
    assert_value(FIN, "60");
    assert_nothing_left();
    sysctl_guard_free(g);
}

/* It claims its number again in the new lock file. */
Test(sysctl_journal, lock_removed_under_a_living_guard)
{
    struct sysctl_guard *g = lab_guard(), *other = lab_guard();
    char path[512];
    cr_assert_eq(lab_set(g, FIN, "7"), 0);
    cr_assert(lab_find_file(".lock", path));
    unlink(path);
    cr_assert_eq(lab_set(g, ORPHAN, "3"), 0);
    cr_assert_eq(lab_recover(), 0, "taken for dead");
    cr_assert_eq(lab_set(other, FIN, "8"), 0);
    assert_value(ORPHAN, "3");
    cr_assert_eq(sysctl_guard_restore(g), 0);
    assert_value(FIN, "8");
    cr_assert_eq(sysctl_guard_restore(other), 0);
    assert_value(FIN, "60");
    assert_nothing_left();
    sysctl_guard_free(g);
    sysctl_guard_free(other);
}

/* Numbers start again with a new journal, and must not meet those of the living. */
Test(sysctl_journal, removed_between_two_guards)
{
    struct sysctl_guard *a = lab_guard(), *b = lab_guard();
    cr_assert_eq(lab_set(a, FIN, "7"), 0);
    lab_empty(lab_journal);
    cr_assert_eq(lab_set(a, FIN, "8"), 0);
    cr_assert_eq(lab_set(b, FIN, "9"), 0);
    cr_assert_eq(sysctl_guard_restore(a), 0);
    cr_assert_eq(lab_outcome(a), SYSCTL_HANDED_ON);
    assert_value(FIN, "9");
    cr_assert_eq(sysctl_guard_restore(b), 0);
    assert_value(FIN, "60");
    sysctl_guard_free(a);
    sysctl_guard_free(b);
}

/* What it said is lost; but nobody takes the other's place. */
Test(sysctl_journal, file_removed_between_two_guards)
{
    struct sysctl_guard *a = lab_guard(), *b = lab_guard();
    cr_assert_eq(lab_set(a, FIN, "7"), 0);
    unlink(sysctl_guard_path(a));
    cr_assert_eq(lab_set(b, FIN, "9"), 0);
    cr_assert_eq(sysctl_guard_restore(a), 0);
    cr_assert_eq(lab_outcome(a), SYSCTL_CHANGED);
    assert_value(FIN, "9");
    cr_assert_eq(sysctl_guard_restore(b), 0);
    assert_value(FIN, "7");
    assert_nothing_left();
    sysctl_guard_free(a);
    sysctl_guard_free(b);
}

static bool directory_removed;

static void remove_directory_once(void)
{
    if (!directory_removed && rmdir(lab_journal) == 0)
        directory_removed = true;
}

/* By the last user of the journal, between our making it and our using it. */
Test(sysctl_journal, directory_removed_meanwhile)
{
    struct sysctl_guard *g = lab_guard();
    sysctl_journal_on_step(remove_directory_once);
    cr_assert_eq(lab_set(g, FIN, "7"), 0);
    sysctl_journal_on_step(NULL);
    cr_assert(directory_removed);
    cr_assert_eq(sysctl_guard_restore(g), 0);
    assert_value(FIN, "60");
    sysctl_guard_free(g);
}

Test(sysctl_journal, other_namespaces_journal_is_left_alone)
{
    int first = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    lab_leave_behind(FIN, "7");
    lab_enter_netns();
    cr_assert_eq(lab_recover(), 0);
    struct sysctl_guard *g = lab_guard();
    cr_assert_eq(lab_set(g, FIN, "8"), 0);
    cr_assert_eq(lab_files(), 4);
    cr_assert_eq(sysctl_guard_restore(g), 0);
    sysctl_guard_free(g);
    assert_value(FIN, "60");
    cr_assert_eq(lab_files(), 2);
    cr_assert_eq(setns(first, CLONE_NEWNET), 0);
    assert_value(FIN, "7");
    cr_assert_eq(lab_recover(), 1);
    assert_value(FIN, "60");
    assert_nothing_left();
    close(first);
}

Test(sysctl_journal, other_boots_files_are_removed)
{
    static const char *const ours_to_remove[] = {OTHER_BOOT "-1.json", OTHER_BOOT "-1.tmp", OTHER_BOOT "-1.lock",
                                                 OTHER_BOOT "-ino42.json", OTHER_BOOT "-77.lock"};
    static const char *const not_ours[] = {OTHER_BOOT "-1.json.bak", OTHER_BOOT "-.json", OTHER_BOOT "-x1.json",
                                           OTHER_BOOT ".json",       "notes.json",        "x" OTHER_BOOT "-1.json"};
    mkdir(lab_journal, 0700);
    for (size_t i = 0; i < sizeof(ours_to_remove) / sizeof(ours_to_remove[0]); i++)
        lab_make_file(ours_to_remove[i], "x");
    for (size_t i = 0; i < sizeof(not_ours) / sizeof(not_ours[0]); i++)
        lab_make_file(not_ours[i], "x");
    cr_assert_eq(lab_recover(), 0);
    for (size_t i = 0; i < sizeof(ours_to_remove) / sizeof(ours_to_remove[0]); i++)
        cr_assert_not(lab_has_file(ours_to_remove[i]), "%s", ours_to_remove[i]);
    for (size_t i = 0; i < sizeof(not_ours) / sizeof(not_ours[0]); i++)
        cr_assert(lab_has_file(not_ours[i]), "%s", not_ours[i]);
}

/* A directory shared with another machine. */
Test(sysctl_journal, other_boots_files_in_use_are_kept)
{
    char path[512];
    mkdir(lab_journal, 0700);
    lab_make_file(OTHER_BOOT "-1.json", "x");
    lab_make_file(OTHER_BOOT "-1.lock", "");
    snprintf(path, sizeof(path), "%s/%s", lab_journal, OTHER_BOOT "-1.lock");
    int fd = open(path, O_RDWR | O_CLOEXEC);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 5, .l_len = 1};
    cr_assert_eq(fcntl(fd, F_OFD_SETLK, &lock), 0);
    lab_leave_behind(FIN, "7");
    cr_assert_eq(lab_recover(), 1);
    cr_assert(lab_has_file(OTHER_BOOT "-1.json"));
    cr_assert(lab_has_file(OTHER_BOOT "-1.lock"));
    close(fd);
    cr_assert_eq(lab_recover(), 0);
    assert_nothing_left();
}

static void assert_place_refused(const char *why)
{
    struct sysctl_guard *g = lab_guard();
    char now[SYSCTL_VALUE_MAX];
    int journal_failed = 0;
    cr_assert_lt(sysctl_guard_set(g, FIN, "7", now, &journal_failed), 0, "%s", why);
    cr_assert_eq(journal_failed, 1, "%s", why);
    assert_value(FIN, "60");
    sysctl_guard_free(g);
}

Test(sysctl_journal, places_that_cannot_be_trusted)
{
    char other[128];
    snprintf(other, sizeof(other), "%s/other", lab_top);
    close(open(other, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    cr_assert_eq(symlink(other, lab_journal), 0);
    assert_place_refused("a symbolic link to a file");
    unlink(lab_journal);
    unlink(other);

    cr_assert_eq(mkdir(other, 0700), 0);
    cr_assert_eq(symlink(other, lab_journal), 0);
    assert_place_refused("a symbolic link to a directory");
    unlink(lab_journal);
    rmdir(other);

    close(open(lab_journal, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    assert_place_refused("a file");
    unlink(lab_journal);

    mkdir(lab_journal, 0700);
    cr_assert_eq(chmod(lab_journal, 0720), 0);
    assert_place_refused("writable by the group");
    cr_assert_eq(chmod(lab_journal, 0702), 0);
    assert_place_refused("writable by others");
    cr_assert_eq(chmod(lab_journal, 0700), 0);
    if (chown(lab_journal, 65534, (gid_t)-1) == 0)
        assert_place_refused("somebody else's");
    rmdir(lab_journal);
    rmdir(lab_top);
    assert_place_refused("nowhere to make it");
}

/* A directory where the next journal is to be written: from now on nothing can be stored. */
static char obstacle[512];

static void put_obstacle(void)
{
    char lock[512];
    cr_assert(lab_find_file(".lock", lock));
    snprintf(obstacle, sizeof(obstacle), "%.*s.tmp", (int)(strlen(lock) - strlen(".lock")), lock);
    cr_assert_eq(mkdir(obstacle, 0700), 0);
}

/* The values come back, and what the journal still says does no harm. */
Test(sysctl_journal, restore_that_cannot_be_stored)
{
    struct sysctl_guard *g = lab_guard(), *other = lab_guard();
    lab_set(g, FIN, "7");
    lab_set(other, ORPHAN, "3");
    put_obstacle();
    cr_assert_eq(sysctl_guard_restore(g), -EISDIR);
    cr_assert_eq(lab_outcome(g), SYSCTL_RESTORED);
    assert_value(FIN, "60");
    assert_value(ORPHAN, "3");
    cr_assert_eq(lab_set(g, FIN, "8"), -EISDIR);
    assert_value(FIN, "60");
    rmdir(obstacle);
    cr_assert_eq(lab_recover(), 1);
    assert_value(FIN, "60");
    cr_assert_eq(sysctl_guard_restore(other), 0);
    assert_value(ORPHAN, "0");
    assert_nothing_left();
    sysctl_guard_free(g);
    sysctl_guard_free(other);
}

static void put_obstacle_after_the_write(void)
{
    char value[256];
    if (!*obstacle && strcmp(lab_get(FIN, value), "7") == 0)
        put_obstacle();
}

/* Journalled and written, but the journal could not be told that it was. */
Test(sysctl_journal, change_that_cannot_be_confirmed)
{
    for (int dies = 0; dies < 2; dies++) {
        struct sysctl_guard *g = lab_guard();
        *obstacle = '\0';
        sysctl_journal_on_step(put_obstacle_after_the_write);
        cr_assert_eq(lab_set(g, FIN, "7"), 0);
        sysctl_journal_on_step(NULL);
        cr_assert(*obstacle);
        cr_assert_eq(rmdir(obstacle), 0);
        assert_value(FIN, "7");
        if (!dies)
            cr_assert_eq(sysctl_guard_restore(g), 0);
        sysctl_guard_free(g);
        cr_assert_eq(lab_recover(), dies);
        assert_value(FIN, "60");
        assert_nothing_left();
    }
}
