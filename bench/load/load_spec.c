#include "bench/load/load_spec.h"
#include "bench/statistics/statistics.h"
#include "common/metric/thresholds.h"
#include "common/process/clock.h"
#include "common/text/parse.h"
#include "common/text/say.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const both[] = {"client", "server", NULL};
static const char *const client_only[] = {"client", NULL};

/* Without --metric. */
static const char *const sensible[] = {
    "client.rates.connects_per_s",   "client.rates.requests_per_s",
    "client.connect_latency_us.p50", "client.connect_latency_us.p99",
    "client.request_latency_us.p50", "client.request_latency_us.p99",
    "client.cpu.us_per_connection",  "server.listener.queue_peak",
    "server.listener.drops",
};

static const struct knob knobs[] = {
    KNOB_LINK("loopback"),
    KNOB_DELAY("0"),
    KNOB_IPV6,
};

size_t load_spec_rows(struct load_spec *s, const char *rounds, struct option_row *rows)
{
    const struct option_row load[LOAD_SPEC_ROWS] = {
        {"server", 0, "OPTIONS", NULL, "options of tcplab-server, in one word", &option_text,
         &s->server},
        {"client", 0, "OPTIONS", NULL,
         "options of tcplab-client, in one word (default '-w crr -c 16 -d 1s')", &option_text,
         &s->client},
        {"set", 0, "KEY=VALUE", NULL,
         "of the lab: link=loopback|wire, delay=DUR, ipv6=no|yes, or any sysctl; repeatable",
         &option_texts, &s->sets},
        {"target", 0, "HOST:PORT", NULL, "measure this server: no lab, and no tcplab-server",
         &option_text, &s->target},
        {"rounds", 'n', "N", rounds, "rounds to measure, each in a fresh lab", &option_count,
         &s->rounds, 1, STATISTICS_MOST},
        {"warm-up", 0, "DUR", "0", "the client does not count the first DUR of each round",
         &option_duration, &s->warm_up_ns, 0, 3600 * NS_PER_S},
        {"seed", 0, "N", "1", "seed of all random choices: the same seed gives the same order",
         &option_count, &s->seed, 0, INT64_MAX},
        {"metric", 'm', "PATH", NULL,
         "report this number, such as client.connect_latency_us.p99; repeatable (default: "
         "rates, latencies, CPU time, queue and drops)",
         &option_texts, &s->metrics},
        {"practical", 0, "PERCENT", "3%", "a smaller difference does not matter", &option_text,
         &s->practical_text},
        {"fail-if", 0, "WHAT", NULL,
         "exit 3 if this holds, such as 'server.listener.drops > 0'; repeatable", &option_texts,
         &s->fail_if},
    };
    memcpy(rows, load, sizeof(load));
    return LOAD_SPEC_ROWS;
}

static int read_words(const char *option, const char *text, struct load_words *ret,
                      char **ret_message)
{
    const char *why;
    int r = load_words_read(text, ret, &why);
    return r == -EINVAL ? say(ret_message, r, "--%s %s: %s", option, text, why) : r;
}

static int read_practical(struct load_spec *s, char **ret_message)
{
    char *end;
    double percent = strtod(s->practical_text, &end);
    if (end == s->practical_text || (strcmp(end, "%") && *end) || !(percent >= 0) ||
        percent >= 1000 ||
        strspn(s->practical_text, "0123456789.") != (size_t)(end - s->practical_text))
        return say(ret_message, -EINVAL, "--practical %s: write a percentage such as 3%%",
                   s->practical_text);
    s->practical = percent / 100;
    return 0;
}

static int read_target(struct load_spec *s, char **ret_message)
{
    const char *why;
    if (!s->target)
        return 0;
    int r = parse_host_port(s->target, s->target_host, &s->target_port, &why);
    if (r)
        return say(ret_message, r, "--target %s: %s; write HOST:PORT or [V6]:PORT", s->target, why);
    if (s->target_port <= 0)
        return say(ret_message, -EINVAL, "--target %s: write its port, too, as HOST:PORT",
                   s->target);
    if (s->server)
        return say(ret_message, -EINVAL,
                   "--server: with --target no tcplab-server is started; give one of the two");
    if (s->sets.n)
        return say(ret_message, -EINVAL,
                   "--set %s: with --target there is no lab, and nothing of this machine is "
                   "changed; set it on the machines themselves",
                   s->sets.text[0]);
    return 0;
}

static int read_knobs(struct load_spec *s, char **ret_message)
{
    knobs_init(&s->knobs, knobs, sizeof(knobs) / sizeof(*knobs));
    for (size_t i = 0; i < s->sets.n; i++) {
        char *why = NULL;
        int r = knobs_set(&s->knobs, s->sets.text[i], &why);
        if (r)
            say(ret_message, r, "--set %s", why ? why : s->sets.text[i]);
        free(why);
        if (r)
            return r;
    }
    return 0;
}

static int read_metrics(struct load_spec *s, char **ret_message)
{
    s->programs = s->target ? client_only : both;
    for (size_t i = 0; i < s->metrics.n; i++) {
        char *why = NULL;
        int r = metric_find(s->metrics.text[i], s->programs, NULL, &why);
        if (r)
            say(ret_message, r, "--metric: %s%s", why ? why : s->metrics.text[i],
                s->target && !strncmp(s->metrics.text[i], "server.", 7)
                    ? "; with --target there is no report of a server"
                    : "");
        free(why);
        if (r)
            return r;
        s->metric[s->n_metrics++] = s->metrics.text[i];
    }
    for (size_t i = 0; !s->metrics.n && i < sizeof(sensible) / sizeof(*sensible); i++)
        if (!s->target || strncmp(sensible[i], "server.", 7) != 0)
            s->metric[s->n_metrics++] = sensible[i];
    return 0;
}

int load_spec_check(struct load_spec *s, char **ret_message)
{
    int r = read_practical(s, ret_message);
    if (!r)
        r = read_target(s, ret_message);
    if (!r)
        r = read_words("server", s->server, &s->server_words, ret_message);
    if (!r)
        r = read_words("client", s->client, &s->client_words, ret_message);
    if (!r)
        r = read_knobs(s, ret_message);
    if (!r)
        r = read_metrics(s, ret_message);
    return r ? r : thresholds_check(&s->fail_if, metric_kind_of(s->programs), ret_message);
}

void load_spec_free(struct load_spec *s)
{
    load_words_free(&s->server_words);
    load_words_free(&s->client_words);
}
