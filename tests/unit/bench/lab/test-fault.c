/* Faults against a table of made-up segments. */
#include "bench/lab/fault.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <sys/socket.h>

#define ACK     SEGMENT_ACK
#define SYN_ACK (SEGMENT_SYN | SEGMENT_ACK)
#define FIN_ACK (SEGMENT_FIN | SEGMENT_ACK)
#define ALL     (SEGMENT_FIN | SEGMENT_SYN | SEGMENT_RST | SEGMENT_ACK)

#define CLIENT_INITIAL 1000u
#define SERVER_INITIAL 0xffffffffu /* wraps to 0 */

static struct connection_id connection(unsigned number)
{
    struct connection_id id = {
        .family = AF_INET, .client = {192, 0, 2, 2}, .server = {192, 0, 2, 1}};
    id.client_port = (uint16_t)number;
    id.server_port = 8888;
    return id;
}

static struct segment segment(enum direction direction, unsigned number, uint8_t flags,
                              uint32_t payload)
{
    struct segment s = {
        .direction = direction, .id = connection(number), .flags = flags, .payload = payload};
    bool syn = flags & SEGMENT_SYN, to_server = direction == TO_SERVER;
    s.sequence = (to_server ? CLIENT_INITIAL : SERVER_INITIAL) + !syn;
    s.acknowledged = flags & ACK ? (to_server ? SERVER_INITIAL : CLIENT_INITIAL) + 1 : 0;
    return s;
}

static struct fault_verdict apply(struct faults *f, struct segment s)
{
    return faults_apply(f, &s);
}

static bool drops(struct faults *f, enum direction direction, unsigned number, uint8_t flags,
                  uint32_t payload)
{
    return apply(f, segment(direction, number, flags, payload)).drop;
}

static void open_connection(struct faults *f, unsigned number)
{
    cr_assert_not(drops(f, TO_SERVER, number, SEGMENT_SYN, 0));
    cr_assert_not(drops(f, TO_CLIENT, number, SYN_ACK, 0));
}

static struct faults *with(const struct fault *fault)
{
    struct faults *f = faults_new();
    cr_assert_not_null(f);
    cr_assert_gt(faults_add(f, fault), 0);
    return f;
}

static const struct connection_id nowhere = {.family = 0};

static const struct fault impossible[] = {
    {.direction = (enum direction)2},
    {.flags_mask = SEGMENT_SYN, .flags = SEGMENT_FIN},
    {.payload = (enum fault_payload)3},
    {.action = (enum fault_action)4},
    {.action = FAULT_DELAY, .delay_ns = -1},
    {.action = FAULT_COPY_LATE, .delay_ns = -1},
    {.only = &nowhere},
    {.handshake_ack = true, .payload = FAULT_WITH_PAYLOAD},
    {.handshake_ack = true, .flags_mask = ACK, .flags = 0},
    {.handshake_ack = true, .flags_mask = SEGMENT_SYN, .flags = SEGMENT_SYN},
    {.handshake_ack = true, .flags_mask = SEGMENT_RST | ACK, .flags = SEGMENT_RST | ACK},
};

Test(fault, what_can_never_match_is_refused)
{
    struct faults *f = faults_new();
    for (size_t i = 0; i < sizeof(impossible) / sizeof(*impossible); i++)
        cr_assert_eq(faults_add(f, &impossible[i]), -EINVAL, "row %zu", i);
    cr_assert_gt(
        faults_add(f, &(struct fault){.handshake_ack = true, .flags_mask = ALL, .flags = ACK}), 0);
    faults_free(f);
    faults_free(NULL);
}

struct row {
    enum direction direction;
    uint8_t flags_mask, flags;
    enum fault_payload payload;
    struct segment segment;
    bool dropped;
};

Test(fault, direction_flags_and_payload)
{
    const struct row rows[] = {
        {TO_SERVER, 0, 0, FAULT_ANY_PAYLOAD, segment(TO_SERVER, 1, ACK, 0), true},
        {TO_SERVER, 0, 0, FAULT_ANY_PAYLOAD, segment(TO_CLIENT, 1, ACK, 0), false},
        {TO_CLIENT, 0, 0, FAULT_ANY_PAYLOAD, segment(TO_CLIENT, 1, ACK, 0), true},
        {TO_CLIENT, SEGMENT_FIN, SEGMENT_FIN, FAULT_ANY_PAYLOAD, segment(TO_CLIENT, 1, FIN_ACK, 9),
         true},
        {TO_CLIENT, SEGMENT_FIN, SEGMENT_FIN, FAULT_ANY_PAYLOAD, segment(TO_CLIENT, 1, ACK, 9),
         false},
        {TO_SERVER, ALL, ACK, FAULT_NO_PAYLOAD, segment(TO_SERVER, 1, ACK, 0), true},
        {TO_SERVER, ALL, ACK, FAULT_NO_PAYLOAD, segment(TO_SERVER, 1, ACK | SEGMENT_PSH, 0), true},
        {TO_SERVER, ALL, ACK, FAULT_NO_PAYLOAD, segment(TO_SERVER, 1, ACK, 1), false},
        {TO_SERVER, ALL, ACK, FAULT_NO_PAYLOAD, segment(TO_SERVER, 1, FIN_ACK, 0), false},
        {TO_SERVER, ALL, ACK, FAULT_WITH_PAYLOAD, segment(TO_SERVER, 1, ACK, 1), true},
        {TO_SERVER, ALL, ACK, FAULT_WITH_PAYLOAD, segment(TO_SERVER, 1, ACK, 0), false},
        {TO_SERVER, SEGMENT_SYN | ACK, SEGMENT_SYN, FAULT_ANY_PAYLOAD,
         segment(TO_SERVER, 1, SEGMENT_SYN, 0), true},
        {TO_SERVER, SEGMENT_SYN | ACK, SEGMENT_SYN, FAULT_ANY_PAYLOAD,
         segment(TO_SERVER, 1, SYN_ACK, 0), false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct row *row = &rows[i];
        struct faults *f = with(&(struct fault){.direction = row->direction,
                                                .flags_mask = row->flags_mask,
                                                .flags = row->flags,
                                                .payload = row->payload});
        cr_assert_eq(apply(f, row->segment).drop, row->dropped, "row %zu", i);
        cr_assert_eq(faults_matched(f, 1), row->dropped, "row %zu", i);
        faults_free(f);
    }
}

static const struct fault handshake = {.direction = TO_SERVER, .handshake_ack = true};

Test(fault, handshake_ack)
{
    struct faults *f = with(&handshake);
    cr_assert_not(drops(f, TO_SERVER, 1, ACK, 0), "nothing is known of this connection");
    open_connection(f, 1);
    cr_assert(drops(f, TO_SERVER, 1, ACK, 0));
    cr_assert(drops(f, TO_SERVER, 1, ACK, 0), "sent once more");
    cr_assert_not(drops(f, TO_SERVER, 1, ACK, 5), "data");
    cr_assert_not(drops(f, TO_SERVER, 1, FIN_ACK, 0));
    cr_assert_not(drops(f, TO_SERVER, 1, SEGMENT_RST | ACK, 0));
    cr_assert_not(drops(f, TO_SERVER, 2, ACK, 0), "another connection");
    struct segment later = segment(TO_SERVER, 1, ACK, 0);
    later.sequence++;
    cr_assert_not(apply(f, later).drop, "after a byte was sent");
    later.sequence--;
    later.acknowledged++;
    cr_assert_not(apply(f, later).drop, "after a byte was received");
    cr_assert_eq(faults_matched(f, 1), 2);
    faults_free(f);
}

/* The server's pure ACK has the same numbers, the other way round: it ends nothing. */
Test(fault, handshake_ack_is_the_openers)
{
    struct faults *f = with(&(struct fault){.direction = TO_CLIENT, .handshake_ack = true});
    open_connection(f, 1);
    cr_assert_not(drops(f, TO_CLIENT, 1, ACK, 0));
    cr_assert_not(drops(f, TO_SERVER, 2, SEGMENT_SYN, 0));
    cr_assert_not(drops(f, TO_CLIENT, 3, SEGMENT_SYN, 0)); /* the server opens this one */
    cr_assert_not(drops(f, TO_SERVER, 3, SYN_ACK, 0));
    cr_assert(drops(f, TO_CLIENT, 3, ACK, 0));
    faults_free(f);
}

Test(fault, syns_are_learnt_before_there_is_a_fault)
{
    struct faults *f = faults_new();
    open_connection(f, 1);
    cr_assert_gt(faults_add(f, &handshake), 0);
    cr_assert(drops(f, TO_SERVER, 1, ACK, 0));
    faults_clear(f);
    cr_assert_not(drops(f, TO_SERVER, 1, ACK, 0));
    cr_assert_gt(faults_add(f, &handshake), 0);
    cr_assert(drops(f, TO_SERVER, 1, ACK, 0), "known still");
    faults_free(f);
}

Test(fault, only_one_connection)
{
    struct connection_id id = connection(2);
    struct faults *f = with(&(struct fault){.direction = TO_SERVER, .only = &id});
    id = connection(1); /* it was copied */
    cr_assert_not(drops(f, TO_SERVER, 1, ACK, 0));
    cr_assert(drops(f, TO_SERVER, 2, ACK, 0));
    faults_free(f);
}

struct turn {
    uint32_t first, count;
    const char *dropped; /* of ten segments */
};

static const struct turn turns[] = {
    {0, 0, "xxxxxxxxxx"},          {1, 0, "xxxxxxxxxx"},           {4, 0, "...xxxxxxx"},
    {1, 3, "xxx......."},          {0, 1, "x........."},           {3, 2, "..xx......"},
    {UINT32_MAX, 2, ".........."}, {10, UINT32_MAX, ".........x"},
};

Test(fault, first_and_count)
{
    for (size_t i = 0; i < sizeof(turns) / sizeof(*turns); i++) {
        struct faults *f = with(&(struct fault){
            .flags_mask = ACK, .flags = ACK, .first = turns[i].first, .count = turns[i].count});
        uint64_t n = 0;
        for (unsigned k = 0; k < 10; k++) {
            bool wanted = turns[i].dropped[k] == 'x';
            cr_assert_not(drops(f, TO_SERVER, k, SEGMENT_SYN, 0),
                          "no match, and not counted as one");
            cr_assert_eq(drops(f, TO_SERVER, k % 3, ACK, 0), wanted, "row %zu, segment %u", i, k);
            n += wanted;
        }
        cr_assert_eq(faults_matched(f, 1), n, "row %zu", i);
        faults_free(f);
    }
}

Test(fault, per_connection)
{
    struct faults *f = with(&(struct fault){
        .direction = TO_SERVER, .handshake_ack = true, .count = 3, .per_connection = true});
    enum { CONNECTIONS = 1000 }; /* the table grows on the way */
    for (unsigned i = 0; i < CONNECTIONS; i++)
        open_connection(f, i);
    for (unsigned round = 1; round <= 5; round++)
        for (unsigned i = 0; i < CONNECTIONS; i++)
            cr_assert_eq(drops(f, TO_SERVER, i, ACK, 0), round <= 3, "connection %u, round %u", i,
                         round);
    cr_assert_eq(faults_matched(f, 1), 3 * CONNECTIONS);
    faults_free(f);
}

/* The same ports, another initial sequence number: a new connection. A SYN sent again: the same
 * one. */
Test(fault, ports_used_again)
{
    struct faults *f = with(&(struct fault){.direction = TO_SERVER,
                                            .flags_mask = SEGMENT_FIN,
                                            .flags = SEGMENT_FIN,
                                            .count = 1,
                                            .per_connection = true});
    open_connection(f, 1);
    cr_assert(drops(f, TO_SERVER, 1, FIN_ACK, 0));
    open_connection(f, 1);
    cr_assert_not(drops(f, TO_SERVER, 1, FIN_ACK, 0));
    struct segment syn = segment(TO_SERVER, 1, SEGMENT_SYN, 0);
    syn.sequence += 77;
    cr_assert_not(apply(f, syn).drop);
    cr_assert(drops(f, TO_SERVER, 1, FIN_ACK, 0));
    faults_free(f);
}

Test(fault, connections_whose_syn_was_not_seen_count_too)
{
    struct faults *f =
        with(&(struct fault){.direction = TO_SERVER, .count = 1, .per_connection = true});
    cr_assert(drops(f, TO_SERVER, 1, ACK, 0));
    cr_assert(drops(f, TO_SERVER, 2, ACK, 0));
    cr_assert_not(drops(f, TO_SERVER, 1, ACK, 0));
    faults_free(f);
}

Test(fault, actions_add_up)
{
    struct faults *f = with(&(struct fault){.action = FAULT_DELAY, .delay_ns = 5});
    struct fault_verdict v = apply(f, segment(TO_SERVER, 1, ACK, 0));
    cr_assert(!v.drop && !v.duplicate && v.delay_ns == 5);
    cr_assert_eq(faults_add(f, &(struct fault){.action = FAULT_DELAY, .delay_ns = 7, .first = 2}),
                 2);
    cr_assert_eq(faults_add(f, &(struct fault){.action = FAULT_DUPLICATE, .first = 2}), 3);
    cr_assert_eq(apply(f, segment(TO_SERVER, 1, ACK, 0)).delay_ns, 5);
    v = apply(f, segment(TO_SERVER, 1, ACK, 0));
    cr_assert(!v.drop && v.duplicate && v.delay_ns == 12);
    cr_assert_eq(faults_add(f, &(struct fault){.action = FAULT_DROP}), 4);
    cr_assert(apply(f, segment(TO_SERVER, 1, ACK, 0)).drop);
    cr_assert_eq(faults_matched(f, 1), 4);
    cr_assert_eq(faults_matched(f, 2), 2);
    faults_free(f);
}

/* The segment itself is as late as without it. */
Test(fault, late_copy)
{
    struct faults *f = with(&(struct fault){.action = FAULT_COPY_LATE, .delay_ns = 5});
    struct fault_verdict v = apply(f, segment(TO_SERVER, 1, ACK, 0));
    cr_assert(!v.drop && v.duplicate && v.delay_ns == 0 && v.copy_delay_ns == 5);
    cr_assert_gt(faults_add(f, &(struct fault){.action = FAULT_DELAY, .delay_ns = 7}), 0);
    cr_assert_gt(
        faults_add(f, &(struct fault){.action = FAULT_COPY_LATE, .delay_ns = 11, .first = 2}), 0);
    v = apply(f, segment(TO_SERVER, 1, ACK, 0));
    cr_assert(v.duplicate && v.delay_ns == 7 && v.copy_delay_ns == 5);
    v = apply(f, segment(TO_SERVER, 1, ACK, 0));
    cr_assert(v.duplicate && v.delay_ns == 7 && v.copy_delay_ns == 16);
    faults_free(f);
}

/* An id that is gone stays gone. */
Test(fault, clear)
{
    struct faults *f =
        with(&(struct fault){.direction = TO_SERVER, .count = 1, .per_connection = true});
    cr_assert(drops(f, TO_SERVER, 1, ACK, 0));
    faults_clear(f);
    cr_assert_not(drops(f, TO_SERVER, 1, ACK, 0));
    cr_assert_eq(faults_matched(f, 1), 0);
    cr_assert_eq(
        faults_add(f, &(struct fault){.direction = TO_SERVER, .count = 1, .per_connection = true}),
        2);
    cr_assert(drops(f, TO_SERVER, 1, ACK, 0), "counted anew");
    cr_assert_eq(faults_matched(f, 1), 0);
    cr_assert_eq(faults_matched(f, 2), 1);
    cr_assert_eq(faults_matched(f, 0), 0);
    cr_assert_eq(faults_matched(f, 3), 0);
    cr_assert_eq(faults_matched(f, -1), 0);
    faults_free(f);
}
