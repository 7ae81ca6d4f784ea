#include "server/settings.h"
#include "common/metric/thresholds.h"
#include "common/process/clock.h"
#include "common/report/document.h"
#include "common/report/terminal.h"
#include "common/sysctl/sysctl_guard.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>

static const char *const on_data_words[] = {"echo", "discard", "ignore", NULL};
static const char *const on_eof_words[] = {"close", "hold", NULL};
static const char *const close_how_words[] = {"fin", "rst", "half", NULL};

static const struct option_program settings_program = {
    .name = "tcplab-server",
    .usage = "[options]",
    .examples =
        "  tcplab-server --backlog 4 --accept-delay 5s     a queue of 5, emptied slowly\n"
        "  tcplab-server --backlog 4 --accept-delay never  a queue that only fills\n"
        "  tcplab-server --on-eof hold --sysctl net.ipv4.tcp_fin_timeout=5\n"
        "                                                  CLOSE_WAIT here, FIN_WAIT_2 there\n"
        "  tcplab-bench enter tcplab-server ...            the same in a private network, no "
        "root\n",
    .closing =
        "SIGUSR1 ends --accept-delay: from then on connections are accepted as fast as they come.\n"
        "^C ends the server: it reports, puts sysctls back and exits 0. Exit codes: 0 done, 1 "
        "failed,\n"
        "2 usage, 3 a --fail-if holds, 77 this machine cannot do it. See tcplab-server(1).\n",
};

/* A listener can hold its port in `listen` or in --port, not in both. */
static int split_listen(struct settings *s, bool port_given, char **ret_message)
{
    const char *why;
    int port;
    int r = parse_host_port(s->listen, s->host, &port, &why);
    if (r) {
        if (asprintf(ret_message,
                     "--listen %s: %s; write an address such as 127.0.0.1, ::1, or [::1]:8888",
                     s->listen, why) < 0)
            *ret_message = NULL;
        return r;
    }
    if (port >= 0 && port_given && port != s->port) {
        if (asprintf(ret_message, "--listen %s and --port %u name two ports; leave one of them out",
                     s->listen, s->port) < 0)
            *ret_message = NULL;
        return -EINVAL;
    }
    if (port >= 0)
        s->port = (uint16_t)port;
    return 0;
}

/* "DUR,EVERY" */
static int stall_parse(const char *text, struct option_row *row, const char **ret_why)
{
    const char *comma = strchr(text, ',');
    char first[64];
    struct stall stall;
    if (!comma || comma - text >= (ptrdiff_t)sizeof(first)) {
        *ret_why = "two durations are needed, with a comma between";
        return -EINVAL;
    }
    snprintf(first, sizeof(first), "%.*s", (int)(comma - text), text);
    int r = parse_duration(first, &stall.stall_ns, ret_why);
    if (!r)
        r = parse_duration(comma + 1, &stall.every_ns, ret_why);
    if (!r && (stall.stall_ns < NS_PER_US || stall.every_ns > OPTION_LONGEST_NS)) {
        *ret_why = "a stall lasts at least 1us, and comes at least each 100000h";
        r = -ERANGE;
    }
    if (!r && stall.stall_ns >= stall.every_ns) {
        *ret_why = "the stall must be shorter than the time from one to the next";
        r = -EINVAL;
    }
    if (!r)
        *(struct stall *)row->value = stall;
    return r;
}

static json_t *stall_show(const struct option_row *row)
{
    const struct stall *s = row->value;
    return s->stall_ns
               ? json_pack("{s:o, s:o}", "stall_us", document_real((double)s->stall_ns / 1e3),
                           "every_us", document_real((double)s->every_ns / 1e3))
               : json_null();
}

static const struct option_type option_stall = {"DUR,EVERY such as 200ms,2s", "", stall_parse,
                                                stall_show};

static int check_sysctls(const struct settings *s, char **ret_message)
{
    char key[SYSCTL_KEY_MAX], value[SYSCTL_VALUE_MAX];
    const char *why;
    for (size_t i = 0; i < s->sysctls.n; i++) {
        int r = sysctl_parse(s->sysctls.text[i], key, value, &why);
        if (!r)
            continue;
        if (asprintf(ret_message,
                     "--sysctl %s: %s; write KEY=VALUE, such as net.ipv4.tcp_fin_timeout=5",
                     s->sysctls.text[i], why) < 0)
            *ret_message = NULL;
        return r;
    }
    return 0;
}

static int check(struct settings *s, bool port_given, char **ret_message)
{
    static const char *const programs[] = {"server", NULL};
    if (s->user_timeout_ns != OPTION_NEVER && s->user_timeout_ns % NS_PER_MS) {
        if (asprintf(ret_message, "--user-timeout: TCP_USER_TIMEOUT counts whole milliseconds; "
                                  "write such as 1500ms") < 0)
            *ret_message = NULL;
        return -EINVAL;
    }
    int r = split_listen(s, port_given, ret_message);
    if (!r)
        r = check_sysctls(s, ret_message);
    return r ? r : thresholds_check(&s->fail_if, metric_kind_of(programs), ret_message);
}

int settings_read(int argc, char **argv, struct settings *ret, json_t **ret_json,
                  char **ret_message)
{
    *ret = (struct settings){.close_after_ns = OPTION_NEVER,
                             .user_timeout_ns = OPTION_NEVER,
                             .defer_accept_s = OPTION_NEVER,
                             .linger2_s = OPTION_NEVER,
                             .fastopen = OPTION_NEVER,
                             .ready_fd = -1};
    struct option_row rows[] = {
        {"listen", 'l', "ADDR", "127.0.0.1", "address to bind (or ADDR:PORT, [V6]:PORT)",
         &option_text, &ret->listen},
        {"port", 'p', "N", "8888", "port; 0: the kernel chooses, the report names it", &option_port,
         &ret->port},
        {"backlog", 'b', "N", "4096",
         "backlog for listen(); the report has the limit that the kernel set", &option_integer,
         &ret->backlog, INT_MIN, INT_MAX},
        {"accept-delay", 'a', "DUR|never", "0",
         "accept at most one connection each DUR, the first after one DUR", &option_duration,
         &ret->accept_delay_ns, 0, OPTION_LONGEST_NS, .word = "never"},
        {"stall", 0, "DUR,EVERY", NULL,
         "the event loops stand still for DUR, each EVERY; the first time after half of it",
         &option_stall, &ret->stall},
        {"sysctl", 0, "KEY=VALUE", NULL,
         "set a sysctl before listen(), put it back at the end; repeatable", &option_texts,
         &ret->sysctls},
        {"restore-sysctls", 0, NULL, NULL,
         "put back the sysctls that a killed run left changed, then exit", &option_flag,
         &ret->restore_sysctls},
        {"threads", 't', "N", "1", "event loops, each with its own SO_REUSEPORT listener",
         &option_count, &ret->threads, 1, 256},
        {"max-descriptors", 0, "N", NULL,
         "use at most N, and one file table; beyond that accept() fails with EMFILE", &option_count,
         &ret->max_descriptors, 1, INT_MAX},
        {"on-data", 0, "WHAT", "echo",
         "what an accepted connection does with data (ignore: never read)", &option_choice,
         &ret->on_data, .choices = on_data_words},
        {"on-eof", 0, "WHAT", "close",
         "what to do when the peer has closed; hold: stay in CLOSE_WAIT", &option_choice,
         &ret->on_eof, .choices = on_eof_words},
        {"close-after", 0, "DUR", NULL, "close each connection DUR after accept()",
         &option_duration, &ret->close_after_ns, 0, OPTION_LONGEST_NS},
        {"close-how", 0, "HOW", "fin",
         "how the server closes: close(), SO_LINGER 0, shutdown(SHUT_WR)", &option_choice,
         &ret->close_how, .choices = close_how_words},
        {"keepalive", 0, "IDLE,INTVL,COUNT", NULL,
         "SO_KEEPALIVE with these three, e.g. 2s,1s,3; no probes while data is unacknowledged",
         &option_keepalive, &ret->keepalive},
        {"user-timeout", 0, "DUR", NULL, "set TCP_USER_TIMEOUT", &option_duration,
         &ret->user_timeout_ns, NS_PER_MS, INT_MAX * NS_PER_MS},
        {"defer-accept", 0, "DUR", NULL, "set TCP_DEFER_ACCEPT", &option_seconds,
         &ret->defer_accept_s, 1, INT_MAX},
        {"fastopen", 0, "N", NULL, "set TCP_FASTOPEN: length of the fast-open queue",
         &option_integer, &ret->fastopen, 1, INT_MAX},
        {"linger2", 0, "DUR", NULL, "set TCP_LINGER2: how long an orphan stays in FIN_WAIT_2",
         &option_seconds, &ret->linger2_s, 0, INT_MAX},
        {"duration", 'd', "DUR", "forever", "end after DUR", &option_duration, &ret->duration_ns, 0,
         OPTION_LONGEST_NS, .word = "forever"},
        {"poll", 0, "auto|DUR", "auto",
         "poll for at most DUR before waiting, if that pays; 0: never", &option_duration,
         &ret->poll_ns, 0, NS_PER_S, .word = "auto"},
        {"interval", 'i', "DUR", "1s",
         "time from one status line, or interval document, to the next", &option_duration,
         &ret->interval_ns, NS_PER_MS, OPTION_LONGEST_NS},
        {"ready-fd", 0, "FD", NULL, "write a newline to FD when the server listens, then close FD",
         &option_integer, &ret->ready_fd, 3, INT_MAX},
        {"fail-if", 0, "WHAT", NULL,
         "exit 3 if this holds at the end, such as 'server.listener.drops > 0'; repeatable",
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
    r = check(ret, options_given(rows, n, "port"), ret_message);
    if (r)
        return r;
    *ret_json = options_settings(rows, n);
    return *ret_json ? 0 : -ENOMEM;
}
