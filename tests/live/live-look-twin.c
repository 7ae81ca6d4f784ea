/* tcplab-look in every network namespace of the host, what it saves of a host, and a lab that is
 * set up like that host. */
#include "tests/lib/live.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(look_twin, .init = live_setup, .timeout = LIVE_TIMEOUT_S);

/* --- namespaces that the test makes --- */

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    cr_assert_geq(fd, 0, "%s", path);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text), "%s: %s", path, text);
    close(fd);
}

static int local_socket(int flags, int port, struct sockaddr_in *ret)
{
    *ret = (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
}

static void loopback_up(void)
{
    struct ifreq up = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(ioctl(fd, SIOCSIFFLAGS, &up), 0);
    close(fd);
}

/* In a network namespace of its own: a listener that never accepts, and these connections to it. */
static void live_there(int port, const char *somaxconn, int backlog, int connections)
{
    struct sockaddr_in at;
    cr_assert_eq(unshare(CLONE_NEWNET), 0);
    loopback_up();
    write_file("/proc/sys/net/core/somaxconn", somaxconn);
    int fd = local_socket(0, port, &at);
    cr_assert_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    cr_assert_eq(listen(fd, backlog), 0);
    for (int i = 0; i < connections; i++)
        connect(local_socket(SOCK_NONBLOCK, port, &at), (struct sockaddr *)&at, sizeof(at));
}

static pid_t inhabit(int port, const char *somaxconn, int backlog, int connections)
{
    int ready[2];
    char byte;
    cr_assert_eq(pipe2(ready, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (!pid) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        live_there(port, somaxconn, backlog, connections);
        if (write(ready[1], "r", 1) == 1)
            pause();
        _exit(0);
    }
    close(ready[1]);
    cr_assert_eq(read(ready[0], &byte, 1), 1, "the process of port %d ended", port);
    close(ready[0]);
    return pid;
}

static void leave(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* Where cgroups may be made, in one of that name; the path of its folder, or NULL. */
static char *put_in_cgroup(pid_t pid, const char *name)
{
    static const char *const mounts[] = {"/sys/fs/cgroup/unified", "/sys/fs/cgroup"};
    for (size_t i = 0; i < sizeof(mounts) / sizeof(*mounts); i++) {
        char *folder = NULL, *procs = NULL;
        cr_assert_geq(asprintf(&folder, "%s/%s", mounts[i], name), 0);
        cr_assert_geq(asprintf(&procs, "%s/cgroup.procs", folder), 0);
        int fd = mkdir(folder, 0755) && errno != EEXIST ? -1 : open(procs, O_WRONLY | O_CLOEXEC);
        bool moved = fd >= 0 && dprintf(fd, "%d", (int)pid) > 0;
        if (fd >= 0)
            close(fd);
        free(procs);
        if (moved)
            return folder;
        rmdir(folder);
        free(folder);
    }
    return NULL;
}

/* As `ip netns attach web PID` does, in a mount namespace of the test's own. */
static void give_name(pid_t pid, const char *name)
{
    char path[64], target[64];
    snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
    snprintf(target, sizeof(target), "/run/netns/%s", name);
    cr_assert_eq(unshare(CLONE_NEWNS), 0);
    cr_assert_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
    cr_assert_eq(mount("tmpfs", "/run", "tmpfs", 0, NULL), 0);
    cr_assert_eq(mkdir("/run/netns", 0755), 0);
    close(open(target, O_CREAT | O_WRONLY | O_CLOEXEC, 0444));
    cr_assert_eq(mount(path, target, NULL, MS_BIND, NULL), 0);
}

/* --- --all-netns --- */

/* The entry of a list with this value. */
static const json_t *entry(const json_t *list, const char *key, const char *text, int64_t number)
{
    size_t i;
    json_t *e;
    json_array_foreach((json_t *)list, i, e)
    {
        const json_t *value = json_object_get(e, key);
        if (text ? json_is_string(value) && !strcmp(json_string_value(value), text)
                 : json_integer_value(value) == number)
            return e;
    }
    return NULL;
}

static const char *string_at(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static ino_t namespace_of(pid_t pid)
{
    char path[64];
    struct stat status = {0};
    snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
    cr_assert_eq(stat(path, &status), 0);
    return status.st_ino;
}

/* The part of the namespace that the listener at this port is in, which must be called so. */
static const json_t *namespace_at(const struct live *l, int port, const char *name)
{
    const json_t *at = entry(json_object_get(l->report, "listeners"), "port", NULL, port);
    cr_assert_not_null(at, "no listener at port %d: %s", port, l->out_text);
    cr_expect_str_eq(string_at(at, "namespace"), name);
    return entry(json_object_get(l->report, "namespaces"), "namespace", string_at(at, "namespace"),
                 0);
}

Test(look_twin, all_netns_sees_those_that_the_test_made)
{
    static const char container[] =
        "docker-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.scope";
    char program[64], wanted[64];
    pid_t full = inhabit(41001, "77", 0, 3), named = inhabit(41002, "88", 5, 0);
    pid_t other = inhabit(41003, "99", 500, 0);
    char *cgroup = put_in_cgroup(full, container);
    snprintf(program, sizeof(program), "%s %d", "live-look-twin", (int)full);
    snprintf(wanted, sizeof(wanted), "%s", cgroup ? "docker 0123456789ab" : program);
    give_name(named, "web");

    struct live *l = live_start("look", "--all-netns", "--for", "1500ms", "--json", NULL);
    /* the connections that found no place try again after a second: this one drops now */
    cr_expect_eq(namespace_of(l->pid), namespace_of(getpid()));
    cr_assert_eq(live_wait(l), 3, "%s", l->err_text);
    cr_assert_not_null(l->report, "%s", l->err_text);
    const json_t *in = namespace_at(l, 41001, wanted);
    cr_expect_eq(live_integer(in, "somaxconn", NULL), 77);
    cr_expect_eq((ino_t)live_integer(in, "inode", NULL), namespace_of(full));
    cr_expect_gt(live_integer(in, "counters", "TcpExt.ListenOverflows", NULL), 0);
    const json_t *at = entry(json_object_get(l->report, "listeners"), "port", NULL, 41001);
    cr_expect_eq(live_integer(at, "queue", NULL), 1);
    cr_expect_eq(live_integer(at, "pid", NULL), full);
    cr_expect(json_is_true(json_object_get(at, "dropping")));

    in = namespace_at(l, 41002, "web");
    cr_expect_eq(live_integer(in, "somaxconn", NULL), 88);
    cr_expect_null(json_object_get(json_object_get(in, "counters"), "TcpExt.ListenOverflows"),
                   "the counters of another namespace");
    snprintf(program, sizeof(program), "%s %d", "live-look-twin", (int)other);
    in = namespace_at(l, 41003, program);
    cr_expect_eq(live_integer(in, "somaxconn", NULL), 99);
    cr_expect_eq(live_integer(in, "listeners", NULL), 1);
    /* the limit that 500 was cut to is found with the namespace's own somaxconn */
    const json_t *cut = entry(json_object_get(l->report, "listeners"), "port", NULL, 41003);
    cr_expect_eq(live_integer(cut, "limit", NULL), 99);
    live_free(l);
    leave(full);
    leave(named);
    leave(other);
    if (cgroup) {
        live_until(0, "wc -l <%s/cgroup.procs", cgroup);
        cr_expect_eq(rmdir(cgroup), 0);
    }
    free(cgroup);
}

/* An ordinary user may look at one namespace only, and is told so. */
Test(look_twin, all_netns_needs_root)
{
    if (live_number("id -u") || live_number("cat /proc/self/uid_map | awk '{print $1 != $2}'"))
        return; /* no other user to become */
    const char *said = live_shell("setpriv --reuid=65534 --regid=65534 --clear-groups "
                                  "%s/bench/look/tcplab-look --all-netns --for 100ms 2>&1; echo $?",
                                  TEST_BUILD);
    cr_assert(strstr(said, "only root may look into other network namespaces"), "%s", said);
    cr_assert(strstr(said, "\n77"), "%s", said);
}

/* --- a twin --- */

/* In a network with settings that are not those of a fresh one, as this test has set them. */
static void save_host(const char *file)
{
    int code;
    live_shell("sysctl -qw net.core.somaxconn=300 net.ipv4.tcp_fin_timeout=17 "
               "net.ipv4.tcp_keepalive_time=601");
    struct live *server =
        live_start_ready("server", "-p", "8081", "-b", "511", "-a", "never", NULL);
    struct live *other = live_start_ready("server", "-p", "8082", "-b", "23", "-a", "never", NULL);
    struct live *client =
        live_start("client", "-c", "30", "--hold", "100s", "127.0.0.1:8082", NULL);
    live_until(24, "ss -Hltn 'sport = :8082' | awk '{print $2}'");
    live_free(live_run(&code, "look", "--for", "300ms", "--save", file, NULL));
    cr_assert_eq(code, 0);
    live_stop(client, SIGINT);
    live_stop(server, SIGINT);
    live_stop(other, SIGINT);
    live_free(client);
    live_free(server);
    live_free(other);
}

static const json_t *like_of(const struct live *run)
{
    const json_t *document = json_array_get(json_object_get(run->report, "runs"), 0);
    cr_assert_not_null(document, "%s", run->err_text);
    return json_object_get(document, "like");
}

static const json_t *condition_of(const struct live *run, const char *sysctl)
{
    const json_t *document = json_array_get(json_object_get(run->report, "runs"), 0);
    return json_object_get(json_object_get(json_object_get(document, "setup"), "conditions"),
                           sysctl);
}

Test(look_twin, what_was_saved_is_so_in_the_lab)
{
    char file[] = "/tmp/twin-XXXXXX", at[64];
    int code;
    close(mkstemp(file));
    save_host(file);
    json_t *host = json_load_file(file, 0, NULL);
    cr_assert_str_eq(string_at(host, "schema"), "tcplab.host/1");
    cr_expect_str_eq(string_at(json_object_get(host, "sysctls"), "net.ipv4.tcp_fin_timeout"), "17");
    const json_t *listener = entry(json_object_get(host, "listeners"), "port", NULL, 8081);
    cr_expect_eq(live_integer(listener, "limit", NULL), 300, "511, cut by somaxconn");

    /* the lab has what the kernel says there, and --set comes later */
    snprintf(at, sizeof(at), "%s:8081", file);
    struct live *run = live_run(&code, "bench", "run", "handshake", "--like", at, "--set",
                                "net.ipv4.tcp_keepalive_time=602", "--json", NULL);
    cr_assert_eq(code, 0, "%s", run->err_text);
    cr_expect_eq(json_integer_value(condition_of(run, "net.core.somaxconn")), 300);
    cr_expect_eq(json_integer_value(condition_of(run, "net.ipv4.tcp_fin_timeout")), 17);
    cr_expect_eq(json_integer_value(condition_of(run, "net.ipv4.tcp_keepalive_time")), 602);
    const json_t *like = like_of(run);
    cr_expect_eq(live_integer(like, "listener", "backlog", NULL), 300);
    cr_expect_eq(live_integer(like, "listener", "port", NULL), 8081);
    cr_expect_str_eq(string_at(json_object_get(like, "set"), "net.ipv4.tcp_fin_timeout"), "17");
    cr_expect_null(json_object_get(json_object_get(like, "set"), "net.ipv4.tcp_keepalive_time"));
    const json_t *unlike =
        entry(json_object_get(like, "not_set"), "key", "net.ipv4.tcp_keepalive_time", 0);
    cr_expect_str_eq(string_at(unlike, "why"), "--set sets 602");
    live_free(run);

    /* without a port: the one that hurts */
    run = live_run(&code, "bench", "run", "accept-queue-full", "--like", file, "--set",
                   "clients=40", "--json", NULL);
    cr_assert_eq(code, 0, "%s", run->err_text);
    cr_expect_eq(live_integer(like_of(run), "listener", "port", NULL), 8082);
    const json_t *document = json_array_get(json_object_get(run->report, "runs"), 0);
    cr_expect_eq(live_integer(document, "knobs", "backlog", NULL), 23);
    cr_expect_eq(live_integer(document, "ledger", "queued", NULL), 24);
    live_free(run);

    run = live_run(&code, "bench", "run", "accept-queue-full", "--like", file, "--set",
                   "clients=40", "--set", "backlog=5", "--show", "setup", NULL);
    cr_assert_eq(code, 0, "%s", run->err_text);
    cr_expect(strstr(run->out_text, "(tcplab-server, port 8082), somaxconn"), "%s", run->out_text);
    cr_expect(strstr(run->out_text, "backlog 23 (it is 5 here)"), "%s", run->out_text);
    live_free(run);
    json_decref(host);
    unlink(file);
}

static const struct {
    const char *content, *says;
} bad_files[] = {
    {"", "it is no JSON object"},
    {"[1]", "it is no JSON object"},
    {"{\"schema\": \"tcplab.host/1\", \"sysctls\": {", "it is no JSON object"},
    {"{}", "its schema is missing"},
    {"{\"schema\": \"tcplab.look/1\"}", "its schema is tcplab.look/1, not tcplab.host/1"},
    {"{\"schema\": \"tcplab.host/2\"}", "of a newer tcplab"},
    {"{\"schema\": \"tcplab.host/one\"}", "this tcplab reads tcplab.host/1"},
    {"{\"schema\": \"tcplab.host/1\"}", "it has no sysctls"},
    {"{\"schema\": \"tcplab.host/1\", \"sysctls\": {}}", "it has no listeners"},
    {"{\"schema\": \"tcplab.host/1\", \"sysctls\": {\"net.ipv4.x\": 5}, \"listeners\": []}",
     "the value of net.ipv4.x is no text"},
    {"{\"schema\": \"tcplab.host/1\", \"sysctls\": {\"kernel.panic\": \"5\"}, \"listeners\": []}",
     "the sysctl kernel.panic"},
    {"{\"schema\": \"tcplab.host/1\", \"sysctls\": {\"net.ipv4.../x\": \"5\"}, \"listeners\": []}",
     "the sysctl net.ipv4.../x"},
    {"{\"schema\": \"tcplab.host/1\", \"sysctls\": {}, \"listeners\": [{\"port\": 80}]}",
     "a listener without a port or a limit"},
    {"{\"schema\": \"tcplab.host/1\", \"sysctls\": {}, \"listeners\": [{\"port\": 70000, "
     "\"limit\": 5}]}",
     "a listener without a port or a limit"},
};

Test(look_twin, a_file_that_is_none_is_refused_in_one_sentence)
{
    char file[] = "/tmp/twin-XXXXXX", at[64];
    int code;
    close(mkstemp(file));
    for (size_t i = 0; i < sizeof(bad_files) / sizeof(*bad_files); i++) {
        FILE *out = fopen(file, "we");
        fputs(bad_files[i].content, out);
        fclose(out);
        struct live *run = live_run(&code, "bench", "run", "handshake", "--like", file, NULL);
        cr_expect_eq(code, 2, "%s: %s", bad_files[i].content, run->err_text);
        cr_expect(strstr(run->err_text, bad_files[i].says), "%s: %s", bad_files[i].content,
                  run->err_text);
        cr_expect(strstr(run->err_text, file), "%s", run->err_text);
        cr_expect_eq(strchr(run->err_text, '\n'), run->err_text + strlen(run->err_text) - 1, "%s",
                     run->err_text);
        live_free(run);
    }
    FILE *out = fopen(file, "we");
    fputs("{\"schema\": \"tcplab.host/1\", \"sysctls\": {}, \"listeners\": []}", out);
    fclose(out);
    snprintf(at, sizeof(at), "%s:80", file);
    struct live *run = live_run(&code, "bench", "run", "handshake", "--like", at, NULL);
    cr_expect_eq(code, 2);
    cr_expect(strstr(run->err_text, "has no listener at port 80"), "%s", run->err_text);
    live_free(run);
    unlink(file);
    run = live_run(&code, "bench", "run", "handshake", "--like", at, NULL);
    cr_expect_eq(code, 2);
    cr_expect(strstr(run->err_text, "cannot be read: No such file"), "%s", run->err_text);
    live_free(run);
}
