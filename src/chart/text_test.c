#include "base/buf.h"
#include "chart/sample_kit.h"

static const struct chart_text_size usual = {80, 18, false, true};

static const char *text_of(const struct chart_input *input, struct chart_text_size size)
{
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 1 << 20);
    EXPECT_OK(chart_text(input, size, &kit_arena, &out, &kit_err));
    return arena_strdup(&kit_arena, buf_text(&out));
}

static void expect_golden(const char *name, const char *text)
{
    EXPECT_GOLDEN(arena_printf(&kit_arena, "chart/%s.txt", name), text, strlen(text));
}

/* A wave, deploys of which one failed, and a rollback. */
static struct chart_input logins(const char *params)
{
    static const struct series_mark marks[] = {
        {(SAMPLE_T + 3600) * 1000LL, 1.0, "a", false},
        {(SAMPLE_T + 5400) * 1000LL, 1.0, "b", true},
        {(SAMPLE_T + 5700) * 1000LL, -1.0, "back to a", false},
    };
    struct chart_input input = sample_input(params, 7200);
    sample_add(&input, sample_wave("logins", 60, 120, 100, 1900, 80));
    struct series *s = sample_series("events.deploy.website", 60, 120);
    s->style.as_infinite = true;
    s->values[60] = s->values[90] = 1.0;
    s->values[95] = -1.0;
    s->marks = marks;
    s->n_marks = COUNT_OF(marks);
    sample_add(&input, s);
    return input;
}

TEST(a_line_and_deploys_in_braille)
{
    struct chart_input input = logins("title=Logins");
    expect_golden("text-braille", text_of(&input, usual));
}

TEST(a_line_and_deploys_in_ascii)
{
    struct chart_input input = logins("title=Logins");
    struct chart_text_size size = usual;
    size.use_braille = false;
    const char *text = text_of(&input, size);
    for (const char *at = text; *at; at++)
        EXPECT(*at == '\n' || (*at >= ' ' && *at <= '~'));
    expect_golden("text-ascii", text);
}

TEST(colours_are_switched_off_again)
{
    struct chart_input input = logins("title=Logins");
    struct chart_text_size size = {60, 12, true, true};
    expect_golden("text-colour", text_of(&input, size));
}

TEST(two_lines_in_ascii_have_letters_of_their_own)
{
    struct chart_input input = sample_input("", 7200);
    sample_add(&input, sample_wave("low", 60, 120, 0, 40, 60));
    sample_add(&input, sample_wave("high", 60, 120, 60, 100, 40));
    struct chart_text_size size = {60, 14, false, false};
    expect_golden("text-two", text_of(&input, size));
}

TEST(no_data)
{
    struct chart_input input = sample_input("", 7200);
    expect_golden("text-no-data", text_of(&input, (struct chart_text_size){40, 10, false, true}));
}

TEST(many_changes_in_one_column_are_counted)
{
    struct chart_input input = sample_input("", 7200);
    struct series *s = sample_series("deploys", 1, 7200);
    s->style.as_infinite = true;
    for (size_t i = 0; i < 5; i++)
        s->values[3600 + i] = 1.0;
    for (size_t i = 0; i < 30; i++)
        s->values[6000 + i] = 1.0;
    sample_add(&input, s);
    const char *text = text_of(&input, usual);
    EXPECT(strstr(text, " 5 ") != NULL);
    EXPECT(strstr(text, " +") != NULL);
    EXPECT(strstr(text, "35 changes") != NULL);
}

/* Five hundred seconds apart: each verdict, then harm among four in one column. */
TEST(verdicts_are_in_the_row_of_changes)
{
    static const struct {
        const char *row;
        bool use_braille;
        const char *signs[5], *legend;
    } rows[] = {
        {"braille",
         true,
         {"\xe2\x97\x8b", "\xe2\x9c\x93", "?", "\xe2\x97\x86", "!"},
         "! 2 harm, \xe2\x97\x86 1 moved, ? 1 cannot tell, \xe2\x9c\x93 1 improved, "
         "\xe2\x97\x8b 1 no harm"},
        {"plain",
         false,
         {"o", "*", "?", "~", "!"},
         "! 2 harm, ~ 1 moved, ? 1 cannot tell, * 1 improved, o 1 no harm"},
    };
    struct chart_change changes[9] = {0};
    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        changes[i].start_ms = SAMPLE_T * 1000LL + 1000 * (int64_t)(500 + (i < 5 ? i : 5) * 1000);
        changes[i].verdict = i < 5    ? (enum verdict_state)(VERDICT_NO_HARM + i)
                             : i == 7 ? VERDICT_HARM
                                      : VERDICT_PENDING;
    }
    EACH_ROW (rows, r) {
        struct chart_input input = sample_input("", 7200);
        sample_add(&input, sample_wave("logins", 60, 120, 0, 9, 9));
        input.changes = changes;
        input.n_changes = COUNT_OF(changes);
        struct chart_text_size size = {100, 18, false, r->use_braille};
        const char *text = text_of(&input, size), *at = text;
        for (size_t i = 0; i < 14; i++)
            at = at ? strchr(at + 1, '\n') : NULL;
        EXPECT(strstr(text, r->legend) != NULL);
        EXPECT(strstr(text, "9 changes") != NULL);
        for (size_t i = 0; at && i < 6; i++) {
            while (*at == ' ' || *at == '\n')
                at++;
            const char *sign = r->signs[i < 5 ? i : 4];
            EXPECT(text_starts(at, sign));
            at += strlen(sign);
        }
        EXPECT(at && *at == '\n');
    }
}

TEST(the_screen_is_never_exceeded)
{
    static const char *const titles[] = {
        "", "title=A title that is longer than most terminals are wide, for it goes on and on",
        "title=\xe4\xbd\xa0\xe5\xa5\xbd\xf0\x9f\x98\x80"};
    for (int round = 0; round < 300; round++) {
        struct chart_input input = logins(titles[kit_random_below(3)]);
        for (uint64_t k = kit_random_below(6); k > 0; k--)
            sample_add(&input, sample_wave("another.series.with.a.name", 60, 120, 0, 1, 9));
        struct chart_text_size size = {20 + (unsigned)kit_random_below(150),
                                       5 + (unsigned)kit_random_below(40), false,
                                       kit_random_below(2) == 0};
        struct str rest = str_of(text_of(&input, size)), line;
        size_t n_rows = 0;
        while (rest.n > 0 && str_split(&rest, '\n', &line)) {
            size_t n_columns = 0;
            for (size_t i = 0; i < line.n; i++)
                n_columns += ((unsigned char)line.at[i] & 0xc0) != 0x80;
            EXPECT(n_columns <= size.columns);
            n_rows++;
        }
        EXPECT(n_rows > 3 && n_rows <= size.rows);
        if (kit_failures())
            return;
    }
}

TEST(bad_sizes_and_bad_input_are_refused)
{
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 1 << 20);
    struct chart_input input = logins("");
    EXPECT_ERR(chart_text(&input, (struct chart_text_size){10, 20, false, true}, &kit_arena, &out,
                          &kit_err),
               ERR_LIMIT, "columns");
    EXPECT_ERR(chart_text(&input, (struct chart_text_size){80, 4, false, true}, &kit_arena, &out,
                          &kit_err),
               ERR_LIMIT, "rows");
    EXPECT_ERR(chart_text(&input, (struct chart_text_size){80, 100000, false, true}, &kit_arena,
                          &out, &kit_err),
               ERR_LIMIT, "rows");
    input = logins("lineMode=wavy");
    EXPECT_ERR(chart_text(&input, usual, &kit_arena, &out, &kit_err), ERR_INPUT, "lineMode");
    EXPECT_I64(out.n, 0);
}

/* A name must not be able to steer the terminal. */
TEST(escapes_in_names_are_disarmed)
{
    struct chart_input input = sample_input("title=\x1b]0;owned\x07", 7200);
    sample_add(&input, sample_wave("\x1b[2J\x1b[31mred", 60, 120, 0, 1, 9));
    const char *text = text_of(&input, usual);
    EXPECT(strchr(text, '\x1b') == NULL);
    EXPECT(strchr(text, '\x07') == NULL);
}

RUN_TESTS(test_of(a_line_and_deploys_in_braille), test_of(a_line_and_deploys_in_ascii),
          test_of(colours_are_switched_off_again),
          test_of(two_lines_in_ascii_have_letters_of_their_own), test_of(no_data),
          test_of(many_changes_in_one_column_are_counted),
          test_of(verdicts_are_in_the_row_of_changes), test_of(the_screen_is_never_exceeded),
          test_of(bad_sizes_and_bad_input_are_refused), test_of(escapes_in_names_are_disarmed))
