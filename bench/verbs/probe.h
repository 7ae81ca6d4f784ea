/* tcplab-bench probe: which rules this kernel has. */
#pragma once

/* argv[0] is the verb, argv[-1] the program's name. An exit code; what is wrong has been told. */
int probe_main(int argc, char **argv);
