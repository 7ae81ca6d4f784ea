/* Shared by the experiments in which one end sends and receives nothing more: the kernel
 * retransmits a segment until it gives up the connection. */
#pragma once

#include "bench/model/retransmit.h"
#include "bench/trial/sockets.h"
#include "bench/trial/steps.h"

/* At an RTO just above 200 ms the limits of retransmits_timed_out() lie next to a firing, and one
 * round trip that took some milliseconds more decides. From 17 ms of delay on those of two retries
 * and more lie far from any. */
#define UNANSWERED_DELAY "25ms"

/* Whose segments are lost on their way. */
enum unanswered_lost { UNANSWERED_FIN, UNANSWERED_ACK };
#define KNOB_LOST                                                               \
    {                                                                           \
        "lost", "fin", &option_choice, "what is lost: the FINs, or their ACKs", \
            .choices = unanswered_lost_names                                    \
    }
extern const char *const unanswered_lost_names[];

/* The round trip that an end measures in the handshake, between what the wire takes and what a busy
 * machine may add. */
struct span unanswered_rtt(const struct knobs *k);

/* For experiment.check: whether it is given up in time. 0, or -EINVAL and a sentence. */
int unanswered_check(const struct retransmit *r, char **ret_message);

/* An accepted connection of which that end has measured such a round trip: where it took longer, it
 * is aborted and another one made. If none has it, the trial fails. The counters count from
 * then on. Observes SIDE.RTO. */
struct trial_socket *unanswered_connection(struct trial *t, struct trial_socket *listener,
                                           enum side sender, struct trial_socket **ret_server);

/* The segments that are retransmitted: data, or FINs. */
struct unanswered_segments {
    enum side sender;
    bool fin;
};

/* SIDE.RTO, SIDE.probe, SIDE.retransmission_1 ..., SIDE.sent_again, and the counters; the end, and
 * its counter TCPAbortOnTimeout, are the experiment's own. */
void unanswered_expect(struct prediction *p, const struct unanswered_segments *s,
                       const struct retransmit *r, const struct rule *limit);

/* The client's data, over a cable that is cut: sends it, waits until the connection is given up,
 * and takes stock; and what is expected of that, all of it. */
extern const struct unanswered_segments unanswered_data;
void unanswered_expect_cut(struct prediction *p, const struct retransmit *r,
                           const struct rule *limit);
void unanswered_cut(struct trial *t, struct trial_socket *client, const struct retransmit *r);

/* When the first of them was sent; 0: not yet. */
int64_t unanswered_began_ns(const struct trial *t, const struct unanswered_segments *s);

/* Observes what unanswered_expect() expects of the wire. When it is all over. */
void unanswered_see(struct trial *t, const struct unanswered_segments *s);

/* How many RSTs either end has sent on that connection. */
int64_t unanswered_resets(const struct trial *t, const struct trial_socket *client);

/* SIDE.gone_first, SIDE.there_last: when the socket of a connection went, without a sign on the
 * wire, since zero_ns. See closing_state_expect(). */
void unanswered_see_death(struct trial *t, const struct trial_socket *client, enum side side,
                          enum sockdiag_state state, int64_t zero_ns);

/* "The RTO was 0.25 s. The segment was sent again as a tail loss probe after 0.26 s, and by the RTO
 * after 0.51, 1.02 and 2.05 s: 4 times in all. " */
void unanswered_tell(FILE *out, const struct trial *t, const struct unanswered_segments *s,
                     const char *what);
