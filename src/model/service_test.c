#include "model/service.h"

#include "kit/kit.h"
#include "model/change.h"

TEST(names_become_services)
{
    static const struct {
        const char *row, *name, *slug;
    } rows[] = {
        {"as it is", "web/checkout-2.x", "web/checkout-2.x"},
        {"capitals and blanks", "Web Shop/API  v2", "web-shop/api-v2"},
        {"ends", "./web/.", "web"},
        {"other letters", "caf\xC3\xA9!", "caf"},
        {"nothing left", "!!!", ""},
        {"nothing", "", ""},
    };
    EACH_ROW (rows, r) {
        EXPECT_TEXT(service_slug(r->name, &kit_arena), r->slug);
        struct change change = change_blank();
        change.service = service_slug(r->name, &kit_arena);
        change.kind = CHANGE_NOTE;
        EXPECT_OK(change_check(&change, INT64_C(1500000000000), &kit_arena, &kit_err));
        EXPECT_TEXT(change.service, r->slug);
    }
}

TEST(a_long_name_is_cut)
{
    char name[1000];
    memset(name, 'x', 999);
    name[999] = '\0';
    EXPECT_I64(strlen(service_slug(name, &kit_arena)), CHANGE_FIELD_MAX);
}

RUN_TESTS(test_of(names_become_services), test_of(a_long_name_is_cut))
