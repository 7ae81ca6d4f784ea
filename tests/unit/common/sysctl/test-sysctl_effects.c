/* Knobs that may be set outside of a private network are put back whole: here each one of a
 * namespace gets another value and its own again, and meanwhile no other sysctl, no address and
 * no route may differ; afterwards nothing at all. */
#include "tests/lib/sysctl_lab.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <sys/resource.h>

#define KNOBS_MAX 4096

TestSuite(sysctl_effects, .init = lab_start, .fini = lab_stop);

/* Its file stays open: each of them is read again and again. */
static struct knob {
    int fd;
    char key[SYSCTL_KEY_MAX], value[SYSCTL_VALUE_MAX];
} knobs[KNOBS_MAX];
static size_t n_knobs;
static char network[1 << 16];

static void read_knob(const struct knob *k, char value[static SYSCTL_VALUE_MAX])
{
    ssize_t n = pread(k->fd, value, SYSCTL_VALUE_MAX - 1, 0);
    value[n > 0 ? n : 0] = '\0';
    value[strcspn(value, "\n")] = '\0';
}

static int note_knob(const char *path, const struct stat *st, int type, struct FTW *at)
{
    struct knob *k = &knobs[n_knobs];
    if (type != FTW_F || strlen(path) >= sizeof("/proc/sys/") + SYSCTL_KEY_MAX - 1)
        return 0;
    cr_assert_lt(n_knobs, (size_t)KNOBS_MAX);
    k->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (k->fd < 0)
        return 0;
    strcpy(k->key, path + strlen("/proc/sys/"));
    for (char *c = k->key; *c; c++)
        *c = *c == '/' ? '.' : *c;
    read_knob(k, k->value);
    n_knobs++;
    return 0;
}

static void read_network(char text[static sizeof(network)])
{
    FILE *ip = popen("ip -o addr; ip route show table all; ip -6 route show table all", "re");
    size_t n = ip ? fread(text, 1, sizeof(network) - 1, ip) : 0;
    text[n] = '\0';
    cr_assert(ip && pclose(ip) == 0 && n > 0);
}

/* base_reachable_time is base_reachable_time_ms in seconds. */
static bool is_alias(const char *coarse, const char *key)
{
    size_t n = strlen(coarse);
    return strncmp(key, coarse, n) == 0 &&
           (strcmp(key + n, "_ms") == 0 || strcmp(key + n, "_bytes") == 0);
}

/* How many differ from what was read at first. While `set` is in force (NULL: nothing is), it
 * and its alias may. */
static int count_others(const char *key, const char *set)
{
    static char text[sizeof(network)];
    char now[SYSCTL_VALUE_MAX];
    int others = 0;
    for (struct knob *k = knobs; k < knobs + n_knobs; k++) {
        read_knob(k, now);
        if (strcmp(now, k->value) == 0 ||
            (set && (strcmp(k->key, key) == 0 || is_alias(k->key, key))))
            continue;
        cr_log_error("%s, %s: %s is %s, not %s", key, set ? set : "put back", k->key, now,
                     k->value);
        others++;
        if (!set)
            strcpy(k->value, now); /* told once */
    }
    read_network(text);
    if (strcmp(text, network) != 0) {
        cr_log_error("%s, %s:\n%s\nnot\n%s", key, set ? set : "put back", text, network);
        others++;
        if (!set)
            strcpy(network, text);
    }
    return others;
}

/* The n-th value to try in its place: each number of it plus or minus something, or a word. */
static bool another_value(const char *value, int n, char other[static SYSCTL_VALUE_MAX])
{
    static const long long steps[] = {1, -1, 3, 100};
    static const char *const words[] = {"reno", "0", "1", "9000",
                                        "01020304-05060708-090a0b0c-0d0e0f10"};
    size_t length = 0;
    if (n >= (int)(sizeof(steps) / sizeof(*steps))) {
        n -= (int)(sizeof(steps) / sizeof(*steps));
        if (n >= (int)(sizeof(words) / sizeof(*words)))
            return false;
        strcpy(other, words[n]);
        return true;
    }
    other[0] = '\0';
    for (const char *at = value; *at;) {
        char *end;
        long long number = strtoll(at, &end, 10);
        if (end == at || length > SYSCTL_VALUE_MAX - 24)
            return true;
        length +=
            (size_t)sprintf(other + length, "%lld%s", number + steps[n], *end == '\t' ? "\t" : "");
        at = end + (*end == '\t');
    }
    return true;
}

static int try_knob(const char *key, const char *value, int *tried)
{
    char other[SYSCTL_VALUE_MAX];
    for (int n = 0; another_value(value, n, other); n++) {
        struct sysctl_guard *g = lab_guard();
        if (strcmp(other, value) == 0 || sysctl_side_effect(key, other) ||
            lab_set(g, key, other) != 0) {
            lab_free(g);
            continue;
        }
        int others = count_others(key, other);
        cr_assert_eq(lab_restore(g), 0, "%s", key);
        lab_free(g);
        ++*tried;
        return others + count_others(key, NULL);
    }
    return 0;
}

Test(sysctl_effects, all_that_may_be_set_outside_is_put_back_whole)
{
    int others = 0, tried = 0;
    if (system("ip link set lo up && ip link add d0 type veth peer name d1 && sysctl -qw "
               "net.ipv6.conf.d0.accept_dad=0 net.ipv6.conf.d1.accept_dad=0 && ip link set d0 up "
               "&& ip link set d1 up && ip addr add 192.0.2.1/24 dev d0 && ip addr add "
               "2001:db8::1/64 dev d0 nodad && ip addr add 2001:db8:1::1/64 dev d1 nodad && ip "
               "route add default via 192.0.2.2 && ip -6 route add default via 2001:db8::2 && "
               "sysctl -qw net.ipv4.conf.d1.forwarding=1 net.ipv6.conf.d1.forwarding=1 2>&1") != 0)
        lab_skip("no pair of interfaces can be made here");
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    cr_assert_eq(nftw("/proc/sys/net/core", note_knob, 16, 0), 0);
    cr_assert_eq(nftw("/proc/sys/net/ipv4", note_knob, 16, 0), 0);
    cr_assert_eq(nftw("/proc/sys/net/ipv6", note_knob, 16, 0), 0);
    read_network(network);
    /* "lo" and the other end have the same knobs as d0. */
    for (struct knob *k = knobs; k < knobs + n_knobs; k++)
        if (!strstr(k->key, ".lo.") && !strstr(k->key, ".d1."))
            others += try_knob(k->key, k->value, &tried);
    cr_log_info("%d of %zu knobs tried", tried, n_knobs);
    cr_assert_geq(tried, 200, "only %d of %zu knobs tried", tried, n_knobs);
    cr_assert_eq(others, 0);
}
