#include "cli/series_json.h"

#include "kit/kit.h"

static bool read_text(const char *text, struct series_list *out)
{
    char *json = arena_strdup(&kit_arena, text);
    *out = (struct series_list){0};
    return series_json_read(json, strlen(json), 60, &kit_arena, out, &kit_err);
}

TEST(reads_series)
{
    struct series_list list;
    EXPECT_OK(
        read_text("[{\"target\":\"web.logins\",\"tags\":{\"name\":\"web.logins\"},\"datapoints\":"
                  "[[1.5,1500000000],[null,1500000010],[3,1500000020]]},"
                  "{\"target\":\"empty\",\"datapoints\":[]},"
                  "{\"target\":\"lone\",\"datapoints\":[[7,1500000000]]}]\n",
                  &list));
    EXPECT_I64(list.n, 2);
    const struct series *s = list.items[0];
    EXPECT_TEXT(s->name, "web.logins");
    EXPECT_I64(s->start_s, 1500000000);
    EXPECT_I64(s->step_s, 10);
    EXPECT_I64(s->end_s, 1500000030);
    EXPECT_I64(s->n_points, 3);
    EXPECT_F64(s->values[0], 1.5, 0);
    EXPECT(is_gap(s->values[1]));
    EXPECT_F64(s->values[2], 3, 0);
    EXPECT_I64(list.items[1]->step_s, 60);
    EXPECT_OK(read_text("[]", &list));
    EXPECT_I64(list.n, 0);
}

TEST(infinities_survive)
{
    struct series_list list;
    EXPECT_OK(read_text("[{\"target\":\"[1e9999,2]\",\"datapoints\":[[1e9999,1500000000],"
                        "[-1e9999,1500000060],[1e300,1500000120]]}]",
                        &list));
    EXPECT_I64(list.n, 1);
    EXPECT_F64(list.items[0]->values[0], (double)INFINITY, 0);
    EXPECT_F64(list.items[0]->values[1], -(double)INFINITY, 0);
    EXPECT_F64(list.items[0]->values[2], 1e300, 0);
}

TEST(refuses_what_is_no_answer_of_render)
{
    static const struct {
        const char *row, *json, *part;
    } rows[] = {
        {"empty", "", "no JSON list"},
        {"a page", "<html></html>", "no JSON list"},
        {"an object", "{\"error\":\"x\"}", "no JSON list"},
        {"a list of numbers", "[1]", "target or datapoints"},
        {"no points", "[{\"target\":\"a\"}]", "target or datapoints"},
        {"no name", "[{\"datapoints\":[[1,2]]}]", "target or datapoints"},
        {"a text for a value", "[{\"target\":\"a\",\"datapoints\":[[\"1\",1500000000]]}]",
         "no [value, time]"},
        {"no time", "[{\"target\":\"a\",\"datapoints\":[[1]]}]", "no [value, time]"},
        {"a negative time", "[{\"target\":\"a\",\"datapoints\":[[1,-5]]}]", "no [value, time]"},
        {"a time without end", "[{\"target\":\"a\",\"datapoints\":[[1,9223372036854775807]]}]",
         "no [value, time]"},
        {"steps backwards", "[{\"target\":\"a\",\"datapoints\":[[1,60],[1,0]]}]",
         "no [value, time]"},
        {"no step", "[{\"target\":\"a\",\"datapoints\":[[1,60],[1,60]]}]", "no [value, time]"},
        {"a changing step", "[{\"target\":\"a\",\"datapoints\":[[1,0],[1,60],[1,180]]}]",
         "no fixed step"},
    };
    EACH_ROW (rows, r) {
        struct series_list list;
        EXPECT_ERR(read_text(r->json, &list), ERR_INPUT, r->part);
    }
}

RUN_TESTS(test_of(reads_series), test_of(infinities_survive),
          test_of(refuses_what_is_no_answer_of_render))
