/* What each thread beside the main one needs. */
#pragma once

#include <pthread.h>
#include <semaphore.h>
#include <stddef.h>
#include <stdint.h>

/* As pthread_create(), but all signals are blocked in the new thread: they are the main thread's. 0
 * or -errno. */
int thread_start(pthread_t *ret, void *(*run)(void *context), void *context);

/* Takes one, for which it waits, through all signals. */
void thread_await(sem_t *semaphore);

/* How many CPUs the calling thread may run on; 0: more than a cpu_set_t holds. */
size_t thread_cpus(void);

/* The number of the i-th of those, from the first again when i is larger; -1: thread_cpus() is
 * 0. */
int thread_cpu(size_t i);

/* The calling thread, and those that it starts, stay on this CPU; with -1 nothing changes. It is a
 * wish: where it cannot be, they go on where they may. */
void thread_stay(int cpu);

/* The processor time that the calling thread has used, user and system. What it waited for others
 * is not in it. */
int64_t thread_cpu_ns(void);
