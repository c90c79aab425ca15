/* plumb ingest: what other programs print, as changes. They are run by whoever calls this, so no login of
 * theirs is needed here. */
#include <stdio.h>
#include <string.h>

#include "base/jsonw.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/courier.h"
#include "cli/ingest_git.h"
#include "cli/ingest_ics.h"
#include "cli/ingest_kube.h"
#include "cli/record.h"
#include "cli/tell.h"
#include "cli/when.h"
#include "model/redact.h"
#include "os/realtime.h"
#include "os/zone.h"

enum {
    PIECE_BYTES = 65536,
    TEXT_BYTES_MAX = 64 << 20, /* of a calendar or a history */
    COMMITS_A_REQUEST = 1000,
    COMMITS_BYTES_MAX = 3 << 20, /* of a request: the server takes 4 MiB */
    HURRIED_MS = 200,            /* of contact for a record when the one before found no server */
};

#define FIRST_MS INT64_C(946684800000) /* 2000-01-01 */

static const struct cli_option options_of_ingest[] = {
    {"service", 0, CLI_TEXT, "NAME", "of all that is told; git needs it"},
    {"env", 0, CLI_TEXT, "ENV", "where; production when not given"},
    {"kind", 'k', CLI_TEXT, "KIND", "ics: freeze (when not given), thirdparty or another"},
    {"since", 0, CLI_TEXT, "TIME", "kube: tell what was made or rolled out after it, too"},
    {"no-scale", 0, CLI_FLAG, NULL, "kube: leave out changes of the number of pods"},
    {"dry-run", 0, CLI_FLAG, NULL, "print what would be told, as JSON, and tell nobody"},
    {0},
};

/* One run. */
struct ingest {
    const struct args *args;
    struct arena *arena;
    const char *service, *env;
    bool is_dry;
    bool is_away; /* the last record found no server */
    size_t n_told, n_kept, n_refused, n_lost;
};

static int64_t clock_ms(void)
{
    const struct clock clock = clock_system();
    return clock_us(&clock) / 1000;
}

/* ---- a change on its way ---- */

static bool print_record(const struct change *change)
{
    CLEANUP(buf_done) struct buf line;
    buf_init(&line, RECORD_BYTES_MAX);
    record_write(change, &line);
    buf_add_char(&line, '\n');
    return tell_out("ingest", buf_text(&line));
}

static bool print_told(const struct change *change, const char *id, struct arena *arena)
{
    return tell_out("ingest",
                    arena_printf(arena, "%s %s %s %s %s\n", id, change_kind_name(change->kind),
                                 change->service[0] ? change->service : "-",
                                 change_status_name(change->status),
                                 change->rev[0] ? change->rev : "-"));
}

/* False: there is nobody to print for. What the server refuses or nobody takes is told and counted. */
static bool deliver(struct ingest *in, const struct change *given, struct arena *arena)
{
    struct change change = *given;
    struct err err;
    const char *id = "";
    change.msg = redact_text(change.msg, arena);
    change.url = redact_text(change.url, arena);
    if (!change_check(&change, clock_ms(), arena, &err)) {
        tell_fail("ingest", &err);
        in->n_refused++;
        return true;
    }
    if (in->is_dry)
        return print_record(&change);
    const struct courier_order order = {.command = "ingest",
                                        .delivers_the_rest = !in->is_away,
                                        .ms_max = in->is_away ? HURRIED_MS : COURIER_MS_MAX};
    const enum courier_fate fate = courier_record(&change, &order, arena, &id, &err);
    in->is_away = fate == COURIER_KEPT || fate == COURIER_LOST;
    in->n_told += fate == COURIER_DELIVERED;
    in->n_kept += fate == COURIER_KEPT;
    in->n_lost += fate == COURIER_LOST;
    if (fate == COURIER_REFUSED) {
        in->n_refused++;
        tell_fail("ingest", &err);
    }
    return fate != COURIER_DELIVERED || print_told(&change, id, arena);
}

static int code_of(const struct ingest *in)
{
    if (in->n_lost)
        return CODE_AWAY;
    return in->n_refused ? CODE_USAGE : CODE_OK;
}

/* ---- kube: as it comes ---- */

static bool feed_line(struct ingest *in, struct ingest_kube *kube, const char *line,
                      struct err *err)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    struct change_list list = {0};
    const bool is_ok = ingest_kube_feed(kube, str_of(line), clock_ms(), &arena, &list, err);
    for (size_t i = 0; i < list.n; i++)
        if (!deliver(in, &list.items[i], &arena))
            return FAIL(err, ERR_IO, "write to stdout");
    return is_ok;
}

static bool follow(struct ingest *in, struct ingest_kube *kube, struct err *err)
{
    char *line = arena_alloc(in->arena, PIECE_BYTES);
    /* A piece ends with its line at the latest, so nothing waits for more to come. */
    while (fgets(line, PIECE_BYTES, stdin))
        if (!feed_line(in, kube, line, err))
            return false;
    return ingest_kube_end(kube, err);
}

static bool run_kube(struct ingest *in, struct err *err)
{
    struct ingest_kube_options options = {.service = in->service,
                                          .env = in->env,
                                          .since_ms = clock_ms(),
                                          .without_scaling = args_has(in->args, "no-scale")};
    const struct when_now now = {options.since_ms, zone_local()};
    const char *since = args_text(in->args, "since");
    if (since && !when_parse(since, &now, &options.since_ms, err)) {
        err_prefix(err, "--since");
        return false;
    }
    struct ingest_kube *kube = ingest_kube_new(&options);
    const bool is_ok = follow(in, kube, err);
    ingest_kube_free(kube);
    return is_ok;
}

/* ---- git and ics: all of it ---- */

static bool read_all(struct buf *out, struct err *err)
{
    for (size_t n = 1; n > 0;) {
        void *room = buf_room(out, PIECE_BYTES);
        if (!room)
            return FAIL(err, ERR_LIMIT, "standard input holds more than %d bytes", TEXT_BYTES_MAX);
        n = fread(room, 1, PIECE_BYTES, stdin);
        out->n += n;
    }
    if (ferror(stdin))
        return FAIL(err, ERR_IO, "read standard input");
    return true;
}

static void write_commit(struct jsonw *json, const struct commit *commit)
{
    jsonw_object(json);
    jsonw_put_text(json, "service", commit->service);
    jsonw_put_text(json, "sha", commit->sha);
    jsonw_put_text(json, "title", commit->title);
    jsonw_put_f64(json, "at", (double)commit->at_ms / 1000.0);
    jsonw_put_bool(json, "merge", commit->is_merge);
    jsonw_end(json);
}

/* Writes commits from i on into body, as many as one request takes. */
static size_t write_some(const struct commit_list *list, size_t i, struct buf *body)
{
    struct jsonw json;
    jsonw_init(&json, body, 0);
    jsonw_array(&json);
    const size_t from = i;
    for (; i < list->n && i - from < COMMITS_A_REQUEST && body->n < COMMITS_BYTES_MAX / 2; i++)
        write_commit(&json, &list->items[i]);
    jsonw_end(&json);
    return i;
}

static bool send_commits(struct ingest *in, const struct commit_list *list, struct err *err)
{
    CLEANUP(client_close) struct client client = {0};
    CLEANUP(buf_done) struct buf body, answer;
    buf_init(&body, COMMITS_BYTES_MAX);
    buf_init(&answer, RECORD_BYTES_MAX);
    if (!in->is_dry && !client_open(&client, in->arena, err))
        return false;
    for (size_t i = 0; i < list->n;) {
        buf_clear(&body);
        buf_clear(&answer);
        const size_t next = write_some(list, i, &body);
        if (in->is_dry
                ? !tell_out("ingest", arena_printf(in->arena, "%s\n", buf_text(&body)))
                : !client_post(&client, "/api/v1/commits", &body, CLIENT_ASK_MS, &answer, err))
            return in->is_dry ? FAIL(err, ERR_IO, "write to stdout") : false;
        i = next;
    }
    return true;
}

/* A wrong clock, or an import from long ago: the ledger's times begin in 2000. */
static void leave_out_old(struct commit_list *io)
{
    size_t n = 0;
    for (size_t i = 0; i < io->n; i++)
        if (io->items[i].at_ms >= FIRST_MS)
            io->items[n++] = io->items[i];
    if (n < io->n)
        tell_warn("ingest", "%zu commits from before 2000 are left out", io->n - n);
    io->n = n;
}

static bool run_git(struct ingest *in, struct err *err)
{
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, TEXT_BYTES_MAX);
    struct commit_list list = {0};
    if (!in->service[0]) {
        err_set(err, ERR_INPUT, "which service are these commits of?");
        err_hint(err, "plumb ingest git --service website");
        return false;
    }
    if (!read_all(&text, err) ||
        !ingest_git_read(str_make(buf_text(&text), text.n), in->service, in->arena, &list, err))
        return false;
    leave_out_old(&list);
    if (!send_commits(in, &list, err)) {
        if (err->kind == ERR_BUSY)
            err_hint(err, "nothing is lost, as git has them: run it again later");
        return false;
    }
    return in->is_dry ||
           tell_out("ingest",
                    arena_printf(in->arena, "%zu commits of %s\n", list.n, in->service)) ||
           FAIL(err, ERR_IO, "write to stdout");
}

static void tell_calendar(const struct ingest_ics *read)
{
    for (size_t i = 0; i < read->n_notes && i < INGEST_ICS_NOTES_MAX; i++)
        tell_warn("ingest", "%s", read->notes[i]);
    if (read->n_notes > INGEST_ICS_NOTES_MAX)
        tell_warn("ingest", "and %zu more", read->n_notes - INGEST_ICS_NOTES_MAX);
    if (read->changes.n == 0)
        tell_warn("ingest", "no event of it lies ahead (%zu are over)", read->n_past);
}

static bool run_ics(struct ingest *in, struct err *err)
{
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, TEXT_BYTES_MAX);
    const char *kind = args_text(in->args, "kind");
    struct ingest_ics_options options = {.now_ms = clock_ms(),
                                         .kind = CHANGE_FREEZE,
                                         .service = in->service,
                                         .env = in->env,
                                         .tz = zone_local(),
                                         .zone_find = zone_find};
    struct ingest_ics read;
    if (kind && !change_kind_parse(str_of(kind), &options.kind)) {
        err_set(err, ERR_INPUT, "--kind '%.40s' is not known", kind);
        err_hint(err, "freeze, thirdparty, infra and deploy are some");
        return false;
    }
    if (!read_all(&text, err) ||
        !ingest_ics_read(str_make(buf_text(&text), text.n), &options, in->arena, &read, err))
        return false;
    tell_calendar(&read);
    for (size_t i = 0; i < read.changes.n; i++)
        if (!deliver(in, &read.changes.items[i], in->arena))
            return FAIL(err, ERR_IO, "write to stdout");
    return true;
}

/* ---- the command ---- */

static const struct form {
    const char *name;
    bool (*run)(struct ingest *in, struct err *err);
} forms[] = {{"kube", run_kube}, {"git", run_git}, {"ics", run_ics}};

static const struct form *form_of(const struct args *args, struct err *err)
{
    const char *name = args->n_words ? args->words[0] : "";
    for (size_t i = 0; i < COUNT_OF(forms); i++)
        if (strcmp(forms[i].name, name) == 0 && args->n_words == 1 && !args->rest)
            return &forms[i];
    err_set(err, ERR_INPUT, "what is to be read: kube, git or ics?");
    err_hint(err, "as in: kubectl get deploy -A -w -o json | plumb ingest kube");
    return NULL;
}

static const char *text_or_nothing(const struct args *args, const char *name)
{
    const char *text = args_text(args, name);
    return text ? text : "";
}

static int ingest(int argc, char **argv)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    struct args args;
    struct err err;
    if (!args_parse(&commands_ingest, argc, argv, &arena, &args, &err))
        return tell_fail("ingest", &err);
    const struct form *form = form_of(&args, &err);
    if (!form)
        return tell_fail("ingest", &err);
    struct ingest in = {.args = &args,
                        .arena = &arena,
                        .service = text_or_nothing(&args, "service"),
                        .env = text_or_nothing(&args, "env"),
                        .is_dry = args_has(&args, "dry-run")};
    if (!form->run(&in, &err))
        return tell_fail("ingest", &err);
    return code_of(&in);
}

const struct command commands_ingest = {
    .name = "ingest",
    .usage = "ingest kube|git|ics [--service NAME] [--env ENV] [--dry-run] [OPTION...]",
    .summary = "record what kubectl, git or a calendar tells on standard input",
    .group = "Record",
    .about =
        "Reads what another program prints and records the changes in it. Told again, a change is\n"
        "the same change: each has a key of its own.\n"
        "\n"
        "  kube  JSON from kubectl get -w, for deployments, stateful sets and daemon sets. Runs "
        "as\n"
        "        long as kubectl does. What is rolled out already when it begins is not news. The\n"
        "        service is the label app.kubernetes.io/name, else the name.\n"
        "  git   git log, in the format below or its own: commits, which deploys then bring.\n"
        "  ics   a calendar of freezes or maintenance windows: what lies ahead, repeats within 90\n"
        "        days.\n",
    .options = options_of_ingest,
    .help =
        "A record that no server takes is kept on this machine, as those of plumb mark are; git's\n"
        "are not, as git has them.\n"
        "\n"
        "Examples\n"
        "  kubectl get deploy -A -w -o json | plumb ingest kube\n"
        "  kubectl get sts -A -w -o json | plumb ingest kube --env staging\n"
        "                              (kubectl watches one kind at a time)\n"
        "  git log -500 --format='" INGEST_GIT_FORMAT "' | plumb ingest git --service website\n"
        "  curl -s https://calendar.example.com/freezes.ics | plumb ingest ics\n"
        "  plumb ingest ics -k thirdparty --service payments --dry-run < vendor.ics\n"
        "\n"
        "Exit codes\n"
        "  0  recorded, or kept for later (a warning says so)\n"
        "  2  typed wrong, not understood, or refused by the server\n"
        "  7  no server, and it could not be kept\n",
    .run = ingest,
};
