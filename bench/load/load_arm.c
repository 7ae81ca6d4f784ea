#include "bench/load/load_arm.h"
#include "bench/lab/lab.h"
#include "common/process/clock.h"
#include "common/process/exit_code.h"
#include "common/report/document.h"
#include "common/sysctl/sysctl.h"
#include "common/text/say.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ARM_PATIENCE_S 60 /* for a program that only prints */
#define ARM_WORDS_MAX  (PROCESS_ARGUMENTS - 16)

/* What a load does where --client does not say it. -w hold lasts until all is settled, so it has no
 * -d of ours. */
static const struct {
    const char *letter, *name, *value;
} client_defaults[] = {
    {"-w", "workload", "crr"}, {"-c", "connections", "16"}, {"-d", "duration", "1s"}};

static int add(char **argv, const char *word)
{
    size_t n = 0;
    while (argv[n])
        n++;
    if (n >= PROCESS_ARGUMENTS - 4)
        return -E2BIG;
    argv[n] = strdup(word);
    return argv[n] ? 0 : -ENOMEM;
}

static int add_all(char **argv, const char *const *words)
{
    int r = 0;
    for (size_t i = 0; words && words[i] && !r; i++)
        r = add(argv, words[i]);
    return r;
}

/* Whether one of these words is that option: "-w", "-wcc", "--workload=cc", "--work". */
static bool gives(char *const *words, const char *letter, const char *name)
{
    for (; words && *words; words++) {
        size_t length = strcspn(*words, "=");
        if (!strncmp(*words, letter, 2) ||
            (length > 3 && !strncmp(*words, "--", 2) && !strncmp(*words + 2, name, length - 2)))
            return true;
    }
    return false;
}

static void clear(char **argv)
{
    for (size_t i = 0; argv[i]; i++)
        free(argv[i]);
    memset(argv, 0, PROCESS_ARGUMENTS * sizeof(*argv));
}

/* --- keys --- */

/* "server.accept_delay=1ms" is --accept-delay=1ms, "client.c=4" is -c4. */
static int add_option(char **argv, const char *text)
{
    char word[512];
    size_t length = strcspn(text, "=");
    if (length == 1)
        snprintf(word, sizeof(word), "-%c%s", text[0], text[1] ? text + 2 : "");
    else
        snprintf(word, sizeof(word), "--%s", text);
    for (size_t i = 2; length > 1 && i < length + 2; i++)
        if (word[i] == '_')
            word[i] = '-';
    return strlen(text) + 3 > sizeof(word) ? -E2BIG : add(argv, word);
}

static const char *behind(const char *text, const char *begin)
{
    size_t length = strlen(begin);
    return strncmp(text, begin, length) ? NULL : text + length;
}

static int set_knob(struct load_arm *arm, const char *text, char **ret_message)
{
    char *why = NULL;
    if (arm->spec->target)
        return say(ret_message, -EINVAL,
                   "%s: with --target there is no lab; a key is client.OPTION or build", text);
    int r = knobs_set(&arm->knobs, text, &why);
    if (r == -ENOENT)
        say(ret_message, r,
            "%s: %s; or an option of a program, such as server.backlog=4 or client.rate=1000", text,
            why ? why : "there is no such key");
    else if (r)
        say(ret_message, r, "%s", why ? why : text);
    free(why);
    return r;
}

static int set_key(struct load_arm *arm, const char *given, char **ret_message)
{
    const char *option, *equals = strchr(given, '=');
    char *text = strdup(given);
    if (!text)
        return -ENOMEM;
    arm->texts[arm->n_texts++] = text;
    char key[SYSCTL_KEY_MAX];
    snprintf(key, sizeof(key), "%.*s", (int)strcspn(given, "="), given);
    json_object_set_new(arm->keys, key, equals ? document_string(equals + 1) : json_true());
    if ((option = behind(text, "server.")) && *option && arm->spec->target)
        return say(ret_message, -EINVAL, "%s: with --target no tcplab-server is started", text);
    if (option && *option)
        return add_option(arm->server, option);
    if ((option = behind(text, "client.")) && *option)
        return add_option(arm->client, option);
    if (!(option = behind(text, "build=")))
        return set_knob(arm, text, ret_message);
    if (programs_find(option, &arm->paths))
        return 0;
    return say(ret_message, -ENOENT,
               "%s: there are no tcplab-server and tcplab-client in it, nor in its folders "
               "server and client; give the folder of a build",
               text);
}

/* --- asking the programs --- */

/* What a program said, without its name in front. */
static const char *complaint(struct process *p)
{
    const char *text = process_complaint(p), *colon = strstr(text, ": ");
    return colon ? colon + 2 : text;
}

static int ask(const char *path, const char *name, char **argv, json_t **ret, char **ret_message)
{
    static char option[] = "--print-settings";
    struct process *p;
    char *whole[PROCESS_ARGUMENTS];
    size_t n = 0;
    int code = EXIT_CODE_FAILED;
    whole[n++] = (char *)(uintptr_t)path;
    for (size_t i = 0; argv[i]; i++)
        whole[n++] = argv[i];
    whole[n++] = option;
    whole[n] = NULL;
    int r = process_start(NULL, whole, &p);
    if (r)
        return say(ret_message, r, "%s: %s", path, strerror(-r));
    r = process_wait(p, clock_now_ns() + ARM_PATIENCE_S * NS_PER_S);
    process_ended(p, &code);
    *ret = !r && !code ? json_incref((json_t *)(uintptr_t)process_report(p)) : NULL;
    if (!r && code)
        r = say(ret_message, code == EXIT_CODE_USAGE ? -EINVAL : -EIO, "--%s: %.*s", name,
                (int)strcspn(complaint(p), "\n"), complaint(p));
    else if (!r && !*ret)
        r = say(ret_message, -EINVAL,
                "--%s: leave out --help and --version: its options are for a load", name);
    else if (r)
        say(ret_message, r, "%s does not end; run again", path);
    process_free(p);
    return r;
}

const json_t *load_arm_setting(const struct load_arm *arm, const char *program, const char *name)
{
    return json_object_get(json_object_get(arm->settings, program), name);
}

/* Options that only the bench may set. */
static int check_own(const struct load_arm *arm, const char *program, const char *const *names,
                     char **ret_message)
{
    for (size_t i = 0; names[i]; i++) {
        const json_t *value = load_arm_setting(arm, program, names[i]);
        char option[64];
        if (!value || json_is_null(value) || json_is_false(value))
            continue;
        snprintf(option, sizeof(option), "%s", names[i]);
        for (char *c = option; *c; c++)
            *c = *c == '_' ? '-' : *c;
        return say(ret_message, -EINVAL,
                   "--%s: --%s is the bench's own business here; leave it out", program, option);
    }
    return 0;
}

static int64_t number(const struct load_arm *arm, const char *program, const char *name)
{
    return json_integer_value(load_arm_setting(arm, program, name));
}

static bool loopback(const struct load_arm *arm)
{
    return knob(&arm->knobs, "link") == KNOB_LOOPBACK;
}

static const char *address(const struct load_arm *arm)
{
    return lab_server_address(loopback(arm), knob(&arm->knobs, "ipv6"));
}

static int ask_server(struct load_arm *arm, char **ret_message)
{
    static const char *const own[] = {"json", "jsonl", "restore_sysctls", NULL};
    const char *listen;
    json_t *settings;
    int r = ask(arm->paths.server, "server", arm->server, &settings, ret_message);
    if (r)
        return r;
    json_object_set_new(arm->settings, "server", settings);
    r = check_own(arm, "server", own, ret_message);
    listen = json_string_value(load_arm_setting(arm, "server", "listen"));
    if (!r && (!listen || strcmp(listen, address(arm)) != 0))
        r = say(ret_message, -EINVAL,
                "--server: it listens on %s, where the lab's client finds it; leave --listen "
                "out",
                address(arm));
    if (!r && !number(arm, "server", "port"))
        r = say(ret_message, -EINVAL,
                "--server: the lab's client must know the port; leave --port 0 out");
    return r;
}

static int make_target(const struct load_arm *arm, char *text, size_t size)
{
    const struct load_spec *s = arm->spec;
    const char *host = s->target ? s->target_host : address(arm);
    snprintf(text, size, strchr(host, ':') ? "[%s]:%d" : "%s:%d", host,
             s->target ? s->target_port : (int)number(arm, "server", "port"));
    return 0;
}

/* Ours, where the user says nothing else; then the user's, and the keys: the last one counts. */
static int make_client(struct load_arm *arm, char *const *keys, bool lasts)
{
    char *const *words = arm->spec->client_words.word;
    size_t n = sizeof(client_defaults) / sizeof(*client_defaults) - !lasts;
    char target[PARSE_HOST_MAX + 16], warm_up[32];
    clear(arm->client);
    int r = 0;
    for (size_t i = 0; i < n && !r; i++) {
        const char *letter = client_defaults[i].letter, *name = client_defaults[i].name;
        if (gives(words, letter, name) || gives(keys, letter, name))
            continue;
        r = add(arm->client, letter);
        if (!r)
            r = add(arm->client, client_defaults[i].value);
    }
    if (!r)
        r = add_all(arm->client, (const char *const *)words);
    if (!r)
        r = add_all(arm->client, (const char *const *)keys);
    if (!r && arm->spec->warm_up_ns) {
        snprintf(warm_up, sizeof(warm_up), "--warm-up=%lldus",
                 (long long)(arm->spec->warm_up_ns / NS_PER_US));
        r = add(arm->client, warm_up);
    }
    make_target(arm, target, sizeof(target));
    return r ? r : add(arm->client, target);
}

static int ask_client(struct load_arm *arm, char **ret_message)
{
    static const char *const own[] = {"json", "jsonl", "start_at_s", NULL};
    char *keys[PROCESS_ARGUMENTS];
    json_t *settings = NULL;
    memcpy(keys, arm->client, sizeof(keys));
    memset(arm->client, 0, sizeof(arm->client));
    int r = make_client(arm, keys, true);
    if (!r)
        r = ask(arm->paths.client, "client", arm->client, &settings, ret_message);
    const char *workload = json_string_value(json_object_get(settings, "workload"));
    if (!r && workload && !strcmp(workload, "hold")) {
        json_decref(settings);
        settings = NULL;
        r = make_client(arm, keys, false);
        if (!r)
            r = ask(arm->paths.client, "client", arm->client, &settings, ret_message);
    }
    clear(keys);
    if (r)
        return r;
    json_object_set_new(arm->settings, "client", settings);
    arm->round_ns = number(arm, "client", "duration_us") * NS_PER_US;
    if (arm->round_ns)
        arm->round_ns += arm->spec->warm_up_ns;
    return check_own(arm, "client", own, ret_message);
}

/* A percentile is in the report where --percentiles of the client has it. */
static int check_percentiles(const struct load_arm *arm, char **ret_message)
{
    const json_t *list = load_arm_setting(arm, "client", "percentiles");
    for (size_t i = 0; i < arm->spec->n_metrics; i++) {
        const char *p = strstr(arm->spec->metric[i], "_us.p");
        char wanted[32];
        bool there = false;
        json_t *one;
        size_t j;
        if (!p)
            continue;
        snprintf(wanted, sizeof(wanted), "%s", p + strlen("_us.p"));
        for (char *c = wanted; *c; c++)
            *c = *c == '_' ? '.' : *c;
        json_array_foreach(list, j, one)
        {
            char text[32];
            snprintf(text, sizeof(text), "%g", json_number_value(one));
            there = there || !strcmp(text, wanted);
        }
        if (!there)
            return say(ret_message, -EINVAL,
                       "--metric %s: the client's report does not have it; add it with "
                       "--client '--percentiles 50,90,99,99.9,%s', in rising order",
                       arm->spec->metric[i], wanted);
    }
    return 0;
}

static int make(struct load_arm *arm, const char *const *keys, size_t n, char **ret_message)
{
    const struct load_spec *s = arm->spec;
    char *server_keys[PROCESS_ARGUMENTS];
    int r = s->server_words.n > ARM_WORDS_MAX || s->client_words.n > ARM_WORDS_MAX ? -E2BIG : 0;
    if (!r && !programs_find(NULL, &arm->paths))
        r = say(ret_message, -ENOENT,
                "tcplab-server and tcplab-client are not there (looked in %s and %s); build "
                "or install them together with tcplab-bench",
                arm->paths.server, arm->paths.client);
    for (size_t i = 0; i < n && !r; i++)
        r = set_key(arm, keys[i], ret_message);
    memcpy(server_keys, arm->server, sizeof(server_keys));
    memset(arm->server, 0, sizeof(arm->server));
    if (!r)
        r = add(arm->server, "--listen");
    if (!r)
        r = add(arm->server, address(arm));
    if (!r)
        r = add_all(arm->server, (const char *const *)s->server_words.word);
    if (!r)
        r = add_all(arm->server, (const char *const *)server_keys);
    clear(server_keys);
    if (!r && !s->target)
        r = ask_server(arm, ret_message);
    if (!r)
        r = ask_client(arm, ret_message);
    if (!r)
        r = check_percentiles(arm, ret_message);
    if (r == -E2BIG)
        say(ret_message, r, "at most %d words can stand in --server or --client", ARM_WORDS_MAX);
    return r;
}

int load_arm_new(const struct load_spec *spec, const char *const *keys, size_t n,
                 struct load_arm **ret, char **ret_message)
{
    struct load_arm *arm = calloc(1, sizeof(*arm));
    *ret_message = NULL;
    if (arm)
        arm->texts = calloc(n + 1, sizeof(*arm->texts));
    if (!arm || !arm->texts) {
        free(arm);
        return -ENOMEM;
    }
    arm->spec = spec;
    arm->knobs = spec->knobs;
    arm->settings = json_object();
    arm->keys = json_object();
    int r = make(arm, keys, n, ret_message);
    if (r)
        load_arm_free(arm);
    else
        *ret = arm;
    return r;
}

void load_arm_free(struct load_arm *arm)
{
    if (!arm)
        return;
    clear(arm->server);
    clear(arm->client);
    for (size_t i = 0; i < arm->n_texts; i++)
        free(arm->texts[i]);
    free(arm->texts);
    json_decref(arm->settings);
    json_decref(arm->keys);
    free(arm);
}
