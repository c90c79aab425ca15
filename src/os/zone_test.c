#include "os/zone.h"

#include "kit/kit.h"

TEST(finds_zones_by_name_once)
{
    const struct tz *berlin = zone_find("Europe/Berlin");
    EXPECT(berlin != NULL);
    EXPECT(berlin == zone_find("Europe/Berlin"));
    if (berlin) {
        EXPECT_I64(tz_offset(berlin, 1500000000, NULL), 7200); /* July 2017 */
        EXPECT_I64(tz_offset(berlin, 1485000000, NULL), 3600); /* January 2017 */
    }
    EXPECT(zone_find("UTC") == tz_utc());
}

TEST(refuses_names_that_are_not_zones)
{
    static const struct {
        const char *row;
    } rows[] = {{""},        {"Nowhere/Land"},   {"../../etc/passwd"}, {"/etc/localtime"},
                {"a b"},     {"Europe//Berlin"}, {"Europe"},           {"Europe/"},
                {"zone.tab"}};
    EACH_ROW (rows, r)
        EXPECT(zone_find(r->row) == NULL);
}

TEST(there_is_always_a_local_zone)
{
    EXPECT(zone_local() != NULL);
}

RUN_TESTS(test_of(finds_zones_by_name_once), test_of(refuses_names_that_are_not_zones),
          test_of(there_is_always_a_local_zone))
