#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "os/file.h"
#include "store/files.h"
#include "store/verify.h"

/* What is wrong with one file, until it is certain. */
struct suspect {
    const struct manifest_file *file;
    const char *name; /* "data/..." */
    const char *what; /* NULL: nothing so far */
    const char *where, *means;
    uint32_t n_bad_rows, n_nameless;
    uint32_t bad_id, nameless_id; /* the first */
    const char *bad_text;
    bool is_missing;
};

static const char *window_text(struct verify *v, int64_t from_s, int64_t until_s)
{
    return arena_printf(&v->arena, "%s to %s", verify_time(v, from_s), verify_time(v, until_s));
}

/* The time that a file's name speaks of; "" without its class. */
static const char *partition_text(struct verify *v, const struct manifest_file *file)
{
    if (!v->names->has_class[file->class_no] ||
        file->level >= v->names->schemas[file->class_no].n_archives)
        return "its partition";
    const int64_t step_s = v->names->schemas[file->class_no].archives[file->level].step_s;
    const int64_t from_s = file->partition * FILES_PARTITION_SLOTS * step_s;
    return window_text(v, from_s, from_s + FILES_PARTITION_SLOTS * step_s);
}

static void whole_file(struct verify *v, struct suspect *suspect, const char *where,
                       const char *what)
{
    suspect->where = where;
    suspect->what = what;
    suspect->means =
        arena_printf(&v->arena,
                     "values between %s are lost with it; put this file back from a snapshot, "
                     "else the next start goes on without it",
                     partition_text(v, suspect->file));
}

/* ---- looking ---- */

/* Does the header fit what the file's name and its class say? NULL: yes. */
static const char *misfit(const struct verify *v, const struct manifest_file *file,
                          const struct block_info *info)
{
    const int64_t first = file->partition * FILES_PARTITION_SLOTS;
    const struct schema *schema = &v->names->schemas[file->class_no];

    if (info->generation != file->generation)
        return "is of another generation than its name says";
    if (info->first_slot < first ||
        info->first_slot + info->n_slots > first + FILES_PARTITION_SLOTS)
        return "holds another partition than its name says";
    if (!v->names->has_class[file->class_no])
        return NULL; /* told with names.log */
    if (file->level >= schema->n_archives || schema->archives[file->level].step_s != info->step_s)
        return "has another step than its series";
    return NULL;
}

static void rows_look(struct verify *v, struct suspect *suspect, const struct block *block)
{
    struct block_counts counts = {0};
    struct err err;

    for (uint32_t row = 0; row < block_info(block)->n_series; row++) {
        const uint32_t id = block_id(block, row);
        err_clear(&err);
        if (!verify_names_have(v->names, id) && suspect->n_nameless++ == 0)
            suspect->nameless_id = id;
        if (block_verify_row(block, row, &counts, &err) || suspect->n_bad_rows++ > 0)
            continue;
        /* "block '...': series 7: checksum is wrong" */
        const char *text = strstr(err.text, ": series ");
        text = text ? strstr(text + 2, ": ") : NULL;
        suspect->bad_id = id;
        suspect->bad_text = arena_strdup(&v->arena, text ? text + 2 : err.text);
    }
    v->out->n_runs += counts.n_runs;
    v->out->n_units += counts.n_units;
    v->out->n_values += counts.n_values;
    v->out->n_aggregates += counts.n_aggregates;
}

static void rows_judge(struct verify *v, struct suspect *suspect, const struct block_info *info)
{
    if (suspect->n_bad_rows == 0)
        return;
    const char *name = verify_names_text(v, suspect->bad_id);
    const char *more = "";
    if (suspect->n_bad_rows > 1)
        more = arena_printf(&v->arena, " and %" PRIu32 " more series", suspect->n_bad_rows - 1);
    suspect->where = name ? arena_printf(&v->arena, "series %s%s", name, more)
                          : arena_printf(&v->arena, "series %u%s", suspect->bad_id, more);
    suspect->what = suspect->bad_text;
    suspect->means = arena_printf(
        &v->arena,
        "values between %s are lost there, all others of the file are sound; put it back from a "
        "snapshot, else a server drops them when it meets them",
        window_text(v, info->first_slot * info->step_s,
                    (info->first_slot + info->n_slots) * info->step_s));
}

static void nameless_judge(struct verify *v, struct suspect *suspect)
{
    if (suspect->n_nameless == 0 || suspect->what)
        return;
    suspect->where = arena_printf(&v->arena, "series %" PRIu32, suspect->nameless_id);
    suspect->what = arena_printf(&v->arena, "%" PRIu32 " series here %s no name in names.log",
                                 suspect->n_nameless, suspect->n_nameless == 1 ? "has" : "have");
    suspect->means = "nobody can ask for their values; put names.log back from a snapshot";
}

static bool mapped_look(struct verify *v, struct suspect *suspect, const void *bytes, size_t n,
                        struct err *err)
{
    struct block *block;

    if (n != suspect->file->bytes) {
        whole_file(v, suspect,
                   arena_printf(&v->arena, "byte %zu", min_size(n, suspect->file->bytes)),
                   n < suspect->file->bytes ? "the file has been cut off" : "the file is too long");
        return true;
    }
    if (!block_open(bytes, n, suspect->name, &block, err)) {
        if (err->kind != ERR_CORRUPT)
            return false;
        const char *text = strstr(err->text, "': ");
        whole_file(v, suspect, "", arena_strdup(&v->arena, text ? text + 3 : err->text));
        err_clear(err);
        return true;
    }
    const struct block_info info = *block_info(block);
    const char *fault = misfit(v, suspect->file, &info);
    if (fault)
        whole_file(v, suspect, "header", fault);
    rows_look(v, suspect, block);
    rows_judge(v, suspect, &info);
    nameless_judge(v, suspect);
    block_close(block);
    return true;
}

static bool look(struct verify *v, struct suspect *suspect, struct err *err)
{
    const char *path = verify_path(v, suspect->name);
    const void *bytes;
    size_t n;

    if (!verify_touch(v, path, err) || !file_map(path, &bytes, &n, err)) {
        suspect->is_missing = err->kind == ERR_MISSING;
        whole_file(v, suspect, "",
                   suspect->is_missing ? "is not there, but MANIFEST names it"
                                       : arena_printf(&v->arena, "the disk fails: %s", err->text));
        err_clear(err);
        return true;
    }
    const bool is_ok = mapped_look(v, suspect, bytes, n, err);
    file_unmap(bytes, n);
    return is_ok;
}

/* ---- making sure ---- */

/* Does the manifest still name it? A server may have merged it meanwhile. */
static bool still_counts(struct verify *v, const struct manifest_file *file, bool *out,
                         struct err *err)
{
    struct manifest_state *now = NULL;

    *out = false;
    if (!verify_state_read(v, &now, err))
        return false;
    for (size_t i = 0; i < now->n_files; i++)
        *out |= now->files[i].generation == file->generation;
    verify_state_free(now);
    return true;
}

bool verify_block_file(struct verify *v, const struct manifest_file *file, struct err *err)
{
    const struct store_verified before = *v->out;
    struct suspect suspect = {
        .file = file,
        .name = arena_printf(&v->arena, "data/c%u-a%u-p%" PRId64 "-g%" PRIu64 ".blk",
                             file->class_no, file->level, file->partition, file->generation),
    };
    bool counts = true;

    if (!look(v, &suspect, err))
        return false;
    if (suspect.what && !still_counts(v, file, &counts, err))
        return false;
    if (!counts)
        return true;
    if (suspect.n_nameless > 0 &&
        v->out->is_served) { /* they may be new: once more, with their names */
        *v->out = before;
        const struct suspect again = {.file = file, .name = suspect.name};
        suspect = again;
        if (!verify_names_again(v, err) || !look(v, &suspect, err))
            return false;
    }
    v->out->n_files++;
    if (suspect.what)
        verify_tell(v, &(struct store_finding){.file = suspect.name,
                                               .where = suspect.where,
                                               .what = suspect.what,
                                               .means = suspect.means});
    return true;
}
