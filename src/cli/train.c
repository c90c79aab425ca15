/* plumb train: the push queue, as the chat's topic shows it. */
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "base/jsonw.h"
#include "base/str.h"
#include "cli/args.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/env.h"
#include "cli/origin.h"
#include "cli/tell.h"
#include "cli/terminal.h"
#include "model/train.h"

enum {
    LOCKED = 423, /* the server's answer to whose turn it is not */
    ANSWER_BYTES_MAX = 16 << 20,
    STAGE_COLUMNS = 8,
};

#define RESET "\x1b[0m"
#define BOLD  "\x1b[1m"
#define RED   "\x1b[31m"

static const struct cli_option options_of_train[] = {
    {"by", 0, CLI_TEXT, "NAME", "who you are; else $PLUMB_BY, git's user.name, $USER"},
    {"json", 0, CLI_FLAG, NULL, "the server's answer; an object a line when there are several"},
    {0},
};

/* What the command line asks for. */
struct order {
    const char *name; /* of the train; NULL: all of them */
    bool has_wish;
    struct train_wish wish;
};

static bool is_verb(const char *word)
{
    const size_t n = strlen(word);
    for (int i = 0; i < TRAIN_VERBS; i++) {
        const char *name = train_verb_name((enum train_verb)i);
        if (strncmp(name, word, n) == 0 && (!name[n] || name[n] == ' '))
            return n > 0;
    }
    return false;
}

static bool read_order(const struct args *args, struct arena *arena, struct order *out,
                       struct err *err)
{
    size_t i = 0;
    *out = (struct order){.name = env_get("PLUMB_TRAIN")};
    if (args->n_words && !is_verb(args->words[0]))
        out->name = args->words[i++];
    if (i == args->n_words)
        return true;
    if (!out->name) {
        err_set(err, ERR_INPUT, "which train?");
        err_hint(err, "plumb train website %.40s, or name it in PLUMB_TRAIN", args->words[i]);
        return false;
    }
    const char *typed = "";
    for (; i < args->n_words; i++)
        typed = arena_printf(arena, "%s %s", typed, args->words[i]);
    const char *by = args_text(args, "by");
    out->has_wish = true;
    out->wish.who = by ? by : origin_by(arena);
    return train_wish_parse(typed, arena, &out->wish, err);
}

static const char *path_of(const struct order *order, struct arena *arena)
{
    return order->name ? arena_printf(arena, "/api/v1/train/%s", order->name) : "/api/v1/train";
}

/* The name goes into a path as it is. */
static bool check_name(const struct order *order, struct err *err)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789._/-";
    if (!order->name || (order->name[0] && !order->name[strspn(order->name, allowed)]))
        return true;
    return FAIL(err, ERR_INPUT, "'%.80s' is no name of a train", order->name);
}

static bool ask(struct client *client, const struct order *order, struct arena *arena,
                struct buf *answer, struct err *err)
{
    CLEANUP(buf_done) struct buf body;
    buf_init(&body, TRAIN_TEXT_MAX);
    const char *path = path_of(order, arena);
    if (!order->has_wish) {
        const struct client_ask get = {
            .path = path, .accept = "application/json", .wait_ms = CLIENT_ASK_MS};
        return client_get(client, &get, answer, err);
    }
    struct jsonw json;
    jsonw_init(&json, &body, 0);
    jsonw_object(&json);
    jsonw_put_text(&json, "verb", train_verb_name(order->wish.verb));
    jsonw_put_text(&json, "who", order->wish.who);
    jsonw_put_text(&json, "arg", order->wish.arg);
    jsonw_end(&json);
    return client_post(client, path, &body, CLIENT_ASK_MS, answer, err);
}

/* ---- showing ---- */

struct shown {
    const char *name;
    struct train train;
};

static void add_clean(struct buf *out, const char *text, struct arena *arena)
{
    CLEANUP(buf_done) struct buf clean;
    buf_init(&clean, strlen(text) * 3 + 1);
    terminal_clean(&clean, text);
    buf_add_str(out, arena_strdup(arena, buf_text(&clean)));
}

/* A row a person, for scripts: train, car, stage, name, mark, why it is held. */
static void add_rows(const struct shown *shown, struct arena *arena, struct buf *out)
{
    const char *hold = shown->train.hold;
    if (!shown->train.n)
        buf_printf(out, "%s\t0\t\t\t\t", shown->name);
    if (!shown->train.n) {
        add_clean(out, hold, arena);
        buf_add_char(out, '\n');
    }
    for (size_t i = 0; i < shown->train.n; i++) {
        const struct train_car *car = &shown->train.cars[i];
        for (size_t k = 0; k < car->n; k++) {
            buf_printf(out, "%s\t%zu\t%s\t%s\t%s\t", shown->name, i + 1, car->stage,
                       car->members[k].name, train_mark_name(car->members[k].mark));
            add_clean(out, hold, arena);
            buf_add_char(out, '\n');
        }
    }
}

static void add_member(const struct train_car *car, size_t i, struct arena *arena, struct buf *out)
{
    const char *mark = train_mark_name(car->members[i].mark);
    const bool is_driver = i == 0 && car->n > 1;
    buf_add_str(out, i ? ", " : "");
    add_clean(out, car->members[i].name, arena);
    if (mark[0] || is_driver)
        buf_printf(out, " (%s%s%s)", is_driver ? "drives" : "", is_driver && mark[0] ? ", " : "",
                   mark);
}

/*     website  HELD: db move at 15:00
 *       now  prod      nora (drives, good), sasha
 *       2              nassim                                       */
static void add_picture(const struct shown *shown, const struct terminal *terminal,
                        struct arena *arena, struct buf *out)
{
    const bool has_colour = terminal->has_colour;
    buf_printf(out, "%s%s%s", has_colour ? BOLD : "", shown->name, has_colour ? RESET : "");
    if (shown->train.hold[0]) {
        buf_printf(out, "  %sHELD: ", has_colour ? RED : "");
        add_clean(out, shown->train.hold, arena);
        buf_add_str(out, has_colour ? RESET : "");
    }
    buf_add_str(out, shown->train.n ? "\n" : "  clear\n");
    for (size_t i = 0; i < shown->train.n; i++) {
        const struct train_car *car = &shown->train.cars[i];
        if (i)
            buf_printf(out, "  %-3zu  ", i + 1);
        else
            buf_add_str(out, "  now  ");
        terminal_fit(out, car->stage, STAGE_COLUMNS, terminal->has_utf8);
        buf_add_str(out, "  ");
        for (size_t k = 0; k < car->n; k++)
            add_member(car, k, arena, out);
        buf_add_char(out, '\n');
    }
}

static bool read_one(const json_t *row, struct arena *arena, struct shown *out)
{
    struct err ignored;
    const char *name = json_string_value(json_object_get(row, "name"));
    const char *topic = json_string_value(json_object_get(row, "topic"));
    if (!name || !topic || !train_parse(topic, arena, &out->train, &ignored))
        return false;
    CLEANUP(buf_done) struct buf clean;
    buf_init(&clean, strlen(name) * 3 + 1);
    terminal_clean(&clean, name);
    out->name = arena_strdup(arena, buf_text(&clean));
    return true;
}

/* The signature is jansson's. */
static int take_json(const char *bytes, size_t n, void *self)
{
    buf_add(self, bytes, n);
    return 0;
}

static bool add_json(const json_t *row, struct buf *out)
{
    const bool is_ok = json_dump_callback(row, take_json, out, JSON_COMPACT) == 0;
    buf_add_char(out, '\n');
    return is_ok;
}

static bool show(const struct client *client, const struct buf *answer, const struct args *args,
                 struct arena *arena, struct buf *out, struct err *err)
{
    const struct terminal terminal = terminal_of(STDOUT_FILENO);
    json_auto_t *root = json_loadb(buf_text(answer), answer->n, 0, NULL);
    const bool is_list = json_is_array(root);
    const size_t n = is_list ? json_array_size(root) : 1;
    for (size_t i = 0; i < n; i++) {
        const json_t *row = is_list ? json_array_get(root, i) : root;
        struct shown shown;
        if (!read_one(row, arena, &shown))
            return FAIL(err, ERR_BUSY, "%s does not answer like a plumb server", client->shown);
        if (args_has(args, "json") && !add_json(row, out))
            return FAIL(err, ERR_BUSY, "%s answers what cannot be shown", client->shown);
        if (args_has(args, "json"))
            continue;
        if (terminal.is_tty)
            add_picture(&shown, &terminal, arena, out);
        else
            add_rows(&shown, arena, out);
    }
    if (!n && terminal.is_tty)
        buf_add_str(out, "no trains yet; `plumb train SERVICE join` starts one\n");
    return true;
}

static int train(int argc, char **argv)
{
    CLEANUP(arena_done) struct arena arena;
    CLEANUP(client_close) struct client client = {0};
    CLEANUP(buf_done) struct buf answer, out;
    arena_init(&arena);
    buf_init(&answer, ANSWER_BYTES_MAX);
    buf_init(&out, ANSWER_BYTES_MAX);
    struct args args;
    struct order order;
    struct err err;
    if (!args_parse(&commands_train, argc, argv, &arena, &args, &err) ||
        !read_order(&args, &arena, &order, &err) || !check_name(&order, &err) ||
        !client_open(&client, &arena, &err) || !ask(&client, &order, &arena, &answer, &err) ||
        !show(&client, &answer, &args, &arena, &out, &err)) {
        const int code = tell_fail("train", &err);
        return client.status == LOCKED ? CODE_REFUSED : code;
    }
    return tell_out("train", buf_text(&out)) ? CODE_OK : CODE_FAILED;
}

const struct command commands_train = {
    .name = "train",
    .usage = "train [SERVICE] [VERB...] [--by NAME] [--json]",
    .summary = "who deploys next: join, at, good, done, hold",
    .group = "Coordinate",
    .about =
        "Shows the push train of a service, or all of them, or does something with one. It is\n"
        "the same that a channel has in its topic: <prod> nora* + sasha | nassim !! db move.\n"
        "The first car is at work; the first in a car drives. SERVICE may be in PLUMB_TRAIN.\n",
    .options = options_of_train,
    .help =
        "Verbs\n"
        "  join               where there is room, behind the car at work\n"
        "  join with NAME     into NAME's car;  join before NAME, join last: a car of your own\n"
        "  at STAGE           your car has reached a stage; everybody says good again\n"
        "  in, good, uhoh     your code is in; all is well at this stage; it is not\n"
        "  done               your car has arrived, the next one is up\n"
        "  nevermind          get off;  kick NAME: somebody else gets off\n"
        "  drive              take the wheel of your car\n"
        "  hold \"WHY\"         nobody goes on;  unhold: they do again\n"
        "  set \"TOPIC\"        all of it, as a topic says it\n"
        "\n"
        "Examples\n"
        "  plumb train website\n"
        "  plumb train website join with sasha\n"
        "  plumb train website at prod && ./push.sh && plumb train website good\n"
        "  plumb train website hold \"db move at 15:00\"\n"
        "\n"
        "Exit codes\n"
        "  0  done, or shown\n"
        "  2  typed wrong, or refused by the server as wrong\n"
        "  3  not your turn, or the train is held\n"
        "  5  who is not aboard, or no hold to end\n"
        "  7  no server\n",
    .run = train,
};
