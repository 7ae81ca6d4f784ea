#include "bench/report/states.h"
#include "bench/report/layout.h"
#include "bench/report/scale.h"
#include "common/report/page.h"
#include "common/report/terminal.h"
#include "common/text/human.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#define STATES_LABEL 18 /* columns of a row's name */
#define STATES_MOST  12 /* moments */
#define STATES_BARS  5  /* lines of the bar chart */

/* In the order of a connection's life. LISTEN is no connection's state: it is left out. */
static const char *const states_order[] = {
    "SYN_SENT",   "SYN_RECV", "ESTABLISHED", "FIN_WAIT_1", "FIN_WAIT_2", "FIN_WAIT_2_minisockets",
    "CLOSE_WAIT", "CLOSING",  "LAST_ACK",    "TIME_WAIT",
};

#define STATES_KNOWN (sizeof(states_order) / sizeof(*states_order))

struct states {
    const json_t *timeline;
    json_t *client, *server;      /* state name: the most there ever were */
    size_t n, shown[STATES_MOST]; /* indices */
    int width;                    /* of a column, its gap included */
    struct scale time;
};

static int64_t states_value(const json_t *entry, const char *side, const char *name)
{
    return page_integer(side ? json_object_get(entry, side) : entry, name, NULL);
}

/* Of "queue" or "limit". */
static int64_t states_peak(const json_t *timeline, const char *name)
{
    int64_t peak = 0;
    size_t i;
    json_t *entry;
    json_array_foreach((json_t *)timeline, i, entry)
    {
        int64_t value = states_value(entry, NULL, name);
        peak = value > peak ? value : peak;
    }
    return peak;
}

static double seconds(const json_t *timeline, size_t i)
{
    return json_number_value(json_object_get(json_array_get(timeline, i), "t_ms")) / 1e3;
}

/* Moments that follow each other within `gap` count as one, and the last of them stands for it; the
 * very first one stands for itself. How many; the first `most` of them into shown[]. */
static size_t cluster(const json_t *timeline, double gap, size_t most, size_t shown[])
{
    size_t n = 0, all = json_array_size(timeline);
    double begin = 0;
    for (size_t i = 0; i < all; i++) {
        double at = seconds(timeline, i);
        if (i < 2 || at - begin > gap) {
            begin = at;
            n++;
        }
        if (n <= most)
            shown[n - 1] = i;
    }
    return n;
}

/* The shortest gap with which they fit, by bisection. */
static size_t choose(const json_t *timeline, size_t most, size_t shown[])
{
    size_t all = json_array_size(timeline);
    double fits = all ? fabs(seconds(timeline, all - 1) - seconds(timeline, 0)) : 0, fails = -1;
    for (int i = 0; i < 40; i++) {
        double gap = (fits + fails) / 2;
        if (cluster(timeline, gap, most, shown) <= most)
            fits = gap;
        else
            fails = gap;
    }
    size_t n = cluster(timeline, fits, most, shown);
    return n < most ? n : most; /* times that do not grow cannot be clustered: the first ones */
}

/* Two that would have the same time above them: only the later one, but for the very first. */
static void thin(struct states *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++)
        if (i == 0 || i + 1 == s->n ||
            !scale_alike(&s->time, seconds(s->timeline, s->shown[i]),
                         seconds(s->timeline, s->shown[i + 1])))
            s->shown[n++] = s->shown[i];
    s->n = n;
}

/* Of one side; all states that were ever seen. New reference. */
static json_t *states_peaks(const json_t *timeline, const char *side)
{
    json_t *peaks = json_object(), *entry, *value;
    const char *name;
    size_t i;
    json_array_foreach((json_t *)timeline, i, entry)
    {
        json_object_foreach(json_object_get(entry, side), name, value)
        {
            if (strcmp(name, "LISTEN") &&
                json_integer_value(value) > page_integer(peaks, name, NULL))
                json_object_set(peaks, name, value);
        }
    }
    return peaks;
}

static int widest(const struct states *s)
{
    const json_t *sides[] = {s->client, s->server};
    int64_t peak = states_peak(s->timeline, "queue");
    const char *name;
    json_t *value;
    char text[HUMAN_MAX];
    for (int side = 0; side < 2; side++) {
        json_object_foreach((json_t *)sides[side], name, value)
        {
            peak = json_integer_value(value) > peak ? json_integer_value(value) : peak;
        }
    }
    return (int)strlen(human_count(peak, text));
}

/* Of a column: the widest count or time and its gap. The first time may be negative, the last has
 * the most digits. */
static int states_width(const struct states *s, double first, double last)
{
    char text[HUMAN_MAX];
    int numbers = widest(s), begin = (int)strlen(scale_number(&s->time, first, text)),
        end = (int)strlen(scale_number(&s->time, last, text)), width = 5;
    width = numbers > width ? numbers : width;
    width = begin > width ? begin : width;
    return 1 + (end > width ? end : width);
}

static struct states new (const json_t *timeline)
{
    double first = seconds(timeline, 0), last = seconds(timeline, json_array_size(timeline) - 1);
    struct states s = {.timeline = timeline,
                       .client = states_peaks(timeline, "client"),
                       .server = states_peaks(timeline, "server"),
                       .time = scale_seconds(fmax(fabs(first), last))};
    s.width = states_width(&s, first, last);
    int room = (page_width() - STATES_LABEL) / s.width - 1; /* one for the peaks */
    room = room < 1 ? 1 : room > STATES_MOST ? STATES_MOST : room;
    s.n = choose(timeline, (size_t)room, s.shown);
    thin(&s);
    return s;
}

static void cell(FILE *out, const struct states *s, int64_t value)
{
    char text[HUMAN_MAX];
    fprintf(out, "%*s", s->width, value ? human_count(value, text) : ".");
}

static void row(FILE *out, const struct states *s, const char *side, const char *name,
                const char *label, int64_t peak)
{
    fprintf(out, "%-*s", STATES_LABEL, label);
    for (size_t i = 0; i < s->n; i++)
        cell(out, s, states_value(json_array_get(s->timeline, s->shown[i]), side, name));
    fputs(terminal_style(out, TERMINAL_DIM), out);
    cell(out, s, peak);
    fprintf(out, "%s\n", terminal_style(out, TERMINAL_PLAIN));
}

static void states_times(FILE *out, const struct states *s)
{
    char text[HUMAN_MAX], label[32];
    snprintf(label, sizeof(label), "  time (%s)", s->time.unit);
    fprintf(out, "%-*s", STATES_LABEL, label);
    for (size_t i = 0; i < s->n; i++)
        fprintf(out, "%*s", s->width,
                scale_number(&s->time, seconds(s->timeline, s->shown[i]), text));
    fprintf(out, "%s%*s%s\n", terminal_style(out, TERMINAL_DIM), s->width, "peak",
            terminal_style(out, TERMINAL_PLAIN));
}

static void state(FILE *out, const struct states *s, const char *side, const char *name,
                  int64_t peak)
{
    char label[64];
    bool part = !strcmp(name, "FIN_WAIT_2_minisockets"); /* of the row above */
    snprintf(label, sizeof(label), "    %.40s", part ? "  minisockets" : name);
    row(out, s, side, name, label, peak);
}

/* In the order of a life; what that does not know comes last. */
static void states_side(FILE *out, const struct states *s, const char *side, json_t *peaks)
{
    const char *name;
    json_t *value;
    fprintf(out, json_object_size(peaks) ? "  %s\n" : "  %s: no connection at any moment\n", side);
    for (size_t i = 0; i < STATES_KNOWN; i++) {
        int64_t peak = page_integer(peaks, states_order[i], NULL);
        if (peak)
            state(out, s, side, states_order[i], peak);
        json_object_del(peaks, states_order[i]);
    }
    json_object_foreach(peaks, name, value)
    {
        state(out, s, side, name, json_integer_value(value));
    }
}

/* --- the accept queue --- */

/* -1: it changes while the server listens; before that it is 0. */
static int64_t states_limit(const struct states *s)
{
    int64_t limit = 0;
    for (size_t i = 0; i < s->n; i++) {
        int64_t value = states_value(json_array_get(s->timeline, s->shown[i]), NULL, "limit");
        if (value && limit && value != limit)
            return -1;
        limit = value ? value : limit;
    }
    return limit;
}

/* One line: a block where the queue reaches `from`; the limit's line is drawn through. */
static void bar(FILE *out, const struct states *s, int64_t from, bool at_limit)
{
    int blank = 0; /* written only before a block: no blanks at the end */
    fprintf(out, "%*lld |", STATES_LABEL - 2, (long long)from);
    for (size_t i = 0; i < s->n; i++) {
        blank += s->width;
        if (states_value(json_array_get(s->timeline, s->shown[i]), NULL, "queue") < from)
            continue;
        layout_fill(out, at_limit ? '-' : ' ', blank - 3);
        fputs("###", out);
        blank = 0;
    }
    layout_fill(out, '-', at_limit ? blank : 0);
    fputs(!at_limit                                                 ? "\n"
          : STATES_LABEL + (int)s->n * s->width + 7 <= page_width() ? "- limit\n"
                                                                    : " limit\n",
          out);
}

/* Up to STATES_BARS connections a line each, else as many steps. */
static void queue_chart(FILE *out, const struct states *s, int64_t peak, int64_t limit)
{
    int64_t lines = peak < STATES_BARS ? peak : STATES_BARS;
    for (int64_t line = lines; line > 0; line--) {
        int64_t from = (peak * line + lines - 1) / lines,
                below = (peak * (line - 1) + lines - 1) / lines;
        bar(out, s, from, limit > 0 && limit <= from && limit > below);
    }
}

static void queue(FILE *out, const struct states *s)
{
    int64_t peak = states_peak(s->timeline, "queue"), limit = states_limit(s);
    if (!peak)
        return;
    row(out, s, NULL, "queue", "    accept queue", peak);
    if (limit < 0)
        row(out, s, NULL, "limit", "    its limit", states_peak(s->timeline, "limit"));
    queue_chart(out, s, peak, limit);
}

void states_page(FILE *out, const json_t *timeline)
{
    size_t all = json_array_size(timeline);
    if (!all)
        return;
    struct states s = new (timeline);
    page_title(out, "States over time");
    states_times(out, &s);
    states_side(out, &s, "client", s.client);
    states_side(out, &s, "server", s.server);
    queue(out, &s);
    if (s.n < all)
        page_text(out, "The %zu of %zu moments that lasted longest; --json has them all.", s.n,
                  all);
    json_decref(s.client);
    json_decref(s.server);
}
