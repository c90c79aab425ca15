#include "api/find_pack.h"

#include "kit/kit.h"

static struct source_node items[] = {
    {.path = "a", .is_leaf = true, .is_branch = true},
    {.path = "b", .is_branch = true},
    {.path = "c", .is_leaf = true},
};
static const struct source_nodes nodes = {.items = items, .n = COUNT_OF(items)};

static bool is_written(enum pack_form form, bool leaves_only, const char *bytes, size_t n)
{
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 10000);
    find_pack(&out, form, &nodes, leaves_only, 5);
    return out.n == n && memcmp(out.at, bytes, n) == 0;
}

#define PATH(name)   "X\4\0\0\0pathX\1\0\0\0" name "X\7\0\0\0is_leaf"
#define BRANCH(name) "}(" PATH(name) "\x89u"
#define LEAF(name)                                                                                 \
    "}(" PATH(name) "\x88X\11\0\0\0intervals](J\0\0\0\0J\5\0\0\0\x86"                              \
                    "eu"

TEST(a_pickle_of_nodes)
{
    static const char all[] = "\x80\2](" BRANCH("a") LEAF("a") BRANCH("b") LEAF("c") "e.";
    static const char leaves[] = "\x80\2](" LEAF("a") LEAF("c") "e.";
    EXPECT(is_written(PACK_PICKLE, false, all, sizeof all - 1));
    EXPECT(is_written(PACK_PICKLE, true, leaves, sizeof leaves - 1));
}

TEST(msgpack_of_nodes)
{
    static const char leaves[] = "\x92\x83\xA4path\xA1"
                                 "a\xA7is_leaf\xC3\xA9intervals\x91\x92\0\5"
                                 "\x83\xA4path\xA1"
                                 "c\xA7is_leaf\xC3\xA9intervals\x91\x92\0\5";
    EXPECT(is_written(PACK_MSGPACK, true, leaves, sizeof leaves - 1));
}

RUN_TESTS(test_of(a_pickle_of_nodes), test_of(msgpack_of_nodes))
