/* The first two lines are a pattern and a replacement, the rest is the text. Whatever they are, a call
 * ends soon and its result can be read. */
#include <string.h>

#include "base/mem.h"
#include "base/regex.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* Cuts the line that *at begins with; at the end there are only empty ones. */
static const char *take_line(char **at)
{
    char *line = *at;
    char *end = strchr(line, '\n');
    *at = end ? end + 1 : line + strlen(line);
    if (end)
        *end = '\0';
    return line;
}

static void apply(const char *pattern, const char *replacement, const char *text)
{
    struct regex *regex = NULL;
    struct err err;
    if (!regex_compile(pattern, &regex, &err)) {
        BUG_IF(err.kind != ERR_INPUT);
        return;
    }
    const size_t n = strlen(text);
    const bool found = regex_search(regex, text, n);
    const bool found_at_start = regex_match(regex, text, n);

    struct arena arena;
    arena_init(&arena);
    const char *result = NULL;
    if (regex_sub(regex, replacement, text, &arena, &result, &err))
        BUG_IF(!found && !found_at_start && strcmp(result, text) != 0);
    arena_done(&arena);
    regex_free(regex);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    char *copy = mem_strndup((const char *)bytes, n);
    char *rest = copy;
    const char *pattern = take_line(&rest);
    const char *replacement = take_line(&rest);
    apply(pattern, replacement, rest);
    mem_free(copy);
    return 0;
}
