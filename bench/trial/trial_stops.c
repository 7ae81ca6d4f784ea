#include "bench/trial/trial_stops.h"
#include "bench/trial/trial_segments.h"
#include "common/report/document.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

static double milliseconds(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static bool is_set(const json_t *segment, const char *key)
{
    return json_object_get(segment, key) != NULL;
}

static bool is_named(const json_t *segment, const char *name)
{
    return !strcmp(json_string_value(json_object_get(segment, "name")), name);
}

static bool is_reset(const json_t *segment)
{
    return !strncmp(json_string_value(json_object_get(segment, "name")), "RST", 3);
}

/* --- counters --- */

static int64_t moved(const json_t *document, const char *side, const char *counter)
{
    const json_t *counters = json_object_get(json_object_get(document, "counters"), side);
    return json_integer_value(json_object_get(counters, counter));
}

static void attribute(json_t *segment, const json_t *document, const char *side,
                      const char *counter)
{
    if (!moved(document, side, counter))
        return;
    json_t *counters = json_object_get(segment, "counters");
    if (!counters) {
        counters = json_object();
        json_object_set_new(segment, "counters", counters);
    }
    json_t *its = json_object_get(counters, side);
    if (!its) {
        its = json_object();
        json_object_set_new(counters, side, its);
    }
    json_object_set_new(its, counter, json_integer(1));
}

/* What the accept queue held, by the last look before that moment. */
static bool queue_was_full(const json_t *document, double t_ms)
{
    size_t i;
    bool full = false;
    json_t *entry;
    json_array_foreach(json_object_get(document, "timeline"), i, entry)
    {
        if (milliseconds(entry, "t_ms") > t_ms)
            break;
        full = json_integer_value(json_object_get(entry, "queue")) >
               json_integer_value(json_object_get(entry, "limit"));
    }
    return full;
}

static void attribute_drop(json_t *segment, const json_t *document)
{
    bool overflow = is_named(segment, "ACK") ||
                    !moved(document, "server", "TcpExt.TCPReqQFullDrop") ||
                    queue_was_full(document, milliseconds(segment, "arrived_ms"));
    attribute(segment, document, "server",
              overflow ? "TcpExt.ListenOverflows" : "TcpExt.TCPReqQFullDrop");
    attribute(segment, document, "server", "TcpExt.ListenDrops");
}

/* The third ACK of a request that found the accept queue full, with tcp_abort_on_overflow = 1. */
static void attribute_embryonic(json_t *segment, const json_t *document)
{
    attribute(segment, document, "server", "TcpExt.ListenOverflows");
    attribute(segment, document, "server", "TcpExt.ListenDrops");
    attribute(segment, document, "server", "TcpExt.EmbryonicRsts");
}

static void attribute_again(json_t *segment, const json_t *document)
{
    const char *side = trial_segment_is(segment, "to_server", NULL) ? "client" : "server";
    attribute(segment, document, side, "Tcp.RetransSegs");
    if (is_named(segment, "SYN") || is_named(segment, "SYN-ACK"))
        attribute(segment, document, side, "TcpExt.TCPSynRetrans");
}

/* The next segment of its connection, or NULL. */
static const json_t *next_of(const json_t *segments, size_t i)
{
    const json_t *connection = json_object_get(json_array_get(segments, i), "connection");
    for (size_t j = i + 1; j < json_array_size(segments); j++)
        if (json_equal(json_object_get(json_array_get(segments, j), "connection"), connection))
            return json_array_get(segments, j);
    return NULL;
}

static void attribute_one(json_t *segments, size_t i, const json_t *document)
{
    json_t *segment = json_array_get(segments, i);
    bool to_server = trial_segment_is(segment, "to_server", NULL);
    if (is_reset(segment))
        attribute(segment, document, to_server ? "client" : "server", "Tcp.OutRsts");
    if (is_set(segment, "again"))
        attribute_again(segment, document);
    if (is_set(segment, "then"))
        attribute_drop(segment, document);
    else if (to_server && is_named(segment, "ACK") &&
             moved(document, "server", "TcpExt.EmbryonicRsts")) {
        const json_t *next = next_of(segments, i);
        if (next && trial_segment_is(next, "to_client", "RST"))
            attribute_embryonic(segment, document);
    }
}

/* How often the segments up to stock_ms name it. */
static int64_t attributed(const json_t *segments, const json_t *document, const char *side,
                          const char *counter)
{
    int64_t n = 0;
    size_t i;
    json_t *segment;
    double stock_ms = milliseconds(document, "stock_ms");
    json_array_foreach((json_t *)segments, i, segment)
    {
        const json_t *its = json_object_get(json_object_get(segment, "counters"), side);
        if (!(milliseconds(segment, "t_ms") > stock_ms))
            n += json_integer_value(json_object_get(its, counter));
    }
    return n;
}

/* More than the kernel has counted: then it is not known which of them did. */
static void withdraw(json_t *segments, const char *side, const char *counter)
{
    size_t i;
    json_t *segment;
    json_array_foreach(segments, i, segment)
    {
        json_t *counters = json_object_get(segment, "counters"),
               *its = json_object_get(counters, side);
        json_object_del(its, counter);
        if (its && !json_object_size(its))
            json_object_del(counters, side);
        if (counters && !json_object_size(counters))
            json_object_del(segment, "counters");
    }
}

void trial_attribute(json_t *segments, const json_t *document)
{
    static const struct {
        const char *side, *counter;
    } all[] = {{"server", "TcpExt.ListenOverflows"},
               {"server", "TcpExt.ListenDrops"},
               {"server", "TcpExt.TCPReqQFullDrop"},
               {"server", "TcpExt.EmbryonicRsts"},
               {"server", "Tcp.OutRsts"},
               {"client", "Tcp.OutRsts"},
               {"server", "Tcp.RetransSegs"},
               {"client", "Tcp.RetransSegs"},
               {"server", "TcpExt.TCPSynRetrans"},
               {"client", "TcpExt.TCPSynRetrans"}};
    for (size_t i = 0; i < json_array_size(segments); i++)
        attribute_one(segments, i, document);
    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
        if (attributed(segments, document, all[i].side, all[i].counter) >
            moved(document, all[i].side, all[i].counter))
            withdraw(segments, all[i].side, all[i].counter);
}

/* --- stops --- */

struct stop {
    double t_ms;
    const char *what;
};

static double least(double a, double b)
{
    return isnan(a) || b < a ? b : a;
}

static bool is_third_ack(const json_t *segment)
{
    return trial_segment_is(segment, "to_server", "ACK") &&
           json_integer_value(json_object_get(segment, "sequence")) == 1 &&
           json_integer_value(json_object_get(segment, "acknowledged")) == 1;
}

static bool is_lost(const json_t *segment)
{
    const char *fate = json_string_value(json_object_get(segment, "fate"));
    return strcmp(fate, "delivered") != 0 && strcmp(fate, "in_transit") != 0;
}

enum { LAST_SYN, THIRD_ACK, FAULT, DROP, RESET, RETRANSMISSION, STOCK, STOPS };

static void see_segment(const json_t *segment, struct stop stops[static STOPS])
{
    double sent = milliseconds(segment, "t_ms"), arrived = milliseconds(segment, "arrived_ms");
    if (trial_segment_is(segment, "to_server", "SYN") && !is_set(segment, "again")) {
        stops[LAST_SYN].t_ms = sent;
        stops[THIRD_ACK].t_ms = NAN; /* those before belong to the preparation */
    }
    if (is_third_ack(segment) && !isnan(arrived))
        stops[THIRD_ACK].t_ms = least(stops[THIRD_ACK].t_ms, arrived);
    if (is_lost(segment))
        stops[FAULT].t_ms = least(stops[FAULT].t_ms, sent);
    if (is_set(segment, "then") && !isnan(arrived))
        stops[DROP].t_ms = least(stops[DROP].t_ms, arrived);
    if (is_reset(segment))
        stops[RESET].t_ms = least(stops[RESET].t_ms, sent);
    if (is_set(segment, "again"))
        stops[RETRANSMISSION].t_ms = least(stops[RETRANSMISSION].t_ms, sent);
}

/* Before the first stop that comes later. */
static void add(json_t *stops, json_t *stop)
{
    size_t i = 0;
    while (i < json_array_size(stops) &&
           milliseconds(json_array_get(stops, i), "t_ms") <= milliseconds(stop, "t_ms"))
        i++;
    json_array_insert_new(stops, i, stop);
}

json_t *trial_stops(const json_t *segments, const json_t *document, const json_t *marks)
{
    struct stop stops[STOPS] = {[LAST_SYN] = {NAN, "last_syn_sent"},
                                [THIRD_ACK] = {NAN, "first_third_ack"},
                                [FAULT] = {NAN, "first_fault"},
                                [DROP] = {NAN, "first_drop"},
                                [RESET] = {NAN, "first_reset"},
                                [RETRANSMISSION] = {NAN, "first_retransmission"},
                                [STOCK] = {milliseconds(document, "stock_ms"), "stock"}};
    size_t i;
    json_t *segment, *json = json_copy((json_t *)marks);
    json_array_foreach((json_t *)segments, i, segment) see_segment(segment, stops);
    for (i = 0; i < STOPS; i++)
        if (!isnan(stops[i].t_ms))
            add(json, json_pack("{s:o, s:s}", "t_ms", document_real(stops[i].t_ms), "what",
                                stops[i].what));
    return json;
}
