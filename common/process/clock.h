/* The clock that all of tcplab uses: CLOCK_MONOTONIC in nanoseconds. */
#pragma once

#include <stdint.h>
#include <sys/time.h>
#include <time.h>

#define NS_PER_US 1000LL
#define NS_PER_MS 1000000LL
#define NS_PER_S  1000000000LL

/* Returns the time in ns since an arbitrary origin. It reads the vDSO and makes no system call. */
static inline int64_t clock_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* Returns the seconds of a time of getrusage(). */
static inline double clock_seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}
