#include "os/disk.h"

#include "kit/kit.h"

TEST(tells_the_room_on_a_file_system)
{
    struct disk_usage usage;
    EXPECT_OK(disk_usage(kit_temp_dir(), &usage, &kit_err));
    EXPECT(usage.total_bytes > 0);
    EXPECT(usage.used_bytes + usage.free_bytes <= usage.total_bytes);
}

TEST(a_path_that_is_not_there_is_told)
{
    struct disk_usage usage;
    EXPECT_ERR(disk_usage("/no/such/path", &usage, &kit_err), ERR_IO, "/no/such/path");
}

RUN_TESTS(test_of(tells_the_room_on_a_file_system), test_of(a_path_that_is_not_there_is_told))
