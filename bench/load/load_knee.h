/* The search for the value at which a load breaks. Pure: it asks a function for each answer.
 *
 * The idea of MLRsearch (FD.io CSIT, draft-ietf-bmwg-mlrsearch): short trials halve the range, and
 * long ones confirm the two ends of what is left, or move it. It supposes that all values on one
 * side are good and all on the other are not; which side is good, it finds out. */
#pragma once

#include <stdbool.h>

enum load_knee_answer {
    LOAD_KNEE_GOOD,
    LOAD_KNEE_BAD,
    /* the client or the machine was the limit, so the load was not the one that was asked for:
     * nothing is known of such a value, and it never is an end of the answer */
    LOAD_KNEE_LIMITED,
};

struct load_knee_args {
    double from, to;
    double grain;     /* values are multiples of it */
    double precision; /* the two ends may be so far apart, as a share of the larger one */
    /* 0, or -errno ends the search. confirm: by long trials */
    int (*judge)(void *context, double value, bool confirm, enum load_knee_answer *ret);
    void *context;
};

struct load_knee_result {
    bool has_good, has_bad, limited; /* limited: beyond the last good value nothing is known */
    double last_good, first_bad;
};

/* 0 or judge()'s error; *ret then has what is known so far. Where all of the range is good there is
 * no first_bad, and both ends have been confirmed; last_good is `to`. */
int load_knee_search(const struct load_knee_args *args, struct load_knee_result *ret);

/* How many judgements a range takes at most, short and long ones, where no long one disagrees. */
int load_knee_short(const struct load_knee_args *args);
