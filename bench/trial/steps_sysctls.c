#include "bench/trial/steps_inside.h"
#include "common/process/exit_code.h"
#include "common/sysctl/sysctl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void step_set(struct trial *t, enum side side, const char *key, const char *value)
{
    char now[SYSCTL_VALUE_MAX];
    if (t->failure)
        return;
    int r = host_enter(step_host(t, side));
    if (!r)
        r = sysctl_write(key, value);
    if (!r)
        r = sysctl_read(key, now);
    if (r == -ENOENT)
        step_fail(t, EXIT_CODE_CANNOT,
                  "this kernel has no sysctl %s, or none that belongs to a network namespace", key);
    else if (r == -EINVAL)
        step_fail(t, EXIT_CODE_USAGE, "%s=%s: the kernel refuses that value", key, value);
    else if (r == -EACCES || r == -EPERM || r == -EROFS)
        step_fail(t, EXIT_CODE_CANNOT,
                  "%s cannot be written in a private network (%s): it is the whole machine's", key,
                  strerror(-r));
    else if (r)
        step_fail(t, EXIT_CODE_FAILED, "%s=%s: %s", key, value, strerror(-r));
    else if (!sysctl_same(now, value))
        step_fail(t, EXIT_CODE_USAGE,
                  "%s=%s: the kernel made it %s; write a value that it takes as it is", key, value,
                  now);
    else
        json_object_set_new(t->sysctls, key, json_string(now));
}

/* "40000-40010,40020" */
static int64_t listed_ports(const char *list, int64_t low, int64_t high)
{
    int64_t n = 0;
    while (*list >= '0' && *list <= '9') {
        char *end;
        long first = strtol(list, &end, 10), last = *end == '-' ? strtol(end + 1, &end, 10) : first;
        int64_t from = first > low ? first : low, to = last < high ? last : high;
        n += from <= to ? to - from + 1 : 0;
        list = *end == ',' ? end + 1 : end;
    }
    return n;
}

/* *ret_low to *ret_high is the range; false: it could not be read. */
static bool read_ports(struct trial *t, enum side side, int64_t *ret_low, int64_t *ret_high,
                       char *reserved)
{
    char range[SYSCTL_VALUE_MAX];
    long long low, high;
    if (t->failure || host_enter(step_host(t, side)) ||
        sysctl_read("net.ipv4.ip_local_port_range", range) ||
        sscanf(range, "%lld %lld", &low, &high) != 2 ||
        sysctl_read("net.ipv4.ip_local_reserved_ports", reserved))
        return false;
    *ret_low = low;
    *ret_high = high;
    return true;
}

/* In a range that the experiment has just set. */
static void check_reserved(struct trial *t, enum side side)
{
    char reserved[SYSCTL_VALUE_MAX];
    int64_t low, high;
    if (read_ports(t, side, &low, &high, reserved) && listed_ports(reserved, low, high))
        step_fail(t, EXIT_CODE_USAGE,
                  "net.ipv4.ip_local_reserved_ports=%s: %s sets net.ipv4.ip_local_port_range to "
                  "%lld %lld by itself, and needs all of it; leave it out",
                  reserved, t->experiment->name, (long long)low, (long long)high);
}

void step_set_own(struct trial *t, enum side side, const char *key, const char *value)
{
    char given[SYSCTL_KEY_MAX], ignored[SYSCTL_VALUE_MAX];
    const char *why;
    for (size_t i = 0; i < t->knobs->n_sysctls; i++)
        if (!sysctl_parse(t->knobs->sysctl[i], given, ignored, &why) && !strcmp(given, key))
            step_fail(t, EXIT_CODE_USAGE,
                      "%s: %s sets this sysctl by itself, as its knobs say; leave it out",
                      t->knobs->sysctl[i], t->experiment->name);
    t->few_ports = t->few_ports || !strcmp(key, "net.ipv4.ip_local_port_range");
    step_set(t, side, key, value);
    if (!strcmp(key, "net.ipv4.ip_local_port_range"))
        check_reserved(t, side);
}

int64_t step_ports(struct trial *t, enum side side)
{
    char reserved[SYSCTL_VALUE_MAX];
    int64_t low, high;
    if (!read_ports(t, side, &low, &high, reserved))
        return 0;
    return high - low + 1 - listed_ports(reserved, low, high);
}

void step_fail_without_port(struct trial *t, enum side side)
{
    char reserved[SYSCTL_VALUE_MAX];
    int64_t low, high;
    if (!read_ports(t, side, &low, &high, reserved))
        return;
    step_fail(t, EXIT_CODE_USAGE,
              "net.ipv4.ip_local_port_range=%lld %lld%s%s leaves %lld port%s, and %s opens more "
              "connections; write a larger range%s",
              (long long)low, (long long)high,
              *reserved ? " with net.ipv4.ip_local_reserved_ports=" : "", reserved,
              (long long)step_ports(t, side), step_ports(t, side) == 1 ? "" : "s",
              t->experiment->name, *reserved ? ", or reserve fewer" : "");
}
