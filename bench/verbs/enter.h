/* tcplab-bench enter [COMMAND [ARGUMENT...]]: runs a command (or a shell) in a private network. */
#pragma once

/* argv[0] is the verb. Returns only when it fails: an exit code, the reason told. */
int enter_main(int argc, char **argv);
