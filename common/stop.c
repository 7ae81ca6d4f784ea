#include "common/stop.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

/* Signal handlers can reach nothing but statics. */
static volatile sig_atomic_t stop_signals, stop_last_signal, stop_held, stop_attached;
static struct ev_loop *stop_loop;
static ev_async stop_async;
static void (*stop_asked)(void *context);
static void *stop_context;

static void stop_on_signal(int signal_number)
{
    stop_last_signal = signal_number;
    stop_signals = stop_signals + 1;
    if (stop_signals >= 2 && !stop_held)
        _exit(128 + signal_number);
    if (stop_attached)
        ev_async_send(stop_loop, &stop_async); /* async-signal-safe, says ev(3) */
}

static void stop_on_async(struct ev_loop *loop, ev_async *async, int events)
{
    stop_asked(stop_context);
}

void stop_install(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
        struct sigaction act = {.sa_handler = stop_on_signal}, old;
        sigaction(signals[i], NULL, &old);
        if (signals[i] != SIGHUP || old.sa_handler != SIG_IGN)
            sigaction(signals[i], &act, NULL);
    }
}

void stop_attach(struct ev_loop *loop, void (*asked)(void *context), void *context)
{
    stop_loop = loop;
    stop_asked = asked;
    stop_context = context;
    ev_async_init(&stop_async, stop_on_async);
    ev_async_start(loop, &stop_async);
    ev_unref(loop); /* waiting for a signal is no reason to run on */
    stop_attached = 1;
    if (stop_signals)
        ev_async_send(loop, &stop_async);
}

void stop_detach(void)
{
    if (!stop_attached)
        return;
    stop_attached = 0;
    ev_ref(stop_loop);
    ev_async_stop(stop_loop, &stop_async);
}

int stop_count(void)
{
    return stop_signals;
}

void stop_hold(void)
{
    stop_held = 1;
}

void stop_release(void)
{
    stop_held = 0;
    if (stop_signals >= 2)
        _exit(128 + stop_last_signal);
}

int stop_signal(void)
{
    return stop_last_signal;
}
