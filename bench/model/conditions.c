#include "bench/model/conditions.h"

#include <stdio.h>
#include <string.h>

struct conditions conditions_fresh(void)
{
    return (struct conditions){.hz = 250,
#define X(field, sysctl, fresh, absent) .field = fresh,
                               CONDITIONS(X)
#undef X
    };
}

int64_t conditions_number(const char *text)
{
    long long n[3] = {0};
    return sscanf(text, "%lld %lld %lld", &n[0], &n[1], &n[2]) == 3 ? n[1] : n[0];
}

/* Without a row: an int. */
static const struct {
    const char *sysctl;
    int64_t least, most;
} limits[] = {
    {"net.core.somaxconn", 0, INT32_MAX},
    {"net.ipv4.tcp_syn_retries", 1, 127}, /* MAX_TCP_SYNCNT */
    {"net.ipv4.tcp_syn_linear_timeouts", 0, 127},
    {"net.ipv4.tcp_synack_retries", 0, 255}, /* proc_dou8vec_minmax() */
    {"net.ipv4.tcp_retries2", 0, 255},
    {"net.ipv4.tcp_orphan_retries", 0, 255},
    {"net.ipv4.tcp_keepalive_probes", 0, 255},
    {"net.ipv4.tcp_rto_max_ms", 1000, 120000},
    {"net.ipv4.tcp_rto_min_us", 1, INT32_MAX},
    {"net.ipv4.tcp_rmem", 1, INT32_MAX},
    {"net.ipv4.tcp_wmem", 1, INT32_MAX},
    {"net.ipv4.tcp_invalid_ratelimit", 0, INT32_MAX},
    {"net.ipv4.tcp_notsent_lowat", 0, UINT32_MAX},
    {"net.ipv4.tcp_min_snd_mss", 48, 65535}, /* TCP_MIN_SND_MSS, TCP_MIN_SND_MSS_MAX */
    {"net.ipv4.tcp_pingpong_thresh", 1, 255},
};

bool conditions_takes(const char *sysctl, int64_t value, int64_t *ret_least, int64_t *ret_most)
{
    bool known = false;
#define X(field, name, fresh, absent) known = known || !strcmp(sysctl, name);
    CONDITIONS(X)
#undef X
    *ret_least = known ? INT32_MIN : INT64_MIN;
    *ret_most = known ? INT32_MAX : INT64_MAX;
    for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++)
        if (!strcmp(sysctl, limits[i].sysctl)) {
            *ret_least = limits[i].least;
            *ret_most = limits[i].most;
        }
    return value >= *ret_least && value <= *ret_most;
}

void conditions_set(struct conditions *c, const char *sysctl, int64_t value)
{
#define X(field, name, fresh, absent) \
    if (!strcmp(sysctl, name))        \
        c->field = value;
    CONDITIONS(X)
#undef X
}
