/* tcplab-client: floods a TCP server with connections and reports what became of each. */
#include "client/capacity.h"
#include "client/report.h"
#include "client/run.h"
#include "client/sources.h"
#include "common/metric/thresholds.h"
#include "common/process/clock.h"
#include "common/process/exit_code.h"
#include "common/process/stop.h"
#include "common/report/program.h"
#include "common/report/terminal.h"

#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long long ull;

/* What connect() from such a source can take. */
static void keep_family(struct endpoint_addresses *found, int family)
{
    size_t kept = 0;
    for (size_t i = 0; i < found->n; i++)
        if (endpoint_family(&found->at[i]) == family)
            found->at[kept++] = found->at[i];
    found->n = kept;
}

/* One address is the target of the whole run. The client tries none first, because the server would
 * count that; a notice says which address it takes. A link-local address needs an interface, or a
 * source that has one (tcp_v6_connect()). */
static int check_target(const struct settings *s, const struct endpoint_addresses *found)
{
    char taken[ENDPOINT_TEXT_MAX], others[ENDPOINT_LIST_MAX];
    endpoint_host(&found->at[0], taken);
    if (endpoint_lacks_zone(&found->at[0]) && !(s->n_sources && s->sources[0].zone[0])) {
        terminal_error("%s: %s is a link-local address and means nothing without its interface; "
                       "write it, too, such as %s%%eth0 (ip link lists them)",
                       s->target, taken, taken);
        return EXIT_CODE_USAGE;
    }
    if (found->n > 1)
        terminal_notice("%s has %zu addresses: all connections go to %s, none to %s (write an "
                        "address to choose)",
                        s->host, found->n, taken, endpoint_others(found, others));
    if (parse_is_ambiguous(s->target))
        terminal_notice(
            "%s is read as an address without a port; with a port it is written [ADDRESS]:PORT",
            s->target);
    return EXIT_CODE_DONE;
}

static int resolve(const struct settings *s, struct endpoint *target)
{
    struct endpoint_addresses found;
    int code = endpoint_resolve_all(s->host, s->port, false, &found);
    if (code) {
        const char *end = strrchr(s->host, '.');
        bool file = s->json && end && !strncmp(end, ".json", 5);
        terminal_error("cannot find %s: %s; %s", s->host, gai_strerror(code),
                       file ? "a file is given with '=', as in --json=FILE or --jsonl=FILE"
                            : "check the name, or write the address");
        return EXIT_CODE_FAILED;
    }
    if (s->n_sources)
        keep_family(&found, s->sources[0].family);
    if (!found.n) {
        terminal_error("--source %s is of another family than %s; give an %s source",
                       s->source_texts.text[0], s->host,
                       s->sources[0].family == AF_INET ? "IPv6" : "IPv4");
        return EXIT_CODE_USAGE;
    }
    *target = found.at[0];
    endpoint_any_to_loopback(target);
    return check_target(s, &found);
}

/* The interfaces of --source ADDR%INTERFACE. */
static int find_interfaces(struct settings *s)
{
    for (size_t i = 0; i < s->n_sources; i++) {
        const char *zone = s->sources[i].zone;
        char *end;
        unsigned long number = strtoul(zone, &end, 10);
        s->source_interfaces[i] = *end ? if_nametoindex(zone) : (uint32_t)number;
        if (!zone[0] || s->source_interfaces[i])
            continue;
        terminal_error("--source %s: there is no interface %s here (ip link lists them)",
                       s->source_texts.text[i], zone);
        return EXIT_CODE_FAILED;
    }
    return EXIT_CODE_DONE;
}

/* A source network's first and last address must be this machine's. */
static int check_sources(const struct settings *s)
{
    for (size_t i = 0; i < 2 * s->n_sources; i++) {
        struct settings one = {.n_sources = 1,
                               .sources = {s->sources[i / 2]},
                               .source_interfaces = {s->source_interfaces[i / 2]}};
        struct endpoint source;
        sources_pick(&one, i % 2 ? sources_count(&one) - 1 : 0, &source);
        int error = -sources_try(&source);
        if (!error)
            continue;
        char text[ENDPOINT_TEXT_MAX];
        endpoint_host(&source, text);
        if (endpoint_lacks_zone(&source))
            terminal_error("--source %s: %s is a link-local address and means nothing without its "
                           "interface; write it, too, such as %s%%eth0 (ip addr lists them)",
                           s->source_texts.text[i / 2], text, text);
        else
            terminal_error("--source %s: cannot connect from %s: %s; give an address of this "
                           "machine (ip addr lists them)",
                           s->source_texts.text[i / 2], text, strerror(error));
        return EXIT_CODE_FAILED;
    }
    return EXIT_CODE_DONE;
}

/* Prints how many event loops there are, and in how many file tables. */
static int choose_loops(const struct settings *s, struct run_args *args)
{
    struct capacity c;
    int r = capacity_fit(s, &c);
    const char *option = c.connections == s->connections ? "-c" : "-n";
    if (r == -EMFILE)
        terminal_error("%llu connections need %llu descriptors; a file table holds %llu (the hard "
                       "limit), and %llu connections at once can use no more tables. Use fewer "
                       "with %s, or raise the limit: ulimit -Hn, limits.conf(5), LimitNOFILE=",
                       (ull)c.connections, (ull)c.needed, (ull)c.limit, (ull)s->connections,
                       option);
    else if (r == -ENFILE)
        terminal_error("%llu connections need %llu descriptors, and the whole machine has %llu "
                       "left (fs.file-max); a server on this machine needs as many again. Use "
                       "fewer with %s, or raise it: sysctl fs.file-max",
                       (ull)c.connections, (ull)c.needed, (ull)c.machine_left, option);
    else if (r == -ENOMEM)
        terminal_error(
            "%llu connections need %llu MiB of memory, most of it the kernel's, and this machine "
            "has %llu left; a server on this machine needs as much again. Use fewer with %s",
            (ull)c.connections, (ull)c.memory_needed >> 20, (ull)c.memory_left >> 20, option);
    if (r)
        return EXIT_CODE_CANNOT;
    if (c.loops > s->threads)
        terminal_notice("%llu connections are more than the %llu descriptors of one file table: "
                        "there are %llu event loops, each with a table of its own",
                        (ull)c.connections, (ull)c.limit, (ull)c.loops);
    args->n_loops = c.loops;
    args->own_tables = c.tables > 1;
    return EXIT_CODE_DONE;
}

/* Over loopback the client uses further addresses by itself if one has too few ports. */
static void spread_sources(struct settings *s, const struct endpoint *target,
                           const struct capacity_ports *c)
{
    uint64_t n = capacity_sources(c);
    char last[ENDPOINT_TEXT_MAX];
    struct endpoint source;
    if (s->n_sources || n < 2 || endpoint_family(target) != AF_INET ||
        !endpoint_is_loopback(target) || sources_spread_loopback(s, n))
        return;
    sources_pick(s, sources_count(s) - 1, &source);
    terminal_notice(
        "127.0.0.1 has %llu local ports, and connect() searches long once half of them are taken: "
        "the %llu connections come from 127.0.0.1 to %s (--source 127.0.0.1 keeps to the one)",
        (ull)c->per_address, (ull)c->needed, endpoint_host(&source, last));
}

static int check_ports(struct settings *s, const struct endpoint *target)
{
    struct capacity_ports c = {0};
    int r = capacity_ports(s, &c);
    if (r == -EADDRNOTAVAIL || !r)
        spread_sources(s, target, &c);
    if (capacity_ports(s, &c) != -EADDRNOTAVAIL)
        return EXIT_CODE_DONE;
    terminal_error("%llu connections to one destination need as many local ports, and there are "
                   "%llu: %llu source address%s with %llu each (net.ipv4.ip_local_port_range %d to "
                   "%d). Use fewer with -c, widen the range, or connect from more addresses%s",
                   (ull)c.needed, (ull)(c.addresses * c.per_address), (ull)c.addresses,
                   c.addresses == 1 ? "" : "es", (ull)c.per_address, c.low, c.high,
                   endpoint_family(target) == AF_INET && endpoint_is_loopback(target)
                       ? ", such as --source 127.0.0.0/24"
                       : " of this machine: --source, once for each (ip addr add makes more)");
    return EXIT_CODE_CANNOT;
}

static int check_start(const struct settings *s)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    double late_s = (double)(now.tv_sec * NS_PER_S + now.tv_nsec - s->start_at_ns) / 1e9;
    if (!s->start_at_ns || late_s <= 0)
        return EXIT_CODE_DONE;
    terminal_error("--start-at: that moment was %.3f s ago; give one that is still to come, such "
                   "as $(($(date +%%s) + 5))",
                   late_s);
    return EXIT_CODE_USAGE;
}

static int check(struct settings *s, struct run_args *args)
{
    int code = check_start(s);
    if (!code)
        code = choose_loops(s, args);
    if (!code)
        code = resolve(s, &args->target);
    if (!code)
        code = find_interfaces(s);
    if (!code)
        code = check_sources(s);
    if (!code)
        code = check_ports(s, &args->target);
    return code;
}

static int main_run(const struct run_args *args)
{
    struct run *run;
    int r = run_new(args, &run);
    if (r) {
        char what[96];
        snprintf(what, sizeof(what), "cannot prepare %llu connections in %llu threads",
                 (ull)args->settings->connections, (ull)args->n_loops);
        return program_start_failed(what, r);
    }
    int code = run_metrics(run);
    if (code) {
        run_free(run);
        return code;
    }
    run_go(run);
    json_t *document = run_report(run);
    run_free(run);
    size_t failed = thresholds_add(&args->settings->fail_if, "client", document);
    document_output_report(args->output, document, report_text);
    return args->metrics->failed ? EXIT_CODE_FAILED : failed ? EXIT_CODE_UNMET : EXIT_CODE_DONE;
}

int main(int argc, char **argv)
{
    struct settings settings;
    json_t *json = NULL;
    char *message = NULL;

    program_begin("tcplab-client");
    int r = settings_read(argc, argv, &settings, &json, &message);
    if (r)
        return program_settings_ended(r, message);
    if (settings.print_settings)
        return program_print_settings(json);
    terminal_init("tcplab-client", settings.color);
    const struct document_head head = {"tcplab.client/1", "tcplab-client", argc, argv, json};
    struct openmetrics_file metrics = {.path = settings.metrics};
    struct run_args args = {.settings = &settings, .head = &head, .metrics = &metrics};
    int code = program_check_ready_fd((int)settings.ready_fd);
    if (!code)
        code = program_check_proc();
    if (!code)
        code = check(&settings, &args);
    /* not earlier: until here a signal ends the name look-up, and there is nothing to report */
    stop_install();
    if (!code)
        code = program_open_output(settings.json, settings.jsonl, &args.output);
    if (!code)
        code = main_run(&args);
    code = program_close_output(args.output, code);
    json_decref(json);
    return code;
}
