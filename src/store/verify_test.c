#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "kit/kit.h"
#include "os/file.h"
#include "store/keeper.h"
#include "store/offline_kit.c"
#include "store/replay.h"
#include "store/store_kit.c"

/* ---- what verify says ---- */

struct told {
    char first[1024]; /* "file: where: what" of the first damage */
    char notes[1024];
    size_t n_damages, n_notes;
};

static void on_finding(void *self, const struct store_finding *finding)
{
    struct told *told = self;
    char *to = finding->is_note ? told->notes : told->first;

    EXPECT(finding->file[0] && finding->what[0] && strlen(finding->means) > 20);
    if ((finding->is_note ? told->n_notes++ : told->n_damages++) == 0)
        (void)snprintf(to, 1024, "%s: %s: %s", finding->file, finding->where, finding->what);
}

static struct store_verified verify(const char *dir, struct told *told)
{
    const struct store_verifier verifier = {.self = told, .on_finding = on_finding};
    struct store_verified out = {0};

    *told = (struct told){{0}, {0}, 0, 0};
    EXPECT_OK(store_verify(dir, &verifier, &out, &kit_err));
    EXPECT_I64(out.n_damages, told->n_damages);
    EXPECT_I64(out.n_notes, told->n_notes);
    return out;
}

TEST(sound_folders_of_every_shape_pass)
{
    for (int shape = 0; shape < OFFLINE_SHAPES; shape++) {
        struct store_kit kit;
        struct told told;
        kit_row(arena_printf(&kit_arena, "shape %d", shape));
        offline_kit_fill(&kit, (enum offline_shape)shape);
        const struct store_verified open = verify(kit.dir, &told); /* a server is on it */
        EXPECT_TEXT(told.first, "");
        EXPECT(open.is_served);
        store_kit_crash(&kit);
        verify(kit.dir, &told);
        EXPECT_TEXT(told.first, "");
        store_kit_close(&kit);
        const struct store_verified closed = verify(kit.dir, &told);
        EXPECT_TEXT(told.first, "");
        EXPECT_TEXT(told.notes, "");
        EXPECT(!closed.is_served);
        EXPECT_I64(closed.n_names, STORE_KIT_SERIES);
        EXPECT((closed.n_log_points > 0) == (shape != SHAPE_FRESH));
        EXPECT((closed.n_values > 0) == (shape >= SHAPE_SEALED));
        EXPECT((closed.n_aggregates > 0) == (shape == SHAPE_MERGED));
        store_kit_done(&kit);
    }
    kit_row(NULL);
}

/* ---- harm ---- */

/* The first block file that has aggregates, or any; its path. */
static const char *block_path(const char *dir)
{
    const char *data = kit_path(dir, "data");
    const char *found = NULL;
    DIR *entries = opendir(data);
    struct dirent *entry;
    int64_t best = 0;

    while (entries && (entry = readdir(entries))) {
        const char *path = kit_path(data, entry->d_name);
        struct stat about;
        if (strstr(entry->d_name, ".blk") && stat(path, &about) == 0 && about.st_size > best) {
            best = about.st_size;
            found = path;
        }
    }
    if (entries)
        (void)closedir(entries);
    EXPECT(found != NULL);
    return found;
}

/* The newest segment: what is in the others may be in files by now. */
static const char *wal_path_of(const char *dir)
{
    const char *found = NULL;
    DIR *entries = opendir(kit_path(dir, "wal"));
    struct dirent *entry;

    while (entries && (entry = readdir(entries)))
        if (strstr(entry->d_name, ".wal") &&
            (!found || strcmp(file_name(found), entry->d_name) < 0))
            found = kit_path(kit_path(dir, "wal"), arena_strdup(&kit_arena, entry->d_name));
    if (entries)
        (void)closedir(entries);
    EXPECT(found != NULL);
    return found;
}

static void read_file(const char *path, struct buf *out)
{
    buf_init(out, 1 << 30);
    EXPECT_OK(file_read_all(path, out, &kit_err));
}

static void write_file(const char *path, const struct buf *bytes)
{
    EXPECT_OK(file_replace(path, bytes->at, bytes->n, &kit_err));
}

enum part { PART_FIRST, PART_MIDDLE, PART_LAST, PART_CUT, PART_GONE };

static void harm(const char *path, enum part part)
{
    struct buf bytes;

    if (part == PART_GONE) {
        EXPECT_OK(file_unlink(path, &kit_err));
        return;
    }
    read_file(path, &bytes);
    const size_t places[] = {20, bytes.n / 2, bytes.n - 20};
    if (part == PART_CUT)
        bytes.n -= 100;
    else
        bytes.at[places[part]] = (char)(bytes.at[places[part]] ^ 4);
    write_file(path, &bytes);
    buf_done(&bytes);
}

TEST(every_kind_of_damage_is_found_and_named)
{
    static const struct {
        const char *row, *file; /* NULL: a block file; "wal": a segment */
        enum part part;
        const char *told;
    } rows[] = {
        {"header of a block", NULL, PART_FIRST, "header checksum is wrong"},
        {"values of a block", NULL, PART_MIDDLE, "prod.host"},
        {"footer of a block", NULL, PART_LAST, "footer checksum is wrong"},
        {"a block is cut", NULL, PART_CUT, "has been cut off"},
        {"a block is gone", NULL, PART_GONE, "is not there, but MANIFEST names it"},
        {"MANIFEST's header", "MANIFEST", PART_FIRST, "MANIFEST: header"},
        {"an edit", "MANIFEST", PART_MIDDLE, "MANIFEST: byte "},
        {"names.log's header", "names.log", PART_FIRST, "names.log: : header is damaged"},
        {"a name", "names.log", PART_MIDDLE, "names.log: byte "},
        {"names.log is gone", "names.log", PART_GONE, "names.log: : is not there"},
        {"a segment's header", "wal", PART_FIRST, "the header is damaged"},
        {"a commit", "wal", PART_MIDDLE, "fail their checksum"},
    };
    struct store_kit kit;
    offline_kit_fill(&kit, SHAPE_MERGED);
    store_kit_close(&kit);
    EACH_ROW (rows, r) {
        const char *dir = new_dir();
        struct told told;
        store_kit_copy(kit.dir, dir);
        const char *path = r->file ? kit_path(dir, r->file) : block_path(dir);
        if (r->file && strcmp(r->file, "wal") == 0)
            path = wal_path_of(dir);
        harm(path, r->part);
        verify(dir, &told);
        EXPECT(told.n_damages > 0);
        if (!strstr(told.first, r->told))
            EXPECT_TEXT(told.first, r->told);
        if (!r->file)
            EXPECT(strstr(told.first, file_name(path)) != NULL);
    }
    store_kit_done(&kit);
}

TEST(a_flipped_bit_anywhere_in_a_block_is_found)
{
    struct store_kit kit;
    struct buf bytes;
    struct told told;

    offline_kit_fill(&kit, SHAPE_MERGED);
    store_kit_close(&kit);
    const char *path = block_path(kit.dir);
    read_file(path, &bytes);
    for (int i = 0; i < 200; i++) {
        const size_t at = kit_random_below(bytes.n);
        const char was = bytes.at[at];
        bytes.at[at] = (char)(was ^ (1 << kit_random_below(8)));
        write_file(path, &bytes);
        verify(kit.dir, &told);
        if (told.n_damages == 0)
            EXPECT_I64(at, -1);
        bytes.at[at] = was;
    }
    write_file(path, &bytes);
    verify(kit.dir, &told);
    EXPECT_I64(told.n_damages, 0);
    buf_done(&bytes);
    store_kit_done(&kit);
}

TEST(a_lost_name_is_found_though_every_checksum_holds)
{
    struct store_kit kit;
    struct buf bytes;
    struct told told;

    offline_kit_fill(&kit, SHAPE_SEALED);
    store_kit_close(&kit);
    read_file(kit_path(kit.dir, "names.log"), &bytes);
    bytes.n -= 8 + 8 + strlen("prod.host00.load"); /* the last record, all of it */
    write_file(kit_path(kit.dir, "names.log"), &bytes);
    buf_done(&bytes);
    verify(kit.dir, &told);
    EXPECT(strstr(told.first, "no name in names.log") != NULL);
    store_kit_done(&kit);
}

TEST(what_a_crash_leaves_is_a_note)
{
    static const struct {
        const char *row, *file;
    } rows[] = {
        {"a file that was not finished", "data/new-77.tmp"},
        {"a block that nobody names", "data/c0-a0-p1-g99999.blk"},
        {"set aside", "corrupt/c0-a0-p1-g1.blk"},
    };
    struct store_kit kit;
    struct told told;
    struct buf bytes;

    offline_kit_fill(&kit, SHAPE_SEALED);
    store_kit_close(&kit);
    EACH_ROW (rows, r) {
        EXPECT_OK(file_replace(kit_path(kit.dir, r->file), "x", 1, &kit_err));
        verify(kit.dir, &told);
        EXPECT_TEXT(told.first, "");
        EXPECT_I64(told.n_notes, 1);
        EXPECT_OK(file_unlink(kit_path(kit.dir, r->file), &kit_err));
    }
    read_file(kit_path(kit.dir, "MANIFEST"), &bytes);
    buf_add_str(&bytes, "torn");
    write_file(kit_path(kit.dir, "MANIFEST"), &bytes);
    buf_done(&bytes);
    verify(kit.dir, &told);
    EXPECT_TEXT(told.first, "");
    EXPECT(strstr(told.notes, "the last edit is torn") != NULL);
    store_kit_done(&kit);
}

TEST(a_missing_segment_is_told)
{
    struct store_kit kit;
    struct told told;

    offline_kit_fill(&kit, SHAPE_LOG);
    for (int i = 0; i < 2000; i++) { /* over several segments */
        (void)store_kit_put(&kit, (size_t)i % STORE_KIT_SERIES, store_kit_now_s() + 10, i * 0.37);
        store_kit_commit(&kit);
    }
    store_kit_close(&kit);
    char *first = wal_path(kit_path(kit.dir, "wal"), 2);
    EXPECT_OK(file_unlink(first, &kit_err));
    mem_free(first);
    verify(kit.dir, &told);
    EXPECT(strstr(told.notes, "in no segment") != NULL);
    store_kit_done(&kit);
}

/* ---- what a power cut makes of a segment that is used again ---- */

enum { SECTOR_BYTES = 512 };

static const char *segment_path(const char *dir, uint64_t no)
{
    char *path = wal_path(kit_path(dir, "wal"), no);
    const char *kept = arena_strdup(&kit_arena, path);
    mem_free(path);
    return kept;
}

static void points_put(struct store_kit *kit, int n)
{
    for (int i = 0; i < n; i++) {
        (void)store_kit_put(kit, (size_t)i % STORE_KIT_SERIES, store_kit_now_s() + 10, i * 0.37);
        store_kit_commit(kit);
    }
}

static bool newest_find(void *self, const char *name, struct err *err)
{
    uint64_t *newest = self, no;
    (void)err;
    if (replay_segment_no(name, &no) && no > *newest)
        *newest = no;
    return true;
}

/* A store whose segment `was` was in files and is segment `is` now, with some batches at its front.
 * Returns a folder as it was before. */
static const char *reused_fill(struct store_kit *kit, uint64_t *was, uint64_t *is)
{
    const char *before = new_dir();

    offline_kit_fill(kit, SHAPE_LOG);
    points_put(kit, 2000); /* over several segments */
    kit_now_us += 3600 * 1000000ll;
    for (int i = 0; i < 3; i++)
        EXPECT_OK(keeper_pass(kit->store, &kit_err));
    store_kit_copy(kit->dir, before);
    *is = 0;
    EXPECT_OK(dir_each(kit_path(kit->dir, "wal"), newest_find, is, &kit_err));
    const char *next = segment_path(kit->dir, ++*is);
    for (int i = 0; i < 1000 && !file_exists(next); i++)
        points_put(kit, 1);
    EXPECT(file_exists(next));
    points_put(kit, 100); /* over the first sectors, not over all that was there */
    for (*was = 1; *was < *is; ++*was)
        if (file_exists(segment_path(before, *was)) && !file_exists(segment_path(kit->dir, *was)))
            break;
    EXPECT(*was < *is);
    return before;
}

/* The first sector of another file comes to this one's place. */
static void sector_copy(const char *from, const char *to)
{
    struct buf bytes, others;
    read_file(from, &others);
    read_file(to, &bytes);
    memcpy(bytes.at, others.at, SECTOR_BYTES);
    write_file(to, &bytes);
    buf_done(&bytes);
    buf_done(&others);
}

TEST(a_segment_whose_reuse_a_power_cut_undid_is_sound)
{
    struct store_kit kit;
    struct told told;
    uint64_t was, is;
    const char *before = reused_fill(&kit, &was, &is);
    const char *dir = new_dir();

    store_kit_copy(kit.dir, dir); /* it has its old name; the bytes are new at its front */
    EXPECT_OK(file_rename(segment_path(dir, is), segment_path(dir, was), &kit_err));
    verify(dir, &told);
    EXPECT_TEXT(told.first, "");

    dir = new_dir(); /* the new name, the old first sector: nothing was promised yet */
    store_kit_copy(kit.dir, dir);
    sector_copy(segment_path(before, was), segment_path(dir, is));
    verify(dir, &told);
    EXPECT_TEXT(told.first, "");

    store_kit_close(&kit); /* now all of it is on the disk: the same is damage */
    sector_copy(segment_path(before, was), segment_path(kit.dir, is));
    verify(kit.dir, &told);
    EXPECT(strstr(told.first, "fail their checksum") != NULL);
    store_kit_done(&kit);
}

/* A file is written while a new series' writer has not committed: the name must be there before it. */
TEST(no_file_comes_before_its_names)
{
    struct store_kit kit;
    struct told told;
    const struct str name = str_of("brand.new");
    enum sink_fate fate;
    uint32_t id;

    offline_kit_fill(&kit, SHAPE_LOG);
    const struct sink_ops *ops = store_sink(kit.store).ops;
    ops->resolve(kit.writer, &name, 1, &id, &fate);
    const struct sink_point point = {id, (uint32_t)store_kit_now_s(), 1};
    (void)ops->put(kit.writer, &point, 1, &fate);
    EXPECT_OK(store_seal(kit.store, &kit_err));
    const char *dir = new_dir();
    store_kit_copy(kit.dir, dir);
    const struct store_verified seen = verify(dir, &told);
    EXPECT_TEXT(told.first, "");
    EXPECT_I64(seen.n_names, STORE_KIT_SERIES + 1);
    store_kit_done(&kit);
}

RUN_TESTS(test_of(sound_folders_of_every_shape_pass),
          test_of(every_kind_of_damage_is_found_and_named),
          test_of(a_flipped_bit_anywhere_in_a_block_is_found),
          test_of(a_lost_name_is_found_though_every_checksum_holds),
          test_of(what_a_crash_leaves_is_a_note), test_of(a_missing_segment_is_told),
          test_of(a_segment_whose_reuse_a_power_cut_undid_is_sound),
          test_of(no_file_comes_before_its_names))
