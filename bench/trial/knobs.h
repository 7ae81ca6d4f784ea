/* The knobs of an experiment: what --set can change. One row a knob; the standard ones are the
 * macros below, so that they carry the same name, help and limits in every experiment. */
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
    const char *name, *fallback; /* fallback NULL: what the kernel has in a fresh namespace */
    const struct option_type *type;
    const char *help;
    int64_t min, max;
    const char *const *choices;
    const char *word;   /* also accepted: OPTION_NEVER */
    const char *sysctl; /* set to the knob's value, on both hosts, unless that is not given */
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

/* These names configure the run wherever an experiment has them, so no other knob may have them:
 * link, ipv6, delay (the lab, trial.c), backlog (step_serve()), and clients, prefill, then (how
 * many descriptors and ports the run needs, trial.c). Whether a table of knobs has them as they are
 * read, and each name once: 0, or -EINVAL and a sentence (caller frees). Checked before each
 * run. */
int knobs_check(const struct knob *knobs, size_t n, char **ret_message);

/* The values of one run. */
struct knobs {
    const struct knob *knobs; /* as in the experiment, not owned */
    size_t n;
    int64_t value[KNOBS_MAX];          /* counts; ns; index of the choice */
    bool set[KNOBS_MAX];               /* given by the user or by the fallback */
    bool given[KNOBS_MAX];             /* by the user */
    size_t n_sysctls;                  /* given by their full names */
    const char *sysctl[KNOBS_SYSCTLS]; /* "net.ipv4.tcp_syn_retries=2", the user's text */
};

/* The fallbacks. */
void knobs_init(struct knobs *k, const struct knob *knobs, size_t n);

/* "backlog=4" or "net.ipv4.tcp_syn_retries=2". 0; -ENOENT: no knob of that name here; -EINVAL,
 * -ERANGE: not a value for it. *ret_message is then a sentence for the user (caller frees), or NULL
 * without memory. */
int knobs_set(struct knobs *k, const char *text, char **ret_message);

/* By name; the name must be in the table (an experiment asks for its own knobs only). OPTION_NEVER
 * for the word. */
int64_t knob(const struct knobs *k, const char *name);
bool knobs_have(const struct knobs *k, const char *name);

/* Changes the value of a knob that the user has not given. */
void knob_settle(struct knobs *k, const char *name, int64_t value);

/* A value as the user would write it: "4", "50ms", "wire", "limit". */
#define KNOB_TEXT_MAX 32
const char *knob_text(const struct knob *k, int64_t value, char text[static KNOB_TEXT_MAX]);

/* {"backlog": 4, "delay_us": 50000, "link": "wire", "net.ipv4.tcp_syn_retries": "2"}: the effective
 * values. New reference. */
json_t *knobs_json(const struct knobs *k);
