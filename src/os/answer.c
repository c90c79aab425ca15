#include "os/answer.h"

#include <string.h>
#include <strings.h>

#include "base/num.h"
#include "base/str.h"

enum {
    HEAD_BYTES_MAX = 256 * 1024, /* of all heads and trailers of one answer */
    CHUNK_DIGITS_MAX = 15,       /* of 16 that 64 bits have */
    STATUS_FINAL = 200,          /* below: a word on the way */
    STATUS_SWITCHING = 101,      /* to another protocol, which nobody asked for */
    STATUS_NO_CONTENT = 204,
    STATUS_NOT_MODIFIED = 304,
};

void answer_init(struct answer *answer, bool has_body)
{
    memset(answer, 0, offsetof(struct answer, line));
    answer->has_body = has_body;
}

static bool is_named(struct str name, const char *wanted)
{
    return name.n == strlen(wanted) && strncasecmp(name.at, wanted, name.n) == 0;
}

/* "close" in "keep-alive, close" */
static bool has_word(struct str list, const char *word)
{
    struct str piece;
    while (str_split(&list, ',', &piece))
        if (is_named(str_trim(piece), word))
            return true;
    return false;
}

static bool is_digits(struct str text)
{
    for (size_t i = 0; i < text.n; i++)
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
    return text.n > 0;
}

/* "HTTP/1.1 200 OK" */
static bool take_status_line(struct answer *answer, struct str line)
{
    static const size_t n_version = sizeof "HTTP/1.1 " - 1;
    const bool is_1_1 = str_starts(line, "HTTP/1.1 ");
    if ((!is_1_1 && !str_starts(line, "HTTP/1.0 ")) || line.n < n_version + 3)
        return false;
    const struct str digits = str_make(line.at + n_version, 3);
    if (!is_digits(digits) || (line.n > n_version + 3 && line.at[n_version + 3] != ' '))
        return false;
    answer->said_status =
        (digits.at[0] - '0') * 100 + (digits.at[1] - '0') * 10 + (digits.at[2] - '0');
    answer->keeps = is_1_1;
    answer->part = ANSWER_FIELDS;
    return answer->said_status >= 100 && answer->said_status != STATUS_SWITCHING;
}

static bool take_length(struct answer *answer, struct str value)
{
    int64_t n;
    if (!is_digits(value) || !num_parse_i64(value.at, value.n, &n) ||
        (answer->has_length && answer->left != (uint64_t)n))
        return false;
    answer->has_length = true;
    answer->left = (uint64_t)n;
    return true;
}

static bool take_field(struct answer *answer, struct str line)
{
    const char *colon = memchr(line.at, ':', line.n);
    if (!colon)
        return line.at[0] != ' ' && line.at[0] != '\t'; /* such a line would belong to the last */
    const struct str name = str_make(line.at, (size_t)(colon - line.at));
    const struct str value = str_trim(str_make(colon + 1, line.n - name.n - 1));
    int64_t seconds;
    if (is_named(name, "content-length"))
        return take_length(answer, value);
    if (is_named(name, "transfer-encoding")) {
        answer->is_chunked = is_named(value, "chunked");
        return answer->is_chunked; /* nothing else was asked for */
    }
    if (is_named(name, "connection") && has_word(value, "close"))
        answer->keeps = false;
    if (is_named(name, "retry-after") && is_digits(value) &&
        num_parse_i64(value.at, value.n, &seconds))
        answer->retry_after_s = seconds;
    return name.n > 0 && line.at[0] != ' ' && line.at[0] != '\t';
}

/* Behind the head's last line: what follows? */
static void begin_body(struct answer *answer)
{
    const int status = answer->said_status;
    if (status < STATUS_FINAL) {
        answer->part = ANSWER_STATUS_LINE;
        answer->has_length = answer->is_chunked = false;
        answer->retry_after_s = 0;
        answer->left = 0;
        return;
    }
    answer->status = status;
    if (!answer->has_body || status == STATUS_NO_CONTENT || status == STATUS_NOT_MODIFIED)
        answer->part = ANSWER_OVER;
    else if (answer->is_chunked)
        answer->part = ANSWER_CHUNK_SIZE;
    else if (answer->has_length)
        answer->part = answer->left ? ANSWER_BODY : ANSWER_OVER;
    else
        answer->part = ANSWER_BODY_TO_END;
    /* Who says both may mean either. */
    answer->keeps = answer->keeps && answer->part != ANSWER_BODY_TO_END &&
                    !(answer->is_chunked && answer->has_length);
}

/* "1a;name=value" */
static bool take_chunk_size(struct answer *answer, struct str line)
{
    uint64_t n = 0;
    size_t i = 0;
    for (; i < line.n && i <= CHUNK_DIGITS_MAX; i++) {
        static const char digits[] = "0123456789abcdefABCDEF";
        const char *at = line.at[i] ? strchr(digits, line.at[i]) : NULL;
        if (!at)
            break;
        const unsigned digit = (unsigned)(at - digits);
        n = n * 16 + (digit < 16 ? digit : digit - 6);
    }
    const struct str rest = str_trim(str_make(line.at + i, line.n - i));
    if (i == 0 || i > CHUNK_DIGITS_MAX || (rest.n && rest.at[0] != ';'))
        return false;
    answer->left = n;
    answer->part = n ? ANSWER_CHUNK : ANSWER_TRAILER;
    return true;
}

static bool take_line(struct answer *answer, struct str line)
{
    switch (answer->part) {
    case ANSWER_STATUS_LINE:
        return take_status_line(answer, line);
    case ANSWER_FIELDS:
        if (line.n)
            return take_field(answer, line);
        begin_body(answer);
        return true;
    case ANSWER_CHUNK_SIZE:
        return take_chunk_size(answer, line);
    case ANSWER_CHUNK_END:
        answer->part = ANSWER_CHUNK_SIZE;
        return line.n == 0;
    case ANSWER_TRAILER:
        if (!line.n)
            answer->part = ANSWER_OVER;
        return true;
    case ANSWER_BODY:
    case ANSWER_BODY_TO_END:
    case ANSWER_CHUNK:
    case ANSWER_OVER:
        break; /* is_in_body, or nothing is taken */
    }
    return false;
}

/* Bytes up to a line's end. Returns how many were used; 0: the line or all heads are too long, or it is
 * none. */
static size_t take_text(struct answer *answer, const char *bytes, size_t n)
{
    const char *end = memchr(bytes, '\n', n);
    const size_t n_used = end ? (size_t)(end - bytes) + 1 : n;
    /* Sizes of chunks count as they come to as much as the body, which has its own limit. */
    const bool is_head = answer->part != ANSWER_CHUNK_SIZE && answer->part != ANSWER_CHUNK_END;
    answer->n_head += is_head ? n_used : 0;
    if (n_used > ANSWER_LINE_BYTES - answer->n_line || answer->n_head > HEAD_BYTES_MAX)
        return 0;
    memcpy(answer->line + answer->n_line, bytes, n_used);
    answer->n_line += n_used;
    if (!end)
        return n_used;
    struct str line = str_make(answer->line, answer->n_line - 1);
    if (line.n && line.at[line.n - 1] == '\r')
        line.n--;
    answer->n_line = 0;
    return take_line(answer, line) ? n_used : 0;
}

/* Bytes of the body. Returns how many were used. */
static size_t take_body(struct answer *answer, const char *bytes, size_t n, struct buf *body)
{
    const bool is_to_end = answer->part == ANSWER_BODY_TO_END;
    const size_t n_used = is_to_end || answer->left > n ? n : (size_t)answer->left;
    buf_add(body, bytes, n_used);
    if (is_to_end)
        return n_used;
    answer->left -= n_used;
    if (answer->left == 0)
        answer->part = answer->part == ANSWER_CHUNK ? ANSWER_CHUNK_END : ANSWER_OVER;
    return n_used;
}

static bool is_in_body(const struct answer *answer)
{
    return answer->part == ANSWER_BODY || answer->part == ANSWER_BODY_TO_END ||
           answer->part == ANSWER_CHUNK;
}

enum answer_state answer_take(struct answer *answer, const char *bytes, size_t n, struct buf *body)
{
    while (n > 0 && answer->part != ANSWER_OVER) {
        const bool is_body = is_in_body(answer);
        const size_t n_used =
            is_body ? take_body(answer, bytes, n, body) : take_text(answer, bytes, n);
        if (n_used == 0)
            return ANSWER_BROKEN;
        if (is_body && body->is_full)
            return ANSWER_LONG;
        bytes += n_used;
        n -= n_used;
    }
    if (n > 0) /* behind the end: whose answer would that be? */
        answer->keeps = false;
    return answer->part == ANSWER_OVER ? ANSWER_WHOLE : ANSWER_MORE;
}

enum answer_state answer_end(struct answer *answer)
{
    answer->keeps = false;
    return answer->part == ANSWER_OVER || answer->part == ANSWER_BODY_TO_END ? ANSWER_WHOLE
                                                                             : ANSWER_BROKEN;
}
