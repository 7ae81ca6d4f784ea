#include "common/kernel/socket_options.h"
#include "common/options/options.h"
#include "common/process/clock.h"
#include "common/report/page.h"
#include "common/report/terminal.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

void socket_options_alive(const struct keepalive *keepalive, int64_t user_timeout_ns,
                          struct socket_option rows[static SOCKET_OPTIONS_ALIVE])
{
    const bool alive = keepalive->idle_s > 0;
    const struct socket_option all[SOCKET_OPTIONS_ALIVE] = {
        {"SO_KEEPALIVE", SOL_SOCKET, SO_KEEPALIVE, 1, alive},
        {"TCP_KEEPIDLE", IPPROTO_TCP, TCP_KEEPIDLE, keepalive->idle_s, alive},
        {"TCP_KEEPINTVL", IPPROTO_TCP, TCP_KEEPINTVL, keepalive->interval_s, alive},
        {"TCP_KEEPCNT", IPPROTO_TCP, TCP_KEEPCNT, keepalive->count, alive},
        {"TCP_USER_TIMEOUT", IPPROTO_TCP, TCP_USER_TIMEOUT, (int)(user_timeout_ns / NS_PER_MS),
         user_timeout_ns != OPTION_NEVER},
    };
    memcpy(rows, all, sizeof(all));
}

int socket_options_set(int fd, const struct socket_option *rows, size_t n, const char **ret_name)
{
    for (size_t i = 0; i < n; i++) {
        if (!rows[i].wanted ||
            !setsockopt(fd, rows[i].level, rows[i].option, &rows[i].value, sizeof(int)))
            continue;
        *ret_name = rows[i].name;
        return -errno;
    }
    return 0;
}

json_t *socket_options_json(int fd, const struct socket_option *rows, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        int effective = 0;
        socklen_t length = sizeof(effective);
        if (rows[i].wanted && !getsockopt(fd, rows[i].level, rows[i].option, &effective, &length))
            json_array_append_new(list, json_pack("{s:s, s:i, s:i}", "option", rows[i].name,
                                                  "asked", rows[i].value, "effective", effective));
    }
    return list;
}

void socket_options_notice_clamps(const json_t *list)
{
    size_t i;
    json_t *option;
    json_array_foreach((json_t *)list, i, option)
    {
        int64_t asked = page_integer(option, "asked", NULL),
                effective = page_integer(option, "effective", NULL);
        if (asked != effective)
            terminal_notice("%s: asked for %lld, the kernel made it %lld",
                            json_string_value(json_object_get(option, "option")), (long long)asked,
                            (long long)effective);
    }
}
