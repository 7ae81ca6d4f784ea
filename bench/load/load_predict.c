#include "bench/load/load_predict.h"
#include "bench/model/queue.h"
#include "common/process/clock.h"
#include "common/text/say.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* of a new network namespace: net_defaults_init_net(), net/core/net_namespace.c; SOMAXCONN is 4096
 * since 5.4 */
#define SOMAXCONN_OF_A_LAB 4096
#define MOST_BACKLOG       (1 << 20)
#define MOST_RATE          1e7
#define CONNECT_S          100e-6 /* at most, that a connect() of a burst takes over loopback */

int load_until_read(const char *text, const struct load_spec *spec, struct load_until *ret,
                    char **ret_message)
{
    size_t length = strlen(text);
    char *plain = strdup(text);
    if (!plain)
        return -ENOMEM;
    *ret = (struct load_until){.text = text};
    while (length && plain[length - 1] == ' ')
        length--;
    if (length && plain[length - 1] == '%') {
        ret->percent = true;
        plain[length - 1] = '\0';
    }
    int r = threshold_read(plain, metric_kind_of(spec->programs), &ret->threshold, ret_message);
    if (!r && ret->percent && ret->threshold.of.unit != METRIC_COUNT)
        r = say(ret_message, -EINVAL,
                "%s: a percentage is one of the connections, and %s is no count", text,
                ret->threshold.metric);
    free(plain);
    return r;
}

static double number(const struct load_arm *arm, const char *program, const char *name)
{
    return json_number_value(load_arm_setting(arm, program, name));
}

static int64_t somaxconn(const struct load_arm *arm)
{
    static const char key[] = "net.core.somaxconn=";
    int64_t value = SOMAXCONN_OF_A_LAB;
    for (size_t i = 0; i < arm->knobs.n_sysctls; i++)
        if (!strncmp(arm->knobs.sysctl[i], key, sizeof(key) - 1))
            value = atoll(arm->knobs.sysctl[i] + sizeof(key) - 1);
    return value;
}

const char *load_predict_read(const struct load_arm *arm, struct accept_load *ret, int64_t *limit)
{
    const json_t *stall = load_arm_setting(arm, "server", "stall");
    const char *arrivals = json_string_value(load_arm_setting(arm, "client", "arrivals"));
    struct accept_load l = {.rate = number(arm, "client", "rate"),
                            .pace_s = number(arm, "server", "accept_delay_us") / 1e6};
    if (arm->spec->target)
        return "nothing is known of the queue of another server.";
    if (l.rate <= 0)
        return "the model needs arrivals at a rate: --client '-r N'.";
    if (json_is_null(load_arm_setting(arm, "server", "accept_delay_us")))
        return "a server that never accepts has no rate that it bears.";
    if (l.pace_s <= 0)
        return "the model needs the pace of the accept loop: --server '--accept-delay DUR'.";
    if (number(arm, "server", "threads") > 1)
        return "the model has one accept loop, and --threads has several.";
    if (arrivals && !strcmp(arrivals, "poisson")) {
        l.arrivals = ACCEPT_ARRIVALS_POISSON;
    } else if (arrivals && !strncmp(arrivals, "burst:", 6)) {
        l.arrivals = ACCEPT_ARRIVALS_BURST;
        l.burst = atof(arrivals + 6);
    }
    if (json_is_object(stall)) {
        l.stall_s = json_number_value(json_object_get(stall, "stall_us")) / 1e6;
        l.stall_every_s = json_number_value(json_object_get(stall, "every_us")) / 1e6;
    }
    if (l.stall_s > 0 && l.arrivals == ACCEPT_ARRIVALS_BURST)
        return "the model does not know bursts together with stalls.";
    *ret = l;
    *limit = queue_limit((int64_t)number(arm, "server", "backlog"), somaxconn(arm));
    return NULL;
}

/* --- the machine --- */

static int by_size(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return left < right ? 1 : left > right ? -1 : 0;
}

/* The smallest room with which the sum of what goes beyond it is at most that. */
static double room_for(double *late, size_t n, double beyond)
{
    double sum = 0;
    qsort(late, n, sizeof(*late), by_size);
    for (size_t i = 0; i < n; i++) {
        /* room between late[i] and late[i + 1]: i + 1 of them go beyond it */
        sum += late[i];
        double room = (sum - beyond) / (double)(i + 1), next = i + 1 < n ? late[i + 1] : 0;
        if (room >= next)
            return room > 0 ? room : 0;
    }
    return 0;
}

static double watch_timers(double pace_s, double seconds, double loss)
{
    size_t most = (size_t)(seconds / pace_s) + 1, n = 0;
    double *late = calloc(most, sizeof(*late)), room = 0;
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    int64_t begin_ns = clock_now_ns(), now_ns = begin_ns, due_ns = begin_ns,
            pace_ns = (int64_t)(pace_s * 1e9);
    while (late && fd >= 0 && n < most && now_ns - begin_ns < (int64_t)(seconds * 1e9)) {
        due_ns = due_ns + pace_ns > now_ns ? due_ns + pace_ns : now_ns + pace_ns;
        const struct itimerspec at = {
            .it_value = {.tv_sec = due_ns / NS_PER_S, .tv_nsec = due_ns % NS_PER_S}};
        uint64_t times;
        if (timerfd_settime(fd, TFD_TIMER_ABSTIME, &at, NULL) ||
            read(fd, &times, sizeof(times)) != sizeof(times))
            break;
        now_ns = clock_now_ns();
        late[n++] = (double)(now_ns - due_ns) / 1e9;
    }
    if (n)
        room = room_for(late, n, loss * seconds);
    if (fd >= 0)
        close(fd);
    free(late);
    return room;
}

struct load_watch load_predict_watch(double pace_s, double seconds, double loss)
{
    struct load_watch watch = {.pid = -1};
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        return watch;
    fflush(NULL);
    watch.pid = fork();
    if (!watch.pid) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        double late_s = watch_timers(pace_s, seconds, loss);
        _exit(write(ends[1], &late_s, sizeof(late_s)) != sizeof(late_s));
    }
    close(ends[1]);
    if (watch.pid < 0)
        close(ends[0]);
    watch.pipe = ends[0];
    return watch;
}

double load_predict_late_s(struct load_watch watch)
{
    double late_s = 0;
    ssize_t n;
    if (watch.pid < 0)
        return 0;
    while ((n = read(watch.pipe, &late_s, sizeof(late_s))) < 0 && errno == EINTR)
        ;
    close(watch.pipe);
    while (waitpid(watch.pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return n == sizeof(late_s) ? late_s : 0;
}

double load_predict_starts_late_s(const json_t *client, double loss)
{
    const json_t *late = json_object_get(client, "start_lateness_us");
    double best = 100, us = json_number_value(json_object_get(late, "max"));
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)late, key, value)
    {
        char digits[32];
        if (*key != 'p' || !json_is_number(value))
            continue;
        snprintf(digits, sizeof(digits), "%s", key + 1);
        for (char *c = digits; *c; c++)
            *c = *c == '_' ? '.' : *c;
        double percent = atof(digits);
        if (percent >= 100 * (1 - loss) - 1e-9 && percent < best) {
            best = percent;
            us = json_number_value(value);
        }
    }
    return us / 1e6;
}

/* --- the knee --- */

const char *load_predict_key(const char *key, bool *ret_backlog)
{
    *ret_backlog = !strcmp(key, "server.backlog") || !strcmp(key, "server.b") ||
                   !strcmp(key, "net.core.somaxconn");
    if (*ret_backlog || !strcmp(key, "client.rate") || !strcmp(key, "client.r"))
        return NULL;
    return "the model knows the knee of server.backlog, net.core.somaxconn and client.rate.";
}

const char *load_predict_loss(const struct load_until *until, double connections, double *ret)
{
    static const char *const drops[] = {
        "server.listener.drops", "server.counters.TcpExt.ListenDrops",
        "server.counters.TcpExt.ListenOverflows", "client.counters.TcpExt.ListenDrops",
        "client.counters.TcpExt.ListenOverflows"};
    const struct threshold *t = &until->threshold;
    bool known = false;
    for (size_t i = 0; i < sizeof(drops) / sizeof(*drops); i++)
        known = known || !strcmp(t->metric, drops[i]);
    if (!known || t->sign[0] != '>')
        return "the model knows drops: server.listener.drops > VALUE.";
    *ret = until->percent ? t->value / 100 : (t->value + 0.5) / connections;
    if (*ret <= 0)
        *ret = 0.5 / connections;
    return NULL;
}

/* The count of drops varies; they come in clusters, the longer the more load there is. */
static double uncertainty(const struct accept_load *l, double loss, double connections)
{
    double load = fmin(0.95, l->rate * l->pace_s), events = loss * connections * (1 - load) / 2;
    return 1 + 3 / sqrt(fmax(events, 0.25));
}

static const struct rule *rule_of(const struct accept_load *l)
{
    if (l->stall_s > 0)
        return &rule_accept_load_stall;
    return l->arrivals == ACCEPT_ARRIVALS_POISSON ? &rule_accept_load_random
           : l->arrivals == ACCEPT_ARRIVALS_BURST ? &rule_accept_load_burst
                                                  : &rule_accept_load_even;
}

static double late_s(const struct load_machine *m)
{
    return m->late_s + m->starts_late_s;
}

static void backlog_knee(struct accept_load *l, const struct load_machine *m, double factor,
                         double seconds, int64_t most, struct load_prediction *ret)
{
    double stalls = l->stall_s > 0 ? fmax(1, floor(seconds / l->stall_every_s)) : 1;
    double spread = 3 * sqrt(l->rate * l->stall_s / stalls);
    if (l->arrivals == ACCEPT_ARRIVALS_EVEN)
        spread = l->stall_s > 0 ? 1 : 0; /* where the stall begins between two of them */
    double early =
        l->arrivals == ACCEPT_ARRIVALS_BURST ? floor(l->burst * CONNECT_S / l->pace_s) : 0;
    ret->up = true;
    int64_t lo = accept_load_backlog(l, fmin(1, ret->loss * factor), MOST_BACKLOG);
    l->pace_s = fmax(l->pace_s, m->pace_s);
    int64_t hi = accept_load_backlog(l, ret->loss / factor, MOST_BACKLOG);
    ret->lo = lo < 0 ? INFINITY : fmax(0, (double)lo - ceil(spread) - early);
    ret->hi = hi < 0 ? INFINITY : (double)hi + ceil(spread) + ceil(late_s(m) * l->rate);
    if (ret->lo > (double)most) /* listen() makes it somaxconn */
        ret->lo = INFINITY;
    if (ret->hi > (double)most)
        ret->hi = INFINITY;
}

static void rate_knee(struct accept_load *l, int64_t limit, const struct load_machine *m,
                      double factor, struct load_prediction *ret)
{
    ret->hi = accept_load_rate(l, limit, fmin(1, ret->loss * factor), MOST_RATE);
    int64_t places = limit - (int64_t)ceil(late_s(m) * ret->hi);
    l->pace_s = fmax(l->pace_s, m->pace_s);
    ret->lo = accept_load_rate(l, places > 0 ? places : 0, ret->loss / factor, MOST_RATE);
}

void load_predict_knee(const struct load_arm *arm, const struct load_vary *vary,
                       const struct load_until *until, const struct load_machine *machine,
                       double connections, double seconds, struct load_prediction *ret)
{
    struct accept_load l;
    int64_t limit;
    bool backlog;
    *ret = (struct load_prediction){.why = load_predict_key(vary->key, &backlog)};
    if (!ret->why)
        ret->why = load_predict_read(arm, &l, &limit);
    if (!ret->why)
        ret->why = load_predict_loss(until, connections, &ret->loss);
    if (ret->why)
        return;
    ret->rule = rule_of(&l);
    double factor = uncertainty(&l, ret->loss, connections);
    if (backlog)
        backlog_knee(&l, machine, factor, seconds,
                     strcmp(vary->key, "net.core.somaxconn") ? somaxconn(arm) : MOST_BACKLOG, ret);
    else
        rate_knee(&l, limit, machine, factor, ret);
}
