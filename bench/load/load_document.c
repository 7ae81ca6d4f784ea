#include "bench/load/load_document.h"
#include "common/process/clock.h"
#include "common/report/document.h"
#include "common/text/human.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Quoted as a shell reads it. */
static void put_word(FILE *out, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_./:=,%+@[]";
    if (*word && !word[strspn(word, plain)]) {
        fprintf(out, " %s", word);
        return;
    }
    fputs(" '", out);
    for (; *word; word++)
        if (*word == '\'')
            fputs("'\\''", out);
        else
            fputc(*word, out);
    fputc('\'', out);
}

static json_t *command(const char *name, char *const *words)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return json_null();
    fputs(name, out);
    for (size_t i = 0; words[i]; i++)
        put_word(out, words[i]);
    fclose(out);
    json_t *json = document_string(text);
    free(text);
    return json;
}

static json_t *lab(const struct load_arm *arm)
{
    char text[160], delay[HUMAN_MAX];
    const struct knobs *k = &arm->knobs;
    if (arm->spec->target)
        return json_null();
    if (knob(k, "link") == KNOB_LOOPBACK)
        snprintf(text, sizeof(text), "Each round has a private network, on its loopback.");
    else
        snprintf(text, sizeof(text),
                 "Each round has two private hosts, joined by a wire with a delay of %s.",
                 human_ns(knob(k, "delay"), delay));
    return json_string(text);
}

json_t *load_document_arm(const struct load_arm *arm)
{
    const struct load_spec *s = arm->spec;
    return json_pack("{s:o*, s:o, s:o, s:o, s:O, s:O, s:o, s:I}", "server",
                     s->target ? NULL : command("tcplab-server", arm->server), "client",
                     command("tcplab-client", arm->client), "lab", lab(arm), "knobs",
                     s->target ? json_object() : knobs_json(&arm->knobs), "keys", arm->keys,
                     "settings", arm->settings, "target",
                     s->target ? document_string(s->target) : json_null(), "warm_up_us",
                     (json_int_t)(s->warm_up_ns / NS_PER_US));
}
