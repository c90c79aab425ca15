/* StatsD packets through the parser into a tally, and what it tells must be plain lines that the plaintext reader
 * takes, or refuses for being infinite. Events are parsed too. */
#include <string.h>

#include "base/mem.h"
#include "ingest/plain.h"
#include "ingest/statsd_event.h"
#include "ingest/tally.h"
#include "model/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

enum { AT_S = 1500000000, INPUT_MAX = 1 << 16 };

static void check(void *self, const char *lines, size_t n)
{
    struct str rest = str_make(lines, n);
    (void)self;
    BUG_IF(lines[n - 1] != '\n');
    while (rest.n > 0) {
        struct plain_point point;
        char canonical[NAME_BYTES_MAX + 1];
        size_t n_name;
        const char *newline = memchr(rest.at, '\n', rest.n);
        const size_t n_line = (size_t)(newline - rest.at);
        BUG_IF(n_line >= PLAIN_LINE_MAX);
        const enum plain_fate fate = plain_parse(rest.at, n_line, AT_S, &point);
        BUG_IF(fate != PLAIN_OK && fate != PLAIN_INFINITE && fate != PLAIN_GAP);
        if (fate == PLAIN_OK) {
            BUG_IF(name_normalise(point.name, canonical, &n_name) != NAME_OK);
            BUG_IF(point.at_s != AT_S);
        }
        rest = str_make(newline + 1, rest.n - n_line - 1);
    }
}

static void take_event(struct str text)
{
    CLEANUP(arena_done) struct arena arena;
    struct change change;
    arena_init(&arena);
    if (!statsd_event_parse(text, AT_S * INT64_C(1000), &arena, &change, NULL))
        return;
    if (change_check(&change, AT_S * INT64_C(1000), &arena, NULL))
        BUG_IF(strlen(change.msg) > CHANGE_TEXT_MAX);
}

static void take_line(struct tally *tally, struct str text)
{
    struct statsd_line line;
    struct statsd_sample sample;
    if (statsd_kind(text) == STATSD_EVENT)
        take_event(text);
    enum statsd_fate fate = statsd_begin(&line, text);
    if (fate != STATSD_OK) {
        BUG_IF(line.fault == NAME_OK);
        return;
    }
    BUG_IF(line.key.n == 0);
    BUG_IF(!name_is_canonical(line.key));
    for (size_t n = 0; statsd_next(&line, &sample, &fate); n++) {
        BUG_IF(n > text.n);
        if (fate == STATSD_OK)
            (void)tally_add(tally, line.key, &sample);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static const struct tally_options options = {
        .interval_s = 10, .percents = {90, -12.5}, .n_percents = 2};
    if (n > INPUT_MAX)
        return 0;
    struct tally *tally = tally_new(&options, AT_S - 10);
    tally_count_packet(tally);
    for (size_t i = 0; i < n;) {
        const uint8_t *newline = memchr(bytes + i, '\n', n - i);
        const size_t n_line = newline ? (size_t)(newline - bytes) - i : n - i;
        char *line = mem_alloc(n_line + 1); /* of its own: a byte too far is noticed */
        memcpy(line, bytes + i, n_line);
        take_line(tally, str_make(line, n_line));
        mem_free(line);
        i += n_line + 1;
    }
    tally_flush(tally, AT_S, 0, check, NULL);
    tally_flush(tally, AT_S, 0, check, NULL);
    tally_free(tally);
    return 0;
}
