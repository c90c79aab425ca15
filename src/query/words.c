#include "query/words.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/num.h"

enum {
    WIDTH_MAX = 200, /* of one conversion; wider is a mistake */
    FIXED_BYTES = 310 + WIDTH_MAX + 3,
};

size_t words_length(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xC0) != 0x80;
    return n;
}

const char *words_pad(struct arena *arena, const char *text, size_t width)
{
    const size_t n = words_length(text);
    return arena_printf(arena, "%s%*s", text, n < width ? (int)(width - n) : 0, "");
}

const char *words_fixed(struct arena *arena, double value, const char *units)
{
    char text[FIXED_BYTES];
    num_format_fixed(text, sizeof(text), value, 2);
    bool has_units = units && *units;
    return arena_printf(arena, "%s%s%s", text, has_units ? " " : "", has_units ? units : "");
}

/* What is whole but for the last bits is shown as whole. */
static double whole_if_near(double shown, double value)
{
    static const double NEAR = 0.00000000001;
    return shown - floor(shown) < NEAR && value > 1 ? floor(shown) : shown;
}

const char *words_units(struct arena *arena, double value, const char *system, const char *units)
{
    static const char *const si[] = {"P", "T", "G", "M", "k"};
    static const char *const binary[] = {"Pi", "Ti", "Gi", "Mi", "Ki"};
    const bool is_binary = strcmp(system, "binary") == 0;
    const double base = is_binary ? 1024 : 1000;
    const char *prefix = "";
    double size = pow(base, 5), shown = value;
    for (size_t i = 0; i < COUNT_OF(si) && !*prefix; i++, size /= base)
        if (fabs(value) >= size) {
            prefix = is_binary ? binary[i] : si[i];
            shown = value / size;
        }
    char text[FIXED_BYTES];
    num_format_fixed(text, sizeof(text), whole_if_near(shown, value), 2);
    return arena_printf(arena, "%s%s%s%s", text, units && *units ? " " : "", prefix,
                        units ? units : "");
}

/* ---- % ---- */

struct conversion {
    bool is_left, is_zero_padded, has_plus, has_blank;
    size_t width;
    int precision; /* -1: not given */
    char kind;
};

/* Digits up to WIDTH_MAX; more count as it. */
static size_t read_count(const char **at)
{
    size_t n = 0;
    for (; isdigit((unsigned char)**at); ++*at)
        n = min_size(n * 10 + (size_t)(**at - '0'), WIDTH_MAX);
    return n;
}

static void read_flags(const char **at, struct conversion *out)
{
    for (;; ++*at) {
        if (**at == '-')
            out->is_left = true;
        else if (**at == '0')
            out->is_zero_padded = true;
        else if (**at == '+')
            out->has_plus = true;
        else if (**at == ' ')
            out->has_blank = true;
        else if (**at != '#')
            return;
    }
}

/* What follows a '%'; *at moves behind it. */
static struct conversion read_conversion(const char **at)
{
    struct conversion conversion = {.precision = -1};
    read_flags(at, &conversion);
    conversion.width = read_count(at);
    if (**at == '.') {
        ++*at;
        conversion.precision = (int)read_count(at);
    }
    *at += strspn(*at, "hlL");
    conversion.kind = **at;
    if (**at)
        ++*at;
    return conversion;
}

/* The digits without padding; false: no such conversion. */
static bool convert(const struct conversion *conversion, double value, char out[FIXED_BYTES])
{
    const int precision = conversion->precision < 0 ? 6 : conversion->precision;
    char digits[NUM_TEXT_MAX];
    switch (conversion->kind) {
    case 'd':
    case 'i':
    case 'u':
        num_format_fixed(out, FIXED_BYTES, trunc(value) + 0.0, 0);
        return true;
    case 'f':
    case 'F':
        num_format_fixed(out, FIXED_BYTES, value, precision);
        return true;
    case 'g':
    case 'G':
        num_format_g(digits, value, precision < 1 ? 1 : (int)min_i64(precision, 17));
        break;
    case 's':
    case 'r':
        num_format(digits, value);
        break;
    default:
        return false;
    }
    for (char *c = digits; conversion->kind == 'G' && *c; c++)
        *c = (char)toupper((unsigned char)*c);
    memcpy(out, digits, strlen(digits) + 1);
    return true;
}

static void add_padded(struct buf *out, const struct conversion *conversion, const char *digits)
{
    const bool is_text = conversion->kind == 's' || conversion->kind == 'r';
    const char *sign = "";
    if (!is_text && *digits == '-') {
        sign = "-";
        digits++;
    } else if (!is_text && (conversion->has_plus || conversion->has_blank)) {
        sign = conversion->has_plus ? "+" : " ";
    }
    const size_t n = strlen(digits) + strlen(sign);
    const int pad = n < conversion->width ? (int)(conversion->width - n) : 0;
    if (conversion->is_left)
        buf_printf(out, "%s%s%*s", sign, digits, pad, "");
    else if (conversion->is_zero_padded && !is_text) {
        buf_add_str(out, sign);
        for (int i = 0; i < pad; i++)
            buf_add_char(out, '0');
        buf_add_str(out, digits);
    } else {
        buf_printf(out, "%*s%s%s", pad, "", sign, digits);
    }
}

bool words_percent(struct arena *arena, const char *format, double value, const char **out,
                   struct err *err)
{
    CLEANUP(buf_done) struct buf text = {0};
    size_t n_values = 0;
    buf_init(&text, SIZE_MAX / 2);
    for (const char *at = format; *at;) {
        if (*at != '%') {
            buf_add_char(&text, *at++);
            continue;
        }
        at++;
        const struct conversion conversion = read_conversion(&at);
        char digits[FIXED_BYTES];
        if (conversion.kind == '%') {
            buf_add_char(&text, '%');
            continue;
        }
        if (!convert(&conversion, value, digits))
            return FAIL(err, ERR_INPUT, "'%.80s': expected %%d, %%f, %%g or %%s", format);
        add_padded(&text, &conversion, digits);
        n_values++;
    }
    if (n_values != 1)
        return FAIL(err, ERR_INPUT, "'%.80s' must show the value once, not %zu times", format,
                    n_values);
    *out = arena_strdup(arena, buf_text(&text));
    return true;
}
