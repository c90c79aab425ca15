#include "announce/text.h"

#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "model/verdict_text.h"

enum {
    LINE_BYTES_MAX = 16 * 1024, /* all fields, each of their bytes escaped */
    MSG_BYTES_MAX = 300,        /* of a message within a sentence */
    NAME_BYTES_MAX = 100,       /* of a service, a revision, a person */
    SHORT_REV_BYTES = 12,       /* of a whole hash */
    METRICS_SAID_MAX = 3,
    GREEN = 0x2EB67D,
    RED = 0xD72B3F,
    YELLOW = 0xE8A317,
    GREY = 0x868686,
};

/* U+200B behind an '@': nobody is called. */
#define NOBODY   "\xE2\x80\x8B"
#define ELLIPSIS "\xE2\x80\xA6"

/* ---- values ---- */

/* Bytes of a character that moves, hides or breaks what stands around it: C0, DEL, C1, separators of lines,
 * marks of direction, zero widths. */
static size_t unseen_bytes(const char *at, size_t n)
{
    const unsigned char *c = (const unsigned char *)at;
    if (c[0] < ' ' || c[0] == 0x7F)
        return 1;
    if (n >= 2 && c[0] == 0xC2 && c[1] >= 0x80 && c[1] < 0xA0)
        return 2;
    if (n < 3 || c[0] != 0xE2)
        return n >= 3 && memcmp(at, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    const bool is_general =
        c[1] == 0x80 && ((c[2] >= 0x8B && c[2] <= 0x8F) || (c[2] >= 0xA8 && c[2] <= 0xAE));
    const bool is_isolate = c[1] == 0x81 && c[2] >= 0xA6 && c[2] <= 0xA9;
    return is_general || is_isolate ? 3 : 0;
}

static void add_ascii(struct buf *out, char c, enum text_form form)
{
    if (form == TEXT_SLACK && strchr("&<>", c)) {
        buf_add_str(out, c == '&' ? "&amp;" : c == '<' ? "&lt;" : "&gt;");
        return;
    }
    if (form == TEXT_MARKDOWN && strchr("\\`*_~|[]<>#", c))
        buf_add_char(out, '\\');
    buf_add_char(out, c);
    if (c == '@' && form != TEXT_PLAIN)
        buf_add_str(out, NOBODY);
}

const char *text_cut(const char *text, size_t n_max, struct arena *arena)
{
    size_t n = strlen(text);
    if (n <= n_max)
        return text;
    n = n_max - min_size(strlen(ELLIPSIS), n_max);
    while (n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80)
        n--;
    return arena_printf(arena, "%.*s" ELLIPSIS, (int)n, text);
}

const char *text_value(const char *text, enum text_form form, size_t n_max, struct arena *arena)
{
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 8 * n_max + 64);
    text = text_cut(text, n_max, arena);
    size_t n = strlen(text), n_char;
    for (const char *at = text; n > 0; at += n_char, n -= n_char) {
        n_char = text_utf8_bytes(at, n);
        if (n_char == 0) { /* no UTF-8 */
            n_char = 1;
            buf_add_char(&out, '?');
            continue;
        }
        const size_t n_unseen = unseen_bytes(at, n);
        if (n_unseen)
            buf_add_char(&out, ' ');
        else if (n_char == 1)
            add_ascii(&out, *at, form);
        else
            buf_add(&out, at, n_char);
        n_char = max_size(n_char, n_unseen);
    }
    return arena_strdup(arena, buf_text(&out));
}

const char *text_url(const char *url, struct arena *arena)
{
    static const char digits[] = "0123456789ABCDEF";
    if (strncasecmp(url, "http://", 7) != 0 && strncasecmp(url, "https://", 8) != 0)
        return "";
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 3 * strlen(url) + 1);
    for (const unsigned char *at = (const unsigned char *)url; *at; at++) {
        const bool is_plain = *at > ' ' && *at < 0x7F && !strchr("<>\"'`\\^{}|[]()*", *at);
        if (is_plain) {
            buf_add_char(&out, (char)*at);
            continue;
        }
        buf_add_char(&out, '%');
        buf_add_char(&out, digits[*at >> 4]);
        buf_add_char(&out, digits[*at & 15]);
    }
    return arena_strdup(arena, buf_text(&out));
}

const char *text_took(int64_t ms, struct arena *arena)
{
    const int64_t s = (ms + 500) / 1000, min = s / 60;
    if (s < 600)
        return arena_printf(arena, "%lld second%s", (long long)s, s == 1 ? "" : "s");
    if (min < 60)
        return arena_printf(arena, "%lld minutes", (long long)min);
    return arena_printf(arena, "%lld h %lld min", (long long)(min / 60), (long long)(min % 60));
}

const char *text_env(const struct change *change, struct arena *arena)
{
    if (strcmp(change->env, "production") == 0)
        return "PROD";
    char *env = arena_strdup(arena, change->env);
    for (char *at = env; *at; at++)
        *at = *at >= 'a' && *at <= 'z' ? (char)(*at - 'a' + 'A') : *at;
    return env;
}

bool text_is_rollback(const struct change *change)
{
    return strcmp(change->action, "rollback") == 0;
}

bool text_is_harm(const struct message *message)
{
    return message->moment == MOMENT_VERDICT && message->change->verdict->state == VERDICT_HARM;
}

/* ---- sentences ---- */

struct line {
    const struct message *message;
    const struct change *change;
    enum text_form form;
    struct buf out;
};

static void word(struct line *line, const char *text)
{
    if (line->out.n)
        buf_add_char(&line->out, ' ');
    buf_add_str(&line->out, text);
}

/* " before value after", or nothing when the value is empty. */
static void said(struct line *line, const char *before, const char *value, const char *after)
{
    if (!value[0])
        return;
    word(line, before);
    if (before[0] && !text_ends(before, "("))
        buf_add_char(&line->out, ' ');
    buf_add_str(&line->out, text_value(value, line->form, NAME_BYTES_MAX, line->message->arena));
    buf_add_str(&line->out, after);
}

static const char *short_rev(const char *rev, struct arena *arena)
{
    const size_t n = strlen(rev);
    const bool is_hash = (n == 40 || n == 64) && strspn(rev, "0123456789abcdef") == n;
    return is_hash ? arena_strndup(arena, rev, SHORT_REV_BYTES) : rev;
}

static void say_rev(struct line *line, const char *before, const char *after)
{
    said(line, before, short_rev(line->change->rev, line->message->arena), after);
}

static void say_message(struct line *line)
{
    if (!line->change->msg[0])
        return;
    buf_add_str(&line->out, line->out.n ? ": " : "");
    buf_add_str(&line->out,
                text_value(line->change->msg, line->form, MSG_BYTES_MAX, line->message->arena));
}

static void say_strong(struct line *line, const char *text)
{
    static const char *const strong[] = {"", "**", "*"};
    word(line, strong[line->form]);
    buf_add_str(&line->out, text_value(text, line->form, NAME_BYTES_MAX, line->message->arena));
    buf_add_str(&line->out, strong[line->form]);
}

static void say_service(struct line *line)
{
    if (line->change->service[0])
        say_strong(line, line->change->service);
    if (line->change->service[0] || strcmp(line->change->env, "production") != 0)
        said(line, "", text_env(line->change, line->message->arena), "");
}

static int64_t took_ms(const struct change *change)
{
    return change->end_ms > change->start_ms ? change->end_ms - change->start_ms : 0;
}

static void say_took(struct line *line, const char *before)
{
    if (line->message->moment != MOMENT_START && took_ms(line->change))
        said(line, before, text_took(took_ms(line->change), line->message->arena), "");
}

/* What a kind is called, and what was done when it went well (of those that somebody does). */
static const char *const words[CHANGE_KINDS][2] = {
    [CHANGE_DEPLOY] = {"deploy", "deployed"},
    [CHANGE_CONFIG] = {"config change", "config changed"},
    [CHANGE_FLAG] = {"flag change", "flag changed"},
    [CHANGE_INFRA] = {"infra change", "infra changed"},
    [CHANGE_DATA] = {"data change", "data changed"},
    [CHANGE_INCIDENT] = {"incident", ""},
    [CHANGE_THIRDPARTY] = {"third party", ""},
    [CHANGE_FREEZE] = {"freeze", ""},
    [CHANGE_NOTE] = {"note", ""},
};

static const char *noun(const struct change *change)
{
    BUG_IF((unsigned)change->kind >= CHANGE_KINDS);
    return text_is_rollback(change) ? "rollback" : words[change->kind][0];
}

/* "by nora: fix login (4f2c1e9)" */
static void say_who_what(struct line *line)
{
    said(line, "by", line->change->by, "");
    say_message(line);
    if (!text_is_rollback(line->change)) {
        say_rev(line, "(", ")");
        return;
    }
    say_rev(line, "(back to", ")");
    if (!line->change->rev[0])
        said(line, "(of", line->change->of, ")");
}

/* What it was and what it is now. */
static void say_values(struct line *line)
{
    const struct change *change = line->change;
    if (!change->old_value[0] && !change->new_value[0])
        return;
    said(line, "from", change->old_value[0] ? change->old_value : "nothing", "");
    said(line, "to", change->new_value[0] ? change->new_value : "nothing", "");
}

static const char *flag_of(const struct change *change)
{
    for (size_t i = 0; i < change->n_tags; i++)
        if (strcmp(change->tags[i].key, "flag") == 0)
            return change->tags[i].value;
    return "";
}

static void say_done(struct line *line)
{
    const struct change *change = line->change;
    if (text_is_rollback(change)) {
        word(line, "rolled back");
        say_rev(line, "to", "");
        said(line, "from", short_rev(change->prev, line->message->arena), "");
        if (!change->rev[0] && !change->prev[0])
            said(line, "what", change->of, " did");
        said(line, "by", change->by, "");
    } else {
        if (change->kind == CHANGE_FLAG)
            said(line, "flag", flag_of(change), "");
        BUG_IF((unsigned)change->kind >= CHANGE_KINDS);
        const bool has_name = change->kind == CHANGE_FLAG && flag_of(change)[0];
        word(line, has_name ? "changed" : words[change->kind][1]);
        say_values(line);
        said(line, "by", change->by, "");
        say_rev(line, "build:", "");
    }
    say_took(line, "took:");
}

/* Deploys, flags, and all that has somebody who did it. */
static void say_work(struct line *line)
{
    const struct change *change = line->change;
    say_service(line);
    if (line->message->moment == MOMENT_START) {
        word(line, noun(change));
        word(line, "started");
        say_who_what(line);
        return;
    }
    const bool is_again = line->message->moment == MOMENT_AGAIN;
    if (change->status == STATUS_SUCCEEDED && !is_again) {
        say_done(line);
        if (line->message->is_first)
            say_message(line);
        return;
    }
    word(line, noun(change));
    if (change->status == STATUS_FAILED)
        word(line, is_again ? "FAILED after all" : "FAILED");
    else if (change->status == STATUS_CANCELLED)
        word(line, is_again ? "cancelled after all" : "cancelled");
    else if (change->status == STATUS_SUCCEEDED)
        word(line, "succeeded after all");
    else
        word(line, "ended, nobody said how");
    said(line, "by", change->by, "");
    say_rev(line, "build:", "");
    say_took(line, "after:");
    say_message(line);
}

static void say_incident(struct line *line)
{
    const bool is_open = line->message->moment == MOMENT_START;
    word(line, is_open ? "INCIDENT opened" : "incident");
    if (!is_open && line->change->status == STATUS_UNKNOWN)
        word(line, "over, nobody said how");
    else if (!is_open)
        word(line, took_ms(line->change) || !line->message->is_first ? "closed" : "noted");
    say_service(line);
    say_took(line, "after:");
    said(line, "by", line->change->by, "");
    say_message(line);
}

static void say_third_party(struct line *line)
{
    word(line, "third party");
    say_service(line);
    if (line->message->moment != MOMENT_START && !line->message->is_first)
        word(line, "is over");
    say_took(line, "after:");
    say_message(line);
}

static void say_freeze(struct line *line)
{
    const bool is_on = line->message->moment == MOMENT_START;
    word(line, is_on ? "FREEZE: nothing goes out to" : "freeze over for");
    if (!line->change->service[0])
        word(line, "any service");
    say_service(line);
    if (is_on && took_ms(line->change)) /* until then */
        said(line, "for:", text_took(took_ms(line->change), line->message->arena), "");
    say_took(line, "after:");
    said(line, "by", line->change->by, "");
    say_message(line);
}

static void say_note(struct line *line)
{
    word(line, "note");
    if (line->change->service[0])
        word(line, "on");
    say_service(line);
    said(line, "by", line->change->by, "");
    if (line->message->moment == MOMENT_END && !line->message->is_first)
        word(line, "(over)");
    say_message(line);
}

static void say_retracted(struct line *line)
{
    say_service(line);
    word(line, noun(line->change));
    say_rev(line, "", "");
    said(line, "by", line->change->by, "");
    word(line, "was retracted: it never was");
}

/* ---- verdicts ---- */

static void say_time(struct line *line, const char *before, int64_t at_s, const char *format)
{
    char text[64];
    tz_format(line->message->tz ? line->message->tz : tz_utc(), at_s, format, text, sizeof text);
    said(line, before, text, "");
}

/* " of 14:03 UTC", of what is over for hours, with its day when that is another: nobody has it in mind. */
static void say_when(struct line *line)
{
    static const int64_t LONG_MS = 2 * 3600 * 1000, DAY_MS = 24 * 3600 * 1000;
    const int64_t end_ms = line->change->end_ms, ago_ms = line->message->now_ms - end_ms;
    if (end_ms > 0 && ago_ms > LONG_MS)
        say_time(line, "of", end_ms / 1000, ago_ms < DAY_MS ? "%H:%M %Z" : "%Y-%m-%d %H:%M %Z");
}

/* "website 4f2c1e9 (nora):" */
static void say_whose(struct line *line)
{
    const struct change *change = line->change;
    if (change->service[0])
        say_strong(line, change->service);
    else
        word(line, noun(change));
    if (strcmp(change->env, "production") != 0)
        said(line, "", text_env(change, line->message->arena), "");
    say_rev(line, "", "");
    said(line, "(", change->by, ")");
    say_when(line);
    buf_add_char(&line->out, ':');
}

/* ", php.warnings x37 since 16:01 UTC, logins.ok -31% (3 of 42 moved)" */
static void say_moved(struct line *line)
{
    const struct verdict *verdict = line->change->verdict;
    for (size_t i = 0; i < min_size(verdict->n_moved, METRICS_SAID_MAX); i++) {
        CLEANUP(buf_done) struct buf effect;
        buf_init(&effect, NAME_BYTES_MAX);
        verdict_text_effect(&verdict->moved[i], &effect);
        buf_add_char(&line->out, ',');
        said(line, "", verdict->moved[i].name, "");
        said(line, "", buf_text(&effect), "");
        if (i == 0 && verdict->moved[i].since_s)
            say_time(line, "since", verdict->moved[i].since_s, "%H:%M %Z");
    }
    word(line, arena_printf(line->message->arena, "(%zu of %u moved)", verdict_moved(verdict),
                            verdict->n_checked));
}

/* " after 1h: 42 metrics, would have seen 4% on logins.ok" */
static void say_unmoved(struct line *line)
{
    const struct verdict *verdict = line->change->verdict;
    word(line, arena_printf(line->message->arena, "after %s:", verdict_stage_name(verdict->stage)));
    if (verdict->state == VERDICT_CANNOT_TELL && verdict->n_reasons) {
        word(line,
             text_value(verdict->reasons[0], line->form, MSG_BYTES_MAX, line->message->arena));
        return;
    }
    word(line, arena_printf(line->message->arena, "%u metric%s", verdict->n_checked,
                            verdict->n_checked == 1 ? "" : "s"));
    const char *before = ", would have seen";
    for (size_t i = 0; i < min_size(verdict->n_unmoved, METRICS_SAID_MAX); i++) {
        CLEANUP(buf_done) struct buf share;
        buf_init(&share, NAME_BYTES_MAX);
        verdict_text_share(verdict_sees(&verdict->unmoved[i]), &share);
        if (!share.n)
            continue;
        buf_add_str(&line->out, before);
        said(line, "", buf_text(&share), "");
        said(line, "on", verdict->unmoved[i].name, "");
        before = ",";
    }
}

static void say_verdict(struct line *line)
{
    const struct verdict *verdict = line->change->verdict;
    const bool has_moved = verdict->state == VERDICT_HARM || verdict->state == VERDICT_IMPROVED ||
                           verdict->state == VERDICT_MOVED;
    say_whose(line);
    if (line->message->before != VERDICT_PENDING)
        word(line, "revised:");
    word(line, verdict_text_state(verdict->state));
    if (has_moved)
        say_moved(line);
    else
        say_unmoved(line);
}

static void say(struct line *line)
{
    if (line->message->moment == MOMENT_VERDICT) {
        say_verdict(line);
        return;
    }
    if (line->change->is_retracted) {
        say_retracted(line);
        return;
    }
    switch (line->change->kind) {
    case CHANGE_DEPLOY:
    case CHANGE_CONFIG:
    case CHANGE_FLAG:
    case CHANGE_INFRA:
    case CHANGE_DATA:
    case CHANGE_KINDS:
        say_work(line);
        break;
    case CHANGE_INCIDENT:
        say_incident(line);
        break;
    case CHANGE_THIRDPARTY:
        say_third_party(line);
        break;
    case CHANGE_FREEZE:
        say_freeze(line);
        break;
    case CHANGE_NOTE:
        say_note(line);
        break;
    }
}

/* Where to see more: the diff of what went out, else the change's own page. */
static void say_where(struct line *line)
{
    struct arena *arena = line->message->arena;
    const bool is_end = line->message->moment == MOMENT_END;
    const char *diff = is_end ? text_url(line->change->diff, arena) : "";
    const char *link = text_url(line->message->link, arena);
    if (diff[0])
        word(line, "diff:");
    const char *url = diff[0] ? diff : link;
    if (!url[0])
        return;
    if (line->form == TEXT_SLACK) {
        word(line, "<");
        /* Slack reads entities in an address, too. */
        for (const char *at = url; *at; at++)
            buf_add_str(&line->out, *at == '&' ? "&amp;" : arena_strndup(arena, at, 1));
        buf_add_char(&line->out, '>');
    } else {
        word(line, url);
    }
}

const char *text_line(const struct message *message, enum text_form form)
{
    struct line line = {.message = message, .change = message->change, .form = form};
    buf_init(&line.out, LINE_BYTES_MAX);
    say(&line);
    say_where(&line);
    const char *text = arena_strdup(message->arena, buf_text(&line.out));
    buf_done(&line.out);
    return text;
}

static const char *state_word(const struct message *message)
{
    const struct change *change = message->change;
    const bool is_open = message->moment == MOMENT_START;
    if (message->moment == MOMENT_VERDICT)
        return verdict_text_state(change->verdict->state);
    if (change->is_retracted)
        return "retracted";
    if (change->kind == CHANGE_INCIDENT)
        return is_open ? "opened" : "closed";
    if (change->kind == CHANGE_NOTE)
        return "noted";
    if (change->kind == CHANGE_FREEZE)
        return is_open ? "frozen" : "thawed";
    if (is_open)
        return "started";
    return change->status == STATUS_UNKNOWN ? "end not known" : change_status_name(change->status);
}

const char *text_subject(const struct message *message)
{
    const struct change *change = message->change;
    struct line line = {.message = message, .change = change, .form = TEXT_PLAIN};
    buf_init(&line.out, LINE_BYTES_MAX);
    if (change->kind != CHANGE_DEPLOY || !change->service[0])
        word(&line, noun(change));
    say_service(&line);
    say_rev(&line, "", "");
    said(&line, "", change->by, "");
    buf_add_str(&line.out, ": ");
    buf_add_str(&line.out, state_word(message));
    const char *text = arena_strdup(message->arena, buf_text(&line.out));
    buf_done(&line.out);
    return text;
}

static uint32_t verdict_colour(enum verdict_state state)
{
    if (state == VERDICT_HARM)
        return RED;
    if (state == VERDICT_MOVED)
        return YELLOW;
    return state == VERDICT_NO_HARM || state == VERDICT_IMPROVED ? GREEN : GREY;
}

uint32_t text_colour(const struct message *message)
{
    const struct change *change = message->change;
    if (message->moment == MOMENT_VERDICT)
        return verdict_colour(change->verdict->state);
    if (change->is_retracted || change->kind == CHANGE_NOTE)
        return GREY;
    if (message->moment == MOMENT_START)
        return change->kind == CHANGE_INCIDENT ? RED : YELLOW;
    if (change->status == STATUS_FAILED)
        return RED;
    return change->status == STATUS_SUCCEEDED ? GREEN : GREY;
}
