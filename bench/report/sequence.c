#include "bench/report/sequence.h"
#include "bench/report/layout.h"
#include "bench/report/scale.h"
#include "common/report/page.h"
#include "common/report/terminal.h"
#include "common/text/human.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* columns of a segment's number */
#define SEQUENCE_NUMBER 3
/* of the time since the segment before */
#define SEQUENCE_AFTER 9
/* of a time at either end */
#define SEQUENCE_TIME 8
/* what stands before the client's line */
#define SEQUENCE_LEFT (SEQUENCE_NUMBER + SEQUENCE_AFTER + SEQUENCE_TIME)
/* between the two lines */
#define SEQUENCE_SPAN   (page_width() - SEQUENCE_LEFT - SEQUENCE_TIME - 3)
#define SEQUENCE_LABEL  44 /* the longest label; what fate leaves room for */
#define SEQUENCE_DASHES 6  /* of an arrow, at least */
#define SEQUENCE_MOST   40 /* segments drawn; of more, the first and the last ones */
#define SEQUENCE_FIRST  24
#define SEQUENCE_GAP_S  0.1 /* drawn in any case */

struct sequence {
    const json_t *segments, *calls;
    double total_s; /* from the first segment to the last event */
    /* 0: the run's clock, as the states have it; of a late and short connection its beginning */
    double zero_s;
    struct scale time;
};

/* Why a segment did not arrive, in no more than `room` columns where that can be; NULL: it did. */
static const char *sequence_fate(const json_t *segment, int room)
{
    static const struct {
        const char *fate, *words, *word;
    } fates[] = {
        {"fault", "dropped on purpose", "dropped"},
        {"lost", "lost by the wire", "lost"},
        {"cut", "the wire is cut", "cut"},
        {"in_transit", "still on its way", "on its way"},
    };
    const char *fate = json_string_value(json_object_get(segment, "fate"));
    for (size_t i = 0; fate && i < sizeof(fates) / sizeof(*fates); i++)
        if (!strcmp(fate, fates[i].fate))
            return (int)strlen(fates[i].words) <= room ? fates[i].words : fates[i].word;
    return NULL;
}

static bool is_in_transit(const json_t *segment)
{
    const char *fate = json_string_value(json_object_get(segment, "fate"));
    return fate && !strcmp(fate, "in_transit");
}

static bool to_server(const json_t *segment)
{
    const char *direction = json_string_value(json_object_get(segment, "direction"));
    return !direction || strcmp(direction, "to_client");
}

static const char *sequence_name(const json_t *segment)
{
    const char *name = json_string_value(json_object_get(segment, "name"));
    return name ? name : "segment";
}

static double sequence_seconds(const json_t *segment, const char *key)
{
    const json_t *value = json_object_get(segment, key);
    return json_is_number(value) ? json_number_value(value) / 1e3 : NAN;
}

/* The last moment at which something is known of it. */
static double sequence_end(const json_t *segment)
{
    return fmax(sequence_seconds(segment, "t_ms"), sequence_seconds(segment, "arrived_ms"));
}

/* --- what stands on an arrow --- */

/* Where the connection that this segment belongs to begins: with a SYN after something else than a
 * SYN, the port is used again. */
static size_t beginning(const struct sequence *s, size_t index)
{
    size_t begin = 0;
    const char *before = "SYN";
    for (size_t i = 0; i <= index; i++) {
        const json_t *segment = json_array_get(s->segments, i);
        if (!to_server(segment))
            continue;
        const char *name = sequence_name(segment);
        begin = !strcmp(name, "SYN") && strcmp(before, "SYN") ? i : begin;
        before = name;
    }
    return begin;
}

/* Sent before, bytes or flags that take a sequence number; a repeated ACK is news of its own. */
static bool is_again(const struct sequence *s, size_t index)
{
    const json_t *segment = json_array_get(s->segments, index);
    const char *name = sequence_name(segment);
    if (!page_integer(segment, "payload_bytes", NULL) && !strstr(name, "SYN") &&
        !strstr(name, "FIN"))
        return false;
    for (size_t i = beginning(s, index); i < index; i++) {
        const json_t *other = json_array_get(s->segments, i);
        if (!strcmp(sequence_name(other), name) && to_server(other) == to_server(segment) &&
            page_integer(other, "sequence", NULL) == page_integer(segment, "sequence", NULL) &&
            page_integer(other, "payload_bytes", NULL) ==
                page_integer(segment, "payload_bytes", NULL))
            return true;
    }
    return false;
}

/* A SYN and a bare RST acknowledge nothing. */
static bool has_acknowledgement(const char *name)
{
    return strcmp(name, "SYN") && strcmp(name, "SYN+DATA") && strcmp(name, "RST");
}

/* A receiver that has no room, and the first word that it has some again. */
static const char *sequence_window(const struct sequence *s, size_t index)
{
    const json_t *segment = json_array_get(s->segments, index),
                 *window = json_object_get(segment, "window");
    if (!window || !strncmp(sequence_name(segment), "RST", 3))
        return "";
    if (!json_integer_value(window))
        return ", win 0";
    for (size_t i = index; i-- > 0;) {
        const json_t *before = json_array_get(s->segments, i);
        if (to_server(before) == to_server(segment))
            return page_integer(before, "window", NULL) ? "" : ", win open";
    }
    return "";
}

/* With fewer words where all of them have no room. */
static void sequence_label(const struct sequence *s, size_t index, int room,
                           char text[static SEQUENCE_LABEL + 1])
{
    const json_t *segment = json_array_get(s->segments, index);
    const char *name = sequence_name(segment);
    long long payload = page_integer(segment, "payload_bytes", NULL);
    char sequence[32], acknowledgement[32] = "", bytes[40] = "", all[200];
    snprintf(sequence, sizeof(sequence), " seq %lld",
             (long long)page_integer(segment, "sequence", NULL));
    if (has_acknowledgement(name))
        snprintf(acknowledgement, sizeof(acknowledgement), " ack %lld",
                 (long long)page_integer(segment, "acknowledged", NULL));
    if (payload)
        snprintf(bytes, sizeof(bytes), ", %lld byte%s", payload, payload == 1 ? "" : "s");
    const char *again = json_is_true(json_object_get(segment, "copy")) ? ", duplicate"
                        : is_again(s, index)                           ? ", again"
                                                                       : "";
    for (int fewer = 0; fewer < 3; fewer++) {
        snprintf(all, sizeof(all), " %.20s%s%s%s%s%s ", name, fewer < 2 ? sequence : "",
                 fewer ? "" : acknowledgement, bytes, sequence_window(s, index), again);
        if ((int)strlen(all) <= room)
            break;
    }
    if ((int)strlen(all) > room)
        strcpy(all + room - 4, "... ");
    strcpy(text, all);
}

/* --- lines --- */

static void sequence_time(FILE *out, const struct sequence *s, double seconds, int width)
{
    char text[HUMAN_MAX];
    fprintf(out, "%*s", width,
            isnan(seconds) ? "" : scale_number(&s->time, seconds - s->zero_s, text));
}

/* A piece of an arrow with its dashes; the label stands near the sender. */
static void arrow(FILE *out, const char *label, int length, bool right, const char *head)
{
    int dashes = length - (int)strlen(label) - (int)strlen(head),
        near = dashes > 8 ? 4 : dashes / 2;
    fputs(right ? "" : head, out);
    layout_fill(out, '-', right ? near : dashes - near);
    fputs(label, out);
    layout_fill(out, '-', right ? dashes - near : near);
    fputs(right ? head : "", out);
}

/* Broken off where the room for its fate begins, at two thirds of the way at most. */
static void broken(FILE *out, const json_t *segment, const char *label, const char *fate)
{
    bool right = to_server(segment);
    int words = (int)strlen(fate) + 1, length = SEQUENCE_SPAN - words;
    int least = (int)strlen(label) + 6, wish = SEQUENCE_SPAN * 2 / 3;
    length = length < wish ? length : wish > least ? wish : least;
    length = length > SEQUENCE_SPAN - words ? SEQUENCE_SPAN - words : length;
    const char *head = is_in_transit(segment) ? "..." : "X";
    int blank = SEQUENCE_SPAN - length - words;
    if (right) {
        arrow(out, label, length, right, head);
        fprintf(out, " %s%s%s%*s", terminal_style(out, TERMINAL_BAD), fate,
                terminal_style(out, TERMINAL_PLAIN), blank, "");
    } else {
        fprintf(out, "%*s%s%s%s ", blank, "", terminal_style(out, TERMINAL_BAD), fate,
                terminal_style(out, TERMINAL_PLAIN));
        arrow(out, label, length, right, head);
    }
}

/* It arrived, and the other end did nothing with it: that stands where the arrow ends. */
static void ignored(FILE *out, const char *label, bool right, const char *then)
{
    int words = (int)strlen(then) + 2;
    if (right)
        arrow(out, label, SEQUENCE_SPAN - words, right, ">");
    fprintf(out, " %s%s%s ", terminal_style(out, TERMINAL_BAD), then,
            terminal_style(out, TERMINAL_PLAIN));
    if (!right)
        arrow(out, label, SEQUENCE_SPAN - words, right, "<");
}

/* Its number, and how long after the segment before it was sent. */
static void number(FILE *out, const struct sequence *s, size_t index)
{
    char after[HUMAN_MAX] = "", text[HUMAN_MAX];
    double sent = sequence_seconds(json_array_get(s->segments, index), "t_ms"),
           before = index ? sequence_seconds(json_array_get(s->segments, index - 1), "t_ms") : NAN;
    if (!isnan(sent - before))
        snprintf(after, sizeof(after), "+%.20s", scale_number(&s->time, sent - before, text));
    fprintf(out, "%*zu%*s", SEQUENCE_NUMBER, index + 1, SEQUENCE_AFTER, after);
}

static void sequence_segment(FILE *out, const struct sequence *s, size_t index)
{
    const json_t *segment = json_array_get(s->segments, index);
    bool right = to_server(segment);
    char label[SEQUENCE_LABEL + 1];
    const char *fate = sequence_fate(segment, 0);
    int room = SEQUENCE_SPAN - SEQUENCE_DASHES - (fate ? (int)strlen(fate) + 2 : 0);
    sequence_label(s, index, room < SEQUENCE_LABEL ? room : SEQUENCE_LABEL, label);
    room = SEQUENCE_SPAN - (int)strlen(label) - SEQUENCE_DASHES;
    fate = sequence_fate(segment, room);
    const char *then = json_string_value(json_object_get(segment, "then"));
    double sent = sequence_seconds(segment, "t_ms"),
           arrived = fate ? NAN : sequence_seconds(segment, "arrived_ms");
    number(out, s, index);
    sequence_time(out, s, right ? sent : arrived, SEQUENCE_TIME);
    fputs(" |", out);
    if (fate)
        broken(out, segment, label, fate);
    else if (then && (int)strlen(then) + 1 < room)
        ignored(out, label, right, then);
    else
        arrow(out, label, SEQUENCE_SPAN, right, right ? ">" : "<");
    fputc('|', out);
    double other = right ? arrived : sent;
    if (!isnan(other))
        sequence_time(out, s, other, SEQUENCE_TIME);
    fputc('\n', out);
}

/* A line without segments: both sides wait, or something is left out. */
static void sequence_pause(FILE *out, const char *text)
{
    int left = (SEQUENCE_SPAN - (int)strlen(text)) / 2;
    fprintf(out, "%*s :%*s%s%*s:\n", SEQUENCE_LEFT, "", left, "", text,
            SEQUENCE_SPAN - left - (int)strlen(text), "");
}

/* A gap is drawn where it is long for people, or for this connection. */
static void gap(FILE *out, const struct sequence *s, double seconds)
{
    char text[64], human[HUMAN_MAX];
    if (isnan(seconds) ||
        (seconds < SEQUENCE_GAP_S && (seconds < 1e-3 || seconds < s->total_s / 10)))
        return;
    snprintf(text, sizeof(text), "... %s ...", human_us(seconds * 1e6, human));
    sequence_pause(out, text);
}

/* What a program did, on its own side: "connect(192.0.2.1:8888) = ok". */
static void sequence_call(FILE *out, const struct sequence *s, const json_t *call)
{
    char text[PAGE_WIDTH_MAX];
    const char *side = json_string_value(json_object_get(call, "side")),
               *name = json_string_value(json_object_get(call, "call")),
               *result = json_string_value(json_object_get(call, "result"));
    bool quiet = !result || !strcmp(result, "ok"), server = side && !strcmp(side, "server");
    double at = sequence_seconds(call, "t_ms");
    snprintf(text, (size_t)SEQUENCE_SPAN, "%s%s%s", name ? name : "", quiet ? "" : " = ",
             quiet ? "" : result);
    sequence_time(out, s, server ? NAN : at, SEQUENCE_LEFT);
    fprintf(out, " |%s", terminal_style(out, TERMINAL_DIM));
    fprintf(out, server ? "%*s " : " %-*s", SEQUENCE_SPAN - 1, text);
    fprintf(out, "%s|", terminal_style(out, TERMINAL_PLAIN));
    if (server)
        sequence_time(out, s, at, SEQUENCE_TIME);
    fputc('\n', out);
}

/* Those calls that came before that moment, from the index on. */
static size_t sequence_calls(FILE *out, const struct sequence *s, size_t from, double before,
                             double *last)
{
    for (; from < json_array_size(s->calls); from++) {
        const json_t *call = json_array_get(s->calls, from);
        double at = sequence_seconds(call, "t_ms");
        if (at > before)
            break;
        gap(out, s, at - *last);
        sequence_call(out, s, call);
        *last = fmax(*last, at);
    }
    return from;
}

static void sequence_segments(FILE *out, const struct sequence *s)
{
    size_t n = json_array_size(s->segments), calls = 0;
    double last = NAN;
    for (size_t i = 0; i < n; i++) {
        if (i == SEQUENCE_FIRST && n > SEQUENCE_MOST) {
            char text[64];
            size_t resume = n - (SEQUENCE_MOST - SEQUENCE_FIRST);
            snprintf(text, sizeof(text), "... %zu segments: see --json ...", resume - i);
            sequence_pause(out, text);
            i = resume;
            while (calls < json_array_size(s->calls) &&
                   sequence_seconds(json_array_get(s->calls, calls), "t_ms") <
                       sequence_seconds(json_array_get(s->segments, i), "t_ms"))
                calls++;
        } else {
            calls = sequence_calls(out, s, calls,
                                   sequence_seconds(json_array_get(s->segments, i), "t_ms"), &last);
            gap(out, s, sequence_seconds(json_array_get(s->segments, i), "t_ms") - last);
        }
        sequence_segment(out, s, i);
        last = fmax(last, sequence_end(json_array_get(s->segments, i)));
    }
    sequence_calls(out, s, calls, INFINITY, &last);
}

/* --- the page --- */

/* Milliseconds, as finely as the shortest flight asks for, while that has room. */
static struct scale sequence_scale(const json_t *segments, double largest)
{
    double shortest = INFINITY;
    size_t i;
    json_t *segment;
    json_array_foreach((json_t *)segments, i, segment)
    {
        shortest = fmin(shortest, sequence_seconds(segment, "arrived_ms") -
                                      sequence_seconds(segment, "t_ms"));
    }
    if (largest >= 9.99995)
        return scale_seconds(largest);
    return (struct scale){"ms", 1e3, shortest >= 1e-3 ? 1 : largest < 0.9999995 ? 3 : 2, 1};
}

static struct sequence new (const json_t *segments)
{
    struct sequence s = {.segments = segments};
    double end = NAN;
    size_t i;
    json_t *segment;
    json_array_foreach((json_t *)segments, i, segment)
    {
        end = fmax(end, sequence_end(segment));
    }
    double begin = sequence_seconds(json_array_get(segments, 0), "t_ms");
    s.total_s = end - begin;
    s.zero_s = begin > s.total_s ? begin : 0;
    s.time = sequence_scale(segments, end - s.zero_s);
    return s;
}

static void sequence_head(FILE *out, const struct sequence *s, const char *client,
                          const char *server)
{
    const int inner = SEQUENCE_SPAN + 2; /* from line to line */
    const char *right = server ? server : "";
    client = client ? client : "";
    fprintf(out, "%*s%*s%*s %-6s%*s%*s\n", SEQUENCE_NUMBER, "no", SEQUENCE_AFTER, "after",
            SEQUENCE_TIME, s->time.unit, "client", inner - 6, "server", SEQUENCE_TIME,
            s->time.unit);
    if (*client && (int)(strlen(client) + strlen(right)) < inner)
        fprintf(out, "%*s %s%*s\n", SEQUENCE_LEFT, "", client, inner - (int)strlen(client), right);
}

void sequence_page(FILE *out, const json_t *packets, const char *server)
{
    const json_t *segments = json_object_get(packets, "segments");
    const char *caption = json_string_value(json_object_get(packets, "caption"));
    int64_t omitted = page_integer(packets, "omitted", NULL);
    char text[HUMAN_MAX];
    if (!json_array_size(segments))
        return;
    struct sequence s = new (segments);
    s.calls = json_object_get(packets, "calls");
    page_title(out, "One connection, segment by segment");
    if (caption && *caption)
        page_text(out, "%c%s", toupper((unsigned char)*caption), caption + 1);
    sequence_head(out, &s, json_string_value(json_object_get(packets, "connection")), server);
    sequence_segments(out, &s);
    if (omitted)
        page_text(out, "%s more segments of this connection are left out.",
                  human_count(omitted, text));
    if (s.zero_s > 0)
        page_text(out, "Times count from its first segment, %s into the run.",
                  human_us(s.zero_s * 1e6, text));
}
