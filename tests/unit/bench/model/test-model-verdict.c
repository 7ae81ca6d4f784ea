/* What a prediction rests upon, what it holds, and what is made of an observation. */
#include "bench/model/conditions.h"
#include "bench/model/verdict.h"

#include <criterion/criterion.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N(table) (sizeof(table) / sizeof *(table))

Test(model_verdict, fresh_conditions)
{
    struct conditions c = conditions_fresh();
    cr_expect_eq(c.hz, 250);
    cr_expect_eq(c.somaxconn, 4096);
    cr_expect_eq(c.syncookies, 1);
    cr_expect_eq(c.abort_on_overflow, 0);
    cr_expect_eq(c.syn_linear_timeouts, 4);
    cr_expect_eq(c.fin_timeout, 60);
    cr_expect_eq(c.tw_reuse, 2);
    cr_expect_eq(c.max_tw_buckets, 131072);
}

Test(model_verdict, of_three_numbers_it_is_the_default)
{
    cr_expect_eq(conditions_number("5"), 5);
    cr_expect_eq(conditions_number("-1\n"), -1);
    cr_expect_eq(conditions_number("4096\t131072\t33554432"), 131072);
}

Test(model_verdict, conditions_by_sysctl)
{
    struct conditions c = conditions_fresh(), unchanged = c;
    conditions_set(&c, "net.ipv4.tcp_mem", 7);
    conditions_set(&c, "net.ipv4.tcp_synack_retries_", 7);
    conditions_set(&c, "", 7);
    cr_expect_eq(memcmp(&c, &unchanged, sizeof(c)), 0);
    int64_t value = 1000;
#define X(field, sysctl, fresh, absent)  \
    conditions_set(&c, sysctl, ++value); \
    cr_expect_eq(c.field, value);
    CONDITIONS(X)
#undef X
    conditions_set(&unchanged, "net.ipv4.tcp_fin_timeout", 5);
    cr_expect_eq(unchanged.fin_timeout, 5);
    cr_expect_eq(unchanged.synack_retries, 5);
    cr_expect_eq(unchanged.syn_retries, 6);
}

Test(model_verdict, check)
{
    static const struct {
        double lo, hi, observed;
        enum verdict verdict;
    } cases[] = {
        {3, 3, 3, VERDICT_AGREE},
        {3, 3, 2, VERDICT_DIFFER},
        {3, 3, 4, VERDICT_DIFFER},
        {1, 1.032, 1, VERDICT_AGREE},
        {1, 1.032, 1.032, VERDICT_AGREE},
        {1, 1.032, 1.0321, VERDICT_DIFFER},
        {1, 1.032, 0.9999, VERDICT_DIFFER},
        {0, 0, 0, VERDICT_AGREE},
        {0, 0, -0.0, VERDICT_AGREE},
        {3, 3, NAN, VERDICT_INCONCLUSIVE},
        {0, INFINITY, NAN, VERDICT_INCONCLUSIVE},
        {0, INFINITY, 1e300, VERDICT_AGREE},
        {INFINITY, INFINITY, 5, VERDICT_DIFFER}, /* what the model says never happens */
        {0, 5, INFINITY, VERDICT_DIFFER},
        {-2, -1, -1.5, VERDICT_AGREE},
        {5, 3, 4, VERDICT_DIFFER},
    };
    for (size_t i = 0; i < N(cases); i++) {
        struct expectation e = {.lo = cases[i].lo, .hi = cases[i].hi};
        cr_expect_eq(verdict_check(&e, cases[i].observed), cases[i].verdict, "case %zu", i);
    }
}

Test(model_verdict, add)
{
    static const enum verdict all[] = {VERDICT_AGREE, VERDICT_DIFFER, VERDICT_SKIPPED,
                                       VERDICT_INCONCLUSIVE};
    static const char *const sums[4][4] = {
        {"agree", "differ", "agree", "inconclusive"},
        {"differ", "differ", "differ", "differ"},
        {"skipped", "skipped", "skipped", "skipped"},
        {"inconclusive", "differ", "inconclusive", "inconclusive"},
    };
    for (int run = 0; run < 4; run++)
        for (int check = 0; check < 4; check++)
            cr_expect_str_eq(verdict_name(verdict_add(all[run], all[check])), sums[run][check],
                             "%s and %s", verdict_name(all[run]), verdict_name(all[check]));
}

Test(model_verdict, names)
{
    cr_expect_str_eq(verdict_name(VERDICT_AGREE), "agree");
    cr_expect_str_eq(verdict_name(VERDICT_DIFFER), "differ");
    cr_expect_str_eq(verdict_name(VERDICT_SKIPPED), "skipped");
    cr_expect_str_eq(verdict_name(VERDICT_INCONCLUSIVE), "inconclusive");
}

Test(model_verdict, a_prediction_keeps_what_it_is_told)
{
    struct prediction p = {0};
    expect_exactly(&p, "connections", 5, &rule_accept_queue_capacity, "ledger.%s", "queued");
    expect_span(&p, (struct span){1, 1.032}, &rule_syn_ladder, "client.syn_retry_%d_first", 1);
    expect_between(&p, "segments", 2, 3, &rule_challenge_ack, "client.TcpExt.TCPChallengeACK");
    cr_assert_eq(p.n, 3);

    const struct expectation *e = p.expectations;
    cr_expect_str_eq(e[0].name, "ledger.queued");
    cr_expect_str_eq(e[0].unit, "connections");
    cr_expect(e[0].lo == 5 && e[0].hi == 5 && e[0].rule == &rule_accept_queue_capacity);
    cr_expect_str_eq(e[1].name, "client.syn_retry_1_first");
    cr_expect_str_eq(e[1].unit, "s");
    cr_expect(e[1].lo == 1 && e[1].hi == 1.032 && e[1].rule == &rule_syn_ladder);
    cr_expect_str_eq(e[2].name, "client.TcpExt.TCPChallengeACK");
    cr_expect(e[2].lo == 2 && e[2].hi == 3);
    prediction_release(&p);
    cr_expect(p.n == 0 && p.size == 0 && !p.expectations);
    prediction_release(&p);
}

Test(model_verdict, a_prediction_grows)
{
    struct prediction p = {0};
    for (int i = 0; i < 1000; i++)
        expect_exactly(&p, "segments", i, &rule_syn_ladder, "number_%d", i);
    cr_assert_eq(p.n, 1000);
    for (int i = 0; i < 1000; i++) {
        char name[EXPECTATION_NAME_MAX];
        snprintf(name, sizeof(name), "number_%d", i);
        cr_expect_str_eq(p.expectations[i].name, name);
        cr_expect(p.expectations[i].lo == i);
    }
    prediction_release(&p);
}

Test(model_verdict, the_longest_name_fits)
{
    struct prediction p = {0};
    expect_exactly(&p, "segments", 1, &rule_syn_ladder, "%0*d", EXPECTATION_NAME_MAX - 1, 7);
    cr_expect_eq(strlen(p.expectations[0].name), EXPECTATION_NAME_MAX - 1);
    prediction_release(&p);
}

Test(model_verdict, a_longer_name_is_a_mistake, .signal = SIGABRT)
{
    struct prediction p = {0};
    expect_exactly(&p, "segments", 1, &rule_syn_ladder, "%0*d", EXPECTATION_NAME_MAX, 7);
}

static size_t count_rules(void)
{
    size_t n = 0;
    while (rules[n])
        n++;
    return n;
}

Test(model_verdict, rules_are_all_listed)
{
    size_t n = 0;
#define X(name, sentence, source) cr_expect_eq(rules[n++], &rule_##name);
    RULES(X)
#undef X
    cr_expect_eq(n, count_rules());
    cr_expect_str_eq(rule_accept_queue_capacity.name, "accept_queue_capacity");
}

Test(model_verdict, rules_differ)
{
    for (size_t i = 0; rules[i]; i++)
        for (size_t j = 0; j < i; j++) {
            cr_expect_str_neq(rules[i]->name, rules[j]->name);
            cr_expect_str_neq(rules[i]->sentence, rules[j]->sentence, "%s and %s", rules[i]->name,
                              rules[j]->name);
        }
}

/* One sentence, and at most two more with its conditions. "3.5" and "127.0.0.0" end none. */
Test(model_verdict, rules_are_sentences)
{
    for (size_t i = 0; rules[i]; i++) {
        const char *text = rules[i]->sentence;
        cr_expect(strlen(text) > 20 && text[strlen(text) - 1] == '.', "%s", rules[i]->name);
        int ends = 0;
        for (const char *end = text; (end = strstr(end, ". ")); end++)
            ends++;
        cr_expect_leq(ends, 2, "%s is more than three sentences", rules[i]->name);
        cr_expect_null(strstr(text, "  "), "%s", rules[i]->name);
        cr_expect_null(strchr(text, '\n'), "%s", rules[i]->name);
    }
}

Test(model_verdict, rules_have_a_source)
{
    for (size_t i = 0; rules[i]; i++) {
        const char *source = rules[i]->source, *file = strstr(source, ", ");
        cr_expect(strstr(source, "()") || strstr(source, "TCP_TIMEWAIT_LEN"), "%s: %s",
                  rules[i]->name, source);
        cr_expect(file && strchr(file, '/'), "%s: %s", rules[i]->name, source);
        const char *end = source + strlen(source) - 2;
        cr_expect(!strcmp(end, ".c") || !strcmp(end, ".h"), "%s: %s", rules[i]->name, source);
    }
}

Test(model_verdict, a_unit_that_is_none_ends_the_process, .exit_code = EXIT_FAILURE)
{
    struct prediction p = {0};
    expect_exactly(&p, "conections", 5, &rule_accept_queue_capacity, "ledger.queued");
}
