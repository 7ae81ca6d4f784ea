/* The kernel_probes that wait for nothing. Each holds back what the server answers, so that the
 * SYNs come without their third ACKs. */
#include "bench/kernel_probe/attempt.h"
#include "bench/kernel_probe/kernel_probe.h"
#include "common/process/clock.h"
#include "common/sysctl/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int connect_all(struct attempt *a, int n)
{
    int r = 0;
    for (int i = 0; i < n && !r; i++)
        r = attempt_connect(a);
    return r;
}

static void could_not(struct finding *f, int r)
{
    finding_is(f, "", r ? "it could not be tried: %s" : "what it waits for did not come%s",
               r ? strerror(-r) : "");
}

/* --- the SYN queue --- */

#define SYN_QUEUE_LIMIT   2
#define SYN_QUEUE_CLIENTS 6

/* Requests, cookies and (without cookies) drops: each SYN is one of them. */
static bool all_syns_are_in(const struct attempt *a)
{
    return attempt_sockets(a, SOCKDIAG_SYN_RECV) + attempt_counter(a, "TcpExt.SyncookiesSent") +
               attempt_counter(a, "TcpExt.ListenDrops") >=
           SYN_QUEUE_CLIENTS;
}

void kernel_probe_syn_queue_full(const struct lab *lab, struct finding *f)
{
    struct attempt a;
    int r = attempt_open(lab, SYN_QUEUE_LIMIT, &a);
    wire_hold(lab->wire, TO_CLIENT, true);
    if (!r)
        r = connect_all(&a, SYN_QUEUE_CLIENTS);
    if (!r && attempt_wait(&a, all_syns_are_in)) {
        int64_t n = attempt_sockets(&a, SOCKDIAG_SYN_RECV);
        finding_is(f,
                   n == SYN_QUEUE_LIMIT + 1 ? ">"
                   : n == SYN_QUEUE_LIMIT   ? ">="
                                            : "",
                   "%lld of them became half-open requests", (long long)n);
    } else {
        could_not(f, r);
    }
    attempt_close(&a);
    wire_hold(lab->wire, TO_CLIENT, false);
}

/* --- a SYN at a full accept queue --- */

static bool queue_is_full(const struct attempt *a)
{
    return attempt_counter(a, "Tcp.PassiveOpens") == 2;
}

static bool syn_has_come(const struct attempt *a)
{
    return attempt_counter(a, "TcpExt.ListenOverflows") > 0 || attempt_held(a, TO_CLIENT) > 0;
}

void kernel_probe_syn_at_full_queue(const struct lab *lab, struct finding *f)
{
    struct attempt a;
    int r = attempt_open(lab, 1, &a);
    if (!r)
        r = connect_all(&a, 2);
    bool full = !r && attempt_wait(&a, queue_is_full);
    wire_hold(lab->wire, TO_CLIENT, true);
    if (full)
        r = attempt_connect(&a);
    if (full && !r && attempt_wait(&a, syn_has_come)) {
        bool dropped = attempt_counter(&a, "TcpExt.ListenOverflows") > 0;
        finding_is(f, dropped ? "dropped" : "answered", "it %s",
                   dropped ? "moved ListenOverflows and got no answer" : "was answered by SYN-ACK");
    } else {
        could_not(f, r);
    }
    attempt_close(&a);
    wire_hold(lab->wire, TO_CLIENT, false);
}

/* --- a cookie's ACK at a full accept queue --- */

static bool both_are_answered(const struct attempt *a)
{
    return attempt_held(a, TO_CLIENT) >= 2;
}

static bool both_acks_have_come(const struct attempt *a)
{
    return attempt_counter(a, "TcpExt.SyncookiesRecv") >= 2 &&
           attempt_counter(a, "TcpExt.ListenOverflows") >= 1;
}

/* The wire keeps the order: when this SYN has been dropped, all before it is over. */
static bool mark_has_come(const struct attempt *a)
{
    return attempt_counter(a, "TcpExt.ListenOverflows") >= 2;
}

void kernel_probe_cookie_ack_at_full_queue(const struct lab *lab, struct finding *f)
{
    struct attempt a = {.listener = -1};
    int r = attempt_set(&lab->server, "net.ipv4.tcp_syncookies", "2");
    if (!r)
        r = attempt_set(&lab->server, "net.ipv4.tcp_abort_on_overflow", "1");
    if (!r)
        r = attempt_open(lab, 0, &a);
    wire_hold(lab->wire, TO_CLIENT, true);
    if (!r)
        r = connect_all(&a, 2);
    bool come = !r && attempt_wait(&a, both_are_answered);
    wire_hold(lab->wire, TO_CLIENT, false);
    come = come && attempt_wait(&a, both_acks_have_come);
    if (come)
        r = attempt_connect(&a);
    if (come && !r && attempt_wait(&a, mark_has_come)) {
        bool reset = attempt_counter(&a, "Tcp.OutRsts") > 0;
        finding_is(f, reset ? "reset" : "dropped", "one ACK found room, and the other was %s",
                   reset ? "answered by RST" : "dropped without an answer");
    } else {
        could_not(f, r);
    }
    attempt_close(&a);
    attempt_set(&lab->server, "net.ipv4.tcp_abort_on_overflow", "0");
    attempt_set(&lab->server, "net.ipv4.tcp_syncookies", "1");
}

/* --- CurrEstab --- */

static bool is_established(const struct attempt *a)
{
    return attempt_counter(a, "Tcp.CurrEstab") == 1;
}

static bool is_close_wait(const struct attempt *a)
{
    return attempt_sockets(a, SOCKDIAG_CLOSE_WAIT) == 1;
}

void kernel_probe_curr_estab(const struct lab *lab, struct finding *f)
{
    struct attempt a;
    int r = attempt_open(lab, 1, &a);
    if (!r)
        r = connect_all(&a, 1);
    bool established = !r && attempt_wait(&a, is_established);
    if (established && shutdown(a.clients[0], SHUT_WR))
        r = -errno;
    int64_t left = established && !r && attempt_wait(&a, is_close_wait)
                       ? attempt_counter(&a, "Tcp.CurrEstab")
                       : -1;
    if (left == 1)
        finding_is(f, "both", "it stayed as it was");
    else if (left == 0)
        finding_is(f, "established", "it was one less");
    else
        could_not(f, r);
    attempt_close(&a);
}

/* --- facts --- */

void kernel_probe_hz(const struct lab *lab, struct finding *f)
{
    struct timespec tick;
    char value[KERNEL_PROBE_VALUE_MAX];
    (void)lab;
    if (clock_getres(CLOCK_MONOTONIC_COARSE, &tick) || tick.tv_sec || !tick.tv_nsec) {
        finding_is(f, "", "the coarse clock does not tell its resolution");
        return;
    }
    snprintf(value, sizeof(value), "%lld", (long long)(NS_PER_S / tick.tv_nsec));
    finding_is(f, value, "the coarse clock's resolution is %.3f ms",
               (double)tick.tv_nsec / NS_PER_MS);
}

void kernel_probe_fast_open(const struct lab *lab, struct finding *f)
{
    static const char *const words[] = {"off", "client", "server", "both"};
    char value[SYSCTL_VALUE_MAX];
    int r = host_enter(&lab->server);
    if (!r)
        r = sysctl_read("net.ipv4.tcp_fastopen", value);
    if (r)
        finding_is(f, r == -ENOENT ? "off" : "", "net.ipv4.tcp_fastopen: %s", strerror(-r));
    else
        finding_is(f, words[atoi(value) & 3], "net.ipv4.tcp_fastopen is %.40s", value);
}

enum { WRITABLE, READ_ONLY, HIDDEN, NO_NAMESPACE };

/* In a child: a namespace cannot be left again. */
static _Noreturn void enter_user_namespace(void)
{
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
        _exit(NO_NAMESPACE);
    int fd = open("/proc/sys/net/core/somaxconn", O_WRONLY | O_CLOEXEC);
    _exit(fd >= 0 ? WRITABLE : errno == ENOENT ? HIDDEN : READ_ONLY);
}

void kernel_probe_user_namespace(const struct lab *lab, struct finding *f)
{
    int status = 0;
    (void)lab;
    pid_t pid = fork();
    if (pid == 0)
        enter_user_namespace();
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) {
        finding_is(f, "", "no process could be started that tries it");
        return;
    }
    static const struct {
        const char *value, *seen;
    } answers[] = {[WRITABLE] = {"writable", "that works"},
                   [READ_ONLY] = {"read_only", "that is not allowed"},
                   [HIDDEN] = {"hidden", "it is not there"},
                   [NO_NAMESPACE] = {"none", "such a namespace cannot be made"}};
    int answer = WEXITSTATUS(status);
    if (answer <= NO_NAMESPACE)
        finding_is(f, answers[answer].value, "%s", answers[answer].seen);
}
