#include "bench/load/load_vary.h"
#include "bench/load/load_spec.h"
#include "common/process/clock.h"
#include "common/text/parse.h"
#include "common/text/say.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORM "write KEY=FROM..TO or KEY=V1,V2, such as server.backlog=0..64 or client.rate=1k,2k"

const char *load_vary_text(const struct load_vary *v, double value,
                           char text[static LOAD_VARY_TEXT_MAX])
{
    snprintf(text, LOAD_VARY_TEXT_MAX, v->grain < 1 ? "%.3f%s" : "%.0f%s", value,
             v->duration ? "us" : "");
    return text;
}

static int add(struct load_vary *v, const char *text, size_t length, char **ret_message)
{
    if (!length)
        return say(ret_message, -EINVAL, "%s: an empty value; " FORM, v->key);
    for (size_t i = 0; i < v->n; i++)
        if (strlen(v->value[i]) == length && !strncmp(v->value[i], text, length))
            return say(ret_message, -EINVAL, "%s: the value %s stands there twice", v->key,
                       v->value[i]);
    if (v->n == LOAD_VARY_MOST)
        return say(ret_message, -EINVAL, "%s: at most %d values", v->key, LOAD_VARY_MOST);
    v->value[v->n] = strndup(text, length);
    return v->value[v->n] ? (v->n++, 0) : -ENOMEM;
}

static int list(struct load_vary *v, const char *text, char **ret_message)
{
    int r = 0;
    for (;; text++) {
        size_t length = strcspn(text, ",");
        r = add(v, text, length, ret_message);
        text += length;
        if (r || !*text)
            return r;
    }
}

/* An end of a range; both ends are counts, or both are durations. */
static int end(struct load_vary *v, const char *text, bool duration, double *ret,
               const char **ret_why)
{
    int64_t ns;
    uint64_t millionths;
    int r = duration ? parse_duration(text, &ns, ret_why) : parse_rate(text, &millionths, ret_why);
    if (r)
        return r;
    *ret = duration ? (double)ns / NS_PER_US : (double)millionths / 1e6;
    if (*ret != floor(*ret))
        v->grain = 0.001;
    return 0;
}

static int steps(struct load_vary *v, uint64_t n, char **ret_message)
{
    bool ratio = v->from > 0 && v->to >= 8 * v->from;
    char text[LOAD_VARY_TEXT_MAX];
    for (uint64_t i = 0; i < n; i++) {
        double part = (double)i / (double)(n - 1);
        double value =
            ratio ? v->from * pow(v->to / v->from, part) : v->from + (v->to - v->from) * part;
        load_vary_text(v, round(value / v->grain) * v->grain, text);
        if (v->n && !strcmp(v->value[v->n - 1], text))
            continue; /* more steps than values */
        int r = add(v, text, strlen(text), ret_message);
        if (r)
            return r;
    }
    return 0;
}

static int range(struct load_vary *v, char *text, char **ret_message)
{
    char *dots = strstr(text, ".."), *colon = strchr(dots, ':');
    const char *why, *n_text = colon ? colon + 1 : NULL;
    uint64_t n = LOAD_VARY_STEPS;
    *dots = '\0';
    if (colon)
        *colon = '\0';
    if (n_text && (parse_count(n_text, &n, &why) || n < 2 || n > LOAD_VARY_MOST))
        return say(ret_message, -EINVAL, "%s: %s steps; write a number from 2 to %d", v->key,
                   n_text, LOAD_VARY_MOST);
    v->range = true;
    v->grain = 1;
    v->duration = end(v, text, false, &v->from, &why) || end(v, dots + 2, false, &v->to, &why);
    if (v->duration)
        v->grain = 1;
    int r = v->duration ? end(v, text, true, &v->from, &why) : 0;
    if (!r && v->duration)
        r = end(v, dots + 2, true, &v->to, &why);
    if (r)
        return say(ret_message, -EINVAL, "%s: %s..%s: %s; " FORM, v->key, text, dots + 2, why);
    if (v->from >= v->to)
        return say(ret_message, -EINVAL, "%s: %s..%s: the first must be the smaller one", v->key,
                   text, dots + 2);
    return steps(v, n, ret_message);
}

int load_vary_read(const char *text, struct load_vary *ret, char **ret_message)
{
    const char *equals = strchr(text, '=');
    struct load_vary v = {.grain = 1};
    *ret = v;
    if (!equals || equals == text || (size_t)(equals - text) >= sizeof(v.key))
        return say(ret_message, -EINVAL, "%s: " FORM, text);
    snprintf(v.key, sizeof(v.key), "%.*s", (int)(equals - text), text);
    char *values = strdup(equals + 1);
    v.value = calloc(LOAD_VARY_MOST, sizeof(*v.value));
    int r = !values || !v.value                                    ? -ENOMEM
            : strstr(equals + 1, "..") && !strchr(equals + 1, ',') ? range(&v, values, ret_message)
                                                                   : list(&v, values, ret_message);
    free(values);
    if (r)
        load_vary_free(&v);
    else
        *ret = v;
    return r;
}

void load_vary_free(struct load_vary *v)
{
    for (size_t i = 0; i < v->n; i++)
        free(v->value[i]);
    free(v->value);
    *v = (struct load_vary){.n = 0};
}
