/* Threads besides the main one: start, wait, and the CPU they run on. */
#pragma once

#include <pthread.h>
#include <semaphore.h>
#include <stddef.h>
#include <stdint.h>

/* Like pthread_create(), but all signals are blocked in the new thread, so that the main thread
 * gets them. Returns 0 or -errno. */
int thread_start(pthread_t *ret, void *(*run)(void *context), void *context);

/* Like sem_wait(), but goes on waiting after a signal. */
void thread_await(sem_t *semaphore);

/* Returns how many CPUs the calling thread may run on; 0: not known, because the machine has more
 * than a cpu_set_t holds. */
size_t thread_cpus(void);

/* Returns the number of the i-th of these CPUs; if i is larger than their number, it counts from
 * the first again. -1: thread_cpus() is 0. */
int thread_cpu(size_t i);

/* Asks the kernel to keep the calling thread, and threads that it starts later, on this CPU; -1:
 * does nothing. If the kernel refuses, they run where they may. */
void thread_stay(int cpu);

/* Returns the CPU time (user and system, in ns) that the calling thread has used, without the time
 * it waited. */
int64_t thread_cpu_ns(void);
