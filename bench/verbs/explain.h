/* tcplab-bench explain NAME: one experiment, without a run. */
#pragma once

/* argv[0] is the verb, argv[-1] the program's name. Returns an exit code; errors have been
 * printed. */
int explain_main(int argc, char **argv);
