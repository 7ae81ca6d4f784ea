#include "bench/trial/trial_segments.h"
#include "common/report/document.h"

#include <string.h>

static const char *fate_name(int fate)
{
    static const char *const names[] = {[SEGMENT_IN_TRANSIT] = "in_transit",
                                        [SEGMENT_DELIVERED] = "delivered",
                                        [SEGMENT_FAULT] = "fault",
                                        [SEGMENT_LOST] = "lost",
                                        [SEGMENT_CUT] = "cut"};
    return names[fate];
}

static uint32_t relative(const struct segment_isn *isn, enum direction direction, uint32_t number)
{
    return isn->known[direction] ? number - isn->isn[direction] : number;
}

json_t *trial_segment(const struct segment *s, struct segment_isn *isn, int64_t zero_ns)
{
    char name[SEGMENT_NAME_MAX];
    if (s->flags & SEGMENT_SYN) {
        isn->known[s->direction] = true;
        isn->isn[s->direction] = s->sequence;
    }
    json_t *json = json_pack(
        "{s:o, s:o, s:s, s:s, s:I, s:I, s:I, s:I, s:s}", "t_ms",
        document_real((double)(s->at_ns - zero_ns) / 1e6), "arrived_ms",
        s->out_ns ? document_real((double)(s->out_ns - zero_ns) / 1e6) : json_null(), "direction",
        s->direction == TO_SERVER ? "to_server" : "to_client", "name", segment_name(s, name),
        "sequence", (json_int_t)relative(isn, s->direction, s->sequence), "acknowledged",
        s->flags & SEGMENT_ACK ? (json_int_t)relative(isn, !s->direction, s->acknowledged)
                               : (json_int_t)0,
        "window", (json_int_t)s->window, "payload_bytes", (json_int_t)s->payload, "fate",
        fate_name(s->fate));
    if (s->copy)
        json_object_set_new(json, "copy", json_true());
    return json;
}

bool trial_segment_is(const json_t *segment, const char *direction, const char *name)
{
    return !strcmp(json_string_value(json_object_get(segment, "direction")), direction) &&
           (!name || !strcmp(json_string_value(json_object_get(segment, "name")), name));
}

/* Whether the client's next word was the same again and the server's next one, if any, was as if it
 * had not heard. */
static bool was_ignored(const json_t *segments, size_t i, bool ghost)
{
    const json_t *segment = json_array_get(segments, i);
    double arrived_ms = json_number_value(json_object_get(segment, "arrived_ms"));
    bool ack = trial_segment_is(segment, "to_server", "ACK");
    for (size_t j = i + 1; j < json_array_size(segments); j++) {
        const json_t *next = json_array_get(segments, j);
        if (trial_segment_is(next, "to_client", NULL) &&
            json_number_value(json_object_get(next, "t_ms")) >= arrived_ms)
            return ack && trial_segment_is(next, "to_client", "SYN-ACK");
        if (trial_segment_is(next, "to_server", "SYN"))
            return !ack; /* after an ACK it begins the next connection from that port */
    }
    return !ack || ghost;
}

/* The wire delivers what the server's kernel then drops: what came, or did not come, after it
 * tells. */
static void add_drops(json_t *segments, bool ghost)
{
    size_t i;
    json_t *segment;
    json_array_foreach(segments, i, segment)
    {
        bool asks = trial_segment_is(segment, "to_server", "SYN") ||
                    trial_segment_is(segment, "to_server", "ACK");
        if (asks && !strcmp(json_string_value(json_object_get(segment, "fate")), "delivered") &&
            was_ignored(segments, i, ghost))
            json_object_set_new(segment, "then", json_string("dropped"));
    }
}

static int64_t number(const json_t *segment, const char *key)
{
    return json_integer_value(json_object_get(segment, key));
}

static bool are_the_same(const json_t *a, const json_t *b)
{
    return trial_segment_is(a, json_string_value(json_object_get(b, "direction")),
                            json_string_value(json_object_get(b, "name"))) &&
           number(a, "sequence") == number(b, "sequence") &&
           number(a, "payload_bytes") == number(b, "payload_bytes");
}

/* Bytes, SYN or FIN that were sent before; a repeated ACK is news of its own. A SYN after something
 * else than a SYN begins the next connection from that port. */
static void add_again(json_t *segments)
{
    size_t begin = 0, i;
    bool after_syn = true;
    json_t *segment;
    json_array_foreach(segments, i, segment)
    {
        const char *name = json_string_value(json_object_get(segment, "name"));
        if (trial_segment_is(segment, "to_server", NULL)) {
            bool syn = !strcmp(name, "SYN");
            begin = syn && !after_syn ? i : begin;
            after_syn = syn;
        }
        bool content =
            number(segment, "payload_bytes") || strstr(name, "SYN") || strstr(name, "FIN");
        for (size_t j = i; content && j-- > begin;)
            if (are_the_same(segment, json_array_get(segments, j))) {
                json_object_set_new(segment, "again", json_true());
                break;
            }
    }
}

void trial_segments_explain(json_t *segments, bool ghost)
{
    add_again(segments);
    add_drops(segments, ghost);
}
