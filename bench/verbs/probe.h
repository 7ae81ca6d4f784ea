/* tcplab-bench probe: which rules this kernel has. */
#pragma once

/* argv[0] is the verb, argv[-1] the program's name. Returns an exit code; errors have been
 * printed. */
int probe_main(int argc, char **argv);
