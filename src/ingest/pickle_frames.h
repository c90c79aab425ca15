/* Carbon's pickle protocol out of a stream of bytes: frames of a length and a pickle of
 * [(name, (time, value)), ...], each item a plaintext line into the feed. Format: docs/formats/pickle.md.
 * Thread: the receiver's. */
#pragma once

#include "ingest/feed.h"
#include "ingest/lines.h"

enum {
    PICKLE_FRAME_MAX = 1 << 20, /* bytes without the length; carbon's limit too */
    PICKLE_POINTS_MAX = 65536,  /* of a frame, which has no room for more that differ */
    PICKLE_BEGUN_MAX =
        64 << 20, /* bytes of begun frames that all connections of a receiver may hold */
};

/* What the connections of one receiver share. Zeroed to begin with. */
struct pickle_desk {
    size_t n_begun; /* bytes that are held for begun frames */
    char *text;     /* points as lines */
    struct arena arena;
};
void pickle_frames_desk_done(struct pickle_desk *desk);

/* One connection. */
struct pickle_frames {
    struct lines lines;
    char *begun; /* n_begun bytes of the next frame, length first */
    size_t n_begun, begun_cap;
};

void pickle_frames_init(struct pickle_frames *frames, const struct net_addr *from,
                        struct order_budget *budget);
/* The next n bytes of the stream; everything is flushed into the feed on return. False: garbage. It was counted,
 * and nothing that follows can be read. */
MUST_CHECK bool pickle_frames_take(struct pickle_frames *frames, struct pickle_desk *desk,
                                   struct feed *feed, const char *at, size_t n);
/* The stream is over: a begun frame is refused. Frees it. */
void pickle_frames_end(struct pickle_frames *frames, struct pickle_desk *desk, struct feed *feed);
