/* plumb doctor: is all well, and if not, what to do. */
#include <string.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/doctor_checks.h"
#include "cli/spool.h"
#include "cli/tell.h"
#include "cli/terminal.h"
#include "os/child.h"
#include "os/realtime.h"

enum { ASK_MS_MAX = 5000, GIT_MS_MAX = 2000, ANSWER_BYTES_MAX = 4 << 20 };

static const struct cli_option options_of_doctor[] = {
    {"json", 0, CLI_FLAG, NULL, "the checks as one object"},
    {0},
};

struct doctor {
    struct client client;
    struct doctor_report report;
    bool is_away;
};

static void done(struct doctor *doctor)
{
    client_close(&doctor->client);
}

/* The answer's body, in the arena. */
static bool ask(struct doctor *doctor, const char *path, const char *key, const char *value,
                const char **out, struct err *err)
{
    CLEANUP(buf_done) struct buf query, answer;
    buf_init(&query, 1000);
    buf_init(&answer, ANSWER_BYTES_MAX);
    if (key)
        client_param(&query, key, value);
    const struct client_ask wish = {path, &query, "application/json", ASK_MS_MAX};
    if (!client_get(&doctor->client, &wish, &answer, err))
        return false;
    *out = arena_strndup(doctor->report.arena, buf_text(&answer), answer.n);
    return true;
}

/* ---- this machine ---- */

static void check_spool(struct doctor_report *report)
{
    struct spool spool;
    size_t n_waiting, n_refused;
    struct err err;
    if (!spool_open(NULL, report->arena, &spool, &err) ||
        !spool_count(&spool, report->arena, &n_waiting, &n_refused, &err)) {
        doctor_checks_add(report, "spool", DOCTOR_MEND,
                          "without it what cannot be delivered is lost", "%s", err.text);
        return;
    }
    if (n_waiting)
        doctor_checks_add(report, "spool", DOCTOR_MEND, "plumb flush sends them",
                          "%zu records wait on this machine", n_waiting);
    if (n_refused)
        doctor_checks_add(report, "spool", DOCTOR_LOOK,
                          arena_printf(report->arena, "%s holds them, with the reason beside each",
                                       spool.refused_dir),
                          "a server refused %zu records", n_refused);
    if (!n_waiting && !n_refused)
        doctor_checks_add(report, "spool", DOCTOR_FINE, "", "nothing waits on this machine");
}

static void check_git(struct doctor_report *report)
{
    static const char *const argv[] = {"git", "--version", NULL};
    CLEANUP(buf_done) struct buf out;
    struct err err;
    int code;
    buf_init(&out, 1000);
    if (child_read(argv, GIT_MS_MAX, &out, &code, &err) && code == 0)
        doctor_checks_add(report, "git", DOCTOR_FINE, "", "tells who deploys, and which revision");
    else
        doctor_checks_add(report, "git", DOCTOR_LOOK, "install git, or set PLUMB_BY and give --rev",
                          "there is no git here to tell who deploys, and which revision");
}

/* ---- the server ---- */

static const char *ask_hook(void *self, const char *hook)
{
    struct doctor *doctor = self;
    const char *answer;
    struct err err;
    const char *path = arena_printf(doctor->report.arena, "/hook/%s", hook);
    return ask(doctor, path, "format", "json", &answer, &err) ? answer : NULL;
}

/* Whether it may be asked. What cannot is told. */
static bool check_right(struct doctor *doctor, const char *name, const struct err *err)
{
    if (err->kind == ERR_MISSING) /* an older server */
        return false;
    if (err->kind == ERR_REFUSED)
        doctor_checks_add(&doctor->report, "token", DOCTOR_MEND,
                          err->hint[0] ? arena_strdup(doctor->report.arena, err->hint)
                                       : "PLUMB_TOKEN says who you are",
                          "the server refuses to tell of %s: %s", name, err->text);
    else
        doctor_checks_add(&doctor->report, name, DOCTOR_MEND, "see the server's log", "%s",
                          err->text);
    return false;
}

static bool check_server(struct doctor *doctor)
{
    struct doctor_report *report = &doctor->report;
    const char *answer;
    struct err err;
    const int64_t began_us = monotonic_us();
    if (!ask(doctor, "/-/ready", NULL, NULL, &answer, &err)) {
        doctor->is_away = err.kind == ERR_BUSY || err.kind == ERR_MISSING;
        doctor_checks_add(report, "server", DOCTOR_MEND,
                          err.hint[0] ? arena_strdup(report->arena, err.hint)
                                      : "is plumb serve running there?",
                          "%s", err.text);
        return false;
    }
    doctor_checks_add(report, "server", DOCTOR_FINE, "", "%s is ready, and answers after %lld ms",
                      doctor->client.shown, (long long)(monotonic_us() - began_us + 999) / 1000);
    return true;
}

static void check_stats(struct doctor *doctor)
{
    const struct clock clock = clock_system();
    const int64_t began_ms = clock_us(&clock) / 1000;
    const char *answer;
    struct err err;
    if (!ask(doctor, "/api/v1/stats", NULL, NULL, &answer, &err)) {
        (void)check_right(doctor, "stats", &err);
        return;
    }
    const int64_t now_ms = (began_ms + clock_us(&clock) / 1000) / 2;
    doctor_checks_stats(&doctor->report, answer, strlen(answer), now_ms);
}

static void check_doors(struct doctor *doctor)
{
    struct doctor_report *report = &doctor->report;
    const struct doctor_ask hook = {ask_hook, doctor};
    const char *answer;
    struct err err;
    if (ask(doctor, "/api/v1/rejects", "n", "1", &answer, &err))
        doctor_checks_rejects(report, answer, strlen(answer));
    else
        (void)check_right(doctor, "lines", &err);
    if (ask(doctor, "/hook", "format", "json", &answer, &err))
        doctor_checks_hooks(report, answer, strlen(answer), &hook);
    else
        (void)check_right(doctor, "hooks", &err);
    if (ask(doctor, "/api/v1/announce", NULL, NULL, &answer, &err))
        doctor_checks_announce(report, answer, strlen(answer));
    else
        (void)check_right(doctor, "announce", &err);
}

static int tell_report(const struct doctor *doctor, bool is_json)
{
    CLEANUP(buf_done) struct buf out;
    const struct terminal terminal = terminal_of(STDOUT_FILENO);
    buf_init(&out, ANSWER_BYTES_MAX);
    if (is_json)
        doctor_checks_json(&doctor->report, &out);
    else
        doctor_checks_print(&doctor->report, terminal.has_utf8, &out);
    if (!tell_out("doctor", buf_text(&out)))
        return CODE_FAILED;
    if (doctor->is_away)
        return CODE_AWAY;
    return doctor_checks_worst(&doctor->report) == DOCTOR_MEND ? CODE_FAILED : CODE_OK;
}

static int run_doctor(int argc, char **argv)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    CLEANUP(done) struct doctor doctor = {.report = {.arena = &arena}};
    struct args args;
    struct err err;
    if (!args_parse(&commands_doctor, argc, argv, &arena, &args, &err))
        return tell_fail("doctor", &err);
    if (args.n_words || args.n_rest) {
        err_set(&err, ERR_INPUT, "doctor takes no arguments; PLUMB_URL says whom to ask");
        return tell_fail("doctor", &err);
    }
    if (!client_open(&doctor.client, &arena, &err))
        return tell_fail("doctor", &err);
    if (check_server(&doctor)) {
        check_stats(&doctor);
        check_doors(&doctor);
    }
    check_spool(&doctor.report);
    check_git(&doctor.report);
    return tell_report(&doctor, args_has(&args, "json"));
}

const struct command commands_doctor = {
    .name = "doctor",
    .usage = "doctor [--json]",
    .summary = "is all well, here and at the server?",
    .group = "Ask",
    .about =
        "Asks the server how it is and looks around on this machine: version, clocks, disk, "
        "store,\n"
        "ledger, refused lines, hooks, announcements, records that wait here, git. A line each;\n"
        "\xe2\x9c\x93 fine, ! worth a look, \xe2\x9c\x97 something to mend, and below it what to "
        "do.\n",
    .options = options_of_doctor,
    .help = "Examples\n"
            "  plumb doctor\n"
            "  plumb doctor --json | jq -r '.checks[] | select(.state == \"mend\") | .todo'\n"
            "\n"
            "Exit codes\n"
            "  0  nothing to mend\n"
            "  1  something to mend\n"
            "  2  typed wrong\n"
            "  7  no server answers\n",
    .run = run_doctor,
};
