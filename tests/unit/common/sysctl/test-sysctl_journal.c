/* The journal on disk: where it lies, whose it is, and what happens when it cannot be read or
 * written. */
#include "common/process/stop.h"
#include "tests/lib/sysctl_lab.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <signal.h>
#include <sys/file.h>

TestSuite(sysctl_journal, .init = lab_start, .fini = lab_stop);

Test(sysctl_journal, looking_makes_nothing)
{
    cr_assert_eq(lab_recover(), 0);
    assert_nothing_left();
}

/* The guard itself knows what it has set. */
Test(sysctl_journal, spoilt_under_a_living_guard)
{
    struct sysctl_guard *g = lab_guard();
    char path[512];
    cr_assert_eq(lab_set(g, FIN, "7"), 0);
    cr_assert(lab_find_file(".sysctls", path));
    lab_make_file(strrchr(path, '/') + 1, "{}");
    cr_assert_eq(lab_restore(g), -EBADMSG);
    cr_assert_eq(lab_outcome(g), SYSCTL_RESTORED);
    assert_value(FIN, "60");
    cr_assert_str_eq(lab_read_whole(path), "{}");
    lab_free(g);
}

/* What it said is lost; but nobody takes the other's place. */
Test(sysctl_journal, file_removed_between_two_guards)
{
    struct sysctl_guard *a = lab_guard(), *b = lab_guard();
    cr_assert_eq(lab_set(a, FIN, "7"), 0);
    unlink(sysctl_guard_path(a));
    cr_assert_eq(lab_set(b, FIN, "9"), 0);
    cr_assert_eq(lab_restore(a), 0);
    cr_assert_eq(lab_outcome(a), SYSCTL_CHANGED);
    assert_value(FIN, "9");
    cr_assert_eq(lab_restore(b), 0);
    assert_value(FIN, "7");
    assert_nothing_left();
    lab_free(a);
    lab_free(b);
}

Test(sysctl_journal, other_namespaces_journal_is_left_alone)
{
    int first = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    lab_leave_behind(FIN, "7");
    lab_enter_netns();
    cr_assert_eq(lab_recover(), 0);
    struct sysctl_guard *g = lab_guard();
    cr_assert_eq(lab_set(g, FIN, "8"), 0);
    cr_assert_eq(lab_files(), 2);
    cr_assert_eq(lab_restore(g), 0);
    lab_free(g);
    assert_value(FIN, "60");
    cr_assert_eq(lab_files(), 1);
    cr_assert_eq(setns(first, CLONE_NEWNET), 0);
    assert_value(FIN, "7");
    cr_assert_eq(lab_recover(), 1);
    assert_value(FIN, "60");
    assert_nothing_left();
    close(first);
}

static void assert_place_refused(const char *why)
{
    struct sysctl_guard *g = lab_guard();
    char now[SYSCTL_VALUE_MAX];
    int journal_failed = 0;
    cr_assert_lt(sysctl_guard_set(g, FIN, "7", now, &journal_failed), 0, "%s", why);
    cr_assert_eq(journal_failed, 1, "%s", why);
    assert_value(FIN, "60");
    lab_free(g);
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
    snprintf(obstacle, sizeof(obstacle), "%s/new", lab_journal);
    cr_assert_eq(mkdir(obstacle, 0700), 0);
}

/* The values come back, and what the journal still says does no harm. */
Test(sysctl_journal, restore_that_cannot_be_stored)
{
    struct sysctl_guard *g = lab_guard(), *other = lab_guard();
    lab_set(g, FIN, "7");
    lab_set(other, ORPHAN, "3");
    put_obstacle();
    cr_assert_eq(lab_restore(g), -EISDIR);
    cr_assert_eq(lab_outcome(g), SYSCTL_RESTORED);
    assert_value(FIN, "60");
    assert_value(ORPHAN, "3");
    cr_assert_eq(lab_set(g, FIN, "8"), -EISDIR);
    assert_value(FIN, "60");
    rmdir(obstacle);
    lab_free(g);
    cr_assert_eq(lab_recover(), 1);
    assert_value(FIN, "60");
    cr_assert_eq(lab_restore(other), 0);
    assert_value(ORPHAN, "0");
    assert_nothing_left();
    lab_free(other);
}

/* Its directory is taken away, and comes again for the next: the guard itself knows what it has
 * set. */
Test(sysctl_journal, removed_under_a_living_guard)
{
    struct sysctl_guard *g = lab_guard(), *other = lab_guard();
    cr_assert_eq(lab_set(g, FIN, "7"), 0);
    lab_empty(lab_journal);
    cr_assert_eq(lab_set(other, ORPHAN, "3"), 0);
    cr_assert_eq(lab_restore(g), 0);
    cr_assert_eq(lab_outcome(g), SYSCTL_RESTORED);
    assert_value(FIN, "60");
    assert_value(ORPHAN, "3");
    cr_assert_eq(lab_restore(other), 0);
    assert_value(ORPHAN, "0");
    assert_nothing_left();
    lab_free(g);
    lab_free(other);
}

/* --- texts that are no journal: refused as a whole, and left as they are --- */

/* The text of a true journal with one thing in it replaced. */
static const struct {
    const char *old, *new;
} spoilt[] = {
    {"{", ""},
    {"{", "["},
    {"tcplab.sysctls/2", "tcplab.sysctls/1"},
    {"\"tcplab.sysctls/2\"", "2"},
    {"\"schema\"", "\"schemata\""},
    {"\"owner\": ", "\"owner\": -"},
    {"\"owner\": ", "\"owner\": 0, \"x\": "},
    {"\"owner\": ", "\"owner\": 1.5, \"x\": "},
    {"\"owner\": ", "\"owner\": 99999999999999999999, \"x\": "},
    {"\"owner\": ", "\"owner\": 1, \"owner\": "},
    {"\"changes\": [", "\"changes\": 7, \"x\": ["},
    {"\"changes\": [", "\"changes\": [7, "},
    {"\"" FIN "\"", "\"kernel.panic\""},
    {"\"" FIN "\"", "\"net.ipv4.//.//.kernel.panic\""},
    {"\"" FIN "\"", "\"net.ipv4.\\u0000\""},
    {"\"" FIN "\"", "null"},
    {"\"60\"", "60"},
    {"\"60\"", "\"60\\n\""},
    {"\"60\"", "\"\\u00e9\""},
    {"\"set\"", "\"sat\""},
    {"true", "7"},
};

static void spoil(char *text, size_t size, const char *whole, size_t i)
{
    const char *at = strstr(whole, spoilt[i].old);
    cr_assert(at, "%s", spoilt[i].old);
    snprintf(text, size, "%.*s%s%s", (int)(at - whole), whole, spoilt[i].new,
             at + strlen(spoilt[i].old));
}

static void assert_refused(const char *name, const char *path, const char *text)
{
    struct sysctl_guard *g = lab_guard();
    char now[SYSCTL_VALUE_MAX];
    int journal_failed = 0;
    lab_make_file(name, text);
    cr_assert_eq(sysctl_guard_take_back(g, false, NULL, NULL), -EBADMSG, "%s", text);
    cr_assert_eq(sysctl_guard_set(g, ORPHAN, "3", now, &journal_failed), -EBADMSG, "%s", text);
    cr_assert_eq(journal_failed, 1);
    cr_assert_str_eq(sysctl_guard_path(g), path, "what the user is to look at");
    cr_assert_eq(lab_restore(g), 0, "nothing to restore");
    lab_free(g);
    cr_assert_str_eq(lab_read_whole(path), text, "not left as it was");
    assert_value(FIN, "7");
    assert_value(ORPHAN, "0");
}

Test(sysctl_journal, spoilt_one_is_left_alone)
{
    char path[512], whole[8192], text[16384];
    lab_leave_behind(FIN, "7");
    cr_assert(lab_find_file(".sysctls", path));
    const char *name = strrchr(path, '/') + 1;
    snprintf(whole, sizeof(whole), "%s", lab_read_whole(path));
    for (size_t i = 0; i < sizeof(spoilt) / sizeof(spoilt[0]); i++) {
        spoil(text, sizeof(text), whole, i);
        assert_refused(name, path, text);
    }
    for (size_t cut = 0; cut < strlen(whole); cut += 7) {
        snprintf(text, sizeof(text), "%.*s", (int)cut, whole);
        assert_refused(name, path, text);
    }
    lab_make_file(name, whole);
    cr_assert_eq(lab_recover(), 1);
    assert_value(FIN, "60");
    assert_nothing_left();
}

/* --- one of 20,000 changes, which nobody can have made, but which is a valid one --- */

#define MANY 20000

static void leave_many_behind(void)
{
    char path[512];
    lab_leave_behind(FIN, "7");
    cr_assert(lab_find_file(".sysctls", path));
    json_t *journal = json_load_file(path, 0, NULL), *changes = json_object_get(journal, "changes");
    for (int i = 1; i < MANY; i++)
        json_array_append_new(changes, json_deep_copy(json_array_get(changes, 0)));
    cr_assert_eq(json_dump_file(journal, path, JSON_INDENT(2)), 0);
    json_decref(journal);
}

/* Calls of read() and write() by this process so far. */
static long long count_calls(void)
{
    long long reads = 0, writes = 0;
    FILE *f = fopen("/proc/self/io", "re");
    if (!f || fscanf(f, "rchar: %*d wchar: %*d syscr: %lld syscw: %lld", &reads, &writes) != 2)
        reads = -1;
    if (f)
        fclose(f);
    return reads + writes;
}

Test(sysctl_journal, of_20000_changes_is_read_and_written_at_once)
{
    leave_many_behind();
    struct sysctl_guard *g = lab_guard();
    long long before = count_calls();
    if (before < 0)
        lab_skip("no /proc/self/io");
    cr_assert_eq(sysctl_guard_take_back(g, false, NULL, NULL), MANY);
    long long calls = count_calls() - before;
    cr_assert_leq(calls, 5 * MANY, "%lld calls of read() and write()", calls);
    assert_value(FIN, "60");
    assert_nothing_left();
    lab_free(g);
}

/* One that came while it was read stops it before the first. */
Test(sysctl_journal, of_20000_changes_is_left_to_the_next_after_a_signal)
{
    struct sysctl_guard *g = lab_guard();
    leave_many_behind();
    stop_install();
    stop_hold();
    raise(SIGINT);
    cr_assert_eq(sysctl_guard_take_back(g, false, NULL, NULL), -EINTR);
    cr_assert_eq(lab_set(g, ORPHAN, "3"), -EINTR);
    cr_assert_eq(lab_restore(g), 0);
    assert_value(ORPHAN, "0");
    assert_value(FIN, "7");
    lab_free(g);
    cr_assert_eq(lab_recover(), MANY);
    assert_value(FIN, "60");
    assert_nothing_left();
}

/* One that came just before the wait ends it as well as one that comes in it. */
Test(sysctl_journal, locked_by_somebody_else_waits_for_no_second_signal, .timeout = 10)
{
    struct sysctl_guard *first = lab_guard(), *g = lab_guard();
    cr_assert_eq(lab_set(first, FIN, "7"), 0);
    int fd = open(lab_journal, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    cr_assert_eq(flock(fd, LOCK_EX), 0);
    stop_install();
    stop_hold();
    raise(SIGINT);
    cr_assert_eq(lab_set(g, ORPHAN, "3"), -EINTR);
    cr_assert_eq(sysctl_guard_take_back(g, false, NULL, NULL), -EINTR);
    lab_free(g);
    close(fd);
    cr_assert_eq(lab_restore(first), 0);
    assert_value(FIN, "60");
    assert_nothing_left();
    lab_free(first);
}
