/* A line for a carbon server or relay: events.deploy.website 1 <time>. */
#include <stdio.h>
#include <string.h>

#include "announce/channels.h"
#include "announce/filter.h"
#include "base/mem.h"
#include "base/str.h"
#include "os/file.h"
#include "os/net.h"

enum {
    WAIT_MS = 3000, /* for each of connecting, sending and the peer's having read it */
    LINE_BYTES_MAX = 4096,
};

struct graphite {
    struct channel channel;
    struct arena arena;
    const char *to; /* host:port, resolved anew for each line */
    const char *template;
    const char *const *skip; /* sources whose changes are not passed on */
    size_t n_skip;
    bool is_at_start, has_tags;
};

static void close_graphite(struct channel *channel)
{
    struct graphite *graphite = (struct graphite *)channel;
    arena_done(&graphite->arena);
    mem_free(graphite);
}

static bool check_template(const char *text, struct err *err)
{
    static const char *const names[] = {"{kind}", "{service}", "{env}", "{action}"};
    for (const char *at = strchr(text, '{'); at; at = strchr(at + 1, '{')) {
        bool is_known = false;
        for (size_t i = 0; i < COUNT_OF(names); i++)
            is_known |= text_starts(at, names[i]);
        if (!is_known)
            return FAIL(err, ERR_INPUT,
                        "template: '%.20s' is none of {kind}, {service}, {env}, {action}", at);
    }
    if (!text[0] || strpbrk(text, " \t\r\n;"))
        return FAIL(err, ERR_INPUT, "template is no name of a series");
    return true;
}

static bool read_keys(struct graphite *graphite, const struct ini_section *section, struct err *err)
{
    const char *at = filter_text(section, "at", "end");
    struct net_addr addr;
    graphite->to = filter_text(section, "to", "");
    graphite->template = filter_text(section, "template", "events.{kind}.{service}");
    graphite->n_skip = filter_list(filter_text(section, "skip-sources", "line"), &graphite->arena,
                                   &graphite->skip);
    graphite->is_at_start = strcmp(at, "start") == 0;
    if (!graphite->to[0])
        return FAIL(err, ERR_INPUT, "to is missing: host:port of the carbon server");
    if (strcmp(at, "start") != 0 && strcmp(at, "end") != 0)
        return FAIL(err, ERR_INPUT, "at = '%.20s' is neither start nor end", at);
    /* A name that is not known now may be known later; a wrong spelling never is. */
    if (!strchr(graphite->to, ':') || strcmp(graphite->to, "off") == 0)
        return net_parse(graphite->to, &addr, err) && FAIL(err, ERR_INPUT, "to is no host:port");
    return check_template(graphite->template, err) &&
           filter_switch(section, "tags", false, &graphite->has_tags, err);
}

static bool open_graphite(const struct ini_section *section, const struct announce_options *options,
                          struct channel **out, struct err *err)
{
    (void)options;
    struct graphite *graphite = mem_zalloc(sizeof *graphite);
    arena_init(&graphite->arena);
    if (!read_keys(graphite, section, err)) {
        close_graphite(&graphite->channel);
        return false;
    }
    *out = &graphite->channel;
    return true;
}

/* A part of a series' name: what would end it, or make it another one, is '_'. */
static void add_part(struct buf *out, const char *text)
{
    for (const char *at = text; *at; at++) {
        const unsigned char c = (unsigned char)*at;
        const bool is_plain = c > ' ' && c < 0x7F && !strchr(";~!^=\"'()[]{}*?\\,", c);
        buf_add_char(out, c == '/' ? '.' : is_plain ? (char)c : '_');
    }
}

static void add_tag(struct buf *out, const char *key, const char *value)
{
    if (!value[0])
        return;
    buf_printf(out, ";%s=", key);
    for (const char *at = value; *at; at++) {
        const unsigned char c = (unsigned char)*at;
        buf_add_char(out, c > ' ' && c < 0x7F && c != ';' && c != '~' ? (char)c : '_');
    }
}

static void add_name(struct buf *out, const struct graphite *graphite, const struct change *change)
{
    const struct {
        const char *name, *value;
    } parts[] = {{"{kind}", change_kind_name(change->kind)},
                 {"{service}", change->service[0] ? change->service : "all"},
                 {"{env}", change->env},
                 {"{action}", change->action[0] ? change->action : "none"}};
    const char *at = graphite->template;
    while (*at) {
        size_t i = 0;
        while (i < COUNT_OF(parts) && !text_starts(at, parts[i].name))
            i++;
        if (i == COUNT_OF(parts)) {
            buf_add_char(out, *at++);
            continue;
        }
        add_part(out, parts[i].value);
        at += strlen(parts[i].name);
    }
    if (!graphite->has_tags)
        return;
    add_tag(out, "by", change->by);
    add_tag(out, "env", change->env);
    add_tag(out, "rev", change->rev);
}

static bool is_skipped(const struct graphite *graphite, const struct change *change)
{
    for (size_t i = 0; i < graphite->n_skip; i++) {
        if (strcmp(graphite->skip[i], change->source) == 0)
            return true;
        for (size_t k = 0; k < change->n_also; k++)
            if (strcmp(graphite->skip[i], change->also[k].source) == 0)
                return true;
    }
    return false;
}

static bool send_line(const struct graphite *graphite, const struct buf *line, struct err *err)
{
    struct net_addr addr;
    CLEANUP(fd_done) int fd = -1;
    if (!net_parse(graphite->to, &addr, err)) {
        if (err)
            err->kind = ERR_BUSY; /* a name server may know it later */
        return false;
    }
    return net_connect(&addr, WAIT_MS, &fd, err) &&
           net_write_all(fd, line->at, line->n, WAIT_MS, err) && net_finish(fd, WAIT_MS, err);
}

static bool tell_graphite(struct channel *channel, const struct message *message,
                          const char **out_thread, struct err *err)
{
    (void)out_thread;
    const struct graphite *graphite = (const struct graphite *)channel;
    const struct change *change = message->change;
    const bool is_start = message->moment == MOMENT_START;
    const bool is_time = graphite->is_at_start ? is_start || message->is_first : !is_start;
    const bool is_later = message->moment == MOMENT_AGAIN || message->moment == MOMENT_VERDICT;
    if (!is_time || is_later || is_skipped(graphite, change))
        return true;
    const int64_t at_ms = graphite->is_at_start ? change->start_ms : change->end_ms;
    const bool is_back = strcmp(change->action, "rollback") == 0;
    CLEANUP(buf_done) struct buf line;
    buf_init(&line, LINE_BYTES_MAX);
    add_name(&line, graphite, change);
    buf_printf(&line, " %d %lld\n", is_back ? -1 : 1, (long long)(at_ms / 1000));
    if (line.is_full)
        return FAIL(err, ERR_INPUT, "the name of the series is too long");
    return send_line(graphite, &line, err);
}

static const char *const graphite_keys[] = {"to", "at", "tags", "template", "skip-sources", NULL};
const struct channel_kind channel_graphite = {
    .name = "graphite",
    .about = "a line for a carbon server or relay",
    .keys = graphite_keys,
    .open = open_graphite,
    .tell = tell_graphite,
    .close = close_graphite,
    .is_patient = true,
};
