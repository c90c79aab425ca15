#include "cli/draft.h"

#include <string.h>

#include "cli/courier.h"
#include "cli/origin.h"
#include "cli/redact.h"

bool draft_tag(struct change *change, struct tag tag, struct arena *arena, struct err *err)
{
    if (change->n_tags == CHANGE_TAGS_MAX)
        return FAIL(err, ERR_INPUT, "more than %d tags", CHANGE_TAGS_MAX);
    struct tag *tags = arena_array(arena, change->n_tags + 1, struct tag);
    if (change->n_tags)
        memcpy(tags, change->tags, change->n_tags * sizeof tags[0]);
    tags[change->n_tags++] = tag;
    change->tags = tags;
    return true;
}

static bool add_tags(const struct options *options, struct arena *arena, struct change *change,
                     struct err *err)
{
    const char *given;
    for (size_t i = 0; (given = options_item(options, "tag", i)) != NULL; i++) {
        const char *equals = strchr(given, '=');
        if (!equals || equals == given)
            return FAIL(err, ERR_INPUT, "--tag '%.60s' is not NAME=VALUE", given);
        const char *key = arena_strndup(arena, given, (size_t)(equals - given));
        const struct tag tag = {key, redact_tag(key, equals + 1, arena)};
        if (!draft_tag(change, tag, arena, err))
            return false;
    }
    return true;
}

static const char *text_or_nothing(const struct options *options, const char *name)
{
    const char *text = options_text(options, name);
    return text ? text : "";
}

bool draft_make(const struct options *options, struct arena *arena, struct change *out,
                struct err *err)
{
    if (options->n_words > 1)
        return FAIL(err, ERR_INPUT, "'%.60s': only one service can be named", options->words[1]);
    struct change change = change_blank();
    change.service = options->n_words ? options->words[0] : "";
    change.msg = redact_text(text_or_nothing(options, "msg"), arena);
    change.rev = text_or_nothing(options, "rev");
    change.env = text_or_nothing(options, "env");
    change.url = redact_text(text_or_nothing(options, "url"), arena);
    const char *by = options_text(options, "by");
    change.by = by ? by : origin_by(arena);
    change.source = "cli";
    change.key = courier_key(arena);
    if (!add_tags(options, arena, &change, err))
        return false;
    *out = change;
    return true;
}
