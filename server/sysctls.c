#include "server/sysctls.h"
#include "common/process/exit_code.h"
#include "common/report/terminal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SYSCTLS_TEXT_MAX (4 * SYSCTL_VALUE_MAX)

/* Prints one sentence about the result of a change. */
static void describe(const struct sysctl_change *c, char *text, size_t size)
{
    switch (c->outcome) {
    case SYSCTL_RESTORED:
        snprintf(text, size, "%s is %s again (a run of tcplab-server, pid %d, had set %s)", c->key,
                 c->before, c->pid, c->set);
        break;
    case SYSCTL_HANDED_ON:
        snprintf(text, size,
                 "%s stays for now: another run has set it since and puts %s back when it ends",
                 c->key, c->before);
        break;
    case SYSCTL_CHANGED:
        snprintf(text, size,
                 "%s is %s, not the %s that tcplab-server (pid %d) set: somebody changed it since, "
                 "so it is left alone (it was %s before)",
                 c->key, c->now, c->set, c->pid, c->before);
        break;
    default:
        snprintf(text, size, "%s could not be put back to %s: %s", c->key, c->before,
                 strerror(c->error));
    }
}

struct sysctls_recovery {
    json_t *changes; /* NULL: stderr */
    int failed;      /* changes that could not be written back; they stay in the journal */
};

static void tell_recovered(const struct sysctl_change *c, void *context)
{
    char text[SYSCTLS_TEXT_MAX];
    struct sysctls_recovery *recovery = context;
    recovery->failed += c->outcome == SYSCTL_UNRESTORED;
    describe(c, text, sizeof(text));
    if (recovery->changes)
        json_array_append_new(recovery->changes,
                              json_pack("{s:s, s:s, s:s, s:b, s:s}", "key", c->key, "before",
                                        c->before, "set", c->set, "restored",
                                        c->outcome == SYSCTL_RESTORED, "text", text));
    else
        terminal_notice("after a killed run: %s", text);
}

static int sysctls_journal_failed(const struct sysctl_guard *guard, int error)
{
    const char *mend;
    switch (error) {
    case -EBADMSG:
        mend = "look into it, put the values back by hand and remove it";
        break;
    case -EPERM: /* owned or writable by another user */
    case -ENOTDIR:
    case -ELOOP:
        mend = "it has to be a directory of yours that nobody else can write: remove what is "
               "there, or set XDG_RUNTIME_DIR to such a directory";
        break;
    case -EINTR:
        mend = "a signal came first, and the next start puts back what is left; if this takes "
               "long: is another tcplab-server stopped that has it locked?";
        break;
    default:
        mend =
            "give room and the right to write there, or set XDG_RUNTIME_DIR to another directory";
    }
    terminal_error("the journal of changed sysctls, %s, cannot be used: %s; %s",
                   sysctl_guard_path(guard), error == -EBADMSG ? "it is none" : strerror(-error),
                   mend);
    return error == -EACCES || error == -EPERM || error == -EROFS ? EXIT_CODE_CANNOT
                                                                  : EXIT_CODE_FAILED;
}

int sysctls_recover(struct sysctl_guard *guard, json_t *changes)
{
    struct sysctls_recovery recovery = {.changes = changes};
    int r = sysctl_guard_take_back(guard, false, tell_recovered, &recovery);
    if (r >= 0)
        return EXIT_CODE_DONE;
    if (!recovery.failed)
        return sysctls_journal_failed(guard, r);
    return r == -EACCES || r == -EPERM || r == -EROFS ? EXIT_CODE_CANNOT : EXIT_CODE_FAILED;
}

void sysctls_restored_text(FILE *out, const json_t *document)
{
    const json_t *changes = json_object_get(document, "sysctls");
    size_t i;
    json_t *change;
    json_array_foreach((json_t *)changes, i, change)
        fprintf(out, "%s\n", json_string_value(json_object_get(change, "text")));
    if (!json_array_size(changes))
        fputs(
            "nothing to put back: no killed run left a sysctl changed in this network namespace\n",
            out);
}

static int unknown(const char *key)
{
    char *near = sysctl_suggest(key);
    terminal_error("--sysctl %s: there is no such sysctl on this kernel, or not in this network "
                   "namespace%s%s%s; see sysctl -a",
                   key, near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
    free(near);
    return EXIT_CODE_CANNOT;
}

/* r from sysctl_guard_set(). */
static int refused(const struct sysctl_guard *guard, const char *key, const char *value, int r,
                   const char *now, int journal_failed)
{
    if (journal_failed)
        return sysctls_journal_failed(guard, r);
    switch (r) {
    case -ENOENT:
        return unknown(key);
    case -EACCES:
    case -EPERM:
    case -EROFS:
        if (sysctl_is_host_wide(key) == 1) {
            terminal_error(
                "--sysctl %s=%s: this one belongs to the whole machine and can be written only by "
                "root outside of any private network; leave it out, or run as root there",
                key, value);
            return EXIT_CODE_CANNOT;
        }
        terminal_error("--sysctl %s=%s: no right to write it here (%s). Run as root, or in a "
                       "private network that needs no root: tcplab-bench enter tcplab-server ...",
                       key, value, strerror(-r));
        return EXIT_CODE_CANNOT;
    case -EINVAL:
        terminal_error("--sysctl %s=%s: the kernel refuses this value; it is %s now", key, value,
                       now);
        return EXIT_CODE_USAGE;
    case -ERANGE:
        terminal_error(
            "--sysctl %s=%s: the kernel made %s of it; write a value that it takes as it is", key,
            value, now);
        return EXIT_CODE_USAGE;
    default:
        terminal_error("--sysctl %s=%s: %s", key, value, strerror(-r));
        return EXIT_CODE_FAILED;
    }
}

int sysctls_apply(struct sysctl_guard *guard, const struct settings *s)
{
    for (size_t i = 0; i < s->sysctls.n; i++) {
        char key[SYSCTL_KEY_MAX], value[SYSCTL_VALUE_MAX], now[SYSCTL_VALUE_MAX] = "";
        const char *why;
        int journal_failed = 0;
        sysctl_parse(s->sysctls.text[i], key, value, &why); /* checked with the command line */
        const char *effect = sysctl_is_private_network() ? NULL : sysctl_side_effect(key, value);
        if (effect) {
            terminal_error("--sysctl %s=%s: not put back whole at the end: %s. In a private "
                           "network it does no harm: tcplab-bench enter tcplab-server ...",
                           key, value, effect);
            return EXIT_CODE_CANNOT;
        }
        if (!sysctl_read(key, now) && sysctl_is_host_wide(key) == 1)
            terminal_notice("%s belongs to the whole machine, not to this network namespace: "
                            "everything here sees the change until it is put back",
                            key);
        int r = sysctl_guard_set(guard, key, value, now, &journal_failed);
        if (r)
            return refused(guard, key, value, r, now, journal_failed);
    }
    return EXIT_CODE_DONE;
}

/* Appends it to the document's, where `changes` is not NULL. */
static void tell_ended(const struct sysctl_change *c, void *changes)
{
    char text[SYSCTLS_TEXT_MAX];
    bool own = c->pid == getpid(), restored = c->outcome == SYSCTL_RESTORED;
    if (own)
        json_array_append_new(changes, json_pack("{s:s, s:s, s:s, s:b}", "key", c->key, "before",
                                                 c->before, "set", c->set, "restored", restored));
    if (own && restored)
        return;
    describe(c, text, sizeof(text));
    terminal_notice("%s%s", own ? "" : "after a killed run: ", text);
}

int sysctls_end(struct sysctl_guard *guard, json_t *changes)
{
    return sysctl_guard_take_back(guard, true, tell_ended, changes) < 0 ? EXIT_CODE_FAILED
                                                                        : EXIT_CODE_DONE;
}
