/* Well-known server programs: their default backlog, and how to set it. Each default was checked in
 * the program's source or manual: the last column names the file, and the version that was read. */
#pragma once

#include <stdint.h>

struct program_backlog {
    const char *program;   /* the name in /proc/PID/comm, or its beginning */
    int64_t fallback;      /* its default; -1: it has none of its own */
    const char *directive; /* how to set it */
    const char *source;    /* where the default is defined */
};

/* X(program, default, directive, source) */
#define PROGRAM_BACKLOGS(X)                                                                     \
    X("nginx", 511,                                                                             \
      "backlog=N in its listen directive, then a restart (a reload keeps the socket)",          \
      "NGX_LISTEN_BACKLOG, src/os/unix/ngx_linux_config.h (1.31.5, 2026-08-21)")                \
    X("apache2", 511, "ListenBacklog N in apache2.conf",                                        \
      "DEFAULT_LISTENBACKLOG, include/mpm_common.h (2.5.1-dev, 2024-10-18)")                    \
    X("httpd", 511, "ListenBacklog N in httpd.conf",                                            \
      "DEFAULT_LISTENBACKLOG, include/mpm_common.h (2.5.1-dev, 2024-10-18)")                    \
    X("haproxy", -1, "backlog N in the frontend (default: its maxconn)",                        \
      "listener_backlog(), src/listener.c (3.5-dev5, 2026-08-21)")                              \
    X("node", 511, "server.listen({port, backlog: N})",                                         \
      "setupListenHandle(), lib/net.js: listen(backlog || 511) (20.20.2)")                      \
    X("java", -1,                                                                               \
      "new ServerSocket(port, N) (default: 50); Netty: option(SO_BACKLOG, N) (default: "        \
      "net.core.somaxconn); Tomcat: acceptCount",                                               \
      "ServerSocket.bind(), java/net/ServerSocket.java; SOMAXCONN, io/netty/util/NetUtil.java") \
    X("gunicorn", 2048, "--backlog N", "class Backlog, gunicorn/config.py")                     \
    X("uvicorn", 2048, "--backlog N", "Config.__init__(), uvicorn/config.py")                   \
    X("uwsgi", 100, "listen = N (it does not start where that is above net.core.somaxconn)",    \
      "uwsgi_init_default(), core/init.c; core/socket.c")                                       \
    X("php-fpm", -1,                                                                            \
      "listen.backlog = N in the pool's file (default: net.core.somaxconn, or 511)",            \
      "fpm_worker_pool_config_alloc(), sapi/fpm/fpm/fpm_conf.c: FPM_BACKLOG_DEFAULT, "          \
      "sapi/fpm/fpm/fpm_sockets.h (-1 on Linux; older: 511); pool.d/www.conf (8.2.36)")         \
    X("redis-server", 511, "tcp-backlog N in redis.conf",                                       \
      "src/config.c, tcp-backlog (unstable, 2024-10-18)")                                       \
    X("postgres", -1, "none: twice max_connections (before 16: at most 10,000)",                \
      "ListenServerPort(), src/backend/libpq/pqcomm.c")                                         \
    X("mysqld", -1, "back_log = N (default: max_connections, at most 65,535)",                  \
      "init_common_variables(), sql/mysqld.cc: back_log")                                       \
    X("mariadbd", -1, "back_log = N (default: 50 + max_connections / 5, at most 900)",          \
      "init_common_variables(), sql/mysqld.cc: back_log")                                       \
    X("sshd", 128, "none: SSH_LISTEN_BACKLOG is compiled in", "ssh.h, SSH_LISTEN_BACKLOG")      \
    X("systemd", -1, "Backlog=N in the .socket unit (default: net.core.somaxconn; older: 128)", \
      "SOMAXCONN_DELUXE, src/basic/socket-util.h (INT_MAX; older: SOMAXCONN)")                  \
    X("python3", -1, "socket.listen(N); http.server and socketserver: request_queue_size",      \
      "Lib/socketserver.py, TCPServer.request_queue_size (5)")                                  \
    X("tcplab-server", 4096, "--backlog N", "server/settings.c")

/* Finds a program by the name of a process ("php-fpm8.2" is php-fpm); NULL: it is not known. */
const struct program_backlog *program_backlog_of(const char *name);
