#include "bench/trial/ss_nstat.h"
#include "bench/trial/steps.h"

#include <stdlib.h>
#include <string.h>

static const char *const sides[] = {"server", "client"};

/* What a shell command prints on that host: a number; -1 where it prints none. */
static long long ask(struct trial *t, enum side side, const char *command)
{
    long long value = -1;
    if (host_enter(side == SIDE_SERVER ? &t->lab.server : &t->lab.client))
        return value;
    /* NOLINT(cert-env33-c): a command that we wrote, for the tests only */
    FILE *out = popen(command, "re");
    if (!out || fscanf(out, "%lld", &value) != 1)
        value = -1;
    if (out)
        pclose(out);
    return value;
}

static void ss_nstat_write(const struct trial *t, const char *name, long long value)
{
    FILE *file = fopen(getenv("TCPLAB_TEST_WITNESS"), "ae");
    if (!file)
        return;
    fprintf(file, "%s %s %lld\n", t->experiment->name, name, value);
    fclose(file);
}

static const char *ss_state(enum sockdiag_state state)
{
    static const char *const names[SOCKDIAG_STATES] = {
        [SOCKDIAG_ESTABLISHED] = "established",
        [SOCKDIAG_SYN_SENT] = "syn-sent",
        [SOCKDIAG_SYN_RECV] = "syn-recv",
        [SOCKDIAG_FIN_WAIT_1] = "fin-wait-1",
        [SOCKDIAG_FIN_WAIT_2] = "fin-wait-2",
        [SOCKDIAG_TIME_WAIT] = "time-wait",
        [SOCKDIAG_CLOSE] = "closed",
        [SOCKDIAG_CLOSE_WAIT] = "close-wait",
        [SOCKDIAG_LAST_ACK] = "last-ack",
        [SOCKDIAG_CLOSING] = "closing",
    };
    return names[state];
}

void ss_nstat_state(struct trial *t, enum side side, enum sockdiag_state state, const char *name)
{
    char command[160];
    const char *word = ss_state(state);
    if (!getenv("TCPLAB_TEST_WITNESS") || t->failure || !word)
        return;
    /* On loopback one namespace has both ends. */
    snprintf(command, sizeof(command), "ss -Htan state %s '%s = :%d' | wc -l", word,
             side == SIDE_SERVER ? "sport" : "dport", LAB_PORT);
    ss_nstat_write(t, name, ask(t, side, command));
}

void ss_nstat_counter(struct trial *t, enum side side, const char *counter, const char *name)
{
    char command[240], word[80];
    size_t length = 0;
    if (!getenv("TCPLAB_TEST_WITNESS") || t->failure)
        return;
    /* "TcpExt.TW": nstat says TcpExtTW */
    for (const char *c = counter; *c && length + 1 < sizeof(word); c++)
        if (*c != '.')
            word[length++] = *c;
    word[length] = '\0';
    snprintf(command, sizeof(command), "nstat -asz %s | awk '$1 == \"%s\" {print $2}'", word, word);
    long long now = ask(t, side, command);
    ss_nstat_write(t, name,
                   now < 0 ? now : now - counters_get(t->counters_before[side], counter, NULL));
}

void ss_nstat_stock(struct trial *t)
{
    if (!getenv("TCPLAB_TEST_WITNESS"))
        return;
    for (size_t i = 0; i < t->prediction.n; i++) {
        const char *name = t->prediction.expectations[i].name, *rest = strchr(name, '.');
        enum side side = !strncmp(name, sides[SIDE_SERVER], 6) ? SIDE_SERVER : SIDE_CLIENT;
        if (!rest || !strncmp(name, "ledger.", 7))
            continue;
        rest++;
        int known;
        counters_get(t->counters_before[side], rest, &known);
        if (known && !json_object_get(t->seen, name))
            ss_nstat_counter(t, side, rest, name);
        for (unsigned state = 1; state < SOCKDIAG_STATES; state++)
            if (!strcmp(rest, sockdiag_state_name(state)) && !json_object_get(t->seen, name))
                ss_nstat_state(t, side, (enum sockdiag_state)state, name);
    }
}
