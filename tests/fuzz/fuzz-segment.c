/* segment_read(): whatever the frame, no read outside it, and what was accepted holds together. */
#include "bench/lab/segment.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void check_segment(const struct segment *s, const uint8_t *frame, size_t length,
                          size_t frame_length)
{
    char text[SEGMENT_NAME_MAX];
    require(s->id.family == AF_INET || s->id.family == AF_INET6);
    require(s->direction == TO_SERVER || s->direction == TO_CLIENT);
    require(s->frame_length == frame_length && s->payload <= frame_length);
    require(s->snap_length == (length < SEGMENT_SNAP ? length : SEGMENT_SNAP));
    require(memcmp(s->snap, frame, s->snap_length) == 0);
    require(strlen(segment_name(s, text)) < SEGMENT_NAME_MAX && *text);
}

/* The same frame as seen from the other end is of the same connection, turned round. */
static void check_turned(const struct segment *there, const uint8_t *frame, size_t length,
                         size_t frame_length)
{
    struct segment back = {0};
    int other = there->direction == TO_SERVER ? TO_CLIENT : TO_SERVER;
    require(segment_read(frame, length, frame_length, other, 0, &back) == 0);
    require(memcmp(back.id.client, there->id.server, 16) == 0 &&
            memcmp(back.id.server, there->id.client, 16) == 0);
    require(back.id.client_port == there->id.server_port && back.payload == there->payload);
    if (connection_id_same(&there->id, &back.id))
        require(connection_id_hash(&there->id) == connection_id_hash(&back.id));
}

/* The first byte chooses the direction, the next two how much longer the frame was than what is
 * there of it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3)
        return 0;
    int direction = data[0] % 3 - 1;
    size_t length = size - 3, frame_length = length + data[1] + 256u * data[2];
    uint8_t *frame = malloc(length ? length : 1);
    struct segment s = {0};
    require(frame != NULL);
    memcpy(frame, data + 3, length);
    int r = segment_read(frame, length, frame_length, direction, 8888, &s);
    require(r == 0 || r == -ENOMSG || r == -EBADMSG);
    if (r == 0) {
        require(direction < 0 || s.direction == (enum direction)direction);
        check_segment(&s, frame, length, frame_length);
        check_turned(&s, frame, length, frame_length);
    }
    free(frame);
    return 0;
}
