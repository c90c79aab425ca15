#include "app/folder.h"

#include "app/config.h"
#include "base/num.h"

static void add(char **argv, int *argc, const char *name, const char *value, struct arena *arena)
{
    if (!value)
        return;
    argv[(*argc)++] = arena_printf(arena, "--%s", name);
    argv[(*argc)++] = arena_strdup(arena, value);
}

bool folder_data(const struct args *args, struct arena *arena, const char **out, struct err *err)
{
    struct config config;
    char *argv[6] = {arena_strdup(arena, args->command->name)};
    int argc = 1;

    add(argv, &argc, "config", args_text(args, "config"), arena);
    add(argv, &argc, "data", args_text(args, "data"), arena);
    if (!config_read(argc, argv, arena, &config, err))
        return false;
    *out = arena_strdup(arena, config.data);
    return true;
}

bool folder_store(const struct args *args, struct arena *arena, const char **out, struct err *err)
{
    const char *data;
    if (!folder_data(args, arena, &data, err))
        return false;
    *out = arena_printf(arena, "%s/store", data);
    return true;
}

const char *folder_bytes(struct arena *arena, uint64_t n)
{
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB", "PB"};
    char text[NUM_TEXT_MAX];
    double value = (double)n;
    size_t unit = 0;

    if (n == 1)
        return "1 byte";
    while (value >= 1000 && unit + 1 < COUNT_OF(units)) {
        value /= 1000;
        unit++;
    }
    num_format_fixed(text, sizeof text, value, unit > 0 && value < 100);
    return arena_printf(arena, "%s %s", text, units[unit]);
}
