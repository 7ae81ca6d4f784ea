#include "bench/model/kernel_rules.h"

#include <errno.h>
#include <string.h>

const struct kernel_rule_text kernel_rule_texts[KERNEL_RULES_N] = {
#define X(field, newest, newest_word, newest_means, other, other_word, other_means) \
    {#field, {newest_word, other_word}, {newest_means, other_means}},
    KERNEL_RULES(X)
#undef X
};

static int get(const struct kernel_rules *r, enum kernel_rule rule)
{
#define X(field, ...)                \
    if (rule == KERNEL_RULE_##field) \
        return (int)r->field;
    KERNEL_RULES(X)
#undef X
    return 0;
}

static void put(struct kernel_rules *r, enum kernel_rule rule, int value)
{
#define X(field, ...)                \
    if (rule == KERNEL_RULE_##field) \
        r->field = (enum field)value;
    KERNEL_RULES(X)
#undef X
}

const char *kernel_rules_word(const struct kernel_rules *r, enum kernel_rule rule)
{
    return r->known[rule] ? kernel_rule_texts[rule].word[get(r, rule)] : KERNEL_RULE_UNKNOWN;
}

int kernel_rules_set(struct kernel_rules *r, const char *name, const char *word)
{
    enum kernel_rule rule = 0;
    while (rule < KERNEL_RULES_N && strcmp(name, kernel_rule_texts[rule].name))
        rule++;
    if (rule == KERNEL_RULES_N)
        return -ENOENT;
    const struct kernel_rule_text *t = &kernel_rule_texts[rule];
    bool other = !strcmp(word, t->word[1]), unknown = !strcmp(word, KERNEL_RULE_UNKNOWN);
    if (!other && !unknown && strcmp(word, t->word[0]))
        return -EINVAL;
    put(r, rule, other);
    r->known[rule] = !unknown;
    return 0;
}

void kernel_rules_flip(struct kernel_rules *r, enum kernel_rule rule)
{
    put(r, rule, !get(r, rule));
}
