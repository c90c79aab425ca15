#include "chart/theme.h"

#include <strings.h>

/* Okabe and Ito's colours, which people with any kind of colour vision tell apart, each darkened
 * until it has a contrast of 3:1 on white (theirs were made for fills, not for thin lines).
 * Neighbours differ in lightness as well as in hue. */
static const uint32_t light_palette[] = {
    0x0067ac, 0xd1560b, 0x008f6b, 0xa3478a, 0xb07600,
    0x3b93cf, 0x9e2438, 0x5c6670, 0x6e7b12, 0x7a4f2b,
};

/* The same hues, lightened for a dark ground. */
static const uint32_t dark_palette[] = {
    0x56a8ec, 0xff9452, 0x38cfa0, 0xe08fcb, 0xe8bd4f,
    0x8fdcff, 0xf47c8a, 0xaab4be, 0xc6d162, 0xc9a27a,
};

/* For paper, with or without colour: neighbours differ in how dark they are. */
static const uint32_t print_palette[] = {
    0x00457a, 0xc75000, 0x000000, 0x2f8fc4, 0x7a1730, 0x7d8a00, 0x5a2a6e, 0x737373,
};

static const uint32_t graphite_palette[] = {
    0x6464ff, 0x00c800, 0xc80032, 0xc864ff, 0x966432, 0xffff00,
    0x009696, 0xafafaf, 0xff00ff, 0xff6464, 0xc8c800, 0xc896c8,
};

static const uint32_t noc_palette[] = {
    0x6464ff, 0x00c800, 0xc80032, 0xffff00, 0xc864ff, 0x966432,
    0x009696, 0xafafaf, 0xff00ff, 0xff6464, 0xc8c800, 0xc896c8,
};

static const uint32_t summary_palette[] = {0x6666ff, 0x66ff66, 0xff6666};
static const uint32_t alphas_palette[] = {0x00ff00, 0xff0000, 0x003377};
static const uint32_t solarized_palette[] = {
    0x268bd2, 0x859900, 0xdc322f, 0xd33682, 0xdb4b16, 0xb58900, 0x2aa198, 0x6c71c4,
};

#define PALETTE(array) .palette = (array), .n_palette = COUNT_OF(array)
#define CHANGES_LIGHT                                                                              \
    .change = 0x4a5560, .failed = 0xb3261e, .rollback = 0x7a3ea8, .improved = 0x00805f
#define CHANGES_PRINT                                                                              \
    .change = 0x444444, .failed = 0x000000, .rollback = 0x000000, .improved = 0x000000
#define CHANGES_DARK                                                                               \
    .change = 0xb6c0ca, .failed = 0xff8a80, .rollback = 0xcfa0f2, .improved = 0x38cfa0

static const struct theme themes[] = {
    {"default", LOOK_OURS, 0xffffff, 0x1f262d, 0x57616b, 0xe3e7eb, 0xf1f3f5, CHANGES_LIGHT,
     PALETTE(light_palette), 1.5, 1.0, false},
    {"light", LOOK_OURS, 0xffffff, 0x1f262d, 0x57616b, 0xe3e7eb, 0xf1f3f5, CHANGES_LIGHT,
     PALETTE(light_palette), 1.5, 1.0, false},
    {"print", LOOK_OURS, 0xffffff, 0x000000, 0x333333, 0xc4c4c4, 0xdedede, CHANGES_PRINT,
     PALETTE(print_palette), 1.8, 1.0, true},
    {"dark", LOOK_OURS, 0x15191e, 0xe4e8ec, 0x9ba6b1, 0x2c333b, 0x21272d, CHANGES_DARK,
     PALETTE(dark_palette), 1.5, 1.0, false},
    {"graphite", LOOK_GRAPHITE, 0xffffff, 0x000000, 0x000000, 0xe9d5e9, 0xe8e8e8, CHANGES_LIGHT,
     PALETTE(graphite_palette), 1.2, 1.0, false},
    {"plain", LOOK_GRAPHITE, 0xffffff, 0x000000, 0x000000, 0xe9d5e9, 0xe8e8e8, CHANGES_LIGHT,
     PALETTE(graphite_palette), 1.2, 1.0, false},
    {"classic", LOOK_GRAPHITE, 0x000000, 0xffffff, 0xffffff, 0x555555, 0x333333, CHANGES_DARK,
     PALETTE(graphite_palette), 1.2, 1.0, false},
    {"noc", LOOK_GRAPHITE, 0x000000, 0xffffff, 0xffffff, 0x555555, 0x333333, CHANGES_DARK,
     PALETTE(noc_palette), 1.2, 1.0, false},
    {"summary", LOOK_GRAPHITE, 0x000000, 0xffffff, 0xffffff, 0x555555, 0x333333, CHANGES_DARK,
     PALETTE(summary_palette), 1.2, 1.0, false},
    {"alphas", LOOK_GRAPHITE, 0xffffff, 0x000000, 0x000000, 0xd8d8d8, 0xeadfea, CHANGES_LIGHT,
     PALETTE(alphas_palette), 1.2, 0.6, false},
    {"solarized-light", LOOK_GRAPHITE, 0xfdf6e3, 0x586e75, 0x657b83, 0xd9d2c0, 0xece5d2,
     CHANGES_LIGHT, PALETTE(solarized_palette), 1.2, 0.8, false},
    {"solarized-dark", LOOK_GRAPHITE, 0x002b36, 0x93a1a1, 0x839496, 0x22464f, 0x0f3741,
     CHANGES_DARK, PALETTE(solarized_palette), 1.2, 0.8, false},
};

const struct theme *theme_find(const char *name)
{
    for (size_t i = 0; name && i < COUNT_OF(themes); i++)
        if (strcasecmp(themes[i].name, name) == 0)
            return &themes[i];
    return &themes[0];
}

struct colour theme_colour(const struct theme *theme, size_t i)
{
    return colour_fade(colour_of(theme->palette[i % theme->n_palette]), theme->palette_alpha);
}
