/* --sysctl and --restore-sysctls: the guard's work, and what the user is told of it. Everything
 * here returns an exit code and has said why on stderr when that is not 0. */
#pragma once

#include "common/sysctl/sysctl_guard.h"
#include "server/settings.h"

#include <jansson.h>
#include <stdio.h>

/* Puts back what killed runs left in this namespace, telling of each: on stderr, or where `changes`
 * is not NULL by appending [{"key", "before", "set", "restored", "text"}] to it. */
int sysctls_recover(struct sysctl_guard *guard, json_t *changes);

/* The text report of --restore-sysctls, from its document: for document_output_report(). */
void sysctls_restored_text(FILE *out, const json_t *document);

/* Sets all that --sysctl asked for, the host-wide ones announced before. */
int sysctls_apply(struct sysctl_guard *guard, const struct settings *s);

/* Puts this run's back, telling where that was not possible or not right. Appends [{"key",
 * "before", "set", "restored"}] to `changes` if it is not NULL. */
int sysctls_end(struct sysctl_guard *guard, json_t *changes);
