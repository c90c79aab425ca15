#include "base/num_chars.h"

#include <charconv>
#include <system_error>

static size_t length(const char *out, const std::to_chars_result &result)
{
    return result.ec == std::errc() ? static_cast<size_t>(result.ptr - out) : 0;
}

size_t num_chars_shortest(char *out, size_t cap, double value)
{
    return length(out, std::to_chars(out, out + cap, value, std::chars_format::scientific));
}

size_t num_chars_general(char *out, size_t cap, double value, int digits)
{
    return length(out, std::to_chars(out, out + cap, value, std::chars_format::general, digits));
}

size_t num_chars_fixed(char *out, size_t cap, double value, int decimals)
{
    return length(out, std::to_chars(out, out + cap, value, std::chars_format::fixed, decimals));
}

enum num_chars_result num_chars_read(const char *text, size_t n, double *out)
{
    double value = 0;
    const std::from_chars_result result = std::from_chars(text, text + n, value);
    if (result.ec == std::errc::result_out_of_range)
        return NUM_CHARS_OUT_OF_RANGE;
    if (result.ec != std::errc() || result.ptr != text + n)
        return NUM_CHARS_INVALID;
    *out = value;
    return NUM_CHARS_OK;
}
