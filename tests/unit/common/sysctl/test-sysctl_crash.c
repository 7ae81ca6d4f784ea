/* Deaths: at every step of what a guard does, in every company; and many at once. */
#include "tests/lib/sysctl_lab.h"

#include <criterion/criterion.h>
#include <signal.h>

TestSuite(sysctl_crash, .init = lab_start, .fini = lab_stop);

static int steps_left; /* 0: it lives for ever */

static void step(void)
{
    if (steps_left > 0 && --steps_left == 0)
        kill(getpid(), SIGKILL);
}

/* The linker puts these in the place of the functions by which a guard changes something outside of
 * the process. */
#define STEP(type, name, changes, parameters, ...) \
    type __real_##name parameters;                 \
    type __wrap_##name parameters;                 \
    type __wrap_##name parameters                  \
    {                                              \
        if (changes)                               \
            step();                                \
        return __real_##name(__VA_ARGS__);         \
    }
STEP(ssize_t, write, true, (int fd, const void *bytes, size_t n), fd, bytes, n)
STEP(int, openat64, flags &(O_WRONLY | O_RDWR), (int fd, const char *name, int flags, mode_t mode),
     fd, name, flags, mode)
STEP(int, fcntl64, true, (int fd, int command, void *argument), fd, command, argument)
STEP(int, flock, true, (int fd, int operation), fd, operation)
STEP(int, mkdir, true, (const char *path, mode_t mode), path, mode)
STEP(int, unlinkat, true, (int fd, const char *name, int flags), fd, name, flags)
STEP(int, renameat, true, (int from_fd, const char *from, int fd, const char *name), from_fd, from,
     fd, name)

/* Between parent and child: each tells the other once that it has come here. */
struct meeting {
    int to_child[2], to_parent[2];
};

static void tell(const int end[2])
{
    ssize_t n = write(end[1], "", 1);
    (void)n;
}

static void hear(const int end[2])
{
    char c;
    ssize_t n = read(end[0], &c, 1);
    (void)n;
}

static struct sysctl_guard *living; /* in the parent */

struct scenario {
    const char *name;
    void (*before)(void);                       /* in the parent, before the fork */
    void (*child)(int, const struct meeting *); /* dies at a step, counted from when it is armed */
    /* in the parent, when the child tells; NULL: it does not */
    void (*meanwhile)(void);
    /* FIN after the death and a recovery; NULL: see after */
    const char *in_force;
    int least_steps; /* so many there are at least: they are found */
};

static bool dies(const struct scenario *s, int step)
{
    struct meeting m;
    int status;
    cr_assert_eq(pipe2(m.to_child, O_CLOEXEC) | pipe2(m.to_parent, O_CLOEXEC), 0);
    pid_t child = fork();
    if (child == 0) {
        s->child(step, &m);
        _exit(0);
    }
    if (s->meanwhile) {
        hear(m.to_parent);
        s->meanwhile();
        tell(m.to_child);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    for (int i = 0; i < 2; i++) {
        close(m.to_child[i]);
        close(m.to_parent[i]);
    }
    bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    cr_assert(killed || status == 0, "%s, step %d: %#x", s->name, step, (unsigned)status);
    return killed;
}

static void assert_as_at_first(const char *name, int step)
{
    static const char *const is[][2] = {{FIN, "60"}, {ORPHAN, "0"}, {PORTS, "32768\t60999"}};
    char value[256];
    for (size_t i = 0; i < sizeof(is) / sizeof(is[0]); i++)
        cr_assert_str_eq(lab_get(is[i][0], value), is[i][1], "%s, step %d: %s", name, step,
                         is[i][0]);
    cr_assert_eq(lab_files(), 0, "%s, step %d: %d files left", name, step, lab_files());
}

/* What is left is settled by the next start, and then the living one leaves; or the living one
 * leaves at once. */
static void settle(const struct scenario *s, int step, bool leave_first)
{
    char value[256];
    if (!leave_first) {
        int r = lab_recover();
        cr_assert_geq(r, 0, "%s, step %d: %s", s->name, step, strerror(-r));
        cr_assert_eq(lab_recover(), 0, "%s, step %d: a second time", s->name, step);
        cr_assert_str_eq(lab_get(FIN, value), s->in_force, "%s, step %d: %s", s->name, step, value);
    }
    if (living)
        cr_assert_eq(lab_restore(living), 0);
    lab_free(living);
    cr_assert_geq(lab_recover(), 0);
    assert_as_at_first(s->name, step);
}

static void die_at_every_step(const struct scenario *s)
{
    for (int leave_first = 0; leave_first < 2; leave_first++) {
        int step = 0;
        for (bool killed = true; killed;) {
            living = NULL;
            if (s->before)
                s->before();
            killed = dies(s, ++step);
            settle(s, step, leave_first);
        }
        cr_assert_geq(step, s->least_steps, "%s: only %d steps", s->name, step);
    }
}

static void everything(int at, const struct meeting *m)
{
    struct sysctl_guard *g = lab_guard();
    steps_left = at;
    CHECK(lab_set(g, FIN, "7") == 0);
    CHECK(lab_set(g, FIN, "8") == 0);
    CHECK(lab_set(g, ORPHAN, "3") == 0);
    CHECK(lab_set(g, "net.ipv4.tcp_syn_retries", "0") == -EINVAL);
    CHECK(lab_set(g, PORTS, "5000") == -ERANGE); /* the kernel takes "5000 60999" */
    CHECK(lab_set(g, FIN, "9 9") == -ERANGE);
    CHECK(lab_restore(g) == 0);
}

Test(sysctl_crash, alone)
{
    const struct scenario s = {"alone", NULL, everything, NULL, "60", 40};
    die_at_every_step(&s);
}

static void living_sets_11(void)
{
    living = lab_guard();
    cr_assert_eq(lab_set(living, FIN, "11"), 0);
}

Test(sysctl_crash, above_the_living)
{
    const struct scenario s = {"above the living", living_sets_11, everything, NULL, "11", 40};
    die_at_every_step(&s);
}

static void below_then_restore(int at, const struct meeting *m)
{
    struct sysctl_guard *g = lab_guard();
    CHECK(lab_set(g, FIN, "7") == 0);
    tell(m->to_parent);
    hear(m->to_child);
    steps_left = at;
    CHECK(lab_set(g, ORPHAN, "3") == 0);
    CHECK(lab_restore(g) == 0);
}

Test(sysctl_crash, below_the_living)
{
    const struct scenario s = {"below the living", NULL, below_then_restore,
                               living_sets_11,     "11", 15};
    die_at_every_step(&s);
}

static void below_then_above(int at, const struct meeting *m)
{
    struct sysctl_guard *g = lab_guard();
    CHECK(lab_set(g, FIN, "7") == 0);
    tell(m->to_parent);
    hear(m->to_child);
    steps_left = at;
    CHECK(lab_set(g, FIN, "8") == 0);
    CHECK(lab_set(g, FIN, "9") == 0);
    CHECK(lab_restore(g) == 0);
}

Test(sysctl_crash, from_below_the_living_to_above)
{
    const struct scenario s = {"from below to above", NULL, below_then_above,
                               living_sets_11,        "11", 20};
    die_at_every_step(&s);
}

/* Two that live until both have set, then die together, and between them perhaps one that lives
 * on. */
static void many_dead(bool one_lives)
{
    struct sysctl_guard *a = lab_guard(), *b = lab_guard();
    lab_set(a, FIN, "21");
    lab_set(a, PORTS, "10000 20001");
    if (one_lives)
        living_sets_11();
    lab_set(b, FIN, "22");
    lab_set(b, ORPHAN, "3");
    lab_set(b, PORTS, "10000 30001");
    lab_free(a);
    lab_free(b);
}

static void all_dead(void)
{
    many_dead(false);
}

static void dead_around_the_living(void)
{
    many_dead(true);
}

static void recover(int at, const struct meeting *m)
{
    steps_left = at;
    CHECK(lab_recover() == 5);
}

Test(sysctl_crash, while_recovering)
{
    const struct scenario s = {"while recovering", all_dead, recover, NULL, "60", 20};
    die_at_every_step(&s);
}

Test(sysctl_crash, while_recovering_around_the_living)
{
    const struct scenario s = {
        "while recovering around", dead_around_the_living, recover, NULL, "11", 15};
    die_at_every_step(&s);
}

Test(sysctl_crash, while_setting_over_the_dead)
{
    const struct scenario s = {"over the dead", all_dead, everything, NULL, "60", 60};
    die_at_every_step(&s);
}

/* Wherever it dies: what somebody else sets afterwards, and before the next start, stays. */
static void set_and_restore(int at, const struct meeting *m)
{
    struct sysctl_guard *g = lab_guard();
    steps_left = at;
    CHECK(lab_set(g, FIN, "7") == 0);
    CHECK(lab_set(g, FIN, "30 40") == -ERANGE);
    CHECK(lab_set(g, FIN, "8") == 0);
    CHECK(lab_restore(g) == 0);
}

Test(sysctl_crash, then_somebody_else_sets)
{
    const struct scenario s = {"then somebody else", NULL, set_and_restore, NULL, NULL, 30};
    int step = 0;
    while (dies(&s, ++step)) {
        char value[256];
        lab_put(FIN, "33");
        cr_assert_geq(lab_recover(), 0);
        cr_assert_str_eq(lab_get(FIN, value), "33", "step %d: %s", step, value);
        lab_put(FIN, "60");
        assert_as_at_first(s.name, step);
    }
    cr_assert_geq(step, s.least_steps);
}

#define WORKERS 8
#define DEATHS  250

/* Sets, restores, recovers; a few values only, so that equal ones meet. Tells of each, until it is
 * killed. */
static void work(unsigned seed, const struct meeting *m)
{
    static const char *const value[] = {"60", "1", "2", "3", "0"};
    struct sysctl_guard *g = lab_guard();
    srandom(seed);
    for (;;) {
        const char *key = random() % 2 ? FIN : ORPHAN;
        tell(m->to_parent);
        switch (random() % 5) {
        case 0:
            CHECK(lab_restore(g) == 0);
            break;
        case 1:
            CHECK(sysctl_guard_take_back(g, false, NULL, NULL) >= 0);
            break;
        case 2:
            lab_free(g); /* as if it had died */
            g = lab_guard();
            break;
        default:
            CHECK(lab_set(g, key, value[random() % 5]) == 0);
        }
    }
}

static pid_t start_worker(unsigned seed, const struct meeting *m)
{
    pid_t worker = fork();
    if (worker == 0)
        work(seed, m);
    return worker;
}

static void kill_worker(pid_t worker)
{
    int status;
    kill(worker, SIGKILL);
    cr_assert_eq(waitpid(worker, &status, 0), worker);
    cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "status %#x", (unsigned)status);
}

Test(sysctl_crash, many_at_once)
{
    pid_t workers[WORKERS];
    struct meeting m;
    unsigned seed = 1;
    cr_assert_eq(pipe2(m.to_parent, O_CLOEXEC), 0);
    for (int i = 0; i < WORKERS; i++)
        workers[i] = start_worker(seed++, &m);
    for (int deaths = 0; deaths < DEATHS; deaths++) {
        for (int ops = (int)(random() % 12); ops > 0; ops--)
            hear(m.to_parent);
        int i = (int)(random() % WORKERS);
        kill_worker(workers[i]);
        workers[i] = start_worker(seed++, &m);
    }
    for (int i = 0; i < WORKERS; i++)
        kill_worker(workers[i]);
    cr_assert_geq(lab_recover(), 0);
    assert_as_at_first("many at once", 0);
}
