/* tcplab-bench enter [COMMAND [ARGUMENT...]]: runs a command (or a shell) in a private network. */
#pragma once

/* argv[0] is the verb. Returns only if it fails: an exit code; errors have been printed. */
int enter_main(int argc, char **argv);
