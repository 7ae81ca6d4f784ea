/* Knobs: what --set takes, what it says to what it does not take, and what the report shows of
 * it. */
#include "bench/trial/knobs.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define N(table) (sizeof(table) / sizeof *(table))

static const char *const sides[] = {"left", "right", "both", NULL};

static const struct knob table[] = {
    KNOB_BACKLOG("4"),
    KNOB_CLIENTS("20"),
    KNOB_PREFILL("limit"),
    KNOB_SOMAXCONN,
    KNOB_DELAY("50ms"),
    KNOB_ACCEPT_DELAY("never"),
    KNOB_LINK("wire"),
    KNOB_IPV6,
    {"side", "both", &option_choice, "which", .choices = sides},
};

static struct knobs knobs;

static void begin(void)
{
    knobs_init(&knobs, table, N(table));
}

TestSuite(knobs, .init = begin);

static void set(const char *text)
{
    char *message = (char *)"untouched";
    cr_assert_eq(knobs_set(&knobs, text, &message), 0, "%s", text);
    cr_assert_null(message, "%s", text);
}

/* --- tables --- */

static void check_table_refused(const struct knob *other_table, const char *sentence)
{
    char *message = NULL;
    cr_assert_eq(knobs_check(other_table, 2, &message), -EINVAL);
    cr_expect_str_eq(message, sentence);
    free(message);
}

Test(knobs, tables_that_cannot_be)
{
    const struct knob twice[] = {KNOB_CLIENTS("20"), KNOB_CLIENTS("4")};
    const struct knob other[] = {KNOB_CLIENTS("20"), KNOB_COUNT("delay", "5", 0, 9, "days")};
    char *message = NULL;
    cr_expect_eq(knobs_check(table, N(table), &message), 0, "%s", message);
    check_table_refused(twice, "two knobs have the name clients");
    check_table_refused(
        other,
        "the knob delay configures the run, which reads it as another type: see knobs_check()");
}

/* --- values --- */

Test(knobs, fallbacks)
{
    cr_expect_eq(knob(&knobs, "backlog"), 4);
    cr_expect_eq(knob(&knobs, "clients"), 20);
    cr_expect_eq(knob(&knobs, "prefill"), OPTION_NEVER);
    cr_expect_eq(knob(&knobs, "delay"), 50000000);
    cr_expect_eq(knob(&knobs, "accept_delay"), OPTION_NEVER);
    cr_expect_eq(knob(&knobs, "link"), KNOB_WIRE);
    cr_expect_eq(knob(&knobs, "ipv6"), 0);
    cr_expect_eq(knob(&knobs, "side"), 2);
    for (size_t i = 0; i < N(table); i++) {
        cr_expect_not(knobs.given[i], "%s", table[i].name);
        cr_expect_eq(knobs.set[i], table[i].fallback != NULL, "%s: else the kernel's",
                     table[i].name);
    }
}

Test(knobs, have)
{
    cr_expect(knobs_have(&knobs, "backlog"));
    cr_expect(knobs_have(&knobs, "side"));
    cr_expect_not(knobs_have(&knobs, "backlo"));
    cr_expect_not(knobs_have(&knobs, "backlogs"));
    cr_expect_not(knobs_have(&knobs, ""));
}

static const struct {
    const char *text, *name;
    int64_t value;
} good[] = {
    {"backlog=-1", "backlog", -1},
    {"backlog=65535", "backlog", 65535},
    {"backlog=10k", "backlog", 10000},
    {"clients=1", "clients", 1},
    {"clients=5000", "clients", 5000},
    {"prefill=0", "prefill", 0},
    {"prefill=limit", "prefill", OPTION_NEVER},
    {"somaxconn=0", "somaxconn", 0},
    {"delay=0", "delay", 0},
    {"delay=400ms", "delay", 400000000},
    {"delay=1.5us", "delay", 1500},
    {"accept_delay=1h", "accept_delay", 3600000000000},
    {"accept_delay=never", "accept_delay", OPTION_NEVER},
    {"link=loopback", "link", KNOB_LOOPBACK},
    {"link=wire", "link", KNOB_WIRE},
    {"ipv6=yes", "ipv6", 1},
    {"ipv6=no", "ipv6", 0},
    {"side=right", "side", 1},
};

Test(knobs, set)
{
    for (size_t i = 0; i < N(good); i++) {
        begin();
        set(good[i].text);
        cr_expect_eq(knob(&knobs, good[i].name), good[i].value, "%s", good[i].text);
        for (size_t k = 0; k < N(table); k++) {
            bool is = !strcmp(table[k].name, good[i].name);
            cr_expect_eq(knobs.given[k], is, "%s: %s", good[i].text, table[k].name);
            cr_expect(!is || knobs.set[k], "%s", good[i].text);
        }
    }
}

/* What is shown can be given back, and means the same. */
static void check_round_trip(const char *name, int64_t value)
{
    char shown[KNOB_TEXT_MAX], text[64];
    size_t i = 0;
    while (strcmp(table[i].name, name))
        i++;
    snprintf(text, sizeof(text), "%s=%s", name, knob_text(&table[i], value, shown));
    begin();
    set(text);
    cr_expect_eq(knob(&knobs, name), value, "%s", text);
}

Test(knobs, text)
{
    char text[KNOB_TEXT_MAX];
    for (size_t i = 0; i < N(good); i++)
        check_round_trip(good[i].name, good[i].value);
    check_round_trip("accept_delay", 1000001);
    cr_expect_str_eq(knob_text(&table[4], 50000000, text), "50ms");
    cr_expect_str_eq(knob_text(&table[4], 0, text), "0");
    cr_expect_str_eq(knob_text(&table[5], 90000000000, text), "90s");
    cr_expect_str_eq(knob_text(&table[5], OPTION_NEVER, text), "never");
    cr_expect_str_eq(knob_text(&table[0], -1, text), "-1");
    cr_expect_str_eq(knob_text(&table[6], KNOB_WIRE, text), "wire");
}

Test(knobs, the_last_one_counts)
{
    set("backlog=7");
    set("backlog=8");
    cr_expect_eq(knob(&knobs, "backlog"), 8);
    cr_expect_eq(knob(&knobs, "clients"), 20);
}

/* --- complaints --- */

/* What the user reads: which value, what is wrong with it, what to write instead. */
struct refused {
    const char *text;
    int error;
    const char *words[4];
};

static const struct refused refused[] = {
    {"clients=0", -ERANGE, {"clients=0: ", "beyond the limits", "from 1 to 5000"}},
    {"clients=15001", -ERANGE, {"clients=15001: ", "from 1 to 5000"}},
    {"clients=99999999999999999999", -ERANGE, {"clients=9", "from 1 to 5000"}},
    {"clients=-1", -EINVAL, {"clients=-1: ", "from 1 to 5000"}},
    {"clients=", -EINVAL, {"clients=: ", "from 1 to 5000"}},
    {"clients=many", -EINVAL, {"clients=many: ", "write a count such as", "from 1 to 5000"}},
    {"backlog=-2", -ERANGE, {"backlog=-2: ", "from -1 to 65535"}},
    {"backlog=1.5", -EINVAL, {"backlog=1.5: ", "a whole number", "from -1 to 65535"}},
    {"prefill=-1", -ERANGE, {"prefill=-1: ", "from 0 to 65535", "or limit"}},
    {"prefill=limits", -EINVAL, {"prefill=limits: ", "or limit"}},
    {"somaxconn=65536", -ERANGE, {"somaxconn=65536: ", "at most 65535"}},
    {"delay=401ms", -ERANGE, {"delay=401ms: ", "at most 400ms"}},
    {"delay=5x", -EINVAL, {"delay=5x: ", "a duration such as", "at most 400ms"}},
    {"delay=never", -EINVAL, {"delay=never: ", "a duration such as"}},
    {"accept_delay=0", -ERANGE, {"accept_delay=0: ", "from 1ms to 1h", "or never"}},
    {"link=loop", -EINVAL, {"link=loop: ", "write loopback or wire"}},
    {"ipv6=1", -EINVAL, {"ipv6=1: ", "write no or yes"}},
    {"side=", -EINVAL, {"side=: ", "write left or right or both"}},
    {"backlogs=4",
     -ENOENT,
     {"no knob backlogs", "did you mean backlog?", "there are backlog, clients,",
      "any sysctl by its full name"}},
    {"cleints=4", -ENOENT, {"no knob cleints", "did you mean clients?"}},
    {"zzz=4",
     -ENOENT,
     {"no knob zzz",
      "there are backlog, clients, prefill, somaxconn, delay, accept_delay, link, ipv6, side"}},
    {"backlog", -EINVAL, {"backlog: ", "write KNOB=VALUE", "such as clients=100"}},
    {"=4", -EINVAL, {"=4: ", "write KNOB=VALUE"}},
    {"", -EINVAL, {"write KNOB=VALUE"}},
    {"net.ipv4.tcp_syn_retries", -EINVAL, {"net.ipv4.tcp_syn_retries: ", "write KNOB=VALUE"}},
    {"kernel.pid_max=1",
     -EINVAL,
     {"kernel.pid_max=1: ", "net.core.*", "write such as net.ipv4.tcp_syn_retries=2"}},
    {"net.ipv4.tcp_syn_retries=99999999999",
     -EINVAL,
     {"tcp_syn_retries=99999999999: the kernel takes 1 to 127"}},
    {"net.ipv4.tcp_syn_retries=0", -EINVAL, {"the kernel takes 1 to 127"}},
    {"net.ipv4.tcp_retries2=256", -EINVAL, {"the kernel takes 0 to 255"}},
    {"net.ipv4.tcp_rto_max_ms=120001", -EINVAL, {"the kernel takes 1000 to 120000"}},
    {"net.ipv4.tcp_rto_min_us=0", -EINVAL, {"the kernel takes 1 to 2147483647"}},
    {"net.ipv4.tcp_notsent_lowat=4294967296", -EINVAL, {"the kernel takes 0 to 4294967295"}},
    {"net.ipv4.tcp_max_tw_buckets=2147483648",
     -EINVAL,
     {"the kernel takes -2147483648 to 2147483647"}},
    {"net.ipv4..x=1", -EINVAL, {"net.ipv4..x=1: ", "write such as net.ipv4.tcp_syn_retries=2"}},
};

/* One sentence without the program's name in front and a final stop: run.c puts "--set " before
 * it. */
static void expect_sentence(const char *message, const char *text)
{
    size_t length = strlen(message);
    cr_expect_not(strchr(message, '\n'), "%s: \"%s\"", text, message);
    cr_expect_not(strchr(".,;: ", message[length - 1]), "%s: \"%s\"", text, message);
    cr_expect_not(strstr(message, "(null)"), "%s: \"%s\"", text, message);
    cr_expect_not(strstr(message, "  "), "%s: \"%s\"", text, message);
}

static void check_refused(const struct refused *c)
{
    char *message = NULL;
    begin();
    const struct knobs before = knobs;
    cr_expect_eq(knobs_set(&knobs, c->text, &message), c->error, "%s", c->text);
    cr_assert_not_null(message, "%s", c->text);
    for (size_t i = 0; i < N(c->words) && c->words[i]; i++)
        cr_expect(strstr(message, c->words[i]), "%s: \"%s\" is not in \"%s\"", c->text, c->words[i],
                  message);
    expect_sentence(message, c->text);
    cr_expect_arr_eq(knobs.value, before.value, sizeof(knobs.value), "%s has changed a value",
                     c->text);
    cr_expect_arr_eq(knobs.given, before.given, sizeof(knobs.given), "%s counts as given", c->text);
    cr_expect_eq(knobs.n_sysctls, 0, "%s", c->text);
    free(message);
}

Test(knobs, refused)
{
    for (size_t i = 0; i < N(refused); i++)
        check_refused(&refused[i]);
}

Test(knobs, a_name_that_is_too_long_is_unknown_and_not_misspelt)
{
    char text[400], *message = NULL;
    memset(text, 'a', sizeof(text));
    strcpy(text + 300, "=4");
    cr_expect_eq(knobs_set(&knobs, text, &message), -ENOENT);
    cr_expect(message && strstr(message, "there are backlog"), "%s", message);
    free(message);
    memcpy(text, "net.ipv4.", 9);
    cr_expect_eq(knobs_set(&knobs, text, &message), -EINVAL);
    cr_expect(message && strstr(message, "too long"), "%s", message);
    free(message);
}

/* --- sysctls --- */

Test(knobs, sysctls_by_their_full_names)
{
    set("net.ipv4.tcp_syn_retries=2");
    set("net/core/somaxconn=5");
    cr_assert_eq(knobs.n_sysctls, 2);
    cr_expect_str_eq(knobs.sysctl[0], "net.ipv4.tcp_syn_retries=2");
    for (size_t i = 0; i < N(table); i++)
        cr_expect_not(knobs.given[i], "%s: that is another way", table[i].name);
}

Test(knobs, as_many_sysctls_as_there_is_room_for)
{
    char *message = NULL;
    for (int i = 0; i < KNOBS_SYSCTLS; i++)
        set("net.ipv4.tcp_syn_retries=2");
    cr_expect_eq(knobs_set(&knobs, "net.ipv4.tcp_sack=0", &message), -EINVAL);
    cr_assert_not_null(message);
    cr_expect(strstr(message, "net.ipv4.tcp_sack=0: at most 32 sysctls"), "%s", message);
    cr_expect_eq(knobs.n_sysctls, KNOBS_SYSCTLS);
    free(message);
}

/* --- the report --- */

static void expect_json(const char *expected)
{
    json_t *json = knobs_json(&knobs), *wanted = json_loads(expected, 0, NULL);
    char *text = json_dumps(json, JSON_COMPACT);
    cr_assert_not_null(wanted);
    cr_expect(json_equal(json, wanted), "%s", text);
    free(text);
    json_decref(json);
    json_decref(wanted);
}

Test(knobs, json_of_the_fallbacks)
{
    expect_json(
        "{\"backlog\": 4, \"clients\": 20, \"prefill\": \"limit\", \"delay_us\": 50000, "
        "\"accept_delay_us\": \"never\", \"link\": \"wire\", \"ipv6\": false, \"side\": \"both\"}");
}

Test(knobs, json_of_what_was_set)
{
    set("backlog=-1");
    set("prefill=3");
    set("somaxconn=2");
    set("delay=1.5us");
    set("accept_delay=200ms");
    set("link=loopback");
    set("ipv6=yes");
    set("side=left");
    set("net/ipv4/tcp_syn_retries = 2");
    set("net.ipv4.tcp_rmem=1  2 3");
    set("net.ipv4.tcp_sack=0");
    set("net.ipv4.tcp_sack=1"); /* the later wins */
    expect_json("{\"backlog\": -1, \"clients\": 20, \"prefill\": 3, \"somaxconn\": 2, "
                "\"delay_us\": 1.5, \"accept_delay_us\": 200000, \"link\": \"loopback\", \"ipv6\": "
                "true, \"side\": \"left\", \"net.ipv4.tcp_syn_retries\": \"2\", "
                "\"net.ipv4.tcp_rmem\": \"1 2 3\", \"net.ipv4.tcp_sack\": \"1\"}");
}
