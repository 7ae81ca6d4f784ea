#include "bench/trial/surroundings.h"
#include "bench/trial/trial.h"
#include "common/report/document.h"
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
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
static void read_ticks(int64_t *ret_stolen, int64_t *ret_ticks)
{
    char line[LINE_MAX_BYTES];
    long long v[8];
    *ret_stolen = *ret_ticks = -1;
    if (!first_line("/proc/stat", line) ||
        sscanf(line, "cpu %lld %lld %lld %lld %lld %lld %lld %lld", &v[0], &v[1], &v[2], &v[3],
               &v[4], &v[5], &v[6], &v[7]) != 8)
        return;
    *ret_ticks = 0;
    for (int i = 0; i < 8; i++)
        *ret_ticks += v[i];
    *ret_stolen = v[7];
}

void surroundings_read(struct surroundings *s)
{
    char line[LINE_MAX_BYTES];
    s->load_1m = -1;
    if (first_line("/proc/loadavg", line))
        sscanf(line, "%lf", &s->load_1m);
    read_ticks(&s->stolen, &s->ticks);
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

static json_t *steal_percent(const struct surroundings *s)
{
    int64_t stolen, ticks;
    read_ticks(&stolen, &ticks);
    if (s->ticks < 0 || ticks <= s->ticks)
        return json_null();
    return document_real(100 * (double)(stolen - s->stolen) / (double)(ticks - s->ticks));
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

json_t *surroundings_json(const struct surroundings *s, const struct trial *t)
{
    struct utsname system;
    uname(&system);
    return json_pack("{s:s, s:s, s:i, s:o, s:I, s:o, s:o, s:o, s:o}", "version", TCPLAB_VERSION,
                     "kernel", system.release, "hz", t->conditions.hz, "cpu", cpu_model(), "cpus",
                     (json_int_t)sysconf(_SC_NPROCESSORS_ONLN), "governor", governor(), "load_1m",
                     s->load_1m < 0 ? json_null() : document_real(s->load_1m), "steal_percent",
                     steal_percent(s), "sysctls", changed_sysctls(&t->conditions));
}
