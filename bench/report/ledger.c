#include "bench/report/ledger.h"
#include "common/report/page.h"
#include "common/report/terminal.h"
#include "common/text/human.h"

#include <string.h>

static const struct {
    const char *row, *note;
} ledger_notes[] = {
    {"accepted", "the server's program has them"},
    {"queued", "in the accept queue, not accepted yet"},
    {"half_open", "SYN_RECV at the server only"},
    {"ghost", "the client believes it is connected, the server has nothing"},
    {"syn_sent", "no answer to the client's SYN"},
    {"refused", "RST in answer to the SYN"},
    {"reset", "RST after the SYN was answered"},
    {"timed_out", "given up: no answer for too long"},
    {"unreachable", "the other host was not found, or a router said that it is not there"},
    {"closed", "over, closed by one end or both"},
    {"no_port", "never sent: no local port was free"},
    {"no_fd", "never sent: no descriptor was left"},
};

const char *ledger_note(const char *row)
{
    for (size_t i = 0; i < sizeof(ledger_notes) / sizeof(*ledger_notes); i++)
        if (!strcmp(ledger_notes[i].row, row))
            return ledger_notes[i].note;
    return NULL;
}

static void balance(FILE *out, int64_t attempted, int64_t sum)
{
    char a[HUMAN_MAX], b[HUMAN_MAX];
    if (sum == attempted)
        return;
    fputs(terminal_style(out, TERMINAL_BAD), out);
    page_text(out, "The rows add up to %s, not to %s: this run proves nothing.",
              human_count(sum, a), human_count(attempted, b));
    fputs(terminal_style(out, TERMINAL_PLAIN), out);
}

void ledger_page(FILE *out, const json_t *ledger)
{
    const char *row;
    json_t *value;
    int64_t sum = 0, attempted = page_integer(ledger, "attempted", NULL);
    if (!json_object_size(ledger))
        return;
    page_title(out, "What became of the connections");
    page_count(out, "attempted", attempted, "the sum of the rows below");
    json_object_foreach((json_t *)ledger, row, value)
    {
        int64_t count = json_integer_value(value);
        char label[64];
        if (!count || !strcmp(row, "attempted"))
            continue;
        snprintf(label, sizeof(label), "  %s", row);
        page_count(out, label, count, ledger_note(row));
        sum += count;
    }
    balance(out, attempted, sum);
}
