#include "bench/trial/surroundings.h"
#include "bench/model/conditions.h"
#include "common/process/clock.h"
#include "common/report/document.h"
#include "common/sysctl/sysctl.h"
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 256

/* The first line of a file; false: there is none. */
static bool first_line(const char *path, char line[static LINE_MAX_BYTES])
{
    FILE *file = fopen(path, "re");
    bool read = file && fgets(line, LINE_MAX_BYTES, file);
    if (file)
        fclose(file);
    if (read)
        line[strcspn(line, "\n")] = '\0';
    return read;
}

/* proc_stat(5): user nice system idle iowait irq softirq steal; guest's time is in user's. */
static void read_ticks(struct surroundings *s)
{
    char line[LINE_MAX_BYTES];
    long long v[8];
    s->stolen = s->busy = s->ticks = -1;
    if (!first_line("/proc/stat", line) ||
        sscanf(line, "cpu %lld %lld %lld %lld %lld %lld %lld %lld", &v[0], &v[1], &v[2], &v[3],
               &v[4], &v[5], &v[6], &v[7]) != 8)
        return;
    s->ticks = 0;
    for (int i = 0; i < 8; i++)
        s->ticks += v[i];
    s->busy = v[0] + v[1] + v[2];
    s->stolen = v[7];
}

static double own_s(void)
{
    struct rusage self, children;
    getrusage(RUSAGE_SELF, &self);
    getrusage(RUSAGE_CHILDREN, &children);
    return (double)(self.ru_utime.tv_sec + self.ru_stime.tv_sec + children.ru_utime.tv_sec +
                    children.ru_stime.tv_sec) +
           (double)(self.ru_utime.tv_usec + self.ru_stime.tv_usec + children.ru_utime.tv_usec +
                    children.ru_stime.tv_usec) /
               1e6;
}

void surroundings_read(struct surroundings *s)
{
    char line[LINE_MAX_BYTES];
    s->load_1m = -1;
    if (first_line("/proc/loadavg", line))
        sscanf(line, "%lf", &s->load_1m);
    read_ticks(s);
    s->own_s = own_s();
}

static json_t *cpu_model(void)
{
    char line[LINE_MAX_BYTES];
    json_t *model = NULL;
    FILE *file = fopen("/proc/cpuinfo", "re");
    while (file && !model && fgets(line, sizeof(line), file)) {
        char *colon = strchr(line, ':');
        line[strcspn(line, "\n")] = '\0';
        if (colon && colon[1] && !strncmp(line, "model name", 10))
            model = document_string(colon + 2);
    }
    if (file)
        fclose(file);
    return model ? model : json_null();
}

static json_t *governor(void)
{
    char line[LINE_MAX_BYTES];
    bool known = first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", line);
    return known ? document_string(line) : json_null();
}

double surroundings_steal_percent(const struct surroundings *s)
{
    struct surroundings now;
    read_ticks(&now);
    if (s->ticks < 0 || now.ticks <= s->ticks)
        return -1;
    return 100 * (double)(now.stolen - s->stolen) / (double)(now.ticks - s->ticks);
}

double surroundings_others_percent(const struct surroundings *s)
{
    struct surroundings now;
    read_ticks(&now);
    if (s->ticks < 0 || now.ticks <= s->ticks)
        return -1;
    double busy = (double)(now.busy - s->busy);
    double own = (own_s() - s->own_s) * (double)sysconf(_SC_CLK_TCK);
    return busy > own ? 100 * (busy - own) / (double)(now.ticks - s->ticks) : 0;
}

static int64_t condition(const char *key, int64_t absent)
{
    char value[SYSCTL_VALUE_MAX];
    return sysctl_read(key, value) ? absent : conditions_number(value);
}

/* The tick is the coarse clock's resolution: no right is needed to ask. */
void surroundings_conditions(struct conditions *c)
{
    struct timespec tick;
    clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
    c->hz = (int)(NS_PER_S / (tick.tv_nsec ? tick.tv_nsec : NS_PER_S));
#define X(field, sysctl, fresh, absent) c->field = condition(sysctl, absent);
    CONDITIONS(X)
#undef X
}

static json_t *changed_sysctls(const struct conditions *c)
{
    json_t *changed = json_object();
#define X(field, sysctl, fresh, absent)                                \
    if (c->field != (int64_t)(fresh) && c->field != (int64_t)(absent)) \
        json_object_set_new(changed, sysctl, json_integer((json_int_t)c->field));
    CONDITIONS(X)
#undef X
    return changed;
}

json_t *surroundings_json(const struct surroundings *s, const struct conditions *c)
{
    struct utsname system;
    double steal = surroundings_steal_percent(s);
    uname(&system);
    return json_pack("{s:s, s:s, s:i, s:o, s:I, s:o, s:o, s:o, s:o}", "version", TCPLAB_VERSION,
                     "kernel", system.release, "hz", c->hz, "cpu", cpu_model(), "cpus",
                     (json_int_t)sysconf(_SC_NPROCESSORS_ONLN), "governor", governor(), "load_1m",
                     s->load_1m < 0 ? json_null() : document_real(s->load_1m), "steal_percent",
                     steal < 0 ? json_null() : document_real(steal), "sysctls", changed_sysctls(c));
}
