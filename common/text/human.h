/* Formats numbers for people. Each function writes into the caller's buffer and returns it. */
#pragma once

#include <stdint.h>

#define HUMAN_MAX 32

const char *human_count(int64_t n, char text[static HUMAN_MAX]); /* "9,995" */
/* "87 us", "1.02 ms", "3.07 s", "2 min 5 s" */
const char *human_us(double us, char text[static HUMAN_MAX]);
const char *human_ns(int64_t ns, char text[static HUMAN_MAX]);
const char *human_rate(double per_second, char text[static HUMAN_MAX]); /* "0.20", "8,548" */
const char *human_bytes(uint64_t bytes, char text[static HUMAN_MAX]);   /* "64 B", "1.5 MiB" */
