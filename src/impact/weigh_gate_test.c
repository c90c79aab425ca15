/* The live gate over all metrics of a change. */
#include "impact/gate.h"
#include "impact/weigh.h"
#include "impact/weigh_kit.h"

enum { DAY = 1440, N_POINTS = 5 * DAY, CHANGE = N_POINTS - 200 };

TEST(rings_within_few_looks_of_a_jump_and_never_before)
{
    static const struct {
        const char *row;
        size_t lag; /* points after the change */
        double by;
    } rows[] = {
        {"at once, up", 0, 6},
        {"at once, down", 0, -6},
        {"after five minutes", 5, 6},
        {"after twenty minutes", 20, 8},
    };
    EACH_ROW (rows, r) {
        int n_rang = 0, n_early = 0;
        for (size_t k = 0; k < 20; k++) {
            struct site *site = site_new(2, 3, N_POINTS);
            size_t at = CHANGE - 43 * k;
            site_shift(site, 0, at + r->lag, at + 60, r->by);
            const struct weigh_cell *cell = site_weigh(site, at);
            n_early += cell->alarm > 0 && cell->alarm <= r->lag;
            n_rang += cell->alarm > r->lag && cell->alarm <= 2 * r->lag + 10;
        }
        EXPECT(n_rang >= 17);
        EXPECT(n_early <= 1); /* by chance, as of clean changes */
    }
}

TEST(stops_few_clean_changes)
{
    enum { PLACES = 200, N_OWN = 3, N_OTHERS = 5 };
    struct site *site = site_new(N_OWN, N_OTHERS, 10 * DAY);
    for (size_t m = 0; m < N_OWN + N_OTHERS; m += 2)
        site_wave(site, m, 15);
    size_t first = site->options.history = 5 * DAY;
    struct weigh *weigh = site_learn(site);
    int n_stopped = 0;
    for (size_t k = 0; k < PLACES; k++) {
        site_weigh_by(weigh, site, first + 35 * k);
        bool rings = false;
        for (size_t m = 0; m < N_OWN + N_OTHERS; m++)
            rings |= site->cells[m].alarm > 0;
        n_stopped += rings;
    }
    EXPECT(n_stopped < PLACES * 8 / 100);
}

TEST(does_not_stop_a_change_for_what_the_whole_site_does)
{
    int n_stopped = 0;
    for (size_t k = 0; k < 10; k++) {
        struct site *site = site_new(3, 10, N_POINTS);
        for (size_t m = 0; m < 13; m++)
            site_shift(site, m, CHANGE - 10, N_POINTS, 6);
        site_weigh(site, CHANGE);
        for (size_t m = 0; m < 3; m++)
            n_stopped += site->cells[m].alarm > 0;
    }
    EXPECT_I64(n_stopped, 0);
}

RUN_TESTS(test_of(rings_within_few_looks_of_a_jump_and_never_before),
          test_of(stops_few_clean_changes),
          test_of(does_not_stop_a_change_for_what_the_whole_site_does))
