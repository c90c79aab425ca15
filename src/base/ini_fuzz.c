/* Any bytes are either refused, or give sections and entries that can be found again. */
#include <string.h>

#include "base/ini.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check_section(const struct ini *ini, const struct ini_section *section)
{
    BUG_IF(ini_section_find(ini, section->name) != section);
    BUG_IF(section->line == 0);
    for (size_t i = 0; i < section->n_entries; i++) {
        const struct ini_entry *entry = &section->entries[i];
        BUG_IF(entry->line <= section->line);
        BUG_IF(!entry->value);
        BUG_IF(i < 64 && ini_entry_find(section, entry->key) != entry);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct arena arena;
    struct ini ini;
    struct err err;
    arena_init(&arena);
    if (ini_parse("fuzz.conf", (const char *)bytes, n, &arena, &ini, &err)) {
        for (size_t i = 0; i < ini.n_sections && i < 64; i++)
            check_section(&ini, &ini.sections[i]);
    } else {
        BUG_IF(strncmp(err.text, "fuzz.conf:", 10) != 0);
    }
    arena_done(&arena);
    return 0;
}
