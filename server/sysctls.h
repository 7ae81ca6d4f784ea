/* --sysctl and --restore-sysctls: calls the guard and prints what it did. A function that returns
 * an exit code other than 0 has printed the reason on stderr. */
#pragma once

#include "common/sysctl/sysctl_guard.h"
#include "server/settings.h"

#include <jansson.h>
#include <stdio.h>

/* Restores the sysctls that killed runs left changed in this namespace. Reports each: on stderr, or
 * if `changes` is not NULL by appending {"key", "before", "set", "restored", "text"} to it. */
int sysctls_recover(struct sysctl_guard *guard, json_t *changes);

/* Prints the text report of --restore-sysctls from its document; for document_output_report(). */
void sysctls_restored_text(FILE *out, const json_t *document);

/* Sets all sysctls of --sysctl. Before that it prints which of them belong to the whole machine. */
int sysctls_apply(struct sysctl_guard *guard, const struct settings *s);

/* Restores the sysctls of this run, and prints which ones it could not restore or left alone.
 * Appends {"key", "before", "set", "restored"} for each to `changes` if it is not NULL. */
int sysctls_end(struct sysctl_guard *guard, json_t *changes);
