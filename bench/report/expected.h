/* One check, or one observation of a claim, in words: what was predicted, what was observed, and
 * how far apart they are. */
#pragma once

#include <jansson.h>

#define EXPECTED_MAX 96

struct expected {
    /* "4 connections", "1.000 to 1.032 s", "at least 3 segments", "-" */
    char predicted[EXPECTED_MAX];
    char observed[EXPECTED_MAX]; /* "4", "1.004 s", "-" */
    /* from the nearer end: "+3", "-12.0 ms"; "" inside or where nothing was observed */
    char distance[EXPECTED_MAX];
};

/* With as many decimals as it takes to see that what differs is outside. */
struct expected expected_of(const json_t *check);
