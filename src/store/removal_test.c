#include "store/removal.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "kit/kit.h"
#include "os/file.h"
#include "store/keeper.h"
#include "store/store_kit.c"

enum { FIRST_S = 1700006400 /* a partition of 10 s begins here */, DAY_S = 86400 };

static const char *const NAME = "prod.host00.load"; /* the kit's first */

static void start(struct store_kit *kit)
{
    kit_now_us = FIRST_S * 1000000ll;
    store_kit_init(kit, "10s:30d", "average", FIRST_S - 4000, 20000);
    EXPECT(store_kit_open(kit));
}

static bool is_there(const struct store_kit *kit, const char *pattern)
{
    const struct source source = store_source(kit->store);
    struct source_nodes nodes = {0};
    struct glob_path path;
    EXPECT_OK(glob_path_compile(pattern, &kit_arena, &path, &kit_err));
    EXPECT_OK(source.ops->find(source.self, &path, NULL, 100, &kit_arena, &nodes, &kit_err));
    return nodes.n > 0;
}

static size_t delete_one(struct store_kit *kit, const char *name)
{
    const struct str text = str_of(name);
    size_t n = 77;
    EXPECT_OK(store_delete(kit->store, &text, 1, &n, &kit_err));
    return n;
}

static void rename_one(struct store_kit *kit, const char *from, const char *to)
{
    const struct name_change change = {str_of(from), str_of(to)};
    EXPECT_OK(store_rename(kit->store, &change, 1, &kit_err));
}

static uint32_t resolve(struct store_kit *kit, const char *name)
{
    const struct str text = str_of(name);
    enum sink_fate fate;
    uint32_t id;
    store_sink(kit->store).ops->resolve(kit->writer, &text, 1, &id, &fate);
    EXPECT_I64(fate, SINK_OK);
    return id;
}

/* The array forgets the series; the kit goes on with the id that its name has now. */
static void forget(struct store_kit *kit, size_t series)
{
    for (uint32_t k = 0; k < kit->n_slots; k++)
        kit->values[series][k] = (double)NAN;
    kit->ids[series] = resolve(kit, name_of(series));
}

static void put_all(struct store_kit *kit, int64_t at_s)
{
    for (size_t i = 0; i < STORE_KIT_SERIES; i++)
        EXPECT_I64(store_kit_put(kit, i, at_s, (double)(at_s % 1000 + (int64_t)i)), SINK_OK);
    store_kit_commit(kit);
}

/* Points every slot for so long, the keeper at work. */
static void live(struct store_kit *kit, int64_t seconds)
{
    for (int64_t i = 0; i < seconds; i += 10) {
        kit_now_us += 10000000;
        put_all(kit, store_kit_now_s());
        if (i % 900 == 0)
            EXPECT_OK(keeper_pass(kit->store, &kit_err));
    }
    EXPECT_OK(keeper_pass(kit->store, &kit_err));
}

/* Rows of the id in all files. */
static size_t rows_of(const struct store_kit *kit, uint32_t id)
{
    struct files_version *version = files_ref(kit->store->files);
    size_t n = 0;
    for (size_t i = 0; i < version->n; i++)
        n += block_has(version->items[i]->block, id);
    files_unref(kit->store->files, version);
    return n;
}

TEST(a_deleted_series_is_gone_for_readers_and_writers)
{
    struct store_kit kit;
    start(&kit);
    put_all(&kit, FIRST_S);
    const uint32_t old_id = kit.ids[0];
    const uint64_t n_renamings = store_sink(kit.store).ops->n_renamings(kit.store);
    EXPECT_I64(delete_one(&kit, "prod..host00.load"), 1); /* any spelling */
    EXPECT(store_sink(kit.store).ops->n_renamings(kit.store) != n_renamings);
    EXPECT_I64(delete_one(&kit, NAME), 0);
    EXPECT(!is_there(&kit, NAME) && !is_there(&kit, "prod.host00"));
    EXPECT(is_there(&kit, "prod.host01"));
    EXPECT(store_kit_read(&kit, 0, FIRST_S, FIRST_S + 1, 60) == NULL);
    EXPECT_I64(store_kit_put(&kit, 0, FIRST_S, 8), SINK_GONE);        /* of the head */
    EXPECT_I64(store_kit_put(&kit, 0, FIRST_S - 3000, 8), SINK_GONE); /* and a late one */
    forget(&kit, 0);
    EXPECT(kit.ids[0] != old_id);
    EXPECT(is_there(&kit, "prod.host00"));
    EXPECT(store_kit_agrees(&kit));
    put_all(&kit, FIRST_S + 10);
    EXPECT(store_kit_agrees(&kit));
    store_kit_done(&kit);
}

TEST(what_memory_held_of_it_gets_into_no_file)
{
    struct store_kit kit;
    start(&kit);
    for (int i = 0; i < 5; i++)
        put_all(&kit, FIRST_S - 10 * i);
    EXPECT_I64(store_kit_put(&kit, 0, FIRST_S - 3000, 1), SINK_OK); /* in a list */
    EXPECT_I64(store_kit_put(&kit, 1, FIRST_S - 3000, 1), SINK_OK);
    const uint32_t old_id = kit.ids[0];
    EXPECT_I64(delete_one(&kit, NAME), 1);
    forget(&kit, 0);
    EXPECT_OK(store_seal(kit.store, &kit_err));
    EXPECT_I64(rows_of(&kit, old_id), 0);
    EXPECT(rows_of(&kit, kit.ids[1]) > 0);
    EXPECT(store_kit_agrees(&kit));
    store_kit_done(&kit);
}

TEST(late_points_of_it_in_panes_go_too)
{
    struct store_kit kit;
    start(&kit);
    kit.tuning.late_run = 4;
    store_kit_close(&kit);
    EXPECT(store_kit_open(&kit));
    put_all(&kit, FIRST_S);
    struct sink_point points[STORE_KIT_SERIES];
    enum sink_fate fates[STORE_KIT_SERIES];
    for (size_t i = 0; i < STORE_KIT_SERIES; i++)
        points[i] = (struct sink_point){kit.ids[i], FIRST_S - 3000, 5};
    (void)store_sink(kit.store).ops->put(kit.writer, points, STORE_KIT_SERIES, fates);
    store_kit_commit(&kit);
    const uint32_t old_id = kit.ids[0];
    EXPECT_I64(delete_one(&kit, NAME), 1);
    EXPECT_OK(store_seal(kit.store, &kit_err));
    EXPECT_I64(rows_of(&kit, old_id), 0);
    EXPECT_I64(rows_of(&kit, kit.ids[1]), 2);
    store_kit_done(&kit);
}

TEST(it_stays_deleted_and_the_log_does_not_bring_it_back)
{
    struct store_kit kit;
    start(&kit);
    put_all(&kit, FIRST_S);
    EXPECT_I64(delete_one(&kit, NAME), 1);
    EXPECT_I64(delete_one(&kit, "prod.host05.load"), 1);
    forget(&kit, 0);
    EXPECT_I64(store_kit_put(&kit, 0, FIRST_S, 3), SINK_OK);
    store_kit_commit(&kit);
    const uint32_t id = kit.ids[0];
    for (int i = 0; i < 2; i++) {
        store_kit_crash(&kit); /* opens with all names of the kit */
        EXPECT_I64(kit.ids[0], id);
        forget(&kit, 5);
        EXPECT(store_kit_agrees(&kit));
        EXPECT_I64(names_n_dead(kit.store->names), 2);
        EXPECT_I64(kit.store->n_damaged, 0);
    }
    store_kit_done(&kit);
}

TEST(files_lose_it_when_much_of_them_is_dead)
{
    struct store_kit kit;
    struct store_stats before, after;
    start(&kit);
    kit.tuning.sweep_us = 0;
    store_kit_close(&kit);
    EXPECT(store_kit_open(&kit));
    live(&kit, DAY_S + 3000); /* the first partition is past and merged */
    const uint32_t old_id = kit.ids[0], other = kit.ids[1];
    EXPECT(rows_of(&kit, old_id) > 1);
    store_stats(kit.store, &before);
    for (size_t i = 2; i < 8; i++)
        EXPECT_I64(delete_one(&kit, name_of(i)), 1);
    EXPECT_I64(delete_one(&kit, NAME), 1);
    for (int i = 0; i < 3; i++)
        EXPECT_OK(keeper_pass(kit.store, &kit_err));
    store_stats(kit.store, &after);
    EXPECT(after.disk_bytes < before.disk_bytes * 3 / 4);
    const size_t n_open = rows_of(&kit, old_id); /* of the partition that is being filled */
    EXPECT_I64(rows_of(&kit, other), n_open + 1);
    for (size_t i = 2; i < 8; i++)
        forget(&kit, i);
    forget(&kit, 0);
    EXPECT(store_kit_agrees(&kit));
    live(&kit, DAY_S);
    EXPECT_I64(rows_of(&kit, old_id), 0);
    EXPECT(store_kit_agrees(&kit));
    store_kit_done(&kit);
}

TEST(a_renamed_series_keeps_id_and_points)
{
    struct store_kit kit;
    struct str hidden = str_of(NAME);
    start(&kit);
    put_all(&kit, FIRST_S);
    EXPECT_OK(store_hide(kit.store, &hidden, 1, true, &kit_err));
    const uint32_t id = resolve(&kit, "prod..host00.load"); /* another spelling is remembered */
    rename_one(&kit, NAME, "other.name");
    EXPECT(!is_there(&kit, NAME) && is_there(&kit, "other.name"));
    EXPECT_I64(resolve(&kit, "other.name"), id);
    EXPECT_F64(store_kit_read(&kit, 0, FIRST_S, FIRST_S + 1, 60)->values[0], FIRST_S % 1000, 0);
    EXPECT(resolve(&kit, "prod..host00.load") != id); /* makes a new one */
    const uint32_t again = resolve(&kit, NAME);
    EXPECT(again != id);
    store_kit_commit(&kit);
    store_kit_crash(&kit);
    EXPECT_I64(kit.ids[0], again);
    EXPECT_I64(resolve(&kit, "other.name"), id);
    EXPECT_I64(kit.store->n_damaged, 0);
    store_kit_done(&kit);
}

TEST(all_renames_or_none)
{
    static const struct {
        const char *row;
        struct {
            const char *from, *to;
        } pairs[2];
        enum err_kind kind;
        const char *part;
    } rows[] = {
        {"new name in use",
         {{"prod.host00.load", "x"}, {"prod.host01.load", "prod.host02.load"}},
         ERR_INPUT,
         "'prod.host02.load' already"},
        {"no such series", {{"prod.host00.load", "x"}, {"nosuch", "y"}}, ERR_MISSING, "'nosuch'"},
        {"the same new name",
         {{"prod.host00.load", "x"}, {"prod.host01.load", "x"}},
         ERR_INPUT,
         "twice"},
        {"the same old name",
         {{"prod.host00.load", "x"}, {"prod.host00.load", "y"}},
         ERR_INPUT,
         "twice"},
        {"no name", {{"prod.host00.load", "x"}, {"prod.host01.load", "a b"}}, ERR_INPUT, "'a b'"},
        {"its own name",
         {{"prod.host00.load", "prod.host00.load"}, {"prod.host01.load", "x"}},
         ERR_INPUT,
         "already"},
    };
    struct store_kit kit;
    start(&kit);
    EACH_ROW (rows, r) {
        const struct name_change changes[] = {{str_of(r->pairs[0].from), str_of(r->pairs[0].to)},
                                              {str_of(r->pairs[1].from), str_of(r->pairs[1].to)}};
        err_clear(&kit_err);
        EXPECT_ERR(store_rename(kit.store, changes, 2, &kit_err), r->kind, r->part);
        EXPECT(is_there(&kit, "prod.host00.load") && is_there(&kit, "prod.host01.load"));
        EXPECT(!is_there(&kit, "x") && !is_there(&kit, "y"));
        EXPECT_I64(resolve(&kit, "prod.host00.load"), kit.ids[0]);
    }
    store_kit_crash(&kit);
    EXPECT(is_there(&kit, "prod.host00.load") && !is_there(&kit, "x"));
    store_kit_done(&kit);
}

/* Whatever file call fails: what was answered with yes is so after a crash, and nothing else is harmed. */
TEST(any_one_fault_leaves_it_deleted_or_says_no)
{
    for (uint64_t n = 1; kit_fault(n) && kit_failures() == 0; n++) {
        struct store_kit kit;
        const struct str name = str_of(NAME);
        const struct name_change change = {str_of("prod.host01.load"), str_of("other.name")};
        size_t n_deleted;
        kit_fault_off();
        start(&kit);
        put_all(&kit, FIRST_S);
        (void)file_faults(n, ENOSPC);
        const bool is_deleted = store_delete(kit.store, &name, 1, &n_deleted, &kit_err);
        const bool is_renamed = store_rename(kit.store, &change, 1, &kit_err);
        kit_fault_off();
        EXPECT_I64(n_deleted, 1); /* in any case */
        EXPECT(!is_there(&kit, NAME) && !is_there(&kit, "prod.host01.load"));
        const char *was = kit.dir;
        const char *copy = arena_printf(&kit_arena, "%s-cut", was);
        store_kit_copy(was, copy); /* the power goes here */
        store_kit_close(&kit);
        kit.dir = copy;
        EXPECT_OK(shared_open(
            &(struct store_options){
                .dir = copy, .schemas = kit.schemas, .clock = kit_clock(), .writers_max = 4},
            &kit.tuning, &kit.store, &kit_err));
        EXPECT(!is_deleted || !is_there(&kit, NAME));
        EXPECT(!is_renamed ||
               (!is_there(&kit, "prod.host01.load") && is_there(&kit, "other.name")));
        EXPECT(is_there(&kit, "prod.host02.load"));
        EXPECT_I64(kit.store->n_damaged, 0);
        store_kit_done(&kit);
    }
}

static void on_change(void *self, const struct file_event *event)
{
    const struct store_kit *kit = self;
    if (event->kind == FILE_EVENT_SYNCED && kit->store->names_log)
        EXPECT(!names_log_is_synced(kit->store->names_log)); /* the call has not returned */
}

TEST(names_under_a_sync_are_not_synced_yet)
{
    struct store_kit kit;
    struct err err;
    start(&kit);
    put_all(&kit, FIRST_S);
    EXPECT(!names_log_is_synced(kit.store->names_log));
    file_watch(on_change, &kit);
    EXPECT_OK(names_log_sync(kit.store->names_log, &err));
    file_watch(NULL, NULL);
    EXPECT(names_log_is_synced(kit.store->names_log));
    store_kit_done(&kit);
}

/* A deletion whose sync failed is not answered with yes when it is asked for again, unless it is safe. */
TEST(a_deletion_once_more_waits_for_the_first)
{
    struct store_kit kit;
    const struct str name = str_of(NAME);
    size_t n;
    start(&kit);
    put_all(&kit, FIRST_S);
    (void)file_faults(1, EIO);
    EXPECT(!store_delete(kit.store, &name, 1, &n, &kit_err));
    EXPECT(!names_log_is_synced(kit.store->names_log));
    for (int i = 0; i < 3; i++) {
        (void)file_faults(1, EIO);
        EXPECT(!store_delete(kit.store, &name, 1, &n, &kit_err));
        EXPECT_I64(n, 0);
    }
    (void)file_faults(0, 0);
    EXPECT(!store_delete(kit.store, &name, 1, &n, &kit_err) ||
           names_log_is_synced(kit.store->names_log));
    EXPECT_OK(keeper_pass(kit.store, &kit_err));
    EXPECT_OK(store_delete(kit.store, &name, 1, &n, &kit_err));
    EXPECT(names_log_is_synced(kit.store->names_log));
    store_kit_done(&kit);
}

/* A log as version 1 wrote it: no more than the number in its head is different. */
TEST(an_older_names_log_is_written_anew)
{
    struct store_kit kit;
    struct buf bytes;
    start(&kit);
    put_all(&kit, FIRST_S);
    store_kit_close(&kit);
    const char *path = kit_path(kit.dir, "names.log");
    buf_init(&bytes, 1 << 20);
    EXPECT_OK(file_read_all(path, &bytes, &kit_err));
    EXPECT_I64(bytes.at[8], NAMES_LOG_VERSION);
    bytes.at[8] = 1;
    const uint32_t crc = hash_crc32c(0, bytes.at, NAMES_LOG_HEADER_BYTES - 4);
    memcpy(bytes.at + NAMES_LOG_HEADER_BYTES - 4, &crc, 4);
    EXPECT_OK(file_replace(path, bytes.at, bytes.n, &kit_err));
    EXPECT(store_kit_open(&kit));
    EXPECT(store_kit_agrees(&kit));
    EXPECT_I64(kit.store->n_damaged, 0);
    EXPECT_I64(delete_one(&kit, NAME), 1);
    store_kit_close(&kit);
    buf_clear(&bytes);
    EXPECT_OK(file_read_all(path, &bytes, &kit_err));
    EXPECT_I64(bytes.at[8], NAMES_LOG_VERSION);
    buf_done(&bytes);
    EXPECT(store_kit_open(&kit));
    EXPECT_I64(names_n_dead(kit.store->names), 1);
    store_kit_done(&kit);
}

/* Random deaths, renames, seals and crashes against the array. */
TEST(agrees_with_an_array_through_deletions_and_crashes)
{
    struct store_kit kit;
    start(&kit);
    for (int i = 0; i < 4000; i++) {
        const size_t series = kit_random_below(STORE_KIT_SERIES);
        switch (kit_random_below(40)) {
        case 0:
            EXPECT_I64(delete_one(&kit, name_of(series)), 1);
            forget(&kit, series);
            break;
        case 1:
            rename_one(&kit, name_of(series), "elsewhere");
            EXPECT_I64(delete_one(&kit, "elsewhere"), 1);
            forget(&kit, series);
            break;
        case 2:
            rename_one(&kit, name_of(series), "elsewhere");
            rename_one(&kit, "elsewhere", name_of(series));
            break;
        case 3:
            store_kit_commit(&kit);
            EXPECT_OK(keeper_pass(kit.store, &kit_err));
            break;
        case 4:
            kit_now_us += 300 * 1000000ll;
            break;
        default:
            (void)store_kit_put(&kit, series,
                                store_kit_now_s() - (int64_t)kit_random_below(1000) * 4,
                                store_kit_value());
        }
        if (i % 500 == 250)
            EXPECT(store_kit_agrees(&kit));
        if (i % 500 == 499) {
            store_kit_commit(&kit);
            store_kit_crash(&kit);
            EXPECT(store_kit_agrees(&kit));
        }
    }
    store_kit_done(&kit);
}

/* ---- what was silent ---- */

static bool is_found(const struct store_kit *kit, const char *pattern, int64_t from_ago_s)
{
    const struct source source = store_source(kit->store);
    const int64_t now_s = store_kit_now_s();
    const struct source_span span = {now_s - from_ago_s, now_s + 1, now_s, from_ago_s};
    struct source_nodes nodes = {0};
    struct glob_path path;
    EXPECT_OK(glob_path_compile(pattern, &kit_arena, &path, &kit_err));
    EXPECT_OK(source.ops->find(source.self, &path, &span, 100, &kit_arena, &nodes, &kit_err));
    return nodes.n > 0;
}

/* All are alive for a while, then all but the first go on for three days. */
static void start_idle(struct store_kit *kit, int64_t hide_idle_after_s)
{
    start(kit);
    kit->store->hide_idle_after_s = hide_idle_after_s;
    live(kit, 2000);
    for (int64_t i = 0; i < 3 * DAY_S; i += 600) {
        kit_now_us += 600 * 1000000ll;
        for (size_t k = 1; k < STORE_KIT_SERIES; k++)
            EXPECT_I64(store_kit_put(kit, k, store_kit_now_s(), 1), SINK_OK);
        store_kit_commit(kit);
        if (i % 7200 == 0)
            EXPECT_OK(keeper_pass(kit->store, &kit_err));
    }
    EXPECT_OK(keeper_pass(kit->store, &kit_err));
}

static void check_idle(struct store_kit *kit)
{
    static const struct {
        const char *row, *pattern;
        int64_t from_ago_s;
        bool is_found;
    } rows[] = {
        {"silent in the range", "prod.host00.load", 3600, false},
        {"and its branch", "prod.host00", 3600, false},
        {"and by a pattern", "prod.host0[0].*", 3600, false},
        {"it spoke in the range", "prod.host00.load", 4 * DAY_S, true},
        {"and its branch did", "prod.host00", 4 * DAY_S, true},
        {"another speaks", "prod.host01.load", 3600, true},
        {"and its branch", "prod.host01", 3600, true},
        {"and what is above both", "prod", 3600, true},
    };
    EACH_ROW (rows, r)
        EXPECT_I64(is_found(kit, r->pattern, r->from_ago_s), r->is_found);
    EXPECT(is_there(kit, "prod.host00.load")); /* without a range */
}

TEST(what_is_silent_is_not_found_in_a_range)
{
    struct store_kit kit;
    start_idle(&kit, DAY_S);
    check_idle(&kit);
    store_kit_crash(&kit);
    EXPECT(is_found(&kit, "prod.host00.load", 3600)); /* until the keeper has been here */
    kit.store->hide_idle_after_s = DAY_S;
    EXPECT(is_found(&kit, "prod.host00.load", 3600));
    EXPECT_OK(keeper_pass(kit.store, &kit_err));
    check_idle(&kit);
    kit.store->hide_idle_after_s = 4 * DAY_S;
    EXPECT(is_found(&kit, "prod.host00.load", 3600));
    kit.store->hide_idle_after_s = 0;
    EXPECT(is_found(&kit, "prod.host00.load", 3600));
    store_kit_done(&kit);
}

TEST(a_silent_series_is_back_with_its_next_point)
{
    static const int64_t ago_s[] = {0, 2000, DAY_S / 2};
    for (size_t i = 0; i < COUNT_OF(ago_s); i++) {
        struct store_kit kit;
        start_idle(&kit, DAY_S);
        EXPECT(!is_found(&kit, "prod.host00", DAY_S));
        EXPECT_I64(store_kit_put(&kit, 0, store_kit_now_s() - ago_s[i], 1), SINK_OK);
        EXPECT(is_found(&kit, "prod.host00", DAY_S));
        store_kit_commit(&kit);
        EXPECT_OK(store_seal(kit.store, &kit_err)); /* in a file now */
        EXPECT(is_found(&kit, "prod.host00", DAY_S));
        store_kit_done(&kit);
    }
}

TEST(a_new_series_is_found_before_its_first_point)
{
    struct store_kit kit;
    start_idle(&kit, DAY_S);
    (void)resolve(&kit, "brand.new");
    EXPECT(is_found(&kit, "brand", 60) && is_found(&kit, "brand.new", 60));
    kit_now_us += 2 * DAY_S * 1000000ll;
    EXPECT(!is_found(&kit, "brand", 60) && !is_found(&kit, "brand.new", 60));
    store_kit_done(&kit);
}

RUN_TESTS(test_of(a_deleted_series_is_gone_for_readers_and_writers),
          test_of(what_memory_held_of_it_gets_into_no_file),
          test_of(late_points_of_it_in_panes_go_too),
          test_of(it_stays_deleted_and_the_log_does_not_bring_it_back),
          test_of(files_lose_it_when_much_of_them_is_dead),
          test_of(a_renamed_series_keeps_id_and_points), test_of(all_renames_or_none),
          test_of(any_one_fault_leaves_it_deleted_or_says_no),
          test_of(names_under_a_sync_are_not_synced_yet),
          test_of(a_deletion_once_more_waits_for_the_first),
          test_of(an_older_names_log_is_written_anew),
          test_of(agrees_with_an_array_through_deletions_and_crashes),
          test_of(what_is_silent_is_not_found_in_a_range),
          test_of(a_silent_series_is_back_with_its_next_point),
          test_of(a_new_series_is_found_before_its_first_point))
