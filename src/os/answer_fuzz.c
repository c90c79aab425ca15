/* Any bytes come to the same, taken at once or one by one. */
#include <string.h>

#include "os/answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

enum { BODY_BYTES_MAX = 4096 };

static enum answer_state take(struct answer *answer, const uint8_t *bytes, size_t n, size_t n_step,
                              struct buf *body)
{
    enum answer_state state = ANSWER_MORE;
    answer_init(answer, true);
    for (size_t i = 0; i < n && (state == ANSWER_MORE || state == ANSWER_WHOLE); i += n_step)
        state = answer_take(answer, (const char *)bytes + i, n_step < n - i ? n_step : n - i, body);
    return state;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static struct answer whole, pieces;
    struct buf whole_body, pieces_body;
    buf_init(&whole_body, BODY_BYTES_MAX);
    buf_init(&pieces_body, BODY_BYTES_MAX);
    const enum answer_state state = take(&whole, bytes, n, n ? n : 1, &whole_body);
    BUG_IF(take(&pieces, bytes, n, 1, &pieces_body) != state);
    BUG_IF(whole.status != pieces.status);
    if (state == ANSWER_WHOLE) {
        BUG_IF(whole.keeps != pieces.keeps);
        BUG_IF(whole.status < 200 || whole.status > 999);
    }
    if (state == ANSWER_WHOLE || state == ANSWER_MORE)
        BUG_IF(strcmp(buf_text(&whole_body), buf_text(&pieces_body)) != 0);
    BUG_IF(whole_body.n > n);
    buf_done(&whole_body);
    buf_done(&pieces_body);
    return 0;
}
