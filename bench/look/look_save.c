#include "bench/look/look_save.h"
#include "bench/model/conditions.h"
#include "common/sysctl/sysctl.h"

#include <string.h>

/* The saved sysctls: a prediction depends on them, or they decide speed and destinations. A lab
 * cannot set a sysctl of the whole machine: its report says so where the values differ. */
static const char *const keys[] = {
#define X(field, sysctl, fresh, absent) sysctl,
    CONDITIONS(X)
#undef X
        "net.core.netdev_max_backlog",
    "net.core.rmem_max",
    "net.core.wmem_max",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_congestion_control",
    "net.ipv4.tcp_ecn",
    "net.ipv4.tcp_max_orphans",
    "net.ipv4.tcp_mem",
    "net.ipv4.tcp_moderate_rcvbuf",
    "net.ipv4.tcp_retries1",
    "net.ipv4.tcp_slow_start_after_idle"};

static json_t *sysctls(void)
{
    char value[SYSCTL_VALUE_MAX];
    json_t *json = json_object();
    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
        if (!sysctl_read(keys[i], value))
            json_object_set_new(json, keys[i], json_string(value));
    return json;
}

/* What the next start of the program does not change: no pid, no queue of this moment. */
static json_t *listeners(const json_t *report)
{
    static const char *const kept[] = {
        "address",        "port",          "program",         "unit",
        "limit",          "queue_peak",    "sharing",         "drops_in_window",
        "arrivals_per_s", "arrivals_from", "descriptors_max", NULL};
    json_t *list = json_array(), *l;
    size_t i;
    json_array_foreach(json_object_get(report, "listeners"), i, l)
    {
        json_t *one = json_object();
        for (size_t k = 0; kept[k]; k++)
            json_object_set(one, kept[k], json_object_get(l, kept[k]));
        json_array_append_new(list, one);
    }
    return list;
}

/* Counters that moved, a second. */
static json_t *rates(const json_t *report)
{
    double window_s =
        json_number_value(json_object_get(json_object_get(report, "cost"), "window_s"));
    const char *name;
    json_t *value, *json = json_object();
    json_object_foreach(json_object_get(report, "counters"), name, value)
    {
        if (window_s > 0)
            json_object_set_new(json, name, json_real(json_number_value(value) / window_s));
    }
    return json;
}

void look_save_add(json_t *head, const json_t *report)
{
    json_object_set_new(head, "sysctls", sysctls());
    json_object_set_new(head, "listeners", listeners(report));
    json_object_set_new(head, "rates_per_s", rates(report));
    json_object_set(head, "states", json_object_get(report, "states"));
    json_object_set(head, "window_s", json_object_get(json_object_get(report, "cost"), "window_s"));
}
