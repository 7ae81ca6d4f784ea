#include "bench/trial/trial_metrics.h"
#include "bench/trial/observations.h"
#include "common/text/say.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX 4096 /* for a suggestion */

static const char *const both[] = {"client", "server", NULL};

static enum metric_unit unit_of(const char *unit)
{
    return !strcmp(unit, "s") ? METRIC_S : !strcmp(unit, "bytes") ? METRIC_BYTES : METRIC_COUNT;
}

static struct prediction predict(const struct trial_metrics *m, size_t i)
{
    struct prediction p = {0};
    const struct conditions c = experiment_conditions(m->experiments[i], &m->knobs[i]);
    m->experiments[i]->predict(&m->knobs[i], &c, &p);
    return p;
}

/* Whether a check of these runs has that name. */
static bool is_check(const struct trial_metrics *m, const char *path, struct metric *ret)
{
    bool found = false;
    for (size_t i = 0; i < m->n && !found; i++) {
        struct prediction p = predict(m, i);
        for (size_t j = 0; j < p.n && !found; j++) {
            found = !strcmp(p.expectations[j].name, path);
            if (found)
                *ret = (struct metric){.unit = unit_of(p.expectations[j].unit)};
        }
        prediction_release(&p);
    }
    return found;
}

static int unknown(const struct trial_metrics *m, const char *path, char **ret_message)
{
    char *names[NAMES_MAX];
    struct counters *counters = NULL;
    counters_read(&counters);
    size_t n = observation_common_names(counters, names, NAMES_MAX);
    counters_free(counters);
    for (size_t i = 0; i < m->n; i++) {
        struct prediction p = predict(m, i);
        for (size_t j = 0; j < p.n && n < NAMES_MAX; j++)
            if ((names[n] = strdup(p.expectations[j].name)))
                n++;
        prediction_release(&p);
    }
    int r = metric_unknown(path, both, (const char *const *)names, n, "ledger.reset", ret_message);
    for (size_t i = 0; i < n; i++)
        free(names[i]);
    return r;
}

/* The clients of a run write the percentiles of the default. */
static bool is_written(const char *path)
{
    const char *digits = strstr(path, "_us.p");
    return !digits || !strcmp(digits, "_us.p50") || !strcmp(digits, "_us.p90") ||
           !strcmp(digits, "_us.p99") || !strcmp(digits, "_us.p99_9");
}

static int find(const char *path, const void *context, struct metric *ret, char **ret_message)
{
    const struct trial_metrics *m = context;
    struct counters *counters = NULL;
    char *ignored = NULL;
    counters_read(&counters);
    bool common = observation_is_common(path, counters);
    counters_free(counters);
    *ret = (struct metric){.unit = METRIC_COUNT};
    if (common || is_check(m, path, ret))
        return 0;
    int r = metric_find(path, both, ret, &ignored);
    free(ignored);
    if (r)
        return unknown(m, path, ret_message);
    return is_written(path) ? 0
                            : say(ret_message, -ENOENT,
                                  "the client's report of a run has p50, p90, p99 and p99_9 only");
}

struct metric_kind trial_metrics_kind(const struct trial_metrics *m)
{
    return (struct metric_kind){.find = find, .context = m, .example = "ledger.reset > 0"};
}

static bool of_reports(const struct trial *t, const char *metric, double *ret)
{
    bool found = false;
    for (size_t i = 0; i == 0 || i < t->n_clients; i++) {
        json_t *reports = json_object();
        double value;
        if (t->server)
            json_object_set(reports, "server", (json_t *)(uintptr_t)process_report(t->server));
        if (t->n_clients)
            json_object_set(reports, "client",
                            (json_t *)(uintptr_t)process_report(t->clients[i].process));
        if (metric_value(reports, metric, &value)) {
            *ret = found && *ret > value ? *ret : value;
            found = true;
        }
        json_decref(reports);
    }
    return found;
}

bool trial_metrics_value(const void *trial, const char *metric, double *ret)
{
    const struct trial *t = trial;
    if (json_object_get(t->seen, metric) ||
        observation_is_common(metric, t->counters_before[SIDE_SERVER])) {
        *ret = trial_observed(t, metric);
        return isfinite(*ret);
    }
    return of_reports(t, metric, ret);
}
