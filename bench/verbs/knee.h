/* tcplab-bench knee: where a load breaks. */
#pragma once

int knee_main(int argc, char **argv);
