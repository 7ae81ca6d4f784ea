#include "bench/load/load_knee.h"

#include <math.h>

struct search {
    const struct load_knee_args *args;
    double good, bad;
    bool good_known, bad_known; /* confirmed by long trials */
    bool limited;               /* bad is a value at which the client was the limit */
    bool has_worst;             /* worst: the last value that was bad, and not limited */
    double worst;
    double edge; /* where bad is limited: of those, the one that is next to the worst */
};

static double gap(const struct search *s)
{
    double widest = s->args->precision * fmax(fabs(s->good), fabs(s->bad));
    return fmax(widest, s->args->grain) * (1 + 1e-9);
}

static bool is_close(const struct search *s)
{
    return fabs(s->good - s->bad) <= gap(s);
}

static double on_grain(const struct search *s, double value)
{
    value = round(value / s->args->grain) * s->args->grain;
    return fmin(fmax(value, s->args->from), s->args->to);
}

static double between(const struct search *s, double a, double b)
{
    double lo = fmin(a, b), hi = fmax(a, b);
    double value = on_grain(s, lo > 0 && hi > 4 * lo ? sqrt(lo * hi) : (lo + hi) / 2);
    if (value <= lo)
        return lo + s->args->grain;
    return value >= hi ? hi - s->args->grain : value;
}

/* Puts the answer to one end. */
static int ask(struct search *s, double value, bool confirm)
{
    enum load_knee_answer answer;
    int r = s->args->judge(s->args->context, value, confirm, &answer);
    if (r)
        return r;
    if (answer == LOAD_KNEE_GOOD) {
        s->good = value;
        s->good_known = confirm;
    } else {
        if (answer == LOAD_KNEE_LIMITED && !s->limited)
            s->edge = value;
        s->bad = value;
        s->bad_known = confirm;
        s->limited = answer == LOAD_KNEE_LIMITED;
        if (!s->limited) {
            s->has_worst = true;
            s->worst = value;
        }
    }
    return 0;
}

/* Whether a bad value lies beyond the limited one. */
static bool has_beyond(const struct search *s)
{
    return s->limited && s->has_worst && s->worst != s->bad &&
           (s->worst > s->bad) == (s->bad > s->good);
}

/* Halves what lies between a limited value and the bad one beyond it. A good one there is the new
 * end. */
static int halve_beyond(struct search *s, bool confirm)
{
    int r = 0;
    while (!r && has_beyond(s) && fabs(s->worst - s->edge) > gap(s)) {
        double limited = s->bad, worst = s->worst, good = s->good;
        double value = between(s, s->edge, worst);
        r = ask(s, value, confirm);
        if (s->good != good) {
            s->bad = worst;
            s->limited = false;
        } else if (!r) {
            if (s->limited)
                s->edge = value;
            s->bad = limited;
            s->limited = true;
        }
    }
    return r;
}

static int halve(struct search *s, bool confirm)
{
    int r = 0;
    do {
        while (!r && !is_close(s))
            r = ask(s, between(s, s->good, s->bad), confirm);
        if (!r)
            r = halve_beyond(s, confirm);
    } while (!r && !is_close(s));
    return r;
}

/* Long trials at one end. If they disagree with the short ones the other end is there, and this one
 * moves away in steps that double; *all: it has come to the end of the range without a change. */
static int confirm(struct search *s, bool good, bool *all)
{
    double step = fmax(fabs(s->good - s->bad), s->args->grain);
    double away = (s->good > s->bad) == good ? 1 : -1;
    double last = away > 0 ? s->args->to : s->args->from;
    for (double value = good ? s->good : s->bad;; step *= 2) {
        int r = ask(s, value, true);
        if (r)
            return r;
        if (good ? s->good_known && s->good == value : s->bad_known && s->bad == value)
            return 0;
        if (value == last) {
            *all = true;
            return 0;
        }
        value = on_grain(s, value + away * step);
    }
}

static int both_ends(struct search *s, struct load_knee_result *ret, bool *one_side)
{
    enum load_knee_answer at_from, at_to;
    const struct load_knee_args *a = s->args;
    int r = a->judge(a->context, a->from, false, &at_from);
    if (!r)
        r = a->judge(a->context, a->to, false, &at_to);
    *one_side = true;
    if (r)
        return r;
    if ((at_from == LOAD_KNEE_GOOD) == (at_to == LOAD_KNEE_GOOD)) {
        r = a->judge(a->context, a->from, true, &at_from);
        if (!r)
            r = a->judge(a->context, a->to, true, &at_to);
        if (r)
            return r;
    }
    if ((at_from == LOAD_KNEE_GOOD) == (at_to == LOAD_KNEE_GOOD)) {
        ret->has_good = at_from == LOAD_KNEE_GOOD;
        ret->has_bad = at_from == LOAD_KNEE_BAD || at_to == LOAD_KNEE_BAD;
        ret->limited = !ret->has_good && !ret->has_bad;
        ret->last_good = a->to;
        ret->first_bad = at_from == LOAD_KNEE_BAD ? a->from : a->to;
        return 0;
    }
    *one_side = false;
    s->good = at_from == LOAD_KNEE_GOOD ? a->from : a->to;
    s->bad = at_from == LOAD_KNEE_GOOD ? a->to : a->from;
    s->limited = (at_from == LOAD_KNEE_GOOD ? at_to : at_from) == LOAD_KNEE_LIMITED;
    s->has_worst = !s->limited;
    s->worst = s->bad;
    return 0;
}

int load_knee_search(const struct load_knee_args *args, struct load_knee_result *ret)
{
    struct search s = {.args = args};
    bool one_side, all_bad = false, all_good = false;
    *ret = (struct load_knee_result){.has_good = false};
    int r = both_ends(&s, ret, &one_side);
    if (r || one_side)
        return r;
    r = halve(&s, false);
    if (!r)
        r = confirm(&s, true, &all_bad);
    if (!r && !all_bad && !s.bad_known)
        r = confirm(&s, false, &all_good);
    if (!r && !all_bad && !all_good)
        r = halve(&s, true);
    /* limited values between a good one and a bad one only make the answer wider */
    if (has_beyond(&s)) {
        s.bad = s.worst;
        s.limited = false;
    }
    ret->has_good = !all_bad;
    ret->has_bad = !all_good && !s.limited;
    ret->limited = s.limited && !all_good;
    ret->last_good = s.good;
    ret->first_bad = s.bad;
    return r;
}

int load_knee_short(const struct load_knee_args *args)
{
    double lo = fmax(args->from, args->grain), n = (args->to - args->from) / args->grain;
    double ratios = args->precision > 0 ? log(args->to / lo) / args->precision + 1 : n;
    return 2 + (int)ceil(log2(fmax(2, fmin(n, ratios))));
}
