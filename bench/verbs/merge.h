/* tcplab-bench merge FILE...: the reports of several clients of one load as one. */
#pragma once

/* argv[0] is the verb. Returns an exit code; errors have been printed. */
int merge_main(int argc, char **argv);
