/* tcplab-server: a TCP echo server whose accept queue, accept pace, closing and sysctls can be set,
 * and which reports what the kernel made of it. */
#include "common/metric/thresholds.h"
#include "common/process/exit_code.h"
#include "common/process/stop.h"
#include "common/report/program.h"
#include "common/report/terminal.h"
#include "server/report.h"
#include "server/server.h"
#include "server/sysctls.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

static int resolve(const struct settings *s, struct endpoint *at)
{
    struct endpoint_addresses found;
    char taken[ENDPOINT_TEXT_MAX], others[ENDPOINT_LIST_MAX];
    int code = endpoint_resolve_all(s->host, s->port, true, &found);
    if (code) {
        terminal_error("--listen %s: %s; write an address of this machine (ip addr lists them)",
                       s->host, gai_strerror(code));
        return EXIT_CODE_FAILED;
    }
    *at = found.at[0];
    endpoint_host(at, taken);
    if (endpoint_lacks_zone(at)) {
        terminal_error("--listen %s: a link-local address means nothing without its interface; "
                       "write it, too, such as %s%%eth0 (ip addr lists them)",
                       s->listen, taken);
        return EXIT_CODE_USAGE;
    }
    if (found.n > 1)
        terminal_notice("--listen %s: %s has %zu addresses; this server listens on %s and not on "
                        "%s (write an address to choose)",
                        s->listen, s->host, found.n, taken, endpoint_others(&found, others));
    if (parse_is_ambiguous(s->listen))
        terminal_notice("--listen %s is read as an address without a port; with a port it is "
                        "written [ADDRESS]:PORT",
                        s->listen);
    return EXIT_CODE_DONE;
}

static int start_failed(const struct settings *s, const struct endpoint *at, const char *step,
                        int r)
{
    char text[ENDPOINT_TEXT_MAX], what[ENDPOINT_TEXT_MAX + 80];
    endpoint_format(at, text);
    switch (r) {
    case -EADDRINUSE:
        terminal_error("cannot listen on %s: the port is in use (ss -tanp 'sport = :%u' shows by "
                       "what); stop that, or choose another --port",
                       text, s->port);
        return EXIT_CODE_FAILED;
    case -EADDRNOTAVAIL:
        terminal_error("cannot listen on %s: no interface of this machine, or of this network "
                       "namespace, has that address (ip addr lists them)",
                       text);
        return EXIT_CODE_FAILED;
    case -EACCES:
        terminal_error("cannot listen on %s: ports below net.ipv4.ip_unprivileged_port_start need "
                       "CAP_NET_BIND_SERVICE; choose a --port from 1024 on",
                       text);
        return EXIT_CODE_CANNOT;
    case -EMFILE:
    case -ENFILE:
        terminal_error("cannot listen on %s with %llu threads: no descriptors left (ulimit -n); "
                       "use fewer --threads",
                       text, (unsigned long long)s->threads);
        return EXIT_CODE_CANNOT;
    default:
        snprintf(what, sizeof(what), "cannot listen on %s: %s", text, step);
        return program_start_failed(what, r);
    }
}

/* Makes the report, then puts the sysctls back, then writes the report: so the report shows the
 * run, and a blocked write does not keep the sysctls changed. */
static int finish(struct server *server, struct document_output *output, struct sysctl_guard *guard,
                  const struct option_texts *fail_if, const struct openmetrics_file *metrics)
{
    json_t *document = server_report(server), *sysctls = json_array();
    int code = sysctls_end(guard, sysctls);
    stop_release();
    server_free(server);
    json_object_set_new(document, "sysctls", sysctls);
    if (thresholds_add(fail_if, "server", document) && !code)
        code = EXIT_CODE_UNMET;
    document_output_report(output, document, report_text);
    return metrics->failed ? EXIT_CODE_FAILED : code;
}

/* The report's files are created when the server listens: a failed start does not change an older
 * report. */
static int serve(const struct server_args *args, struct sysctl_guard *guard)
{
    const struct settings *settings = args->settings;
    struct document_output *output = NULL;
    struct server *server;
    const char *step;
    int r = server_start(args, &server, &step);
    if (r)
        return start_failed(settings, &args->at, step, r);
    int code = program_open_output(settings->json, settings->jsonl, &output);
    if (!code)
        code = server_metrics(server);
    if (code) {
        server_free(server);
        return program_close_output(output, code);
    }
    r = server_run(server, output, &step);
    if (!r)
        return program_close_output(
            output, finish(server, output, guard, &settings->fail_if, args->metrics));
    server_free(server); /* it never listened: there is nothing to report */
    program_close_output(output, EXIT_CODE_DONE);
    return program_start_failed(step, r);
}

/* --max-descriptors: the kernel checks the soft limit only. */
static int limit_descriptors(const struct settings *s, unsigned long long needed)
{
    struct rlimit limit = program_raise_descriptors();
    if (s->max_descriptors > limit.rlim_cur) {
        terminal_error("--max-descriptors %llu: this process may open %llu (the hard limit); give "
                       "no more than that, or raise the limit: ulimit -Hn",
                       (unsigned long long)s->max_descriptors, (unsigned long long)limit.rlim_cur);
        return EXIT_CODE_CANNOT;
    }
    if (s->max_descriptors < needed) {
        terminal_error("--max-descriptors %llu: a server with --threads %llu needs %llu before the "
                       "first connection; give more",
                       (unsigned long long)s->max_descriptors, (unsigned long long)s->threads,
                       needed);
        return EXIT_CODE_USAGE;
    }
    limit.rlim_cur = s->max_descriptors;
    return setrlimit(RLIMIT_NOFILE, &limit) ? program_start_failed("--max-descriptors", -errno)
                                            : EXIT_CODE_DONE;
}

/* Each worker has a listener, two epolls and two timers; the process has about ten more
 * descriptors. libev ends the process if it gets no descriptor. */
static int check_descriptors(const struct settings *s)
{
    unsigned long long needed = 16 + 5 * s->threads, limit = program_raise_descriptors().rlim_cur;
    if (s->max_descriptors)
        return limit_descriptors(s, needed);
    if (needed <= limit)
        return EXIT_CODE_DONE;
    terminal_error(
        "%llu threads need %llu descriptors before the first connection, and this process may open "
        "%llu (the hard limit). Use fewer --threads, or raise the limit: ulimit -Hn",
        (unsigned long long)s->threads, needed, limit);
    return EXIT_CODE_CANNOT;
}

/* --restore-sysctls: nothing else. */
static int restore(struct sysctl_guard *guard, const struct settings *s,
                   const struct document_head *head)
{
    struct document_output *output = NULL;
    json_t *changes = json_array();
    int code = program_open_output(s->json, s->jsonl, &output);
    if (!code)
        code = sysctls_recover(guard, changes);
    if (output && (!code || json_array_size(changes))) {
        json_t *document = document_new(head, "report");
        json_object_set(document, "sysctls", changes);
        document_output_report(output, document, sysctls_restored_text);
    }
    json_decref(changes);
    return program_close_output(output, code);
}

static int serve_guarded(struct sysctl_guard *guard, const struct server_args *args)
{
    int code = sysctls_recover(guard, NULL);
    if (!args->settings->sysctls.n)
        code = EXIT_CODE_DONE; /* a damaged journal does not prevent the start */
    if (!code)
        code = sysctls_apply(guard, args->settings);
    return code ? code : serve(args, guard);
}

static int run(const struct settings *s, const struct document_head *head)
{
    struct openmetrics_file metrics = {.path = s->metrics};
    struct server_args args = {.settings = s, .head = head, .metrics = &metrics};
    struct sysctl_guard *guard;
    int r = sysctl_guard_new(NULL, &guard);
    if (r)
        return program_start_failed("preparing the guard of sysctls", r);
    int code = s->restore_sysctls ? EXIT_CODE_DONE : resolve(s, &args.at);
    /* not earlier: until here a signal ends the name look-up, and nothing has been changed */
    stop_install();
    stop_hold();
    if (!code)
        code = s->restore_sysctls ? restore(guard, s, head) : serve_guarded(guard, &args);
    int ended = sysctls_end(guard, NULL); /* again, for the ways out that have not done it yet */
    sysctl_guard_free(guard);
    stop_release();
    return code ? code : ended;
}

int main(int argc, char **argv)
{
    struct settings settings;
    json_t *json = NULL;
    char *message = NULL;

    server_hold_usr1();
    program_begin("tcplab-server");
    int r = settings_read(argc, argv, &settings, &json, &message);
    if (r)
        return program_settings_ended(r, message);
    if (settings.print_settings)
        return program_print_settings(json);
    terminal_init("tcplab-server", settings.color);
    const struct document_head head = {"tcplab.server/1", "tcplab-server", argc, argv, json};
    int code = program_check_ready_fd((int)settings.ready_fd);
    if (!code)
        code = program_check_proc();
    if (!code)
        code = check_descriptors(&settings);
    if (!code)
        code = run(&settings, &head);
    json_decref(json);
    return code;
}
