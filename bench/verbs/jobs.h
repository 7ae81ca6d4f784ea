/* Trials in cells, several at once: each job is a process of its own world (lab/cell.h) that sends
 * what it is waiting for, and at its end its document, through a pipe. */
#pragma once

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

    /* when it has finished */
    bool finished;
    json_t *document; /* of the run; owned by the caller */
    int code;         /* enum exit_code */

    /* while it runs */
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

/* What can be found lacking before anything is run; finds the two programs of this installation,
 * and what rules this kernel has. An exit code; errors have been printed. */
int jobs_prepare(struct trial_programs *ret, struct kernel_rules *ret_rules);

/* Runs all, at most `parallel` at once; finished() is called for each when it has ended, and says
 * whether the others are still wanted: -ECANCELED if not. A signal (common/process/stop.h) ends
 * them all at once: -EINTR. Those that had not finished have no document then. 0 or -errno. */
int jobs_run(struct job *jobs, size_t n, size_t parallel, const struct trial_programs *programs,
             bool (*finished)(struct job *job, void *context), void *context);
