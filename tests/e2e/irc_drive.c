/* Stands in for the announcer in the tests of the IRC channel: one channel of the kind irc, driven by lines
 * on stdin, against a real IRC server.
 *
 *   irc_drive plumb.conf            its first section is the channel's
 *   start SERVICE REV BY MSG...     tells that a deploy begins
 *   end                             that it has ended, 105 s after its start
 *   point SERVICE REV BY MSG...     that there was one
 *   train WHO WISH...               somebody elsewhere moves the train
 * "note BY SERVICE MSG" is printed for what !log records. Ends with its stdin. */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "announce/irc.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "os/file.h"
#include "os/realtime.h"

enum { CONFIG_BYTES_MAX = 65536, LINE_BYTES_MAX = 4096, STEP_MS = 20, CHANGES_MAX = 100 };

struct drive {
    struct arena arena;
    struct channel *channel;
    struct change changes[CHANGES_MAX];
    size_t n;
    struct change deploy; /* the one under way */
    struct train train;
};

/* What people and this program have told so far, newest first. Its signature is the seam's. */
static bool list(void *self, const struct change_query *query, struct arena *arena,
                 struct change_list *out, struct err *err UNUSED)
{
    const struct drive *drive = self;
    *out = (struct change_list){.items = arena_array(arena, drive->n + 1, struct change)};
    for (size_t i = drive->n; i-- > 0 && (!query->n_max || out->n < query->n_max);)
        if (!query->by || strcmp(query->by, drive->changes[i].by) == 0)
            out->items[out->n++] = drive->changes[i];
    return true;
}

static const struct changes_ops changes_ops = {.list = list};

static bool record(void *self, const struct change *change, char out_id[27], struct err *err)
{
    struct drive *drive = self;
    if (drive->n == CHANGES_MAX)
        return FAIL(err, ERR_LIMIT, "enough changes");
    struct change kept = *change;
    kept.by = arena_strdup(&drive->arena, change->by);
    kept.msg = arena_strdup(&drive->arena, change->msg);
    kept.service = arena_strdup(&drive->arena, change->service);
    drive->changes[drive->n++] = kept;
    (void)snprintf(out_id, 27, "01KB0000000000000000%06zu", drive->n);
    (void)printf("note %s %s %s\n", kept.by, kept.service[0] ? kept.service : "-", kept.msg);
    return true;
}

static bool train(void *self, const char *name UNUSED, const struct train_wish *wish,
                  struct arena *arena UNUSED, struct train *out, struct err *err)
{
    struct drive *drive = self;
    if (wish && !train_apply(&drive->train, wish, &drive->arena, &drive->train, err))
        return false;
    *out = drive->train;
    return true;
}

static void tell(struct drive *drive, enum moment moment, const struct change *change)
{
    const struct channel_kind *kind = drive->channel->kind;
    const struct message message = {.moment = moment,
                                    .change = change,
                                    .link = "http://plumb/c/1",
                                    .thread = "",
                                    .arena = &drive->arena};
    const char *thread;
    struct err err;
    while (!kind->tell(drive->channel, &message, &thread, &err)) {
        (void)fprintf(stderr, "%s\n", err.text);
        kind->idle(drive->channel, STEP_MS);
    }
}

static void begin(struct drive *drive, struct str rest)
{
    const char *words[3] = {"", "", ""};
    struct str word;
    for (size_t i = 0; i < COUNT_OF(words) && str_split(&rest, ' ', &word); i++)
        words[i] = arena_strndup(&drive->arena, word.at, word.n);
    drive->deploy = change_blank();
    drive->deploy.service = words[0];
    drive->deploy.rev = words[1];
    drive->deploy.by = words[2];
    drive->deploy.msg = arena_strndup(&drive->arena, rest.at, rest.n);
    drive->deploy.start_ms = clock_system().now_us(NULL) / 1000;
    drive->deploy.status = STATUS_RUNNING;
}

static void finish(struct drive *drive, int64_t took_ms)
{
    drive->deploy.end_ms = drive->deploy.start_ms + took_ms;
    drive->deploy.status = STATUS_SUCCEEDED;
    tell(drive, MOMENT_END, &drive->deploy);
}

static void move_train(struct drive *drive, struct str rest)
{
    struct str who;
    struct train_wish wish = {0};
    struct err err;
    if (!str_split(&rest, ' ', &who))
        return;
    wish.who = arena_strndup(&drive->arena, who.at, who.n);
    const char *typed = arena_strndup(&drive->arena, rest.at, rest.n);
    if (!train_wish_parse(typed, &drive->arena, &wish, &err) ||
        !train_apply(&drive->train, &wish, &drive->arena, &drive->train, &err))
        (void)printf("refused %s\n", err.text);
    drive->channel->kind->wake(drive->channel);
}

static void obey(struct drive *drive, const char *line)
{
    const char *blank = strchr(line, ' ');
    const struct str rest = str_of(blank ? blank + 1 : "");
    const bool is_start = text_starts(line, "start "), is_point = text_starts(line, "point ");
    if (is_start || is_point)
        begin(drive, rest);
    if (is_start)
        tell(drive, MOMENT_START, &drive->deploy);
    else if (is_point)
        finish(drive, 0);
    else if (strcmp(line, "end") == 0)
        finish(drive, 105000);
    else if (text_starts(line, "train "))
        move_train(drive, rest);
}

/* Reads a line if one has come. False: stdin has ended. */
static bool step(struct drive *drive)
{
    char line[LINE_BYTES_MAX];
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    if (poll(&in, 1, 0) <= 0) {
        drive->channel->kind->idle(drive->channel, STEP_MS);
        return true;
    }
    if (!fgets(line, sizeof line, stdin))
        return false;
    line[strcspn(line, "\n")] = '\0';
    obey(drive, line);
    return true;
}

static bool open_channel(struct drive *drive, const char *path, struct err *err)
{
    struct ini ini;
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, CONFIG_BYTES_MAX);
    if (!file_read_all(path, &text, err) ||
        !ini_parse(path, buf_text(&text), text.n, &drive->arena, &ini, err))
        return false;
    const struct announce_options options = {.config = &ini,
                                             .clock = clock_system(),
                                             .changes = {&changes_ops, drive},
                                             .record = record,
                                             .train = train,
                                             .self = drive};
    return channel_irc.open(&ini.sections[0], &options, &drive->channel, err);
}

int main(int argc, char **argv)
{
    struct drive drive = {.train = {.hold = "", .is_new = true}};
    struct err err;
    arena_init(&drive.arena);
    setvbuf(stdin, NULL, _IONBF, 0);
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc != 2 || !open_channel(&drive, argv[1], &err)) {
        (void)fprintf(stderr, "irc_drive: %s\n", argc == 2 ? err.text : "which plumb.conf?");
        return 2;
    }
    while (step(&drive))
        continue;
    drive.channel->kind->close(drive.channel);
    arena_done(&drive.arena);
    return 0;
}
