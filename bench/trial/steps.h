/* What an experiment can do: the steps that its run() is made of. steps.c fails, looks and waits;
 * steps_programs.c, steps_wire.c, steps_sysctls.c and steps_see.c do what they say. After the first
 * failure each of them does nothing, so a run() needs no error handling. Those that wait, look at
 * both hosts meanwhile. */
#pragma once

#include "bench/trial/trial.h"

#include <stdbool.h>

/* Starts tcplab-server on the server host with these further arguments (NULL-terminated) and waits
 * until it listens. The knob backlog, where there is one, is passed on. */
void step_serve(struct trial *t, ...) __attribute__((sentinel));

/* Starts a tcplab-client that makes n connections, with these further arguments; does not wait for
 * them. It keeps them until the end, unless the arguments say otherwise. */
void step_connect(struct trial *t, int64_t n, ...) __attribute__((sentinel));

/* The same, and on the wire all SYNs arrive together, whatever the machine takes to send them: they
 * are held at its entrance until the last one is there. Returns when all have been sent. */
void step_connect_together(struct trial *t, int64_t n);

/* Each SYN passes the wire once: what is sent again (after 1 s) is dropped there. For an experiment
 * that counts what the first ones did. Nothing on loopback. */
void step_no_second_syn(struct trial *t);

/* Waits until no segment is in flight (except those that the wire holds) and nothing changes. */
void step_settle(struct trial *t);

/* Waits until reached() is true. Returns false after patience_s; the observations then show the
 * difference. what: "FIN_WAIT_2 to end". */
typedef bool step_reached(struct trial *t, int64_t number);
bool step_wait(struct trial *t, step_reached *reached, int64_t number, double patience_s,
               const char *what);

/* The same for a state that takes no time by the kernel's rules, and that the next step needs: the
 * trial fails after a minute. */
void step_need(struct trial *t, step_reached *reached, int64_t number, const char *what);

/* Some states to wait for. */
step_reached step_clients_ended; /* all tcplab-clients have exited */
/* each client in SYN_SENT has sent its SYN `number` times more */
step_reached step_syns_sent_again;
/* the server has sent each half-open one its SYN-ACK `number` times more */
step_reached step_syn_acks_sent_again;

/* How many sockets of a side are in a state, in the last look. */
int64_t step_state(const struct trial *t, enum side side, enum sockdiag_state state);

/* For step_need(): a socket of that side is in the state `number`; 0: none is left there. */
step_reached step_client_is, step_server_is;

/* How many connections the server's program has, in the last look. */
int64_t step_accepted(const struct trial *t);

/* The server accepts from now on (SIGUSR1), and ignores --accept-delay. */
void step_accept(struct trial *t);

/* kill -9 of the last client: its kernel closes what it had. */
void step_kill_client(struct trial *t);

/* Sets a sysctl on a host, for this trial. */
void step_set(struct trial *t, enum side side, const char *key, const char *value);

/* The same for one that is the experiment's own choice: whoever gives it by its full name is told
 * to leave it out. With net.ipv4.ip_local_port_range the experiment takes on that connect() may
 * find no port. */
void step_set_own(struct trial *t, enum side side, const char *key, const char *value);

/* How many ports connect() has to choose from on that side: the range without what is reserved. */
int64_t step_ports(struct trial *t, enum side side);

/* connect() or bind() of that side found no port, and nobody expected that: ends the trial with the
 * reason. */
void step_fail_without_port(struct trial *t, enum side side);

/* Waits for the kernel's destroy event of every vanished client socket: the event comes from a work
 * queue, some time after. */
void step_hear_deaths(struct trial *t);

/* Takes stock: the ledger, the queue, the states and the counters of the report are those of this
 * moment. Once. */
void step_take_stock(struct trial *t);

/* Notes an observation under the name of its expectation. */
void step_see(struct trial *t, double value, const char *name, ...)
    __attribute__((format(printf, 3, 4)));

/* Looks once at both hosts, when the next look is due. */
void step_look(struct trial *t);

/* --- the wire; nothing on loopback --- */

/* Each connection's FIN passes the wire once in each direction: what is sent again while it is held
 * is dropped there. Else the answers to it could meet a TIME_WAIT, and a RST end that. */
void step_no_second_fin(struct trial *t);

/* While it holds, segments of that direction gather at the wire's entrance: so a connection can be
 * followed one segment at a time. */
void step_hold(struct trial *t, enum direction direction, bool hold);
void step_need_held(struct trial *t, enum direction direction, int64_t segments);

/* While it holds: waits until that many are held, and lets only these set out. */
void step_let(struct trial *t, enum direction direction, int64_t segments);

/* The n-th address of a host, as text: its own (n = 1), or one more, which it gets with the first
 * call: nothing else may be in its network of that number. Only with a wire. At most 9. */
#define STEP_ADDRESS_MAX 32
const char *step_address(struct trial *t, enum side side, int n,
                         char text[static STEP_ADDRESS_MAX]);

/* both directions: the cable is pulled */
void step_cut(struct trial *t, bool cut);
int step_fault(struct trial *t, const struct fault *fault); /* its id */
uint64_t step_fault_matched(const struct trial *t, int id);
void step_clear_faults(struct trial *t);

/* --- observing --- */

/* Notes, now, how many sockets of a host are in a state (of the last look), or how far a counter of
 * a host has moved. Where such a thing is noted this way, the tests compare it with `ss` and
 * `nstat`. */
void step_see_state(struct trial *t, enum side side, enum sockdiag_state state, const char *name,
                    ...) __attribute__((format(printf, 4, 5)));
void step_see_counter(struct trial *t, enum side side, const char *counter, const char *name, ...)
    __attribute__((format(printf, 4, 5)));

/* How far a counter of a host has moved by now. */
int64_t step_counter(struct trial *t, enum side side, const char *name);

/* Resets all counters; call it after the set-up, in which a slow machine may have sent a SYN
 * again. */
void step_count_anew(struct trial *t);

/* The report shows the packets of the first connection in that row of the ledger. */
void step_show(struct trial *t, enum ledger_row row, const char *caption);

/* A failure of the trial: a sentence; code: enum exit_code. */
void step_fail(struct trial *t, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same of a program of the lab that stays stopped (lab/process.h) while the trial waits for
 * something. */
void step_fail_stopped(struct trial *t, const char *name, const char *what);
