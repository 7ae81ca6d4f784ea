/* What a guard does to its sysctls: alone, with other guards on the same knob, and with somebody else's hand in. */
#include "tests/sysctl_lab.h"

#include <criterion/criterion.h>

TestSuite(sysctl_guard, .init = lab_start, .fini = lab_stop);

Test(sysctl_guard, sets_and_puts_back)
{
    struct sysctl_guard *g = lab_guard();
    char now[SYSCTL_VALUE_MAX];
    int journal_failed = -1;
    assert_nothing_left(); /* rather: nothing made yet */
    cr_assert_eq(sysctl_guard_set(g, FIN, "7", now, &journal_failed), 0);
    cr_assert_eq(journal_failed, 0);
    cr_assert_str_eq(now, "7");
    assert_value(FIN, "7");
    cr_assert_eq(lab_set(g, PORTS, "10000  20001"), 0);
    assert_value(PORTS, "10000\t20001");

    cr_assert_eq(sysctl_guard_restore(g), 0);
    assert_value(FIN, "60");
    assert_value(PORTS, "32768\t60999");
    assert_nothing_left();
    cr_assert_eq(sysctl_guard_restore(g), 0, "a second time");
    sysctl_guard_free(g);
}

Test(sysctl_guard, journal_is_private_and_complete)
{
    struct sysctl_guard *g = lab_guard();
    struct stat st;
    cr_assert_null(sysctl_guard_path(g));
    cr_assert_eq(lab_set(g, FIN, "7"), 0);
    cr_assert_eq(lab_files(), 2, "the journal and the lock file");
    cr_assert_eq(stat(lab_journal, &st), 0);
    cr_assert_eq(st.st_mode & 07777, 0700);
    cr_assert_eq(stat(sysctl_guard_path(g), &st), 0);
    cr_assert_eq(st.st_mode & 07777, 0600);
    json_t *journal = json_load_file(sysctl_guard_path(g), 0, NULL);
    json_t *change = json_array_get(json_object_get(journal, "changes"), 0);
    cr_assert_str_eq(json_string_value(json_object_get(change, "key")), FIN);
    cr_assert_str_eq(json_string_value(json_object_get(change, "before")), "60");
    cr_assert_str_eq(json_string_value(json_object_get(change, "set")), "7");
    cr_assert_null(json_object_get(change, "replaced"), "still unconfirmed");
    json_decref(journal);
    sysctl_guard_restore(g);
    sysctl_guard_free(g);
}

static void assert_json(const struct sysctl_guard *g, const char *expected)
{
    json_t *is = sysctl_guard_to_json(g), *wanted = json_loads(expected, 0, NULL);
    char *text = json_dumps(is, 0);
    cr_assert(json_equal(is, wanted), "%s", text);
    free(text);
    json_decref(is);
    json_decref(wanted);
}

Test(sysctl_guard, reports_its_changes_in_order)
{
    struct sysctl_guard *g = lab_guard();
    assert_json(g, "[]");
    lab_set(g, ORPHAN, "3");
    lab_set(g, FIN, "7");
    assert_json(g, "[{\"key\": \"" ORPHAN "\", \"before\": \"0\", \"set\": \"3\", \"restored\": null},"
                   " {\"key\": \"" FIN "\", \"before\": \"60\", \"set\": \"7\", \"restored\": null}]");
    lab_put(ORPHAN, "5");
    sysctl_guard_restore(g);
    assert_json(g, "[{\"key\": \"" ORPHAN "\", \"before\": \"0\", \"set\": \"3\", \"restored\": false},"
                   " {\"key\": \"" FIN "\", \"before\": \"60\", \"set\": \"7\", \"restored\": true}]");
    sysctl_guard_free(g);
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
        int expected = rows[i].error == -EACCES && !lab_exists(rows[i].key) ? -ENOENT : rows[i].error;
        cr_assert_eq(r, expected, "%s=%s: %s", rows[i].key, rows[i].value, strerror(-r));
        cr_assert_eq(journal_failed, 0);
        cr_assert_str_eq(lab_get(rows[i].key, after), before, "%s=%s", rows[i].key, rows[i].value);
        assert_json(g, "[]");
        assert_nothing_left();
        sysctl_guard_free(g);
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
    cr_assert_eq(sysctl_guard_restore(g), 0);
    assert_value(FIN, "60");
    sysctl_guard_free(g);
}

Test(sysctl_guard, empty_value_is_a_value)
{
    struct sysctl_guard *g = lab_guard();
    lab_put("net.ipv4.ip_local_reserved_ports", "100-103");
    cr_assert_eq(lab_set(g, "net.ipv4.ip_local_reserved_ports", ""), 0);
    assert_value("net.ipv4.ip_local_reserved_ports", "");
    cr_assert_eq(sysctl_guard_restore(g), 0);
    assert_value("net.ipv4.ip_local_reserved_ports", "100-103");
    sysctl_guard_free(g);
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
        if (sysctl_guard_new("/tmp/tcplab-test-nobody", &g) < 0)
            _exit(1);
        int r = sysctl_guard_set(g, FIN, "7", now, &journal_failed);
        _exit((r == -EACCES || r == -EPERM) && !journal_failed ? 0 : 2);
    }
    int status;
    waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        cr_skip_test("no other user to become in this user namespace");
    cr_assert_eq(status, 0);
    assert_value(FIN, "60");
    cr_assert_lt(access("/tmp/tcplab-test-nobody", F_OK), 0, "left a directory behind");
}

Test(sysctl_guard, same_key_twice_is_one_change)
{
    struct sysctl_guard *g = lab_guard();
    cr_assert_eq(lab_set(g, FIN, "7"), 0);
    cr_assert_eq(lab_set(g, FIN, "8"), 0);
    assert_json(g, "[{\"key\": \"" FIN "\", \"before\": \"60\", \"set\": \"8\", \"restored\": null}]");
    cr_assert_eq(lab_set(g, FIN, "0"), 0);
    cr_assert_eq(lab_set(g, FIN, "9 9"), -ERANGE);
    assert_value(FIN, "0");
    cr_assert_eq(sysctl_guard_restore(g), 0);
    assert_value(FIN, "60");
    assert_nothing_left();
    cr_assert_eq(lab_set(g, FIN, "9"), 0, "and again after the end");
    assert_value(FIN, "9");
    cr_assert_eq(sysctl_guard_restore(g), 0);
    assert_value(FIN, "60");
    assert_nothing_left();
    sysctl_guard_free(g);
}

/* Each guard leaves by itself (restore), or dies and somebody recovers: in every order, for every mixture. After each
 * leaving the topmost one alive has its way. */
static void leave_in_order(const int order[3], unsigned dies)
{
    static const char *const value[] = {"11", "12", "13"};
    struct sysctl_guard *g[3];
    for (int i = 0; i < 3; i++) {
        g[i] = lab_guard();
        cr_assert_eq(lab_set(g[i], FIN, value[i]), 0);
    }
    for (int step = 0; step < 3; step++) {
        int i = order[step];
        bool top = true;
        for (int k = i + 1; k < 3; k++)
            top &= g[k] == NULL;
        if (dies & (1U << i)) {
            sysctl_guard_free(g[i]);
            cr_assert_eq(lab_recover(), 1);
        } else {
            cr_assert_eq(sysctl_guard_restore(g[i]), 0);
            cr_assert_eq(lab_outcome(g[i]), top ? SYSCTL_RESTORED : SYSCTL_HANDED_ON);
            sysctl_guard_free(g[i]);
        }
        g[i] = NULL;
        assert_value(FIN, g[2] ? "13" : g[1] ? "12" : g[0] ? "11" : "60");
    }
    assert_nothing_left();
}

static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

Test(sysctl_guard, three_leave_in_any_order_alive_or_dead)
{
    for (int i = 0; i < 6; i++)
        for (unsigned dies = 0; dies < 8; dies++)
            leave_in_order(orders[i], dies);
}

/* The dead ones are found all at once: below, above and between the living. */
Test(sysctl_guard, several_dead_at_once)
{
    static const char *const value[] = {"11", "12", "13", "14"};
    for (unsigned dies = 1; dies < 16; dies++) {
        struct sysctl_guard *g[4];
        const char *expected = "60";
        for (int i = 0; i < 4; i++) {
            g[i] = lab_guard();
            cr_assert_eq(lab_set(g[i], FIN, value[i]), 0);
        }
        for (int i = 0; i < 4; i++)
            if (dies & (1U << i)) {
                sysctl_guard_free(g[i]);
                g[i] = NULL;
            } else
                expected = value[i];
        cr_assert_eq(lab_recover(), __builtin_popcount(dies));
        assert_value(FIN, expected);
        for (int i = 0; i < 4; i++) {
            if (g[i])
                cr_assert_eq(sysctl_guard_restore(g[i]), 0);
            sysctl_guard_free(g[i]);
        }
        assert_value(FIN, "60");
        assert_nothing_left();
    }
}

Test(sysctl_guard, the_next_set_recovers_too)
{
    struct sysctl_guard *dead = lab_guard(), *g = lab_guard();
    lab_set(dead, FIN, "7");
    lab_set(dead, ORPHAN, "3");
    sysctl_guard_free(dead);
    cr_assert_eq(lab_set(g, FIN, "8"), 0);
    assert_json(g, "[{\"key\": \"" FIN "\", \"before\": \"60\", \"set\": \"8\", \"restored\": null}]");
    assert_value(ORPHAN, "0");
    cr_assert_eq(sysctl_guard_restore(g), 0);
    assert_value(FIN, "60");
    assert_nothing_left();
    sysctl_guard_free(g);
}

/* Who sets again from below goes to the top of the stack. */
Test(sysctl_guard, set_again_under_another)
{
    for (int a_leaves_first = 0; a_leaves_first < 2; a_leaves_first++) {
        struct sysctl_guard *a = lab_guard(), *b = lab_guard();
        lab_set(a, FIN, "11");
        lab_set(b, FIN, "12");
        cr_assert_eq(lab_set(a, FIN, "13"), 0);
        assert_value(FIN, "13");
        cr_assert_eq(sysctl_guard_restore(a_leaves_first ? a : b), 0);
        assert_value(FIN, a_leaves_first ? "12" : "13");
        cr_assert_eq(sysctl_guard_restore(a_leaves_first ? b : a), 0);
        assert_value(FIN, "60");
        assert_nothing_left();
        sysctl_guard_free(a);
        sysctl_guard_free(b);
    }
}

/* What was inherited from one that left is not forgotten. */
Test(sysctl_guard, set_again_after_another_left)
{
    struct sysctl_guard *a = lab_guard(), *b = lab_guard();
    lab_set(a, FIN, "11");
    lab_set(b, FIN, "12");
    cr_assert_eq(sysctl_guard_restore(a), 0);
    cr_assert_eq(lab_set(b, FIN, "13"), 0);
    cr_assert_eq(sysctl_guard_restore(b), 0);
    assert_value(FIN, "60");
    assert_nothing_left();
    sysctl_guard_free(a);
    sysctl_guard_free(b);
}

Test(sysctl_guard, somebody_elses_value_is_kept)
{
    struct sysctl_guard *g = lab_guard();
    lab_set(g, FIN, "7");
    lab_put(FIN, "33");
    cr_assert_eq(sysctl_guard_restore(g), 0);
    cr_assert_eq(lab_outcome(g), SYSCTL_CHANGED);
    assert_value(FIN, "33");
    assert_nothing_left();
    sysctl_guard_free(g);
}

Test(sysctl_guard, somebody_else_put_it_back)
{
    struct sysctl_guard *g = lab_guard();
    lab_set(g, FIN, "7");
    lab_put(FIN, "60");
    cr_assert_eq(sysctl_guard_restore(g), 0);
    cr_assert_eq(lab_outcome(g), SYSCTL_RESTORED);
    assert_value(FIN, "60");
    sysctl_guard_free(g);
}

/* 60, a sets 11, somebody 33, b sets 12. However they leave, 33 is what is to remain. */
Test(sysctl_guard, somebody_elses_value_between_two)
{
    for (int a_leaves_first = 0; a_leaves_first < 2; a_leaves_first++) {
        struct sysctl_guard *a = lab_guard(), *b = lab_guard();
        lab_put(FIN, "60");
        lab_set(a, FIN, "11");
        lab_put(FIN, "33");
        lab_set(b, FIN, "12");
        cr_assert_eq(sysctl_guard_restore(a_leaves_first ? a : b), 0);
        assert_value(FIN, a_leaves_first ? "12" : "33");
        cr_assert_eq(sysctl_guard_restore(a_leaves_first ? b : a), 0);
        cr_assert_eq(lab_outcome(a), SYSCTL_CHANGED);
        cr_assert_eq(lab_outcome(b), SYSCTL_RESTORED);
        assert_value(FIN, "33");
        sysctl_guard_free(a);
        sysctl_guard_free(b);
    }
}

/* The same with one guard that sets twice. */
Test(sysctl_guard, somebody_elses_value_between_two_settings)
{
    struct sysctl_guard *g = lab_guard();
    lab_set(g, FIN, "11");
    lab_put(FIN, "33");
    lab_set(g, FIN, "12");
    cr_assert_eq(sysctl_guard_restore(g), 0);
    assert_value(FIN, "33");
    sysctl_guard_free(g);
}

/* A later change back to the first value must not be mistaken for a restored one. */
Test(sysctl_guard, equal_values_in_one_stack)
{
    for (int i = 0; i < 6; i++) {
        static const char *const value[] = {"11", "60", "11"};
        struct sysctl_guard *g[3];
        for (int k = 0; k < 3; k++) {
            g[k] = lab_guard();
            lab_set(g[k], FIN, value[k]);
        }
        for (int k = 0; k < 3; k++) {
            cr_assert_eq(sysctl_guard_restore(g[orders[i][k]]), 0);
            sysctl_guard_free(g[orders[i][k]]);
        }
        assert_value(FIN, "60");
    }
}
