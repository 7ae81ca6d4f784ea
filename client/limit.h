/* Decides from the figures of a run whether the client, and not the server, limited it. Pure. */
#pragma once

#include "client/load.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct limit_figures {
    /* of the busiest event loop, while there was something to start or to send */
    const struct load *load;
    /* the target is on this machine: the kernel does the server's work in our system calls */
    bool loopback;
    uint64_t connections; /* -c */
    bool keeps;           /* a connection stays in use: hold, echo */
    /* after an attempt without a port or a descriptor nothing is started for a while */
    bool pauses;
    uint64_t starts;
    /* --rate; 0: there was no schedule, and the next five have no meaning */
    double rate;
    uint64_t late_starts, missed_starts; /* late: by more than 1 ms; missed: due, and never made */
    /* of the late ones: were due while all of -c were in use */
    uint64_t slot_late_starts;
    bool slots_full; /* all of -c were in use at the end */
    int64_t lateness_p99_ns;
    uint64_t no_port, no_fd; /* attempts that ended so */
    uint64_t no_source;      /* of no_port: their source address was not this machine's */
    uint64_t usable_ports;   /* for the target; 0: not known */
    uint64_t taken_ports;    /* the most of them that connect() could not take */
    uint64_t time_wait;      /* of those taken ones, in TIME_WAIT */
    bool long_search;        /* a walk over half of an address' ports takes long */
};

/* [{"limit": "cpu"|"schedule"|"connections"|"ports"|"descriptors", "sentence": what it was and what
 * to do, and the figures of that limit}]; empty where the client was no limit. Returns a new
 * reference, or NULL without memory. */
json_t *limit_list(const struct limit_figures *f);
