#include "client/settings.h"
#include "common/metric/thresholds.h"
#include "common/process/clock.h"
#include "common/report/terminal.h"
#include "common/text/say.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <sys/random.h>

static const char *const workload_words[] = {"hold", "echo", "crr", "cc", NULL};
static const char *const close_words[] = {"fin", "rst", "half", "none", "early", NULL};

static const struct option_program settings_program = {
    .name = "tcplab-client",
    .usage = "[options] [HOST[:PORT]]   (default 127.0.0.1:8888)",
    .examples =
        "  tcplab-client -c 10000                  connect 10,000 times, say what became of each\n"
        "  tcplab-client -c 30 -T 20s              ... and wait up to 20 s for each\n"
        "  tcplab-client -w crr -c 16 -d 3s        connect, request, reply, close, over and over\n"
        "  tcplab-client -w echo -c 100 -r 50      100 connections, 50 new ones a second\n"
        "  tcplab-client -c 100k                   more than one address or file table has room "
        "for\n",
    .closing = "Workloads: hold: connect and keep; echo: request and response over and over; crr: "
               "connect, one\n"
               "request and response, close, again; cc: connect, close, again.\n"
               "^C ends the client: it reports and exits 0. Exit codes: 0 done, 1 failed, 2 usage, "
               "3 a\n"
               "--fail-if holds, 77 this machine cannot do it. See tcplab-client(1).\n",
    .operands_max = 1,
};

/* --- --arrivals and --ramp --- */

static int arrivals_parse(const char *text, struct option_row *row, const char **ret_why)
{
    struct arrivals_shape *shape = row->value;
    uint64_t burst;
    if (!strcmp(text, "even") || !strcmp(text, "poisson")) {
        shape->kind = text[0] == 'e' ? ARRIVALS_EVEN : ARRIVALS_POISSON;
        return 0;
    }
    if (strncmp(text, "burst:", 6)) {
        *ret_why = "no such kind of arrivals";
        return -EINVAL;
    }
    int r = parse_count(text + 6, &burst, ret_why);
    if (r)
        return r;
    if (burst < 1 || burst > 1000000000) {
        *ret_why = "a burst has from 1 to 1000000000 starts";
        return -ERANGE;
    }
    shape->kind = ARRIVALS_BURST;
    shape->burst = burst;
    return 0;
}

static json_t *arrivals_show(const struct option_row *row)
{
    const struct arrivals_shape *shape = row->value;
    return shape->kind == ARRIVALS_BURST
               ? json_sprintf("burst:%llu", (unsigned long long)shape->burst)
               : json_string(shape->kind == ARRIVALS_EVEN ? "even" : "poisson");
}

static const struct option_type option_arrivals = {"even, poisson or burst:N such as burst:50", "",
                                                   arrivals_parse, arrivals_show};

/* "FROM..TO" */
static int ramp_parse(const char *text, struct option_row *row, const char **ret_why)
{
    struct arrivals_shape *shape = row->value;
    const char *dots = strstr(text, "..");
    char from_text[64];
    uint64_t from, to;
    if (!dots || dots - text >= (ptrdiff_t)sizeof(from_text)) {
        *ret_why = "two rates are needed, with .. between";
        return -EINVAL;
    }
    snprintf(from_text, sizeof(from_text), "%.*s", (int)(dots - text), text);
    int r = parse_rate(from_text, &from, ret_why);
    if (!r)
        r = parse_rate(dots + 2, &to, ret_why);
    if (!r && !from && !to) {
        *ret_why = "one of the two rates must be above 0";
        r = -ERANGE;
    }
    if (r)
        return r;
    shape->from = (double)from / 1e6;
    shape->to = (double)to / 1e6;
    return 0;
}

static json_t *ramp_show(const struct option_row *row)
{
    const struct arrivals_shape *shape = row->value;
    return row->given ? json_pack("{s:f, s:f}", "from_per_s", shape->from, "to_per_s", shape->to)
                      : json_null();
}

static const struct option_type option_ramp = {"FROM..TO such as 100..5k", "", ramp_parse,
                                               ramp_show};

/* Computes the schedule from its options. Without --seed the seed is random, so that several
 * clients do not start at the same moments; the report shows it. */
static void schedule(struct settings *s, double rate, bool ramped, bool seeded)
{
    uint32_t drawn;
    s->scheduled = rate > 0 || ramped;
    if (rate > 0)
        s->arrivals.from = s->arrivals.to = rate;
    if (ramped)
        s->arrivals.ramp_ns = s->duration_ns;
    if (!seeded && getrandom(&drawn, sizeof(drawn), 0) == sizeof(drawn))
        s->arrivals.seed = drawn;
}

static int check_schedule(const struct settings *s, double rate, const struct option_row *rows,
                          size_t n, char **ret_message)
{
    bool ramped = options_given(rows, n, "ramp");
    if (ramped && rate > 0)
        return say(ret_message, -EINVAL,
                   "--ramp has the rates of the starts, and so has --rate; give one of the two");
    if (ramped && s->every_ns)
        return say(ret_message, -EINVAL,
                   "--ramp rises over the time of -d, which --every needs for its requests; give "
                   "one of the two");
    if (ramped && s->workload == WORKLOAD_HOLD && !options_given(rows, n, "duration"))
        return say(ret_message, -EINVAL, "--ramp: over which time? Add it, such as -d 10s");
    if (!ramped && rate <= 0 && options_given(rows, n, "arrivals"))
        return say(ret_message, -EINVAL,
                   "--arrivals spreads the starts of --rate or --ramp; add one, such as -r 1000");
    if (s->arrivals.kind != ARRIVALS_POISSON && options_given(rows, n, "seed"))
        return say(ret_message, -EINVAL,
                   "--seed draws the starts of --arrivals poisson; with %s nothing is drawn",
                   s->arrivals.kind == ARRIVALS_EVEN ? "even" : "burst");
    return 0;
}

static int target(struct settings *s, const char *text, char **ret_message)
{
    const char *why;
    int port;
    int r = parse_host_port(text, s->host, &port, &why);
    if (r)
        return say(ret_message, r, "%s: %s; write HOST, HOST:PORT or [V6]:PORT", text, why);
    if (port == 0)
        return say(ret_message, -EINVAL, "%s: nobody listens on port 0; write the server's port",
                   text);
    s->port = port < 0 ? 8888 : (uint16_t)port;
    s->target = text;
    return 0;
}

static int sources(struct settings *s, char **ret_message)
{
    const char *why;
    for (size_t i = 0; i < s->source_texts.n; i++) {
        int r = parse_network(s->source_texts.text[i], &s->sources[i], &why);
        if (r)
            return say(ret_message, r, "--source %s: %s; write ADDR or ADDR/LEN, such as %s",
                       s->source_texts.text[i], why,
                       strchr(s->source_texts.text[i], ':') ? "fd00::/120 or fe80::1%eth0"
                                                            : "127.0.0.0/24");
        if (s->sources[i].family != s->sources[0].family)
            return say(ret_message, -EINVAL,
                       "--source %s: IPv4 and IPv6 sources do not mix; run one client for each",
                       s->source_texts.text[i]);
    }
    s->n_sources = s->source_texts.n;
    return 0;
}

/* What -n and -d are when not given depends on the workload. */
static void defaults(struct settings *s, bool total_given, bool duration_given)
{
    bool repeats = s->workload == WORKLOAD_CRR || s->workload == WORKLOAD_CC;
    if (!total_given)
        s->total = repeats ? SETTINGS_UNLIMITED : s->connections;
    s->duration_given = duration_given;
    if (!duration_given)
        s->duration_ns = s->workload == WORKLOAD_HOLD ? OPTION_NEVER : 10 * NS_PER_S;
    if (s->warm_up_ns) /* the default if the workload is not hold */
        s->duration_ns += s->warm_up_ns;
}

static int check(const struct settings *s, double rate, const struct option_row *rows, size_t n,
                 char **ret_message)
{
    if (s->threads > s->connections)
        return say(ret_message, -EINVAL,
                   "-t %llu: more threads than the %llu connections of -c; use fewer threads",
                   (unsigned long long)s->threads, (unsigned long long)s->connections);
    if (s->hold_ns && s->workload != WORKLOAD_HOLD)
        return say(ret_message, -EINVAL, "--hold is for -w hold; with -w %s the run lasts -d",
                   workload_words[s->workload]);
    if (options_given(rows, n, "size") &&
        (s->workload == WORKLOAD_HOLD || s->workload == WORKLOAD_CC))
        return say(ret_message, -EINVAL, "--size is for -w echo and -w crr; -w %s sends nothing",
                   workload_words[s->workload]);
    if (s->every_ns && s->workload != WORKLOAD_ECHO)
        return say(ret_message, -EINVAL, "--every is for -w echo; with -w %s there is %s",
                   workload_words[s->workload],
                   s->workload == WORKLOAD_CRR ? "one request a connection" : "no request");
    if (s->every_ns && options_given(rows, n, "total") && s->total != s->connections)
        return say(
            ret_message, -EINVAL,
            "-n %llu: --every opens the %llu connections of -c and keeps them; leave -n away",
            (unsigned long long)s->total, (unsigned long long)s->connections);
    if (s->reuse && s->workload != WORKLOAD_CRR && s->workload != WORKLOAD_CC)
        return say(ret_message, -EINVAL,
                   "--reuse is for -w crr and -w cc; with -w %s a connection has no successor",
                   workload_words[s->workload]);
    if (s->reuse && s->close_how != CLOSE_RST)
        return say(ret_message, -EINVAL,
                   "--reuse ends a connection with a RST, never with a FIN; add --close "
                   "rst if that is meant");
    if (s->reuse && (rate > 0 || options_given(rows, n, "ramp")))
        return say(ret_message, -EINVAL,
                   "--reuse connects again at once, --%s on a schedule; give one of the two",
                   rate > 0 ? "rate" : "ramp");
    if (s->close_how == CLOSE_EARLY && s->workload != WORKLOAD_CRR)
        return say(ret_message, -EINVAL,
                   "--close early is for -w crr, where a connection has one request; with "
                   "-w %s write fin, rst, half or none",
                   workload_words[s->workload]);
    if (s->user_timeout_ns != OPTION_NEVER && s->user_timeout_ns % NS_PER_MS)
        return say(
            ret_message, -EINVAL,
            "--user-timeout: TCP_USER_TIMEOUT counts whole milliseconds; write such as 1500ms");
    if (s->log_connections && !s->json && !s->jsonl)
        return say(
            ret_message, -EINVAL,
            "--log-connections: the log is a part of the report document; add --json or --jsonl");
    if (s->warm_up_ns && (s->workload == WORKLOAD_HOLD || s->every_ns))
        return say(ret_message, -EINVAL,
                   "--warm-up is for -w echo, crr and cc without --every, which do the same over "
                   "and over; leave it out");
    if (s->warm_up_ns && options_given(rows, n, "ramp"))
        return say(ret_message, -EINVAL,
                   "--warm-up: --ramp has no time in which the load is the same; give one of the "
                   "two");
    return check_schedule(s, rate, rows, n, ret_message);
}

/* A condition on a percentile that the report does not have could never hold. */
static int check_percentile(const struct settings *s, const char *text, char **ret_message)
{
    static const char *const programs[] = {"client", NULL};
    struct threshold t;
    struct percentiles asked;
    const char *why;
    int r = threshold_read(text, metric_kind_of(programs), &t, ret_message);
    char *digits = r ? NULL : strstr(t.metric, "_us.p");
    if (!digits)
        return r;
    digits += strlen("_us.p");
    for (char *dot = strchr(digits, '_'); dot; dot = strchr(dot, '_'))
        *dot = '.';
    for (size_t i = 0; !parse_percentiles(digits, &asked, &why) && i < s->percentiles.n; i++)
        if (s->percentiles.millionths[i] == asked.millionths[0])
            return 0;
    return say(ret_message, -EINVAL,
               "--fail-if %s: the report has no %sth percentile; name it in --percentiles", text,
               digits);
}

static int check_thresholds(const struct settings *s, char **ret_message)
{
    static const char *const programs[] = {"client", NULL};
    int r = thresholds_check(&s->fail_if, metric_kind_of(programs), ret_message);
    for (size_t i = 0; i < s->fail_if.n && !r; i++)
        r = check_percentile(s, s->fail_if.text[i], ret_message);
    return r;
}

/* The settings in the report have the values in force, including defaults that depend on the
 * workload. */
static json_t *settings_json(const struct settings *s, const struct option_row *rows, size_t n)
{
    json_t *json = options_settings(rows, n);
    json_object_set_new(json, "host", json_string(s->host));
    json_object_set_new(json, "port", json_integer(s->port));
    json_object_set_new(json, "seed",
                        s->scheduled && s->arrivals.kind == ARRIVALS_POISSON
                            ? json_integer((json_int_t)s->arrivals.seed)
                            : json_null());
    json_object_set_new(json, "total",
                        s->total == SETTINGS_UNLIMITED ? json_null()
                                                       : json_integer((json_int_t)s->total));
    json_object_set_new(json, "duration_us",
                        s->duration_ns == OPTION_NEVER
                            ? json_null()
                            : json_integer((s->duration_ns - s->warm_up_ns) / NS_PER_US));
    return json;
}

int settings_read(int argc, char **argv, struct settings *ret, json_t **ret_json,
                  char **ret_message)
{
    *ret = (struct settings){
        .duration_ns = OPTION_NEVER, .user_timeout_ns = OPTION_NEVER, .ready_fd = -1};
    double rate = 0;
    struct option_row rows[] = {
        {"connections", 'c', "N", "100", "connections at once", &option_count, &ret->connections, 1,
         INT64_MAX},
        {"total", 'n', "N", NULL,
         "connections in all (default: as many as -c; for crr and cc as many as fit into -d)",
         &option_count, &ret->total, 1, INT64_MAX},
        {"rate", 'r', "N", "0",
         "new connections a second, on a fixed schedule, may be below 1; 0: as fast as possible",
         &option_rate, &rate},
        {"arrivals", 0, "even|poisson|burst:N", "even",
         "how --rate spreads the starts: evenly, at random, or N at once", &option_arrivals,
         &ret->arrivals},
        {"seed", 0, "N", NULL,
         "seed of --arrivals poisson: the same seed gives the same times (default: random)",
         &option_count, &ret->arrivals.seed, 0, INT64_MAX},
        {"ramp", 0, "FROM..TO", NULL, "instead of --rate: a rate that changes evenly over -d",
         &option_ramp, &ret->arrivals},
        {"duration", 'd', "DUR", NULL, "how long to run (default: 10s; hold: until all is settled)",
         &option_duration, &ret->duration_ns, NS_PER_MS, OPTION_LONGEST_NS},
        {"warm-up", 0, "DUR", "0",
         "run the same load before -d without counting it (echo, crr, cc)", &option_duration,
         &ret->warm_up_ns, 0, OPTION_LONGEST_NS},
        {"workload", 'w', "WHAT", "hold", "what each connection does, see below", &option_choice,
         &ret->workload, .choices = workload_words},
        {"size", 's', "BYTES", "64", "request size (echo, crr)", &option_size, &ret->size, 1,
         1 << 30},
        {"connect-timeout", 'T', "DUR", "10s", "after this time an attempt counts as timed out",
         &option_duration, &ret->connect_timeout_ns, NS_PER_US, OPTION_LONGEST_NS},
        {"hold", 0, "DUR", "0",
         "how long connections stay open after every attempt is settled (hold)", &option_duration,
         &ret->hold_ns, 0, OPTION_LONGEST_NS},
        {"close", 0, "HOW", "fin",
         "fin: close(); rst: close() with SO_LINGER 0; half: shutdown(SHUT_WR), close() at the end "
         "of the run; none: open to the end of the run; early: shutdown(SHUT_WR) after the "
         "request, close() after the peer's FIN (crr)",
         &option_choice, &ret->close_how, .choices = close_words},
        {"every", 0, "DUR", "0",
         "open all connections, then send a request on each of them every DUR (echo)",
         &option_duration, &ret->every_ns, 0, OPTION_LONGEST_NS},
        {"reuse", 0, NULL, NULL,
         "with --close rst: disconnect each socket and connect it again (crr, cc)", &option_flag,
         &ret->reuse},
        {"threads", 't', "N", "1", "event loops", &option_count, &ret->threads, 1, 256},
        {"source", 0, "ADDR[/LEN]", NULL,
         "connect from this address, or from each address of this network; repeatable",
         &option_texts, &ret->source_texts},
        {"keepalive", 0, "IDLE,INTVL,COUNT", NULL,
         "set SO_KEEPALIVE with these values, such as 2s,1s,3", &option_keepalive, &ret->keepalive},
        {"user-timeout", 0, "DUR", NULL, "set TCP_USER_TIMEOUT", &option_duration,
         &ret->user_timeout_ns, NS_PER_MS, INT_MAX * NS_PER_MS},
        {"start-at", 0, "UNIX_TIME", NULL,
         "begin at this moment, in seconds since 1970 (several hosts together)", &option_unix_time,
         &ret->start_at_ns},
        {"poll", 0, "auto|DUR", "auto",
         "poll for at most DUR before waiting, if that pays; 0: never", &option_duration,
         &ret->poll_ns, 0, NS_PER_S, .word = "auto"},
        {"interval", 'i', "DUR", "1s",
         "time from one progress line, or interval document, to the next", &option_duration,
         &ret->interval_ns, NS_PER_MS, OPTION_LONGEST_NS},
        {"percentiles", 0, "LIST", "50,90,99,99.9", "percentiles of the latencies in the report",
         &option_percentiles, &ret->percentiles},
        {"ready-fd", 0, "FD", NULL, "write a newline to FD before the first SYN, then close FD",
         &option_integer, &ret->ready_fd, 3, INT_MAX},
        {"log-connections", 0, NULL, NULL, "list each attempt in the JSON report: connection_log",
         &option_flag, &ret->log_connections},
        {"fail-if", 0, "WHAT", NULL,
         "exit 3 if this holds at the end, such as 'client.connections.reset > 0'; repeatable",
         &option_texts, &ret->fail_if},
        {"print-settings", 0, NULL, NULL, "check the options, print all settings as JSON, and exit",
         &option_flag, &ret->print_settings},
        {"json", 'J', "[=FILE]", NULL, "write the report as one JSON document", &option_file,
         &ret->json},
        {"jsonl", 0, "[=FILE]", NULL, "write ready, interval and report documents, one a line",
         &option_file, &ret->jsonl},
        {"metrics", 0, "FILE", NULL, "write OpenMetrics text at the start, each -i and at the end",
         &option_text, &ret->metrics},
        {"color", 0, "WHEN", "auto", "colour on stdout", &option_choice, &ret->color,
         .choices = terminal_color_words},
    };
    const size_t n = sizeof(rows) / sizeof(*rows);
    char **operands;
    int n_operands;

    int r =
        options_read(rows, n, &settings_program, argc, argv, &operands, &n_operands, ret_message);
    if (r)
        return r;
    r = target(ret, n_operands ? operands[0] : "127.0.0.1:8888", ret_message);
    if (!r)
        r = sources(ret, ret_message);
    if (!r)
        r = check(ret, rate, rows, n, ret_message);
    if (!r)
        r = check_thresholds(ret, ret_message);
    if (r)
        return r;
    defaults(ret, options_given(rows, n, "total"), options_given(rows, n, "duration"));
    schedule(ret, rate, options_given(rows, n, "ramp"), options_given(rows, n, "seed"));
    *ret_json = settings_json(ret, rows, n);
    return *ret_json ? 0 : -ENOMEM;
}
