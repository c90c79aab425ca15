#include "ingest/plain.h"

#include <math.h>

#include "base/num.h"

enum { N_FIELDS = 3 };

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Cuts the next field off the line: false when only blanks are left. */
static bool next_field(struct str *rest, struct str *out)
{
    size_t i = 0;
    while (i < rest->n && is_blank(rest->at[i]))
        i++;
    const size_t from = i;
    while (i < rest->n && !is_blank(rest->at[i]))
        i++;
    *out = str_make(rest->at + from, i - from);
    *rest = str_make(rest->at + i, rest->n - i);
    return out->n > 0;
}

/* Seconds, a fraction is cut off. -1 (or -1.5: the cut comes first) and N mean now. */
static bool parse_time(struct str text, int64_t now_s, uint32_t *out)
{
    double at = 0;
    if (str_is(text, "N"))
        at = -1;
    else if (!num_parse_f64(text.at, text.n, &at))
        return false;
    at = trunc(at);
    if (at == -1)
        at = (double)now_s;
    if (!(at >= 0 && at <= UINT32_MAX)) /* written so that NaN is outside */
        return false;
    *out = (uint32_t)at;
    return true;
}

enum plain_fate plain_parse(const char *line, size_t n, int64_t now_s, struct plain_point *out)
{
    struct str rest = str_make(line, n), fields[N_FIELDS], more;
    size_t n_fields = 0;
    while (n_fields < N_FIELDS && next_field(&rest, &fields[n_fields]))
        n_fields++;
    if (n_fields == 0)
        return PLAIN_BLANK;
    if (n_fields < N_FIELDS || next_field(&rest, &more))
        return PLAIN_FIELDS;

    struct plain_point point = {.name = fields[0]};
    if (!num_parse_f64(fields[1].at, fields[1].n, &point.value))
        return PLAIN_VALUE;
    if (!parse_time(fields[2], now_s, &point.at_s))
        return PLAIN_TIME;
    if (isnan(point.value))
        return PLAIN_GAP;
    if (isinf(point.value))
        return PLAIN_INFINITE;
    *out = point;
    return PLAIN_OK;
}
