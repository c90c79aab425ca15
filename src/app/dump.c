#include "app/dump.h"

#include <stdio.h>

#include "app/dump_text.h"
#include "app/folder.h"
#include "os/realtime.h"
#include "os/zone.h"

static const struct cli_option options_of_dump[] = {
    FOLDER_OPTIONS,
    {"from", 0, CLI_TEXT, "TIME", "the oldest value; all when not given"},
    {"until", 0, CLI_TEXT, "TIME", "values before this time"},
    {"archive", 0, CLI_TEXT, "N", "values of this archive alone; 0 is the finest"},
    {"step", 0, CLI_TEXT, "SECONDS", "the archive with this step"},
    {"json", 0, CLI_FLAG, NULL, "header and values as JSON"},
    {0},
};

struct dumping {
    struct arena arena;
    const char *dir, *pattern;
    int64_t from_s, until_s;
    int64_t archive, step_s; /* -1, 0: not given */
    bool is_json;
};

static bool take_time(const struct args *args, const char *name, int64_t *io_s, struct err *err)
{
    const struct clock clock = clock_system();
    const struct when_now now = {clock_us(&clock) / 1000, zone_local()};
    const char *text = args_text(args, name);
    int64_t at_ms;

    if (!text)
        return true;
    if (!when_parse(text, &now, &at_ms, err)) {
        err_prefix(err, "--%s", name);
        return false;
    }
    *io_s = at_ms / 1000;
    return true;
}

static bool read_args(int argc, char **argv, struct dumping *out, struct err *err)
{
    const struct args_range archive = {-1, 0, SCHEMA_ARCHIVES_MAX - 1};
    const struct args_range step = {0, 1, INT32_MAX};
    struct args args;

    if (!args_parse(&dump_command, argc, argv, &out->arena, &args, err))
        return false;
    if (args.n_words != 1 || args.n_rest) {
        err_set(err, ERR_INPUT, "which series?");
        err_hint(err, "plumb dump web.logins, or a pattern: plumb dump 'web.*'");
        return false;
    }
    out->pattern = args.words[0];
    out->until_s = INT64_MAX;
    out->is_json = args_has(&args, "json");
    return take_time(&args, "from", &out->from_s, err) &&
           take_time(&args, "until", &out->until_s, err) &&
           args_number(&args, "archive", archive, &out->archive, err) &&
           args_number(&args, "step", step, &out->step_s, err) &&
           folder_store(&args, &out->arena, &out->dir, err);
}

/* The archive that was asked for. */
static bool level_of(const struct dumping *dumping, const struct store_series *series, int *out,
                     struct err *err)
{
    const size_t n = series->schema.n_archives;

    *out = STORE_LEVEL_BEST;
    if (dumping->archive >= (int64_t)n)
        return FAIL(err, ERR_INPUT, "'%.300s' has %zu archive%s, from 0 on", series->name, n,
                    n == 1 ? "" : "s");
    if (dumping->archive >= 0)
        *out = (int)dumping->archive;
    if (dumping->step_s == 0)
        return true;
    for (size_t i = 0; i < n; i++)
        if (series->schema.archives[i].step_s == dumping->step_s) {
            *out = (int)i;
            return true;
        }
    return FAIL(err, ERR_INPUT, "'%.300s' has no archive of %lld s", series->name,
                (long long)dumping->step_s);
}

static bool dump_one(const struct dumping *dumping, struct store *store,
                     const struct store_series *series, struct dump_text *text, struct err *err)
{
    CLEANUP(arena_done) struct arena arena;
    struct store_points points = {
        .from_s = dumping->from_s,
        .until_s = dumping->until_s,
        .self = text,
        .on_point = dump_text_point,
    };
    struct store_place *places;
    size_t n_places;

    arena_init(&arena);
    if (!level_of(dumping, series, &points.level, err) ||
        !store_read_places(store, series->id, &arena, &places, &n_places, err))
        return false;
    dump_text_series(text, series, places, n_places, points.level);
    const bool is_ok = store_read_points(store, series->id, &points, err);
    dump_text_series_end(text);
    return is_ok;
}

static bool dump_all(const struct dumping *dumping, const struct store_reading *reading,
                     struct err *err)
{
    struct dump_text text;
    bool is_ok = true;

    dump_text_begin(&text, dumping->is_json, zone_local());
    for (size_t i = 0; i < reading->n && is_ok && !text.is_broken; i++)
        is_ok = dump_one(dumping, reading->store, &reading->series[i], &text, err);
    const bool is_written = dump_text_end(&text);
    return is_ok && (is_written || FAIL(err, ERR_IO, "write to stdout"));
}

static int dump(int argc, char **argv)
{
    struct dumping dumping = {0};
    struct store_reading reading;
    struct err err;

    arena_init(&dumping.arena);
    err_clear(&err);
    bool is_ok = read_args(argc, argv, &dumping, &err) &&
                 store_read_open(dumping.dir, dumping.pattern, clock_system(), &dumping.arena,
                                 &reading, &err);
    if (is_ok) {
        if (reading.is_served)
            tell_warn("dump", "a server runs on this folder: this is what it had handed to the "
                              "disk a moment ago");
        if (reading.n_damaged > 0)
            tell_warn("dump", "the folder is damaged and this may not be all; plumb verify tells "
                              "more");
        is_ok = dump_all(&dumping, &reading, &err);
        store_read_close(reading.store);
    }
    const int code = is_ok ? CODE_OK : tell_fail("dump", &err);
    arena_done(&dumping.arena);
    return code == CODE_DENIED ? CODE_FAILED : code; /* a newer version's folder, nobody's right */
}

const struct command dump_command = {
    .name = "dump",
    .usage = "dump SERIES [--data DIR] [--from TIME] [--until TIME] [--archive N] [--json]",
    .summary = "print what the data folder holds of a series",
    .group = "Folder",
    .about = "Prints every value of SERIES, or of all series that match a pattern, as lines that\n"
             "carbon and plumb take: name, value, time. Reads the data folder itself and changes\n"
             "nothing, so no server needs to run; one may. A value is written with as few digits\n"
             "as give back the same number.\n"
             "\n"
             "At each time the finest archive that still has it answers; --archive or --step take\n"
             "another, all of it. On stderr, lines with # tell where the values lie: the rule,\n"
             "the files, how many bytes, and in which forms (docs/formats/block.md).\n"
             "Series of changes, events.*, are not in there: plumb log has them.\n",
    .options = options_of_dump,
    .help = "Examples\n"
            "  plumb dump web.logins --data /var/lib/plumb --from 2d\n"
            "  plumb dump 'web.*' 2>/dev/null | nc -N localhost 2003     into another server\n"
            "  plumb dump web.logins --step 60 --json | jq '.[0].places'\n"
            "\n"
            "Exit codes\n"
            "  0  printed\n"
            "  1  the disk, or a damaged folder\n"
            "  2  typed wrong\n"
            "  5  no such series, or no data in the folder\n"
            "  7  a server changes the folder too fast: ask the server\n",
    .run = dump,
};
