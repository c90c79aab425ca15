/* Both readers of a plaintext line: they must agree wherever the fast one answers, and neither may read
 * past what it is promised. */
#include <string.h>

#include "base/mem.h"
#include "ingest/plain.h"
#include "ingest/plain_fast.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

enum { NOW_S = 1500000000 };

static void compare(const char *line, size_t n)
{
    struct plain_clock clock = plain_clock_new();
    struct plain_point careful = {.at_s = 0};
    double value = 0;
    const enum plain_fate fate = plain_parse(line, n, NOW_S, &careful);
    const size_t n_name = plain_fast_name(line, line + n + 1);
    BUG_IF(n_name > n);
    if (n_name == 0)
        return;
    const char *next = plain_fast_rest(line + n_name + 1, &clock, &value);
    if (!next)
        return;
    BUG_IF(next != line + n + 1);
    BUG_IF(fate != PLAIN_OK);
    BUG_IF(!str_eq(careful.name, str_make(line, n_name)));
    BUG_IF(memcmp(&careful.value, &value, sizeof value) != 0);
    BUG_IF(careful.at_s != clock.at_s);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    /* Each line in memory of its own, of exactly the promised size. */
    for (size_t i = 0; i < n;) {
        const uint8_t *newline = memchr(bytes + i, '\n', n - i);
        const size_t n_line = newline ? (size_t)(newline - bytes) - i : n - i;
        char *line = mem_alloc(n_line + 1 + PLAIN_SLACK);
        memset(line, '1', n_line + 1 + PLAIN_SLACK);
        memcpy(line, bytes + i, n_line);
        line[n_line] = '\n';
        compare(line, n_line);
        mem_free(line);
        i += n_line + 1;
    }
    return 0;
}
