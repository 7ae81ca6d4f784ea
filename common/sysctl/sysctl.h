/* One knob below /proc/sys/net: its name, its value, and whose it is. Always those of the calling
 * thread's network namespace.
 *
 * A key is dotted as sysctl(8) prints it: '.' separates, '/' stands for a '.' inside a name. So
 * "net.ipv4.conf.eth0/100.rp_filter" is /proc/sys/net/ipv4/conf/eth0.100/rp_filter. Every function
 * checks the key it is handed: none leads out of /proc/sys/net. */
#pragma once

#include <stdbool.h>

#define SYSCTL_KEY_MAX   128
#define SYSCTL_VALUE_MAX 512
#define SYSCTL_PATH_MAX  (sizeof("/proc/sys/") + SYSCTL_KEY_MAX)

/* Splits "net.ipv4.tcp_fin_timeout=5" (also with spaces around '=', and '/' for '.' as sysctl(8)
 * allows: then a '.' in a part stays itself) into a canonical dotted key and a value; a part is
 * [A-Za-z0-9_-] and dots inside, never empty and never "..". Only net.core.*, net.ipv4.* and
 * net.ipv6.*. The value is one line of plain text, may be empty, and has its white space made
 * single spaces. 0; or -EINVAL and a half sentence in *ret_why. Touches nothing.
 */
int sysctl_parse(const char *text, char ret_key[static SYSCTL_KEY_MAX],
                 char ret_value[static SYSCTL_VALUE_MAX], const char **ret_why);

/* The knob's file, "/proc/sys/net/...". 0; -EINVAL if it is no key sysctl_parse() could have
 * made. */
int sysctl_path(const char *key, char ret_path[static SYSCTL_PATH_MAX]);

/* 0; -EINVAL if it is no value sysctl_parse() could have made. */
int sysctl_check_value(const char *value);

/* The current value, without the final newline, tabs as single spaces. 0 or -errno (-ENOENT: this
 * kernel or namespace has no such knob; -EOVERFLOW, -EILSEQ: longer than can be kept or no plain
 * text, hence could not be put back). */
int sysctl_read(const char *key, char ret_value[static SYSCTL_VALUE_MAX]);

/* 0, or -errno: what opening it for writing says. Writes nothing. */
int sysctl_writable(const char *key);

/* Writes, and does not look what the kernel made of it. 0; -EINVAL the kernel refuses the value;
 * other -errno. */
int sysctl_write(const char *key, const char *value);

/* Whether `now`, as read, is what was asked for: the same text, or the same numbers as the kernel
 * reads them ("0x10" and "020" ask for 16). */
bool sysctl_same(const char *now, const char *asked);

/* 1: the knob is the whole machine's, not this namespace's (a fresh network namespace has it
 * read-only or not at all); 0: the namespace's own; -errno: could not be found out. Forks a child
 * that looks from a namespace of its own.
 */
int sysctl_is_host_wide(const char *key);

/* What else changes with the knob and does not come back with its value: half a sentence, or NULL
 * where there is nothing. */
const char *sysctl_side_effect(const char *key, const char *value);

/* Whether this network is one that can be spoilt: not the machine's, nor the container's. */
bool sysctl_is_private_network(void);

/* The existing knob whose name is nearest to a mistyped key, or NULL. Caller frees. */
char *sysctl_suggest(const char *key);
