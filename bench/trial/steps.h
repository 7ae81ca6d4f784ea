/* The steps that an experiment's run() calls. steps.c has failures, looks and waits;
 * steps_programs.c, steps_wire.c, steps_sysctls.c and steps_see.c have the rest. After the first
 * failure of the trial every step does nothing, so a run() needs no error handling. A step that
 * waits looks at both hosts meanwhile. */
#pragma once

#include "bench/trial/trial.h"

#include <stdbool.h>

/* Starts tcplab-server on the server host with these further arguments (NULL-terminated) and waits
 * until it listens. Passes the knob backlog on, if the experiment has one. */
void step_serve(struct trial *t, ...) __attribute__((sentinel));

/* Starts a tcplab-client that makes n connections, with these further arguments (NULL-terminated);
 * does not wait for the connections. The client keeps them until the end of the trial, unless the
 * arguments say otherwise. */
void step_connect(struct trial *t, int64_t n, ...) __attribute__((sentinel));

/* The same, and on a wire all SYNs arrive together, however long the machine takes to send them:
 * the wire holds them at its entrance until it has the last one. Returns when all have been
 * sent. */
void step_connect_together(struct trial *t, int64_t n);

/* The wire passes each SYN once and drops its retransmissions. For an experiment that counts what
 * the first SYNs did. Does nothing on loopback. */
void step_no_second_syn(struct trial *t);

/* The same for SYN-ACKs: their repetitions would be answered by further ACKs. */
void step_no_second_syn_ack(struct trial *t);

/* Waits until no segment is in flight (except those that the wire holds) and several looks in a row
 * have found the same. */
void step_settle(struct trial *t);

/* Waits until reached(t, number) is true, at most patience_s seconds. Returns whether it was; if
 * not, the trial goes on, and its observations show the difference. what: completes "the run waits
 * for", as in "FIN_WAIT_2 to end". */
typedef bool step_reached(struct trial *t, int64_t number);
bool step_wait(struct trial *t, step_reached *reached, int64_t number, double patience_s,
               const char *what);

/* The same for a state that the kernel reaches at once and that the next step needs: the trial
 * fails after a minute. */
void step_need(struct trial *t, step_reached *reached, int64_t number, const char *what);

/* Conditions for step_wait() and step_need(). */
step_reached step_clients_ended; /* all tcplab-clients have exited */
step_reached step_wire_is_empty; /* no segment is in flight */
/* each client in SYN_SENT has retransmitted its SYN `number` times */
step_reached step_syns_sent_again;
/* the server has retransmitted the SYN-ACK of each half-open connection `number` times */
step_reached step_syn_acks_sent_again;

/* How many sockets of a side are in a state, in the last look. */
int64_t step_state(const struct trial *t, enum side side, enum sockdiag_state state);

/* Conditions, too: a socket of that side is in the state `number` (enum sockdiag_state); 0: that
 * side has no socket left. */
step_reached step_client_is, step_server_is;

/* How many connections the server's program has, in the last look. */
int64_t step_accepted(const struct trial *t);

/* The server accepts from now on (SIGUSR1), and ignores --accept-delay. */
void step_accept(struct trial *t);

/* Kills the last client with SIGKILL: the kernel closes its sockets. */
void step_kill_client(struct trial *t);

/* Sets a sysctl on a host. The lab's namespaces end with the trial, and the value with them. */
void step_set(struct trial *t, enum side side, const char *key, const char *value);

/* The same for a sysctl whose value only the experiment chooses: if the user has set it by its full
 * name, the trial fails and says to leave it out. An experiment that sets
 * net.ipv4.ip_local_port_range this way expects that connect() may find no port. */
void step_set_own(struct trial *t, enum side side, const char *key, const char *value);

/* The number of ports that connect() can choose from on that side: ip_local_port_range without
 * ip_local_reserved_ports. */
int64_t step_ports(struct trial *t, enum side side);

/* Ends the trial because connect() or bind() on that side found no port, which the experiment does
 * not expect; the message gives the reason. */
void step_fail_without_port(struct trial *t, enum side side);

/* Waits for the kernel's destroy event of every client socket that has vanished: the kernel sends
 * these events from a work queue, some time later. */
void step_hear_deaths(struct trial *t);

/* Takes stock: the ledger, the queue, the states and the counters of the report are those of this
 * moment. Call it once. */
void step_take_stock(struct trial *t);

/* Records an observation under the name of its expectation (printf format). */
void step_see(struct trial *t, double value, const char *name, ...)
    __attribute__((format(printf, 3, 4)));

/* Waits until the next look is due, and looks once at both hosts. */
void step_look(struct trial *t);

/* --- the wire; these do nothing on loopback --- */

/* The wire passes each connection's FIN once in each direction and drops its retransmissions.
 * Otherwise the answer to a retransmission could meet a TIME_WAIT, and a RST could end that. */
void step_no_second_fin(struct trial *t);

/* hold: the wire keeps the segments of that direction at its entrance until it is called with
 * false, so that an experiment can let a connection go on one segment at a time. */
void step_hold(struct trial *t, enum direction direction, bool hold);
/* Waits until the wire holds that many segments; the trial fails after a minute. */
void step_need_held(struct trial *t, enum direction direction, int64_t segments);

/* Waits until the wire holds that many segments, and lets only these pass. */
void step_let(struct trial *t, enum direction direction, int64_t segments);

/* The n-th address of a host, as text: its own (n = 1), or a further one, which the first call adds
 * to the host. n is at most 9. Only with a wire. */
#define STEP_ADDRESS_MAX 32
const char *step_address(struct trial *t, enum side side, int n,
                         char text[static STEP_ADDRESS_MAX]);

/* cut: the wire drops everything, in both directions, as if the cable was pulled. */
void step_cut(struct trial *t, bool cut);
/* Adds a fault to the wire (lab/fault.h). Returns its id. */
int step_fault(struct trial *t, const struct fault *fault);
uint64_t step_fault_matched(const struct trial *t, int id); /* segments that it has matched */
void step_clear_faults(struct trial *t);                    /* removes all faults */

/* --- observing --- */

/* Records how many sockets of a host are in a state (in the last look), or how far a counter of a
 * host has moved by now. The tests compare what these two record with `ss` and `nstat`. */
void step_see_state(struct trial *t, enum side side, enum sockdiag_state state, const char *name,
                    ...) __attribute__((format(printf, 4, 5)));
void step_see_counter(struct trial *t, enum side side, const char *counter, const char *name, ...)
    __attribute__((format(printf, 4, 5)));

/* How far a counter of a host has moved by now. name: "TcpExt.ListenDrops". */
int64_t step_counter(struct trial *t, enum side side, const char *name);

/* Resets all counters; call it after the set-up, in which a slow machine may have sent a SYN
 * again. */
void step_count_anew(struct trial *t);

/* The report will show the packets of the first connection in that row of the ledger. */
void step_show(struct trial *t, enum ledger_row row, const char *caption);

/* A moment of the run at which somebody who watches should think about what comes: the film halts
 * there and shows the sentence (printf format; less than STEP_MARK_MAX bytes, 75 fit on the page).
 * Call it just before the step that it announces. The document's "stops" hold it. */
#define STEP_MARK_MAX 160
void step_mark(struct trial *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Fails the trial, unless it has failed already. format: a sentence; code: enum exit_code. */
void step_fail(struct trial *t, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Fails the trial because a program of the lab (name) stays stopped (lab/process.h) while the trial
 * waits for `what`. */
void step_fail_stopped(struct trial *t, const char *name, const char *what);
