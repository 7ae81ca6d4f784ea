/* tcplab-bench compare */
#pragma once

int compare_main(int argc, char **argv);
