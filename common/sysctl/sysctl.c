#include "common/sysctl/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLANKS   " \t"
#define PROC_SYS "/proc/sys/"

/* '.' and '/' change places: a key becomes the path below /proc/sys, and back. */
static void swap_separators(char *text)
{
    for (; *text; text++)
        if (*text == '.')
            *text = '/';
        else if (*text == '/')
            *text = '.';
}

/* What is wrong with a path below /proc/sys, or NULL. */
static const char *path_fault(const char *path)
{
    static const char *const known[] = {"net/core/", "net/ipv4/", "net/ipv6/"};
    static const char characters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./";
    bool below_known = false;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        below_known |= strncmp(path, known[i], strlen(known[i])) == 0;
    if (!below_known)
        return "only net.core.*, net.ipv4.* and net.ipv6.* can be set";
    if (path[strspn(path, characters)])
        return "a key is made of letters, digits, '_', '-' and '.'";
    if (strstr(path, "..") || strstr(path, "/.") || strstr(path, "./") || strstr(path, "//") ||
        strchr("./", path[strlen(path) - 1]))
        return "a part of the key is empty, or has a dot too many";
    return NULL;
}

int sysctl_path(const char *key, char ret_path[static SYSCTL_PATH_MAX])
{
    if (strlen(key) >= SYSCTL_KEY_MAX)
        return -EINVAL;
    char path[SYSCTL_KEY_MAX];
    strcpy(path, key);
    swap_separators(path);
    if (path_fault(path))
        return -EINVAL;
    strcpy(ret_path, PROC_SYS);
    strcat(ret_path, path);
    return 0;
}

int sysctl_check_value(const char *value)
{
    size_t length = 0;
    for (; value[length]; length++)
        if ((value[length] < ' ' && value[length] != '\t') || value[length] > '~')
            return -EINVAL;
    return length < SYSCTL_VALUE_MAX ? 0 : -EINVAL;
}

/* White space becomes single spaces, and none at the ends. */
static void normalise(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++) {
        bool blank = strchr(" \t\r\n", *from) != NULL;
        if (!blank)
            *to++ = *from;
        else if (to > text && to[-1] != ' ')
            *to++ = ' ';
    }
    if (to > text && to[-1] == ' ')
        to--;
    *to = '\0';
}

/* The part of "KEY=VALUE" before '=', `length` long, as a canonical key. What is wrong with it, or
 * NULL. */
static const char *parse_key(const char *text, size_t length, char key[static SYSCTL_KEY_MAX])
{
    while (length > 0 && strchr(BLANKS, *text)) {
        text++;
        length--;
    }
    while (length > 0 && strchr(BLANKS, text[length - 1]))
        length--;
    if (length >= SYSCTL_KEY_MAX)
        return "the key is too long";
    memcpy(key, text, length);
    key[length] = '\0';
    /* The first separator tells the form, as in sysctl(8). */
    bool is_path = key[strcspn(key, "./")] == '/';
    if (!is_path)
        swap_separators(key);
    const char *fault = path_fault(key);
    swap_separators(key);
    return fault;
}

int sysctl_parse(const char *text, char ret_key[static SYSCTL_KEY_MAX],
                 char ret_value[static SYSCTL_VALUE_MAX], const char **ret_why)
{
    const char *equals = strchr(text, '=');
    if (!equals) {
        *ret_why = "a sysctl is written KEY=VALUE";
        return -EINVAL;
    }
    char key[SYSCTL_KEY_MAX];
    const char *fault = parse_key(text, (size_t)(equals - text), key);
    const char *value = equals + 1 + strspn(equals + 1, BLANKS);
    if (!fault && strlen(value) >= SYSCTL_VALUE_MAX)
        fault = "the value is too long";
    if (!fault && sysctl_check_value(value) < 0)
        fault = "a value is one line of plain text";
    if (fault) {
        *ret_why = fault;
        return -EINVAL;
    }
    strcpy(ret_key, key);
    strcpy(ret_value, value);
    normalise(ret_value);
    return 0;
}

/* Opens a knob part by part, so that no symbolic link is followed on the way, and only if it is a
 * regular file. */
static int open_knob(const char *key, int flags)
{
    char path[SYSCTL_PATH_MAX], *rest = path + strlen(PROC_SYS);
    int r = sysctl_path(key, path);
    if (r < 0)
        return r;
    int fd = open(PROC_SYS, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    for (char *part; fd >= 0 && (part = strsep(&rest, "/"));) {
        int part_flags = rest ? O_PATH | O_DIRECTORY : flags;
        int next = openat(fd, part, part_flags | O_NOFOLLOW | O_CLOEXEC);
        int error = errno;
        close(fd);
        fd = next;
        errno = error;
    }
    if (fd < 0)
        return errno == ENOTDIR || errno == EISDIR ? -ENOENT : -errno;
    struct stat st;
    r = fstat(fd, &st) < 0 ? -errno : S_ISREG(st.st_mode) ? fd : -ENOENT;
    if (r < 0)
        close(fd);
    return r;
}

int sysctl_read(const char *key, char ret_value[static SYSCTL_VALUE_MAX])
{
    int fd = open_knob(key, O_RDONLY);
    if (fd < 0)
        return fd;
    /* One read must get everything: many sysctls return data only at offset 0. */
    char text[SYSCTL_VALUE_MAX + 64];
    ssize_t n = read(fd, text, sizeof(text) - 1);
    int error = errno;
    close(fd);
    if (n < 0)
        return -error;
    text[n] = '\0';
    normalise(text);
    if (n > SYSCTL_VALUE_MAX || strlen(text) >= SYSCTL_VALUE_MAX)
        return -EOVERFLOW;
    if (sysctl_check_value(text) < 0)
        return -EILSEQ;
    strcpy(ret_value, text);
    return 0;
}

int sysctl_writable(const char *key)
{
    int fd = open_knob(key, O_WRONLY);
    if (fd < 0)
        return fd;
    close(fd);
    return 0;
}

int sysctl_write(const char *key, const char *value)
{
    char line[SYSCTL_VALUE_MAX + 1];
    if (sysctl_check_value(value) < 0)
        return -EINVAL;
    /* An empty value still needs a write of one byte to be seen. */
    size_t length = strlen(value);
    memcpy(line, value, length);
    line[length++] = '\n';
    int fd = open_knob(key, O_WRONLY);
    if (fd < 0)
        return fd;
    /* A short write is no error here: the caller reads the value back. */
    int r = write(fd, line, length) < 0 ? -errno : 0;
    close(fd);
    /* The file exists and is open, so ENOENT is about the value (as tcp_congestion_control returns
     * it). */
    return r == -ENOENT || r == -ERANGE ? -EINVAL : r;
}

/* Whether two words mean the same to the kernel; `now` is in the form that the kernel prints. */
static bool same_word(const char *now, size_t now_length, const char *asked, size_t asked_length)
{
    if (now_length == asked_length && memcmp(now, asked, now_length) == 0)
        return true;
    const char *digits = now + (*now == '-');
    size_t n_digits = strspn(digits, "0123456789");
    if (n_digits == 0 || digits + n_digits != now + now_length || (*digits == '0' && n_digits > 1))
        return false; /* not a plain decimal, so nothing to compare as a number */
    char *now_end, *asked_end;
    errno = 0;
    long long is = strtoll(now, &now_end, 10), wanted = strtoll(asked, &asked_end, 0);
    return errno == 0 && asked_end == asked + asked_length && is == wanted;
}

bool sysctl_same(const char *now, const char *asked)
{
    for (;;) {
        now += strspn(now, BLANKS);
        asked += strspn(asked, BLANKS);
        if (!*now || !*asked)
            return !*now && !*asked;
        size_t now_length = strcspn(now, BLANKS), asked_length = strcspn(asked, BLANKS);
        if (!same_word(now, now_length, asked, asked_length))
            return false;
        now += now_length;
        asked += asked_length;
    }
}
