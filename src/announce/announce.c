#include "announce/announce.h"

#include <string.h>

#include "announce/teller.h"
#include "base/mem.h"
#include "base/str.h"
#include "os/file.h"
#include "os/realtime.h"

#define SECTION "announce "

enum { NAME_BYTES_MAX = 60, STOP_US = 1000000 };

struct announce {
    struct announce_options options;
    struct arena arena; /* of the filters */
    struct teller **tellers;
    size_t n, cap;
};

static bool fail_at(const struct announce *announce, const struct ini_section *section,
                    struct err *err)
{
    err_prefix(err, "%s:%u: [%s]", announce->options.config->file, section->line, section->name);
    return false;
}

/* It names a file, and a channel in a URL. */
static bool check_name(const char *name, struct err *err)
{
    const char *at = name;
    while ((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9') ||
           (*at && strchr("-_.", *at)))
        at++;
    if (*name && *name != '.' && !*at && at - name <= NAME_BYTES_MAX)
        return true;
    return FAIL(err, ERR_INPUT, "'%.60s' is no name: up to %d letters, digits, '-', '_' and '.'",
                name, NAME_BYTES_MAX);
}

static const struct channel_kind *kind_of(const struct ini_section *section, struct err *err)
{
    const char *type = filter_text(section, "type", "");
    const char *names[64];
    CLEANUP(buf_done) struct buf list;
    buf_init(&list, 1024);
    for (size_t i = 0; i < n_channel_kinds; i++) {
        if (strcmp(channel_kinds[i]->name, type) == 0)
            return channel_kinds[i];
        names[min_size(i, COUNT_OF(names) - 1)] = channel_kinds[i]->name;
        buf_printf(&list, "%s%s", i ? ", " : "", channel_kinds[i]->name);
    }
    if (!type[0])
        err_set(err, ERR_INPUT, "type is missing: where to tell");
    else
        err_set(err, ERR_INPUT, "there is no type '%.60s'", type);
    const char *near =
        type[0] ? text_nearest(type, names, min_size(n_channel_kinds, COUNT_OF(names))) : NULL;
    err_hint(err, "type = %s", near ? near : buf_text(&list));
    return NULL;
}

static bool start_one(struct announce *announce, const struct ini_section *section, struct err *err)
{
    const char *name = section->name + strlen(SECTION);
    struct filter *filter = arena_zarray(&announce->arena, 1, struct filter);
    struct channel *channel;
    const struct channel_kind *kind = kind_of(section, err);
    if (!kind || !check_name(name, err))
        return fail_at(announce, section, err);
    if (!filter_read(announce->options.config, section, kind, &announce->arena, filter, err))
        return false;
    if (!filter->is_enabled)
        return true;
    if (!kind->open(section, &announce->options, &channel, err))
        return fail_at(announce, section, err);
    channel->kind = kind;
    channel->name = name;
    mem_grow(&announce->tellers, &announce->cap, announce->n + 1, sizeof *announce->tellers);
    if (!teller_start(&announce->options, filter, channel, &announce->tellers[announce->n], err))
        return false;
    announce->n++;
    return true;
}

bool announce_start(const struct announce_options *options, struct announce **out, struct err *err)
{
    struct announce *announce = mem_zalloc(sizeof *announce);
    announce->options = *options;
    arena_init(&announce->arena);
    for (size_t i = 0; i < options->config->n_sections; i++) {
        const struct ini_section *section = &options->config->sections[i];
        if (!text_starts(section->name, SECTION))
            continue;
        if (!dir_make(options->dir, err) || !start_one(announce, section, err)) {
            announce_stop(announce);
            announce_free(announce);
            return false;
        }
    }
    *out = announce;
    return true;
}

void announce_stop(struct announce *announce)
{
    const int64_t until_us = monotonic_us() + STOP_US;
    if (!announce)
        return;
    for (size_t i = 0; i < announce->n; i++)
        teller_stop(announce->tellers[i]);
    for (size_t i = 0; i < announce->n; i++)
        (void)teller_await(announce->tellers[i], until_us);
    for (size_t i = 0; i < announce->n; i++)
        teller_cut(announce->tellers[i]);
}

void announce_free(struct announce *announce)
{
    if (!announce)
        return;
    for (size_t i = 0; i < announce->n; i++)
        teller_free(announce->tellers[i]);
    mem_free(announce->tellers);
    arena_done(&announce->arena);
    mem_free(announce);
}

void announce_wake(struct announce *announce)
{
    for (size_t i = 0; announce && i < announce->n; i++)
        teller_wake(announce->tellers[i]);
}

void announce_write_state(struct announce *announce, struct jsonw *json)
{
    jsonw_array(json);
    for (size_t i = 0; announce && i < announce->n; i++)
        teller_write_state(announce->tellers[i], json);
    jsonw_end(json);
}

bool announce_test(struct announce *announce, const char *name, struct err *err)
{
    const char *names[64];
    size_t n = 0;
    for (size_t i = 0; announce && i < announce->n; i++) {
        if (strcmp(teller_name(announce->tellers[i]), name) == 0)
            return teller_test(announce->tellers[i], err);
        if (n < COUNT_OF(names))
            names[n++] = teller_name(announce->tellers[i]);
    }
    err_set(err, ERR_MISSING, "there is no channel '%.60s'", name);
    const char *near = text_nearest(name, names, n);
    if (near)
        err_hint(err, "did you mean '%s'?", near);
    else
        err_hint(err, "channels are the [announce NAME] sections of plumb.conf; docs/announce.md");
    return false;
}
