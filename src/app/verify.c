#include "app/verify.h"

#include <stdio.h>

#include "app/folder.h"
#include "base/jsonw.h"
#include "base/num.h"
#include "ledger/ledger.h"
#include "os/realtime.h"
#include "store/store.h"

enum {
    CODE_SOUND = 0,
    CODE_DAMAGED = 1,
    CODE_UNCHECKED = 2,
    BAR_US = 100000, /* between two pictures of the bar */
    BAR_COLUMNS = 24,
    TEXT_BYTES_MAX = 64 << 20,
};

static const struct cli_option options_of_verify[] = {
    FOLDER_OPTIONS,
    {"ledger", 0, CLI_FLAG, NULL, "the ledger of changes only"},
    {"json", 0, CLI_FLAG, NULL, "findings and counts as JSON"},
    {0},
};

/* What is being looked at, and how it is told. */
struct checking {
    const char *dir;    /* the store's folder */
    const char *ledger; /* the ledger's file */
    bool is_json, has_bar, only_ledger;
    bool is_bar_drawn;
    int64_t begun_us, drawn_us;
    struct buf text; /* of the JSON */
    struct jsonw json;
    struct store_verified counts;
    struct ledger_verified rows;
};

/* ---- while it runs ---- */

static void bar_clear(struct checking *checking)
{
    if (checking->is_bar_drawn)
        fputs("\r\033[K", stderr);
    checking->is_bar_drawn = false;
}

static void on_progress(void *self, uint64_t n, uint64_t n_all)
{
    struct checking *checking = self;
    const int64_t now_us = monotonic_us();
    CLEANUP(arena_done) struct arena arena;
    char bar[BAR_COLUMNS + 1];

    arena_init(&arena);
    if (!checking->has_bar || now_us < checking->drawn_us + BAR_US || n_all == 0)
        return;
    checking->drawn_us = now_us;
    const int64_t took_us = max_i64(now_us - checking->begun_us, 1);
    const uint64_t per_s = (uint64_t)((double)n * 1e6 / (double)took_us);
    const uint64_t left_s = per_s > 0 ? (n_all - n) / per_s + 1 : 0;
    const size_t filled = (size_t)((double)n * BAR_COLUMNS / (double)n_all);
    for (size_t i = 0; i < BAR_COLUMNS; i++)
        bar[i] = i < filled ? '#' : '.';
    bar[BAR_COLUMNS] = '\0';
    fprintf(stderr, "\r\033[K%3u%% [%s] %s of %s, %s/s, %llu s left",
            (unsigned)((double)n * 100 / (double)n_all), bar, folder_bytes(&arena, n),
            folder_bytes(&arena, n_all), folder_bytes(&arena, per_s), (unsigned long long)left_s);
    fflush(stderr);
    checking->is_bar_drawn = true;
}

static void finding_json(struct jsonw *json, const struct store_finding *finding)
{
    jsonw_object(json);
    jsonw_put_bool(json, "is_damage", !finding->is_note);
    jsonw_put_text(json, "file", finding->file);
    jsonw_put_text(json, "where", finding->where);
    jsonw_put_text(json, "what", finding->what);
    jsonw_put_text(json, "means", finding->means);
    jsonw_end(json);
}

static void on_finding(void *self, const struct store_finding *finding)
{
    struct checking *checking = self;
    CLEANUP(buf_done) struct buf line;

    buf_init(&line, TEXT_BYTES_MAX);
    bar_clear(checking);
    if (checking->is_json) {
        finding_json(&checking->json, finding);
        return;
    }
    buf_add_str(&line, finding->is_note ? "note     " : "DAMAGED  ");
    terminal_clean(&line, finding->file);
    buf_add_str(&line, ": ");
    if (finding->where[0]) {
        terminal_clean(&line, finding->where);
        buf_add_str(&line, ": ");
    }
    terminal_clean(&line, finding->what);
    buf_add_str(&line, "; ");
    terminal_clean(&line, finding->means);
    buf_add_char(&line, '\n');
    fputs(buf_text(&line), stdout);
    fflush(stdout);
}

/* ---- at the end ---- */

static bool tell_json(struct checking *checking)
{
    const struct store_verified *counts = &checking->counts;
    struct jsonw *json = &checking->json;

    jsonw_end(json);
    jsonw_put_bool(json, "is_sound", counts->n_damages == 0);
    jsonw_put_bool(json, "is_served", counts->is_served);
    jsonw_put_i64(json, "damages", (int64_t)counts->n_damages);
    jsonw_put_i64(json, "notes", (int64_t)counts->n_notes);
    jsonw_put_i64(json, "bytes", (int64_t)counts->n_bytes);
    jsonw_put_i64(json, "series", (int64_t)counts->n_names);
    jsonw_put_i64(json, "rules", (int64_t)counts->n_classes);
    jsonw_put_i64(json, "segments", (int64_t)counts->n_segments);
    jsonw_put_i64(json, "commits", (int64_t)counts->n_batches);
    jsonw_put_i64(json, "log_points", (int64_t)counts->n_log_points);
    jsonw_put_i64(json, "files", (int64_t)counts->n_files);
    jsonw_put_i64(json, "runs", (int64_t)counts->n_runs);
    jsonw_put_i64(json, "units", (int64_t)counts->n_units);
    jsonw_put_i64(json, "values", (int64_t)counts->n_values);
    jsonw_put_i64(json, "aggregates", (int64_t)counts->n_aggregates);
    jsonw_put_i64(json, "ledger_rows", (int64_t)checking->rows.n_rows);
    jsonw_put_i64(json, "ledger_changes", (int64_t)checking->rows.n_changes);
    jsonw_put_text(json, "ledger_head", checking->rows.head);
    jsonw_end(json);
    buf_add_char(&checking->text, '\n');
    return tell_out("verify", buf_text(&checking->text));
}

static void add_store(const struct store_verified *c, struct arena *arena, struct buf *out)
{
    buf_printf(out, "  MANIFEST   %s of edits\n", folder_bytes(arena, c->n_edits_bytes));
    buf_printf(out, "  names.log  series %s, rules %s\n", terminal_grouped(arena, c->n_names),
               terminal_grouped(arena, c->n_classes));
    buf_printf(out, "  wal/       segments %s, commits %s, points %s\n",
               terminal_grouped(arena, c->n_segments), terminal_grouped(arena, c->n_batches),
               terminal_grouped(arena, c->n_log_points));
    buf_printf(out, "  data/      files %s, runs %s, units %s, values %s, aggregates %s\n",
               terminal_grouped(arena, c->n_files), terminal_grouped(arena, c->n_runs),
               terminal_grouped(arena, c->n_units), terminal_grouped(arena, c->n_values),
               terminal_grouped(arena, c->n_aggregates));
}

static bool tell_text(const struct checking *checking, struct arena *arena)
{
    const struct store_verified *c = &checking->counts;
    const double took_s = (double)(monotonic_us() - checking->begun_us) / 1e6;
    char took[NUM_TEXT_MAX];
    CLEANUP(buf_done) struct buf out;

    num_format_fixed(took, sizeof took, took_s, 1);
    buf_init(&out, TEXT_BYTES_MAX);
    terminal_clean(&out, checking->only_ledger ? checking->ledger : checking->dir);
    buf_printf(&out, "%s\n", c->is_served ? ", a server is running on it" : "");
    if (!checking->only_ledger)
        add_store(c, arena, &out);
    buf_printf(&out, "  ledger.db  rows %s, changes %s; newest hash %.16s\n",
               terminal_grouped(arena, checking->rows.n_rows),
               terminal_grouped(arena, checking->rows.n_changes), checking->rows.head);
    if (!checking->only_ledger)
        buf_printf(&out, "read %s in %s s: ", folder_bytes(arena, c->n_bytes), took);
    if (c->n_damages == 0)
        buf_add_str(&out, "sound\n");
    else
        buf_printf(&out, "%s DAMAGE%s, told above\n", terminal_grouped(arena, c->n_damages),
                   c->n_damages == 1 ? "" : "S");
    return tell_out("verify", buf_text(&out));
}

/* A folder that never had a change has no ledger, which is no damage. */
static bool check_ledger(struct checking *checking, struct err *err)
{
    if (ledger_verify_file(checking->ledger, &checking->rows, err))
        return true;
    if (err->kind == ERR_MISSING && !checking->only_ledger)
        return true;
    if (err->kind != ERR_CORRUPT)
        return false;
    const struct store_finding finding = {
        .file = "ledger.db",
        .where = "",
        .what = err->text,
        .means = "somebody edited it, or the disk did: restore it from a snapshot, keep this one"};
    on_finding(checking, &finding);
    checking->counts.n_damages++;
    return true;
}

static bool check(struct checking *checking, struct err *err)
{
    const struct store_verifier verifier = {checking, on_finding, on_progress};

    checking->begun_us = monotonic_us();
    checking->drawn_us = checking->begun_us;
    checking->has_bar = terminal_of(2).is_tty;
    buf_init(&checking->text, TEXT_BYTES_MAX);
    jsonw_init(&checking->json, &checking->text, 2);
    jsonw_object(&checking->json);
    jsonw_put_text(&checking->json, "folder", checking->dir);
    jsonw_key(&checking->json, "findings");
    jsonw_array(&checking->json);
    const bool is_ok =
        checking->only_ledger || store_verify(checking->dir, &verifier, &checking->counts, err);
    bar_clear(checking);
    return is_ok && check_ledger(checking, err);
}

static bool read_args(int argc, char **argv, struct arena *arena, struct checking *out,
                      struct err *err)
{
    struct args args;
    if (!args_parse(&verify_command, argc, argv, arena, &args, err))
        return false;
    if (args.n_words || args.n_rest)
        return FAIL(err, ERR_INPUT, "verify takes no arguments; --data DIR says which folder");
    const char *data;
    out->is_json = args_has(&args, "json");
    out->only_ledger = args_has(&args, "ledger");
    if (!folder_data(&args, arena, &data, err))
        return false;
    out->dir = arena_printf(arena, "%s/store", data);
    out->ledger = arena_printf(arena, "%s/ledger.db", data);
    return true;
}

static int verify(int argc, char **argv)
{
    CLEANUP(arena_done) struct arena arena;
    struct checking checking = {0};
    struct err err;

    arena_init(&arena);
    err_clear(&err);
    if (!read_args(argc, argv, &arena, &checking, &err) || !check(&checking, &err)) {
        tell_fail("verify", &err);
        buf_done(&checking.text);
        return CODE_UNCHECKED;
    }
    const bool is_told = checking.is_json ? tell_json(&checking) : tell_text(&checking, &arena);
    buf_done(&checking.text);
    if (!is_told)
        return CODE_UNCHECKED;
    return checking.counts.n_damages == 0 ? CODE_SOUND : CODE_DAMAGED;
}

const struct command verify_command = {
    .name = "verify",
    .usage = "verify [--data DIR] [--config FILE] [--ledger] [--json]",
    .summary = "check every byte of the data folder",
    .group = "Folder",
    .about =
        "Reads all of the store in the data folder: every checksum of MANIFEST, names.log, the\n"
        "log and the block files. Decodes every value and compares it with its aggregates. Looks\n"
        "whether every file that counts is there and every series has its name. Changes nothing.\n"
        "Walks the ledger's chain of hashes, and compares its tables with it. A server may run on\n"
        "the folder, start or end meanwhile.\n"
        "\n"
        "Each damage is a line: the file, where in it, what is wrong, what that means and what to\n"
        "do. A note is no damage: what a crash leaves, and the next start tidies up.\n",
    .options = options_of_verify,
    .help = "Examples\n"
            "  plumb verify --data /var/lib/plumb\n"
            "  plumb verify --config /etc/plumb.conf --json | jq .findings\n"
            "\n"
            "Exit codes\n"
            "  0  sound\n"
            "  1  damaged\n"
            "  2  it could not be checked: no such folder, no permission, a newer version's data\n",
    .run = verify,
};
