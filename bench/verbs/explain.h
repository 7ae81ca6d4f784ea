/* tcplab-bench list; tcplab-bench explain NAME. */
#pragma once

/* argv[0] is the verb. An exit code; errors have been printed. */
int list_main(int argc, char **argv);
int explain_main(int argc, char **argv);
