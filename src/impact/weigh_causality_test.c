/* Answers do not depend on what was not known then, on the unit, or on the order. */
#include "impact/weigh_kit.h"

enum { DAY = 1440, N_POINTS = 5 * DAY, CHANGE = N_POINTS - 400, N_OWN = 3, N_OTHERS = 6, N = 9 };

/* Noise, a daily wave, counts and a wide range, in turn; the change moved three of them. */
static struct site *mixed_site(void)
{
    struct site *site = site_new(N_OWN, N_OTHERS, N_POINTS);
    for (size_t m = 0; m < N; m++) {
        for (size_t i = 0; i < N_POINTS && m % 4 == 2; i++)
            site->values[m][i] = site_count(5);
        for (size_t i = 0; i < N_POINTS && m % 4 == 3; i++)
            site->values[m][i] = exp(site_normal());
        if (m % 4 == 1)
            site_wave(site, m, 10);
    }
    for (size_t m = 0; m < N; m += 4)
        site_shift(site, m, CHANGE + 2, N_POINTS, 5);
    site_change(site, CHANGE, true);
    site_change(site, CHANGE - 25, false);
    site_change(site, CHANGE + 150, true);
    site->options.history = CHANGE - 60;
    return site;
}

static void weigh_until(struct site *site, size_t until, struct weigh_cell *cells)
{
    weigh_change(site_learn(site), &site->changes, until, cells, NULL);
}

TEST(what_comes_later_changes_no_answer)
{
    static const struct {
        const char *row;
        size_t until; /* points after the change */
        double later; /* a gap: nothing comes */
    } rows[] = {
        {"the whole horizon", 60, -1000}, {"a fraction where whole numbers were", 60, 0.5},
        {"gaps", 60, (double)NAN},        {"half of the horizon", 30, 1e6},
        {"a few minutes", 5, -1000},      {"a few minutes, then gaps", 5, (double)NAN},
        {"past the horizon", 100, 1e6},
    };
    EACH_ROW (rows, r) {
        struct site *site = mixed_site();
        struct weigh_cell known[N], asked_known, asked;
        double shares_known[3], shares[3];
        const struct weigh_question question = {4, CHANGE + 1, CHANGE + r->until};
        weigh_until(site, CHANGE + r->until, known);
        weigh_question(site_learn(site), &question, &site->changes, shares_known, &asked_known);
        for (size_t m = 0; m < N; m++)
            site_fill(site, m, CHANGE + r->until, N_POINTS, r->later);
        struct weigh *weigh = site_learn(site);
        weigh_change(weigh, &site->changes, CHANGE + r->until, site->cells, NULL);
        for (size_t m = 0; m < N; m++)
            EXPECT(site_same(&known[m], &site->cells[m]));
        weigh_question(weigh, &question, &site->changes, shares, &asked);
        EXPECT(site_same(&asked_known, &asked));
        for (size_t c = 0; c < 3; c++)
            EXPECT_F64(shares[c], shares_known[c], 0);
        EXPECT_F64(shares[2], 0, 0); /* a change that comes later */
    }
}

/* The alarm at a point is the same whenever it is asked for. */
TEST(an_alarm_that_rang_has_rung)
{
    struct site *site = mixed_site();
    struct weigh *weigh = site_learn(site);
    size_t alarms[N] = {0}, n_rang = 0;
    for (size_t until = 1; until <= 60; until++) {
        weigh_change(weigh, &site->changes, CHANGE + until, site->cells, NULL);
        for (size_t m = 0; m < N; m++) {
            size_t alarm = site->cells[m].alarm;
            EXPECT(alarm <= until);
            EXPECT(alarm == alarms[m] || (alarms[m] == 0 && alarm == until));
            alarms[m] = alarm;
        }
    }
    for (size_t m = 0; m < N; m++)
        n_rang += alarms[m] > 0;
    EXPECT(n_rang >= 2);
}

TEST(changes_that_come_later_are_no_suspects)
{
    struct site *site = mixed_site();
    struct weigh_cell with[N], without[N];
    weigh_until(site, CHANGE + 60, with);
    site->changes.n = 2;
    weigh_until(site, CHANGE + 60, without);
    for (size_t m = 0; m < N; m++)
        EXPECT(site_same(&with[m], &without[m]));
}

TEST(the_unit_does_not_matter)
{
    static const struct {
        const char *row;
        size_t metric;
        double factor, shift;
    } rows[] = {
        {"plain, in thousandths", 0, 1000, 0},
        {"plain, in thousands", 0, 1e-3, 0},
        {"plain, shifted", 0, 1, 12345},
        {"plain, shifted below zero", 0, 1, -5000},
        {"a wave, in thousandths", 1, 1000, 0},
        {"a wide range, in thousandths", 3, 1000, 0},
        {"a wide range, in thousands", 7, 1e-3, 0},
    };
    EACH_ROW (rows, r) {
        struct site *site = mixed_site();
        weigh_until(site, CHANGE + 60, site->cells);
        struct weigh_cell scaled[N];
        for (size_t i = 0; i < N_POINTS; i++)
            site->values[r->metric][i] = site->values[r->metric][i] * r->factor + r->shift;
        weigh_until(site, CHANGE + 60, scaled);
        for (size_t m = 0; m < N; m++) {
            const struct weigh_cell *got = &scaled[m], *want = &site->cells[m];
            EXPECT_F64(log(got->p), log(want->p), 0.05);
            EXPECT_F64(got->share, want->share, 0.02);
            EXPECT_I64(got->since, want->since);
            EXPECT_I64(got->has_moved, want->has_moved);
        }
        const struct weigh_cell *got = &scaled[r->metric], *want = &site->cells[r->metric];
        EXPECT_F64(got->would_see, want->would_see * r->factor, 0.02 * got->would_see);
        EXPECT_F64(got->before, want->before * r->factor + r->shift, 1e-6 * fabs(got->before));
    }
}

TEST(the_order_of_metrics_does_not_matter)
{
    struct site *site = mixed_site(), *turned = site_new(0, 0, N_POINTS);
    weigh_until(site, CHANGE + 60, site->cells);
    bool own[N], other[N];
    for (size_t m = 0; m < N; m++) {
        size_t from = N - 1 - m;
        turned->values[m] = site->values[from];
        turned->groups[m] = site->groups[from];
        own[m] = site->own[from];
        other[m] = site->other[from];
    }
    turned->panel.n_metrics = N;
    turned->options = site->options;
    turned->changes = site->changes;
    for (size_t c = 0; c < 3; c++)
        site->list[c].in_scope = c == 1 ? other : own;
    weigh_until(turned, CHANGE + 60, turned->cells);
    for (size_t m = 0; m < N; m++) {
        const struct weigh_cell *got = &turned->cells[N - 1 - m], *want = &site->cells[m];
        EXPECT_F64(log(got->p), log(want->p), 1e-6);
        EXPECT_F64(got->chance, want->chance, 1e-6);
        EXPECT_F64(got->would_see, want->would_see, 1e-6 * want->would_see);
        EXPECT_I64(got->since, want->since);
        EXPECT_I64(got->alarm, want->alarm);
    }
}

/* Asking about one change leaves nothing behind for the next. */
TEST(a_question_leaves_nothing_behind)
{
    struct site *site = mixed_site();
    struct weigh_cell again[N];
    struct weigh *weigh = site_learn(site);
    weigh_change(weigh, &site->changes, CHANGE + 60, site->cells, NULL);
    site->changes.which = 1;
    weigh_change(weigh, &site->changes, CHANGE + 60, again, NULL);
    site->changes.which = 0;
    weigh_change(weigh, &site->changes, CHANGE + 60, again, NULL);
    for (size_t m = 0; m < N; m++)
        EXPECT(site_same(&site->cells[m], &again[m]));
}

RUN_TESTS(test_of(what_comes_later_changes_no_answer), test_of(an_alarm_that_rang_has_rung),
          test_of(changes_that_come_later_are_no_suspects), test_of(the_unit_does_not_matter),
          test_of(the_order_of_metrics_does_not_matter), test_of(a_question_leaves_nothing_behind))
