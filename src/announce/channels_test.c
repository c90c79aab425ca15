#include "announce/channels.h"

#include "kit/kit.h"

TEST(the_table_is_in_order_and_complete)
{
    for (size_t i = 0; i < n_channel_kinds; i++) {
        const struct channel_kind *kind = channel_kinds[i];
        kit_row(kind->name);
        EXPECT(i == 0 || strcmp(channel_kinds[i - 1]->name, kind->name) < 0);
        EXPECT(kind->about[0] && kind->keys && kind->open && kind->tell && kind->close);
        EXPECT(!kind->idle == !kind->wake);
    }
    kit_row(NULL);
}

TEST(an_empty_section_says_what_is_missing)
{
    const struct announce_options options = {.base_url = "http://plumb"};
    const struct ini_section section = {.name = "announce x"};
    for (size_t i = 0; i < n_channel_kinds; i++) {
        struct channel *channel = NULL;
        kit_row(channel_kinds[i]->name);
        EXPECT_ERR(channel_kinds[i]->open(&section, &options, &channel, &kit_err), ERR_INPUT,
                   "missing");
    }
    kit_row(NULL);
}

RUN_TESTS(test_of(the_table_is_in_order_and_complete),
          test_of(an_empty_section_says_what_is_missing))
