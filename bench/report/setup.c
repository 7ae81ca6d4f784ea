#include "bench/report/setup.h"
#include "bench/report/layout.h"
#include "common/report/page.h"
#include "common/report/terminal.h"
#include "common/text/human.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SETUP_INDENT 4
#define SETUP_WIDTH  (page_width() < 80 ? page_width() - 4 : 72) /* of the drawing */
#define SETUP_CABLE  18 /* its least length: "50.00 ms each way" must fit below it */

/* --- knobs --- */

/* As a user would write it: "50ms". */
static void setup_duration(FILE *out, int64_t us)
{
    if (us % 1000)
        fprintf(out, "%lldus", (long long)us);
    else if (us % 1000000)
        fprintf(out, "%lldms", (long long)us / 1000);
    else
        fprintf(out, "%llds", (long long)us / 1000000);
}

static void setup_knob(FILE *out, const char *name, const json_t *value)
{
    size_t length = strlen(name);
    bool duration = length > 3 && !strcmp(name + length - 3, "_us");
    fprintf(out, "%.*s ", (int)(duration ? length - 3 : length), name);
    if (duration && json_is_integer(value)) {
        setup_duration(out, json_integer_value(value));
        return;
    }
    if (json_is_integer(value))
        fprintf(out, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        fprintf(out, "%g", json_real_value(value));
    else
        fputs(json_is_string(value) ? json_string_value(value)
              : json_is_true(value) ? "yes"
                                    : "no",
              out);
}

char *setup_knobs(const json_t *knobs, const json_t *only)
{
    char *text = NULL;
    size_t size;
    const char *name;
    json_t *value;
    bool first = true;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    json_object_foreach((json_t *)knobs, name, value)
    {
        if (json_is_null(value) || (only && !json_object_get(only, name)))
            continue;
        fputs(first ? "" : ", ", out);
        setup_knob(out, name, value);
        first = false;
    }
    fclose(out);
    return text;
}

/* --- the drawing --- */

static void centred(FILE *out, const char *text, int width)
{
    int left = (width - (int)strlen(text)) / 2;
    fprintf(out, "%*s%s%*s", left, "", text, width - left - (int)strlen(text), "");
}

static void border(FILE *out, int width)
{
    fputc('+', out);
    layout_fill(out, '-', width);
    fputc('+', out);
}

/* "<==== wire ====>", or spaces around a text. */
static void setup_cable(FILE *out, const char *text, int width, char fill)
{
    int left = (width - (int)strlen(text)) / 2 - 2;
    fputs(fill == ' ' ? "  " : " <", out);
    layout_fill(out, fill, left - 1);
    fprintf(out, " %s ", text);
    layout_fill(out, fill, width - left - (int)strlen(text) - 5);
    fputs(fill == ' ' ? "  " : "> ", out);
}

static void host_line(FILE *out, const char *text, int width)
{
    fputc('|', out);
    centred(out, text, width);
    fputc('|', out);
}

/* One line of two boxes and what is between them. */
static void two(FILE *out, const char *left, const char *right, const int width[2],
                const char *text, char fill)
{
    layout_fill(out, ' ', SETUP_INDENT);
    host_line(out, left, width[0]);
    setup_cable(out, text, SETUP_WIDTH - width[0] - width[1] - 4, fill);
    host_line(out, right, width[1]);
    fputc('\n', out);
}

static void two_border(FILE *out, const int width[2])
{
    layout_fill(out, ' ', SETUP_INDENT);
    border(out, width[0]);
    layout_fill(out, ' ', SETUP_WIDTH - width[0] - width[1] - 4);
    border(out, width[1]);
    fputc('\n', out);
}

static void draw_wire(FILE *out, const char *client, const char *server, const char *link,
                      const char *delay)
{
    const int width[2] = {(int)strlen(client) + 2, (int)strlen(server) + 2};
    two_border(out, width);
    two(out, "client", "server", width, link, '=');
    two(out, client, server, width, delay, ' ');
    two_border(out, width);
}

/* Client and server are one host: one box. */
static void draw_loopback(FILE *out, const char *client, const char *server, const char *delay)
{
    const int width = SETUP_WIDTH - 2,
              cable = width - 4 - (int)strlen(client) - (int)strlen(server);
    fprintf(out, "%*s", SETUP_INDENT, "");
    border(out, width);
    fprintf(out, "\n%*s|  %-*s%*s  |\n%*s|  %s", SETUP_INDENT, "", (int)strlen(client) + cable,
            "client", (int)strlen(server), "server", SETUP_INDENT, "", client);
    setup_cable(out, "loopback", cable, '=');
    fprintf(out, "%s  |\n%*s|", server, SETUP_INDENT, "");
    centred(out, delay, width);
    fprintf(out, "|\n%*s", SETUP_INDENT, "");
    border(out, width);
    fputc('\n', out);
}

static void setup_delay(const json_t *run, char *text, size_t size, bool loopback)
{
    const json_t *delay = json_object_get(json_object_get(run, "knobs"), "delay_us");
    double us = json_number_value(delay);
    char human[HUMAN_MAX];
    if (loopback)
        snprintf(text, size, "one host, no delay");
    else if (us > 0)
        snprintf(text, size, "%s each way", human_us(us, human));
    else
        snprintf(text, size, "%s", delay ? "no delay" : "");
}

static void draw(FILE *out, const json_t *run)
{
    const json_t *setup = json_object_get(run, "setup");
    const char *client = json_string_value(json_object_get(setup, "client"));
    const char *server = json_string_value(json_object_get(setup, "server"));
    const char *link = json_string_value(json_object_get(setup, "link"));
    char delay[64];
    if (!client || !server || !link)
        return;
    bool loopback = !strcmp(link, "loopback");
    setup_delay(run, delay, sizeof(delay), loopback);
    if (strlen(client) + strlen(server) + strlen(link) + SETUP_CABLE + 8 > (size_t)SETUP_WIDTH) {
        page_text(out, "client %s, server %s, joined by %s. %s", client, server, link, delay);
        return;
    }
    if (loopback)
        draw_loopback(out, client, server, delay);
    else
        draw_wire(out, client, server, link, delay);
}

/* --- the rest --- */

static void setup_sysctls(FILE *out, const json_t *sysctls)
{
    const char *name, *label = "sysctls";
    json_t *value;
    json_object_foreach((json_t *)sysctls, name, value)
    {
        char *number = json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY);
        const char *text = number ? number : json_string_value(value);
        fprintf(out, "  %-*s%s = %s\n", LAYOUT_LABEL - 2, label, name, text ? text : "");
        free(number);
        label = "";
    }
}

/* Which way they were found to be, before the run; see tcplab-bench probe. */
static void kernel_rules(FILE *out, const json_t *rules)
{
    char *text = NULL;
    size_t size;
    const char *name;
    json_t *value;
    FILE *words = json_object_size(rules) ? open_memstream(&text, &size) : NULL;
    if (!words)
        return;
    json_object_foreach((json_t *)rules, name, value)
    {
        const char *word = json_is_string(value) ? json_string_value(value) : "unknown";
        bool unknown = !strcmp(word, "unknown");
        fprintf(words, "%s%s %s%s", ftell(words) > 0 ? ", " : "", name, word,
                unknown ? " (reckoned as in the newest kernel)" : "");
    }
    fprintf(words, "; see tcplab-bench probe");
    fclose(words);
    layout_labelled(out, "kernel", text);
    free(text);
}

/* "tcp_mem", of "net.ipv4.tcp_mem". */
static const char *last_part(const char *key)
{
    const char *dot = strrchr(key, '.');
    return dot ? dot + 1 : key;
}

static const char *string_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static void put_set(FILE *out, const json_t *like)
{
    const json_t *listener = json_object_get(like, "listener");
    const char *key, *separator = ": ";
    json_t *value;
    fputs(string_of(like, "file"), out);
    if (json_is_object(listener)) {
        const char *program = string_of(listener, "program");
        fprintf(out, ": backlog %lld (%s%sport %lld)",
                (long long)json_integer_value(json_object_get(listener, "backlog")), program,
                *program ? ", " : "",
                (long long)json_integer_value(json_object_get(listener, "port")));
        separator = ", ";
    }
    json_object_foreach(json_object_get(like, "set"), key, value)
    {
        fprintf(out, "%s%s %s", separator, last_part(key),
                json_is_string(value) ? json_string_value(value) : "");
        separator = ", ";
    }
}

/* The listener's backlog and the sysctls that are not those of a fresh namespace; then what is not
 * as on that host. */
static void setup_like(FILE *out, const json_t *like)
{
    char *set = NULL, *not_set = NULL;
    size_t size, not_size, i;
    json_t *left;
    FILE *first = like ? open_memstream(&set, &size) : NULL;
    FILE *second = first ? open_memstream(&not_set, &not_size) : NULL;
    if (!second) {
        if (first)
            fclose(first);
        free(set);
        return;
    }
    put_set(first, like);
    json_array_foreach(json_object_get(like, "not_set"), i, left)
    {
        const json_t *value = json_object_get(left, "value");
        fputs(i ? ", " : "", second);
        fputs(last_part(string_of(left, "key")), second);
        if (json_is_integer(value))
            fprintf(second, " %lld", (long long)json_integer_value(value));
        else if (json_is_string(value))
            fprintf(second, " %s", json_string_value(value));
        fprintf(second, " (%s)", string_of(left, "why"));
    }
    fclose(first);
    fclose(second);
    layout_labelled(out, "like", set);
    layout_labelled(out, "unlike", not_set);
    free(set);
    free(not_set);
}

static void setup_commands(FILE *out, const json_t *commands)
{
    size_t i;
    json_t *command;
    if (json_array_size(commands))
        fputc('\n', out);
    json_array_foreach((json_t *)commands, i, command)
    {
        if (json_is_string(command))
            layout_command(out, "$", json_string_value(command));
    }
}

void setup_page(FILE *out, const json_t *run)
{
    const json_t *setup = json_object_get(run, "setup");
    char *knobs = setup_knobs(json_object_get(run, "knobs"), NULL);
    if (setup) {
        page_title(out, "Set-up");
        draw(out, run);
        layout_labelled(out, "why", json_string_value(json_object_get(setup, "why")));
    }
    layout_labelled(out, "knobs", knobs);
    setup_like(out, json_object_get(run, "like"));
    layout_labelled(out, "time", json_string_value(json_object_get(run, "time")));
    kernel_rules(out, json_object_get(setup, "kernel_rules"));
    setup_sysctls(out, json_object_get(setup, "sysctls"));
    setup_commands(out, json_object_get(setup, "commands"));
    free(knobs);
}
