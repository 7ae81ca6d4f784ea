/* Part of bench/model/rule.h. */
#pragma once

#define RULES_OF_DEATH(X)
