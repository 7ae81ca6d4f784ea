/* A trial: one run of one experiment in a lab of its own, from setting the sysctls to the verdict.
 * It runs in the one process of a cell (lab/cell.h), which owns all of struct trial. */
#pragma once

#include "bench/lab/lab.h"
#include "bench/lab/process.h"
#include "bench/model/verdict.h"
#include "bench/observe/ledger.h"
#include "bench/observe/watch.h"
#include "bench/trial/experiment.h"
#include "bench/trial/programs.h"
#include "bench/trial/surroundings.h"
#include "common/kernel/counters.h"
#include "common/metric/metric.h"

#include <stdio.h>

#define TRIAL_CLIENTS 8   /* programs, in sequence or together */
#define TRIAL_SOCKETS 512 /* sockets the experiment opens */

/* A tcplab-client of this trial. */
struct trial_client {
    struct process *process;
    struct look *before_kill; /* if the client was killed: a look from just before */
};

struct trial_socket; /* trial/sockets.h */

/* Whose segments the document holds: of the first 200 connections and the shown one, of all, or of
 * the shown one. */
#define TRIAL_WHOLE 200
enum trial_segments { TRIAL_SEGMENTS_FIRST, TRIAL_SEGMENTS_ALL, TRIAL_SEGMENTS_SHOWN };

struct trial {
    const struct experiment *experiment;
    const struct knobs *knobs;
    struct conditions conditions;
    struct prediction prediction;

    struct surroundings surroundings;
    struct lab lab;
    struct watch *watch;
    struct process *server;
    struct trial_client clients[TRIAL_CLIENTS];
    size_t n_clients;
    struct trial_socket *sockets[TRIAL_SOCKETS]; /* the trial's own */
    size_t n_sockets;
    const struct trial_socket *awaited;
    const char *waiting_for; /* what step_wait() waits for; NULL: it does not */
    bool few_ports;          /* the experiment expects that connect() may find no port */
    struct trial_programs programs;
    struct counters *counters_before[2];
    json_t *like; /* trial/like.h; NULL: no --like */
    json_t *sysctls, *commands, *calls, *timeline, *counters_over_time; /* for the report */
    /* when the server listened; when the programs were asked to end */
    int64_t began_ns, ended_ns;

    /* What step_take_stock() has read: both hosts at the moment that the ledger describes. */
    bool has_stock;
    struct look stock;
    json_t *counters[2];  /* deltas; on loopback both are the same host's */
    int64_t destroyed[2]; /* -1: not known */
    struct ledger ledger;
    json_t *seen; /* name → number: what the steps have recorded */

    const struct trial_thresholds *thresholds;
    enum trial_segments segments;
    enum ledger_row show; /* the report shows the packets of this row's first connection */
    const char *caption;
    json_t *marks; /* step_mark(): in the order of time, as the document's "stops" have them */

    /* The first failure; every step after it does nothing. */
    char *failure;
    int failure_code; /* enum exit_code */
    FILE *report;     /* where progress lines go, as JSON */
    bool live;        /* progress has the timeline's entries, too */
    int64_t live_ns;  /* when the last one was written */
};

/* --fail-if, read before. */
struct trial_thresholds {
    size_t n;
    const char *const *texts;
    struct metric_kind kind;
};

struct trial_args {
    const struct experiment *experiment;
    const struct knobs *knobs;
    const struct kernel_rules *rules; /* of this kernel; NULL: nothing is known */
    struct trial_programs programs;
    const char *pcap, *pcapng; /* files, or NULL */
    enum trial_segments segments;
    int64_t repetition;                        /* from 1 */
    const struct trial_thresholds *thresholds; /* NULL: none */
    FILE *progress; /* one JSON document a line: {"waiting", "until_s"} */
    bool live;      /* also {"live": the newest entry of the timeline}, at most 20 a second */
};

/* Runs the trial; call it in a cell. Returns a new reference to the run's document; *ret_code: enum
 * exit_code. */
json_t *trial_run(const struct trial_args *args, int *ret_code);

/* What was observed under the name of an expectation; NAN: nothing. */
double trial_observed(const struct trial *t, const char *name);

/* For tell(): the connections in a row of the ledger, and how far a counter had moved at the
 * stock. */
int64_t trial_row(const struct trial *t, enum ledger_row row);
int64_t trial_counter(const struct trial *t, enum side side, const char *name); /* at the stock */
