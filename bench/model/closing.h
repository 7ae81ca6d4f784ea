/* Closing a connection: how many segments it takes, and which states remain. */
#pragma once

#include <stdbool.h>

/* Returns how long a kernel may delay the ACK of a FIN, in seconds, if data was exchanged before:
 * TCP_ATO_MIN (include/net/tcp.h), tcp_fin(), tcp_send_delayed_ack(). On a fresh connection it
 * delays it at most until the next tick. */
double closing_delayed_ack(void);

/* Returns how many segments the close takes. together: the second end closes before it has sent the
 * delayed ACK of the first FIN, so one segment is both FIN and ACK. */
int closing_segments(bool together);

/* Returns how many ends are in TIME_WAIT in the end: each end that sent its FIN before the other's
 * FIN arrived (tcp_fin(), net/ipv4/tcp_input.c). That is one end if one closed after the other, and
 * both if their FINs crossed. A RST leaves none. */
enum closing_manner { CLOSING_IN_TURN, CLOSING_CROSSED, CLOSING_BY_RESET };
int closing_time_waits(enum closing_manner manner);

/* Returns the errno of the next call at an end that has received a RST. fin_had_come: the other
 * end's FIN came before the RST (tcp_reset(), net/ipv4/tcp_input.c). */
int closing_reset_errno(bool fin_had_come);
