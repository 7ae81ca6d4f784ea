/* Journals that are none, or somebody else's: refused as a whole, and left as they are. */
#include "tests/sysctl_lab.h"

#include <criterion/criterion.h>

TestSuite(sysctl_entries, .init = lab_start, .fini = lab_stop);

/* The text of a true journal with one thing in it replaced. */
static const struct {
    const char *old, *new;
} spoilt[] = {
    {"{", ""},
    {"{", "["},
    {"tcplab.sysctls/1", "tcplab.sysctls/2"},
    {"\"boot_id\": \"", "\"boot_id\": \"0"},
    {"\"netns\": \"", "\"netns\": \"9"},
    {"\"netns\"", "\"netnt\""},
    {"\"next_owner\": 2", "\"next_owner\": 1"},
    {"\"next_owner\": 2", "\"next_owner\": -1"},
    {"\"next_owner\": 2", "\"next_owner\": \"2\""},
    {"\"next_owner\": 2", "\"next_owner\": 2, \"next_owner\": 2"},
    {"\"next_owner\": 2", "\"next_owner\": 2, \"more\": 2"},
    {"\"owner\": 1", "\"owner\": 0"},
    {"\"owner\": 1", "\"owner\": 1.5"},
    {"\"owner\": 1", "\"owner\": 99999999999999999999"},
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
    {"\"set\"", "\"replaced\": 7, \"set\""},
    {"\"set\"", "\"replaced\": \"\\n\", \"set\""},
};

static void spoil(char *text, size_t size, const char *whole, size_t i)
{
    const char *at = strstr(whole, spoilt[i].old);
    cr_assert(at, "%s", spoilt[i].old);
    snprintf(text, size, "%.*s%s%s", (int)(at - whole), whole, spoilt[i].new, at + strlen(spoilt[i].old));
}

static void assert_refused(const char *name, const char *path, const char *text)
{
    struct sysctl_guard *g = lab_guard();
    char now[SYSCTL_VALUE_MAX];
    int journal_failed = 0;
    lab_make_file(name, text);
    cr_assert_eq(sysctl_guard_recover(g, NULL, NULL), -EBADMSG, "%s", text);
    cr_assert_eq(sysctl_guard_set(g, ORPHAN, "3", now, &journal_failed), -EBADMSG, "%s", text);
    cr_assert_eq(journal_failed, 1);
    cr_assert_str_eq(sysctl_guard_path(g), path, "what the user is to look at");
    cr_assert_eq(sysctl_guard_restore(g), 0, "nothing to restore");
    sysctl_guard_free(g);
    cr_assert_str_eq(lab_read_whole(path), text, "not left as it was");
    assert_value(FIN, "7");
    assert_value(ORPHAN, "0");
}

Test(sysctl_entries, spoilt_journal_is_left_alone)
{
    char path[512], whole[8192], text[16384];
    lab_leave_behind(FIN, "7");
    cr_assert(lab_find_file(".json", path));
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
