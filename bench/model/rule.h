/* The rules of the kernel behind the predictions: each has a sentence, and the kernel function that
 * decides. */
#pragma once

#include "bench/model/rules/accept_queue.h"
#include "bench/model/rules/afterlife.h"
#include "bench/model/rules/calls.h"
#include "bench/model/rules/closing.h"
#include "bench/model/rules/counters.h"
#include "bench/model/rules/death.h"
#include "bench/model/rules/listeners.h"
#include "bench/model/rules/opening.h"
#include "bench/model/rules/ports.h"
#include "bench/model/rules/programs.h"
#include "bench/model/rules/retransmission.h"
#include "bench/model/rules/sending.h"
#include "bench/model/rules/syn_queue.h"

#include <stddef.h>

struct rule {
    const char *name;     /* "accept_queue_capacity" */
    const char *sentence; /* one sentence for the reader of a report */
    const char *source;   /* "sk_acceptq_is_full(), include/net/sock.h" */
};

/* X(name, sentence, source) */
#define RULES(X)                 \
    RULES_OF_THE_ACCEPT_QUEUE(X) \
    RULES_OF_THE_SYN_QUEUE(X)    \
    RULES_OF_RETRANSMISSION(X)   \
    RULES_OF_SENDING(X)          \
    RULES_OF_CLOSING(X)          \
    RULES_OF_PORTS(X)            \
    RULES_OF_COUNTERS(X)         \
    RULES_OF_OPENING(X)          \
    RULES_OF_LISTENERS(X)        \
    RULES_OF_CALLS(X)            \
    RULES_OF_PROGRAMS(X)         \
    RULES_OF_DEATH(X)            \
    RULES_OF_AFTERLIFE(X)

#define X(name, sentence, source) extern const struct rule rule_##name;
RULES(X)
#undef X

extern const struct rule *const rules[]; /* all of them, NULL-terminated */
