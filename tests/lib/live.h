/* Live tests: the real programs in a network namespace of the test's own, compared with what ss and
 * nstat say there.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#define LIVE_PATIENCE_MS 240000 /* for the end of a program */
#define LIVE_STATE_MS    60000  /* for a state that has to come */
/* of a test; longer than the two above, which say what was waited for */
#define LIVE_TIMEOUT_S 400

/* A new network namespace, loopback up, for this test and the programs it starts. Give it as .init
 * of each test. */
void live_setup(void);

/* Skips the test where unshare -m has no root to make private: in a chroot. */
void live_need_private_mounts(void);

/* This test, and the programs it starts, find that text in the file; the machine's own stays as it
 * is. */
void live_replace_file(const char *path, const char *text);

struct live {
    pid_t pid;
    int out, err; /* unnamed files that take stdout and stderr */
    int ready;    /* read end of --ready-fd, or -1 */
    char *out_text, *err_text;
    json_t *report; /* stdout as JSON, when it is one document */
    struct rusage usage;
};

/* For the next program that is started alone; 0: as it is. The limit of descriptors, and where
 * stdout goes. */
extern rlim_t live_descriptors;
extern int live_output;

/* The next program that is started alone gets the signals that this test blocks and ignores. */
extern bool live_inherits;

/* Starts "server", "client", "bench" or "look" (of the build under test) with the arguments up to
 * NULL. Its signals are as a shell gives them to a program, whatever this process inherited (nohup
 * ignores SIGHUP). */
struct live *live_start(const char *program, ...) __attribute__((sentinel));

/* The same with --ready-fd; returns once the program has said that it is ready. */
struct live *live_start_ready(const char *program, ...) __attribute__((sentinel));

/* Waits for the end. The exit code, or 128 + the signal; the texts and the report are there
 * afterwards. A program that does not end within LIVE_PATIENCE_MS is killed, and the test fails
 * with what it said. */
int live_wait(struct live *p);

/* Sends a signal, then waits. */
int live_stop(struct live *p, int signal_number);

/* Starts and waits. */
struct live *live_run(int *ret_code, const char *program, ...) __attribute__((sentinel));

void live_free(struct live *p);

/* The integer at a path of keys; fails the test where there is none. */
int64_t live_integer(const json_t *document, const char *key, ...) __attribute__((sentinel));

/* What a shell command prints in this namespace, and as a number. The first is static until the
 * next call. */
const char *live_shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
int64_t live_number(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Runs the command again and again until it prints this number; fails the test after LIVE_STATE_MS,
 * which is for machines that are very busy. The time it took, in ms. */
int64_t live_until(int64_t number, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Skips the test where no user namespace can be made, with the reason. */
void live_need_user_namespaces(void);

/* Waits until port 8888 of this namespace has so many connections, TIME_WAIT apart, and all of them
 * are accepted: a connection is ESTABLISHED, and a client is done, before the server accepts it,
 * and one that was reset stays in the accept queue though ss shows it nowhere else. */
void live_until_accepted(int64_t number);

/* Waits until the text is in what the program has written to stderr so far. */
void live_until_said(const struct live *p, const char *text);

/* SIGSTOP, and waits until each thread is stopped. */
void live_freeze(const struct live *p);

/* The whole namespace's counter as nstat prints it ("TcpExtListenOverflows"). */
int64_t live_nstat(const char *name);

/* Port of a server started with --port 0, from its listener (ss). */
int live_port(const struct live *server);

/* Whether this build carries sanitizers: their memory and time are not the program's. */
extern const bool live_sanitized;
