#include "bench/model/prediction.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct expectation *append(struct prediction *p)
{
    if (p->n == p->size) {
        p->size = p->size ? 2 * p->size : 16;
        p->expectations = reallocarray(p->expectations, p->size, sizeof(*p->expectations));
        if (!p->expectations)
            abort(); /* half a prediction would only look like agreement */
    }
    return &p->expectations[p->n++];
}

static bool is_unit(const char *unit)
{
    static const char *const units[] = {
#define X(name) name,
        UNITS(X)
#undef X
    };
    for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
        if (!strcmp(unit, units[i]))
            return true;
    return false;
}

static void expect(struct prediction *p, const char *unit, struct span span,
                   const struct rule *rule, const char *name, va_list values)
    __attribute__((format(printf, 5, 0)));

static void expect(struct prediction *p, const char *unit, struct span span,
                   const struct rule *rule, const char *name, va_list values)
{
    struct expectation *e = append(p);
    *e = (struct expectation){.unit = unit, .lo = span.lo, .hi = span.hi, .rule = rule};
    int length = vsnprintf(e->name, sizeof(e->name), name, values);
    /* the name is what the observation is found by */
    assert(length > 0 && length < EXPECTATION_NAME_MAX);
    (void)length;
    if (!is_unit(unit)) {
        fprintf(stderr, "%s: \"%s\" is no unit: see UNITS in bench/model/prediction.h\n", e->name,
                unit);
        _exit(EXIT_FAILURE); /* the first process of a lab does not die of SIGABRT */
    }
}

void expect_between(struct prediction *p, const char *unit, double lo, double hi,
                    const struct rule *rule, const char *name, ...)
{
    va_list values;
    va_start(values, name);
    expect(p, unit, (struct span){lo, hi}, rule, name, values);
    va_end(values);
}

void expect_exactly(struct prediction *p, const char *unit, int64_t value, const struct rule *rule,
                    const char *name, ...)
{
    va_list values;
    va_start(values, name);
    expect(p, unit, (struct span){(double)value, (double)value}, rule, name, values);
    va_end(values);
}

void expect_span(struct prediction *p, struct span span, const struct rule *rule, const char *name,
                 ...)
{
    va_list values;
    va_start(values, name);
    expect(p, "s", span, rule, name, values);
    va_end(values);
}

static bool expectation_same(const struct expectation *a, const struct expectation *b)
{
    return !strcmp(a->name, b->name) && !strcmp(a->unit, b->unit) && a->lo == b->lo &&
           a->hi == b->hi && a->rule == b->rule;
}

bool prediction_same(const struct prediction *a, const struct prediction *b)
{
    bool same = a->n == b->n;
    for (size_t i = 0; i < a->n && same; i++)
        same = expectation_same(&a->expectations[i], &b->expectations[i]);
    return same;
}

void prediction_release(struct prediction *p)
{
    free(p->expectations);
    *p = (struct prediction){0};
}
