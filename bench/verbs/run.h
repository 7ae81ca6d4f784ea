/* tcplab-bench run NAME...|--all: experiments in private labs, compared with their predictions. */
#pragma once

/* argv[0] is the verb, argv[-1] the program's name. Returns an exit code; errors have been
 * printed. */
int run_main(int argc, char **argv);
