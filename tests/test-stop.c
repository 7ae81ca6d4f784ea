#include "common/stop.h"

#include <criterion/criterion.h>
#include <signal.h>
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
