/* Several guards on one knob: in whatever order they leave or die, the first value comes back at
 * the end. */
#include "tests/lib/sysctl_lab.h"

#include <criterion/criterion.h>

TestSuite(sysctl_stack, .init = lab_start, .fini = lab_stop);

/* Each guard leaves by itself (restore), or dies and somebody recovers: in every order, for every
 * mixture. After each leaving the topmost one alive has its way. */
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
            lab_free(g[i]);
            cr_assert_eq(lab_recover(), 1);
        } else {
            cr_assert_eq(lab_restore(g[i]), 0);
            cr_assert_eq(lab_outcome(g[i]), top ? SYSCTL_RESTORED : SYSCTL_HANDED_ON);
            lab_free(g[i]);
        }
        g[i] = NULL;
        assert_value(FIN, g[2] ? "13" : g[1] ? "12" : g[0] ? "11" : "60");
    }
    assert_nothing_left();
}

static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

Test(sysctl_stack, three_leave_in_any_order_alive_or_dead)
{
    for (int i = 0; i < 6; i++)
        for (unsigned dies = 0; dies < 8; dies++)
            leave_in_order(orders[i], dies);
}

static void count_restored(const struct sysctl_change *change, void *n)
{
    *(int *)n += change->outcome == SYSCTL_RESTORED;
}

/* Nobody is left to hand anything on to. */
Test(sysctl_stack, all_dead_at_once)
{
    static const char *const value[] = {"11", "12", "13", "14"};
    struct sysctl_guard *g[4], *next = lab_guard();
    int n = 0;
    for (int i = 0; i < 4; i++) {
        g[i] = lab_guard();
        cr_assert_eq(lab_set(g[i], FIN, value[i]), 0);
    }
    for (int i = 0; i < 4; i++)
        lab_free(g[i]);
    cr_assert_eq(sysctl_guard_take_back(next, false, count_restored, &n), 4);
    cr_assert_eq(n, 4);
    assert_value(FIN, "60");
    assert_nothing_left();
    lab_free(next);
}

/* The dead ones are found all at once: below, above and between the living. */
Test(sysctl_stack, several_dead_at_once)
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
                lab_free(g[i]);
                g[i] = NULL;
            } else
                expected = value[i];
        cr_assert_eq(lab_recover(), __builtin_popcount(dies));
        assert_value(FIN, expected);
        for (int i = 0; i < 4; i++) {
            if (g[i])
                cr_assert_eq(lab_restore(g[i]), 0);
            lab_free(g[i]);
        }
        assert_value(FIN, "60");
        assert_nothing_left();
    }
}

/* Who sets again from below goes to the top of the stack. */
Test(sysctl_stack, set_again_under_another)
{
    for (int a_leaves_first = 0; a_leaves_first < 2; a_leaves_first++) {
        struct sysctl_guard *a = lab_guard(), *b = lab_guard();
        lab_set(a, FIN, "11");
        lab_set(b, FIN, "12");
        cr_assert_eq(lab_set(a, FIN, "13"), 0);
        assert_value(FIN, "13");
        cr_assert_eq(lab_restore(a_leaves_first ? a : b), 0);
        assert_value(FIN, a_leaves_first ? "12" : "13");
        cr_assert_eq(lab_restore(a_leaves_first ? b : a), 0);
        assert_value(FIN, "60");
        assert_nothing_left();
        lab_free(a);
        lab_free(b);
    }
}

/* What was inherited from one that left is not forgotten. */
Test(sysctl_stack, set_again_after_another_left)
{
    struct sysctl_guard *a = lab_guard(), *b = lab_guard();
    lab_set(a, FIN, "11");
    lab_set(b, FIN, "12");
    cr_assert_eq(lab_restore(a), 0);
    cr_assert_eq(lab_set(b, FIN, "13"), 0);
    cr_assert_eq(lab_restore(b), 0);
    assert_value(FIN, "60");
    assert_nothing_left();
    lab_free(a);
    lab_free(b);
}

/* 60, a sets 11, somebody 33, b sets 12. However they leave, 33 is what is to remain. */
Test(sysctl_stack, somebody_elses_value_between_two)
{
    for (int a_leaves_first = 0; a_leaves_first < 2; a_leaves_first++) {
        struct sysctl_guard *a = lab_guard(), *b = lab_guard();
        lab_put(FIN, "60");
        lab_set(a, FIN, "11");
        lab_put(FIN, "33");
        lab_set(b, FIN, "12");
        cr_assert_eq(lab_restore(a_leaves_first ? a : b), 0);
        assert_value(FIN, a_leaves_first ? "12" : "33");
        cr_assert_eq(lab_restore(a_leaves_first ? b : a), 0);
        cr_assert_eq(lab_outcome(a), SYSCTL_CHANGED);
        cr_assert_eq(lab_outcome(b), SYSCTL_RESTORED);
        assert_value(FIN, "33");
        lab_free(a);
        lab_free(b);
    }
}

/* The same with one guard that sets twice. */
Test(sysctl_stack, somebody_elses_value_between_two_settings)
{
    struct sysctl_guard *g = lab_guard();
    lab_set(g, FIN, "11");
    lab_put(FIN, "33");
    lab_set(g, FIN, "12");
    cr_assert_eq(lab_restore(g), 0);
    assert_value(FIN, "33");
    lab_free(g);
}

/* A later change back to the first value must not be mistaken for a restored one. */
Test(sysctl_stack, equal_values_in_one_stack)
{
    for (int i = 0; i < 6; i++) {
        static const char *const value[] = {"11", "60", "11"};
        struct sysctl_guard *g[3];
        for (int k = 0; k < 3; k++) {
            g[k] = lab_guard();
            lab_set(g[k], FIN, value[k]);
        }
        for (int k = 0; k < 3; k++) {
            cr_assert_eq(lab_restore(g[orders[i][k]]), 0);
            lab_free(g[orders[i][k]]);
        }
        assert_value(FIN, "60");
    }
}
