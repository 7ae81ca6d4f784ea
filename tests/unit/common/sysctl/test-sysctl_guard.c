/* What a guard does to its sysctls, and the next one when it was killed. */
#include "tests/lib/sysctl_lab.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <signal.h>

TestSuite(sysctl_guard, .init = lab_start, .fini = lab_stop);

Test(sysctl_guard, sets_and_puts_back)
{
    struct sysctl_guard *g = lab_guard();
    char now[SYSCTL_VALUE_MAX];
    int journal_failed = -1;
    cr_assert_neq(access(lab_journal, F_OK), 0, "nothing made yet");
    cr_assert_eq(sysctl_guard_set(g, FIN, "7", now, &journal_failed), 0);
    cr_assert_eq(journal_failed, 0);
    cr_assert_str_eq(now, "7");
    assert_value(FIN, "7");
    cr_assert_eq(lab_set(g, PORTS, "10000  20001"), 0);
    assert_value(PORTS, "10000\t20001");

    cr_assert_eq(lab_restore(g), 0);
    assert_value(FIN, "60");
    assert_value(PORTS, "32768\t60999");
    assert_nothing_left();
    cr_assert_eq(lab_restore(g), 0, "a second time");
    lab_free(g);
}

Test(sysctl_guard, journal_is_private_and_complete)
{
    struct sysctl_guard *g = lab_guard();
    struct stat st;
    cr_assert_str_empty(sysctl_guard_path(g));
    cr_assert_eq(lab_set(g, FIN, "7"), 0);
    cr_assert_eq(lab_files(), 1);
    cr_assert_eq(stat(lab_journal, &st), 0);
    cr_assert_eq(st.st_mode & 07777, 0700);
    cr_assert_eq(stat(sysctl_guard_path(g), &st), 0);
    cr_assert_eq(st.st_mode & 07777, 0600);
    json_t *journal = json_load_file(sysctl_guard_path(g), 0, NULL);
    json_t *change = json_array_get(json_object_get(journal, "changes"), 0);
    cr_assert_str_eq(json_string_value(json_object_get(change, "key")), FIN);
    cr_assert_str_eq(json_string_value(json_object_get(change, "before")), "60");
    cr_assert_str_eq(json_string_value(json_object_get(change, "set")), "7");
    cr_assert(json_is_true(json_object_get(change, "written")));
    json_decref(journal);
    lab_restore(g);
    lab_free(g);
}

static void append_text(const struct sysctl_change *c, void *text)
{
    static const char *const outcome[] = {"restored", "handed on", "changed", "unrestored"};
    sprintf((char *)text + strlen(text), "%s %s>%s %s; ", c->key, c->before, c->set,
            outcome[c->outcome]);
}

/* Puts back, and tells of all that was to be. */
static void assert_restores(struct sysctl_guard *g, const char *expected)
{
    char text[1024] = "";
    sysctl_guard_take_back(g, true, append_text, text);
    cr_assert_str_eq(text, expected);
}

Test(sysctl_guard, reports_its_changes_in_order)
{
    struct sysctl_guard *g = lab_guard();
    assert_restores(g, "");
    lab_set(g, ORPHAN, "3");
    lab_set(g, FIN, "7");
    lab_put(ORPHAN, "5");
    assert_restores(g, ORPHAN " 0>3 changed; " FIN " 60>7 restored; ");
    assert_restores(g, "");
    lab_free(g);
}

Test(sysctl_guard, failures_change_nothing)
{
    static const struct {
        const char *key, *value;
        int error;
        const char *stays;
    } rows[] = {
        {"net.ipv4.tcp_syn_retries", "0", -EINVAL, "6"}, /* the least is 1 */
        {"net.ipv4.tcp_syn_retries", "many", -EINVAL, "6"},
        {"net.ipv4.tcp_syn_retries", "", -EINVAL, "6"},
        {"net.ipv4.tcp_syn_retries", "3\n4", -EINVAL, "6"},
        {"net.ipv4.tcp_congestion_control", "nosuch", -EINVAL, NULL}, /* the kernel says ENOENT */
        {"net.ipv4.tcp_nosuch", "1", -ENOENT, NULL},
        {"net.ipv4.conf", "1", -ENOENT, NULL},
        {FIN ".x", "1", -ENOENT, NULL},
        {"net.core.rmem_max", "1000000", -EACCES, NULL}, /* the machine's: read-only in here */
        {"net.ipv4.route.flush", "1", -EACCES, NULL},    /* cannot be read, so cannot be put back */
        {"kernel.panic", "1", -EINVAL, NULL},
        {"net.ipv4....kernel.panic", "1", -EINVAL, NULL},
        /* Takes the good part of a bad value, and says so (EINVAL), or says nothing. */
        {"net.ipv4.tcp_rmem", "5000 x 1", -EINVAL, NULL},
        {FIN, "30 40", -ERANGE, "60"},
        {PORTS, "5000", -ERANGE, "32768\t60999"},
        {"net.ipv4.ip_local_reserved_ports", "1,2,3", -ERANGE, ""}, /* "1-3" */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sysctl_guard *g = lab_guard();
        char before[256], after[256], now[SYSCTL_VALUE_MAX];
        int journal_failed = -1;
        lab_get(rows[i].key, before);
        if (rows[i].stays)
            cr_assert_str_eq(before, rows[i].stays);
        int r = sysctl_guard_set(g, rows[i].key, rows[i].value, now, &journal_failed);
        /* Some kernels hide a few from user namespaces. */
        int expected =
            rows[i].error == -EACCES && !lab_exists(rows[i].key) ? -ENOENT : rows[i].error;
        cr_assert_eq(r, expected, "%s=%s: %s", rows[i].key, rows[i].value, strerror(-r));
        cr_assert_eq(journal_failed, 0);
        cr_assert_str_eq(lab_get(rows[i].key, after), before, "%s=%s", rows[i].key, rows[i].value);
        assert_restores(g, "");
        assert_nothing_left();
        lab_free(g);
    }
}

Test(sysctl_guard, tells_what_the_kernel_made_of_it)
{
    struct sysctl_guard *g = lab_guard();
    char now[SYSCTL_VALUE_MAX] = "untouched";
    int journal_failed;
    cr_assert_eq(sysctl_guard_set(g, PORTS, "5000", now, &journal_failed), -ERANGE);
    cr_assert_str_eq(now, "5000 60999");
    cr_assert_eq(sysctl_guard_set(g, FIN, "0x10", now, &journal_failed), 0, "the same number");
    cr_assert_str_eq(now, "16");
    assert_value(FIN, "16");
    cr_assert_eq(lab_restore(g), 0);
    assert_value(FIN, "60");
    lab_free(g);
}

Test(sysctl_guard, empty_value_is_a_value)
{
    struct sysctl_guard *g = lab_guard();
    lab_put("net.ipv4.ip_local_reserved_ports", "100-103");
    cr_assert_eq(lab_set(g, "net.ipv4.ip_local_reserved_ports", ""), 0);
    assert_value("net.ipv4.ip_local_reserved_ports", "");
    cr_assert_eq(lab_restore(g), 0);
    assert_value("net.ipv4.ip_local_reserved_ports", "100-103");
    lab_free(g);
}

Test(sysctl_guard, without_the_right)
{
    pid_t child = fork();
    if (child == 0) {
        struct sysctl_guard *g;
        char now[SYSCTL_VALUE_MAX];
        int journal_failed;
        if (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0)
            _exit(77);
        /* Not even a journal can be made; but that is not what the user is to hear. */
        if (sysctl_guard_new("/nowhere/journal", &g) < 0)
            _exit(1);
        int r = sysctl_guard_set(g, FIN, "7", now, &journal_failed);
        _exit((r == -EACCES || r == -EPERM) && !journal_failed ? 0 : 2);
    }
    int status;
    waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        lab_skip("no other user to become in this user namespace");
    cr_assert_eq(status, 0);
    assert_value(FIN, "60");
}

Test(sysctl_guard, same_key_twice)
{
    struct sysctl_guard *g = lab_guard();
    cr_assert_eq(lab_set(g, FIN, "7"), 0);
    cr_assert_eq(lab_set(g, FIN, "8"), 0);
    cr_assert_eq(lab_set(g, FIN, "0"), 0);
    cr_assert_eq(lab_set(g, FIN, "9 9"), -ERANGE);
    assert_value(FIN, "0");
    assert_restores(g, FIN " 60>7 restored; " FIN " 7>8 restored; " FIN " 8>0 restored; ");
    assert_value(FIN, "60");
    assert_nothing_left();
    cr_assert_eq(lab_set(g, FIN, "9"), 0, "and again after the end");
    assert_value(FIN, "9");
    cr_assert_eq(lab_restore(g), 0);
    assert_value(FIN, "60");
    assert_nothing_left();
    lab_free(g);
}

Test(sysctl_guard, the_next_set_recovers_too)
{
    struct sysctl_guard *dead = lab_guard(), *g = lab_guard();
    lab_set(dead, FIN, "7");
    lab_set(dead, ORPHAN, "3");
    lab_free(dead);
    cr_assert_eq(lab_set(g, FIN, "8"), 0);
    assert_value(ORPHAN, "0");
    assert_restores(g, FIN " 60>8 restored; ");
    assert_value(FIN, "60");
    assert_nothing_left();
    lab_free(g);
}

/* What one that only looked had open is no more when it sets. */
Test(sysctl_guard, sets_after_the_last_one_has_removed_the_lock_file)
{
    struct sysctl_guard *last = lab_guard(), *g = lab_guard();
    cr_assert_eq(lab_set(last, FIN, "7"), 0);
    cr_assert_eq(sysctl_guard_take_back(g, false, NULL, NULL), 0);
    cr_assert_eq(lab_restore(last), 0);
    lab_free(last);
    cr_assert_eq(lab_set(g, FIN, "8"), 0);
    cr_assert_eq(lab_recover(), 0, "it is alive");
    assert_value(FIN, "8");
    cr_assert_eq(lab_restore(g), 0);
    assert_value(FIN, "60");
    lab_free(g);
    assert_nothing_left();
}

Test(sysctl_guard, somebody_elses_value_is_kept)
{
    struct sysctl_guard *g = lab_guard();
    lab_set(g, FIN, "7");
    lab_put(FIN, "33");
    cr_assert_eq(lab_restore(g), 0);
    cr_assert_eq(lab_outcome(g), SYSCTL_CHANGED);
    assert_value(FIN, "33");
    assert_nothing_left();
    lab_free(g);
}

Test(sysctl_guard, somebody_else_put_it_back)
{
    struct sysctl_guard *g = lab_guard();
    lab_set(g, FIN, "7");
    lab_put(FIN, "60");
    cr_assert_eq(lab_restore(g), 0);
    cr_assert_eq(lab_outcome(g), SYSCTL_RESTORED);
    assert_value(FIN, "60");
    lab_free(g);
}

/* Forks an owner of a change; it lives until it is killed. */
static pid_t start_owner(const char *key, const char *value)
{
    int ready[2];
    char c;
    cr_assert_eq(pipe2(ready, O_CLOEXEC), 0);
    pid_t owner = fork();
    if (owner == 0) {
        struct sysctl_guard *g = lab_guard();
        CHECK(lab_set(g, key, value) == 0);
        CHECK(write(ready[1], "", 1) == 1);
        for (;;)
            pause();
    }
    close(ready[1]);
    cr_assert_eq(read(ready[0], &c, 1), 1);
    close(ready[0]);
    return owner;
}

static void kill_owner(pid_t owner)
{
    kill(owner, SIGKILL);
    waitpid(owner, NULL, 0);
}

Test(sysctl_guard, killed_owner_is_found_out)
{
    struct sysctl_guard *g = lab_guard();
    struct sysctl_change change = {.outcome = SYSCTL_UNRESTORED};
    pid_t owner = start_owner(FIN, "7");
    assert_value(FIN, "7");
    cr_assert_eq(sysctl_guard_take_back(g, false, lab_copy_change, &change), 0, "a living one");
    cr_assert_eq(change.outcome, SYSCTL_UNRESTORED, "not told");
    assert_value(FIN, "7");

    kill_owner(owner);
    assert_value(FIN, "7");
    cr_assert_eq(sysctl_guard_take_back(g, false, lab_copy_change, &change), 1);
    assert_value(FIN, "60");
    cr_assert_str_eq(change.key, FIN);
    cr_assert_str_eq(change.before, "60");
    cr_assert_str_eq(change.set, "7");
    cr_assert_str_eq(change.now, "7");
    cr_assert_eq(change.pid, owner);
    cr_assert_eq(change.outcome, SYSCTL_RESTORED);
    assert_nothing_left();
    lab_free(g);
}

Test(sysctl_guard, killed_below_and_above_the_living)
{
    pid_t below = start_owner(FIN, "7");
    struct sysctl_guard *living = lab_guard();
    cr_assert_eq(lab_set(living, FIN, "11"), 0);
    pid_t above = start_owner(FIN, "8");
    assert_value(FIN, "8");
    kill_owner(below);
    cr_assert_eq(lab_recover(), 1);
    assert_value(FIN, "8");
    kill_owner(above);
    cr_assert_eq(lab_recover(), 1);
    assert_value(FIN, "11");
    cr_assert_eq(lab_restore(living), 0);
    assert_value(FIN, "60");
    assert_nothing_left();
    lab_free(living);
}

/* A dead run's change that somebody else has undone, and one whose value somebody else has
 * changed. */
Test(sysctl_guard, recovery_keeps_somebody_elses_value)
{
    struct sysctl_guard *g = lab_guard();
    struct sysctl_change change;
    lab_leave_behind(FIN, "7");
    lab_put(FIN, "33");
    cr_assert_eq(sysctl_guard_take_back(g, false, lab_copy_change, &change), 1);
    cr_assert_eq(change.outcome, SYSCTL_CHANGED);
    cr_assert_str_eq(change.now, "33");
    assert_value(FIN, "33");
    assert_nothing_left();
    lab_free(g);
}
