#include "common/process/thread.h"
#include "common/process/clock.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>

int thread_start(pthread_t *ret, void *(*run)(void *context), void *context)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* a new thread inherits this */
    int r = pthread_create(ret, NULL, run, context);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return -r;
}

void thread_await(sem_t *semaphore)
{
    while (sem_wait(semaphore) && errno == EINTR)
        ;
}

size_t thread_cpus(void)
{
    cpu_set_t usable;
    return sched_getaffinity(0, sizeof(usable), &usable) ? 0 : (size_t)CPU_COUNT(&usable);
}

int thread_cpu(size_t i)
{
    cpu_set_t usable;
    size_t n = thread_cpus();
    int cpu = 0;
    if (!n || sched_getaffinity(0, sizeof(usable), &usable))
        return -1;
    for (size_t wanted = i % n; !CPU_ISSET(cpu, &usable) || wanted--;)
        cpu++;
    return cpu;
}

void thread_stay(int cpu)
{
    cpu_set_t only;
    CPU_ZERO(&only);
    if (cpu < 0)
        return;
    CPU_SET((unsigned)cpu, &only);
    sched_setaffinity(0, sizeof(only), &only);
}

int64_t thread_cpu_ns(void)
{
    struct timespec used;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return used.tv_sec * NS_PER_S + used.tv_nsec;
}
