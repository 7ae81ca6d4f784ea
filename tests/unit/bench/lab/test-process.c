/* Programs that the bench starts: shells here, which say and do what tcplab-server and
 * tcplab-client might. */
#include "bench/lab/process.h"
#include "common/process/clock.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 20000
#define FOR_EVER    "exec sleep 10000"

static struct host here;
static struct process *process;

static void begin(void)
{
    here = (struct host){.name = "here",
                         .network = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)};
    cr_assert_geq(here.network, 0);
}

static void end(void)
{
    process_free(process);
    host_release(&here);
}

TestSuite(process, .init = begin, .fini = end, .timeout = 100);

static struct process *start(const struct host *host, const char *script)
{
    struct process *p = NULL;
    char *argv[] = {(char *)"/bin/sh", (char *)"-c", (char *)script, NULL};
    cr_assert_eq(process_start(host, argv, &p), 0);
    return p;
}

/* Until it has ended: its exit code. */
static int run(const char *script)
{
    int code = -1;
    process = start(&here, script);
    cr_assert_eq(process_wait(process, clock_now_ns() + PATIENCE_MS * NS_PER_MS), 0);
    cr_assert(process_ended(process, &code));
    return code;
}

/* What the script printed as ["..."]. */
static const char *said(struct process *p)
{
    const char *text = json_string_value(json_array_get(process_report(p), 0));
    cr_assert_not_null(text);
    return text;
}

static void await_word(void)
{
    int64_t until_ns = clock_now_ns() + PATIENCE_MS * NS_PER_MS;
    while (!process_is_ready(process)) {
        cr_assert_lt(clock_now_ns(), until_ns);
        poll(NULL, 0, 1);
    }
}

/* --- ready --- */

Test(process, ready)
{
    int code;
    process = start(&here, "echo >&3; " FOR_EVER);
    await_word();
    cr_expect(process_is_ready(process), "it was, so it is");
    cr_expect_not(process_ended(process, &code));
}

Test(process, not_ready_yet)
{
    process = start(&here, FOR_EVER);
    cr_expect_not(process_is_ready(process));
}

Test(process, that_ends_without_a_word_was_never_ready)
{
    process = start(&here, "exit 0");
    cr_assert_eq(process_wait(process, clock_now_ns() + PATIENCE_MS * NS_PER_MS), 0);
    cr_expect_not(process_is_ready(process));
    cr_expect_not(process_is_ready(process));
}

/* --- what it printed --- */

Test(process, report_and_complaint)
{
    cr_expect_eq(run("echo '{\"a\": 7}'; echo trouble >&2; exit 5"), 5);
    const json_t *report = process_report(process);
    cr_expect_eq(json_integer_value(json_object_get(report, "a")), 7);
    cr_expect_eq(process_report(process), report, "borrowed, not made again");
    cr_expect_str_eq(process_complaint(process), "trouble\n");
}

Test(process, that_prints_no_document)
{
    cr_expect_eq(run("echo '{\"a\": 7'"), 0);
    cr_expect_null(process_report(process));
    cr_expect_null(process_report(process));
    cr_expect_str_eq(process_complaint(process), "");
}

Test(process, that_prints_more_than_a_pipe_holds)
{
    cr_expect_eq(run("head -c 300000 /dev/zero | tr '\\0' x >&2"), 0);
    cr_expect_eq(strlen(process_complaint(process)), 300000);
}

Test(process, gets_ready_fd_as_its_last_arguments)
{
    run("echo \"[\\\"$# $0 $1\\\"]\""); /* of sh -c SCRIPT the next one is $0 */
    cr_expect_str_eq(said(process), "1 --ready-fd 3");
}

Test(process, reads_nothing)
{
    run("echo \"[\\\"$(readlink /proc/self/fd/0)\\\"]\"");
    cr_expect_str_eq(said(process), "/dev/null");
}

static void read_network(char text[static 64])
{
    ssize_t n = readlink("/proc/thread-self/ns/net", text, 63);
    text[n > 0 ? n : 0] = '\0';
}

Test(process, runs_on_its_host_and_the_caller_stays)
{
    struct host there;
    char own[64], other[64], now[64];
    read_network(own);
    cr_assert_eq(host_new("there", &there), 0);
    read_network(other);
    cr_assert_eq(host_enter(&here), 0);
    process = start(&there, "echo \"[\\\"$(readlink /proc/self/ns/net)\\\"]\"");
    cr_assert_eq(process_wait(process, clock_now_ns() + PATIENCE_MS * NS_PER_MS), 0);
    read_network(now);
    cr_expect_str_eq(said(process), other);
    cr_expect_str_eq(now, own);
    cr_expect_str_neq(other, own);
    host_release(&there);
}

/* --- its end --- */

Test(process, exit_codes)
{
    static const int codes[] = {0, 1, 3, 77, 255};
    char script[32];
    for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
        snprintf(script, sizeof(script), "exit %d", codes[i]);
        cr_expect_eq(run(script), codes[i]);
        process_free(process);
    }
    process = NULL;
}

Test(process, killed)
{
    cr_expect_eq(run("kill -KILL $$"), 128 + SIGKILL);
}

Test(process, told_to_end)
{
    int code = -1;
    process = start(&here, "echo >&3; " FOR_EVER);
    await_word();
    process_signal(process, SIGTERM);
    cr_expect_eq(process_wait(process, clock_now_ns() + PATIENCE_MS * NS_PER_MS), 0);
    cr_expect(process_ended(process, &code));
    cr_expect_eq(code, 128 + SIGTERM);
    process_signal(process, SIGTERM); /* its number may be somebody else's by now */
    cr_expect(process_ended(process, &code));
    cr_expect_eq(code, 128 + SIGTERM);
}

Test(process, that_is_no_program)
{
    int code = -1;
    char *argv[] = {(char *)"/nowhere/tcplab-server", NULL};
    cr_assert_eq(process_start(&here, argv, &process), 0);
    cr_assert_eq(process_wait(process, clock_now_ns() + PATIENCE_MS * NS_PER_MS), 0);
    cr_expect(process_ended(process, &code));
    cr_expect_eq(code, 126);
    cr_expect_not(process_is_ready(process));
}

Test(process, on_a_host_that_is_none)
{
    const struct host nowhere = {.name = "nowhere", .network = -1};
    process = start(&nowhere, "exit 0");
    int code = -1;
    cr_assert_eq(process_wait(process, clock_now_ns() + PATIENCE_MS * NS_PER_MS), 0);
    cr_expect(process_ended(process, &code));
    cr_expect_eq(code, 126);
}

Test(process, waiting_has_an_end)
{
    process = start(&here, FOR_EVER);
    cr_expect_eq(process_wait(process, clock_now_ns() - NS_PER_S), -ETIMEDOUT);
    int64_t until_ns = clock_now_ns() + 20 * NS_PER_MS;
    cr_expect_eq(process_wait(process, until_ns), -ETIMEDOUT);
    cr_expect_geq(clock_now_ns(), until_ns);
}

/* Stopped for good, it is not waited for; one that goes on is. */
Test(process, that_stays_stopped)
{
    process = start(&here, "echo >&3; kill -STOP $$; exit 7");
    cr_expect_eq(process_wait(process, clock_now_ns() + 10 * PATIENCE_MS * NS_PER_MS), -ECANCELED);
    cr_expect(process_stays_stopped(process));
    process_signal(process, SIGCONT);
    cr_expect_eq(process_wait(process, clock_now_ns() + PATIENCE_MS * NS_PER_MS), 0);
    cr_expect_not(process_stays_stopped(process));
}

Test(process, that_is_stopped_for_a_moment)
{
    process = start(&here, "kill -STOP $$; kill -STOP $$; exit 7");
    cr_assert_eq(process_wait(process, clock_now_ns() + NS_PER_S), -ETIMEDOUT);
    process_signal(process, SIGCONT);
    int64_t from_ns = clock_now_ns();
    cr_expect_eq(process_wait(process, clock_now_ns() + PATIENCE_MS * NS_PER_MS), -ECANCELED);
    cr_expect_geq(clock_now_ns() - from_ns, PROCESS_STOPPED_S * NS_PER_S / 2);
}

Test(process, freed_while_it_runs_is_killed)
{
    process = start(&here, FOR_EVER);
    cr_assert_eq(waitpid(-1, NULL, WNOHANG), 0, "this test has one child, and it runs");
    process_free(process);
    process = NULL;
    cr_expect_eq(waitpid(-1, NULL, WNOHANG), -1);
    cr_expect_eq(errno, ECHILD, "it has none any more");
    process_free(NULL);
}

/* The one in between starts a shell that holds the pipe's writing end, and nobody else does. By its
 * path, for the redirections of a shell know numbers of one digit only. */
static _Noreturn void start_and_stay(int reading, int writing)
{
    char script[80];
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody behind */
    close(reading);
    fcntl(writing, F_SETFD, 0);
    snprintf(script, sizeof(script), "echo up >/proc/self/fd/%d; " FOR_EVER, writing);
    start(&here, script);
    close(writing);
    for (;;)
        pause();
}

static bool readable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, PATIENCE_MS) == 1;
}

Test(process, dies_with_the_one_that_started_it)
{
    int ends[2];
    char text[8];
    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
    pid_t between = fork();
    if (between == 0)
        start_and_stay(ends[0], ends[1]);
    close(ends[1]);
    cr_assert(readable(ends[0]));
    cr_assert_eq(read(ends[0], text, sizeof(text)), 3);
    kill(between, SIGKILL);
    waitpid(between, NULL, 0);
    cr_expect(readable(ends[0]) && read(ends[0], text, sizeof(text)) == 0, "it lives on");
    close(ends[0]);
}
