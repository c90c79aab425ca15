/* The examples of docs/formats/{wal,names,manifest}.md: read from the documents, decoded, compared. */
#include "kit/kit.h"
#include "store/manifest.h"
#include "store/names_log.h"
#include "store/replay.h"
#include "store/wal.h"

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The indented lines of hex bytes under "## Example". */
static size_t example(const char *document, uint8_t *out, size_t cap)
{
    size_t n_text, n = 0;
    const char *at = strstr(kit_read(document, &n_text), "## Example");

    for (; at && *at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL) {
        if (strncmp(at, "    ", 4) != 0)
            continue;
        for (const char *c = at + 4; hex(c[0]) >= 0 && hex(c[1]) >= 0 && n < cap; c += 3) {
            out[n++] = (uint8_t)(hex(c[0]) * 16 + hex(c[1]));
            if (c[2] != ' ')
                break;
        }
    }
    return n;
}

struct got {
    uint32_t ids[8], times[8];
    double values[8];
    size_t n;
};

static void on_points(void *self, const struct sink_point *points, size_t n)
{
    struct got *got = self;
    for (size_t i = 0; i < n && got->n < 8; i++) {
        got->ids[got->n] = points[i].id;
        got->times[got->n] = points[i].at_s;
        got->values[got->n++] = points[i].value;
    }
}

TEST(the_batch_in_the_document)
{
    uint8_t bytes[256];
    struct batch_view view;
    struct got got = {.n = 0};
    const size_t n = example("docs/formats/wal.md", bytes, sizeof bytes);

    EXPECT(batch_view(bytes, n, wal_seed(1), &view));
    EXPECT_I64(view.lsn, 1);
    EXPECT_I64(view.all_bytes, n);
    EXPECT(batch_each(&view, on_points, &got));
    EXPECT_I64(got.n, 3);
    EXPECT_F64(got.values[0], 12.34, 0);
    EXPECT_F64(got.values[1], 7, 0);
    EXPECT_F64(got.values[2], -0.5, 0);
    EXPECT_I64(got.ids[2], 5);
    EXPECT_I64(got.times[2], 1700000010);
}

struct got_names {
    size_t n_classes, n_names; /* classes: each stands twice */
    uint64_t rules;
};

static bool on_class(void *self, uint16_t no, const struct schema *schema, int64_t created_s)
{
    struct got_names *got = self;
    EXPECT_I64(no, got->n_classes / 2);
    EXPECT_I64(schema->n_archives, no == 0 ? 2 : 1);
    EXPECT_I64(schema->archives[schema->n_archives - 1].step_s, 60);
    EXPECT_I64(created_s, no == 0 ? 1700005000 : 1700010000);
    EXPECT_F64(schema->x_files_factor, no == 0 ? 0 : 0.5, 0);
    got->n_classes++;
    return true;
}

static bool on_name(void *self, uint32_t id, uint16_t class_no, struct str name)
{
    struct got_names *got = self;
    EXPECT_I64(id, 0);
    EXPECT_I64(class_no, 0);
    EXPECT(got->n_names == 0 || got->n_names == 2);
    EXPECT(str_is(name, got->n_names == 0 ? "prod.host00.load" : "prod.host00.load1"));
    got->n_names++;
    return true;
}

static bool on_deleted(void *self, uint32_t id)
{
    struct got_names *got = self;
    EXPECT_I64(id, 0);
    EXPECT_I64(got->n_names, 4); /* after its second name and its move */
    got->n_names++;
    return true;
}

static bool on_hidden(void *self, uint32_t id, bool is_hidden)
{
    struct got_names *got = self;
    EXPECT_I64(id, 0);
    EXPECT(is_hidden);
    EXPECT_I64(got->n_names, 1); /* after the name */
    got->n_names++;
    return true;
}

static bool on_moved(void *self, uint32_t id, uint16_t class_no)
{
    struct got_names *got = self;
    EXPECT_I64(id, 0);
    EXPECT_I64(class_no, 1);
    EXPECT_I64(got->n_classes, 4);
    got->n_names++;
    return true;
}

static bool on_rules(void *self, uint64_t fingerprint)
{
    struct got_names *got = self;
    EXPECT_I64(got->n_names, 4); /* after the marks */
    got->rules = fingerprint;
    return true;
}

TEST(the_names_in_the_document)
{
    uint8_t bytes[1024];
    size_t good, n_damaged;
    struct got_names got = {0};
    const struct names_log_reader reader = {&got,       on_class, on_name, on_hidden,
                                            on_deleted, on_moved, on_rules};
    const size_t n = example("docs/formats/names.md", bytes, sizeof bytes);

    EXPECT_OK(names_log_parse(bytes, n, &reader, &good, &n_damaged, &kit_err));
    EXPECT_I64(good, n);
    EXPECT_I64(n_damaged, 0);
    EXPECT_I64(got.n_names, 5);
    EXPECT_I64(got.rules, 0x0123456789abcdef);
    bytes[8] = 3; /* the version, and its checksum goes wrong with it */
    EXPECT_ERR(names_log_parse(bytes, n, &reader, &good, &n_damaged, &kit_err), ERR_CORRUPT, "");
}

TEST(the_manifest_in_the_document)
{
    uint8_t bytes[512];
    static struct manifest_state state;
    size_t good;
    bool is_damaged;
    const size_t n = example("docs/formats/manifest.md", bytes, sizeof bytes);

    EXPECT_OK(manifest_parse(bytes, n, &state, &good, &is_damaged, &kit_err));
    EXPECT_I64(good, n);
    EXPECT(!is_damaged);
    EXPECT_I64(state.n_files, 1);
    EXPECT_I64(state.files[0].partition, 19675);
    EXPECT_I64(state.classes[0].n_seals, 1);
    EXPECT_I64(state.classes[0].seals[0].sealed, 170000512);
    EXPECT_I64(state.classes[0].seals[0].lsn, 2);
    manifest_state_done(&state);
}

RUN_TESTS(test_of(the_batch_in_the_document), test_of(the_names_in_the_document),
          test_of(the_manifest_in_the_document))
