/* What a twin of this host needs ("tcplab.host/1", bench/lab/twin.h reads it). */
#pragma once

#include <jansson.h>

/* Out of the report of a look: the sysctls of this network namespace, the listeners, the rates and
 * limits. head: the document's beginning, completed here. */
void look_save_add(json_t *head, const json_t *report);
