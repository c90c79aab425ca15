#include "cli/draft.h"

#include <string.h>

#include "cli/courier.h"
#include "cli/origin.h"
#include "model/redact.h"

bool draft_tag(struct change *change, struct tag tag, struct arena *arena, struct err *err)
{
    if (change->n_tags == CHANGE_TAGS_MAX)
        return FAIL(err, ERR_INPUT, "more than %d tags", CHANGE_TAGS_MAX);
    change_add_tag(change, tag, arena);
    return true;
}

static bool add_tags(const struct args *args, struct arena *arena, struct change *change,
                     struct err *err)
{
    const char *given;
    for (size_t i = 0; (given = args_item(args, "tag", i)) != NULL; i++) {
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

static const char *text_or_nothing(const struct args *args, const char *name)
{
    const char *text = args_text(args, name);
    return text ? text : "";
}

bool draft_make(const struct args *args, struct arena *arena, struct change *out, struct err *err)
{
    if (args->n_words > 1)
        return FAIL(err, ERR_INPUT, "'%.60s': only one service can be named", args->words[1]);
    struct change change = change_blank();
    change.service = args->n_words ? args->words[0] : "";
    change.msg = redact_text(text_or_nothing(args, "msg"), arena);
    change.rev = text_or_nothing(args, "rev");
    change.env = text_or_nothing(args, "env");
    change.url = redact_text(text_or_nothing(args, "url"), arena);
    const char *by = args_text(args, "by");
    change.by = by ? by : origin_by(arena);
    change.source = "cli";
    change.key = courier_key(arena);
    if (!add_tags(args, arena, &change, err))
        return false;
    *out = change;
    return true;
}
