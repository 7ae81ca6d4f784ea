/* --vary KEY=FROM..TO, KEY=FROM..TO:STEPS or KEY=V1,V2,...: what a sweep or a knee changes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct load_vary {
    char key[128];
    bool range;      /* FROM..TO; else a list */
    double from, to; /* of a range: counts, or durations in us */
    double grain;    /* how fine its values are: 1, or 0.001 where FROM or TO has decimals */
    bool duration;
    /* the values of a list, or the STEPS of a range: as they stand in KEY=VALUE */
    size_t n;
    char **value;
};

#define LOAD_VARY_MOST  100 /* values */
#define LOAD_VARY_STEPS 5   /* without :STEPS */

/* Reads it. A range of counts from 1 to eight times that, or more, has equal ratios between its
 * steps, another one equal distances. 0, or -EINVAL and a sentence without the option's name (the
 * caller frees it). */
int load_vary_read(const char *text, struct load_vary *ret, char **ret_message);
void load_vary_free(struct load_vary *v);

/* A value of the range as a program reads it: "16", "0.5", "150us". */
#define LOAD_VARY_TEXT_MAX 32
const char *load_vary_text(const struct load_vary *v, double value,
                           char text[static LOAD_VARY_TEXT_MAX]);
