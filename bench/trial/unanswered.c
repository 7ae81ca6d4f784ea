#include "bench/trial/unanswered.h"
#include "bench/trial/segments.h"
#include "common/process/exit_code.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>

#define UNANSWERED_SLACK_S 0.04 /* that a round trip may take beside the wire's delay */
#define UNANSWERED_TRIES   30
/* retransmissions that are predicted one by one; then their number is all */
#define UNANSWERED_SHOWN 20

const char *const unanswered_lost_names[] = {"fin", "ack", NULL};

static const char *const sides[] = {[SIDE_SERVER] = "server", [SIDE_CLIENT] = "client"};

struct span unanswered_rtt(const struct knobs *k)
{
    double wire_s = 2 * (double)knob(k, "delay") / 1e9;
    return (struct span){wire_s, wire_s + UNANSWERED_SLACK_S};
}

int unanswered_check(const struct retransmit *r, char **ret_message)
{
    double lasts_s = retransmit_gives_up(r).lo;
    if (lasts_s <= EXPERIMENT_LONGEST_S)
        return 0;
    if (asprintf(ret_message,
                 "with these sysctls the RTO begins at %.1f s and the connection is given up after "
                 "%.0f s only, and a run lasts %d s at most; write fewer retries, or a smaller "
                 "net.ipv4.tcp_rto_min_us",
                 retransmit_rto(r->conditions, r->rtt).hi, lasts_s, EXPERIMENT_LONGEST_S) < 0)
        *ret_message = NULL;
    return -EINVAL;
}

/* --- the connection --- */

static void unanswered_abort(struct trial_socket *s)
{
    sock_linger(s, 0);
    sock_close(s);
}

struct trial_socket *unanswered_connection(struct trial *t, struct trial_socket *listener,
                                           enum side sender, struct trial_socket **ret_server)
{
    struct span rto = retransmit_rto(&t->conditions, unanswered_rtt(t->knobs));
    double is = NAN;
    *ret_server = NULL;
    for (int i = 0; i < UNANSWERED_TRIES && !t->failure; i++) {
        struct trial_socket *client = sock_connection(listener, ret_server);
        is = sock_rto(sender == SIDE_CLIENT ? client : *ret_server);
        step_see(t, is, "%s.RTO", sides[sender]);
        if (is >= rto.lo - 1e-6 && is <= rto.hi + 1e-6) {
            step_count_anew(t);
            return client;
        }
        unanswered_abort(client);
        unanswered_abort(*ret_server);
        step_settle(t);
    }
    step_fail(t, EXIT_CODE_CANNOT,
              "of %d connections none had an RTO of %.3f to %.3f s as expected on this wire (the "
              "last: %.3f s): this machine is too slow or too busy for exact times; run fewer at "
              "once, or wait until it is quieter",
              UNANSWERED_TRIES, rto.lo, rto.hi, is);
    return NULL;
}

/* --- what is expected --- */

void unanswered_expect(struct prediction *p, const struct unanswered_segments *s,
                       const struct retransmit *r, const struct rule *limit)
{
    const char *side = sides[s->sender];
    int least = retransmit_least(r), most = retransmit_most(r);
    bool probe = retransmit_has_tail_probe(r->conditions);
    struct span rto = retransmit_rto(r->conditions, r->rtt);
    expect_between(p, "s", rto.lo - 1e-6, rto.hi + 1e-6, &rule_rto, "%s.RTO", side);
    if (probe)
        expect_span(p, retransmit_tail_probe(r), &rule_tail_loss_probe, "%s.probe", side);
    for (int i = 1; i <= least && i <= UNANSWERED_SHOWN; i++)
        expect_span(p, retransmit_firing(r, i), &rule_rto_doubles, "%s.retransmission_%d", side, i);
    expect_between(p, "segments", least + probe, most + probe, limit, "%s.sent_again", side);
    expect_exactly(p, "segments", probe, &rule_loss_probes_counter, "%s.TcpExt.TCPLossProbes",
                   side);
    expect_between(p, "timeouts", least + 1, most + 1, &rule_timeouts_counter,
                   "%s.TcpExt.TCPTimeouts", side);
}

/* --- what is seen --- */

static int64_t sent_ns(const struct trial *t, const struct unanswered_segments *s, int64_t n)
{
    enum direction direction = s->sender == SIDE_CLIENT ? TO_SERVER : TO_CLIENT;
    return s->fin ? segments_sent_ns(t, direction, SEGMENT_FIN, SEGMENT_FIN, FAULT_ANY_PAYLOAD, n)
                  : segments_sent_ns(t, direction, 0, 0, FAULT_WITH_PAYLOAD, n);
}

int64_t unanswered_began_ns(const struct trial *t, const struct unanswered_segments *s)
{
    return sent_ns(t, s, 1);
}

void unanswered_see(struct trial *t, const struct unanswered_segments *s)
{
    const char *side = sides[s->sender];
    int probes = retransmit_has_tail_probe(&t->conditions), again = 0;
    int64_t first_ns = sent_ns(t, s, 1), at_ns;
    for (; (at_ns = sent_ns(t, s, again + 2)); again++) {
        double after_s = (double)(at_ns - first_ns) / 1e9;
        if (again < probes)
            step_see(t, after_s, "%s.probe", side);
        else if (again < probes + UNANSWERED_SHOWN)
            step_see(t, after_s, "%s.retransmission_%d", side, again + 1 - probes);
    }
    step_see(t, again, "%s.sent_again", side);
}

int64_t unanswered_resets(const struct trial *t, const struct trial_socket *client)
{
    int64_t resets = 0;
    SEGMENTS_OF(s, t, sock_client_port(client))
        resets += (s->flags & SEGMENT_RST) && !s->copy;
    return resets;
}

void unanswered_see_death(struct trial *t, const struct trial_socket *client, enum side side,
                          enum sockdiag_state state, int64_t zero_ns)
{
    size_t n = 0;
    const struct history_entry *e =
        t->failure ? NULL : history_entries(watch_history(t->watch), &n);
    for (size_t i = 0; e && i < n; i++) {
        const struct history_side *s = &e[i].side[side];
        if (e[i].id.client_port != endpoint_port(&client->local) || !s->missing_ns)
            continue;
        step_see(t, (double)(s->missing_ns - zero_ns) / 1e9, "%s.gone_first", sides[side]);
        step_see(t, fmax(0, (double)(s->last_ns[state] - zero_ns) / 1e9), "%s.there_last",
                 sides[side]);
    }
}

/* --- a client's data, and the cable is cut --- */

const struct unanswered_segments unanswered_data = {.sender = SIDE_CLIENT};

void unanswered_expect_cut(struct prediction *p, const struct retransmit *r,
                           const struct rule *limit)
{
    unanswered_expect(p, &unanswered_data, r, limit);
    expect_exactly(p, "connections", 1, &rule_abort_on_timeout_counter,
                   "client.TcpExt.TCPAbortOnTimeout");
    expect_end(p, retransmit_gives_up(r), limit, "client.given_up");
    expect_exactly(p, "errno", ETIMEDOUT, &rule_gives_up_timed_out, "client.error");
    expect_exactly(p, "segments", 0, &rule_gives_up_silently, "client.resets");
    expect_exactly(p, "sockets", 1, &rule_silent_peer, "server.ESTABLISHED");
    expect_exactly(p, "connections", 1, &rule_gives_up_timed_out, "ledger.timed_out");
}

void unanswered_cut(struct trial *t, struct trial_socket *client, const struct retransmit *r)
{
    step_settle(t);
    step_mark(t, "The cable is pulled, then the client sends. How long does it try?");
    step_cut(t, true);
    sock_send(client, 100);
    sock_wait(client, 0, 1.5 * retransmit_gives_up(r).hi + 30, "the connection to be given up");
    step_see(t, sock_error(client), "client.error");
    sock_see_end(client, unanswered_began_ns(t, &unanswered_data), "client.given_up");
    unanswered_see(t, &unanswered_data);
    step_see(t, (double)unanswered_resets(t, client), "client.resets");
    step_take_stock(t);
    step_show(t, LEDGER_timed_out, "the segment, and each time that it was sent again");
}

/* --- telling it --- */

static double observed(const struct trial *t, const char *name, ...)
    __attribute__((format(printf, 2, 3)));
static double observed(const struct trial *t, const char *name, ...)
{
    char text[EXPECTATION_NAME_MAX];
    va_list arguments;
    va_start(arguments, name);
    vsnprintf(text, sizeof(text), name, arguments);
    va_end(arguments);
    return trial_observed(t, text);
}

void unanswered_tell(FILE *out, const struct trial *t, const struct unanswered_segments *s,
                     const char *what)
{
    const char *side = sides[s->sender];
    double probe = observed(t, "%s.probe", side);
    fprintf(out, "The %s's RTO was %.3f s. It sent %s again ", side, observed(t, "%s.RTO", side),
            what);
    if (!isnan(probe))
        fprintf(out, "as a tail loss probe after %.2f s, and then ", probe);
    fprintf(out,
            "at each RTO timeout; each wait was twice as long as the one before, %.4g s at most:",
            (double)t->conditions.rto_max_ms / 1000);
    double after_s;
    for (int i = 1; !isnan(after_s = observed(t, "%s.retransmission_%d", side, i)); i++)
        fprintf(out, "%s %.2f", i > 1 ? "," : "", after_s);
    fprintf(out, " s after the first. ");
}
