#include "common/process/stop.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

/* Signal handlers can reach nothing but statics. */
static volatile sig_atomic_t stop_signals, stop_last_signal, stop_held, stop_attached;
static struct ev_loop *stop_loop;
static ev_async stop_async;
static void (*stop_asked)(void *context);
static void *stop_context;

static void on_signal(int signal_number)
{
    stop_last_signal = signal_number;
    stop_signals = stop_signals + 1;
    if (stop_signals >= 2 && !stop_held)
        _exit(128 + signal_number);
    if (stop_attached)
        ev_async_send(stop_loop, &stop_async); /* async-signal-safe, says ev(3) */
}

static void on_async(struct ev_loop *loop, ev_async *async, int events)
{
    stop_asked(stop_context);
}

/* If another process has sent it, it asks us to stop, as the other signals do. If it is a fault of
 * this program, or abort(), the program ends. */
static void on_fault(int signal_number, siginfo_t *info, void *context)
{
    if (info->si_code <= 0 && info->si_pid != getpid()) {
        on_signal(signal_number);
        return;
    }
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

/* A handler that is there already is a sanitizer's or a profiler's. */
static void catch (int signal_number, const struct sigaction *act)
{
    struct sigaction old;
    bool always = signal_number == SIGINT || signal_number == SIGTERM;
    if (!sigaction(signal_number, NULL, &old) && (always || old.sa_handler == SIG_DFL))
        sigaction(signal_number, act, NULL);
}

void stop_install(void)
{
    static const int wishes[] = {SIGHUP,  SIGINT,    SIGQUIT, SIGTERM, SIGALRM, SIGUSR2,
                                 SIGXCPU, SIGVTALRM, SIGPROF, SIGPOLL, SIGPWR,  SIGSTKFLT};
    static const int faults[] = {SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS};
    const struct sigaction wish = {.sa_handler = on_signal};
    const struct sigaction fault = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* write() says EFBIG */
    for (size_t i = 0; i < sizeof(wishes) / sizeof(*wishes); i++)
        catch (wishes[i], &wish);
    for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++)
        catch (faults[i], &fault);
    for (int i = SIGRTMIN; i <= SIGRTMAX; i++)
        catch (i, &wish);
}

void stop_attach(struct ev_loop *loop, void (*asked)(void *context), void *context)
{
    stop_loop = loop;
    stop_asked = asked;
    stop_context = context;
    ev_async_init(&stop_async, on_async);
    ev_async_start(loop, &stop_async);
    ev_unref(loop); /* a wait for a signal must not keep the program alive */
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
