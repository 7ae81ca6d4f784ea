/* Where results go: what cannot be written there is told at once, with the reason of the kernel and
 * the name of the place.
 */
#include "tests/lib/live.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

TestSuite(output, .init = live_setup, .timeout = 120);

#define SERVER "$B/server/tcplab-server --port 0 -d 10ms"
#define CLIENT "$B/client/tcplab-client -c 3 127.0.0.1:8888"
#define BENCH  "$B/bench/tcplab-bench "
#define FULL   "cannot write to stdout: No space left on device; make room there"
#define CLOSED "cannot write to stdout: Bad file descriptor; it is closed"

/* In a folder of its own, $B the build, with a server at port 8888: "code: stderr". */
static const char *told(const char *command)
{
    return live_shell(
        "T=$(mktemp -d); B=%s; cd $T; { %s; } 2>$T/told; echo \"$?: $(cat $T/told)\"; rm -rf $T",
        TEST_BUILD, command);
}

static void tells(const char *const (*cases)[3], size_t n)
{
    struct live *server = live_start_ready("server", "--port", "8888", NULL);
    for (size_t i = 0; i < n; i++) {
        const char *seen = told(cases[i][0]);
        cr_expect(!strncmp(seen, cases[i][1], strlen(cases[i][1])) && strstr(seen, cases[i][2]),
                  "`%s` told: %s", cases[i][0], seen);
    }
    live_stop(server, SIGTERM);
    live_free(server);
}

Test(output, a_report_that_is_lost_is_an_error)
{
    static const char *const cases[][3] = {
        {CLIENT " >&-", "1:", CLOSED},
        {CLIENT " --json >&-", "1:", CLOSED},
        {CLIENT " --json=f >&-", "1:", CLOSED},
        {CLIENT " >/dev/full", "1:", FULL},
        {CLIENT " --json >/dev/full", "1:", FULL},
        {CLIENT " --json=/dev/full >f", "1:", "cannot write to /dev/full: No space left on device"},
        {CLIENT " --help >&-", "1:", CLOSED},
        {CLIENT " --version >&-", "1:", CLOSED},
        {SERVER " >&-", "1:", CLOSED},
        {SERVER " >/dev/full", "1:", FULL},
        {SERVER " --restore-sysctls >&-", "1:", CLOSED},
        {SERVER " --help >/dev/full", "1:", FULL},
        {SERVER " --version >&-", "1:", CLOSED},
        {BENCH "list >&-", "1:", CLOSED},
        {BENCH "list >/dev/full", "1:", FULL},
        {BENCH "list --json >/dev/full", "1:", FULL},
        {BENCH "explain handshake --json >&-", "1:", CLOSED},
        {BENCH "claims list --json >/dev/full", "1:", FULL},
        {BENCH "explain handshake >&-", "1:", CLOSED},
        {BENCH "explain handshake >/dev/full", "1:", FULL},
        {BENCH "explain --kernels >&-", "1:", CLOSED},
        {BENCH "--help >&-", "1:", CLOSED},
        {BENCH "--version >/dev/full", "1:", FULL},
        {BENCH "run --help >&-", "1:", CLOSED},
        {BENCH "claims list >&-", "1:", CLOSED},
        {BENCH "claims run listen-n >&-", "1:", CLOSED},
        {BENCH "probe >/dev/full", "1:", FULL},
        {BENCH "probe --json >&-", "1:", CLOSED},
        {BENCH "run handshake >&-", "1:", CLOSED},
        {BENCH "run handshake >/dev/full", "1:", FULL},
        {BENCH "run handshake --json=/dev/full >f",
         "1:", "cannot write to /dev/full: No space left on device"},
        {CLIENT " 2>/dev/null >f && grep -q established f", "0:", ""},
    };
    tells(cases, sizeof(cases) / sizeof(*cases));
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const char *first = strstr(told(cases[i][0]), "cannot write");
        cr_expect(!first || !strstr(first + 1, "cannot write"), "`%s` told twice: %s", cases[i][0],
                  first);
    }
}

/* Each of these would run for an hour, or 1000 runs. */
Test(output, the_end_of_its_reader_ends_a_run)
{
    static const char *const cases[][3] = {
        {"mkfifo p; head -1 p >line & " CLIENT " -w echo -d 1h -i 10ms --jsonl=p >f",
         "1:", "cannot write to p: Broken pipe; its reader has gone"},
        {"mkfifo p; head -1 p >line & " CLIENT
         " -w echo -d 1h -i 10ms --jsonl=p >f 2>e; cat e >&2; grep -c attempted f >&2",
         "0:", "\n1"},
        {CLIENT " -w echo -d 1h -i 10ms --jsonl=/dev/full >f",
         "1:", "cannot write to /dev/full: No space left on device"},
        {CLIENT " --start-at $(($(date +%s) + 3600)) --jsonl=/dev/full >f",
         "1:", "cannot write to /dev/full: No space"},
        {"mkfifo p; head -1 p >line & $B/server/tcplab-server --port 0 -i 10ms --jsonl=p >f",
         "1:", "cannot write to p: Broken pipe; its reader has gone"},
        {"$B/server/tcplab-server --port 0 -i 10ms --jsonl=/dev/full >f",
         "1:", "cannot write to /dev/full: No space"},
        {BENCH "run handshake --repeat 1000 --jsonl=/dev/full >f",
         "1:", "the results cannot be written; 1 of 1000 runs had ended"},
        {BENCH "run handshake --repeat 1000 >/dev/full", "1:", FULL},
        {"mkfifo p; head -1 p >line & " BENCH "run handshake --repeat 1000 --jsonl >p",
         "1:", "cannot write to stdout: Broken pipe; its reader has gone"},
    };
    tells(cases, sizeof(cases) / sizeof(*cases));
}

Test(output, two_names_of_one_file_are_one_file)
{
    static const char *const cases[][3] = {
        {CLIENT " --json=f --jsonl=./f",
         "2:", "--json and --jsonl cannot both go to ./f (which is also f)"},
        {"echo old >f; ln -s f g; " CLIENT " --json=f --jsonl=g; cat f >&2", "0:", "\nold"},
        {"echo old >f; ln f g; " CLIENT " --json=f --jsonl=g; cat f >&2",
         "0:", "(which is also f)"},
        {CLIENT " --json=/dev/stdout --jsonl=/dev/fd/1 >f", "2:", "cannot both go to /dev/fd/1"},
        {CLIENT " --json --jsonl=/dev/stdout >f",
         "2:", "cannot both go to /dev/stdout (which is also stdout)"},
        {CLIENT " --json=/dev/stdout >f; jq -s length f >&2", "0:", "0: 1"}, /* no text in it */
        {CLIENT " --json=f >f; jq -s length f >&2", "0:", "0: 1"},
        {"yes | head -c 99999 >f; " CLIENT " --json=f >g; jq -s length f >&2", "0:", "0: 1"},
        {CLIENT " --json=f --jsonl=g >/dev/null; jq -s length f >&2", "0:", "0: 1"},
        {BENCH "run handshake --json=f --jsonl=./f", "2:", "cannot both go to ./f"},
        {"$B/server/tcplab-server --port 0 --json=f --jsonl=./f", "2:", "cannot both go to ./f"},
    };
    tells(cases, sizeof(cases) / sizeof(*cases));
}

/* In reports and in errors: no terminal obeys a name. */
Test(output, what_is_quoted_steers_no_terminal)
{
    static const char *const cases[][3] = {
        {CLIENT " --json=\"/no/$(printf '\\033[31m')\"", "1:", "cannot write /no/\\x1b[31m: "},
        {"$B/client/tcplab-client \"$(printf '\\033]0;x\\007').invalid\"",
         "2:", "\\x1b]0;x\\x07.invalid"},
        {"$B/client/tcplab-client \"fe80::1%$(printf '\\033[1m')\"", "", "\\x1b[1m"},
        {BENCH "\"$(printf '\\033[31m')\"", "2:", "there is no verb \\x1b[31m"},
        {BENCH "run \"$(printf '\\033[31m')\"", "2:", "there is no experiment \\x1b[31m"},
        {BENCH "claims run \"$(printf '\\033[31m')\"", "2:", "there is no claim \\x1b[31m"},
        {BENCH "list \"$(printf '\\033[31m')\"", "2:", "\\x1b[31m"},
        {BENCH "run handshake --pcap \"$(printf '\\033[31m')\"", "2:", "--pcap \\x1b[31m: "},
        {BENCH "enter \"$(printf '\\033[31m')\"", "1:", "\\x1b[31m: "},
        {BENCH "explain handshake --set \"net.ipv4.$(printf '\\033[31m')=1\"", "2:", "\\x1b[31m"},
        {BENCH "explain handshake --set \"net.ipv4.tcp_congestion_control=$(printf '\\033[31m')\" "
               ">f; grep -c \"$(printf '\\033')\" f >&2",
         "", ""},
        {"$B/server/tcplab-server --sysctl \"net.ipv4.$(printf '\\033[31m')=1\"",
         "2:", "\\x1b[31m"},
        {"$B/server/tcplab-server --sysctl \"net.core.somaxconn=$(printf '\\033[31m')\"",
         "2:", "\\x1b[31m"},
        {"$B/server/tcplab-server --port 0 --jsonl=\"/no/$(printf '\\033[31m')\"",
         "1:", "\\x1b[31m"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        cr_expect_not(strchr(told(cases[i][0]), '\033'), "`%s` told %s", cases[i][0],
                      told(cases[i][0]));
    tells(cases, sizeof(cases) / sizeof(*cases));
}

Test(output, a_terminal_gets_lists_of_80_columns)
{
    static const char *const lists[] = {"list", "claims list"};
    for (size_t i = 0; i < 2; i++) {
        live_shell(
            "script -qec '%s/bench/tcplab-bench %s' /tmp/tcplab-list-%d </dev/null >/dev/null",
            TEST_BUILD, lists[i], (int)getpid());
        cr_expect_geq(live_number("grep -c . /tmp/tcplab-list-%d", (int)getpid()), 37);
        cr_expect_eq(live_number("sed 's/\\r//; s/\\x1b\\[[0-9]*m//g' /tmp/tcplab-list-%d | grep "
                                 "-v ^Script | grep -c '.\\{81\\}'",
                                 (int)getpid()),
                     0, "%s", lists[i]);
        live_shell("rm /tmp/tcplab-list-%d", (int)getpid());
    }
}

/* As the manuals promise: exit 77, what is short, and how to get it. */
Test(output, what_a_start_lacks_is_named)
{
    live_need_private_mounts();
#define NO_PROC(command) "unshare -m sh -c \"mount -t tmpfs none /proc; " command "\""
#define PIDS_ONLY(command) \
    "unshare -mpf sh -c \"mount -t proc -o subset=pid proc /proc && " command "\""
#define ONE_PROCESS(command)                                                                    \
    "chmod 755 .; cp $B/client/tcplab-client $B/server/tcplab-server $B/bench/tcplab-bench .; " \
    "setpriv --reuid 65534 --regid 65534 --clear-groups prlimit --nproc=1 ./" command
#define WITHOUT(call, error, command) \
    "strace -f -qq -o /dev/null -e inject=" call ":error=" error " " command
#define STOPPED(call, command) \
    "timeout 60 strace -f -qq -o /dev/null -e inject=" call ":signal=SIGSTOP " command
#define FORBIDDEN_IN_LAB                                                                        \
    "cannot make or enter the lab's network namespaces (Operation not permitted). To mend it: " \
    "root of a user "                                                                           \
    "namespace "                                                                                \
    "of its own may do that, unless a container's seccomp profile"
    static const char *const cases[][3] = {
        {"ulimit -n 10; " BENCH "run handshake",
         "77:", "more descriptors are needed: ulimit -n 1024"},
        {NO_PROC(CLIENT), "77:", "/proc/self/exe is not there"},
        {NO_PROC(SERVER), "77:", "mount -t proc proc /proc"},
        {NO_PROC(BENCH "run handshake"), "77:", "/proc/self/exe is not there"},
        {NO_PROC(BENCH "probe"), "77:", "/proc/self/exe is not there"},
        {NO_PROC(BENCH "enter true"), "77:", "/proc/self/exe is not there"},
        {PIDS_ONLY(CLIENT), "77:", "without subset=pid"},
        {PIDS_ONLY(SERVER), "77:", "without subset=pid"},
        {PIDS_ONLY(BENCH "run handshake"), "77:", "without subset=pid"},
        {ONE_PROCESS("tcplab-client -c 3 --threads 2 127.0.0.1:8888"), "77:",
         "cannot prepare 3 connections in 2 threads: Resource temporarily unavailable; no more "
         "threads"},
        {ONE_PROCESS("tcplab-server --port 0 -d 10ms --threads 2 >f"), "77:",
         "starting a thread: Resource temporarily unavailable; no more threads can be made; raise"},
        {"ulimit -v 9000; " CLIENT " --threads 2", "77:", "(ulimit -v), or use fewer --threads"},
        {"ulimit -v 9000; " SERVER " --threads 2 >f", "77:", "(ulimit -v), or use fewer --threads"},
        {WITHOUT("epoll_create1", "EMFILE", CLIENT),
         "77:", "Too many open files; raise the limit of descriptors"},
        {WITHOUT("epoll_create1", "EMFILE", SERVER), "77:", "no descriptors left (ulimit -n)"},
        {WITHOUT("timerfd_create", "ENOMEM", CLIENT),
         "77:", "Cannot allocate memory; free some memory, or raise"},
        {WITHOUT("timerfd_create", "ENOMEM", SERVER),
         "77:", "event loop: Cannot allocate memory; free some memory"},
        {WITHOUT("eventfd2", "ENFILE", CLIENT), "77:", "sysctl fs.file-max"},
        {WITHOUT("eventfd2", "ENFILE", SERVER), "77:", "no descriptors left"},
        {WITHOUT("eventfd2", "EPERM", CLIENT),
         "77:", "Operation not permitted; this kernel, a security module"},
        {WITHOUT("eventfd2", "EPERM", SERVER),
         "77:", "Operation not permitted; this kernel, a security module"},
        {WITHOUT("setns", "EPERM", BENCH "run handshake"), "77:", FORBIDDEN_IN_LAB},
        {WITHOUT("setns", "EPERM", BENCH "probe"), "77:", FORBIDDEN_IN_LAB},
        {WITHOUT("unshare", "EPERM", BENCH "run handshake"), "77:", FORBIDDEN_IN_LAB},
        {WITHOUT("unshare", "EPERM", BENCH "enter true"),
         "77:", "To mend it: root needs CAP_SYS_ADMIN for it"},
        {WITHOUT("unshare", "ENOSYS", BENCH "enter true"),
         "77:", "this kernel has no such system call"},
        {WITHOUT("unshare", "ENOSPC", BENCH "enter true"),
         "77:", "more namespaces are needed than this user may have"},
        {STOPPED("unshare", BENCH "run handshake"), "77:",
         "its process has been stopped by a signal (SIGSTOP, SIGTSTP) for 5 s, and was kill"},
        {STOPPED("unshare", BENCH "probe"), "77:",
         "its process has been stopped by a signal (SIGSTOP, SIGTSTP) for 5 s, and was kill"},
        {"timeout 50 " WITHOUT("connect", "EACCES", BENCH "run handshake >f"),
         "1:", "handshake: connect(): Permission denied. To mend it: a security module or"},
        {"timeout 50 " WITHOUT("connect", "ENOBUFS", BENCH "run handshake >f"),
         "1:", "handshake: connect(): No buffer space available. To mend it: "},
        {WITHOUT("socket", "ENOBUFS", SERVER), "77:", "the kernel has no memory for it: free some"},
        {WITHOUT("socket", "EPERM", SERVER),
         "77:", "preparing the guard of sysctls: Operation not permitted; this"},
    };
    /* the sanitizers themselves need /proc */
    tells(cases, live_sanitized ? 1 : sizeof(cases) / sizeof(*cases));
    const char *never = told(ONE_PROCESS("tcplab-server --port 0 -d 10ms --threads 2 >&2"));
    cr_expect_not(strstr(never, "accepted"), "the report of a run that never was: %s", never);
    if (!live_sanitized)
        cr_expect(strstr(told("ulimit -v 20000; " BENCH "run handshake"), "more memory is needed"));
}

/* Whatever they are short for: it runs, or says that. */
Test(output, too_few_descriptors_are_told, .timeout = LIVE_TIMEOUT_S)
{
    if (live_sanitized)
        return;
    const char *said = live_shell(
        "for n in $(seq 4 24); do (prlimit --nofile=$n %s/bench/tcplab-bench run closed-port "
        ">/dev/null "
        "2>/tmp/tcplab-few-%d; c=$?; [ $c = 0 ] || { [ $c = 77 ] && grep -q 'more descriptors are "
        "needed' /tmp/tcplab-few-%d; } || { echo $n: $c; cat /tmp/tcplab-few-%d; }); done; rm "
        "/tmp/tcplab-few-%d",
        TEST_BUILD, (int)getpid(), (int)getpid(), (int)getpid(), (int)getpid());
    cr_assert(!*said, "%s", said);
}

#define UNWATCHED "may watch no more descriptors than"

/* Every epoll_ctl() in its turn: what the run itself needs ends the start, and a connection fails
 * alone. On a busy machine -d may end before all three have been attempted. */
Test(output, what_epoll_does_not_take_is_told_and_not_waited_for, .timeout = LIVE_TIMEOUT_S)
{
    struct live *server = live_start_ready("server", "--port", "8888", NULL);
    for (int threads = 1; threads <= 2 && !live_sanitized; threads++) {
        int starts = 0, connections = 0, untouched = 0;
        for (int n = 1; n <= 32 && !untouched; n++) {
            char command[1000];
            snprintf(command, sizeof(command),
                     "timeout 60 strace -f -qq -o /dev/null -e inject=epoll_ctl:error=ENOSPC:when="
                     "%d " CLIENT " -w echo -d 50ms -t %d --json=f >g; c=$?; test -s f && jq -r "
                     "'.connections | if .no_fd == 0 then \"all\" elif .attempted <= 3 and "
                     ".established + .no_fd == .attempted then \"some\" else . end' f; (exit $c)",
                     n, threads);
            const char *seen = told(command);
            connections += !strcmp(seen, "some\n0: \n");
            untouched += !strcmp(seen, "all\n0: \n");
            starts += !strncmp(seen, "77: ", 4) && strstr(seen, UNWATCHED);
            cr_assert_eq(starts + connections + untouched, n, "%d: %s", n, seen);
        }
        cr_expect(starts > 3 && connections && untouched);
    }
    live_stop(server, SIGTERM);
    live_free(server);
}

/* The same with the server. */
Test(output, a_server_goes_on_without_what_epoll_does_not_take, .timeout = LIVE_TIMEOUT_S)
{
    int starts = 0, listeners = 0, connections = 0, untouched = 0;
    for (int n = 1; n <= 32 && !untouched && !live_sanitized; n++) {
        char command[1000];
        snprintf(command, sizeof(command),
                 "mkfifo p; { timeout -k 1 60 strace -f -qq -o /dev/null -e "
                 "inject=epoll_ctl:error=ENOSPC:when=%d $B/server/tcplab-server -p 8888 --ready-fd "
                 "4 --json=f >g; } 4>p & s=$!; if read -r ready <p; then timeout 30 " CLIENT
                 " -w echo -d 50ms --json=c >g || echo \"client $?\"; kill -INT "
                 "$(ss -Hltnp 'sport = :8888' | sed 's/.*pid=//; s/,.*//'); fi; wait $s; e=$?; "
                 "test -s f && jq -r '[.connections.accept_errors, .connections.closed_by_server] "
                 "| @text' f; test -s c && jq .connections.reset c; (exit $e)",
                 n);
        const char *seen = told(command);
        starts += !strncmp(seen, "77: ", 4) && strstr(seen, UNWATCHED);
        listeners += !strncmp(seen, "[1,0]\n0\n0: ", 11) &&
                     strstr(seen, "cannot accept: No space") && strstr(seen, UNWATCHED);
        connections += !strncmp(seen, "[0,1]\n1\n0: ", 11) &&
                       strstr(seen, "a connection cannot be watched and is reset: No space");
        untouched += !strncmp(seen, "[0,0]\n0\n0: ", 11);
        cr_assert_eq(starts + listeners + connections + untouched, n, "%d: %s", n, seen);
    }
    cr_expect(live_sanitized || (starts > 3 && listeners && connections && untouched));
}

/* What is refused leaves no file behind, and no file of others is touched. */
Test(output, a_refused_report_makes_no_file)
{
    static const char *const cases[][3] = {
        {CLIENT " --json=f --jsonl=./f; ls f; test -e f", "1:", "cannot both go to ./f"},
        {CLIENT " --json=f --jsonl=nowhere/g; test -e f", "1:", "cannot write nowhere/g"},
        {"echo old >f; " CLIENT " --json=f --jsonl=nowhere/g; grep -q old f",
         "0:", "cannot write nowhere/g"},
        {"ln -s g f; " CLIENT " --json=f >/dev/null; test -s g", "0:", ""},
    };
    tells(cases, sizeof(cases) / sizeof(*cases));
}

/* The signal ends the wait for a reader that does not read. It is the reader that is to be looked
 * at. */
Test(output, a_full_pipe_is_not_told_as_an_interrupted_call)
{
    static const char *const cases[][3] = {
        {"mkfifo p; exec 9<>p; $B/server/tcplab-server --port 0 --jsonl -i 1ms >p & until grep -q "
         "pipe /proc/$!/wchan; do :; done; kill -INT $!; wait $!",
         "1:", "cannot write all to stdout: it is full and its reader does not read"},
    };
    tells(cases, 1);
}
