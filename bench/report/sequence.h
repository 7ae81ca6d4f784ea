/* Prints the segments of one connection as a sequence diagram in ASCII: the client's line on the
 * left, the server's on the right, time downward. Each segment has a number, the time since the
 * segment before was sent, and the times at both ends by one clock. */
#pragma once

#include <jansson.h>
#include <stdio.h>

/* packets: as in the document. server: its address, may be NULL. Prints nothing if there are no
 * segments. */
void sequence_page(FILE *out, const json_t *packets, const char *server);
