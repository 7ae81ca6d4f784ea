#include "client/load.h"
#include "common/process/clock.h"
#include "common/process/thread.h"

#include <stdio.h>

/* The second number of schedstat. The first is only as new as the last tick, so the clock gives
 * that. 0 if the kernel does not have it (CONFIG_SCHED_INFO). */
static int64_t load_wait_ns(void)
{
    long long wait_ns;
    FILE *file = fopen("/proc/thread-self/schedstat", "re");
    if (!file)
        return 0;
    int n = fscanf(file, "%*d %lld", &wait_ns);
    fclose(file);
    return n == 1 ? wait_ns : 0;
}

void load_begin(struct load *l, int64_t polled_ns)
{
    if (l->open)
        return;
    l->open = true;
    l->window_from_ns = clock_now_ns();
    l->run_from_ns = thread_cpu_ns();
    l->wait_from_ns = load_wait_ns();
    l->polled_from_ns = polled_ns;
}

void load_end(struct load *l, int64_t polled_ns)
{
    if (!l->open)
        return;
    l->open = false;
    l->window_ns += clock_now_ns() - l->window_from_ns;
    l->run_ns += thread_cpu_ns() - l->run_from_ns - (polled_ns - l->polled_from_ns);
    l->wait_ns += load_wait_ns() - l->wait_from_ns;
}

void load_add_wait(struct load *l, int64_t ns)
{
    if (l->open)
        l->wait_ns += ns;
}

/* The clocks are read one after the other, so a very short window may seem to be busy for more than
 * its length. */
static double share(const struct load *l, int64_t ns)
{
    return l->window_ns <= 0 ? 0 : ns >= l->window_ns ? 1 : (double)ns / (double)l->window_ns;
}

double load_busy(const struct load *l)
{
    return share(l, l->run_ns + l->wait_ns);
}

double load_waiting(const struct load *l)
{
    return share(l, l->wait_ns);
}
