#include "bench/model/accept_load.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define NEGLIGIBLE 1e-13 /* a probability */
#define LARGE      1e200 /* terms grow with an overloaded loop: then all are made smaller */

static double load_of(const struct accept_load *l)
{
    return l->rate * l->pace_s;
}

/* M/M/1/K: p_j is proportional to rho^j (any textbook; Kendall 1953). */
static void exponential(double rho, size_t k, double *p)
{
    double sum = 0, term = 1;
    for (size_t j = 0; j <= k; j++, term *= rho) {
        p[j] = term;
        sum += term;
        if (term > LARGE) {
            for (size_t i = 0; i <= j; i++)
                p[i] /= LARGE;
            term /= LARGE;
            sum /= LARGE;
        }
    }
    for (size_t j = 0; j <= k; j++)
        p[j] /= sum;
}

/* M/D/1/K, all terms positive, so that nothing cancels (Tijms, A First Course in Stochastic Models,
 * 9.2 and 9.8): with t[n] the probability of more than n arrivals during one piece of work,
 *     p_j (1 - t[0]) = t[j - 1] p_0 + sum of t[j - i] p_i, 0 < i < j    for 0 < j < K,
 *     p_K = rho p_0 - (1 - rho) (p_1 + ... + p_(K-1)),
 * because what leaves the loop is what came in: 1 - p_0 = rho (1 - p_K). For rho < 1 the difference
 * is that between the first K states of the queue without a limit and all of them. */
static void fixed(double rho, size_t k, double *p)
{
    double *t = calloc(k + 1, sizeof(*t)), term = exp(-rho), inner = 0;
    size_t n_t = 0;
    if (!t)
        abort();
    for (double left = 1; n_t < k; n_t++, term *= rho / (double)n_t) {
        left -= term;
        if (left < NEGLIGIBLE)
            break;
        t[n_t] = left;
    }
    p[0] = 1;
    for (size_t j = 1; j < k; j++) {
        double sum = t[j - 1] * p[0];
        for (size_t i = j > n_t ? j - n_t : 1; i < j; i++)
            sum += t[j - i] * p[i];
        p[j] = sum / exp(-rho);
        inner += p[j];
        if (inner > LARGE) {
            for (size_t i = 0; i <= j; i++)
                p[i] /= LARGE;
            inner /= LARGE;
        }
    }
    free(t);
    p[k] = rho * p[0] - (1 - rho) * inner;
    if (p[k] < 0) /* 1e-16 of rounding */
        p[k] = 0;
    double sum = p[0] + inner + p[k];
    for (size_t j = 0; j <= k; j++)
        p[j] /= sum;
}

/* D/D/1/K: an arrival finds the loop free, or the system full but for what one piece of work has
 * made room for. */
static void even(double rho, size_t k, double *p)
{
    memset(p, 0, (k + 1) * sizeof(*p));
    if (rho <= 1) {
        p[0] = 1;
        return;
    }
    p[k] = 1 - 1 / rho;
    p[k - 1] = 1 / rho;
}

/* What a new SYN finds in the system of K places, p[0] to p[K]. For Poisson arrivals that is also
 * the share of the time (PASTA). */
static void found(const struct accept_load *l, size_t k, double *p)
{
    if (l->arrivals == ACCEPT_ARRIVALS_EVEN)
        even(load_of(l), k, p);
    else if (l->work == ACCEPT_WORK_EXPONENTIAL)
        exponential(load_of(l), k, p);
    else
        fixed(load_of(l), k, p);
}

void accept_load_queue(const struct accept_load *l, int64_t limit, double *ret)
{
    size_t k = (size_t)limit + 2;
    double *p = calloc(k + 1, sizeof(*p));
    if (!p)
        abort();
    found(l, k, p);
    ret[0] = p[0] + p[1];
    memcpy(ret + 1, p + 2, (k - 1) * sizeof(*p));
    free(p);
}

/* --- bursts: all is even, so it repeats, and a few hundred periods are the long run --- */

static double burst_loss(const struct accept_load *l, int64_t limit)
{
    double period_s = l->burst / l->rate, places = (double)limit + 2, lost = 0, came = 0;
    double work_s = 0; /* what the loop has left to do */
    for (int i = 0; i < 400; i++) {
        double room = places - ceil(work_s / l->pace_s - 1e-9);
        double taken = l->burst < room ? l->burst : room > 0 ? room : 0;
        if (i >= 200) {
            came += l->burst;
            lost += l->burst - taken;
        }
        work_s = fmax(0, work_s + taken * l->pace_s - period_s);
    }
    return lost / came;
}

/* --- stalls: the distribution of the queue, from one stall to the next --- */

struct queue {
    size_t places; /* the queue holds 0 to places */
    size_t lo, hi; /* outside of these nothing is */
    double *p, *next;
    double lost; /* SYNs, in this cycle so far */
};

/* So many arrivals, each with its probability: those of a Poisson process with that mean, as far as
 * they matter; or the same number always. */
struct arrivals {
    size_t from, n;
    double *p;
};

static struct arrivals arrivals_in(const struct accept_load *l, double seconds)
{
    double mean = l->rate * seconds, wide = 9 * sqrt(mean) + 20;
    struct arrivals a = {.from = mean > wide ? (size_t)(mean - wide) : 0};
    bool even_ones = l->arrivals != ACCEPT_ARRIVALS_POISSON;
    a.n = even_ones ? 2 : (size_t)(mean + wide) - a.from + 1;
    if (!(a.p = calloc(a.n, sizeof(*a.p))))
        abort();
    if (even_ones) {
        a.from = (size_t)mean;
        a.p[1] = mean - floor(mean);
        a.p[0] = 1 - a.p[1];
        return a;
    }
    for (size_t i = 0; i < a.n; i++) {
        double k = (double)(a.from + i);
        a.p[i] = exp(k * log(mean) - mean - lgamma(k + 1));
    }
    while (a.n > 1 && a.p[a.n - 1] < NEGLIGIBLE)
        a.n--;
    return a;
}

/* One is taken, if there is one, and the arrivals come. */
static void step(struct queue *q, const struct arrivals *a, size_t taken)
{
    memset(q->next, 0, (q->places + 1) * sizeof(*q->next));
    size_t lo = q->places, hi = 0;
    for (size_t j = q->lo; j <= q->hi; j++) {
        if (q->p[j] < NEGLIGIBLE)
            continue;
        size_t left = j > taken ? j - taken : 0;
        for (size_t i = 0; i < a->n; i++) {
            size_t to = left + a->from + i, kept = to < q->places ? to : q->places;
            q->next[kept] += q->p[j] * a->p[i];
            q->lost += q->p[j] * a->p[i] * (double)(to - kept);
            lo = kept < lo ? kept : lo;
            hi = kept > hi ? kept : hi;
        }
    }
    double *old = q->p;
    q->p = q->next;
    q->next = old;
    q->lo = lo;
    q->hi = hi;
}

/* How long it takes until the queue that a stall left has run empty; below 0: never. */
static double drain_s(const struct accept_load *l)
{
    double load = load_of(l);
    return load < 1 ? l->stall_s * load / (1 - load) : -1;
}

/* One stall and what follows it, piece of work by piece of work, until the next stall; or, where it
 * runs empty before that, until hardly a SYN is lost any more. */
static void cycle(struct queue *q, const struct accept_load *l, const struct arrivals *stall,
                  const struct arrivals *piece, bool drains)
{
    double left = floor((l->stall_every_s - l->stall_s) / l->pace_s), before = -1;
    q->lost = 0;
    step(q, stall, 0);
    for (; left > 0 && (!drains || q->lost - before > 1e-7 * (1 + q->lost)); left--) {
        before = q->lost;
        step(q, piece, 1);
    }
}

/* calm: what a SYN finds without stalls, the last one the loss. */
static double stall_loss(const struct accept_load *l, int64_t limit, const double *calm)
{
    struct queue q = {.places = (size_t)limit + 1, .hi = (size_t)limit + 1};
    struct arrivals stall = arrivals_in(l, l->stall_s), piece = arrivals_in(l, l->pace_s);
    double per_cycle = l->rate * l->stall_every_s, drain = drain_s(l), before;
    bool drains = drain >= 0 && drain < 0.8 * (l->stall_every_s - l->stall_s);
    q.p = calloc(q.places + 1, sizeof(double));
    q.next = calloc(q.places + 1, sizeof(double));
    if (!q.p || !q.next)
        abort();
    q.p[0] = calm[0];
    for (size_t j = 0; j <= q.places; j++)
        q.p[j] += calm[j + 1];
    cycle(&q, l, &stall, &piece, drains);
    for (int i = 0; i < 10 && !drains; i++) {
        before = q.lost;
        cycle(&q, l, &stall, &piece, drains);
        if (fabs(q.lost - before) < 1e-3 * before)
            break;
    }
    if (drains)
        q.lost += calm[limit + 2] * l->rate * (l->stall_every_s - l->stall_s - drain);
    free(stall.p);
    free(piece.p);
    free(q.p);
    free(q.next);
    return q.lost < per_cycle ? q.lost / per_cycle : 1;
}

double accept_load_loss(const struct accept_load *l, int64_t limit)
{
    size_t k = (size_t)limit + 2;
    if (l->arrivals == ACCEPT_ARRIVALS_BURST)
        return burst_loss(l, limit);
    double *p = calloc(k + 1, sizeof(*p));
    if (!p)
        abort();
    found(l, k, p);
    double loss = l->stall_s > 0 ? stall_loss(l, limit, p) : p[k];
    free(p);
    return loss;
}

int64_t accept_load_backlog(const struct accept_load *l, double loss, int64_t most)
{
    int64_t bad = -1, good = 1;
    while (accept_load_loss(l, good) > loss) {
        bad = good;
        good *= 2;
        if (bad >= most)
            return -1;
    }
    while (good - bad > 1) {
        int64_t middle = bad + (good - bad) / 2;
        if (accept_load_loss(l, middle) > loss)
            bad = middle;
        else
            good = middle;
    }
    return good;
}

double accept_load_rate(const struct accept_load *l, int64_t limit, double loss, double most)
{
    struct accept_load at = *l;
    double good = 0.01, bad = most;
    at.rate = most;
    if (accept_load_loss(&at, limit) <= loss)
        return most;
    at.rate = good;
    if (accept_load_loss(&at, limit) > loss)
        return 0;
    while (bad - good > 1e-3 * good) {
        at.rate = sqrt(good * bad);
        if (accept_load_loss(&at, limit) > loss)
            bad = at.rate;
        else
            good = at.rate;
    }
    return good;
}
