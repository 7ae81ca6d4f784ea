/* tcplab-bench sweep: one load at each value of one key, or of two. */
#pragma once

int sweep_main(int argc, char **argv);
