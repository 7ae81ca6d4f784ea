#include "bench/look/look_document.h"
#include "bench/report/layout.h"
#include "common/report/page.h"
#include "common/report/terminal.h"
#include "common/text/human.h"

#include <string.h>

#define IDLE_MOST 10 /* listeners without a queue or a drop that are shown */

static const char *string_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static long long number_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static void head(FILE *out, const json_t *document)
{
    const json_t *cost = json_object_get(document, "cost");
    char text[256];
    snprintf(text, sizeof(text), "%s %s on Linux %s: %.1f s, %lld looks, %.2f %% of a core",
             string_of(document, "program"), string_of(document, "version"),
             string_of(document, "kernel"), json_number_value(json_object_get(cost, "window_s")),
             number_of(cost, "looks"), json_number_value(json_object_get(cost, "cpu_percent")));
    layout_words(out, text, 2, 0);
}

/* "nginx 812", "nginx.service", "-" */
static void owner_of(const json_t *l, char text[static 32])
{
    const char *program = string_of(l, "program"), *unit = string_of(l, "unit");
    if (*program)
        snprintf(text, 32, "%.20s %lld", program, number_of(l, "pid"));
    else
        snprintf(text, 32, "%.30s", *unit ? unit : "-");
}

/* Columns of the table. A narrower terminal gets a paragraph for each listener. */
#define TABLE_WIDTH 93

static bool is_narrow(void)
{
    return terminal_columns() && terminal_columns() < TABLE_WIDTH;
}

static void listener_paragraph(FILE *out, const json_t *l, const char *address, const char *owner,
                               const char *wait)
{
    const char *namespace = string_of(l, "namespace");
    char text[512];
    snprintf(text, sizeof(text),
             "%s %s%s%s: %lld wait, %lld at most, limit %lld; the oldest %s; %lld dropped, %lld "
             "ever; %lld half-open",
             address, owner, *namespace ? " in " : "", namespace, number_of(l, "queue"),
             number_of(l, "queue_peak"), number_of(l, "limit"), wait,
             number_of(l, "drops_in_window"), number_of(l, "drops"), number_of(l, "half_open"));
    layout_words(out, text, 4, fprintf(out, "  "));
}

static void listener_row(FILE *out, const json_t *l)
{
    char address[64], owner[32], wait[HUMAN_MAX] = "-", queue[48], drops[48];
    const char *host = string_of(l, "address");
    snprintf(address, sizeof(address), "%.45s:%lld", host, number_of(l, "port"));
    owner_of(l, owner);
    if (number_of(l, "queue"))
        human_us((double)number_of(l, "oldest_wait_us"), wait);
    if (is_narrow()) {
        listener_paragraph(out, l, address, owner, wait);
        return;
    }
    snprintf(queue, sizeof(queue), "%lld/%lld/%lld", number_of(l, "queue"),
             number_of(l, "queue_peak"), number_of(l, "limit"));
    snprintf(drops, sizeof(drops), "%lld/%lld", number_of(l, "drops_in_window"),
             number_of(l, "drops"));
    fprintf(out, "  %-22s %-20s %14s %9s %12s %9lld", address, owner, queue, wait, drops,
            number_of(l, "half_open"));
    fprintf(out, *string_of(l, "namespace") ? "  %s\n" : "%s\n", string_of(l, "namespace"));
}

static bool is_idle(const json_t *l)
{
    return !number_of(l, "queue_peak") && !number_of(l, "drops") && !number_of(l, "half_open");
}

static void listeners_page(FILE *out, const json_t *listeners)
{
    size_t i, idle = 0, left = 0;
    json_t *l;
    page_title(out, "Listeners");
    if (!is_narrow())
        fprintf(out, "%s  %-22s %-20s %14s %9s %12s %9s%s%s\n", terminal_style(out, TERMINAL_DIM),
                "listener", "program", "now/most/limit", "oldest", "dropped/ever", "half-open",
                json_object_get(json_array_get(listeners, 0), "namespace") ? "  namespace" : "",
                terminal_style(out, TERMINAL_PLAIN));
    json_array_foreach((json_t *)listeners, i, l)
    {
        if (is_idle(l) && ++idle > IDLE_MOST)
            left++;
        else
            listener_row(out, l);
    }
    if (left)
        page_text(out, "and %zu more, with nothing in their queues and no drops: see --json", left);
    if (!json_array_size(listeners))
        page_text(out, "Nothing listens here.");
}

/* How long the fullest one may stop accepting. */
static void budget_page(FILE *out, const json_t *listeners)
{
    size_t i;
    json_t *l;
    bool titled = false;
    json_array_foreach((json_t *)listeners, i, l)
    {
        const json_t *budget = json_object_get(l, "stall_budget_s");
        bool births = !strcmp(string_of(l, "arrivals_from"), "births");
        if (!json_is_number(budget) || !number_of(l, "queue_peak"))
            continue;
        if (!titled)
            page_title(out, "Stall budget");
        titled = true;
        const char *namespace = string_of(l, "namespace");
        page_text(out,
                  "%s:%lld%s%s may stop accepting for %.2f s before a client is dropped, where %s "
                  "%.0f connections a second arrive (%s).",
                  string_of(l, "address"), number_of(l, "port"), *namespace ? " in " : "",
                  namespace, json_number_value(budget), births ? "at least" : "at most",
                  json_number_value(json_object_get(l, "arrivals_per_s")),
                  births ? "connections that a look saw in the queue, and drops"
                         : "the host's PassiveOpens: the kernel does not count them by listener");
    }
}

static void labelled(FILE *out, const char *label, const char *text)
{
    if (page_width() >= 3 * LAYOUT_LABEL) {
        layout_labelled(out, label, text);
    } else if (*text) {
        fprintf(out, "  %s:\n    ", label);
        layout_words(out, text, 4, 4);
    }
}

static void findings_page(FILE *out, const json_t *findings)
{
    size_t i;
    json_t *f;
    page_title(out, "Findings");
    if (!json_array_size(findings)) {
        page_text(out, "Nothing is wrong.");
        return;
    }
    json_array_foreach((json_t *)findings, i, f)
    {
        const char *at = string_of(f, "listener"), *in = string_of(f, "namespace");
        char title[256];
        snprintf(title, sizeof(title), "%zu. %s%s%s%s%s", i + 1, string_of(f, "code"),
                 *at ? " at " : "", at, *in ? " in " : "", in);
        fprintf(out, "%s  %s", i ? "\n" : "", terminal_style(out, TERMINAL_BOLD));
        layout_words(out, title, 2, 2);
        fputs(terminal_style(out, TERMINAL_PLAIN), out);
        labelled(out, "seen", string_of(f, "sentence"));
        labelled(out, "mend", string_of(f, "mend"));
        labelled(out, "rule", string_of(f, "rule"));
        labelled(out, "decided in", string_of(f, "source"));
        labelled(out, "in a lab", string_of(f, "reproduce"));
    }
}

/* What cannot be seen of a host without root. */
static void unseen_page(FILE *out, const json_t *document)
{
    const json_t *unseen = json_object_get(document, "unseen");
    long long namespaces = number_of(unseen, "namespaces"),
              processes = number_of(unseen, "processes");
    if (namespaces || processes)
        page_text(
            out,
            "\nNot seen: %lld network namespace%s that only root may enter, and those of %lld "
            "process%s of other users.",
            namespaces, namespaces == 1 ? "" : "s", processes, processes == 1 ? "" : "es");
    if (json_is_true(json_object_get(document, "owners_hidden")))
        page_text(
            out, "\nSome programs are not to be seen from here: they are other users', which takes "
                 "root, or outside this container. Their figures are here all the same.");
}

void look_text(FILE *out, const json_t *document)
{
    const json_t *states = json_object_get(document, "states"),
                 *peers = json_object_get(document, "peers");
    if (json_is_object(peers)) {
        page_title(out, "Sockets by remote address");
        page_counts(out, peers, 30, NULL);
        return;
    }
    if (!json_is_array(json_object_get(document, "listeners"))) {
        page_title(out, "Sockets by state");
        page_counts(out, states, 20, NULL);
        return;
    }
    head(out, document);
    listeners_page(out, json_object_get(document, "listeners"));
    findings_page(out, json_object_get(document, "findings"));
    budget_page(out, json_object_get(document, "listeners"));
    unseen_page(out, document);
}
