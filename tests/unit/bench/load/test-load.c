/* What is read of LOAD, which rounds count, and the verdicts of made-up rounds. */
#include "bench/load/load_compare.h"
#include "bench/load/load_predict.h"
#include "bench/load/load_words.h"
#include "bench/statistics/random.h"
#include "bench/statistics/statistics.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void check_words(const char *text, const char *joined)
{
    struct load_words w;
    const char *why;
    char all[256] = "";
    cr_assert_eq(load_words_read(text, &w, &why), 0, "%s: %s", text, why);
    for (size_t i = 0; i < w.n; i++)
        snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s|", w.word[i]);
    cr_assert_str_eq(all, joined, "%s: %s", text, all);
    cr_assert_null(w.word[w.n]);
    load_words_free(&w);
}

Test(words, as_a_shell_divides)
{
    struct load_words w;
    const char *why;
    check_words(NULL, "");
    check_words("  ", "");
    check_words("a", "a|");
    check_words(" -c 16\t-r  2000\n", "-c|16|-r|2000|");
    check_words("'a b' \"c d\"e", "a b|c de|");
    check_words("'' \"\"", "||");
    check_words("a\\ b '\\' \"\\\"\\\\\\n\"", "a b|\\|\"\\\\n|");
    check_words("$HOME *", "$HOME|*|");
    cr_assert_eq(load_words_read("'a", &w, &why), -EINVAL);
    cr_assert_str_eq(why, "a quote has no end");
    cr_assert_eq(load_words_read("a\"", &w, &why), -EINVAL);
}

Test(compare, order)
{
    size_t kinds[2] = {0, 0}, turns = 0;
    char *order = load_compare_order(3, 50), *again = load_compare_order(3, 50),
         *other = load_compare_order(4, 50);
    cr_assert_eq(strlen(order), 200);
    cr_assert_str_eq(order, again);
    cr_assert_str_neq(order, other);
    for (size_t i = 0; i < 200; i += 4) {
        bool abba = !strncmp(order + i, "abba", 4);
        cr_assert(abba || !strncmp(order + i, "baab", 4));
        kinds[abba]++;
        turns += i && order[i] != order[i - 4];
    }
    cr_assert_eq(kinds[0], 25); /* as many of each */
    cr_assert(turns > 10 && turns < 40, "%zu", turns);
    free(order);
    free(again);
    free(other);
}

static json_t *round_of(double connects, const char *mark)
{
    json_t *marks = json_array();
    if (mark)
        json_array_append_new(
            marks, json_pack("{s:s, s:s, s:s}", "who", "machine", "what", mark, "sentence", mark));
    return json_pack("{s:o, s:{s:{s:f}}}", "marks", marks, "client", "rates", "connects_per_s",
                     connects);
}

/* Blocks in a drawn order; a block's drift is `drift` from round to round, and B is `ratio` times
 * A, with a noise of up to `noise`. */
static json_t *rounds_of(size_t blocks, double ratio, double noise, double drift, uint64_t seed)
{
    json_t *rounds = json_array();
    struct random r = {.state = seed};
    char *order = load_compare_order(seed, blocks);
    for (size_t i = 0; i < 4 * blocks; i++) {
        double value = 1000 * pow(1 + drift, (double)i) *
                       (1 + noise * ((double)random_below(&r, 2001) / 1000 - 1));
        json_t *round = round_of(order[i] == 'b' ? value * ratio : value, NULL);
        json_object_set_new(round, "arm", json_string(order[i] == 'b' ? "b" : "a"));
        json_object_set_new(round, "block", json_integer((json_int_t)(i / 4 + 1)));
        json_array_append_new(rounds, round);
    }
    free(order);
    return rounds;
}

static const char *const programs[] = {"client", "server", NULL};
static const struct load_spec spec = {.practical = 0.03,
                                      .programs = programs,
                                      .n_metrics = 1,
                                      .metric = {"client.rates.connects_per_s"}};

/* Steals the rounds. */
static json_t *judge(json_t *rounds)
{
    size_t left_out;
    json_t *metrics = load_compare_blocks(&spec, rounds, &left_out);
    json_t *metric = json_incref(json_array_get(metrics, 0));
    json_decref(metrics);
    json_decref(rounds);
    return metric;
}

static void check_verdict(json_t *rounds, const char *verdict, double ratio)
{
    json_t *m = judge(rounds);
    double found = json_number_value(json_object_get(m, "ratio"));
    cr_assert_str_eq(json_string_value(json_object_get(m, "verdict")), verdict);
    cr_assert(fabs(found - ratio) < 0.02, "%g", found);
    json_decref(m);
}

Test(compare, verdicts)
{
    check_verdict(rounds_of(10, 1.1, 0.03, 0, 1), "faster", 1.1);
    check_verdict(rounds_of(10, 0.9, 0.03, 0, 2), "slower", 0.9);
    check_verdict(rounds_of(10, 1.02, 0.001, 0, 3), "equal", 1.02); /* real, and below 3 % */
    check_verdict(rounds_of(10, 1, 0.01, 0, 4), "equal", 1);
    check_verdict(rounds_of(5, 1.1, 0.001, 0, 5), "undecided", 1.1); /* too few */
    check_verdict(rounds_of(10, 1, 0.001, 0.05, 6), "equal", 1);     /* the drift cancels out */
}

Test(compare, undecided_says_how_many)
{
    json_t *m = judge(rounds_of(6, 1.05, 0.3, 0, 8));
    cr_assert_str_eq(json_string_value(json_object_get(m, "verdict")), "undecided");
    cr_assert_gt(json_integer_value(json_object_get(m, "rounds_needed")), 12);
    cr_assert(json_is_array(json_object_get(json_object_get(m, "control"), "ratio_interval")));
    json_decref(m);
}

/* Of the same thing with noise, the verdict is wrong at most as often as 5 % allow. */
Test(compare, false_alarms)
{
    size_t wrong = 0, found = 0;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        json_t *same = judge(rounds_of(10, 1, 0.15, 0.001, seed)),
               *slower = judge(rounds_of(10, 0.85, 0.15, 0.001, seed));
        const char *verdict = json_string_value(json_object_get(same, "verdict"));
        wrong += !strcmp(verdict, "faster") || !strcmp(verdict, "slower");
        found += !strcmp(json_string_value(json_object_get(slower, "verdict")), "slower");
        json_decref(same);
        json_decref(slower);
    }
    cr_assert_leq(wrong, 14, "%zu of 200", wrong);
    cr_assert_geq(found, 190, "%zu of 200", found);
}

Test(compare, zeros_have_no_ratio)
{
    json_t *rounds = rounds_of(6, 0, 0, 0, 1), *m = judge(rounds); /* B is 0 */
    cr_assert(json_is_null(json_object_get(m, "ratio")));
    cr_assert_eq(json_number_value(json_object_get(m, "difference")), -1000);
    cr_assert_str_eq(json_string_value(json_object_get(m, "verdict")), "slower");
    json_decref(m);
}

Test(compare, marked_blocks)
{
    json_t *rounds = rounds_of(8, 1, 0.001, 0, 1), *counted;
    size_t left_out;
    json_t *mark = json_pack("[{s:s}]", "who", "machine");
    json_object_set(json_array_get(rounds, 1), "marks", mark);
    json_object_set(json_array_get(rounds, 2), "marks", mark);
    json_decref(load_compare_blocks(&spec, rounds, &left_out));
    cr_assert_eq(left_out, 1);
    counted = load_compare_rounds(rounds, "a");
    cr_assert_eq(json_array_size(counted), 14);
    json_decref(counted);
    for (size_t i = 4; i < 12; i += 4) /* 5 clean ones are too few: all count */
        json_object_set(json_array_get(rounds, i), "marks", mark);
    json_decref(load_compare_blocks(&spec, rounds, &left_out));
    cr_assert_eq(left_out, 0);
    counted = load_compare_rounds(rounds, "b");
    cr_assert_eq(json_array_size(counted), 16);
    json_decref(counted);
    json_array_remove(rounds, 31); /* interrupted: the last block is not whole */
    counted = load_compare_rounds(rounds, "b");
    cr_assert_eq(json_array_size(counted), 14);
    json_decref(counted);
    json_decref(mark);
    json_decref(rounds);
}

Test(load, marked_rounds)
{
    json_t *rounds = json_array(), *counted;
    size_t left_out;
    for (int i = 0; i < 12; i++)
        json_array_append_new(rounds, round_of(100 + i, i < 6 ? NULL : "steal"));
    counted = load_rounds_counted(rounds, &left_out);
    cr_assert(left_out == 6 && json_array_size(counted) == 6);
    json_decref(counted);
    json_array_append_new(rounds, round_of(1, "steal")); /* less than half is clean */
    counted = load_rounds_counted(rounds, &left_out);
    cr_assert(left_out == 0 && json_array_size(counted) == 13);
    json_decref(counted);
    json_decref(rounds);
}

Test(compare, two_documents)
{
    json_t *a = json_array(), *b = json_array();
    for (int i = 0; i < 8; i++) {
        json_array_append_new(a, round_of(1000 + i, NULL));
        json_array_append_new(b, round_of(1200 + i, NULL));
    }
    json_t *metrics = load_compare_lists(&spec, a, b), *m = json_array_get(metrics, 0);
    cr_assert_str_eq(json_string_value(json_object_get(m, "verdict")), "faster");
    cr_assert(json_is_null(json_object_get(m, "control")));
    json_decref(metrics);
    json_decref(a);
    json_decref(b);
}

Test(compare, differences)
{
    json_t *a = json_loads("{\"x\": {\"y\": 1, \"z\": [1]}, \"k\": \"6.1\", \"s\": {}}", 0, NULL),
           *b = json_loads("{\"x\": {\"y\": 2, \"z\": [1]}, \"k\": \"6.18\", \"s\": {\"t\": 5}}", 0,
                           NULL),
           *list = json_array();
    load_compare_differences(a, b, "", list);
    cr_assert_eq(json_array_size(list), 3);
    cr_assert_str_eq(json_string_value(json_array_get(list, 0)), "x.y: 1 and 2");
    cr_assert_str_eq(json_string_value(json_array_get(list, 1)), "k: 6.1 and 6.18");
    cr_assert_str_eq(json_string_value(json_array_get(list, 2)), "s.t: none and 5");
    json_decref(list);
    json_decref(a);
    json_decref(b);
}

/* --- the knee's prediction --- */

Test(load, late_starts_are_those_that_the_share_is_later_than)
{
    json_t *client = json_pack("{s:{s:i, s:f, s:f, s:f, s:f}}", "start_lateness_us", "count", 1000,
                               "p50", 10.0, "p99", 60.0, "p99_9", 400.0, "max", 1500.0);
    json_t *without = json_object();
    cr_expect_float_eq(load_predict_starts_late_s(client, 0.001), 400e-6, 1e-12);
    cr_expect_float_eq(load_predict_starts_late_s(client, 0.01), 60e-6, 1e-12);
    cr_expect_float_eq(load_predict_starts_late_s(client, 0.005), 400e-6, 1e-12, "the next one");
    cr_expect_float_eq(load_predict_starts_late_s(client, 0.0001), 1500e-6, 1e-12, "the largest");
    cr_expect_eq(load_predict_starts_late_s(without, 0.001), 0, "no --rate");
    json_decref(client);
    json_decref(without);
}

Test(load, timers_are_watched_beside_what_runs)
{
    double late_s = load_predict_late_s(load_predict_watch(1e-3, 0.1, 0.001));
    cr_expect(late_s > 0 && late_s < 10, "%g s", late_s);
    cr_expect_eq(load_predict_late_s((struct load_watch){.pid = -1}), 0, "none was begun");
}
