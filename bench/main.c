/* tcplab-bench: a verb a job. */
#include "bench/verbs/claims.h"
#include "bench/verbs/compare.h"
#include "bench/verbs/enter.h"
#include "bench/verbs/explain.h"
#include "bench/verbs/knee.h"
#include "bench/verbs/list.h"
#include "bench/verbs/load.h"
#include "bench/verbs/merge.h"
#include "bench/verbs/probe.h"
#include "bench/verbs/run.h"
#include "bench/verbs/show.h"
#include "bench/verbs/sweep.h"
#include "common/process/exit_code.h"
#include "common/report/program.h"
#include "common/report/terminal.h"
#include "common/text/suggest.h"
#include "config.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *arguments, *help;
    int (*run)(int argc, char **argv);
} verbs[] = {
    {"list", "[OPTIONS]", "list the experiments", list_main},
    {"explain", "[OPTIONS] NAME",
     "explain one experiment: the question, what is often said, the kernel, the prediction",
     explain_main},
    {"run", "[OPTIONS] NAME...|--all",
     "run experiments in a private lab and compare them with their predictions", run_main},
    {"show", "[OPTIONS] FILE...",
     "print the text report of a document that run --json=FILE has saved", show_main},
    {"claims", "[list | run [OPTIONS] [CLAIM...]]",
     "list sentences of articles and books, or check them on this kernel", claims_main},
    {"probe", "[OPTIONS]",
     "find out by small experiments which of the rules that differ between kernels this one has",
     probe_main},
    {"load", "[OPTIONS]",
     "measure one load: a server and a client with your options, in several fresh labs", load_main},
    {"compare", "[OPTIONS] --a KEY=VALUE... --b KEY=VALUE... | A.json B.json",
     "measure two loads in alternation: the ratio of each metric, its interval, a verdict",
     compare_main},
    {"sweep", "[OPTIONS] --vary KEY=VALUES...",
     "measure one load at each value of one key, or of two", sweep_main},
    {"knee", "[OPTIONS] --vary KEY=FROM..TO --until WHAT",
     "predict, then measure, at which value a load breaks", knee_main},
    {"merge", "[OPTIONS] FILE...", "add the reports of several clients of one load, without loss",
     merge_main},
    {"enter", "[COMMAND [ARGUMENT...]]",
     "run a command, or a shell, in a private network; no root needed", enter_main},
};

#define N_VERBS (sizeof(verbs) / sizeof(*verbs))

static void main_help(FILE *out)
{
    fputs(
        "Examples:\n"
        "  tcplab-bench list\n"
        "  tcplab-bench explain rst-on-overflow\n"
        "  tcplab-bench run rst-on-overflow --set clients=100\n"
        "  tcplab-bench run --all -j 4\n"
        "  tcplab-bench claims run -j 8\n"
        "  tcplab-bench probe\n"
        "  tcplab-bench load --client '-w crr -c 64 -d 2s' --server '--backlog 64'\n"
        "  tcplab-bench compare --a server.backlog=16 --b server.backlog=256\n"
        "  tcplab-bench enter tcplab-server --backlog 4 --sysctl net.ipv4.tcp_abort_on_overflow=1\n"
        "  tcplab-bench enter             a shell whose network is its own\n\n"
        "Usage: tcplab-bench VERB [ARGUMENT...]\n\n",
        out);
    for (size_t i = 0; i < N_VERBS; i++)
        fprintf(out, "  %s%s%s\n      %s\n", verbs[i].name, *verbs[i].arguments ? " " : "",
                verbs[i].arguments, verbs[i].help);
    fputs(
        "\n  -h, --help     show this help and exit\n  -V, --version  show the version and exit\n",
        out);
}

static int unknown_verb(const char *verb)
{
    const char *names[N_VERBS];
    for (size_t i = 0; i < N_VERBS; i++)
        names[i] = verbs[i].name;
    const char *near = suggest_nearest(verb, names, N_VERBS);
    terminal_error("there is no verb %s%s%s%s; see --help", verb, near ? " (did you mean " : "",
                   near ? near : "", near ? "?)" : "");
    return EXIT_CODE_USAGE;
}

int main(int argc, char **argv)
{
    program_begin("tcplab-bench");
    if (argc < 2) {
        main_help(stderr);
        return EXIT_CODE_USAGE;
    }
    /* the others have their own */
    bool help_of_verb = argc == 3 && !strcmp(argv[1], "enter") &&
                        (!strcmp(argv[2], "-h") || !strcmp(argv[2], "--help"));
    if (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help") || help_of_verb) {
        main_help(stdout);
        return program_flush();
    }
    if (!strcmp(argv[1], "-V") || !strcmp(argv[1], "--version")) {
        puts("tcplab-bench " TCPLAB_VERSION);
        return program_flush();
    }
    for (size_t i = 0; i < N_VERBS; i++)
        if (!strcmp(argv[1], verbs[i].name))
            return verbs[i].run(argc - 1, argv + 1);
    return unknown_verb(argv[1]);
}
