/* The JSON of a verdict: what is read can be written, and then says the same; whole and in short. */
#include <string.h>

#include "model/verdict_read.h"
#include "model/verdict_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { TEXT_BYTES_MAX = 4 << 20 };

typedef void (*write_fn)(struct jsonw *json, const struct verdict *verdict);

static const char *written(write_fn write, const struct verdict *verdict, struct arena *arena)
{
    struct buf out;
    struct jsonw json;
    buf_init(&out, TEXT_BYTES_MAX);
    jsonw_init(&json, &out, 0);
    write(&json, verdict);
    const char *text = out.is_full ? NULL : arena_strdup(arena, buf_text(&out));
    buf_done(&out);
    return text;
}

static bool read_any(bool is_short, const json_t *root, struct arena *arena, struct verdict *out)
{
    return is_short ? verdict_read_summary(root, arena, out) : verdict_read(root, arena, out, NULL);
}

static void check(const json_t *root, bool is_short)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    const write_fn write = is_short ? verdict_write_summary : verdict_write;
    struct verdict verdict, again;
    if (!read_any(is_short, root, &arena, &verdict))
        return;
    const char *once = written(write, &verdict, &arena);
    if (!once)
        return;
    json_auto_t *back = json_loads(once, JSON_REJECT_DUPLICATES, NULL);
    BUG_IF(!back);
    BUG_IF(!read_any(is_short, back, &arena, &again));
    BUG_IF(strcmp(once, written(write, &again, &arena)) != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    json_auto_t *root = json_loadb((const char *)data, n, 0, NULL);
    check(root, false);
    check(root, true);
    return 0;
}
