#include "store/names.h"

#include <stdio.h>

#include "base/mem.h"
#include "kit/kit.h"

struct seen {
    uint32_t n_created, n_gone, last_id;
    enum sink_fate class_fate;
    bool is_over;
};

static enum sink_fate class_of(void *self, struct str canonical, uint16_t *out_class)
{
    const struct seen *seen = self;
    *out_class = (uint16_t)(canonical.n % 7);
    return seen->class_fate;
}

static bool may_create(void *self)
{
    const struct seen *seen = self;
    return !seen->is_over;
}

static void created(void *self, uint32_t id, uint16_t class_no, const char *name)
{
    struct seen *seen = self;
    EXPECT_I64(class_no, strlen(name) % 7);
    EXPECT_I64(id, seen->n_created);
    seen->n_created++;
    seen->last_id = id;
}

static void gone(void *self, const uint32_t *ids, size_t n)
{
    struct seen *seen = self;
    seen->n_gone += (uint32_t)n;
    seen->last_id = ids[n - 1];
}

static struct names *names_for(struct seen *seen, uint64_t series_max)
{
    *seen = (struct seen){0};
    return names_new(series_max,
                     (struct names_hooks){seen, class_of, may_create, created, gone, gone});
}

/* One spelling. */
static enum sink_fate resolve(struct names *names, struct str spelling, uint32_t *out_id)
{
    enum sink_fate fate = SINK_DISK;
    names_resolve(names, &spelling, 1, out_id, &fate);
    return fate;
}

TEST(gives_one_id_to_all_spellings)
{
    static const struct {
        const char *row, *spelling, *canonical;
        uint32_t id;
        enum sink_fate fate;
    } rows[] = {
        {"plain", "a.b.c", "a.b.c", 0, SINK_OK},
        {"again", "a.b.c", "a.b.c", 0, SINK_OK},
        {"doubled dot", "a..b.c", "a.b.c", 0, SINK_OK},
        {"doubled dot, known by now", "a..b.c", "a.b.c", 0, SINK_OK},
        {"tags", "cpu;host=a;dc=x", "cpu;dc=x;host=a", 1, SINK_OK},
        {"tags in order", "cpu;dc=x;host=a", "cpu;dc=x;host=a", 1, SINK_OK},
        {"its prefix is another", "a.b", "a.b", 2, SINK_OK},
        {"empty", "", "", SINK_ID_NONE, SINK_NAME_BAD},
        {"a blank", "a b", "", SINK_ID_NONE, SINK_NAME_BAD},
        {"a bad tag", "a;b", "", SINK_ID_NONE, SINK_NAME_BAD},
    };
    struct seen seen;
    struct names *names = names_for(&seen, 0);
    EACH_ROW (rows, r) {
        uint32_t id = 77;
        EXPECT_I64(resolve(names, str_of(r->spelling), &id), r->fate);
        EXPECT_I64(id, r->id);
        if (r->fate == SINK_OK)
            EXPECT_TEXT(names_text(names, id), r->canonical);
    }
    EXPECT_I64(seen.n_created, 3);
    EXPECT_I64(names_series(names), 3);
    names_free(names);
}

TEST(keeps_many_names_where_they_are)
{
    enum { N = 60000 };
    struct seen seen;
    struct names *names = names_for(&seen, 0);
    const char **at = mem_array(N, const char *);
    char text[64];
    uint32_t id;

    for (uint32_t i = 0; i < N; i++) {
        int n = snprintf(text, sizeof text, "dc%u.host%u.metric.number%u", i % 3, i % 1000, i);
        EXPECT_I64(resolve(names, str_make(text, (size_t)n), &id), SINK_OK);
        EXPECT_I64(id, i);
        at[i] = names_name(names, i).at;
    }
    for (uint32_t i = 0; i < N; i++) {
        struct sink_name name = names_name(names, i);
        EXPECT(name.at == at[i] && name.at[name.n] == '\0');
        EXPECT(names_find(names, str_make(name.at, name.n), &id) && id == i);
        EXPECT_I64(names_class(names, i), name.n % 7);
        (void)memchr(name.at, 0, name.n + 64); /* readable, says the sanitizer */
    }
    EXPECT(!names_find(names, str_of("dc0.host0"), &id));
    EXPECT(names_text(names, N) == NULL);
    names_drop(names_take_retired(names));
    EXPECT(names_take_retired(names) == NULL);
    mem_free(at);
    names_free(names);
}

TEST(takes_the_longest_name_and_bounds_the_rest)
{
    struct seen seen;
    struct names *names = names_for(&seen, 2);
    char *text = mem_zalloc(NAME_BYTES_MAX + 2);
    uint32_t id;

    memset(text, 'x', NAME_BYTES_MAX + 1);
    EXPECT_I64(resolve(names, str_make(text, NAME_BYTES_MAX + 1), &id), SINK_NAME_BAD);
    EXPECT_I64(resolve(names, str_make(text, NAME_BYTES_MAX), &id), SINK_OK);
    EXPECT_I64(resolve(names, str_of("second"), &id), SINK_OK);
    EXPECT_I64(resolve(names, str_of("third"), &id), SINK_NAME_LIMIT);
    EXPECT_I64(id, SINK_ID_NONE);
    EXPECT_I64(resolve(names, str_of("second"), &id), SINK_OK);
    seen.class_fate = SINK_NAME_LIMIT;
    EXPECT_I64(resolve(names, str_of("fourth"), &id), SINK_NAME_LIMIT);
    seen.class_fate = SINK_DISK;
    EXPECT_I64(resolve(names, str_of("fourth"), &id), SINK_DISK);
    EXPECT_I64(resolve(names, str_of("fo..urth"), &id), SINK_DISK); /* another spelling */
    EXPECT_I64(resolve(names, str_of("second"), &id), SINK_OK);
    mem_free(text);
    names_free(names);
}

TEST(loads_what_a_log_tells_and_leaves_holes)
{
    struct seen seen;
    struct names *names = names_for(&seen, 0);
    uint32_t id;

    EXPECT(names_load(names, 3, 1, str_of("c.d")));
    EXPECT(names_load(names, 1, 2, str_of("a.b")));
    EXPECT(!names_load(names, 3, 1, str_of("another")));
    EXPECT(!names_load(names, 9, 1, str_of("a.b")));
    names_reserve(names, 6);
    EXPECT_I64(names_count(names), 6);
    EXPECT(names_text(names, 0) == NULL && names_text(names, 2) == NULL);
    EXPECT_TEXT(names_text(names, 1), "a.b");
    seen.n_created = 6;
    EXPECT_I64(resolve(names, str_of("new"), &id), SINK_OK);
    EXPECT_I64(id, 6);
    names_free(names);
}

TEST(a_deleted_name_is_free_and_its_id_is_dead)
{
    struct seen seen;
    struct names *names = names_for(&seen, 2);
    const struct str dead[] = {str_of("a.b"), str_of("nosuch")};
    uint32_t id, ids[2];

    EXPECT_I64(resolve(names, str_of("a..b"), &id), SINK_OK);
    EXPECT_I64(resolve(names, str_of("c"), &id), SINK_OK);
    const struct sink_name lent = names_name(names, 0);
    EXPECT_I64(names_delete(names, dead, 2, ids), 1);
    EXPECT_I64(ids[0], 0);
    EXPECT_I64(seen.n_gone, 1);
    EXPECT(names_is_dead(names, 0) && !names_is_dead(names, 1) && !names_is_dead(names, 9));
    EXPECT_I64(names_n_dead(names), 1);
    EXPECT(names_text(names, 0) == NULL);
    EXPECT(!names_find(names, str_of("a.b"), &id) && !names_find(names, str_of("a..b"), &id));
    EXPECT_TEXT(lent.at, "a.b"); /* still lent */
    EXPECT_I64(names_series(names), 1);
    EXPECT_I64(names_delete(names, dead, 2, ids), 0);
    EXPECT_I64(resolve(names, str_of("a..b"), &id), SINK_OK); /* there is room again */
    EXPECT_I64(id, 2);
    EXPECT(names_find(names, str_of("a.b"), &id) && id == 2);
    EXPECT(names_find(names, str_of("a..b"), &id) && id == 2);
    EXPECT_TEXT(names_text(names, 2), "a.b");
    EXPECT(names_text(names, 0) == NULL);
    names_free(names);
}

TEST(a_renamed_id_leaves_its_old_spellings)
{
    struct seen seen;
    struct names *names = names_for(&seen, 0);
    const struct name_change there = {str_of("a.b"), str_of("x.y")};
    const struct name_change back = {str_of("x.y"), str_of("a.b")};
    uint32_t id;

    EXPECT_I64(resolve(names, str_of("a..b"), &id), SINK_OK);
    for (int i = 0; i < 2; i++) {
        EXPECT_OK(names_rename(names, &there, 1, &kit_err));
        EXPECT_TEXT(names_text(names, 0), "x.y");
        EXPECT(names_find(names, str_of("x.y"), &id) && id == 0);
        EXPECT(!names_find(names, str_of("a.b"), &id) && !names_find(names, str_of("a..b"), &id));
        EXPECT_OK(names_rename(names, &back, 1, &kit_err));
        EXPECT_TEXT(names_text(names, 0), "a.b");
        EXPECT(!names_find(names, str_of("x.y"), &id));
        EXPECT_I64(resolve(names, str_of("a..b"), &id), SINK_OK);
        EXPECT_I64(id, 0);
    }
    EXPECT_I64(seen.n_gone, 4);
    EXPECT_I64(names_series(names), 1);
    names_free(names);
}

TEST(loads_deletions_and_renamings)
{
    struct seen seen;
    struct names *names = names_for(&seen, 0);
    uint32_t id;

    EXPECT(names_load(names, 0, 1, str_of("a")) && names_load(names, 1, 1, str_of("b")));
    EXPECT(!names_load_delete(names, 2));
    EXPECT(names_load_delete(names, 0) && !names_load_delete(names, 0));
    EXPECT(!names_load(names, 0, 1, str_of("c"))); /* a dead id is never given out again */
    EXPECT(!names_load_rename(names, 0, str_of("c")));
    EXPECT(names_load(names, 2, 1, str_of("a")));
    EXPECT(!names_load_rename(names, 1, str_of("a")));
    EXPECT(names_load_rename(names, 1, str_of("c")));
    EXPECT(names_find(names, str_of("c"), &id) && id == 1);
    EXPECT(!names_find(names, str_of("b"), &id));
    EXPECT_I64(seen.n_gone, 0);
    names_free(names);
}

RUN_TESTS(test_of(gives_one_id_to_all_spellings), test_of(keeps_many_names_where_they_are),
          test_of(takes_the_longest_name_and_bounds_the_rest),
          test_of(loads_what_a_log_tells_and_leaves_holes),
          test_of(a_deleted_name_is_free_and_its_id_is_dead),
          test_of(a_renamed_id_leaves_its_old_spellings), test_of(loads_deletions_and_renamings))
