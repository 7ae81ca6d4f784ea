#include "bench/trial/captures.h"
#include "bench/observe/pcap.h"
#include "bench/observe/pcapng.h"
#include "bench/trial/steps.h"
#include "common/process/exit_code.h"
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What the wire did to it; NULL: it carried it. */
static const char *wire_comment(const struct segment *s)
{
    switch (s->fate) {
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

/* NULL: nothing is to be said. Caller frees. */
static char *comment(const struct segment *s)
{
    const char *wire = wire_comment(s);
    char *text = NULL;
    return wire && asprintf(&text, "tcplab: %s", wire) >= 0 ? text : NULL;
}

/* The question, and the command that makes the same run. Caller frees. */
static char *section_comment(const struct trial *t)
{
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
    return fclose(out) ? NULL : text;
}

static int write_pcapng(const struct trial *t, const char *path, const struct segment *segments,
                        size_t n)
{
    char **comments = calloc(n ? n : 1, sizeof(*comments));
    char *section = section_comment(t);
    const struct pcapng_args args = {.program = "tcplab-bench " TCPLAB_VERSION,
                                     .comment = section,
                                     .server_address = t->lab.server_address,
                                     .client_address = t->lab.client_address,
                                     .comments = comments};
    for (size_t i = 0; i < n && comments; i++)
        comments[i] = comment(&segments[i]);
    int r = comments && section ? pcapng_write(path, &args, segments, n) : -ENOMEM;
    for (size_t i = 0; i < n && comments; i++)
        free(comments[i]);
    free(comments);
    free(section);
    return r;
}

void captures_write(struct trial *t, const char *pcap, const char *pcapng)
{
    size_t n;
    if (!t->lab.wire)
        return;
    const struct segment *segments = wire_segments(t->lab.wire, &n);
    int r = pcap ? pcap_write(pcap, segments, n) : 0;
    if (r)
        step_fail(t, EXIT_CODE_FAILED, "cannot write %s: %s", pcap, strerror(-r));
    r = pcapng ? write_pcapng(t, pcapng, segments, n) : 0;
    if (r)
        step_fail(t, EXIT_CODE_FAILED, "cannot write %s: %s", pcapng, strerror(-r));
}
