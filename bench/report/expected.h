/* One check, or one observation of a claim, as text: the prediction, the observation, and the
 * distance between them. */
#pragma once

#include <jansson.h>

#define EXPECTED_MAX 96

struct expected {
    /* "4 connections", "1.000 to 1.032 s", "at least 3 segments", "-" */
    char predicted[EXPECTED_MAX];
    char observed[EXPECTED_MAX]; /* "4", "1.004 s", "-" */
    /* from the nearer end of the interval: "+3", "-12.0 ms"; "" if inside, or if nothing was
     * observed */
    char distance[EXPECTED_MAX];
};

/* Formats a check. If it differs, the numbers have enough decimals to show that the observation is
 * outside. */
struct expected expected_of(const json_t *check);
