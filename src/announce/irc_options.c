#include "announce/irc_options.h"

#include <string.h>

#include "base/str.h"
#include "os/file.h"

enum { SECRET_BYTES_MAX = 4096, NAME_BYTES_MAX = 64, NICK_BYTES_MAX = 30 };

const char *const irc_options_keys[] = {
    "server",    "tls",           "ca",    "channel", "channels", "key", "nick", "user", "password",
    "sasl-user", "sasl-password", "train", "topic",   "commands", NULL,
};

struct reader {
    const struct ini_section *section;
    struct arena *arena;
};

static const char *value(const struct reader *reader, const char *key, const char *fallback)
{
    const struct ini_entry *entry = ini_entry_find(reader->section, key);
    return entry ? entry->value : fallback;
}

/* A value, or what the file says that it names. */
static bool secret(const struct reader *reader, const char *key, const char **out, struct err *err)
{
    CLEANUP(buf_done) struct buf bytes;
    buf_init(&bytes, SECRET_BYTES_MAX);
    const char *text = value(reader, key, "");
    *out = text;
    if (text_starts(text, "file:") && !file_read_all(text + 5, &bytes, err)) {
        err_prefix(err, "%s", key);
        err->kind = ERR_INPUT;
        return false;
    }
    if (text_starts(text, "file:")) {
        const struct str inside = str_trim(str_make(buf_text(&bytes), bytes.n));
        *out = arena_strndup(reader->arena, inside.at, inside.n);
    }
    if (strpbrk(*out, "\r\n"))
        return FAIL(err, ERR_INPUT, "%s: more than one line", key);
    return true;
}

static bool read_switch(const struct reader *reader, const char *key, bool fallback, bool *out,
                        struct err *err)
{
    const char *text = value(reader, key, fallback ? "on" : "off");
    *out = strcmp(text, "on") == 0;
    return *out || strcmp(text, "off") == 0 ||
           FAIL(err, ERR_INPUT, "%s: '%.40s' is neither on nor off", key, text);
}

static bool has_odd_char(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text <= ' ' || *text == 0x7f || *text == ',')
            return true;
    return false;
}

/* "#ops", or "#ops key"; a name without '#' gets one. */
static bool read_room(const struct reader *reader, struct str text, const char *key,
                      struct irc_room_options *out, struct err *err)
{
    text = str_trim(text);
    const char *blank = memchr(text.at, ' ', text.n);
    const struct str name = str_make(text.at, blank ? (size_t)(blank - text.at) : text.n);
    const struct str own_key = blank ? str_trim(str_make(blank, text.n - name.n)) : str_make("", 0);
    const bool has_sign = name.n && strchr("#&+!", name.at[0]);
    out->name = arena_printf(reader->arena, "%s" STR_FMT, has_sign ? "" : "#", STR_ARG(name));
    out->key = own_key.n ? arena_strndup(reader->arena, own_key.at, own_key.n) : key;
    if (name.n == 0 || name.n > NAME_BYTES_MAX || has_odd_char(out->name) ||
        has_odd_char(out->key) || out->key[0] == ':')
        return FAIL(err, ERR_INPUT, "channel: '%.80s' is no channel (write #ops, or #ops KEY)",
                    arena_strndup(reader->arena, text.at, text.n));
    return true;
}

static bool read_rooms(const struct reader *reader, struct irc_session_options *out,
                       struct err *err)
{
    const char *key = "", *one = value(reader, "channel", ""), *all = value(reader, "channels", "");
    if (one[0] && all[0])
        return FAIL(err, ERR_INPUT, "channel: there is channels, too: give one of them");
    if (!one[0] && !all[0])
        return FAIL(err, ERR_INPUT, "channel: is missing: where to tell, such as #ops");
    if (!secret(reader, "key", &key, err))
        return false;
    struct str rest = str_of(one[0] ? one : all), room;
    while (str_split(&rest, ',', &room)) {
        if (out->n_rooms == IRC_ROOMS_MAX)
            return FAIL(err, ERR_INPUT, "channels: at most %d; make another section",
                        IRC_ROOMS_MAX);
        if (!read_room(reader, room, key, &out->rooms[out->n_rooms], err))
            return false;
        out->n_rooms++;
    }
    return true;
}

static bool check_word(const char *key, const char *text, struct err *err)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789-_[]\\`^{}|";
    const size_t n = strlen(text);
    if (n && n <= NICK_BYTES_MAX && strspn(text, allowed) == n && !strchr("0123456789-", text[0]))
        return true;
    return FAIL(err, ERR_INPUT,
                "%s: '%.40s' is no nick: letters, digits and -_[]\\`^{}|, up to %d, "
                "no digit first",
                key, text, NICK_BYTES_MAX);
}

/* A password goes over the wire in the clear only to this machine. */
static bool is_near(const char *server)
{
    return text_starts(server, "127.") || text_starts(server, "localhost:") ||
           text_starts(server, "[::1]:");
}

static bool read_sasl(const struct reader *reader, const struct stream_peer *peer,
                      struct irc_session_options *out, struct err *err)
{
    if (!secret(reader, "password", &out->password, err) ||
        !secret(reader, "sasl-user", &out->sasl_user, err) ||
        !secret(reader, "sasl-password", &out->sasl_password, err))
        return false;
    if (!out->sasl_user[0] != !out->sasl_password[0])
        return FAIL(err, ERR_INPUT, "sasl-user and sasl-password go together: one is missing");
    if (out->sasl_user[0] && !peer->has_tls && !is_near(peer->server))
        return FAIL(err, ERR_INPUT, "sasl-password: would go out in the clear: set tls = on");
    return true;
}

static bool read_peer(const struct reader *reader, struct stream_peer *out, struct err *err)
{
    out->server = value(reader, "server", "");
    out->ca_file = value(reader, "ca", "");
    if (!read_switch(reader, "tls", true, &out->has_tls, err))
        return false;
    if (!out->server[0])
        return FAIL(err, ERR_INPUT, "server: is missing, such as irc.example.org:6697");
    const char *colon = strrchr(out->server, ':');
    if (!colon || strchr(colon, ']'))
        out->server = arena_printf(reader->arena, "%s:%d", out->server, out->has_tls ? 6697 : 6667);
    if (!stream_check_server(out->server, err)) {
        err_prefix(err, "server");
        return false;
    }
    if (out->ca_file[0] && !out->has_tls)
        return FAIL(err, ERR_INPUT, "ca: means nothing with tls = off");
    if (out->ca_file[0] && !file_exists(out->ca_file))
        return FAIL(err, ERR_INPUT, "ca: there is no file '%.200s'", out->ca_file);
    return true;
}

static bool read_train(const struct reader *reader, struct irc_options *out, struct err *err)
{
    out->train = value(reader, "train", "");
    if (!read_switch(reader, "topic", out->train[0] != '\0', &out->has_topic, err) ||
        !read_switch(reader, "commands", true, &out->has_commands, err))
        return false;
    if (out->has_topic && !out->train[0])
        return FAIL(err, ERR_INPUT, "topic: which train shall it show? Add train = NAME");
    return true;
}

bool irc_options_read(const struct ini_section *section, struct arena *arena,
                      struct irc_options *out, struct err *err)
{
    const struct reader reader = {section, arena};
    struct irc_options options = {0};
    options.session.nick = value(&reader, "nick", "plumb");
    options.session.user = value(&reader, "user", "plumb");
    if (!read_peer(&reader, &options.peer, err) || !read_rooms(&reader, &options.session, err) ||
        !check_word("nick", options.session.nick, err) ||
        !check_word("user", options.session.user, err) ||
        !read_sasl(&reader, &options.peer, &options.session, err) ||
        !read_train(&reader, &options, err))
        return false;
    *out = options;
    return true;
}
