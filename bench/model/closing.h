/* What closing a connection takes, and what it leaves. */
#pragma once

#include <stdbool.h>

/* How long a kernel may keep back the ACK of a FIN, in seconds, when data has been exchanged
 * before: TCP_ATO_MIN (include/net/tcp.h), tcp_fin(), tcp_send_delayed_ack(). On a fresh connection
 * no longer than to the next tick. */
double closing_delayed_ack(void);

/* How many segments the close takes. together: the second end closes while its ACK of the first FIN
 * is still kept back. */
int closing_segments(bool together);

/* How many ends have TIME_WAIT in the end: those whose FIN was on its way before the other's had
 * arrived, and no more than one where one end closed after it had heard of the other (tcp_fin(),
 * net/ipv4/tcp_input.c). A RST leaves none. */
enum closing_manner { CLOSING_IN_TURN, CLOSING_CROSSED, CLOSING_BY_RESET };
int closing_time_waits(enum closing_manner manner);

/* The errno of the next call of an end that is told RST: whether the other's FIN had come before
 * (tcp_reset(), net/ipv4/tcp_input.c). */
int closing_reset_errno(bool fin_had_come);
