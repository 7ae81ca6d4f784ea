/* tcplab-bench claims [list | run [NAME...]]: what articles and books say, and whether it is true
 * on this kernel. */
#pragma once

/* argv[0] is the verb, argv[-1] the program's name. Returns an exit code; errors have been
 * printed. */
int claims_main(int argc, char **argv);
