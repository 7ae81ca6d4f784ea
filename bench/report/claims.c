#include "bench/report/claims.h"
#include "bench/report/expected.h"
#include "bench/report/layout.h"
#include "bench/report/text.h"
#include "common/report/page.h"
#include "common/report/terminal.h"

#include <stdlib.h>
#include <string.h>

#define CLAIMS_CLAIMED (page_width() - 18) /* columns where these end */
#define CLAIMS_SEEN    (page_width() - 1)

/* In the order of the summary. */
static const struct {
    const char *verdict, *word, *sum, *sums; /* sums: of several */
    enum terminal_style style;
} claims_words[] = {
    {"holds", "holds", "holds", "hold", TERMINAL_GOOD},
    {"changed", "changed", "has changed", "have changed", TERMINAL_BAD},
    {"never_true", "never true", "never was true on Linux", "never were true on Linux",
     TERMINAL_BAD},
    {"undecided", "undecided", "is undecided", "are undecided", TERMINAL_BOLD},
};
#define CLAIMS_WORDS (sizeof(claims_words) / sizeof(*claims_words))

static const char *string(const json_t *claim, const char *key)
{
    return json_string_value(json_object_get(claim, key));
}

static size_t word_of(const json_t *claim)
{
    const char *verdict = string(claim, "verdict");
    size_t i = 0;
    while (i + 1 < CLAIMS_WORDS && (!verdict || strcmp(verdict, claims_words[i].verdict)))
        i++;
    return i;
}

static void quote(FILE *out, const json_t *claim)
{
    const char *says = string(claim, "says");
    char *quoted;
    if (asprintf(&quoted, "“%s”", says ? says : "") < 0)
        return;
    fputs("  ", out);
    layout_words(out, quoted, 2, 2);
    free(quoted);
    layout_labelled(out, "says who", string(claim, "source"));
}

static void claims_verdict(FILE *out, const json_t *claim)
{
    size_t word = word_of(claim);
    const char *since = string(claim, "since"),
               *style = terminal_style(out, claims_words[word].style);
    fprintf(out, "  %-*s%s%s%s", LAYOUT_LABEL - 2, "verdict", style, claims_words[word].word,
            terminal_style(out, TERMINAL_PLAIN));
    if (!strcmp(claims_words[word].verdict, "changed") && since)
        fprintf(out, ": not so any more since %s", since);
    fputc('\n', out);
}

/* A long name has a line of its own. */
static void row(FILE *out, const json_t *observation)
{
    struct expected e = expected_of(observation);
    const char *name = string(observation, "name");
    int column = fprintf(out, "    %s", name ? name : "unnamed");
    int gap = CLAIMS_CLAIMED - layout_columns(e.predicted) - column;
    if (gap < 2) {
        fputc('\n', out);
        gap = CLAIMS_CLAIMED - layout_columns(e.predicted);
    }
    layout_fill(out, ' ', gap);
    fprintf(out, "%s%s%*s%s\n", e.predicted, e.distance[0] ? terminal_style(out, TERMINAL_BAD) : "",
            CLAIMS_SEEN - CLAIMS_CLAIMED, e.observed,
            e.distance[0] ? terminal_style(out, TERMINAL_PLAIN) : "");
}

static void claims_observed(FILE *out, const json_t *claim)
{
    const json_t *observed = json_object_get(claim, "observed");
    const char *command = string(claim, "command");
    size_t i;
    json_t *observation;
    if (!command)
        return;
    layout_command(out, "  $", command);
    fprintf(out, "%s%*s%*s%s\n", terminal_style(out, TERMINAL_DIM), CLAIMS_CLAIMED, "claimed",
            CLAIMS_SEEN - CLAIMS_CLAIMED, "observed", terminal_style(out, TERMINAL_PLAIN));
    json_array_foreach((json_t *)observed, i, observation)
    {
        row(out, observation);
    }
}

static void one(FILE *out, const json_t *claim)
{
    const char *name = string(claim, "name"), *verdict = claims_words[word_of(claim)].verdict;
    page_title(out, "%s", name ? name : "unnamed");
    quote(out, claim);
    claims_verdict(out, claim);
    claims_observed(out, claim);
    if (!strcmp(verdict, "changed") || !strcmp(verdict, "never_true"))
        layout_labelled(out, "instead", string(claim, "truth"));
    layout_labelled(out, strcmp(verdict, "holds") ? "and" : "but", string(claim, "nuance"));
    layout_labelled(out, string(claim, "experiment") ? "note" : "not run", string(claim, "reason"));
}

static void summary(FILE *out, const json_t *claims)
{
    size_t n[CLAIMS_WORDS] = {0}, i;
    json_t *claim;
    json_array_foreach((json_t *)claims, i, claim)
    {
        n[word_of(claim)]++;
    }
    page_title(out, "Of %zu claims", json_array_size(claims));
    for (size_t word = 0; word < CLAIMS_WORDS; word++) {
        if (!n[word])
            continue;
        fprintf(out, "  %s%4zu%s %s\n", terminal_style(out, claims_words[word].style), n[word],
                terminal_style(out, TERMINAL_PLAIN),
                n[word] == 1 ? claims_words[word].sum : claims_words[word].sums);
    }
}

void claims_text(FILE *out, const json_t *document)
{
    const json_t *claims = json_object_get(document, "claims");
    size_t i;
    json_t *claim;
    report_head_text(out, document);
    page_text(out,
              "Where a sentence names nothing else, sysctls, socket and route options have their "
              "defaults, no other limit is reached, and no firewall, BPF program or MPTCP "
              "takes part.");
    json_array_foreach((json_t *)claims, i, claim)
    {
        one(out, claim);
    }
    if (json_array_size(claims) > 1)
        summary(out, claims);
}
