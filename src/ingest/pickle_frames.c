#include "ingest/pickle_frames.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "ingest/pickle.h"
#include "model/name.h"

enum {
    LENGTH_BYTES = 4,
    TEXT_BYTES = 128 * 1024, /* lines of one lines_take */
    TEXT_ROOM = LINES_BEFORE + TEXT_BYTES + LINES_AFTER,
    NUMBER_MAX = 64,            /* bytes of a number that was sent as a text */
    EXACT_BELOW = 1 << 30,      /* integers that are written without a look at their digits */
    KEPT_BYTES_MAX = 64 * 1024, /* of a connection's begun frame, once it was read */
};

void pickle_frames_desk_done(struct pickle_desk *desk)
{
    mem_free(desk->text);
    desk->text = NULL;
    arena_done(&desk->arena);
}

void pickle_frames_init(struct pickle_frames *frames, const struct net_addr *from,
                        struct order_budget *budget)
{
    *frames = (struct pickle_frames){.begun = NULL};
    lines_init(&frames->lines, from, budget);
}

/* ---- one frame ---- */

struct frame {
    struct pickle_frames *frames;
    struct feed *feed;
    char *text; /* behind LINES_BEFORE bytes: n_text of them are filled */
    size_t n_text;
};

static void pass_on(struct frame *frame)
{
    if (frame->n_text > 0)
        lines_take(&frame->frames->lines, frame->feed, frame->text, frame->n_text);
    frame->n_text = 0;
}

static void refuse(const struct frame *frame, enum reject_reason reason, const char *why,
                   struct str name)
{
    feed_reject(frame->feed, reason, &frame->frames->lines.from, why, name);
}

/* A number, or a text that holds one, as a field of a line. False: it is neither. */
static bool write_number(const struct pickle_value *value, char out[NUMBER_MAX], size_t *out_n)
{
    if (value->type == PICKLE_NUMBER) {
        const bool is_small = fabs(value->number) < EXACT_BELOW;
        const int64_t whole = is_small ? (int64_t)value->number : 0;
        *out_n = is_small && (double)whole == value->number && whole != 0
                     ? num_format_i64(out, whole)
                     : num_format(out, value->number);
        return true;
    }
    double number;
    if (value->type != PICKLE_TEXT)
        return false;
    const struct str text = str_trim(str_make(value->text, value->n));
    if (text.n >= NUMBER_MAX || !num_parse_f64(text.at, text.n, &number))
        return false;
    memcpy(out, text.at, text.n);
    *out_n = text.n;
    return true;
}

/* A blank would end the name in a line. */
static bool is_one_field(struct str name)
{
    for (size_t i = 0; i < name.n; i++) {
        const unsigned char c = (unsigned char)name.at[i];
        if (c <= ' ' || c == 0x7F)
            return false;
    }
    return true;
}

static void add_line(struct frame *frame, struct str name, const struct pickle_value *pair)
{
    char at[NUMBER_MAX], value[NUMBER_MAX];
    size_t n_at, n_value;
    if (!write_number(&pair[0], at, &n_at)) {
        refuse(frame, REJECT_TIME, "the item's time is not a number", name);
        return;
    }
    if (!write_number(&pair[1], value, &n_value)) {
        refuse(frame, REJECT_VALUE, "the item's value is not a number", name);
        return;
    }
    const size_t n = name.n + 1 + n_value + 1 + n_at + 1;
    if (frame->n_text + n > TEXT_BYTES)
        pass_on(frame);
    char *to = frame->text + frame->n_text;
    memcpy(to, name.at, name.n);
    to += name.n;
    *to++ = ' ';
    memcpy(to, value, n_value);
    to += n_value;
    *to++ = ' ';
    memcpy(to, at, n_at);
    to[n_at] = '\n';
    frame->n_text += n;
}

static bool is_pair(const struct pickle_value *value)
{
    return (value->type == PICKLE_TUPLE || value->type == PICKLE_LIST) && value->items->n == 2;
}

static void take_item(struct frame *frame, const struct pickle_value *item)
{
    static const char *const shape = "an item is not (name, (time, value))";
    const struct pickle_value *pair = is_pair(item) ? item->items->at : NULL;
    if (!pair || pair[0].type != PICKLE_TEXT) {
        refuse(frame, REJECT_FIELDS, shape, str_make("", 0));
        return;
    }
    const struct str name = str_make(pair[0].text, pair[0].n);
    enum name_fault fault = NAME_OK;
    if (!is_pair(&pair[1])) {
        refuse(frame, REJECT_FIELDS, shape, name);
        return;
    }
    if (name.n == 0)
        fault = NAME_EMPTY;
    else if (name.n > NAME_BYTES_MAX - 2 * NUMBER_MAX) /* the line must stay a line */
        fault = NAME_TOO_LONG;
    else if (!is_one_field(name))
        fault = NAME_NOT_UTF8;
    if (fault != NAME_OK)
        refuse(frame, REJECT_NAME, name_fault_text(fault), name);
    else
        add_line(frame, name, pair[1].items->at);
}

static bool give_up(const struct frame *frame, enum reject_reason reason, const char *why)
{
    refuse(frame, reason, why, str_make("", 0));
    return false;
}

static bool take_frame(struct frame *frame, struct pickle_desk *desk, const char *at, size_t n)
{
    struct pickle_value value;
    struct err err;
    err_clear(&err);
    arena_reset(&desk->arena);
    if (!pickle_load(at, n, &desk->arena, &value, &err))
        return give_up(frame, REJECT_PICKLE, err.text);
    if (value.type != PICKLE_LIST && value.type != PICKLE_TUPLE)
        return give_up(frame, REJECT_PICKLE, "the pickle is not a list of points");
    if (value.items->n > PICKLE_POINTS_MAX)
        return give_up(frame, REJECT_PICKLE, "more than 65,536 points in one frame");
    for (size_t i = 0; i < value.items->n; i++)
        take_item(frame, &value.items->at[i]);
    pass_on(frame);
    return true;
}

/* ---- the stream ---- */

static size_t length_of(const char *at)
{
    const unsigned char *bytes = (const unsigned char *)at;
    return (size_t)bytes[0] << 24 | (size_t)bytes[1] << 16 | (size_t)bytes[2] << 8 | bytes[3];
}

static bool is_text(struct str bytes)
{
    for (size_t i = 0; i < bytes.n; i++) {
        if (bytes.at[i] < ' ' || bytes.at[i] > '~')
            return false;
    }
    return true;
}

/* A frame's length, once it is there. */
static bool check_length(const struct frame *frame, const char *at)
{
    char why[160];
    const size_t n = length_of(at);
    if (n <= PICKLE_FRAME_MAX)
        return true;
    if (is_text(str_make(at, LENGTH_BYTES)))
        return give_up(frame, REJECT_PICKLE,
                       "text, not a pickle: plaintext lines go to the port of --line");
    snprintf(why, sizeof why, "a frame of %zu bytes; at most %d are taken", n, PICKLE_FRAME_MAX);
    return give_up(frame, REJECT_TOO_LONG, why);
}

static bool keep(struct frame *frame, struct pickle_desk *desk, const char *at, size_t n)
{
    struct pickle_frames *frames = frame->frames;
    if (n > PICKLE_BEGUN_MAX - desk->n_begun)
        return give_up(frame, REJECT_FULL, "too many frames are begun and not ended");
    mem_grow(&frames->begun, &frames->begun_cap, frames->n_begun + n, 1);
    memcpy(frames->begun + frames->n_begun, at, n);
    frames->n_begun += n;
    desk->n_begun += n;
    return true;
}

static void forget(struct pickle_frames *frames, struct pickle_desk *desk)
{
    desk->n_begun -= frames->n_begun;
    frames->n_begun = 0;
    if (frames->begun_cap <= KEPT_BYTES_MAX)
        return;
    mem_free(frames->begun);
    frames->begun = NULL;
    frames->begun_cap = 0;
}

/* Ends the begun frame with what came, as far as it goes. *io moves past what was used. */
static bool take_begun(struct frame *frame, struct pickle_desk *desk, struct str *io)
{
    struct pickle_frames *frames = frame->frames;
    while (frames->n_begun > 0 && io->n > 0) {
        size_t wanted = LENGTH_BYTES;
        if (frames->n_begun >= LENGTH_BYTES)
            wanted += length_of(frames->begun);
        const size_t n = min_size(wanted - frames->n_begun, io->n);
        if (!keep(frame, desk, io->at, n))
            return false;
        *io = str_make(io->at + n, io->n - n);
        if (frames->n_begun < wanted)
            return true;
        if (wanted == LENGTH_BYTES) {
            if (!check_length(frame, frames->begun))
                return false;
            if (length_of(frames->begun) > 0)
                continue;
        }
        if (!take_frame(frame, desk, frames->begun + LENGTH_BYTES, wanted - LENGTH_BYTES))
            return false;
        forget(frames, desk);
    }
    return true;
}

static bool take_all(struct frame *frame, struct pickle_desk *desk, struct str rest)
{
    if (!take_begun(frame, desk, &rest))
        return false;
    while (rest.n >= LENGTH_BYTES) {
        if (!check_length(frame, rest.at))
            return false;
        const size_t n = length_of(rest.at);
        if (rest.n - LENGTH_BYTES < n)
            break;
        if (!take_frame(frame, desk, rest.at + LENGTH_BYTES, n))
            return false;
        rest = str_make(rest.at + LENGTH_BYTES + n, rest.n - LENGTH_BYTES - n);
    }
    return rest.n == 0 || keep(frame, desk, rest.at, rest.n);
}

bool pickle_frames_take(struct pickle_frames *frames, struct pickle_desk *desk, struct feed *feed,
                        const char *at, size_t n)
{
    if (!desk->text)
        desk->text = mem_zalloc(TEXT_ROOM);
    struct frame frame = {frames, feed, desk->text + LINES_BEFORE, 0};
    feed_begin(feed);
    const bool is_good = take_all(&frame, desk, str_make(at, n));
    if (!is_good)
        forget(frames, desk);
    feed_flush(feed);
    return is_good;
}

void pickle_frames_end(struct pickle_frames *frames, struct pickle_desk *desk, struct feed *feed)
{
    if (frames->n_begun > 0) {
        feed_begin(feed);
        feed_reject(feed, REJECT_CUT, &frames->lines.from, "the connection ended inside a frame",
                    str_make("", 0));
        forget(frames, desk);
    }
    lines_done(&frames->lines);
    mem_free(frames->begun);
    frames->begun = NULL;
}
