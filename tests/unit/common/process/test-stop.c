#include "common/process/stop.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int asked;

static void on_asked(void *context)
{
    asked++;
    ev_break(context, EVBREAK_ALL);
}

Test(stop, the_first_signal_asks, .timeout = 10)
{
    struct ev_loop *loop = ev_loop_new(EVBACKEND_EPOLL);
    ev_timer forever;
    ev_timer_init(&forever, NULL, 3600, 0);
    ev_timer_start(loop, &forever);
    stop_install();
    stop_attach(loop, on_asked, loop);
    raise(SIGTERM);
    ev_run(loop, 0);
    cr_expect_eq(asked, 1);
    cr_expect_eq(stop_count(), 1);
    stop_detach();
    ev_loop_destroy(loop);
}

Test(stop, a_signal_from_before_the_loop_is_not_lost, .timeout = 10)
{
    struct ev_loop *loop = ev_loop_new(EVBACKEND_EPOLL);
    ev_timer forever;
    ev_timer_init(&forever, NULL, 3600, 0);
    ev_timer_start(loop, &forever);
    stop_install();
    raise(SIGINT);
    stop_attach(loop, on_asked, loop);
    ev_run(loop, 0);
    cr_expect_eq(asked, 1);
    stop_detach();
    ev_loop_destroy(loop);
}

static int in_child(void (*run)(void))
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        stop_install();
        run();
        _exit(7);
    }
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void two_signals(void)
{
    raise(SIGINT);
    raise(SIGTERM);
}

static int held_pipe[2];

static void two_signals_while_held(void)
{
    stop_hold();
    two_signals();
    if (stop_count() != 2 || write(held_pipe[1], "x", 1) != 1)
        _exit(9);
    stop_release();
}

static void one_signal_while_held(void)
{
    stop_hold();
    raise(SIGINT);
    stop_release();
}

Test(stop, the_second_signal_ends_the_process)
{
    cr_expect_eq(in_child(two_signals), 128 + SIGTERM);
}

Test(stop, unless_something_must_be_put_back_first)
{
    char byte = 0;
    cr_assert_eq(pipe(held_pipe), 0);
    cr_expect_eq(in_child(two_signals_while_held), 128 + SIGTERM);
    close(held_pipe[1]);
    cr_expect_eq(read(held_pipe[0], &byte, 1), 1, "it went on until the release");
    cr_expect_eq(in_child(one_signal_while_held), 7);
}

Test(stop, a_hangup_that_was_ignored_stays_so)
{
    signal(SIGHUP, SIG_IGN);
    stop_install();
    raise(SIGHUP);
    cr_expect_eq(stop_count(), 0);
}

static void wait_for_a_wish(void)
{
    while (!stop_count())
        pause();
}

/* Sent by another it is a wish; the process's own fault is its end. */
Test(stop, a_fault_is_a_wish_only_from_another)
{
    static const int faults[] = {SIGSEGV, SIGABRT, SIGBUS};
    for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
        for (int own = 0; own < 2; own++) {
            int status;
            sigset_t fault, before;
            sigemptyset(&fault);
            sigaddset(&fault, faults[i]);
            sigprocmask(SIG_BLOCK, &fault, &before); /* until the handler is there */
            pid_t pid = fork();
            if (pid == 0) {
                signal(faults[i], SIG_DFL);
                stop_install();
                sigprocmask(SIG_UNBLOCK, &fault, NULL);
                if (own)
                    raise(faults[i]);
                wait_for_a_wish();
                _exit(stop_signal() == faults[i] ? 0 : 1);
            }
            sigprocmask(SIG_SETMASK, &before, NULL);
            if (!own)
                kill(pid, faults[i]);
            waitpid(pid, &status, 0);
            cr_expect_eq(own ? WIFSIGNALED(status) && WTERMSIG(status) == faults[i] : status == 0,
                         1, "%s: %#x", strsignal(faults[i]), (unsigned)status);
        }
    }
}
