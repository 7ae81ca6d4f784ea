#include "bench/model/rule.h"

#define X(name, sentence, source) const struct rule rule_##name = {#name, sentence, source};
RULES(X)
#undef X

const struct rule *const rules[] = {
#define X(name, sentence, source) &rule_##name,
    RULES(X)
#undef X
        NULL};
