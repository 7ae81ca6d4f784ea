/* tcplab-server: a TCP echo server whose accept queue, accept pace, closing and sysctls can be set, and which reports
 * what the kernel made of it. */
#include "common/exit_code.h"
#include "common/program.h"
#include "common/stop.h"
#include "common/terminal.h"
#include "server/report.h"
#include "server/server.h"
#include "server/sysctls.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

static int main_resolve(const struct settings *s, struct endpoint *at)
{
    int code = endpoint_resolve(s->host, s->port, true, at);
    if (!code)
        return EXIT_CODE_DONE;
    terminal_error("--listen %s: %s; write an address of this machine (ip addr lists them)", s->host,
                   gai_strerror(code));
    return EXIT_CODE_FAILED;
}

static int main_start_failed(const struct settings *s, const struct endpoint *at, const char *step, int r)
{
    char text[ENDPOINT_TEXT_MAX];
    endpoint_format(at, text);
    switch (r) {
    case -EADDRINUSE:
        terminal_error(
            "cannot listen on %s: the port is in use (ss -tanp 'sport = :%u' shows by what); stop that, or "
            "choose another --port",
            text, s->port);
        return EXIT_CODE_FAILED;
    case -EADDRNOTAVAIL:
        terminal_error("cannot listen on %s: no interface of this machine, or of this network namespace, has that "
                       "address (ip addr lists them)",
                       text);
        return EXIT_CODE_FAILED;
    case -EACCES:
        terminal_error(
            "cannot listen on %s: ports below net.ipv4.ip_unprivileged_port_start need CAP_NET_BIND_SERVICE; "
            "choose a --port from 1024 on",
            text);
        return EXIT_CODE_CANNOT;
    case -EMFILE:
    case -ENFILE:
        terminal_error("cannot listen on %s with %llu threads: no descriptors left (ulimit -n); use fewer --threads",
                       text, (unsigned long long)s->threads);
        return EXIT_CODE_CANNOT;
    default:
        terminal_error("cannot listen on %s: %s: %s", text, step, strerror(-r));
        return EXIT_CODE_FAILED;
    }
}

static int main_write_failed(int r)
{
    terminal_error("the report could not be written: %s", strerror(-r));
    return EXIT_CODE_FAILED;
}

/* The report is made before the sysctls are put back, so that it shows the run; they are put back before anything can
 * block on writing it. */
static int main_serve(const struct server_args *args, struct sysctl_guard *guard)
{
    struct server *server;
    const char *step;
    int r = server_start(args, &server, &step);
    if (r)
        return main_start_failed(args->settings, &args->at, step, r);
    int write_error = server_run(server);
    json_t *document = server_report(server);
    int code = sysctls_end(guard);
    stop_release();
    server_free(server);
    json_object_set_new(document, "sysctls", sysctl_guard_to_json(guard));
    r = document_output_report(args->output, document, report_text);
    if (r || write_error)
        return main_write_failed(r ? r : write_error);
    return code;
}

static int main_run(const struct settings *s, const struct document_head *head, struct document_output *output)
{
    struct server_args args = {.settings = s, .head = head, .output = output};
    struct sysctl_guard *guard;
    int r = sysctl_guard_new(NULL, &guard);
    if (r) {
        terminal_error("cannot prepare the guard of sysctls: %s", strerror(-r));
        return EXIT_CODE_FAILED;
    }
    int code = s->restore_sysctls ? EXIT_CODE_DONE : main_resolve(s, &args.at);
    stop_hold();
    if (!code)
        code = s->restore_sysctls ? sysctls_restore_only(guard) : sysctls_recover(guard);
    if (!code && !s->restore_sysctls) {
        code = sysctls_apply(guard, s);
        if (!code)
            code = main_serve(&args, guard);
    }
    int ended = sysctls_end(guard); /* once more on the ways out that did not get there */
    sysctl_guard_free(guard);
    stop_release();
    return code ? code : ended;
}

int main(int argc, char **argv)
{
    struct settings settings;
    struct document_output *output = NULL;
    json_t *json = NULL;
    char *message = NULL;

    terminal_init("tcplab-server", TERMINAL_COLOR_AUTO);
    int r = settings_read(argc, argv, &settings, &json, &message);
    if (r)
        return program_settings_ended(r, message);
    terminal_init("tcplab-server", settings.color);
    stop_install();
    const struct document_head head = {"tcplab.server/1", "tcplab-server", argc, argv, json};
    program_raise_descriptors();
    int code = program_check_ready_fd((int)settings.ready_fd);
    if (!code)
        code = program_open_output(settings.json, settings.jsonl, &output);
    if (!code)
        code = main_run(&settings, &head, output);
    document_output_free(output);
    json_decref(json);
    return code;
}
