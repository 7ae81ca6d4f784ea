/* The rules that differ between kernels. bench/kernel_probe/ finds them by experiment, never from a
 * version number. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* X(field, the newest kernel's value, its word, what it means, the other value, its word, what it
 * means) */
#define KERNEL_RULES(X)                                                                            \
    X(syn_queue_full, SYN_QUEUE_FULL_ABOVE_LIMIT, ">",                                             \
      "A listener whose backlog has the limit L keeps L + 1 half-open requests.",                  \
      SYN_QUEUE_FULL_AT_LIMIT, ">=",                                                               \
      "A listener whose backlog has the limit L keeps L half-open requests, and with L = 0 none.") \
    X(syn_at_full_queue, SYN_AT_FULL_QUEUE_DROPPED, "dropped",                                     \
      "A SYN that meets a full accept queue is dropped.", SYN_AT_FULL_QUEUE_ANSWERED, "answered",  \
      "A SYN that meets a full accept queue is answered, unless two young half-open requests "     \
      "wait already.")                                                                             \
    X(cookie_ack_at_full_queue, COOKIE_ACK_AT_FULL_QUEUE_DROPPED, "dropped",                       \
      "The ACK of a SYN cookie that meets a full accept queue is dropped, with "                   \
      "tcp_abort_on_overflow = 0 or 1.",                                                           \
      COOKIE_ACK_AT_FULL_QUEUE_RESET, "reset",                                                     \
      "With tcp_abort_on_overflow = 1 the ACK of a SYN cookie that meets a full accept queue is "  \
      "answered by RST.")                                                                          \
    X(syn_timeouts, SYN_TIMEOUTS_LINEAR, "linear",                                                 \
      "An unanswered SYN is sent again each second, tcp_syn_linear_timeouts + 1 times, before "    \
      "the gaps double.",                                                                          \
      SYN_TIMEOUTS_DOUBLING, "doubling",                                                           \
      "An unanswered SYN is sent again after 1, 3, 7 s: each gap is twice the "                    \
      "one before.")                                                                               \
    X(time_wait_reuse_clock, TIME_WAIT_REUSE_MILLISECONDS, "milliseconds",                         \
      "Where tcp_tw_reuse allows it, a TIME_WAIT's port can be taken again tcp_tw_reuse_delay "    \
      "after it began.",                                                                           \
      TIME_WAIT_REUSE_SECONDS, "seconds",                                                          \
      "Where tcp_tw_reuse allows it, a TIME_WAIT's port can be taken again from the kernel's "     \
      "next "                                                                                      \
      "whole second on: up to 1 s after it began.")                                                \
    X(curr_estab, CURR_ESTAB_WITH_CLOSE_WAIT, "both",                                              \
      "CurrEstab counts the connections in ESTABLISHED and in CLOSE_WAIT.",                        \
      CURR_ESTAB_ESTABLISHED, "established",                                                       \
      "CurrEstab counts the connections in ESTABLISHED, and not those in CLOSE_WAIT.")

enum kernel_rule {
#define X(field, ...) KERNEL_RULE_##field,
    KERNEL_RULES(X)
#undef X
        KERNEL_RULES_N
};

#define X(field, newest, newest_word, newest_means, other, other_word, other_means) \
    enum field { newest, other };
KERNEL_RULES(X)
#undef X

/* {0}: nothing is known, and the model assumes the newest kernel. */
struct kernel_rules {
#define X(field, ...) enum field field;
    KERNEL_RULES(X)
#undef X
    bool known[KERNEL_RULES_N];
};

struct kernel_rule_text {
    const char *name;
    const char *word[2], *means[2]; /* by value */
};
extern const struct kernel_rule_text kernel_rule_texts[KERNEL_RULES_N];

#define KERNEL_RULE_UNKNOWN "unknown"

/* Returns the word for the rule's value, or KERNEL_RULE_UNKNOWN. Static. */
const char *kernel_rules_word(const struct kernel_rules *r, enum kernel_rule rule);

/* Sets a rule to the value with that word, which may be KERNEL_RULE_UNKNOWN. Returns 0; -ENOENT:
 * there is no rule of that name; or -EINVAL: it has no such value. */
int kernel_rules_set(struct kernel_rules *r, const char *name, const char *word);

/* Changes one rule to its other value, so that the caller can see what depends on it. */
void kernel_rules_flip(struct kernel_rules *r, enum kernel_rule rule);
