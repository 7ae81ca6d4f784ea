#include "bench/lab/fault.h"
#include "bench/lab/fault_connections.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

struct fault_rule {
    struct fault fault;
    struct connection_id only; /* the copy that fault.only points to */
    uint64_t matches;          /* seen so far; of all connections together */
    uint64_t acted;
};

struct faults {
    struct fault_rule *rules;
    size_t n, room;
    int base; /* ids are base + index + 1: those of rules that are gone do not come back */
    struct fault_connections *connections;
};

struct faults *faults_new(void)
{
    struct faults *f = calloc(1, sizeof(*f));
    if (!f)
        return NULL;
    f->connections = fault_connections_new();
    if (!f->connections) {
        free(f);
        return NULL;
    }
    return f;
}

void faults_free(struct faults *f)
{
    if (!f)
        return;
    fault_connections_free(f->connections);
    free(f->rules);
    free(f);
}

/* The ACK that ends a handshake carries nothing and has no other flag. */
static bool can_be_handshake_ack(const struct fault *fault)
{
    const uint8_t others = SEGMENT_SYN | SEGMENT_FIN | SEGMENT_RST;
    bool without_ack = (fault->flags_mask & SEGMENT_ACK) && !(fault->flags & SEGMENT_ACK);
    return !without_ack && !(fault->flags & others) && fault->payload != FAULT_WITH_PAYLOAD;
}

static bool can_match(const struct fault *fault)
{
    if (fault->direction != TO_SERVER && fault->direction != TO_CLIENT)
        return false;
    if (fault->flags & ~fault->flags_mask)
        return false;
    if (fault->payload < FAULT_ANY_PAYLOAD || fault->payload > FAULT_WITH_PAYLOAD)
        return false;
    if (fault->action < FAULT_DROP || fault->action > FAULT_COPY_LATE || fault->delay_ns < 0)
        return false;
    if (fault->only && fault->only->family != AF_INET && fault->only->family != AF_INET6)
        return false;
    return !fault->handshake_ack || can_be_handshake_ack(fault);
}

static int faults_make_room(struct faults *f)
{
    if (f->n < f->room)
        return 0;
    size_t room = f->room ? f->room * 2 : 8;
    struct fault_rule *rules = reallocarray(f->rules, room, sizeof(*rules));
    if (!rules)
        return -ENOMEM;
    f->rules = rules;
    f->room = room;
    return 0;
}

int faults_add(struct faults *f, const struct fault *fault)
{
    if (!can_match(fault))
        return -EINVAL;
    int r = faults_make_room(f);
    if (r)
        return r;
    struct fault_rule *rule = &f->rules[f->n++];
    *rule = (struct fault_rule){.fault = *fault};
    if (fault->only)
        rule->only = *fault->only;
    return f->base + (int)f->n;
}

void faults_clear(struct faults *f)
{
    f->base += (int)f->n;
    f->n = 0;
    fault_connections_forget_matches(f->connections);
}

uint64_t faults_matched(const struct faults *f, int id)
{
    int index = id - f->base - 1;
    return index >= 0 && (size_t)index < f->n ? f->rules[index].acted : 0;
}

static bool payload_fits(enum fault_payload wanted, uint32_t payload)
{
    return wanted == FAULT_ANY_PAYLOAD || (wanted == FAULT_WITH_PAYLOAD) == (payload > 0);
}

static bool fits(const struct fault_rule *rule, const struct segment *s,
                 const struct fault_connection *connection)
{
    const struct fault *fault = &rule->fault;
    if (s->direction != fault->direction || (s->flags & fault->flags_mask) != fault->flags ||
        !payload_fits(fault->payload, s->payload))
        return false;
    if (fault->only && !connection_id_same(&rule->only, &s->id))
        return false;
    return !fault->handshake_ack || (connection && fault_connection_ends_handshake(connection, s));
}

/* Where this match's place is in the rule's count: the connection's own, or that of all together.
 * NULL: no memory. */
static uint64_t *counter(struct faults *f, size_t index, struct fault_connection *connection)
{
    if (!f->rules[index].fault.per_connection)
        return &f->rules[index].matches;
    return connection ? fault_connection_matches(connection, index) : NULL;
}

static bool is_its_turn(const struct fault *fault, uint64_t match)
{
    uint64_t first = fault->first ? fault->first : 1;
    return match >= first && (fault->count == 0 || match - first < fault->count);
}

static void decide(const struct fault *fault, struct fault_verdict *verdict)
{
    verdict->drop |= fault->action == FAULT_DROP;
    verdict->duplicate |= fault->action == FAULT_DUPLICATE || fault->action == FAULT_COPY_LATE;
    if (fault->action == FAULT_DELAY)
        verdict->delay_ns += fault->delay_ns;
    else if (fault->action == FAULT_COPY_LATE)
        verdict->copy_delay_ns += fault->delay_ns;
}

struct fault_verdict faults_apply(struct faults *f, const struct segment *s)
{
    struct fault_verdict verdict = {0};
    struct fault_connection *connection = NULL;
    if (s->flags & SEGMENT_SYN)
        connection = fault_connections_learn(f->connections, s);
    if (f->n == 0)
        return verdict; /* nearly always: no search in the table */
    if (!connection)
        connection = fault_connections_find(f->connections, &s->id);
    for (size_t i = 0; i < f->n; i++) {
        struct fault_rule *rule = &f->rules[i];
        if (!fits(rule, s, connection))
            continue;
        uint64_t *matches = counter(f, i, connection);
        if (!matches || !is_its_turn(&rule->fault, ++*matches))
            continue;
        rule->acted++;
        decide(&rule->fault, &verdict);
    }
    return verdict;
}
