#include "announce/irc_session.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

enum {
    NICK_BYTES_MAX = 64,
    TROUBLE_BYTES_MAX = 300,
    NICK_TRIES_MAX = 8,
    NICK_CUT = 7, /* servers allow 9 at least: room for a digit */
    NICK_AGAIN_MS = 60 * 1000,
    STEADY_MS = 60 * 1000, /* a session of that length was none that failed */
    URGENT_BYTES_MAX = 64 * 1024,
    SASL_BYTES_MAX = 400, /* of base64 in a line; a full one asks for more */
    LONG_MS = 3600 * 1000,
};

enum state { WAITING, REGISTERING, ONLINE };
enum sasl { SASL_NONE, SASL_ASKED, SASL_DONE };

struct room {
    const char *name, *key;
    bool is_in, is_topic_known, is_topic_refused;
    int64_t join_ms; /* when to ask again; 0: asked */
    char *topic;     /* as the channel has it */
    char *wanted;    /* as it should be; NULL: whatever it is */
    int64_t topic_ms;
};

struct irc_session {
    struct irc_session_options options;
    enum state state;
    enum sasl sasl;
    unsigned n_caps_pending;
    bool has_ended_caps, is_joined_once;
    char nick[NICK_BYTES_MAX];
    unsigned n_nick_tries;
    int64_t nick_ms;
    struct irc_support support;
    struct room rooms[IRC_ROOMS_MAX];
    struct buf urgent;
    char *unsaid[IRC_UNSAID_MAX]; /* the first n_untold of them are told, the others answers */
    size_t n_unsaid, n_untold;
    uint64_t n_told;
    int64_t paced_ms; /* what was said is paid for until then */
    int64_t since_ms, heard_ms, ping_ms;
    int64_t retry_ms;
    unsigned n_failed;
    char over[TROUBLE_BYTES_MAX], trouble[TROUBLE_BYTES_MAX];
};

struct irc_session *irc_session_new(const struct irc_session_options *options)
{
    struct irc_session *session = mem_zalloc(sizeof *session);
    BUG_IF(options->n_rooms > IRC_ROOMS_MAX);
    session->options = *options;
    for (size_t i = 0; i < options->n_rooms; i++) {
        session->rooms[i].name = options->rooms[i].name;
        session->rooms[i].key = options->rooms[i].key;
    }
    buf_init(&session->urgent, URGENT_BYTES_MAX);
    text_copy(session->nick, sizeof session->nick, options->nick);
    return session;
}

static void forget(struct irc_session *session)
{
    for (size_t i = 0; i < session->n_unsaid; i++)
        mem_free(session->unsaid[i]);
    session->n_unsaid = session->n_untold = 0;
}

void irc_session_free(struct irc_session *session)
{
    if (!session)
        return;
    forget(session);
    for (size_t i = 0; i < session->options.n_rooms; i++) {
        mem_free(session->rooms[i].topic);
        mem_free(session->rooms[i].wanted);
    }
    buf_done(&session->urgent);
    mem_free(session);
}

/* ---- saying ---- */

static void send_now(struct irc_session *session, const char *command, const char *target,
                     const char *text)
{
    const struct irc_out line = {command, target, text, 0};
    irc_line_add(&session->urgent, &line);
}

/* Queues a line at place i behind the pace. False: too many wait. */
static bool queue_at(struct irc_session *session, size_t i, const struct irc_out *out)
{
    if (session->n_unsaid == IRC_UNSAID_MAX)
        return false;
    CLEANUP(buf_done) struct buf line;
    buf_init(&line, IRC_LINE_MAX);
    irc_line_add(&line, out);
    memmove(session->unsaid + i + 1, session->unsaid + i,
            (session->n_unsaid - i) * sizeof *session->unsaid);
    session->unsaid[i] = mem_strdup(buf_text(&line));
    session->n_unsaid++;
    return true;
}

static bool say_later(struct irc_session *session, const char *command, const char *room,
                      const char *text)
{
    const struct irc_out out = {command, room, text, 0};
    return queue_at(session, session->n_unsaid, &out);
}

PRINTF_LIKE(2, 3) static void give_up(struct irc_session *session, const char *fmt, ...)
{
    va_list args;
    if (session->over[0])
        return; /* the first reason is the reason */
    va_start(args, fmt);
    (void)vsnprintf(session->over, sizeof session->over, fmt, args);
    va_end(args);
}

static bool is_same(const struct irc_session *session, const char *a, const char *b)
{
    return irc_support_same(&session->support, a, b);
}

static struct room *find_room(struct irc_session *session, const char *name)
{
    for (size_t i = 0; i < session->options.n_rooms; i++)
        if (is_same(session, session->rooms[i].name, name))
            return &session->rooms[i];
    return NULL;
}

static void trouble(struct irc_session *session, const char *where, const char *what)
{
    (void)snprintf(session->trouble, sizeof session->trouble, "%s%s%s", where, where[0] ? ": " : "",
                   what);
}

/* ---- registering ---- */

static void end_caps(struct irc_session *session)
{
    const bool wants_sasl = session->options.sasl_user[0] != '\0';
    if (session->has_ended_caps || session->n_caps_pending ||
        (wants_sasl && session->sasl != SASL_DONE))
        return;
    session->has_ended_caps = true;
    send_now(session, "CAP", "END", NULL);
}

static void ask_cap(struct irc_session *session, const char *name)
{
    session->n_caps_pending++;
    send_now(session, "CAP", "REQ", name);
}

/* "sasl=PLAIN,EXTERNAL", or just "sasl". */
static bool offers_plain(struct str cap)
{
    if (cap.n == 4)
        return true;
    struct str rest = str_make(cap.at + 5, cap.n - 5), one;
    while (str_split(&rest, ',', &one))
        if (str_is(one, "PLAIN"))
            return true;
    return false;
}

static void take_offers(struct irc_session *session, const char *offers, bool is_last)
{
    struct str rest = str_of(offers), cap;
    while (str_split(&rest, ' ', &cap)) {
        const bool is_sasl = str_is(cap, "sasl") || str_starts(cap, "sasl=");
        if (str_is(cap, "message-tags"))
            ask_cap(session, "message-tags");
        if (is_sasl && session->options.sasl_user[0] && session->sasl == SASL_NONE &&
            offers_plain(cap)) {
            session->sasl = SASL_ASKED;
            ask_cap(session, "sasl");
        }
    }
    if (is_last && session->options.sasl_user[0] && session->sasl == SASL_NONE)
        give_up(session, "the server offers no SASL PLAIN");
    if (is_last)
        end_caps(session);
}

static void on_cap(struct irc_session *session, const struct irc_line *line)
{
    const char *verb = irc_line_param(line, 1);
    const char *last = irc_line_param(line, line->n_params - 1);
    const bool is_sasl = strncmp(last, "sasl", 4) == 0;
    if (strcmp(verb, "LS") == 0) {
        take_offers(session, last, strcmp(irc_line_param(line, 2), "*") != 0);
        return;
    }
    if (strcmp(verb, "ACK") != 0 && strcmp(verb, "NAK") != 0)
        return;
    if (session->n_caps_pending)
        session->n_caps_pending--;
    if (is_sasl && verb[0] == 'N')
        give_up(session, "the server refuses SASL");
    if (is_sasl && verb[0] == 'A')
        send_now(session, "AUTHENTICATE", "PLAIN", NULL);
    end_caps(session);
}

/* NUL user NUL password, in base 64, in lines of 400. */
static void authenticate(struct irc_session *session)
{
    CLEANUP(buf_done) struct buf plain, text;
    char piece[SASL_BYTES_MAX + 1];
    buf_init(&plain, URGENT_BYTES_MAX);
    buf_init(&text, URGENT_BYTES_MAX);
    buf_add_char(&plain, '\0');
    buf_add_str(&plain, session->options.sasl_user);
    buf_add_char(&plain, '\0');
    buf_add_str(&plain, session->options.sasl_password);
    buf_add_base64(&text, plain.at, plain.n);
    for (size_t i = 0; i <= text.n; i += SASL_BYTES_MAX) {
        const size_t n = min_size(SASL_BYTES_MAX, text.n - i);
        memcpy(piece, text.at + i, n);
        piece[n] = '\0';
        send_now(session, "AUTHENTICATE", n ? piece : "+", NULL);
    }
}

/* The one that was asked for is taken, or none: another of its kind. */
static void next_nick(struct irc_session *session, const char *why)
{
    const unsigned n = ++session->n_nick_tries;
    const char *wanted = session->options.nick;
    if (n > NICK_TRIES_MAX) {
        give_up(session, "no nick like '%s' is to be had: %s", wanted, why);
        return;
    }
    if (n <= 2)
        (void)snprintf(session->nick, sizeof session->nick, "%.40s%s", wanted, n == 1 ? "_" : "__");
    else
        (void)snprintf(session->nick, sizeof session->nick, "%.*s%u", NICK_CUT, wanted, n - 2);
    send_now(session, "NICK", session->nick, NULL);
}

void irc_session_begin(struct irc_session *session, int64_t now_ms)
{
    session->state = REGISTERING;
    session->since_ms = session->heard_ms = now_ms;
    session->ping_ms = 0;
    session->sasl = SASL_NONE;
    session->n_caps_pending = 0;
    session->has_ended_caps = session->is_joined_once = false;
    session->n_nick_tries = 0;
    session->support = (struct irc_support){0};
    session->over[0] = '\0';
    buf_clear(&session->urgent);
    text_copy(session->nick, sizeof session->nick, session->options.nick);
    send_now(session, "CAP", "LS", "302");
    if (session->options.password[0])
        send_now(session, "PASS", NULL, session->options.password);
    send_now(session, "NICK", session->nick, NULL);
    buf_printf(&session->urgent, "USER %s 0 * :plumb, tells of changes\r\n", session->options.user);
}

static void on_welcome(struct irc_session *session, const struct irc_line *line, int64_t now_ms)
{
    if (session->options.sasl_user[0] && session->sasl != SASL_DONE) {
        give_up(session, "the server let us in without SASL");
        return;
    }
    session->state = ONLINE;
    session->nick_ms = now_ms + NICK_AGAIN_MS;
    text_copy(session->nick, sizeof session->nick, irc_line_param(line, 0));
}

/* ---- channels ---- */

static void join(struct irc_session *session, struct room *room)
{
    room->join_ms = 0;
    buf_printf(&session->urgent, "JOIN %s%s%s\r\n", room->name, room->key[0] ? " " : "", room->key);
}

static void join_all(struct irc_session *session)
{
    for (size_t i = 0; i < session->options.n_rooms && !session->is_joined_once; i++)
        join(session, &session->rooms[i]);
    session->is_joined_once = true;
}

static void leave(struct room *room, int64_t now_ms)
{
    room->is_in = room->is_topic_known = false;
    room->join_ms = now_ms + IRC_REJOIN_MS;
}

static void on_join(struct irc_session *session, const struct irc_line *line)
{
    struct room *room = find_room(session, irc_line_param(line, 0));
    if (!room || !is_same(session, line->nick, session->nick))
        return;
    room->is_in = true;
    room->is_topic_known = room->is_topic_refused = false;
    session->trouble[0] = '\0';
}

static void on_out(struct irc_session *session, const struct irc_line *line, int64_t now_ms)
{
    const bool is_kick = strcmp(line->command, "KICK") == 0;
    const char *who = is_kick ? irc_line_param(line, 1) : line->nick;
    struct room *room = find_room(session, irc_line_param(line, 0));
    if (!room || !is_same(session, who, session->nick))
        return;
    leave(room, now_ms);
    trouble(session, room->name, is_kick ? "kicked out" : "put out");
}

/* A reply about a channel that does not let us in. */
static void on_locked_out(struct irc_session *session, const struct irc_line *line, int64_t now_ms)
{
    struct room *room = find_room(session, irc_line_param(line, 1));
    if (!room || room->is_in)
        return;
    leave(room, now_ms);
    trouble(session, room->name, irc_line_param(line, line->n_params - 1));
}

static void set_topic(struct room *room, const char *topic)
{
    mem_free(room->topic);
    room->topic = mem_strdup(topic);
    room->is_topic_known = true;
}

static void tell_topic(struct irc_session *session, struct room *room, const char *topic,
                       const char *by)
{
    set_topic(room, topic);
    if (by && is_same(session, by, session->nick))
        return;
    const struct irc_topic told = {room->name, room->topic, by ? by : ""};
    if (session->options.on_topic)
        session->options.on_topic(session->options.self, &told);
}

static void on_topic_reply(struct irc_session *session, const struct irc_line *line)
{
    struct room *room = find_room(session, irc_line_param(line, 1));
    const bool is_end = strcmp(line->command, "366") == 0; /* of the names: no topic was told */
    const bool is_none = is_end || strcmp(line->command, "331") == 0;
    if (room && room->is_in && !room->is_topic_known)
        tell_topic(session, room, is_none ? "" : irc_line_param(line, 2), NULL);
}

static void on_topic(struct irc_session *session, const struct irc_line *line)
{
    struct room *room = find_room(session, irc_line_param(line, 0));
    if (room)
        tell_topic(session, room, irc_line_param(line, 1), line->nick);
}

static void on_topic_refused(struct irc_session *session, const struct irc_line *line)
{
    struct room *room = find_room(session, irc_line_param(line, 1));
    if (!room || room->is_topic_refused)
        return;
    room->is_topic_refused = true;
    set_topic(room, "\x01"); /* what it really is was not told: nothing that we could want */
    trouble(session, room->name, "no right to set the topic");
    (void)say_later(session, "NOTICE", room->name,
                    "I may not set the topic here (mode +t): make me an operator");
}

/* With new rights the topic is tried again. */
static void on_mode(struct irc_session *session, const struct irc_line *line)
{
    struct room *room = find_room(session, irc_line_param(line, 0));
    for (size_t i = 2; room && i < line->n_params; i++)
        if (is_same(session, line->params[i], session->nick))
            room->is_topic_refused = false;
}

static void on_said(struct irc_session *session, const struct irc_line *line, int64_t now_ms)
{
    char msgid[128] = "", bot[2];
    struct room *room = find_room(session, irc_line_param(line, 0));
    const bool is_person = line->nick[0] && line->user[0] && !irc_line_tag(line, "bot", bot, 2);
    if (!room || !is_person || line->n_params < 2 || is_same(session, line->nick, session->nick))
        return;
    char *text = mem_strdup(line->params[1]);
    (void)irc_line_tag(line, "msgid", msgid, sizeof msgid);
    const bool is_ctcp = text[0] == '\x01';
    irc_line_strip(text);
    const struct irc_said said = {room->name, line->nick, text, msgid, now_ms};
    if (!is_ctcp && session->options.on_said)
        session->options.on_said(session->options.self, &said);
    mem_free(text);
}

/* ---- lines ---- */

static bool is_one_of(const char *command, const char *list)
{
    const char *at = strstr(list, command);
    return at && strlen(command) == 3;
}

/* A numeric that says that the session will not be. */
static bool is_fatal(const struct irc_session *session, const char *command)
{
    return is_one_of(command, "464 465 466") ||
           (session->sasl == SASL_ASKED && is_one_of(command, "902 904 905 906 908"));
}

static void on_numeric(struct irc_session *session, const struct irc_line *line, int64_t now_ms)
{
    const char *command = line->command;
    const char *last = irc_line_param(line, line->n_params - 1);
    if (is_fatal(session, command)) {
        give_up(session, "the server says: %.200s", last);
    } else if (strcmp(command, "001") == 0) {
        on_welcome(session, line, now_ms);
    } else if (strcmp(command, "005") == 0) {
        irc_support_take(&session->support, line);
    } else if (is_one_of(command, "376 422")) {
        if (session->state == ONLINE)
            join_all(session);
    } else if (is_one_of(command, "432 433 436 437")) {
        if (session->state == REGISTERING)
            next_nick(session, last);
    } else if (is_one_of(command, "903 907")) {
        session->sasl = SASL_DONE;
        end_caps(session);
    } else if (is_one_of(command, "331 332 366")) {
        on_topic_reply(session, line);
    } else if (is_one_of(command, "403 405 437 471 473 474 475 476 477 489")) {
        on_locked_out(session, line, now_ms);
    } else if (strcmp(command, "482") == 0) {
        on_topic_refused(session, line);
    }
}

static void on_nick(struct irc_session *session, const struct irc_line *line)
{
    if (is_same(session, line->nick, session->nick))
        text_copy(session->nick, sizeof session->nick, irc_line_param(line, 0));
}

void irc_session_line(struct irc_session *session, char *io_line, int64_t now_ms)
{
    struct irc_line line;
    session->heard_ms = now_ms;
    session->ping_ms = 0;
    if (session->state == WAITING || !irc_line_parse(io_line, &line))
        return;
    const char *command = line.command;
    if (strcmp(command, "PING") == 0)
        send_now(session, "PONG", NULL, irc_line_param(&line, 0));
    else if (strcmp(command, "CAP") == 0)
        on_cap(session, &line);
    else if (strcmp(command, "AUTHENTICATE") == 0 && session->sasl == SASL_ASKED)
        authenticate(session);
    else if (strcmp(command, "ERROR") == 0)
        give_up(session, "the server says: %.200s", irc_line_param(&line, 0));
    else if (strcmp(command, "JOIN") == 0)
        on_join(session, &line);
    else if (strcmp(command, "KICK") == 0 || strcmp(command, "PART") == 0)
        on_out(session, &line, now_ms);
    else if (strcmp(command, "TOPIC") == 0)
        on_topic(session, &line);
    else if (strcmp(command, "MODE") == 0)
        on_mode(session, &line);
    else if (strcmp(command, "NICK") == 0)
        on_nick(session, &line);
    else if (strcmp(command, "PRIVMSG") == 0)
        on_said(session, &line, now_ms);
    else
        on_numeric(session, &line, now_ms);
}

/* ---- time ---- */

/* The topic that a channel should have, as long as the server takes it; NULL: nothing to change. */
static char *topic_to_set(const struct irc_session *session, const struct room *room)
{
    CLEANUP(buf_done) struct buf cut = {0};
    size_t n, max = session->support.topic_bytes_max;
    if (!room->is_in || !room->is_topic_known || room->is_topic_refused || !room->wanted)
        return NULL;
    buf_init(&cut, IRC_LINE_MAX);
    irc_line_add_clean(&cut, room->wanted, max ? min_size(max, IRC_TEXT_MAX) : IRC_TEXT_MAX);
    return strcmp(buf_text(&cut), room->topic) == 0 ? NULL : buf_take(&cut, &n);
}

static void tick_room(struct irc_session *session, struct room *room, int64_t now_ms)
{
    if (!room->is_in && room->join_ms && now_ms >= room->join_ms)
        join(session, room);
    if (now_ms < room->topic_ms)
        return;
    char *topic = topic_to_set(session, room);
    if (topic && say_later(session, "TOPIC", room->name, topic)) {
        set_topic(room, topic);
        room->topic_ms = now_ms + IRC_TOPIC_EVERY_MS;
    }
    mem_free(topic);
}

static void tick_life(struct irc_session *session, int64_t now_ms)
{
    if (session->state == REGISTERING && now_ms - session->since_ms >= IRC_REGISTER_MS_MAX)
        give_up(session, "the server did not let us in within %d s", IRC_REGISTER_MS_MAX / 1000);
    if (session->state != ONLINE)
        return;
    if (session->ping_ms && now_ms - session->ping_ms >= IRC_LAG_MS_MAX)
        give_up(session, "the server has been silent for %d s",
                (IRC_SILENCE_MS + IRC_LAG_MS_MAX) / 1000);
    if (!session->ping_ms && now_ms - session->heard_ms >= IRC_SILENCE_MS) {
        session->ping_ms = now_ms;
        send_now(session, "PING", NULL, "plumb");
    }
    if (now_ms >= session->nick_ms && !is_same(session, session->nick, session->options.nick)) {
        session->nick_ms = now_ms + NICK_AGAIN_MS;
        send_now(session, "NICK", session->options.nick, NULL);
    }
}

void irc_session_tick(struct irc_session *session, int64_t now_ms)
{
    tick_life(session, now_ms);
    for (size_t i = 0; i < session->options.n_rooms && session->state == ONLINE; i++)
        tick_room(session, &session->rooms[i], now_ms);
}

void irc_session_send(struct irc_session *session, int64_t now_ms, struct buf *out)
{
    if (session->state == WAITING)
        return;
    buf_add(out, session->urgent.at, session->urgent.n);
    buf_clear(&session->urgent);
    size_t n = 0;
    while (session->state == ONLINE && n < session->n_unsaid &&
           session->paced_ms - now_ms <= (IRC_SAY_BURST - 1) * (int64_t)IRC_SAY_EVERY_MS) {
        buf_add_str(out, session->unsaid[n]);
        mem_free(session->unsaid[n]);
        n++;
        session->paced_ms = max_i64(session->paced_ms, now_ms) + IRC_SAY_EVERY_MS;
    }
    session->n_unsaid -= n;
    session->n_told += min_size(n, session->n_untold);
    session->n_untold -= min_size(n, session->n_untold);
    memmove(session->unsaid, session->unsaid + n, session->n_unsaid * sizeof *session->unsaid);
}

static int64_t next_of_room(const struct irc_session *session, const struct room *room)
{
    if (!room->is_in)
        return room->join_ms ? room->join_ms : INT64_MAX;
    char *topic = topic_to_set(session, room);
    mem_free(topic);
    return topic ? room->topic_ms : INT64_MAX;
}

int64_t irc_session_next(const struct irc_session *session, int64_t now_ms)
{
    int64_t at_ms = session->retry_ms;
    if (session->state == REGISTERING)
        at_ms = session->since_ms + IRC_REGISTER_MS_MAX;
    if (session->state == ONLINE) {
        at_ms = session->ping_ms ? session->ping_ms + IRC_LAG_MS_MAX
                                 : session->heard_ms + IRC_SILENCE_MS;
        if (!is_same(session, session->nick, session->options.nick))
            at_ms = min_i64(at_ms, session->nick_ms);
        if (session->n_unsaid)
            at_ms =
                min_i64(at_ms, session->paced_ms - (IRC_SAY_BURST - 1) * (int64_t)IRC_SAY_EVERY_MS);
        for (size_t i = 0; i < session->options.n_rooms; i++)
            at_ms = min_i64(at_ms, next_of_room(session, &session->rooms[i]));
    }
    return min_i64(max_i64(at_ms - now_ms, 0), LONG_MS);
}

/* ---- the connection's ends ---- */

bool irc_session_wants(const struct irc_session *session, int64_t now_ms)
{
    return session->state == WAITING && now_ms >= session->retry_ms;
}

const char *irc_session_over(const struct irc_session *session)
{
    return session->over;
}

void irc_session_end(struct irc_session *session, int64_t now_ms, const char *why)
{
    if (session->state == ONLINE && now_ms - session->since_ms >= STEADY_MS)
        session->n_failed = 0;
    const unsigned doubled = session->n_failed < 10 ? session->n_failed : 10;
    session->n_failed++;
    session->retry_ms =
        now_ms + min_i64((int64_t)IRC_RETRY_MS_MIN << doubled, (int64_t)IRC_RETRY_MS_MAX);
    session->state = WAITING;
    session->over[0] = '\0';
    buf_clear(&session->urgent);
    forget(session);
    for (size_t i = 0; i < session->options.n_rooms; i++) {
        session->rooms[i].is_in = session->rooms[i].is_topic_known = false;
        session->rooms[i].join_ms = 0;
    }
    trouble(session, "", why);
}

void irc_session_quit(struct irc_session *session)
{
    if (session->state != WAITING)
        send_now(session, "QUIT", NULL, "plumb stops");
}

/* ---- talking ---- */

size_t irc_session_n_in(const struct irc_session *session)
{
    size_t n = 0;
    for (size_t i = 0; i < session->options.n_rooms; i++)
        n += session->rooms[i].is_in;
    return n;
}

const char *irc_session_trouble(const struct irc_session *session)
{
    return session->trouble;
}

const char *irc_session_nick(const struct irc_session *session)
{
    return session->nick;
}

size_t irc_session_n_untold(const struct irc_session *session)
{
    return session->n_untold;
}

uint64_t irc_session_n_told(const struct irc_session *session)
{
    return session->n_told;
}

static bool not_in(const struct irc_session *session, struct err *err)
{
    return FAIL(err, ERR_BUSY, "%s",
                session->trouble[0] ? session->trouble : "not in the channel yet");
}

static bool too_much(struct err *err)
{
    return FAIL(err, ERR_BUSY, "%d lines wait to be said", IRC_UNSAID_MAX);
}

bool irc_session_say(struct irc_session *session, const char *room, const char *text,
                     struct err *err)
{
    size_t n_in = 0;
    for (size_t i = 0; i < session->options.n_rooms; i++) {
        const struct room *to = &session->rooms[i];
        if (!to->is_in || (room && !is_same(session, room, to->name)))
            continue;
        n_in++;
        if (!say_later(session, "NOTICE", to->name, text))
            return too_much(err);
    }
    return n_in > 0 || not_in(session, err);
}

bool irc_session_tell(struct irc_session *session, const char *text, struct err *err)
{
    if (!irc_session_n_in(session))
        return not_in(session, err);
    if (session->n_unsaid + irc_session_n_in(session) > IRC_UNSAID_MAX)
        return too_much(err);
    for (size_t i = 0; i < session->options.n_rooms; i++) {
        const struct irc_out line = {"NOTICE", session->rooms[i].name, text, 0};
        if (session->rooms[i].is_in && queue_at(session, session->n_untold, &line))
            session->n_untold++;
    }
    return true;
}

void irc_session_topic(struct irc_session *session, const char *room, const char *topic)
{
    struct room *to = find_room(session, room);
    if (!to || (to->wanted && topic && strcmp(to->wanted, topic) == 0))
        return;
    mem_free(to->wanted);
    to->wanted = topic ? mem_strdup(topic) : NULL;
}
