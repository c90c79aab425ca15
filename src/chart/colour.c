#include "chart/colour.h"

#include <string.h>
#include <strings.h>

#include "base/str.h"

/* Graphite's names, with Graphite's values: a URL that says "red" looks the same in both. */
static const struct {
    const char *name;
    uint32_t rgb;
} names[] = {
    {"aqua", 0x009696},     {"black", 0x000000},    {"blue", 0x6464ff},     {"brown", 0x966432},
    {"cyan", 0x00ffff},     {"darkblue", 0x0000ff}, {"darkgray", 0x6f6f6f}, {"darkgreen", 0x00ff00},
    {"darkgrey", 0x6f6f6f}, {"darkred", 0xff0000},  {"gold", 0xc8c800},     {"gray", 0xafafaf},
    {"green", 0x00c800},    {"grey", 0xafafaf},     {"magenta", 0xff00ff},  {"orange", 0xffa500},
    {"pink", 0xff6464},     {"purple", 0xc864ff},   {"red", 0xc80032},      {"rose", 0xc896c8},
    {"transparent", 0x0},   {"white", 0xffffff},    {"yellow", 0xffff00},
};

struct colour colour_of(uint32_t rgb)
{
    return (struct colour){(uint8_t)(rgb >> 16), (uint8_t)(rgb >> 8), (uint8_t)rgb, 255};
}

static bool parse_hex(const char *text, struct colour *out)
{
    int digits[8];
    size_t n = strlen(text);
    if (n != 3 && n != 6 && n != 8)
        return false;
    for (size_t i = 0; i < n; i++) {
        digits[i] = text_hex_digit(text[i]);
        if (digits[i] < 0)
            return false;
    }
    if (n == 3) {
        *out = (struct colour){(uint8_t)(digits[0] * 17), (uint8_t)(digits[1] * 17),
                               (uint8_t)(digits[2] * 17), 255};
        return true;
    }
    *out = (struct colour){(uint8_t)(digits[0] * 16 + digits[1]),
                           (uint8_t)(digits[2] * 16 + digits[3]),
                           (uint8_t)(digits[4] * 16 + digits[5]), 255};
    if (n == 8)
        out->a = (uint8_t)(digits[6] * 16 + digits[7]);
    return true;
}

bool colour_parse(const char *text, struct colour *out)
{
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (strcasecmp(names[i].name, text) != 0)
            continue;
        *out = colour_of(names[i].rgb);
        if (strcmp(names[i].name, "transparent") == 0)
            out->a = 0;
        return true;
    }
    if (text[0] == '#')
        text++;
    else if (strncmp(text, "%23", 3) == 0)
        text += 3;
    return parse_hex(text, out);
}

struct colour colour_fade(struct colour colour, double share)
{
    if (!(share > 0.0))
        share = 0.0;
    if (share > 1.0)
        share = 1.0;
    colour.a = (uint8_t)(colour.a * share + 0.5);
    return colour;
}

const char *colour_name(struct colour colour)
{
    uint32_t rgb = (uint32_t)colour.r << 16 | (uint32_t)colour.g << 8 | colour.b;
    for (size_t i = COUNT_OF(names); i-- > 0;) /* of two names the later: grey */
        if (names[i].rgb == rgb && colour.a == 255 && strcmp(names[i].name, "transparent") != 0)
            return names[i].name;
    return NULL;
}

bool colour_equal(struct colour a, struct colour b)
{
    return a.r == b.r && a.g == b.g && a.b == b.b && a.a == b.a;
}
