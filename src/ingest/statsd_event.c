#include "ingest/statsd_event.h"

#include <string.h>

#include "base/num.h"

#define EVENT_START "_e{"

enum { EVENT_TAGS_MAX = CHANGE_TAGS_MAX + 32 /* some of them fill fields */ };

/* Cuts digits and the byte that ends them off *io. */
static bool take_number(struct str *io, char end, size_t *out)
{
    int64_t number = 0;
    const char *at = memchr(io->at, end, io->n);
    const size_t n = at ? (size_t)(at - io->at) : 0;
    if (n == 0 || io->at[0] == '+' || io->at[0] == '-' || !num_parse_i64(io->at, n, &number))
        return false;
    *io = str_make(at + 1, io->n - n - 1);
    *out = (size_t)number;
    return true;
}

/* A copy in which the two bytes "\n" are a newline: senders write them so, for a line ends at a newline. */
static const char *unescape(struct str text, struct arena *arena)
{
    char *out = arena_strndup(arena, text.at, text.n);
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        const bool is_newline = text.at[i] == '\\' && i + 1 < text.n && text.at[i + 1] == 'n';
        out[n++] = is_newline ? '\n' : text.at[i];
        i += is_newline;
    }
    out[n] = '\0';
    return out;
}

/* "{5,9}:title|some text" off the line's beginning; what follows is left in *io. */
static bool take_texts(struct str *io, struct arena *arena, struct change *out, struct err *err)
{
    size_t n_title, n_text;
    struct str rest = str_make(io->at + strlen(EVENT_START), io->n - strlen(EVENT_START));
    if (!take_number(&rest, ',', &n_title) || !take_number(&rest, '}', &n_text) || rest.n == 0 ||
        rest.at[0] != ':')
        return FAIL(err, ERR_INPUT, "an event begins _e{bytes of title,bytes of text}:");
    rest = str_make(rest.at + 1, rest.n - 1);
    if (n_title == 0 || n_title >= rest.n || n_text > rest.n - n_title - 1 ||
        rest.at[n_title] != '|')
        return FAIL(err, ERR_INPUT,
                    "the event's lengths %zu and %zu do not fit its title and text (count bytes)",
                    n_title, n_text);
    const size_t n_both = n_title + 1 + n_text;
    if (n_both < rest.n && rest.at[n_both] != '|')
        return FAIL(err, ERR_INPUT, "the event's text is longer than the %zu bytes it names",
                    n_text);
    out->msg = unescape(str_make(rest.at, n_title), arena);
    out->data = unescape(str_make(rest.at + n_title + 1, n_text), arena);
    *io = n_both < rest.n ? str_make(rest.at + n_both + 1, rest.n - n_both - 1) : str_make("", 0);
    return true;
}

static void add_tag(struct change *change, const char *key, const char *value)
{
    if (change->n_tags < EVENT_TAGS_MAX)
        change->tags[change->n_tags++] = (struct tag){key, value};
}

/* "service:web,kind:deploy,blue": tags, and the kind if there is one. */
static bool take_tags(struct str text, struct arena *arena, struct change *io, struct err *err)
{
    struct str piece;
    while (str_split(&text, ',', &piece)) {
        piece = str_trim(piece);
        const char *colon = memchr(piece.at, ':', piece.n);
        const size_t n_key = colon ? (size_t)(colon - piece.at) : piece.n;
        const struct str value = colon ? str_make(colon + 1, piece.n - n_key - 1) : str_make("", 0);
        if (n_key == 0)
            continue;
        const char *key = arena_strndup(arena, piece.at, n_key);
        if (io->n_tags == EVENT_TAGS_MAX)
            return FAIL(err, ERR_INPUT, "more than %d tags", EVENT_TAGS_MAX);
        if (strcmp(key, "kind") == 0) {
            if (!change_kind_parse(value, &io->kind))
                return FAIL(err, ERR_INPUT, "there is no kind '%.*s'", (int)min_size(value.n, 50),
                            value.at);
            continue;
        }
        if (strcmp(key, "service") == 0)
            io->service = arena_strndup(arena, value.at, value.n);
        else
            add_tag(io, strcmp(key, "version") == 0 ? "rev" : key,
                    arena_strndup(arena, value.at, value.n));
    }
    return true;
}

/* One field behind the text. Unknown ones are left: DogStatsD gains some from time to time. */
static bool take_field(struct str field, struct arena *arena, struct change *io, struct err *err)
{
    int64_t at_s;
    if (field.n > 0 && field.at[0] == '#')
        return take_tags(str_make(field.at + 1, field.n - 1), arena, io, err);
    if (field.n < 2 || field.at[1] != ':')
        return true;
    const char *value = arena_strndup(arena, field.at + 2, field.n - 2);
    switch (field.at[0]) {
    case 'd':
        if (!num_parse_i64(value, strlen(value), &at_s) || at_s <= 0 || at_s > UINT32_MAX)
            return FAIL(err, ERR_INPUT, "the event's time d:%.40s is not in seconds since 1970",
                        value);
        io->start_ms = io->end_ms = at_s * 1000;
        break;
    case 'k':
        io->key = value;
        break;
    case 'h':
        add_tag(io, "host", value);
        break;
    case 'p':
        add_tag(io, "priority", value);
        break;
    case 's':
        add_tag(io, "source_type", value);
        break;
    case 't':
        io->status = strcmp(value, "error") == 0 ? STATUS_FAILED : STATUS_SUCCEEDED;
        add_tag(io, "alert_type", value);
        break;
    default:
        break;
    }
    return true;
}

bool statsd_event_parse(struct str line, int64_t now_ms, struct arena *arena, struct change *out,
                        struct err *err)
{
    struct change change = change_blank();
    struct str field;
    change.kind = CHANGE_NOTE;
    change.source = "statsd";
    change.status = STATUS_SUCCEEDED;
    change.start_ms = change.end_ms = change.received_ms = now_ms;
    change.tags = arena_array(arena, EVENT_TAGS_MAX, struct tag);
    if (!take_texts(&line, arena, &change, err))
        return false;
    while (str_split(&line, '|', &field)) {
        if (!take_field(field, arena, &change, err))
            return false;
    }
    const struct tag *tags = change.tags;
    const char *title = change.msg;
    if (!change_take_tags(&change, tags, change.n_tags, arena, err))
        return false;
    change.msg = title; /* whatever a tag says */
    if (change.service[0] == '\0' && change_kind_needs_service(change.kind))
        change.kind = CHANGE_NOTE;
    *out = change;
    return true;
}
