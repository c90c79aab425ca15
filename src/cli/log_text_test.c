#include "cli/log_text.h"

#include "cli/terminal.h"
#include "os/zone.h"

#include "kit/kit.h"

#define NOW_MS INT64_C(1795356600000) /* 2026-11-22 14:10:00 UTC */

static struct change example(void)
{
    struct change c = change_blank();
    c.id = "01KB1234ABCDEFGHJKMNPQRSTV";
    c.service = "website";
    c.env = "production";
    c.rev = "4f2c1e9";
    c.by = "nora";
    c.msg = "fix login";
    c.url = "https://ci/1208";
    c.start_ms = NOW_MS - 354 * 1000 + 250;
    c.end_ms = c.start_ms + 105 * 1000;
    c.status = STATUS_SUCCEEDED;
    return c;
}

static struct log_text_look look_of(unsigned columns)
{
    return (struct log_text_look){
        .columns = columns, .has_utf8 = true, .tz = tz_utc(), .now_ms = NOW_MS};
}

static const char *columns_of(struct change *items, size_t n, const struct log_text_look *look)
{
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 65536);
    const struct change_list list = {.items = items, .n = n};
    log_text_columns(&list, look, &kit_arena, &out);
    return arena_strdup(&kit_arena, buf_text(&out));
}

static const char *rows_of(struct change *items, size_t n)
{
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 65536);
    const struct change_list list = {.items = items, .n = n};
    log_text_rows(&list, &out);
    return arena_strdup(&kit_arena, buf_text(&out));
}

TEST(columns_for_people)
{
    struct change items[] = {example(), example()};
    items[1].kind = CHANGE_FLAG;
    items[1].service = "checkout";
    items[1].env = "staging";
    items[1].rev = items[1].by = "";
    items[1].end_ms = items[1].start_ms;
    items[1].status = STATUS_FAILED;
    items[1].msg = "new_cart on for 5%";
    struct log_text_look look = look_of(120);
    EXPECT_TEXT(
        columns_of(items, 2, &look),
        "TIME                ID         KIND   SERVICE          REV     BY   TOOK  STATUS    "
        "MESSAGE\n"
        "2026-11-22 14:04:06 01KB1234AB deploy website          4f2c1e9 nora 1m45s succeeded fix "
        "login\n"
        "2026-11-22 14:04:06 01KB1234AB flag   checkout@staging -       -    -     failed    "
        "new_cart "
        "on for 5%\n");
    look.is_oneline = true;
    EXPECT_TEXT(columns_of(items, 1, &look),
                "14:04 01KB1234AB deploy website 4f2c1e9 nora 1m45s succeeded fix login\n");
    EXPECT_TEXT(columns_of(items, 0, &look), "");
}

TEST(local_time_and_other_days)
{
    struct change item = example();
    struct log_text_look look = look_of(120);
    look.is_oneline = true;
    look.tz = zone_find("Asia/Tokyo");
    EXPECT(look.tz != NULL);
    EXPECT(!strncmp(columns_of(&item, 1, &look), "23:04 ", 6));
    item.start_ms -= INT64_C(86400000);
    EXPECT(!strncmp(columns_of(&item, 1, &look), "2026-11-21 23:04 ", 17));
}

TEST(rows_for_programs)
{
    struct change item = example();
    EXPECT_TEXT(
        rows_of(&item, 1),
        "2026-11-22T14:04:06.250Z\t01KB1234ABCDEFGHJKMNPQRSTV\tdeploy\twebsite\tproduction\t"
        "4f2c1e9\tnora\t105.000\tsucceeded\tfix login\thttps://ci/1208\t\n");
    struct change blank = change_blank();
    EXPECT_TEXT(rows_of(&blank, 1), "\t\tdeploy\t\t\t\t\t\tunknown\t\t\t\n");
    item.end_ms = 0;
    item.status = STATUS_RUNNING;
    EXPECT(strstr(rows_of(&item, 1), "\tnora\t\trunning\t"));
}

static void below(const struct change *change, const struct log_text_look *look UNUSED,
                  struct buf *out)
{
    buf_printf(out, "  %s, whole\n", change->msg);
}

TEST(more_below_each_line)
{
    struct change items[] = {example(), example()};
    struct log_text_look look = look_of(120);
    look.is_oneline = true;
    look.below = below;
    const char *line = "14:04 01KB1234AB deploy website 4f2c1e9 nora 1m45s succeeded fix login\n"
                       "  fix login, whole\n";
    EXPECT_TEXT(columns_of(items, 2, &look), arena_printf(&kit_arena, "%s%s", line, line));
}

TEST(a_table_for_a_report)
{
    struct change item = example();
    item.msg = "a|b *c* _d_ `e` <f> [g](h)\n\\";
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 10000);
    const struct change_list list = {&item, 1, 1};
    log_text_table(&list, tz_utc(), &kit_arena, &out);
    EXPECT_TEXT(buf_text(&out),
                "| Time | Service | Rev | By | Took | Status | Verdict | Message |\n"
                "| --- | --- | --- | --- | --- | --- | --- | --- |\n"
                "| 2026-11-22 14:04:06 | website | 4f2c1e9 | nora | 1m45s | succeeded | - | "
                "a\\|b \\*c\\* \\_d\\_ \\`e\\` \\<f> \\[g](h) \\\\ |\n");
}

TEST(hostile_texts_stay_in_their_cell)
{
    static const char hostile[] = "a\x1b[2J\tb\r\nc\xC2\x9B"
                                  "31m\xE2\x80\xAE\x07\xFF";
    struct change item = example();
    item.id = item.service = item.env = item.rev = item.by = item.msg = item.url = hostile;
    const struct log_text_look look = look_of(200);
    const char *texts[] = {rows_of(&item, 1), columns_of(&item, 1, &look)};
    size_t n_lines = 0, n_tabs = 0;
    for (size_t i = 0; i < 2; i++)
        for (const char *at = texts[i]; *at; at++) {
            n_lines += *at == '\n';
            n_tabs += *at == '\t';
            EXPECT((unsigned char)*at >= ' ' || *at == '\n' || *at == '\t');
            EXPECT(!(at[0] == '\xC2' && at[1] == '\x9B'));
        }
    EXPECT_I64(n_lines, 3); /* a row, a heading, a line */
    EXPECT_I64(n_tabs, 11);
}

TEST(lines_fit_the_terminal)
{
    struct change item = example();
    item.service = "a/very/long/name/of/a/service/that/nobody/would/type";
    item.by = "Somebody With A Long Name";
    item.msg = "a message that is much longer than what fits into the terminal by any means";
    struct log_text_look look = look_of(120);
    const char *text = columns_of(&item, 1, &look);
    const char *line = strchr(text, '\n') + 1;
    EXPECT_I64(terminal_width(arena_strndup(&kit_arena, line, strlen(line) - 1)), 120);
    EXPECT(strstr(line, "a/very/long/name/of/a/s\xE2\x80\xA6"));
    look.columns = 20; /* the message is still to be seen */
    EXPECT(strstr(columns_of(&item, 1, &look), " a message\xE2\x80\xA6\n"));
    look.columns = 0; /* no terminal */
    EXPECT(strstr(columns_of(&item, 1, &look), " by any means\n"));
}

TEST(colour_only_when_asked)
{
    struct change item = example();
    item.status = STATUS_FAILED;
    struct log_text_look look = look_of(120);
    EXPECT(!strchr(columns_of(&item, 1, &look), '\x1b'));
    look.has_colour = true;
    EXPECT(strstr(columns_of(&item, 1, &look), "\x1b[1;31mfailed\x1b[0m"));
}

TEST(what_it_did_is_a_column_once_one_was_judged)
{
    struct verdict_metric warnings = {
        .name = "php.warnings", .before = 1, .after = 37, .effect = 36};
    struct verdict_metric logins = {.name = "logins", .before = 1, .would_see = 0.06};
    struct verdict harm = verdict_blank(), good = verdict_blank();
    harm.state = VERDICT_HARM;
    harm.moved = &warnings;
    harm.n_moved = 1;
    good.state = VERDICT_NO_HARM;
    good.unmoved = &logins;
    good.n_unmoved = 1;
    struct change items[] = {example(), example(), example()};
    struct log_text_look look = look_of(120);
    look.is_oneline = true;
    items[0].verdict = &harm;
    items[1].verdict = &good;
    items[1].msg = "";
    const char *line = "14:04 01KB1234AB deploy website 4f2c1e9 nora 1m45s succeeded";
    EXPECT_TEXT(columns_of(items, 3, &look),
                arena_printf(&kit_arena,
                             "%s HARM    fix login (php.warnings x37)\n"
                             "%s no harm (saw >= 6%%)\n"
                             "%s -       fix login\n",
                             line, line, line));
    look.has_colour = true;
    EXPECT(strstr(columns_of(items, 1, &look), "\x1b[1;31mHARM\x1b[0m fix login"));
    EXPECT(strstr(rows_of(items, 1), "\thttps://ci/1208\tharm\n"));
}

TEST(durations)
{
    static const struct {
        const char *row;
        int64_t ms;
        const char *want;
    } rows[] = {
        {"nothing", 0, "0.0s"},      {"tenths", 420, "0.4s"},      {"just under ten", 9999, "9.9s"},
        {"seconds", 45000, "45s"},   {"minutes", 105000, "1m45s"}, {"a minute", 60000, "1m00s"},
        {"hours", 7500000, "2h05m"}, {"days", 273600000, "3d04h"},
    };
    EACH_ROW (rows, r) {
        CLEANUP(buf_done) struct buf out;
        buf_init(&out, 100);
        log_text_took(r->ms, &out);
        EXPECT_TEXT(buf_text(&out), r->want);
    }
    struct change item = example();
    item.end_ms = 0;
    item.status = STATUS_RUNNING;
    struct log_text_look look = look_of(120);
    EXPECT(strstr(columns_of(&item, 1, &look), " 5m53s+ running"));
}

RUN_TESTS(test_of(what_it_did_is_a_column_once_one_was_judged), test_of(more_below_each_line),
          test_of(a_table_for_a_report), test_of(columns_for_people),
          test_of(local_time_and_other_days), test_of(rows_for_programs),
          test_of(hostile_texts_stay_in_their_cell), test_of(lines_fit_the_terminal),
          test_of(colour_only_when_asked), test_of(durations))
