/* tcplab-bench show FILE...: the text report of a saved document. */
#pragma once

/* argv[0] is the verb. Returns an exit code; errors have been printed. */
int show_main(int argc, char **argv);
