/* Runs trials in cells, several at once. Each job is a process in its own namespaces (lab/cell.h),
 * which sends through a pipe what it is waiting for and, at its end, its document. */
#pragma once

#include "bench/live/server.h"
#include "bench/trial/trial.h"

#include <stdbool.h>
#include <sys/types.h>

struct job {
    /* set by the caller */
    const struct experiment *experiment;
    const struct knobs *knobs;
    const struct kernel_rules *rules; /* of this kernel; NULL: nothing is known */
    int64_t repetition;               /* from 1 */
    char *pcap, *pcapng;              /* files, or NULL; not owned */
    bool quiet;                       /* print no explanation during a long wait */
    enum trial_segments segments;
    const struct trial_thresholds *thresholds; /* NULL: none; not owned */

    /* when it has finished */
    bool finished;
    json_t *document; /* of the run; owned by the caller */
    int code;         /* enum exit_code */

    /* while it runs */
    struct feed *feed; /* where what it sends is shown, or NULL; its number there */
    int64_t number;
    pid_t pid;
    int pipe;
    int64_t stopped_ns; /* of the cell: for process_child_stays_stopped() */
    bool was_stopped;   /* and was killed for that */
    char *received;
    size_t n_received;
    char waiting[96];
    int64_t waiting_since_ns;
    double waiting_s;
    int explained; /* how many explanations have been printed during this job's waits */
};

/* Checks what can be checked before the first run, finds the two programs of this installation, and
 * finds out which rules this kernel has. Returns an exit code; errors have been printed. */
int jobs_prepare(struct trial_programs *ret, struct kernel_rules *ret_rules);

/* The document of a job that has not ended: what is known of it, and the verdict null. Returns a
 * new reference. */
json_t *job_unfinished(const struct job *job);

struct jobs_args {
    struct job *jobs;
    size_t n, parallel; /* at most so many at once */
    const struct trial_programs *programs;
    /* Is served meanwhile, and its feed gets what the trials send; or NULL. */
    struct live_server *live;
    /* Is called for each job that has ended; false: the other jobs are ended, too. */
    bool (*finished)(struct job *job, void *context);
    void *context;
};

/* Runs all jobs. A signal (common/process/stop.h) ends all jobs: -EINTR; so does finished():
 * -ECANCELED. A job that has not finished has no document then. Returns 0 or -errno. */
int jobs_run(const struct jobs_args *args);
