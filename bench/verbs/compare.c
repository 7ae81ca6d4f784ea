#include "bench/verbs/compare.h"
#include "bench/load/load_compare.h"
#include "bench/load/load_document.h"
#include "bench/load/load_summary.h"
#include "bench/report/load.h"
#include "bench/statistics/statistics.h"
#include "bench/verbs/kept_file.h"
#include "common/process/clock.h"
#include "common/process/exit_code.h"
#include "common/process/stop.h"
#include "common/report/document.h"
#include "common/report/program.h"
#include "common/report/terminal.h"
#include "common/text/say.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct compare_settings {
    struct load_spec spec;
    struct option_texts keys[2]; /* --a, --b */
    char **files;                /* two documents, or NULL */
    const char *json;
    int color;
};

static const char *const arm_names[] = {"a", "b"};

static const struct option_program compare_program = {
    .name = "tcplab-bench compare",
    .usage = "[options] --a KEY=VALUE... --b KEY=VALUE... | A.json B.json",
    .examples =
        "  tcplab-bench compare --a server.backlog=16 --b server.backlog=256\n"
        "  tcplab-bench compare --client '-w crr -c 64 -d 500ms' --b net.ipv4.tcp_syncookies=2\n"
        "  tcplab-bench compare --a build=old/build --b build=build -m "
        "client.rates.connects_per_s\n"
        "  tcplab-bench compare before.json after.json     two documents of tcplab-bench load\n",
    .closing =
        "KEY: server.OPTION, client.OPTION (client.rate=1000), a knob or a sysctl of --set, or "
        "build (a\n"
        "folder with other programs). A or B without keys is the load as given. Exit codes: 0 "
        "done, "
        "whatever the\n"
        "verdicts, 1 failed, 2 usage, 3 a --fail-if holds (of the medians of A or of B), 77 this "
        "machine\n"
        "cannot do it.\n",
    .operands_max = 2,
};

static int check(struct compare_settings *s, const struct option_row *rows, size_t n, int n_files,
                 char **ret_message)
{
    static const char *const loads[] = {"server",  "client", "set", "target", "rounds",
                                        "warm-up", "seed",   "a",   "b"};
    if (n_files == 1)
        return say(ret_message, -EINVAL, "%s: with what? Give two documents of tcplab-bench load",
                   s->files[0]);
    for (size_t i = 0; n_files && i < sizeof(loads) / sizeof(*loads); i++)
        if (options_given(rows, n, loads[i]))
            return say(ret_message, -EINVAL,
                       "--%s: the two documents have been measured already; leave it out",
                       loads[i]);
    if (!n_files && !s->keys[0].n && !s->keys[1].n)
        return say(ret_message, -EINVAL,
                   "what is compared? Give --a KEY=VALUE or --b KEY=VALUE, or two documents "
                   "of tcplab-bench load");
    if (!n_files && s->spec.rounds % 2)
        return say(ret_message, -EINVAL,
                   "--rounds %llu: the rounds are in blocks of two of A and two of B; give an "
                   "even number",
                   (unsigned long long)s->spec.rounds);
    return load_spec_check(&s->spec, ret_message);
}

static int read_settings(int argc, char **argv, struct compare_settings *s, json_t **ret_json,
                         char **ret_message)
{
    struct option_row rows[LOAD_SPEC_ROWS + 4];
    size_t n = load_spec_rows(&s->spec, "20", rows);
    int n_files;
    rows[n++] = (struct option_row){
        "a",           0,          "KEY=VALUE", NULL, "give this key to A only; repeatable",
        &option_texts, &s->keys[0]};
    rows[n++] = (struct option_row){
        "b",           0,          "KEY=VALUE", NULL, "give this key to B only; repeatable",
        &option_texts, &s->keys[1]};
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
    int r = options_read(rows, n, &compare_program, argc, argv, &s->files, &n_files, ret_message);
    if (!r)
        r = check(s, rows, n, n_files, ret_message);
    if (!n_files)
        s->files = NULL;
    *ret_json = r ? NULL : options_settings(rows, n);
    return r;
}

/* --- what differs --- */

/* Of a round: what is worth a word, and not a measurement. */
static json_t *place(const json_t *round)
{
    json_t *all = json_object();
    static const char *const keys[] = {"kernel", "cpu", "cpus", "governor", "hz", "sysctls"};
    const json_t *around = json_object_get(round, "surroundings");
    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
        if (json_object_get(around, keys[i]))
            json_object_set(all, keys[i], json_object_get(around, keys[i]));
    for (size_t i = 0; i < 2; i++) {
        const char *program = i ? "server" : "client";
        json_t *version = json_object_get(json_object_get(round, program), "version");
        if (version)
            json_object_set_new(all, i ? "tcplab-server" : "tcplab-client", json_incref(version));
    }
    return all;
}

/* "server.accept_delay_us: 0 and 1000" is what the key server.accept-delay asked for. */
static bool was_asked(const char *difference, const json_t *arms[2])
{
    for (size_t i = 0; i < 2; i++) {
        const char *key;
        json_t *value;
        json_object_foreach(json_object_get(arms[i], "keys"), key, value)
        {
            char plain[256];
            const char *found;
            snprintf(plain, sizeof(plain), "%s", key);
            for (char *c = plain; *c; c++)
                *c = *c == '-' ? '_' : *c;
            found = strstr(difference, strncmp(plain, "net.", 4) ? plain : key);
            if (found == difference || (found && found == difference + strlen("sysctls.")) ||
                (found && found == difference + strlen("knobs.")))
                return true;
        }
    }
    return false;
}

/* {"asked": [...], "besides": [...]}. Either round may be NULL: there is none yet. */
static json_t *differences(const json_t *arms[2], const json_t *rounds[2])
{
    json_t *all = json_array(), *asked = json_array(), *besides = json_array(), *one;
    size_t i;
    load_compare_differences(json_object_get(arms[0], "keys"), json_object_get(arms[1], "keys"), "",
                             asked);
    load_compare_differences(json_object_get(arms[0], "settings"),
                             json_object_get(arms[1], "settings"), "", all);
    load_compare_differences(json_object_get(arms[0], "knobs"), json_object_get(arms[1], "knobs"),
                             "knobs", all);
    load_compare_differences(json_object_get(arms[0], "target"), json_object_get(arms[1], "target"),
                             "target", all);
    if (rounds[0] && rounds[1]) {
        json_t *a = place(rounds[0]), *b = place(rounds[1]);
        load_compare_differences(a, b, "", all);
        json_decref(a);
        json_decref(b);
    }
    json_array_foreach(all, i, one)
    {
        if (!was_asked(json_string_value(one), arms))
            json_array_append(besides, one);
    }
    json_decref(all);
    return json_pack("{s:o, s:o}", "asked", asked, "besides", besides);
}

static const json_t *first_of(const json_t *rounds, const char *arm)
{
    json_t *round;
    size_t i;
    json_array_foreach(rounds, i, round)
    {
        const char *own = json_string_value(json_object_get(round, "arm"));
        if (own && !strcmp(own, arm))
            return round;
    }
    return NULL;
}

/* --- the document --- */

static json_t *thresholds(const struct load_spec *spec, const json_t *sides[2], size_t *failed)
{
    json_t *list = json_array(), *one;
    size_t i;
    for (size_t arm = 0; arm < 2; arm++) {
        json_t *judged = load_summary_thresholds(spec, sides[arm], failed);
        json_array_foreach(judged, i, one)
        {
            json_object_set_new(one, "arm", json_string(arm_names[arm]));
            json_array_append(list, one);
        }
        json_decref(judged);
    }
    return list;
}

static json_t *head_of(const struct compare_settings *s, const struct document_head *head,
                       const json_t *arms[2], const json_t *rounds[2], bool interleaved)
{
    json_t *document = document_new(head, "report");
    json_object_set_new(document, "interleaved", json_boolean(interleaved));
    json_object_set_new(document, "practical", json_real(s->spec.practical));
    json_object_set(document, "a", (json_t *)(uintptr_t)arms[0]);
    json_object_set(document, "b", (json_t *)(uintptr_t)arms[1]);
    json_object_set_new(document, "differs", differences(arms, rounds));
    return document;
}

static json_t *compose(const struct compare_settings *s, const struct document_head *head,
                       const json_t *arms[2], json_t *rounds, size_t *failed)
{
    size_t left_out;
    const json_t *firsts[2] = {first_of(rounds, "a"), first_of(rounds, "b")};
    json_t *document = head_of(s, head, arms, firsts, true);
    json_t *metrics = load_compare_blocks(&s->spec, rounds, &left_out);
    json_t *a = load_compare_rounds(rounds, "a"), *b = load_compare_rounds(rounds, "b");
    const json_t *sides[2] = {a, b};
    *failed = 0;
    json_object_set_new(document, "complete",
                        json_boolean(json_array_size(rounds) == 2 * s->spec.rounds));
    json_object_set_new(document, "left_out", json_integer((json_int_t)(COMPARE_BLOCK * left_out)));
    json_object_set_new(document, "metrics", metrics);
    json_object_set_new(document, "thresholds", thresholds(&s->spec, sides, failed));
    json_object_set(document, "rounds", rounds);
    json_decref(a);
    json_decref(b);
    return document;
}

/* --- measuring --- */

static int measure(const struct compare_settings *s, const struct document_head *head,
                   struct load_arm *const arms[2], struct kept_file *file, json_t **ret)
{
    json_t *own[2] = {load_document_arm(arms[0]), load_document_arm(arms[1])};
    const json_t *shown[2] = {own[0], own[1]};
    struct load_progress progress = {.total = 2 * s->spec.rounds,
                                     .began_ns = clock_now_ns(),
                                     .expected_ns = (arms[0]->round_ns + arms[1]->round_ns) / 2,
                                     .what = "round"};
    char *order = load_compare_order(s->spec.seed, s->spec.rounds / 2);
    json_t *rounds = json_array(), *document = NULL;
    size_t failed = 0;
    int code = EXIT_CODE_DONE, r = order ? 0 : -ENOMEM;
    for (; !r && progress.done < progress.total; progress.done++) {
        json_t *round;
        char *message = NULL;
        size_t arm = order[progress.done] == 'b';
        r = load_round(arms[arm], &progress, &round, &code, &message);
        if (r && message)
            terminal_error("%s: %s", arm ? "B" : "A", message);
        free(message);
        if (r)
            break;
        json_object_set_new(round, "arm", json_string(arm_names[arm]));
        json_object_set_new(round, "block",
                            json_integer((json_int_t)(progress.done / COMPARE_BLOCK + 1)));
        json_array_append_new(rounds, round);
        json_decref(document);
        document = compose(s, head, shown, rounds, &failed);
        kept_file_keep(file, document);
    }
    if (stop_count()) {
        terminal_notice("interrupted; %zu of %zu rounds had ended", progress.done, progress.total);
        code = 128 + stop_signal();
    } else if (!r && failed) {
        code = EXIT_CODE_UNMET;
    }
    free(order);
    json_decref(own[0]);
    json_decref(own[1]);
    json_decref(rounds);
    *ret = document;
    return code;
}

/* --- two documents --- */

/* NULL, and the error has been printed. New reference. */
static json_t *read_document(const char *path)
{
    json_error_t error;
    json_t *document = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    const char *schema = json_string_value(json_object_get(document, "schema"));
    if (!document)
        terminal_error("%s: %s; give a file that tcplab-bench load --json=FILE wrote", path,
                       error.text);
    else if (!schema || strcmp(schema, "tcplab.load/1") != 0)
        terminal_error("%s: its schema is %s, and not tcplab.load/1; give a file that tcplab-bench "
                       "load --json=FILE wrote",
                       path, schema ? schema : "missing");
    else if (!json_array_size(json_object_get(document, "rounds")))
        terminal_error("%s: there is no round in it", path);
    else
        return document;
    json_decref(document);
    return NULL;
}

/* Those that both documents have, where none was asked for. */
static void choose_metrics(struct load_spec *spec, const json_t *a, const json_t *b)
{
    json_t *one, *other;
    size_t i, j;
    if (spec->metrics.n)
        return;
    spec->n_metrics = 0;
    json_array_foreach(json_object_get(a, "metrics"), i, one)
    {
        json_array_foreach(json_object_get(b, "metrics"), j, other)
        {
            if (spec->n_metrics < OPTION_TEXTS_MAX &&
                json_equal(json_object_get(one, "metric"), json_object_get(other, "metric")))
                spec->metric[spec->n_metrics++] = json_string_value(json_object_get(one, "metric"));
        }
    }
}

static int compare_documents(struct compare_settings *s, const struct document_head *head,
                             const json_t *documents[2], json_t **ret)
{
    const json_t *arms[2], *firsts[2], *sides[2];
    json_t *counted[2];
    size_t left_out, failed = 0, all_left_out = 0;
    for (size_t i = 0; i < 2; i++) {
        const json_t *rounds = json_object_get(documents[i], "rounds");
        arms[i] = json_object_get(documents[i], "load");
        firsts[i] = json_array_get(rounds, 0);
        sides[i] = counted[i] = load_rounds_counted(rounds, &left_out);
        all_left_out += left_out;
    }
    choose_metrics(&s->spec, documents[0], documents[1]);
    json_t *document = head_of(s, head, arms, firsts, false), *rounds = json_array();
    json_array_extend(rounds, json_object_get(documents[0], "rounds"));
    json_array_extend(rounds, json_object_get(documents[1], "rounds"));
    json_object_set_new(document, "complete", json_true());
    json_object_set_new(document, "left_out", json_integer((json_int_t)all_left_out));
    json_object_set_new(document, "metrics", load_compare_lists(&s->spec, sides[0], sides[1]));
    json_object_set_new(document, "thresholds", thresholds(&s->spec, sides, &failed));
    json_object_set_new(document, "rounds", rounds);
    json_decref(counted[0]);
    json_decref(counted[1]);
    *ret = document;
    return failed ? EXIT_CODE_UNMET : EXIT_CODE_DONE;
}

/* --- */

static int go(struct compare_settings *s, const struct document_head *head,
              struct load_arm *const arms[2], const json_t *documents[2])
{
    struct kept_file file;
    struct document_output *output = NULL;
    json_t *document = NULL;
    int code = kept_file_open(s->json, &file);
    if (!code)
        code = program_open_output(NULL, NULL, &output);
    if (code)
        return code;
    code = documents[0] ? compare_documents(s, head, documents, &document)
                        : measure(s, head, arms, &file, &document);
    code = kept_file_close(&file, document, code);
    if (document && (!s->json || strcmp(s->json, "-") != 0))
        document_output_text(output, document, compare_text);
    json_decref(document);
    return program_close_output(output, code);
}

/* The arms, or the documents. 0, or -errno and a sentence. */
static int prepare(struct compare_settings *s, struct load_arm *arms[2], json_t *documents[2],
                   char **ret_message)
{
    int r = 0;
    if (s->files) {
        for (size_t i = 0; i < 2; i++)
            if (!(documents[i] = read_document(s->files[i])))
                return -EINVAL;
        return 0;
    }
    for (size_t i = 0; i < 2 && !r; i++) {
        char *why = NULL;
        r = load_arm_new(&s->spec, s->keys[i].text, s->keys[i].n, &arms[i], &why);
        if (r)
            say(ret_message, r, "%s: %s", i ? "B" : "A", why ? why : strerror(-r));
        free(why);
    }
    return r;
}

int compare_main(int argc, char **argv)
{
    struct compare_settings settings = {.json = NULL};
    struct load_arm *arms[2] = {NULL, NULL};
    json_t *documents[2] = {NULL, NULL}, *json = NULL;
    char *message = NULL;
    int code, r = read_settings(argc, argv, &settings, &json, &message);
    if (r) {
        code = program_settings_ended(r, message);
        goto end;
    }
    terminal_init("tcplab-bench", (enum terminal_color)settings.color);
    r = prepare(&settings, arms, documents, &message);
    if (r) {
        code = message ? program_settings_ended(r, message) : EXIT_CODE_USAGE;
    } else {
        const struct document_head head = {.schema = "tcplab.compare/1",
                                           .program = "tcplab-bench",
                                           /* main() handed over what stands behind its name */
                                           .argc = argc + 1,
                                           .argv = argv - 1,
                                           .settings = json};
        const json_t *read[2] = {documents[0], documents[1]};
        stop_install();
        program_raise_descriptors();
        code = program_check_proc();
        if (!code)
            code = go(&settings, &head, arms, read);
    }
end:
    for (size_t i = 0; i < 2; i++) {
        load_arm_free(arms[i]);
        json_decref(documents[i]);
    }
    load_spec_free(&settings.spec);
    json_decref(json);
    return code;
}
