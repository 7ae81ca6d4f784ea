#include "bench/trial/steps_inside.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>

static void drop_again(struct trial *t, enum direction direction, unsigned mask, unsigned flags)
{
    const struct fault again = {.direction = direction,
                                .flags_mask = mask,
                                .flags = flags,
                                .first = 2,
                                .per_connection = true,
                                .action = FAULT_DROP};
    step_fault(t, &again);
}

void step_no_second_syn(struct trial *t)
{
    drop_again(t, TO_SERVER, SEGMENT_SYN | SEGMENT_ACK, SEGMENT_SYN);
}

void step_no_second_syn_ack(struct trial *t)
{
    drop_again(t, TO_CLIENT, SEGMENT_SYN | SEGMENT_ACK, SEGMENT_SYN | SEGMENT_ACK);
}

void step_no_second_fin(struct trial *t)
{
    drop_again(t, TO_SERVER, SEGMENT_FIN, SEGMENT_FIN);
    drop_again(t, TO_CLIENT, SEGMENT_FIN, SEGMENT_FIN);
}

void step_hold(struct trial *t, enum direction direction, bool hold)
{
    if (step_has_wire(t))
        wire_hold(t->lab.wire, direction, hold);
}

static bool are_held_to_server(struct trial *t, int64_t number)
{
    return wire_status(t->lab.wire).held[TO_SERVER] >= (uint64_t)number;
}

static bool are_held_to_client(struct trial *t, int64_t number)
{
    return wire_status(t->lab.wire).held[TO_CLIENT] >= (uint64_t)number;
}

void step_need_held(struct trial *t, enum direction direction, int64_t segments)
{
    if (step_has_wire(t))
        step_need(t, direction == TO_SERVER ? are_held_to_server : are_held_to_client, segments,
                  "segments to be at the wire's entrance");
}

void step_let(struct trial *t, enum direction direction, int64_t segments)
{
    step_need_held(t, direction, segments);
    if (step_has_wire(t))
        wire_let(t->lab.wire, direction, (uint64_t)segments);
}

const char *step_address(struct trial *t, enum side side, int n, char text[static STEP_ADDRESS_MAX])
{
    const char *own = side == SIDE_SERVER ? t->lab.server_address : t->lab.client_address;
    if (!step_has_wire(t) || n == 1)
        return own;
    snprintf(text, STEP_ADDRESS_MAX, t->lab.family == AF_INET6 ? "2001:db8::%d" : "192.0.2.%d",
             (side == SIDE_SERVER ? 10 : 20) + n);
    int r = lab_add_address(&t->lab, step_host(t, side), text);
    step_check(t, r == -EEXIST ? 0 : r, "another address for a host");
    return text;
}

void step_cut(struct trial *t, bool cut)
{
    if (!step_has_wire(t))
        return;
    wire_cut(t->lab.wire, TO_SERVER, cut);
    wire_cut(t->lab.wire, TO_CLIENT, cut);
}

int step_fault(struct trial *t, const struct fault *fault)
{
    int r = step_has_wire(t) ? wire_add_fault(t->lab.wire, fault) : 0;
    step_check(t, r < 0 ? r : 0, "telling the wire what to drop");
    return r;
}

uint64_t step_fault_matched(const struct trial *t, int id)
{
    return step_has_wire(t) ? wire_faults_matched(t->lab.wire, id) : 0;
}

void step_clear_faults(struct trial *t)
{
    if (step_has_wire(t))
        wire_clear_faults(t->lab.wire);
}
