/* Shared by the experiments in which one end sends and receives nothing more: the kernel
 * retransmits a segment until it gives up the connection. */
#pragma once

#include "bench/model/retransmit.h"
#include "bench/trial/sockets.h"
#include "bench/trial/steps.h"

/* With an RTO just above 200 ms the limits of retransmits_timed_out() are close to a firing of the
 * timer, so a round trip that is some milliseconds longer changes the result. With a delay of 17 ms
 * or more the limits of two and more retries are far from any firing. */
#define UNANSWERED_DELAY "25ms"

/* What the wire drops. */
enum unanswered_lost { UNANSWERED_FIN, UNANSWERED_ACK };
#define KNOB_LOST                                                               \
    {                                                                           \
        "lost", "fin", &option_choice, "what is lost: the FINs, or their ACKs", \
            .choices = unanswered_lost_names                                    \
    }
extern const char *const unanswered_lost_names[];

/* The round trip that an end measures in the handshake: at least what the wire takes, at most
 * what a busy machine may add to it. */
struct span unanswered_rtt(const struct knobs *k);

/* For experiment.check: whether the kernel gives up early enough. Returns 0, or -EINVAL and a
 * sentence (caller frees). */
int unanswered_check(const struct retransmit *r, char **ret_message);

/* Makes an accepted connection of which that end has measured such a round trip: if it took longer,
 * aborts the connection and makes another one. After several of these the trial fails. Resets the
 * counters, and observes SIDE.RTO. */
struct trial_socket *unanswered_connection(struct trial *t, struct trial_socket *listener,
                                           enum side sender, struct trial_socket **ret_server);

/* The segments that are retransmitted: data, or FINs. */
struct unanswered_segments {
    enum side sender;
    bool fin;
};

/* Expects SIDE.RTO, SIDE.probe, SIDE.retransmission_1 ..., SIDE.sent_again, and the counters. The
 * experiment itself expects the end and its counter, TCPAbortOnTimeout. */
void unanswered_expect(struct prediction *p, const struct unanswered_segments *s,
                       const struct retransmit *r, const struct rule *limit);

/* The client's data over a cable that is cut. unanswered_cut() cuts it, sends the data, waits until
 * the kernel gives up the connection, and takes stock; unanswered_expect_cut() expects all that
 * this shows. */
extern const struct unanswered_segments unanswered_data;
void unanswered_expect_cut(struct prediction *p, const struct retransmit *r,
                           const struct rule *limit);
void unanswered_cut(struct trial *t, struct trial_socket *client, const struct retransmit *r);

/* When the first of them was sent; 0: not yet. */
int64_t unanswered_began_ns(const struct trial *t, const struct unanswered_segments *s);

/* Observes what unanswered_expect() expects of the wire. Call it after the end. */
void unanswered_see(struct trial *t, const struct unanswered_segments *s);

/* How many RSTs either end has sent on that connection. */
int64_t unanswered_resets(const struct trial *t, const struct trial_socket *client);

/* Observes SIDE.gone_first and SIDE.there_last: when the socket of a connection vanished, which the
 * wire does not show; in seconds since zero_ns. See closing_state_expect(). */
void unanswered_see_death(struct trial *t, const struct trial_socket *client, enum side side,
                          enum sockdiag_state state, int64_t zero_ns);

/* Prints "The RTO was 0.25 s. The segment was sent again as a tail loss probe after 0.26 s, and by
 * the RTO after 0.51, 1.02 and 2.05 s: 4 times in all. " */
void unanswered_tell(FILE *out, const struct trial *t, const struct unanswered_segments *s,
                     const char *what);
