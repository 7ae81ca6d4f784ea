/* tcplab-look: what is wrong with the TCP listeners of this host, and what to change. Reads, never
 * writes; needs no right. */
#include "bench/look/everywhere.h"
#include "bench/look/look_document.h"
#include "bench/look/look_save.h"
#include "common/kernel/tally.h"
#include "common/metric/thresholds.h"
#include "common/options/options.h"
#include "common/process/clock.h"
#include "common/process/exit_code.h"
#include "common/report/page.h"
#include "common/report/program.h"
#include "common/report/replaced_file.h"
#include "common/report/terminal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define WATCH_COST_PARTS 100 /* --watch takes one part in so many of the time */

struct settings {
    int64_t for_ns, interval_ns;
    bool watch, states, peers, all_netns;
    struct option_texts fail_if;
    const char *json, *metrics, *save;
    int color;
    uint16_t port; /* of --peers; 0: all */
};

static const struct option_program program = {
    .name = "tcplab-look",
    .usage = "[options] [PORT]",
    .examples =
        "  tcplab-look                          one second, all listeners, what is wrong\n"
        "  tcplab-look --for 60s --json=l.json  a minute, for a script\n"
        "  tcplab-look --watch                  again and again, until ^C\n"
        "  tcplab-look --all-netns              as root: containers and pods, too\n"
        "  tcplab-look --for 60s --save web.json for tcplab-bench run NAME --like web.json\n"
        "  tcplab-look --states                 sockets by state\n"
        "  tcplab-look --peers 443              who is connected to port 443\n",
    .closing = "Reads only; needs no root: without it, programs of other users are not named.\n"
               "Exit codes: 0 no listener drops, 1 failed, 2 usage, 3 a listener drops now, or a "
               "--fail-if holds,\n77 this kernel does not tell.\n",
    .operands_max = 1,
};

/* PORT goes with --peers. */
static int read_port(char **operands, int n, struct settings *s, char **ret_message)
{
    char *end;
    if (!n)
        return 0;
    unsigned long port = strtoul(operands[0], &end, 10);
    if (s->peers && !*end && port > 0 && port <= UINT16_MAX) {
        s->port = (uint16_t)port;
        return 0;
    }
    if (asprintf(ret_message,
                 s->peers ? "%s: not a port; give a number from 1 to 65535"
                          : "%s: a port goes with --peers only; without it all listeners "
                            "are shown, as ss -ltn lists them",
                 operands[0]) < 0)
        *ret_message = NULL;
    return -EINVAL;
}

static const char *const metric_keys[] = {"drops_in_window", "queue",     "queue_peak",
                                          "oldest_wait_us",  "half_open", "full_part",
                                          "drops",           NULL};

/* A figure of a listener. */
static int find_figure(const char *path, const void *keys, struct metric *ret, char **ret_message)
{
    const char *const *key = keys;
    for (; *key; key++)
        if (!strcmp(path, *key)) {
            *ret = (struct metric){.unit = strstr(path, "_us") ? METRIC_US : METRIC_COUNT};
            return 0;
        }
    if (asprintf(ret_message,
                 "a listener has no figure %s; it has drops_in_window, queue, queue_peak, "
                 "oldest_wait_us, half_open, full_part and drops",
                 path) < 0)
        *ret_message = NULL;
    return -ENOENT;
}

static const struct metric_kind figures = {
    .find = find_figure, .context = metric_keys, .example = "oldest_wait_us > 50ms"};

static int read_settings(int argc, char **argv, struct settings *s, json_t **ret_json,
                         char **ret_message)
{
    struct option_row rows[] = {
        {"for", 0, "DUR", "1s", "how long to look", &option_duration, &s->for_ns, 100 * NS_PER_MS,
         OPTION_LONGEST_NS},
        {"watch", 0, NULL, NULL, "look again and again, until ^C; the screen is drawn in place",
         &option_flag, &s->watch},
        {"interval", 'i', "DUR", "1s", "with --watch: how long each look lasts", &option_duration,
         &s->interval_ns, 100 * NS_PER_MS, OPTION_LONGEST_NS},
        {"states", 0, NULL, NULL, "only count the sockets by state", &option_flag, &s->states},
        {"peers", 0, NULL, NULL,
         "only count the sockets by remote address: of the local port PORT, or of all",
         &option_flag, &s->peers},
        {"all-netns", 0, NULL, NULL,
         "look into every network namespace of this host: containers, pods; as root", &option_flag,
         &s->all_netns},
        {"fail-if", 0, "WHAT", NULL,
         "exit 3 if this holds for any listener, such as 'oldest_wait_us > 50ms'; repeatable",
         &option_texts, &s->fail_if},
        {"json", 'J', "[=FILE]", NULL, "write the report as one JSON document", &option_file,
         &s->json},
        {"metrics", 0, "FILE", NULL, "write OpenMetrics text to FILE", &option_text, &s->metrics},
        {"save", 0, "FILE", NULL,
         "write this host's settings to FILE, for tcplab-bench run NAME --like FILE", &option_text,
         &s->save},
        {"color", 0, "WHEN", "auto", "colour on stdout", &option_choice, &s->color,
         .choices = terminal_color_words},
    };
    const size_t n_rows = sizeof(rows) / sizeof(*rows);
    char **operands;
    int n;
    int r = options_read(rows, n_rows, &program, argc, argv, &operands, &n, ret_message);
    if (r)
        return r;
    r = read_port(operands, n, s, ret_message);
    if (!r)
        r = thresholds_check(&s->fail_if, figures, ret_message);
    if (!r && s->states + s->peers + s->watch > 1) {
        *ret_message = strdup("--states, --peers and --watch: give one of them");
        r = -EINVAL;
    }
    if (!r && !s->watch && options_given(rows, n_rows, "interval")) {
        *ret_message = strdup("-i is how long each look of --watch is: add --watch, or write --for "
                              "DUR");
        r = -EINVAL;
    }
    if (!r && s->watch && (s->json || s->fail_if.n)) {
        *ret_message = strdup("--watch draws the screen until ^C: --json and --fail-if go with "
                              "--for DUR");
        r = -EINVAL;
    }
    if (!r && (s->states || s->peers) && (s->metrics || s->fail_if.n)) {
        *ret_message = strdup("--states and --peers only count: --metrics and --fail-if need "
                              "listeners, leave --states or --peers away");
        r = -EINVAL;
    }
    if (!r && s->save && (s->states || s->peers || s->watch || s->all_netns)) {
        *ret_message = strdup("--save writes the settings of one namespace, after --for DUR: leave "
                              "--watch, --states, --peers and --all-netns away");
        r = -EINVAL;
    }
    if (!r && s->all_netns && (s->states || s->peers)) {
        *ret_message = strdup("--all-netns looks at listeners: leave --states and --peers away, "
                              "or count in one namespace (nsenter -n -t PID tcplab-look --states)");
        r = -EINVAL;
    }
    *ret_json = r ? NULL : options_settings(rows, n_rows);
    return r;
}

/* --- counting only --- */

static int count(const struct settings *s, json_t *document)
{
    const struct sockdiag_query query = {.states = SOCKDIAG_ALL, .source_port = s->port};
    struct sockdiag_census census = {.peers = s->peers ? tally_new() : NULL};
    struct sockdiag *d;
    int r = s->peers && !census.peers ? -ENOMEM : sockdiag_open(&d);
    if (!r) {
        r = sockdiag_census(d, &query, NULL, &census);
        sockdiag_close(d);
    }
    json_object_set_new(document, "states", sockdiag_states_json(&census));
    if (census.peers)
        json_object_set_new(document, "peers", tally_to_json(census.peers));
    tally_free(census.peers);
    return r;
}

/* --- what follows from it --- */

/* The first listener for which it holds, or NULL. */
static const json_t *holds(const json_t *document, const char *text, double *ret_value)
{
    struct threshold t;
    char *why = NULL;
    size_t i;
    json_t *l;
    if (threshold_read(text, figures, &t, &why)) {
        free(why); /* it was read before */
        return NULL;
    }
    json_array_foreach(json_object_get(document, "listeners"), i, l)
    {
        const json_t *value = json_object_get(l, t.metric);
        *ret_value = json_number_value(value);
        if (json_is_number(value) && threshold_holds(&t, *ret_value))
            return l;
    }
    return NULL;
}

static int judge(const struct settings *s, const json_t *document)
{
    int code = EXIT_CODE_DONE;
    size_t i;
    json_t *l;
    json_array_foreach(json_object_get(document, "listeners"), i, l)
    {
        if (json_is_true(json_object_get(l, "dropping")))
            code = EXIT_CODE_UNMET;
    }
    for (i = 0; i < s->fail_if.n; i++) {
        double value;
        const json_t *at = holds(document, s->fail_if.text[i], &value);
        if (!at)
            continue;
        terminal_notice("--fail-if %s: it is %.6g at %s:%lld", s->fail_if.text[i], value,
                        json_string_value(json_object_get(at, "address")),
                        json_integer_value(json_object_get(at, "port")));
        code = EXIT_CODE_UNMET;
    }
    return code;
}

static int write_file(const char *name, void (*put)(FILE *out, const void *document),
                      const json_t *document)
{
    int r = name ? replaced_file_write(name, put, document) : 0;
    if (r)
        terminal_error("cannot write %s: %s; give a file in a folder that you may write to", name,
                       replaced_file_why(r));
    return r ? EXIT_CODE_FAILED : EXIT_CODE_DONE;
}

static int write_metrics(const struct settings *s, const json_t *document)
{
    return write_file(s->metrics, look_metrics, document);
}

static void put_json(FILE *out, const void *document)
{
    json_dumpf(document, out, JSON_INDENT(1));
    fputc('\n', out);
}

static int save(const struct settings *s, const struct document_head *head, const json_t *document)
{
    struct document_head of_host = *head;
    of_host.schema = "tcplab.host/1";
    json_t *host = document_new(&of_host, "host");
    look_save_add(host, document);
    int code = write_file(s->save, put_json, host);
    json_decref(host);
    return code;
}

/* ^C ends the window early, and what was seen until then is reported. No event loop, so no libev:
 * the program is copied to servers as one file. */
static volatile sig_atomic_t stop_asked;

static void on_signal(int number)
{
    if (stop_asked)
        _exit(128 + number);
    stop_asked = number;
}

static void catch_signals(void)
{
    const struct sigaction action = {.sa_handler = on_signal};
    struct sigaction hangup;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    if (!sigaction(SIGHUP, NULL, &hangup) && hangup.sa_handler != SIG_IGN) /* nohup */
        sigaction(SIGHUP, &action, NULL);
}

static bool stopped(void)
{
    return stop_asked;
}

static int failed(const struct settings *s, const char *step, int r)
{
    if (s->all_netns && r == -EPERM) {
        terminal_error("--all-netns: only root may look into %s; run it as root, or leave "
                       "--all-netns away to see this one",
                       step);
        return EXIT_CODE_CANNOT;
    }
    terminal_error("cannot read %s: %s; the kernel needs CONFIG_INET_DIAG (modprobe tcp_diag), and "
                   "/proc",
                   step, strerror(-r));
    return EXIT_CODE_CANNOT;
}

static int look_once(const struct settings *s, int64_t for_ns, json_t *document)
{
    struct gather g = {0};
    const char *step = "memory";
    int r;
    if (s->states || s->peers) {
        step = "sock_diag (NETLINK_SOCK_DIAG)";
        r = count(s, document);
    } else if (s->all_netns) {
        r = everywhere_look(document, for_ns, stopped, &step);
    } else {
        r = gather_run(&g, clock_now_ns() + for_ns, stopped, &step);
        if (!r)
            look_document_add(document, &g);
        gather_release(&g);
    }
    return r ? failed(s, step, r) : EXIT_CODE_DONE;
}

/* CPU time of this process and of the children it has waited for */
static int64_t cpu_ns(void)
{
    int64_t ns = 0;
    static const int whose[] = {RUSAGE_SELF, RUSAGE_CHILDREN};
    for (size_t i = 0; i < sizeof(whose) / sizeof(*whose); i++) {
        struct rusage u;
        if (!getrusage(whose[i], &u))
            ns += (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * NS_PER_S +
                  (u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1000;
    }
    return ns;
}

/* Until ^C: each look is drawn over the one before. A look that took much is followed by one that
 * is so long that all together take 1 % of a core at most. */
static int watch(const struct settings *s, const struct document_head *head)
{
    int code = EXIT_CODE_DONE;
    bool terminal = isatty(STDOUT_FILENO);
    int64_t for_ns = s->interval_ns;
    while (!code && !stopped()) {
        json_t *document = document_new(head, "report");
        int64_t before_ns = cpu_ns();
        code = look_once(s, for_ns, document);
        if (!code) {
            fputs(terminal ? "\033[H\033[J" : "", stdout);
            look_text(stdout, document);
            code = write_metrics(s, document);
            if (fflush(stdout))
                code = EXIT_CODE_FAILED;
        }
        json_decref(document);
        for_ns = WATCH_COST_PARTS * (cpu_ns() - before_ns);
        for_ns = for_ns > s->interval_ns ? for_ns : s->interval_ns;
    }
    return code;
}

static int run(const struct settings *s, const struct document_head *head)
{
    struct document_output *output = NULL;
    int code = program_open_output(s->json, NULL, &output);
    if (!code) {
        json_t *document = document_new(head, "report");
        code = look_once(s, s->for_ns, document);
        if (!code)
            code = write_metrics(s, document);
        if (!code && s->save)
            code = save(s, head, document);
        if (!code) {
            code = judge(s, document);
            document_output_report(output, document, look_text);
        } else {
            json_decref(document);
        }
    }
    return program_close_output(output, code);
}

int main(int argc, char **argv)
{
    struct settings settings = {0};
    json_t *json = NULL;
    char *message = NULL;
    program_begin("tcplab-look");
    int r = read_settings(argc, argv, &settings, &json, &message);
    if (r)
        return program_settings_ended(r, message);
    terminal_init("tcplab-look", (enum terminal_color)settings.color);
    page_set_width_least(terminal_columns(), 20);
    catch_signals();
    const struct document_head head = {.schema = "tcplab.look/1",
                                       .program = "tcplab-look",
                                       .argc = argc,
                                       .argv = argv,
                                       .settings = json};
    int code = settings.watch ? watch(&settings, &head) : run(&settings, &head);
    json_decref(json);
    return code;
}
