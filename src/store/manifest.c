#include "store/manifest.h"

#include <fcntl.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "os/file.h"

enum {
    OP_BYTES = 32,
    EDIT_HEADER_BYTES = 8,     /* length, crc */
    EDIT_BYTES_MAX = 64 << 20, /* two million operations: every file of a huge store */
    FILE_BYTES_MAX = 512 << 20,
    FILES_MAX = 4 << 20,
    REWRITE_BYTES_MIN = 1 << 20, /* smaller logs of edits are left alone */
};

enum op_kind {
    OP_ADD_FILE = 1,
    OP_DROP_FILE,
    OP_SEALED,
    OP_CHECKPOINT,
    OP_FLOOR,
    OP_LATE,
    OP_GENERATION,
    OP_KINDS,
};

/* Every operation has this form; what a field means goes by kind. */
struct op {
    uint8_t kind, level;
    uint16_t class_no;
    uint32_t slot;
    uint64_t a, b;
    int64_t c;
};

struct manifest {
    char *path;
    int fd;
    uint64_t at;
    bool must_rewrite; /* the file may end in the middle of an edit */
    uint64_t rewritten_bytes;
    uint64_t unknown; /* see manifest_unknown */
    struct manifest_state state;
};

/* ---- edits ---- */

void manifest_edit_init(struct manifest_edit *edit)
{
    buf_init(&edit->ops, EDIT_BYTES_MAX);
}

void manifest_edit_done(struct manifest_edit *edit)
{
    buf_done(&edit->ops);
}

static void op_put(struct manifest_edit *edit, const struct op *op)
{
    uint8_t bytes[OP_BYTES] = {op->kind, op->level};
    memcpy(bytes + 2, &op->class_no, 2);
    memcpy(bytes + 4, &op->slot, 4);
    memcpy(bytes + 8, &op->a, 8);
    memcpy(bytes + 16, &op->b, 8);
    memcpy(bytes + 24, &op->c, 8);
    buf_add(&edit->ops, bytes, sizeof bytes);
}

static struct op op_get(const uint8_t *bytes)
{
    struct op op = {.kind = bytes[0], .level = bytes[1]};
    memcpy(&op.class_no, bytes + 2, 2);
    memcpy(&op.slot, bytes + 4, 4);
    memcpy(&op.a, bytes + 8, 8);
    memcpy(&op.b, bytes + 16, 8);
    memcpy(&op.c, bytes + 24, 8);
    return op;
}

void manifest_add_file(struct manifest_edit *edit, const struct manifest_file *file)
{
    op_put(edit, &(struct op){.kind = OP_ADD_FILE,
                              .level = file->level,
                              .class_no = file->class_no,
                              .a = file->generation,
                              .b = file->bytes,
                              .c = file->partition});
}

void manifest_drop_file(struct manifest_edit *edit, uint64_t generation)
{
    op_put(edit, &(struct op){.kind = OP_DROP_FILE, .a = generation});
}

void manifest_set_sealed(struct manifest_edit *edit, uint16_t class_no, uint32_t sealed,
                         uint64_t lsn)
{
    op_put(edit, &(struct op){.kind = OP_SEALED, .class_no = class_no, .slot = sealed, .a = lsn});
}

void manifest_set_checkpoint(struct manifest_edit *edit, uint16_t class_no, uint64_t lsn)
{
    op_put(edit, &(struct op){.kind = OP_CHECKPOINT, .class_no = class_no, .a = lsn});
}

void manifest_set_floor(struct manifest_edit *edit, uint16_t class_no, uint8_t level,
                        int64_t floor_s)
{
    op_put(edit,
           &(struct op){.kind = OP_FLOOR, .level = level, .class_no = class_no, .c = floor_s});
}

void manifest_set_late(struct manifest_edit *edit, uint64_t lsn)
{
    op_put(edit, &(struct op){.kind = OP_LATE, .a = lsn});
}

/* ---- the state ---- */

void manifest_state_done(struct manifest_state *state)
{
    mem_free(state->files);
    for (size_t i = 0; i < HEAD_CLASSES_MAX; i++)
        mem_free(state->classes[i].seals);
}

static bool is_before(const struct manifest_file *a, const struct manifest_file *b)
{
    if (a->class_no != b->class_no)
        return a->class_no < b->class_no;
    if (a->level != b->level)
        return a->level < b->level;
    if (a->partition != b->partition)
        return a->partition < b->partition;
    return a->generation < b->generation;
}

static void file_add(struct manifest_state *state, const struct manifest_file *file)
{
    if (state->n_files >= FILES_MAX)
        return;
    mem_grow(&state->files, &state->cap_files, state->n_files + 1, sizeof(struct manifest_file));
    size_t i = state->n_files++;
    for (; i > 0 && is_before(file, &state->files[i - 1]); i--)
        state->files[i] = state->files[i - 1];
    state->files[i] = *file;
    if (state->next_generation <= file->generation)
        state->next_generation = file->generation + 1;
}

static void file_drop(struct manifest_state *state, uint64_t generation)
{
    size_t kept = 0;
    for (size_t i = 0; i < state->n_files; i++)
        if (state->files[i].generation != generation)
            state->files[kept++] = state->files[i];
    state->n_files = kept;
}

static void seal_add(struct manifest_class *of, uint32_t sealed, uint64_t lsn)
{
    mem_grow(&of->seals, &of->cap_seals, of->n_seals + 1, sizeof(struct manifest_seal));
    of->seals[of->n_seals++] = (struct manifest_seal){sealed, lsn};
}

static void op_apply(struct manifest_state *state, const struct op *op)
{
    struct manifest_class *of = &state->classes[op->class_no];

    switch ((enum op_kind)op->kind) {
    case OP_ADD_FILE:
        file_add(state, &(struct manifest_file){op->a, op->b, op->c, op->class_no, op->level});
        break;
    case OP_DROP_FILE:
        file_drop(state, op->a);
        break;
    case OP_SEALED:
        seal_add(of, op->slot, op->a);
        break;
    case OP_CHECKPOINT:
        of->checkpoint_lsn = op->a;
        break;
    case OP_FLOOR:
        of->floor_s[op->level] = op->c;
        break;
    case OP_LATE:
        state->late_lsn = op->a;
        break;
    case OP_GENERATION:
        if (state->next_generation < op->a)
            state->next_generation = op->a;
        break;
    case OP_KINDS:
        break;
    }
}

static bool op_is_sound(const struct op *op)
{
    return op->kind > 0 && op->kind < OP_KINDS && op->class_no < HEAD_CLASSES_MAX &&
           op->level < SCHEMA_ARCHIVES_MAX && op->a < UINT64_MAX;
}

/* The bytes of the edit at `at`; 0 when there is no whole and sound one. */
static size_t edit_bytes(const uint8_t *at, size_t n)
{
    uint32_t n_bytes, crc;

    if (n < EDIT_HEADER_BYTES)
        return 0;
    memcpy(&n_bytes, at, 4);
    memcpy(&crc, at + 4, 4);
    if (n_bytes == 0 || n_bytes % OP_BYTES != 0 || n_bytes > EDIT_BYTES_MAX ||
        n_bytes > n - EDIT_HEADER_BYTES)
        return 0;
    if (hash_crc32c(n_bytes, at + EDIT_HEADER_BYTES, n_bytes) != crc)
        return 0;
    for (size_t i = 0; i < n_bytes; i += OP_BYTES) {
        struct op op = op_get(at + EDIT_HEADER_BYTES + i);
        if (!op_is_sound(&op))
            return 0;
    }
    return EDIT_HEADER_BYTES + (size_t)n_bytes;
}

static void ops_apply(struct manifest_state *state, const uint8_t *ops, size_t n)
{
    for (size_t i = 0; i < n; i += OP_BYTES) {
        struct op op = op_get(ops + i);
        op_apply(state, &op);
    }
}

static bool header_check(const uint8_t *bytes, size_t n, struct err *err)
{
    uint32_t version, crc;

    if (n < MANIFEST_HEADER_BYTES || memcmp(bytes, "PLBMAN1", 8) != 0)
        return FAIL(err, ERR_CORRUPT, "MANIFEST does not begin as a manifest does");
    memcpy(&version, bytes + 8, 4);
    memcpy(&crc, bytes + MANIFEST_HEADER_BYTES - 4, 4);
    if (hash_crc32c(0, bytes, MANIFEST_HEADER_BYTES - 4) != crc)
        return FAIL(err, ERR_CORRUPT, "the header of MANIFEST is damaged");
    if (version != MANIFEST_VERSION)
        return FAIL(err, ERR_REFUSED,
                    "this data was written by a newer version (format %u, this one knows %d)",
                    version, MANIFEST_VERSION);
    return true;
}

static void edits_parse(const uint8_t *at, size_t n, struct manifest_state *state,
                        size_t *out_good_bytes, bool *out_is_damaged)
{
    size_t i = MANIFEST_HEADER_BYTES, good = i;

    *out_is_damaged = false;
    if (state->next_generation == 0)
        state->next_generation = 1;
    while (i < n) {
        size_t n_bytes = edit_bytes(at + i, n - i);
        if (n_bytes == 0) {
            i++;
            continue;
        }
        *out_is_damaged |= i != good;
        ops_apply(state, at + i + EDIT_HEADER_BYTES, n_bytes - EDIT_HEADER_BYTES);
        i += n_bytes;
        good = i;
    }
    *out_good_bytes = good;
}

bool manifest_parse(const void *bytes, size_t n, struct manifest_state *state,
                    size_t *out_good_bytes, bool *out_is_damaged, struct err *err)
{
    *out_is_damaged = false;
    if (!header_check(bytes, n, err))
        return false;
    edits_parse(bytes, n, state, out_good_bytes, out_is_damaged);
    return true;
}

size_t manifest_first_bad(const void *bytes, size_t n)
{
    const uint8_t *at = bytes;
    size_t i = MANIFEST_HEADER_BYTES, n_bytes;

    while (i < n && (n_bytes = edit_bytes(at + i, n - i)) > 0)
        i += n_bytes;
    return min_size(i, n);
}

/* ---- the file ---- */

static void edit_frame(struct buf *out, const struct manifest_edit *edit)
{
    buf_add_u32(out, (uint32_t)edit->ops.n);
    buf_add_u32(out, hash_crc32c((uint32_t)edit->ops.n, edit->ops.at, edit->ops.n));
    buf_add(out, edit->ops.at, edit->ops.n);
}

static void header_add(struct buf *out)
{
    uint8_t header[MANIFEST_HEADER_BYTES] = {0};
    const uint32_t version = MANIFEST_VERSION;

    memcpy(header, "PLBMAN1", 8);
    memcpy(header + 8, &version, 4);
    uint32_t crc = hash_crc32c(0, header, MANIFEST_HEADER_BYTES - 4);
    memcpy(header + MANIFEST_HEADER_BYTES - 4, &crc, 4);
    buf_add(out, header, sizeof header);
}

static void state_put(struct manifest_edit *edit, const struct manifest_state *state)
{
    op_put(edit, &(struct op){.kind = OP_GENERATION, .a = state->next_generation});
    manifest_set_late(edit, state->late_lsn);
    for (size_t i = 0; i < state->n_files; i++)
        manifest_add_file(edit, &state->files[i]);
    for (uint16_t i = 0; i < HEAD_CLASSES_MAX; i++) {
        const struct manifest_class *of = &state->classes[i];
        for (size_t k = 0; k < of->n_seals; k++)
            manifest_set_sealed(edit, i, of->seals[k].sealed, of->seals[k].lsn);
        if (of->checkpoint_lsn > 0)
            manifest_set_checkpoint(edit, i, of->checkpoint_lsn);
        for (uint8_t level = 0; level < SCHEMA_ARCHIVES_MAX; level++)
            if (of->floor_s[level] != 0)
                manifest_set_floor(edit, i, level, of->floor_s[level]);
    }
}

/* A whole file with the state and nothing else. */
static bool state_write(const struct manifest_state *state, const char *path, size_t *out_bytes,
                        struct err *err)
{
    struct manifest_edit whole;
    struct buf out;

    manifest_edit_init(&whole);
    buf_init(&out, FILE_BYTES_MAX);
    state_put(&whole, state);
    header_add(&out);
    edit_frame(&out, &whole);
    BUG_IF(out.is_full);
    bool is_ok = file_replace(path, out.at, out.n, err);
    *out_bytes = out.n;
    buf_done(&out);
    manifest_edit_done(&whole);
    return is_ok;
}

/* The file holds the state alone afterwards. */
static bool rewrite(struct manifest *manifest, struct err *err)
{
    size_t n;

    fd_done(&manifest->fd);
    bool is_ok = state_write(&manifest->state, manifest->path, &n, err) &&
                 file_open(manifest->path, O_RDWR, &manifest->fd, err);
    if (is_ok)
        manifest->at = manifest->rewritten_bytes = n;
    manifest->must_rewrite = !is_ok;
    return is_ok;
}

bool manifest_copy(const struct manifest *manifest, const char *path, struct err *err)
{
    size_t n;
    return state_write(&manifest->state, path, &n, err);
}

/* Keeps what is damaged for a look. */
static bool set_aside(const void *bytes, size_t n, const char *corrupt_dir, struct err *err)
{
    CLEANUP(mem_done) char *path = file_join(corrupt_dir, "MANIFEST");
    return file_replace(path, bytes, n, err);
}

/* Reads the file; *out_is_clean: nothing has to be cut off or mended. corrupt_dir NULL: only to look. */
static bool load(struct manifest *manifest, const char *corrupt_dir, bool *out_is_damaged,
                 bool *out_is_clean, struct err *err)
{
    const void *bytes;
    size_t n, good = 0;

    *out_is_clean = false;
    if (!file_map(manifest->path, &bytes, &n, err))
        return false;
    bool is_ok = header_check(bytes, n, err) || err->kind == ERR_CORRUPT;
    if (is_ok) {
        const bool is_header_bad = err->kind == ERR_CORRUPT;
        edits_parse(bytes, n, &manifest->state, &good, out_is_damaged);
        *out_is_damaged |= is_header_bad; /* edits have checksums of their own */
        is_ok = !*out_is_damaged || !corrupt_dir || set_aside(bytes, n, corrupt_dir, err);
    }
    file_unmap(bytes, n);
    if (good < n) /* torn, or damaged: who can tell? */
        manifest->unknown = manifest->state.next_generation;
    manifest->at = manifest->rewritten_bytes = good;
    *out_is_clean = good == n && !*out_is_damaged;
    return is_ok;
}

static struct manifest *manifest_new(const char *dir)
{
    struct manifest *manifest = mem_zalloc(sizeof(struct manifest));

    manifest->path = file_join(dir, "MANIFEST");
    manifest->fd = -1;
    manifest->unknown = UINT64_MAX;
    manifest->state.next_generation = 1;
    return manifest;
}

static bool open_or_create(struct manifest *manifest, const char *corrupt_dir, bool *out_is_damaged,
                           struct err *err)
{
    bool is_clean;

    if (!file_exists(manifest->path))
        return rewrite(manifest, err);
    if (!load(manifest, corrupt_dir, out_is_damaged, &is_clean, err))
        return false;
    return is_clean ? file_open(manifest->path, O_RDWR, &manifest->fd, err)
                    : rewrite(manifest, err);
}

bool manifest_open(const char *dir, const char *corrupt_dir, bool *out_is_damaged,
                   struct manifest **out, struct err *err)
{
    struct manifest *manifest = manifest_new(dir);

    *out_is_damaged = false;
    if (!open_or_create(manifest, corrupt_dir, out_is_damaged, err)) {
        manifest_close(manifest);
        return false;
    }
    *out = manifest;
    return true;
}

bool manifest_open_read(const char *dir, bool *out_is_damaged, struct manifest **out,
                        struct err *err)
{
    struct manifest *manifest = manifest_new(dir);
    bool is_clean;

    *out_is_damaged = false;
    if (!load(manifest, NULL, out_is_damaged, &is_clean, err)) {
        manifest_close(manifest);
        return false;
    }
    *out = manifest;
    return true;
}

void manifest_close(struct manifest *manifest)
{
    if (!manifest)
        return;
    fd_done(&manifest->fd);
    manifest_state_done(&manifest->state);
    mem_free(manifest->path);
    mem_free(manifest);
}

const struct manifest_state *manifest_state(const struct manifest *manifest)
{
    return &manifest->state;
}

uint64_t manifest_unknown(const struct manifest *manifest)
{
    return manifest->unknown;
}

uint64_t manifest_generation(struct manifest *manifest)
{
    return manifest->state.next_generation++;
}

bool manifest_commit(struct manifest *manifest, const struct manifest_edit *edit, struct err *err)
{
    struct buf out;

    if (edit->ops.n == 0)
        return true;
    BUG_IF(edit->ops.is_full);
    bool is_long = manifest->at > REWRITE_BYTES_MIN && manifest->at / 4 > manifest->rewritten_bytes;
    if ((manifest->must_rewrite || is_long) && !rewrite(manifest, err))
        return false;

    buf_init(&out, EDIT_BYTES_MAX + EDIT_HEADER_BYTES);
    edit_frame(&out, edit);
    bool is_ok =
        file_write_at(manifest->fd, manifest->path, out.at, out.n, (int64_t)manifest->at, err) &&
        file_sync(manifest->fd, manifest->path, err);
    if (is_ok) {
        manifest->at += out.n;
        ops_apply(&manifest->state, (const uint8_t *)edit->ops.at, edit->ops.n);
    }
    manifest->must_rewrite = !is_ok;
    buf_done(&out);
    return is_ok;
}

void manifest_prune(struct manifest *manifest, uint16_t class_no, uint64_t low_lsn)
{
    struct manifest_class *of = &manifest->state.classes[class_no];
    size_t first = 0;

    while (first + 1 < of->n_seals && of->seals[first + 1].lsn <= low_lsn)
        first++;
    if (first == 0)
        return;
    of->n_seals -= first;
    memmove(of->seals, of->seals + first, of->n_seals * sizeof(struct manifest_seal));
}
