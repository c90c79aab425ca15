#include "base/buf.h"
#include "kit/kit.h"
#include "model/source.h"

static const char *text_of(const struct source_tags *tags)
{
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 10000);
    for (size_t i = 0; i < tags->n; i++)
        buf_printf(&out, "%s%s:%d", i ? " " : "", tags->items[i].text,
                   (int)tags->items[i].n_series);
    return arena_strdup(&kit_arena, buf_text(&out));
}

TEST(sorts_joins_and_cuts)
{
    static const struct {
        const char *row, *added; /* "text:series ..." */
        size_t n_max;
        const char *expected;
    } rows[] = {
        {"nothing", "", 5, ""},
        {"one", "a:1", 5, "a:1"},
        {"out of order", "c:1 a:2 b:3", 5, "a:2 b:3 c:1"},
        {"twice the same", "b:1 a:2 b:3", 5, "a:2 b:4"},
        {"too many", "c:1 a:2 b:3", 2, "a:2 b:3"},
        {"too many of the same", "b:1 b:1 a:1 b:1", 1, "a:1"},
        {"none wanted", "c:1 a:2", 0, ""},
        {"bytes, not letters", "b:1 B:1 \xC3\xA4:1 a:1", 9, "B:1 a:1 b:1 \xC3\xA4:1"},
    };
    EACH_ROW (rows, r) {
        struct source_tags tags = {0};
        struct str rest = str_of(r->added), piece;
        while (r->added[0] && str_split(&rest, ' ', &piece)) {
            const char *text = arena_strndup(&kit_arena, piece.at, piece.n - 2);
            const uint64_t n = (uint64_t)(piece.at[piece.n - 1] - '0');
            source_tags_add(&tags, (struct source_tag){text, n}, r->n_max, &kit_arena);
        }
        source_tags_finish(&tags, r->n_max);
        EXPECT_TEXT(text_of(&tags), r->expected);
    }
}

/* Against a plain array of counters: 3,000 different texts, 100,000 times. */
TEST(keeps_the_first_of_many)
{
    enum { N_TEXTS = 3000, N_ADDED = 100000, N_KEPT = 37 };
    static unsigned counts[N_TEXTS];
    struct source_tags tags = {0};
    memset(counts, 0, sizeof counts);
    for (size_t i = 0; i < N_ADDED; i++) {
        unsigned no = (unsigned)(kit_random() % N_TEXTS);
        const char *text = arena_printf(&kit_arena, "t%04u", no);
        counts[no]++;
        source_tags_add(&tags, (struct source_tag){text, 1}, N_KEPT, &kit_arena);
    }
    source_tags_finish(&tags, N_KEPT);
    EXPECT_I64(tags.n, N_KEPT);
    size_t at = 0;
    for (unsigned no = 0; no < N_TEXTS && at < N_KEPT; no++) {
        if (counts[no] == 0)
            continue;
        EXPECT_TEXT(tags.items[at].text, arena_printf(&kit_arena, "t%04u", no));
        EXPECT_I64(tags.items[at].n_series, counts[no]);
        at++;
    }
}

RUN_TESTS(test_of(sorts_joins_and_cuts), test_of(keeps_the_first_of_many))
