/* What a SYN cookie remembers of the SYN: the options of the connection, and its maximum segment
 * size.
 *
 * Textbooks say:  a SYN cookie loses window scaling and SACK, and has three bits for one of eight
 *                 segment sizes.
 * The kernel:     puts window scale, SACK and ECN into six bits of the timestamp that the client
 *                 echoes (cookie_init_timestamp(), cookie_timestamp_decode()). Only
 *                 without timestamps are they lost: then the SYN-ACK offers none
 *                 (tcp_conn_request()). Of the segment size it keeps which of four it is at least
 *                 (__cookie_v4_init_sequence(), __cookie_v6_init_sequence()).
 * Falsified by:   a cookie's connection without window scaling or SACK although it has timestamps,
 *                 or with them although it has none; another segment size than the table's. */
#include "bench/model/opening.h"
#include "bench/trial/sockets.h"
#include "bench/trial/steps.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>

#define TIMESTAMP_BYTES 12 /* of each segment, in what TCP_INFO calls the segment size */
#define MSS_MOST_V4     1460
#define MSS_MOST_V6     1440

/* What the clients announce, one after the other. */
static const int announced[] = {500, 536, 1000, 1300, 1400, 1440, 1460};
#define CONNECTIONS ((int)(sizeof(announced) / sizeof(*announced)))

static const struct knob knobs[] = {
    KNOB_SYNCOOKIES("2"),
    KNOB_SYSCTL("timestamps", NULL, 0, 2, "net.ipv4.tcp_timestamps",
                "0: without; 2: without a random offset"),
    KNOB_SYSCTL("sack", NULL, 0, 1, "net.ipv4.tcp_sack", "whether both ends offer SACK"),
    KNOB_DELAY("1ms"),
    KNOB_IPV6,
};

static bool cookie(const struct conditions *c)
{
    return c->syncookies == 2;
}

static bool keeps_options(const struct conditions *c)
{
    return !cookie(c) || c->timestamps;
}

/* What the server takes for the client's, less the timestamps. */
static int mss(const struct knobs *k, const struct conditions *c, int i)
{
    bool ipv6 = knob(k, "ipv6");
    int most = ipv6 ? MSS_MOST_V6 : MSS_MOST_V4,
        of_client = announced[i] < most ? announced[i] : most;
    return (cookie(c) ? opening_cookie_mss(of_client, ipv6) : of_client) -
           (c->timestamps ? TIMESTAMP_BYTES : 0);
}

/* tcp_sync_mss() never goes below tcp_min_snd_mss. */
static int check(const struct knobs *k, const struct conditions *c, char **ret_message)
{
    const int least = announced[0] - TIMESTAMP_BYTES;
    int r;
    if (c->min_snd_mss > least)
        r = asprintf(ret_message,
                     "net.ipv4.tcp_min_snd_mss=%lld: every segment size below that is raised to "
                     "it, whatever the client announces; write at most %d",
                     (long long)c->min_snd_mss, least);
    else if (!c->window_scaling)
        r = asprintf(ret_message, "net.ipv4.tcp_window_scaling=0: then no connection has window "
                                  "scaling, and a cookie cannot lose it; write 1");
    else
        return 0;
    if (r < 0)
        *ret_message = NULL;
    return -EINVAL;
}

static int different_mss(const struct knobs *k, const struct conditions *c)
{
    int n = 0, last = 0; /* they never fall */
    for (int i = 0; i < CONNECTIONS; i++) {
        n += mss(k, c, i) != last;
        last = mss(k, c, i);
    }
    return n;
}

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    const struct rule *options = !cookie(c)      ? &rule_request_keeps_options
                                 : c->timestamps ? &rule_cookie_timestamp
                                                 : &rule_cookie_without_timestamp,
                      *size = cookie(c) ? &rule_cookie_mss : &rule_request_keeps_options;
    expect_exactly(p, "connections", keeps_options(c) ? CONNECTIONS : 0, options,
                   "server.with_window_scaling");
    expect_exactly(p, "connections", keeps_options(c) && c->sack ? CONNECTIONS : 0, options,
                   "server.with_SACK");
    expect_exactly(p, "connections", c->timestamps ? CONNECTIONS : 0, options,
                   "server.with_timestamps");
    expect_exactly(p, "bits", 0, options, "server.window_scale_is_off_by");
    for (int i = 0; i < CONNECTIONS; i++)
        expect_exactly(p, "bytes", mss(k, c, i), size, "server.MSS_of_%d", announced[i]);
    expect_exactly(p, "sizes", different_mss(k, c), size, "server.different_MSS");
    expect_exactly(p, "segments", cookie(c) ? CONNECTIONS : 0, &rule_cookies_sent,
                   "server.TcpExt.SyncookiesSent");
    expect_exactly(p, "segments", cookie(c) ? CONNECTIONS : 0, &rule_cookies_received,
                   "server.TcpExt.SyncookiesRecv");
}

struct kept {
    int scaled, sacked, stamped, scale_off_by, different, last_mss;
};

static void connect_one(struct trial *t, struct trial_socket *listener, int of_client,
                        struct kept *kept)
{
    struct tcp_info at_server, at_client;
    struct trial_socket *client = sock_new(t, SIDE_CLIENT);
    sock_set(client, IPPROTO_TCP, TCP_MAXSEG, of_client, "TCP_MAXSEG");
    sock_connect(client);
    sock_need(client, POLLOUT, "the connection to be established");
    struct trial_socket *server = sock_accept(listener);
    if (!sock_info(server, &at_server) || !sock_info(client, &at_client))
        return;
    bool scaled = at_server.tcpi_options & TCPI_OPT_WSCALE;
    kept->scaled += scaled;
    kept->sacked += (at_server.tcpi_options & TCPI_OPT_SACK) != 0;
    kept->stamped += (at_server.tcpi_options & TCPI_OPT_TIMESTAMPS) != 0;
    kept->scale_off_by += scaled && at_server.tcpi_snd_wscale != at_client.tcpi_rcv_wscale;
    kept->different += (int)at_server.tcpi_snd_mss != kept->last_mss;
    kept->last_mss = (int)at_server.tcpi_snd_mss;
    step_see(t, at_server.tcpi_snd_mss, "server.MSS_of_%d", of_client);
}

static void run(struct trial *t, const struct knobs *k)
{
    struct kept kept = {0};
    step_no_second_syn(t);
    struct trial_socket *listener = sock_serve(t, CONNECTIONS);
    for (int i = 0; i < CONNECTIONS && !t->failure; i++)
        connect_one(t, listener, announced[i], &kept);
    step_see(t, kept.scaled, "server.with_window_scaling");
    step_see(t, kept.sacked, "server.with_SACK");
    step_see(t, kept.stamped, "server.with_timestamps");
    step_see(t, kept.scale_off_by, "server.window_scale_is_off_by");
    step_see(t, kept.different, "server.different_MSS");
    step_settle(t);
    step_take_stock(t);
    step_show(t, LEDGER_accepted, "the first of them");
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    const struct conditions *c = &t->conditions;
    fprintf(out, "%d clients announced other segment sizes each, from %d to %d bytes. ",
            CONNECTIONS, announced[0], announced[CONNECTIONS - 1]);
    if (!cookie(c)) {
        fprintf(out, "The listener kept a request of each, with all that its SYN had said: every "
                     "size, window scaling and SACK.");
        return;
    }
    fprintf(out,
            "Each was answered with a SYN cookie, and the server knew only what the client's ACK "
            "brought back: %d of the sizes, each the next lower one, or else the lowest, of a "
            "table of four",
            (int)trial_observed(t, "server.different_MSS"));
    if (c->timestamps)
        fprintf(out, ". Every connection had window scaling and SACK, because six bits of the "
                     "timestamp, which the client echoes, carry them.");
    else
        fprintf(out, ", and neither window scaling nor SACK, because there was no timestamp to "
                     "carry them: no window can exceed 64 kB, and after a loss the receiver cannot "
                     "report what has arrived.");
}

static const struct by_hand by_hand[] = {
    {"server", "ss -tni 'sport = :8888'", "ts sack wscale:7,7 mss:1288 of the cookie's connection"},
    {"server", "sysctl net.ipv4.tcp_syncookies net.ipv4.tcp_timestamps",
     "2 and 1 here; 1 and 1 by default"},
    {"client", "tcpdump -ni eth0 'tcp[tcpflags] & tcp-syn != 0'",
     "mss, sackOK, TS and wscale of both SYNs"},
    {0},
};

const struct experiment experiment_syn_cookie_options = {
    .name = "syn-cookie-options",
    .question = "What does a connection lose when a SYN cookie opened it?",
    .claim = "SYN cookies lose window scaling and SACK, and know eight segment sizes only.",
    .kernel =
        "With timestamps it keeps window scale, SACK and ECN, which six of their bits carry "
        "(cookie_init_timestamp), and loses the exact segment size. Without timestamps window "
        "scaling and SACK are lost. Of the segment size the cookie keeps one of four: 536, 1300, "
        "1440 or 1460; with IPv6 1220, 1420, 1440 or 8940 (__cookie_v4_init_sequence).",
    .falsified = "A cookie's connection with timestamps that lacks window scaling or SACK, one "
                 "without that has them, or a segment size that is not in the table.",
    .why_link = "The wire's MTU is 1500 bytes, so that all these segment sizes are possible.",
    .time = "Less than 1 s: nobody waits for anything.",
    .drawing =
        (const char *const[]){"c connect()", "> SYN", "< SYN-ACK", "s: LISTEN, and nothing else",
                              "> ACK", "s: ESTABLISHED, by what the ACK says", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .premises = PREMISE_WRITABLE,
    .check = check,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also = (const char *const[]){"syn-cookie-ghosts", "syn-queue-full", NULL},
    .try_next = (const char *const[]){"tcplab-bench run syn-cookie-options --set timestamps=0",
                                      "tcplab-bench run syn-cookie-options --set syncookies=0",
                                      "tcplab-bench run syn-cookie-options --set ipv6=yes", NULL},
};
