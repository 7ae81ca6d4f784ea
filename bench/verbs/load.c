#include "bench/verbs/load.h"
#include "bench/load/load_document.h"
#include "bench/load/load_summary.h"
#include "bench/report/load.h"
#include "bench/verbs/kept_file.h"
#include "common/process/clock.h"
#include "common/process/exit_code.h"
#include "common/process/stop.h"
#include "common/report/document.h"
#include "common/report/program.h"
#include "common/report/terminal.h"

#include <stdlib.h>
#include <string.h>

struct load_settings {
    struct load_spec spec;
    const char *json;
    int color;
};

static const struct option_program load_program = {
    .name = "tcplab-bench load",
    .usage = "[options]",
    .examples =
        "  tcplab-bench load                                     as many connections as it can\n"
        "  tcplab-bench load --client '-w crr -c 64 -r 5000 -d 2s' --server '--accept-delay "
        "150us'\n"
        "  tcplab-bench load --set link=wire --set delay=5ms --set net.ipv4.tcp_syncookies=2\n"
        "  tcplab-bench load --target 192.0.2.7:80 --client '-w cc -r 1000 -d 5s' --rounds 6\n"
        "  tcplab-bench load --fail-if 'client.connect_latency_us.p99 > 5ms' --json=load.json\n",
    .closing = "A round in which the client or this machine was the limit has a mark. If at least "
               "6 rounds\n"
               "and half of all have no mark, only these count. Exit codes: 0 done,\n"
               "1 failed, 2 usage, 3 a --fail-if holds (of the medians), 77 this machine cannot do "
               "it.\n",
};

static int read_settings(int argc, char **argv, struct load_settings *s, json_t **ret_json,
                         char **ret_message)
{
    struct option_row rows[LOAD_SPEC_ROWS + 2];
    size_t n = load_spec_rows(&s->spec, "10", rows);
    char **operands;
    int n_operands;
    rows[n++] = (struct option_row){"json",
                                    'J',
                                    "[=FILE]",
                                    NULL,
                                    "write the report as one JSON document; FILE is replaced after "
                                    "each round",
                                    &option_file,
                                    &s->json};
    rows[n++] = (struct option_row){"color",
                                    0,
                                    "WHEN",
                                    "auto",
                                    "colour on stdout",
                                    &option_choice,
                                    &s->color,
                                    .choices = terminal_color_words};
    int r = options_read(rows, n, &load_program, argc, argv, &operands, &n_operands, ret_message);
    if (!r)
        r = load_spec_check(&s->spec, ret_message);
    *ret_json = r ? NULL : options_settings(rows, n);
    return r;
}

/* The document so far. */
static json_t *compose(const struct load_settings *s, const struct document_head *head,
                       const struct load_arm *arm, json_t *rounds, size_t *failed)
{
    size_t left_out;
    json_t *document = document_new(head, "report"),
           *counted = load_rounds_counted(rounds, &left_out);
    *failed = 0;
    json_object_set_new(document, "load", load_document_arm(arm));
    json_object_set_new(document, "complete",
                        json_boolean(json_array_size(rounds) == s->spec.rounds));
    json_object_set_new(document, "left_out", json_integer((json_int_t)left_out));
    json_object_set_new(document, "metrics", load_summary_metrics(&s->spec, counted));
    json_object_set_new(document, "thresholds", load_summary_thresholds(&s->spec, counted, failed));
    json_object_set(document, "rounds", rounds);
    json_decref(counted);
    return document;
}

static int go(const struct load_settings *s, const struct document_head *head,
              const struct load_arm *arm, struct kept_file *file, struct document_output *output)
{
    struct load_progress progress = {.total = s->spec.rounds,
                                     .began_ns = clock_now_ns(),
                                     .expected_ns = arm->round_ns,
                                     .what = "round"};
    json_t *rounds = json_array(), *document = NULL;
    size_t failed = 0;
    int code = EXIT_CODE_DONE, r = 0;
    for (; progress.done < progress.total && !r; progress.done++) {
        json_t *round;
        char *message = NULL;
        r = load_round(arm, &progress, &round, &code, &message);
        if (r && message)
            terminal_error("%s", message);
        free(message);
        if (r)
            break;
        json_array_append_new(rounds, round);
        json_decref(document);
        document = compose(s, head, arm, rounds, &failed);
        kept_file_keep(file, document);
    }
    if (stop_count()) {
        terminal_notice("interrupted; %zu of %zu rounds had ended", progress.done, progress.total);
        code = 128 + stop_signal();
    } else if (!r && failed) {
        code = EXIT_CODE_UNMET;
    }
    code = kept_file_close(file, document, code);
    if (document && (!s->json || strcmp(s->json, "-") != 0))
        document_output_text(output, document, load_text);
    json_decref(document);
    json_decref(rounds);
    return code;
}

int load_main(int argc, char **argv)
{
    struct load_settings settings = {.json = NULL};
    struct load_arm *arm = NULL;
    struct kept_file file;
    struct document_output *output = NULL;
    json_t *json = NULL;
    char *message = NULL;
    int code, r = read_settings(argc, argv, &settings, &json, &message);
    if (!r)
        r = load_arm_new(&settings.spec, NULL, 0, &arm, &message);
    if (r) {
        code = program_settings_ended(r, message);
        goto end;
    }
    terminal_init("tcplab-bench", (enum terminal_color)settings.color);
    stop_install();
    program_raise_descriptors();
    code = program_check_proc();
    if (!code)
        code = kept_file_open(settings.json, &file);
    if (!code)
        code = program_open_output(NULL, NULL, &output);
    if (!code) {
        const struct document_head head = {.schema = "tcplab.load/1",
                                           .program = "tcplab-bench",
                                           /* main() handed over what stands behind its name */
                                           .argc = argc + 1,
                                           .argv = argv - 1,
                                           .settings = json};
        code = go(&settings, &head, arm, &file, output);
        code = program_close_output(output, code);
    }
end:
    load_arm_free(arm);
    load_spec_free(&settings.spec);
    json_decref(json);
    return code;
}
