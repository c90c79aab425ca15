#include "hooks/sources.h"

#include "kit/kit.h"

TEST(the_table_is_in_order_and_every_source_can_be_found)
{
    for (size_t i = 0; i < n_hook_sources; i++) {
        kit_row(hook_sources[i]->name);
        EXPECT(hooks_find(hook_sources[i]->name) == hook_sources[i]);
        EXPECT(i == 0 || strcmp(hook_sources[i - 1]->name, hook_sources[i]->name) < 0);
        EXPECT(hook_sources[i]->about[0] != '\0');
    }
    kit_row(NULL);
    EXPECT(hooks_find("gihub") == NULL);
    EXPECT(hooks_find("") == NULL);
}

/* Whoever adds a source says how it is set up. */
TEST(every_source_is_in_the_manual)
{
    size_t n;
    const char *manual = kit_read("docs/hooks.md", &n);
    for (size_t i = 0; i < n_hook_sources; i++) {
        kit_row(hook_sources[i]->name);
        EXPECT(strstr(manual, arena_printf(&kit_arena, "/hook/%s/", hook_sources[i]->name)));
    }
    kit_row(NULL);
}

RUN_TESTS(test_of(the_table_is_in_order_and_every_source_can_be_found),
          test_of(every_source_is_in_the_manual))
