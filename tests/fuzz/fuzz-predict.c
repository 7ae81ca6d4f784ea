/* --set and what a prediction makes of it: each setting is taken, or refused with a sentence; knobs
 * that go together give a prediction whose bounds are numbers, the lower one first. */
#include "bench/experiments/table.h"
#include "bench/trial/experiment.h"
#include "common/sysctl/sysctl.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SETTINGS_MAX 24
#define TEXT_MAX     160

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const sysctls[] = {
#define X(field, sysctl, ...) sysctl,
    CONDITIONS(X)
#undef X
};
#define N_SYSCTLS (sizeof(sysctls) / sizeof(*sysctls))

struct input {
    const uint8_t *data;
    size_t size;
};

static void require(int condition)
{
    if (!condition)
        abort();
}

static uint8_t take(struct input *in)
{
    if (!in->size)
        return 0;
    in->size--;
    return *in->data++;
}

/* Of one to eight bytes: small ones are as likely as huge ones. */
static int64_t take_number(struct input *in)
{
    int64_t number = (int8_t)take(in);
    for (int more = take(in) % 8; more; more--)
        number = (int64_t)((uint64_t)number << 8 | take(in));
    return number;
}

static int64_t take_value(struct input *in, const struct knob *k)
{
    switch (take(in) % 4) {
    case 0:
        return k->min;
    case 1:
        return k->max;
    case 2:
        return k->max > k->min
                   ? k->min + (int64_t)((uint64_t)take_number(in) % (uint64_t)(k->max - k->min))
                   : 0;
    default:
        return take_number(in);
    }
}

static void take_setting(struct input *in, const struct experiment *e, char text[static TEXT_MAX])
{
    unsigned which = take(in);
    if (which < 16 || !e->n_knobs) { /* free text, up to a newline */
        size_t n = 0;
        for (char c; n < TEXT_MAX - 1 && (c = (char)take(in)) && c != '\n';)
            text[n++] = c;
        text[n] = '\0';
    } else if (which < 96) {
        snprintf(text, TEXT_MAX, "%s=%lld", sysctls[which % N_SYSCTLS], (long long)take_number(in));
    } else {
        const struct knob *k = &e->knobs[which % e->n_knobs];
        size_t n = 0;
        while (k->choices && k->choices[n])
            n++;
        if (k->word && take(in) % 4 == 0)
            snprintf(text, TEXT_MAX, "%s=%s", k->name, k->word);
        else if (n)
            snprintf(text, TEXT_MAX, "%s=%s", k->name, k->choices[take(in) % n]);
        else
            snprintf(text, TEXT_MAX, "%s=%lld%s", k->name,
                     (long long)take_value(in, k) / (k->type == &option_duration ? 1000 : 1),
                     k->type == &option_duration ? "us" : "");
    }
}

static void check_prediction(const struct experiment *e, const struct knobs *k,
                             const struct conditions *c)
{
    struct prediction p = {0};
    e->predict(k, c, &p);
    for (size_t i = 0; i < p.n; i++) {
        const struct expectation *x = &p.expectations[i];
        if (!isfinite(x->lo) || !isfinite(x->hi) || x->lo > x->hi || x->lo < 0) {
            fprintf(stderr, "%s: %s is %g to %g\n", e->name, x->name, x->lo, x->hi);
            abort();
        }
    }
    prediction_release(&p);
}

static const struct experiment *choose(unsigned number)
{
    unsigned n = 0;
    while (experiments[n])
        n++;
    return experiments[number % n];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    const struct experiment *e = choose(take(&in));
    static char texts[SETTINGS_MAX][TEXT_MAX]; /* the knobs point at what was given */
    struct knobs k;
    char *message;
    knobs_init(&k, e->knobs, e->n_knobs);
    for (size_t n = 0; in.size && n < SETTINGS_MAX; n++) {
        take_setting(&in, e, texts[n]);
        int r = knobs_set(&k, texts[n], &message);
        require(r <= 0 && !r == !message && (!message || *message));
        free(message);
    }
    experiment_settle(e, &k);
    struct conditions c = experiment_conditions(e, &k);
    message = NULL;
    int r = experiment_check(e, &k, &c, &message);
    require(!r == !message && (!message || *message));
    free(message);
    if (!r)
        check_prediction(e, &k, &c);
    json_decref(knobs_json(&k));
    return 0;
}
