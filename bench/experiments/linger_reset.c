/* To be written. */
#include "bench/experiments/steps.h"

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
}

static void run(struct trial *t, const struct knobs *k)
{
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
}

const struct experiment experiment_linger_reset = {
    .name = "linger-reset",
    .predict = predict,
    .run = run,
    .tell = tell,
};
