/* What bench/model/accept_load.h says of a load, before it runs. */
#pragma once

#include "bench/load/load_arm.h"
#include "bench/load/load_vary.h"
#include "bench/model/accept_load.h"
#include "bench/model/rule.h"
#include "common/metric/metric.h"

/* The share of the connections whose SYN meets a full queue: what a threshold asks for. The VALUE
 * of --until may have a "%": so many percent of the connections that were attempted. */
struct load_until {
    const char *text;
    struct threshold threshold;
    bool percent;
};

/* 0; or -errno and a sentence without the option's name (the caller frees it). */
int load_until_read(const char *text, const struct load_spec *spec, struct load_until *ret,
                    char **ret_message);

/* The load of this arm and the limit of its queue. NULL; or why the model does not know it: a
 * sentence. */
const char *load_predict_read(const struct load_arm *arm, struct accept_load *ret, int64_t *limit);

/* What this machine does to a loop that is to accept one connection each pace: it takes so long
 * when connections always wait, and its timers come late. */
struct load_machine {
    double pace_s; /* measured; 0: not known */
    double late_s; /* so much room, as time, is needed for timers of the server that come late */
    /* as much of the client's starts: a client that is late starts all that was due at once */
    double starts_late_s;
};

/* Of a report of the client: how late a start is that only the share `loss` of all are later than;
 * by the next percentile that the report has. 0: the starts had no schedule. */
double load_predict_starts_late_s(const json_t *client, double loss);

/* How late a timer of this period comes, in that time: the share `loss` of the time is not covered
 * by the result. load_predict_watch() measures it in a process of its own, beside what the caller
 * does; load_predict_late_s() waits until that time is over, and returns it (0: it is not
 * known). */
struct load_watch {
    int pid, pipe;
};
struct load_watch load_predict_watch(double pace_s, double seconds, double loss);
double load_predict_late_s(struct load_watch watch);

struct load_prediction {
    const char *why; /* why there is none; NULL: there is one */
    double lo, hi;   /* the knee: the smallest good backlog, or the highest good rate */
    bool up;         /* good are the values from the knee on */
    double loss;     /* the share that `until` allows */
    const struct rule *rule;
};

/* Whether that key is one whose knee the model knows: a backlog (or somaxconn), or the rate; else
 * a sentence. */
const char *load_predict_key(const char *key, bool *ret_backlog);

/* connections: that the long trials have in all. The interval has the machine, and how much the
 * count of drops varies with that many connections. */
void load_predict_knee(const struct load_arm *arm, const struct load_vary *vary,
                       const struct load_until *until, const struct load_machine *machine,
                       double connections, double seconds, struct load_prediction *ret);

/* The share that `until` allows: of so many connections. NULL, or why it is none. */
const char *load_predict_loss(const struct load_until *until, double connections, double *ret);
