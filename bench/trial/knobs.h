/* The knobs of an experiment, which --set changes: one row for each. The macros below make the
 * usual knobs, so that these have the same name, help and limits in each experiment. */
#pragma once

#include "common/options/options.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KNOBS_MAX       16
#define KNOBS_SYSCTLS   32
#define KNOB_NAME_WIDTH 16

/* `type` is one of option_integer, option_count, option_duration, option_choice; see
 * common/options/options.h for what min, max, choices and word mean there. */
struct knob {
    const char *name, *fallback; /* fallback NULL: the kernel's value in a fresh namespace */
    const struct option_type *type;
    const char *help;
    int64_t min, max;
    const char *const *choices;
    const char *word;   /* also accepted: OPTION_NEVER */
    const char *sysctl; /* set to the knob's value on both hosts, if the knob has one */
};

extern const char *const knob_links[];  /* "loopback", "wire" */
extern const char *const knob_yes_no[]; /* "no", "yes" */

#define KNOB_COUNT(name, fallback, min, max, help)    \
    {                                                 \
        name, fallback, &option_count, help, min, max \
    }
#define KNOB_YES_NO(name, fallback, help)                            \
    {                                                                \
        name, fallback, &option_choice, help, .choices = knob_yes_no \
    }
#define KNOB_SYSCTL(name, fallback, min, max, sysctl, help)               \
    {                                                                     \
        name, fallback, &option_count, help, min, max, NULL, NULL, sysctl \
    }

#define KNOB_BACKLOG(fallback)                                                         \
    {                                                                                  \
        "backlog", fallback, &option_integer, "handed to listen() as it is", -1, 65535 \
    }
#define KNOB_CLIENTS(fallback) \
    KNOB_COUNT("clients", fallback, 1, 5000, "connections that are tried")
#define KNOB_PREFILL(fallback)                                                            \
    {                                                                                     \
        "prefill", fallback, &option_integer,                                             \
            "connections that wait in the accept queue before the others come", 0, 65535, \
            .word = "limit"                                                               \
    }
#define KNOB_SOMAXCONN \
    KNOB_SYSCTL("somaxconn", NULL, 0, 65535, "net.core.somaxconn", "caps the backlog at listen()")
#define KNOB_SYNCOOKIES(fallback)                                        \
    KNOB_SYSCTL("syncookies", fallback, 0, 2, "net.ipv4.tcp_syncookies", \
                "0 off, 1 when the SYN queue is full, 2 always")
#define KNOB_MAX_SYN_BACKLOG                                                         \
    KNOB_SYSCTL("max_syn_backlog", NULL, 0, 1000000, "net.ipv4.tcp_max_syn_backlog", \
                "matters only with syncookies=0")
#define KNOB_FIN_TIMEOUT(fallback) \
    KNOB_SYSCTL("fin_timeout", fallback, 0, 86400, "net.ipv4.tcp_fin_timeout", "seconds")
#define KNOB_DELAY(fallback)                                                            \
    {                                                                                   \
        "delay", fallback, &option_duration, "of the wire, one way", 0, 400 * 1000000LL \
    }
#define KNOB_ACCEPT_DELAY(fallback)                                                           \
    {                                                                                         \
        "accept_delay", fallback, &option_duration, "the server accepts one connection each", \
            1000000, 3600 * 1000000000LL, .word = "never"                                     \
    }
#define KNOB_LINK(fallback)                                                           \
    {                                                                                 \
        "link", fallback, &option_choice, "what joins the two", .choices = knob_links \
    }
#define KNOB_IPV6 KNOB_YES_NO("ipv6", "no", "IPv6 addresses")

enum { KNOB_LOOPBACK, KNOB_WIRE };

/* Checks a table of knobs; the bench calls it before each run. Some names have a meaning for each
 * run, so no other knob may have them: link, ipv6 and delay (the lab, trial.c), backlog
 * (step_serve()), and clients, prefill and then (how many descriptors and ports the run needs,
 * trial.c). Each name may occur once. Returns 0, or -EINVAL and a sentence (caller frees). */
int knobs_check(const struct knob *knobs, size_t n, char **ret_message);

struct twin;

/* The values of one run. */
struct knobs {
    const struct knob *knobs; /* as in the experiment, not owned */
    size_t n;
    int64_t value[KNOBS_MAX];          /* a count, ns, or the index of the choice */
    bool set[KNOBS_MAX];               /* it has a value, from the user or from the fallback */
    bool given[KNOBS_MAX];             /* it has a value from the user */
    size_t n_sysctls;                  /* those that the user has given by their full names */
    const char *sysctl[KNOBS_SYSCTLS]; /* "net.ipv4.tcp_syn_retries=2", the user's text */
    const struct twin *twin;           /* the host whose settings come first (not owned), or NULL */
};

/* Sets all knobs to their fallbacks. */
void knobs_init(struct knobs *k, const struct knob *knobs, size_t n);

/* Gives k the settings of that host, which must live as long as k: the backlog of its listener,
 * where there is such a knob and it takes the value, and its sysctls. Call it before
 * knobs_set(). */
void knobs_like(struct knobs *k, const struct twin *twin);

/* Sets "backlog=4" or "net.ipv4.tcp_syn_retries=2"; text must live as long as k. Returns 0;
 * -ENOENT: there is no knob of that name; -EINVAL or -ERANGE: it cannot have this value.
 * *ret_message is then a sentence for the user (caller frees), or NULL without memory. */
int knobs_set(struct knobs *k, const char *text, char **ret_message);

/* Returns the value of a knob, OPTION_NEVER for its word. The name must be in the table: an
 * experiment reads only its own knobs. knobs_have(): whether the table has that name. */
int64_t knob(const struct knobs *k, const char *name);
bool knobs_have(const struct knobs *k, const char *name);

/* Changes the value of a knob that the user has not given. */
void knob_settle(struct knobs *k, const char *name, int64_t value);

/* Writes a value as a user types it into text and returns it: "4", "50ms", "wire", "limit". */
#define KNOB_TEXT_MAX 32
const char *knob_text(const struct knob *k, int64_t value, char text[static KNOB_TEXT_MAX]);

/* {"backlog": 4, "delay_us": 50000, "link": "wire", "net.ipv4.tcp_syn_retries": "2"}: the effective
 * values. Returns a new reference. */
json_t *knobs_json(const struct knobs *k);
