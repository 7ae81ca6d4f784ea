/* The cell: what it is, what dies with it, and what it does not hear.
 *
 * The test forks a "parent" (which stands for tcplab-bench) that makes a cell, which forks a
 * grandchild. Each of the two has a line to the test, whose other end nobody else holds: the line's
 * end tells that the process is gone, without asking again and again. */
#include "bench/lab/cell.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <grp.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 20000
#define NOBODY      65534
#define LINK_TEXT   64

TestSuite(cell, .timeout = 100);

/* What a process of the family says of itself. */
struct told {
    int error; /* of cell_fork() or cell_enter() */
    char step[32];
    bool user; /* as cell_fork() said */
    pid_t pid, session;
    uid_t uid;
    char proc_self[LINK_TEXT],
        /* as the cell left it; of a /proc that is mounted here and now */
        fresh_proc_self[LINK_TEXT];
    char network[LINK_TEXT];
    bool loopback_is_up, has_interrupt;
};

enum { CELL, GRANDCHILD, MEMBERS };

struct family {
    pid_t parent;
    bool nobody; /* the parent is an ordinary user */
    bool late;   /* the cell goes on only when it is asked something */
    int line[MEMBERS], their[MEMBERS];
};

/* --- in the cell --- */

static void tell(int line, const struct told *t)
{
    if (send(line, t, sizeof(*t), MSG_NOSIGNAL) != sizeof(*t))
        _exit(3);
}

static void read_link(const char *path, char text[static LINK_TEXT])
{
    ssize_t n = readlink(path, text, LINK_TEXT - 1);
    text[n > 0 ? n : 0] = '\0';
}

static bool loopback_is_up(void)
{
    struct ifreq request = {.ifr_name = "lo"};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool up = !ioctl(fd, SIOCGIFFLAGS, &request) && (request.ifr_flags & IFF_UP);
    close(fd);
    return up;
}

static void describe(struct told *t)
{
    t->pid = getpid();
    t->session = getsid(0);
    t->uid = geteuid();
    t->loopback_is_up = loopback_is_up();
    read_link("/proc/self/ns/net", t->network);
    read_link("/proc/self", t->proc_self);
}

/* SIGINT is blocked in the whole family: who gets it keeps it, and can be asked. The line ends at
 * the latest with the test, and so does the process. */
static _Noreturn void answer(int line, struct told *t)
{
    char byte;
    sigset_t pending;
    tell(line, t);
    while (read(line, &byte, 1) == 1) {
        sigpending(&pending);
        t->has_interrupt = sigismember(&pending, SIGINT);
        tell(line, t);
    }
    _exit(0);
}

static _Noreturn void be_cell(const struct family *f, bool user)
{
    char byte;
    const char *step = "";
    struct told t = {.user = user};
    if (f->late) { /* says that it is born, and waits */
        tell(f->their[CELL], &t);
        if (read(f->their[CELL], &byte, 1) != 1)
            _exit(1);
    }
    t.error = cell_enter(user, &step);
    snprintf(t.step, sizeof(t.step), "%s", step);
    describe(&t);
    pid_t child = t.error ? -1 : fork();
    if (child == 0) {
        close(f->their[CELL]);
        describe(&t);
        answer(f->their[GRANDCHILD], &t);
    }
    close(f->their[GRANDCHILD]);
    if (!mount("proc", "/proc", "proc", 0, NULL))
        read_link("/proc/self", t.fresh_proc_self);
    answer(f->their[CELL], &t);
}

/* --- the parent --- */

/* A process that changed its user may not touch its own /proc/self/uid_map, unless it says that it
 * has nothing to hide. */
static void become_nobody(void)
{
    if (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
        setresuid(NOBODY, NOBODY, NOBODY))
        _exit(4);
    prctl(PR_SET_DUMPABLE, 1);
}

static _Noreturn void be_parent(const struct family *f)
{
    sigset_t interrupt;
    bool user = false;
    setpgid(0, 0);
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    sigprocmask(SIG_BLOCK, &interrupt, NULL);
    close(f->line[CELL]);
    close(f->line[GRANDCHILD]);
    if (f->nobody)
        become_nobody();
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody behind */
    pid_t pid = cell_fork(&user);
    if (pid == 0)
        be_cell(f, user);
    const struct told t = {.error = pid, .step = "clone"};
    if (pid < 0)
        tell(f->their[CELL], &t);
    close(f->their[CELL]);
    close(f->their[GRANDCHILD]);
    for (;;)
        pause();
}

static struct family found_family(bool nobody, bool late)
{
    struct family f = {.nobody = nobody, .late = late};
    for (int member = 0; member < MEMBERS; member++) {
        int ends[2];
        cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        f.line[member] = ends[0];
        f.their[member] = ends[1];
    }
    f.parent = fork();
    cr_assert_geq(f.parent, 0);
    if (f.parent == 0)
        be_parent(&f);
    close(f.their[CELL]);
    close(f.their[GRANDCHILD]);
    return f;
}

static struct told hear(const struct family *f, int member)
{
    struct told t = {0};
    struct pollfd line = {.fd = f->line[member], .events = POLLIN};
    cr_assert_eq(poll(&line, 1, PATIENCE_MS), 1, "member %d says nothing", member);
    cr_assert_eq(read(f->line[member], &t, sizeof(t)), (ssize_t)sizeof(t), "member %d is gone",
                 member);
    cr_assert_eq(t.error, 0, "%s: %s", t.step, strerror(-t.error));
    return t;
}

static void ask(const struct family *f, int member)
{
    cr_assert_eq(send(f->line[member], "?", 1, MSG_NOSIGNAL), 1);
}

/* At the end of the line: nobody holds the other end any more. */
static bool is_gone(const struct family *f, int member)
{
    char byte;
    struct pollfd line = {.fd = f->line[member], .events = POLLIN};
    return poll(&line, 1, PATIENCE_MS) == 1 && read(f->line[member], &byte, 1) <= 0;
}

static void kill_parent(const struct family *f)
{
    kill(f->parent, SIGKILL);
    waitpid(f->parent, NULL, 0);
}

static void end_family(const struct family *f)
{
    close(f->line[CELL]);
    close(f->line[GRANDCHILD]);
    kill_parent(f);
}

/* --- what it is --- */

static void check_world(bool nobody)
{
    char network[LINK_TEXT];
    read_link("/proc/self/ns/net", network);
    struct family f = found_family(nobody, false);
    const struct told cell = hear(&f, CELL), grandchild = hear(&f, GRANDCHILD);
    cr_expect_eq(cell.user, nobody, "a user namespace is for those who need one");
    cr_expect_eq(cell.pid, 1);
    cr_expect_eq(cell.session, 1, "it is in the terminal's session");
    cr_expect_eq(cell.uid, 0);
    cr_expect(cell.loopback_is_up);
    cr_expect_str_neq(cell.network, network, "it is in the machine's network");
    cr_expect_eq(grandchild.pid, 2);
    cr_expect_str_eq(grandchild.network, cell.network);
    /* else this is a container that hides parts of /proc, and forbids a new one */
    if (cell.fresh_proc_self[0]) {
        cr_expect_str_eq(cell.proc_self, "1", "it is \"%s\" in its /proc", cell.proc_self);
        cr_expect_str_eq(grandchild.proc_self, "2", "its child is \"%s\"", grandchild.proc_self);
    }
    end_family(&f);
}

Test(cell, is_a_world_of_its_own)
{
    check_world(false);
}

/* As an ordinary user: errno of a user namespace, or 0. */
static int try_user_namespace(void)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        become_nobody();
        _exit(unshare(CLONE_NEWUSER) ? errno : 0);
    }
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    return WEXITSTATUS(status);
}

static void need_another_user(void)
{
    if (setresuid(-1, NOBODY, -1) || setresuid(-1, 0, -1))
        cr_skip_test("only root can become somebody else");
    int error = try_user_namespace();
    if (error)
        cr_skip_test(
            "no user namespace for an ordinary user: %s (the kernel refuses it in a chroot)",
            strerror(error));
}

Test(cell, of_an_ordinary_user)
{
    need_another_user();
    check_world(true);
}

Test(cell, its_proc_is_seen_by_nobody_else)
{
    char own[LINK_TEXT], now[LINK_TEXT];
    snprintf(own, sizeof(own), "%d", (int)getpid());
    struct family f = found_family(false, false);
    hear(&f, CELL);
    read_link("/proc/self", now);
    cr_expect_str_eq(now, own);
    end_family(&f);
}

/* --- what dies with it --- */

static void check_death(bool nobody)
{
    struct family f = found_family(nobody, false);
    hear(&f, CELL);
    hear(&f, GRANDCHILD);
    kill_parent(&f);
    cr_expect(is_gone(&f, CELL), "the cell lives on");
    cr_expect(is_gone(&f, GRANDCHILD), "its child lives on");
    end_family(&f);
}

Test(cell, dies_with_its_parent_and_so_do_its_children)
{
    check_death(false);
}

Test(cell, of_an_ordinary_user_dies_with_its_parent)
{
    need_another_user();
    check_death(true);
}

Test(cell, whose_parent_ended_before_it_entered_ends_at_once)
{
    struct family f = found_family(false, true);
    hear(&f, CELL);
    kill_parent(&f);
    ask(&f, CELL);
    cr_expect(is_gone(&f, CELL), "it goes on");
    end_family(&f);
}

/* --- what it does not hear --- */

Test(cell, does_not_hear_what_the_terminal_tells_its_parent)
{
    struct family f = found_family(false, false);
    for (int member = 0; member < MEMBERS; member++)
        hear(&f, member);
    cr_assert_eq(kill(-f.parent, SIGINT), 0); /* when this returns all of the group have it */
    for (int member = 0; member < MEMBERS; member++) {
        ask(&f, member);
        cr_expect_not(hear(&f, member).has_interrupt, "member %d", member);
    }
    end_family(&f);
}
