#include "impact/weigh.h"

#include "impact/weigh_kit.h"

enum { DAY = 1440, N_POINTS = 5 * DAY, CHANGE = N_POINTS - 200, PLACES = 20 };

static size_t distance(size_t a, size_t b)
{
    return a > b ? a - b : b - a;
}

/* ---- what is found ---- */

enum shape { STEP_UP, STEP_DOWN, RAMP, PULSE, NOISE };

static void hit(struct site *site, enum shape shape, size_t at)
{
    double *values = site->values[0];
    size_t end = at + 60;
    for (size_t i = at; i < end; i++) {
        double since = (double)(i - at);
        if (shape == STEP_UP || shape == STEP_DOWN)
            values[i] += shape == STEP_UP ? 4 : -4;
        else if (shape == RAMP)
            values[i] += fmin(4, 4 * (since + 1) / 20);
        else if (shape == PULSE)
            values[i] += i < at + 20 ? 4 : 0;
        else
            values[i] = 100 + 4 * (values[i] - 100);
    }
}

TEST(finds_what_began_which_way_and_when)
{
    static const struct {
        const char *row;
        enum shape shape;
        enum verdict_direction direction;
        size_t onset_within;
    } rows[] = {
        {"a step up", STEP_UP, VERDICT_UP, 2},      {"a step down", STEP_DOWN, VERDICT_DOWN, 2},
        {"a ramp", RAMP, VERDICT_UP, 10},           {"a pulse", PULSE, VERDICT_UP, 2},
        {"more noise", NOISE, VERDICT_ERRATIC, 10},
    };
    EACH_ROW (rows, r) {
        int n_found = 0, n_right = 0, n_in_time = 0;
        for (size_t k = 0; k < PLACES; k++) {
            struct site *site = site_new(1, 0, N_POINTS);
            size_t at = CHANGE - 37 * k;
            hit(site, r->shape, at);
            const struct weigh_cell *cell = site_weigh(site, at);
            n_found += cell->has_moved && cell->p < 1e-3;
            n_right += cell->direction == r->direction;
            n_in_time += distance(cell->since, at) <= r->onset_within;
        }
        EXPECT(n_found >= PLACES - 2);
        EXPECT(n_right >= PLACES - 4);
        EXPECT(n_in_time >= PLACES - 4);
    }
}

/* One change breaks it and the next mends it, both within one horizon: each is told its own. */
TEST(what_one_broke_and_another_mended_is_both)
{
    static const struct {
        const char *row;
        size_t apart;
    } rows[] = {{"10 points", 10}, {"20, as a horizon's third", 20}, {"31", 31}, {"50", 50}};
    EACH_ROW (rows, r) {
        int n_up = 0, n_down = 0, n_in_time = 0, n_blamed = 0;
        for (size_t k = 0; k < PLACES; k++) {
            struct site *site = site_new(1, 0, N_POINTS);
            size_t broke = CHANGE - 37 * k, mended = broke + r->apart;
            site_shift(site, 0, broke, mended, 8);
            site->options.history = broke;
            site_change(site, broke, true);
            site_change(site, mended, true);
            site_change(site, broke > 40 ? broke - 40 : 0, true); /* did nothing */
            struct weigh *weigh = site_learn(site);
            const struct weigh_cell *cell = site->cells;
            weigh_change(weigh, &site->changes, mended + 60, site->cells, NULL);
            n_up += cell->has_moved && cell->direction == VERDICT_UP;
            n_in_time += distance(cell->since, broke) <= 1;
            site->changes.which = 1;
            weigh_change(weigh, &site->changes, mended + 60, site->cells, NULL);
            n_down += cell->has_moved && cell->direction == VERDICT_DOWN;
            n_in_time += distance(cell->since, mended) <= 1;
            site->changes.which = 2;
            weigh_change(weigh, &site->changes, mended + 60, site->cells, NULL);
            n_blamed += cell->chance > 0.8;
        }
        EXPECT(n_up >= PLACES - 2);
        EXPECT(n_down >= PLACES - 4);
        EXPECT(n_in_time >= 2 * PLACES - 4);
        EXPECT(n_blamed <= 1);
    }
}

TEST(tells_what_was_and_what_was_to_be_expected)
{
    struct site *site = site_new(1, 0, N_POINTS);
    site_shift(site, 0, CHANGE, N_POINTS, 4);
    const struct weigh_cell *cell = site_weigh(site, CHANGE);
    EXPECT(cell->is_judged);
    EXPECT_F64(cell->before, 100, 0.5);
    EXPECT_F64(cell->after, 104, 0.5);
    EXPECT_F64(cell->expected, 100, 0.7);
    EXPECT(cell->expected_sd > 0.05 && cell->expected_sd < 0.5);
    EXPECT(cell->share > 0.5 && cell->share <= 1);
    EXPECT(cell->chance > 0.6 && cell->chance <= 1);
    EXPECT(cell->rank == 1 && cell->n_rank > 100);
}

TEST(a_daily_wave_is_expected_to_go_on)
{
    struct site *site = site_new(1, 0, N_POINTS);
    site_wave(site, 0, 30);
    size_t dawn = 4 * DAY; /* where it climbs by 7.8 in an hour */
    const struct weigh_cell *cell = site_weigh(site, dawn);
    EXPECT(!cell->has_moved);
    EXPECT(cell->after - cell->before > 6);
    EXPECT_F64(cell->expected, cell->after, 1.5);
}

TEST(a_constant_that_begins_to_move_is_found)
{
    struct site *site = site_new(1, 0, N_POINTS);
    site_fill(site, 0, 0, N_POINTS, 7);
    EXPECT_F64(site_weigh(site, CHANGE)->p, 1, 0);
    EXPECT(site->cells[0].is_judged && !site->cells[0].has_moved);
    site_shift(site, 0, CHANGE, N_POINTS, -2);
    const struct weigh_cell *cell = site_weigh(site, CHANGE);
    EXPECT(cell->p < 0.01);
    EXPECT(cell->has_moved);
    EXPECT_I64(cell->direction, VERDICT_DOWN);
    EXPECT(distance(cell->since, CHANGE) <= 1);
}

TEST(errors_where_there_were_none_are_found)
{
    int n_found = 0, n_clean = 0;
    for (size_t k = 0; k < PLACES; k++) {
        struct site *site = site_new(1, 0, N_POINTS);
        site_fill(site, 0, 0, N_POINTS, 0);
        for (size_t i = CHANGE; i < N_POINTS; i++)
            site->values[0][i] = site_count(2);
        const struct weigh_cell *cell = site_weigh(site, CHANGE);
        n_found += cell->has_moved && cell->direction == VERDICT_UP;
        n_clean += site_weigh(site, CHANGE - 200)->p < 1;
    }
    EXPECT_I64(n_found, PLACES);
    EXPECT_I64(n_clean, 0);
}

/* One error in 200 points before, two a point after. That it stands out is sure; whose it is, less so: a
 * lone error shortly before the change may pass for the beginning. */
TEST(rare_errors_that_become_frequent_stand_out)
{
    int n_odd = 0, n_found = 0;
    for (size_t k = 0; k < PLACES; k++) {
        struct site *site = site_new(1, 0, N_POINTS);
        for (size_t i = 0; i < N_POINTS; i++)
            site->values[0][i] = site_count(i < CHANGE ? 0.005 : 2);
        const struct weigh_cell *cell = site_weigh(site, CHANGE);
        n_odd += cell->p < 1e-3 && cell->direction == VERDICT_UP;
        n_found += cell->has_moved;
    }
    EXPECT_I64(n_odd, PLACES);
    EXPECT(n_found >= PLACES / 3);
}

TEST(with_a_short_history_less_is_claimed)
{
    double p[3];
    const size_t days[] = {1, 2, 4};
    for (size_t d = 0; d < COUNT_OF(days); d++) {
        p[d] = 0;
        for (size_t k = 0; k < PLACES; k++) {
            struct site *site = site_new(1, 0, days[d] * DAY + 60);
            site_shift(site, 0, days[d] * DAY, days[d] * DAY + 60, 3);
            p[d] += log(site_weigh(site, days[d] * DAY)->p) / PLACES;
        }
    }
    EXPECT(p[0] > p[1] + 1);
    EXPECT(p[1] > p[2] + 1);
    struct site *site = site_new(1, 0, 260);
    site_shift(site, 0, 200, 260, 4);
    EXPECT(!site_weigh(site, 200)->is_judged || site->cells[0].p > 0.05);
}

/* Twice what it says that it would have seen: that is seen four times in five. */
TEST(would_see_is_kept)
{
    enum { N = 50 };
    static const struct {
        const char *row;
        double wave;
        bool is_count;
    } rows[] = {{"noise", 0, false}, {"a daily wave", 10, false}, {"counts", 0, true}};
    EACH_ROW (rows, r) {
        int n_found = 0;
        for (size_t k = 0; k < N; k++) {
            struct site *site = site_new(1, 0, N_POINTS);
            size_t at = CHANGE - 41 * k;
            for (size_t i = 0; r->is_count && i < N_POINTS; i++)
                site->values[0][i] = site_count(20);
            site_wave(site, 0, r->wave);
            double would_see = site_weigh(site, at)->would_see;
            EXPECT(would_see > 0 && would_see < 10);
            site_shift(site, 0, at, N_POINTS, r->is_count ? ceil(2 * would_see) : 2 * would_see);
            n_found += site_weigh(site, at)->has_moved;
        }
        EXPECT(n_found >= N * 8 / 10);
    }
}

/* ---- what is left alone ---- */

enum { CLEAN_METRICS = 10, CLEAN_PLACES = 40 };

static int count_odd(struct site *site)
{
    size_t first = site->options.history = 3 * DAY;
    struct weigh *weigh = site_learn(site);
    int n_odd = 0;
    for (size_t k = 0; k < CLEAN_PLACES; k++) {
        site_weigh_by(weigh, site, first + 70 * k);
        for (size_t m = 0; m < CLEAN_METRICS; m++) {
            EXPECT(site->cells[m].is_judged);
            n_odd += site->cells[m].p < 0.01;
        }
    }
    return n_odd;
}

TEST(where_nothing_happens_little_stands_out)
{
    static const struct {
        const char *row;
        double wave;
    } rows[] = {{"white noise", 0}, {"a daily wave", 20}};
    EACH_ROW (rows, r) {
        struct site *site = site_new(CLEAN_METRICS, 0, N_POINTS);
        for (size_t m = 0; m < CLEAN_METRICS; m++)
            site_wave(site, m, r->wave);
        EXPECT(count_odd(site) <= 12); /* 3 % of 400 */
    }
}

/* ---- whose it is ---- */

enum { OWN = 4, OTHERS = 10 };

static int weigh_shifted(size_t before, bool *out_is_broad)
{
    struct site *site = site_new(OWN, OTHERS, N_POINTS);
    for (size_t m = 0; m < OWN + OTHERS; m++)
        site_shift(site, m, CHANGE - before, N_POINTS, 4);
    site_change(site, CHANGE, true);
    site->options.history = CHANGE - 60;
    weigh_change(site_learn(site), &site->changes, CHANGE + 60, site->cells, out_is_broad);
    int n_moved = 0;
    for (size_t m = 0; m < OWN; m++)
        n_moved += site->cells[m].has_moved;
    return n_moved;
}

TEST(what_the_whole_site_did_before_is_not_blamed_on_a_change)
{
    for (int k = 0; k < 10; k++) {
        bool is_broad = true;
        EXPECT_I64(weigh_shifted(10, &is_broad), 0);
        is_broad = false;
        EXPECT_I64(weigh_shifted(0, &is_broad), OWN);
        EXPECT(is_broad);
    }
}

TEST(of_two_neighbours_the_right_one_has_the_larger_share)
{
    int n_right = 0;
    for (size_t k = 0; k < PLACES; k++) {
        struct site *site = site_new(1, 0, N_POINTS);
        size_t right = k % 2;
        site_shift(site, 0, CHANGE + 10 * right, N_POINTS, 4);
        site_change(site, CHANGE, true);
        site_change(site, CHANGE + 10, true);
        site->options.history = CHANGE;
        struct weigh *weigh = site_learn(site);
        double share[2];
        for (size_t c = 0; c < 2; c++) {
            site->changes.which = c;
            weigh_change(weigh, &site->changes, CHANGE + 70, site->cells, NULL);
            share[c] = site->cells[0].share;
        }
        double asked[2];
        const struct weigh_question question = {0, CHANGE + 10 * right, CHANGE + 70};
        weigh_question(weigh, &question, &site->changes, asked, site->cells);
        EXPECT(asked[0] + asked[1] <= 1 + 1e-9);
        EXPECT(site->cells[0].has_moved);
        n_right += share[right] > share[1 - right] && asked[right] > asked[1 - right];
    }
    EXPECT(n_right >= PLACES - 3);
}

TEST(a_jump_far_from_any_change_is_nobodys)
{
    int n_none = 0;
    for (size_t k = 0; k < PLACES; k++) {
        struct site *site = site_new(1, 0, N_POINTS);
        site_shift(site, 0, CHANGE, N_POINTS, 4);
        site_change(site, CHANGE - 50, true);
        site_change(site, CHANGE + 20, true);
        site->options.history = CHANGE - 60;
        double shares[2];
        const struct weigh_question question = {0, CHANGE, CHANGE + 60};
        weigh_question(site_learn(site), &question, &site->changes, shares, site->cells);
        n_none += shares[0] + shares[1] < 0.5;
        EXPECT(distance(site->cells[0].since, CHANGE) <= 4);
    }
    EXPECT(n_none >= PLACES - 1);
}

RUN_TESTS(test_of(finds_what_began_which_way_and_when),
          test_of(what_one_broke_and_another_mended_is_both),
          test_of(tells_what_was_and_what_was_to_be_expected),
          test_of(a_daily_wave_is_expected_to_go_on),
          test_of(a_constant_that_begins_to_move_is_found),
          test_of(errors_where_there_were_none_are_found),
          test_of(rare_errors_that_become_frequent_stand_out),
          test_of(with_a_short_history_less_is_claimed), test_of(would_see_is_kept),
          test_of(where_nothing_happens_little_stands_out),
          test_of(what_the_whole_site_did_before_is_not_blamed_on_a_change),
          test_of(of_two_neighbours_the_right_one_has_the_larger_share),
          test_of(a_jump_far_from_any_change_is_nobodys))
