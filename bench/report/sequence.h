/* The segments of one connection as a sequence diagram: the client's line at the left, the server's
 * at the right, time downward. Each segment has its number, the time since the segment before was
 * sent, and both ends' times on one clock. Plain ASCII. */
#pragma once

#include <jansson.h>
#include <stdio.h>

/* packets: as in the document; server: its address, may be NULL. Nothing where there are no
 * segments. */
void sequence_page(FILE *out, const json_t *packets, const char *server);
