/* tcplab-bench load */
#pragma once

int load_main(int argc, char **argv);
