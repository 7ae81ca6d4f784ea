/* Reads and writes one sysctl below /proc/sys/net, always in the calling thread's network
 * namespace.
 *
 * A key is written as sysctl(8) prints it: '.' separates the parts, and '/' stands for a '.' inside
 * a part. So "net.ipv4.conf.eth0/100.rp_filter" is /proc/sys/net/ipv4/conf/eth0.100/rp_filter. Each
 * function checks its key, so that no key leads out of /proc/sys/net. */
#pragma once

#include <stdbool.h>

#define SYSCTL_KEY_MAX   128
#define SYSCTL_VALUE_MAX 512
#define SYSCTL_PATH_MAX  (sizeof("/proc/sys/") + SYSCTL_KEY_MAX)

/* Splits "net.ipv4.tcp_fin_timeout=5" into a key and a value. There may be spaces around '='. As in
 * sysctl(8) the parts may be separated by '/' instead of '.'; a '.' then belongs to its part. A
 * part has the characters [A-Za-z0-9_-] and '.', and is neither empty nor "..". The key must begin
 * with net.core, net.ipv4 or net.ipv6. The value is one line of plain text and may be empty; white
 * space in it becomes single spaces. Reads no file. Returns 0; or -EINVAL and a half sentence in
 * *ret_why. */
int sysctl_parse(const char *text, char ret_key[static SYSCTL_KEY_MAX],
                 char ret_value[static SYSCTL_VALUE_MAX], const char **ret_why);

/* Writes the sysctl's path, "/proc/sys/net/...". Returns 0; or -EINVAL: sysctl_parse() does not
 * make such a key. */
int sysctl_path(const char *key, char ret_path[static SYSCTL_PATH_MAX]);

/* Returns 0; or -EINVAL: sysctl_parse() does not make such a value. */
int sysctl_check_value(const char *value);

/* Reads the current value, without the final newline and with single spaces for tabs. Returns 0 or
 * -errno (-ENOENT: this kernel or namespace has no such sysctl; -EOVERFLOW: the value is too long;
 * -EILSEQ: it is no plain text. Such a value could not be restored). */
int sysctl_read(const char *key, char ret_value[static SYSCTL_VALUE_MAX]);

/* Whether the calling thread may write it: opens the file for writing, and writes nothing. Returns
 * 0 or the -errno of open(). */
int sysctl_writable(const char *key);

/* Writes the value, and does not read it back. Returns 0; -EINVAL: the kernel refuses the value; or
 * another -errno. */
int sysctl_write(const char *key, const char *value);

/* Whether `now`, which was read, equals `asked`, which the user wrote: the same text, or the same
 * numbers as the kernel reads them ("0x10" and "020" are 16). */
bool sysctl_same(const char *now, const char *asked);

/* Whether the sysctl belongs to the whole machine and not to this namespace. It forks a child that
 * looks in a new network namespace: there a sysctl of the machine is read-only or missing. Returns
 * 1: the machine's; 0: the namespace's; or -errno: not known. */
int sysctl_is_host_wide(const char *key);

/* What else a write to the sysctl changes that the old value does not restore: half a sentence, or
 * NULL if there is nothing. Static. */
const char *sysctl_side_effect(const char *key, const char *value);

/* Whether this network namespace is a private one, and neither the machine's nor a container's. */
bool sysctl_is_private_network(void);

/* Returns the existing sysctl whose name is nearest to a mistyped key, or NULL. The caller frees
 * it. */
char *sysctl_suggest(const char *key);
