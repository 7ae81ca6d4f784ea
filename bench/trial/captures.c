#include "bench/trial/captures.h"
#include "bench/observe/pcap.h"
#include "bench/observe/pcapng.h"
#include "bench/trial/steps.h"
#include "bench/trial/trial_segments.h"
#include "common/process/exit_code.h"
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What the wire did to it; NULL: it carried it. */
static const char *wire_comment(const struct segment *s)
{
    switch ((int)s->fate) {
    case SEGMENT_FAULT:
        return "dropped in the wire, by a fault of the experiment";
    case SEGMENT_LOST:
        return "lost in the wire";
    case SEGMENT_CUT:
        return "dropped in the wire, which was cut";
    case SEGMENT_IN_TRANSIT:
        return "still in the wire when the run ended";
    default:
        return s->copy ? "a copy that the wire made" : NULL;
    }
}

static const json_t *check_of(const json_t *document, const char *side, const char *counter)
{
    size_t i;
    json_t *check;
    char name[EXPECTATION_NAME_MAX];
    snprintf(name, sizeof(name), "%s.%s", side, counter);
    json_array_foreach(
        json_object_get(document, "checks"), i,
        check) if (!strcmp(json_string_value(json_object_get(check, "name")), name)) return check;
    return NULL;
}

/* The counters that it moved, each with its check, and the rule of that where it is the first one
 * in the file: told has the names of the checks before. */
static void put_counters(FILE *out, const json_t *document, const json_t *segment, json_t *told)
{
    const char *side, *counter;
    json_t *counters, *n;
    json_object_foreach(json_object_get(segment, "counters"), side, counters)
        json_object_foreach(counters, counter, n)
    {
        const json_t *check = check_of(document, side, counter);
        const char *name = json_string_value(json_object_get(check, "name"));
        fprintf(out, "; counted by %s", counter);
        if (check && json_object_get(told, name))
            fprintf(out, " (check %s)", name);
        else if (check)
            fprintf(out, " (check %s: %s %s)", name,
                    json_string_value(json_object_get(check, "rule")),
                    json_string_value(json_object_get(check, "source")));
        if (check)
            json_object_set_new(told, name, json_true());
    }
}

/* segment: of the document; NULL: it has none. NULL: nothing is to be said. Caller frees. */
static char *comment(const struct segment *s, const json_t *document, const json_t *segment,
                     json_t *told)
{
    const char *wire = wire_comment(s);
    bool dropped = json_object_get(segment, "then"), counted = json_object_get(segment, "counters");
    char *text = NULL;
    size_t size;
    FILE *out = wire || dropped || counted ? open_memstream(&text, &size) : NULL;
    if (!out)
        return NULL;
    fprintf(out, "tcplab: %s",
            dropped                     ? "arrived, and the server's kernel dropped it"
            : wire                      ? wire
            : s->direction == TO_SERVER ? "arrived at the server"
                                        : "sent by the server");
    put_counters(out, document, segment, told);
    return fclose(out) ? NULL : text;
}

/* The segment of the document that is s, from *at on, which moves behind it; NULL: it has been left
 * out. Both are in the order of time. */
static const json_t *find(const json_t *document, size_t *at, const struct segment *s,
                          int64_t zero_ns)
{
    const json_t *segments = json_object_get(document, "segments"), *found;
    struct segment_isn isn = {0};
    json_t *wanted = trial_segment(s, &isn, zero_ns);
    const char *keys[] = {"t_ms", "arrived_ms", "direction", "name", "window", "payload_bytes"};
    bool same = (found = json_array_get(segments, *at));
    for (size_t i = 0; same && i < sizeof(keys) / sizeof(*keys); i++)
        same = json_equal(json_object_get(found, keys[i]), json_object_get(wanted, keys[i]));
    json_decref(wanted);
    *at += same;
    return same ? found : NULL;
}

/* The question, the command that makes the same run, and what has no comments. Caller frees. */
static char *section_comment(const struct trial *t, const json_t *document)
{
    json_int_t left_out =
        json_integer_value(json_object_get(json_object_get(document, "left_out"), "segments"));
    const struct knobs *k = t->knobs;
    char *text = NULL, value[KNOB_TEXT_MAX];
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    fprintf(out, "%s\ntcplab-bench run %s", t->experiment->question, t->experiment->name);
    for (size_t i = 0; i < k->n; i++)
        if (k->set[i])
            fprintf(out, " --set %s=%s", k->knobs[i].name,
                    knob_text(&k->knobs[i], k->value[i], value));
    for (size_t i = 0; i < k->n_sysctls; i++)
        fprintf(out, " --set '%s'", k->sysctl[i]);
    if (left_out)
        fprintf(out,
                "\n%lld segments have no comment about what the kernel did with them; with "
                "--segments all they have",
                (long long)left_out);
    return fclose(out) ? NULL : text;
}

static int write_pcapng(const struct trial *t, const char *path, const json_t *document,
                        const struct segment *segments, size_t n)
{
    size_t at = 0;
    char **comments = calloc(n ? n : 1, sizeof(*comments));
    char *section = section_comment(t, document);
    json_t *told = json_object();
    const struct pcapng_args args = {.program = "tcplab-bench " TCPLAB_VERSION,
                                     .comment = section,
                                     .server_address = t->lab.server_address,
                                     .client_address = t->lab.client_address,
                                     .comments = comments};
    for (size_t i = 0; i < n && comments; i++)
        comments[i] =
            comment(&segments[i], document, find(document, &at, &segments[i], t->began_ns), told);
    int r = comments && section ? pcapng_write(path, &args, segments, n) : -ENOMEM;
    for (size_t i = 0; i < n && comments; i++)
        free(comments[i]);
    free(comments);
    free(section);
    json_decref(told);
    return r;
}

void captures_write(struct trial *t, const char *pcap, const char *pcapng, const json_t *document)
{
    size_t n;
    if (!t->lab.wire)
        return;
    const struct segment *segments = wire_segments(t->lab.wire, &n);
    int r = pcap ? pcap_write(pcap, segments, n) : 0;
    if (r)
        step_fail(t, EXIT_CODE_FAILED, "cannot write %s: %s", pcap, strerror(-r));
    r = pcapng ? write_pcapng(t, pcapng, document, segments, n) : 0;
    if (r)
        step_fail(t, EXIT_CODE_FAILED, "cannot write %s: %s", pcapng, strerror(-r));
}
