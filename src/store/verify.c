#include "store/verify.h"

#include <fcntl.h>
#include <string.h>

#include "base/mem.h"
#include "base/tz.h"
#include "os/file.h"
#include "os/realtime.h"
#include "store/files.h"

enum {
    TOUCH_BYTES = 1 << 20,
    PROGRESS_BYTES = 4 << 20, /* not told more often */
};

/* ---- what all parts use ---- */

char *verify_path(struct verify *v, const char *name)
{
    return arena_printf(&v->arena, "%s/%s", v->dir, name);
}

void verify_tell(struct verify *v, const struct store_finding *finding)
{
    v->out->n_damages += !finding->is_note;
    v->out->n_notes += finding->is_note;
    v->verifier->on_finding(v->verifier->self, finding);
}

void verify_progress(struct verify *v, uint64_t n_bytes)
{
    v->n_done += n_bytes;
    if (!v->verifier->on_progress || v->n_done < v->n_told + PROGRESS_BYTES)
        return;
    v->n_told = v->n_done;
    v->verifier->on_progress(v->verifier->self, v->n_done, max_size(v->n_all, v->n_done));
}

bool verify_touch(struct verify *v, const char *path, struct err *err)
{
    CLEANUP(fd_done) int fd = -1;
    CLEANUP(mem_done) void *chunk = mem_alloc(TOUCH_BYTES);

    if (!file_open(path, O_RDONLY, &fd, err))
        return false;
    for (int64_t at = 0;;) {
        size_t got;
        if (!file_read_at(fd, path, chunk, TOUCH_BYTES, at, &got, err))
            return false;
        at += (int64_t)got;
        v->out->n_bytes += got;
        verify_progress(v, got);
        if (got < TOUCH_BYTES)
            return true;
    }
}

const char *verify_time(struct verify *v, int64_t at_s)
{
    char text[64];
    tz_format(tz_utc(), at_s, "%Y-%m-%d %H:%M", text, sizeof text);
    return arena_printf(&v->arena, "%s UTC", text);
}

/* ---- the manifest ---- */

void verify_state_free(struct manifest_state *state)
{
    if (state)
        manifest_state_done(state);
    mem_free(state);
}

/* What one reading of it came to. */
struct manifest_look {
    struct manifest_state *state;
    size_t n, n_good, first_bad;
    bool is_damaged;
};

static bool manifest_look(struct verify *v, struct manifest_look *out, struct err *err)
{
    const char *path = verify_path(v, "MANIFEST");
    struct manifest_look look = {.state = mem_zalloc(sizeof(struct manifest_state))};
    const void *bytes;

    bool is_ok = file_map(path, &bytes, &look.n, err);
    if (is_ok) {
        is_ok = manifest_parse(bytes, look.n, look.state, &look.n_good, &look.is_damaged, err);
        look.first_bad = is_ok ? manifest_first_bad(bytes, look.n) : 0;
        file_unmap(bytes, look.n);
    }
    if (!is_ok) {
        verify_state_free(look.state);
        return false;
    }
    *out = look;
    return true;
}

bool verify_state_read(struct verify *v, struct manifest_state **out, struct err *err)
{
    struct manifest_look look;
    if (!manifest_look(v, &look, err))
        return false;
    *out = look.state;
    return true;
}

/* Until it is read without a bad stretch, or has one for certain. */
static bool manifest_settle(struct verify *v, struct manifest_look *out, struct err *err)
{
    for (int i = 1;; i++) {
        const bool is_ok = manifest_look(v, out, err);
        if (i == VERIFY_TRIES || (is_ok && !out->is_damaged))
            return is_ok;
        if (!is_ok && err->kind != ERR_CORRUPT)
            return false;
        if (is_ok)
            verify_state_free(out->state);
        sleep_us(VERIFY_WAIT_US);
    }
}

static void manifest_tell(struct verify *v, const struct manifest_look *look)
{
    if (look->is_damaged)
        verify_tell(v, &(struct store_finding){
                           .file = "MANIFEST",
                           .where = arena_printf(&v->arena, "byte %zu", look->first_bad),
                           .what = "an edit fails its checksum and others follow it",
                           .means = "files may be missing from the list; the next start takes back "
                                    "what lies in data/: nothing to do, or restore a snapshot"});
    else if (look->n_good < look->n && !v->out->is_served)
        verify_tell(
            v, &(struct store_finding){.is_note = true,
                                       .file = "MANIFEST",
                                       .where = arena_printf(&v->arena, "byte %zu", look->n_good),
                                       .what = "the last edit is torn",
                                       .means = "a crash does that; the next start cuts it off"});
}

/* *out_is_usable: v->state is there. */
static bool manifest_verify(struct verify *v, bool *out_is_usable, struct err *err)
{
    struct manifest_look look;

    if (!verify_touch(v, verify_path(v, "MANIFEST"), err))
        return false;
    *out_is_usable = manifest_settle(v, &look, err);
    if (*out_is_usable) {
        manifest_tell(v, &look);
        v->state = look.state;
        v->out->n_edits_bytes = look.n_good;
        return true;
    }
    if (err->kind != ERR_CORRUPT)
        return false;
    verify_tell(v, &(struct store_finding){
                       .file = "MANIFEST",
                       .where = "header",
                       .what = "is damaged",
                       .means = "no server starts on this folder and files cannot be told from "
                                "leftovers; restore MANIFEST, or all of it, from a snapshot"});
    err_clear(err);
    return true;
}

/* ---- folders ---- */

static bool add_bytes(struct verify *v, const char *path)
{
    int64_t n;
    CLEANUP(fd_done) int fd = -1;
    if (!file_open(path, O_RDONLY, &fd, NULL) || !file_size(fd, path, &n, NULL))
        return false;
    v->n_all += (uint64_t)n;
    return true;
}

static bool count_wal(void *self, const char *name, struct err *err)
{
    struct verify *v = self;
    (void)err, (void)add_bytes(v, arena_printf(&v->arena, "%s/wal/%s", v->dir, name));
    return true;
}

static void count(struct verify *v)
{
    (void)add_bytes(v, verify_path(v, "MANIFEST"));
    (void)add_bytes(v, verify_path(v, "names.log"));
    (void)!dir_each(verify_path(v, "wal"), count_wal, v, NULL);
    for (size_t i = 0; v->state && i < v->state->n_files; i++)
        v->n_all += v->state->files[i].bytes;
    arena_reset(&v->arena);
}

static bool segment_one(void *self, const char *name, struct err *err)
{
    struct verify *v = self;
    const bool is_ok = verify_log_segment(v, name, err);
    arena_reset(&v->arena);
    return is_ok;
}

static bool is_known(const struct manifest_state *state, const char *name)
{
    struct manifest_file file;
    if (!files_parse_name(name, &file))
        return false;
    for (size_t i = 0; i < state->n_files; i++)
        if (state->files[i].generation == file.generation)
            return true;
    return false;
}

/* A file in data/ that nobody names. A server may just be about to name it. */
static bool leftover_one(void *self, const char *name, struct err *err)
{
    struct verify *v = self;

    (void)err;
    if (v->out->is_served || is_known(v->state, name))
        return true;
    verify_tell(v, &(struct store_finding){
                       .is_note = true,
                       .file = arena_printf(&v->arena, "data/%s", name),
                       .where = "",
                       .what = "MANIFEST does not name it",
                       .means = "left over from a crash, it does not count; the next start "
                                "removes it"});
    return true;
}

static bool aside_one(void *self, const char *name, struct err *err)
{
    size_t *n = self;
    (void)name, (void)err;
    (*n)++;
    return true;
}

static void aside_tell(struct verify *v)
{
    size_t n = 0;

    (void)!dir_each(verify_path(v, "corrupt"), aside_one, &n, NULL);
    if (n > 0)
        verify_tell(v, &(struct store_finding){
                           .is_note = true,
                           .file = "corrupt/",
                           .where = "",
                           .what = arena_printf(&v->arena, "%zu file%s set aside earlier", n,
                                                n == 1 ? "" : "s"),
                           .means = "what was sound in them was kept; look at your disk, then "
                                    "delete them"});
}

/* ---- all of it ---- */

static bool blocks_verify(struct verify *v, struct err *err)
{
    for (size_t i = 0; i < v->state->n_files; i++) {
        if (!verify_block_file(v, &v->state->files[i], err))
            return false;
        arena_reset(&v->arena);
    }
    return true;
}

static bool all_verify(struct verify *v, struct err *err)
{
    bool is_usable;

    if (!manifest_verify(v, &is_usable, err))
        return false;
    count(v);
    if (!verify_names_read(v, err))
        return false;
    if (is_usable &&
        (!blocks_verify(v, err) || !dir_each(verify_path(v, "data"), leftover_one, v, err)))
        return false;
    if (!dir_each(verify_path(v, "wal"), segment_one, v, err))
        return false;
    verify_log_gaps(v);
    aside_tell(v);
    return true;
}

bool store_verify(const char *dir, const struct store_verifier *verifier,
                  struct store_verified *out, struct err *err)
{
    struct verify v = {.dir = dir, .verifier = verifier, .out = out};

    *out = (struct store_verified){0};
    arena_init(&v.arena);
    bool is_ok = file_exists(verify_path(&v, "MANIFEST")) ||
                 file_exists(verify_path(&v, "names.log")) ||
                 FAIL(err, ERR_MISSING, "there is no data of a server in '%s'", dir);
    is_ok = is_ok && file_is_locked(verify_path(&v, "lock"), &out->is_served, err) &&
            all_verify(&v, err);
    verify_state_free(v.state);
    verify_names_free(v.names);
    mem_free(v.lsns);
    arena_done(&v.arena);
    return is_ok;
}
