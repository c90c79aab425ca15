/* Gaps, and input at the ends of what is allowed. Rows of values are allocated to the byte, so that the
 * address sanitizer sees what is read past them. */
#include "base/mem.h"
#include "impact/weigh_kit.h"

enum { DAY = 1440, N_POINTS = 5 * DAY, CHANGE = N_POINTS - 200 };

TEST(gaps_are_no_news)
{
    static const struct {
        const char *row;
        size_t before, after; /* gaps up to there before the change and after it */
        size_t every;         /* one point in so many is a gap, 0: none */
        bool is_judged;
    } rows[] = {
        {"none", 0, 0, 0, true},
        {"all", CHANGE, 200, 1, false},
        {"half of all", 0, 0, 2, true},
        {"an hour before it only", 60, 0, 0, true},
        {"around it", 10, 10, 0, true},
        {"all after it", 0, 60, 0, false},
        {"most after it", 0, 50, 0, false},
    };
    EACH_ROW (rows, r) {
        int n_moved = 0;
        for (int k = 0; k < 5; k++) {
            struct site *site = site_new(1, 0, N_POINTS);
            site_fill(site, 0, CHANGE - r->before, CHANGE + r->after, (double)NAN);
            for (size_t i = 0; r->every && i < N_POINTS; i++)
                if (kit_random_below(r->every) == 0)
                    site->values[0][i] = (double)NAN;
            const struct weigh_cell *cell = site_weigh(site, CHANGE);
            /* half of the points, more or less: it may be too few */
            EXPECT(r->every == 2 || cell->is_judged == r->is_judged);
            EXPECT(cell->is_judged != is_gap(cell->p));
            n_moved += cell->has_moved;
        }
        EXPECT(n_moved == 0);
    }
}

TEST(a_shift_is_found_between_gaps)
{
    static const struct {
        const char *row;
        size_t before, after, every;
    } rows[] = {{"one in three", 0, 0, 3}, {"before it", 60, 0, 0}, {"around it", 5, 5, 0}};
    EACH_ROW (rows, r) {
        int n_found = 0;
        for (int k = 0; k < 10; k++) {
            struct site *site = site_new(1, 0, N_POINTS);
            site_shift(site, 0, CHANGE, N_POINTS, 6);
            site_fill(site, 0, CHANGE - r->before, CHANGE + r->after, (double)NAN);
            for (size_t i = 0; r->every && i < N_POINTS; i++)
                if (kit_random_below(r->every) == 0)
                    site->values[0][i] = (double)NAN;
            const struct weigh_cell *cell = site_weigh(site, CHANGE);
            n_found += cell->has_moved && cell->direction == VERDICT_UP;
        }
        EXPECT(n_found >= 7);
    }
}

/* ---- ends ---- */

struct edge {
    const char *row;
    size_t n_metrics, n_points, day_points, horizon, history, first, until;
};

static void learn_and_ask(const struct edge *edge, const struct weigh_panel *panel)
{
    const struct weigh_options options = {edge->horizon, edge->history, true};
    struct weigh *weigh = weigh_new(panel, &options, &kit_arena);
    bool *scope = mem_array(edge->n_metrics, bool);
    for (size_t m = 0; m < edge->n_metrics; m++)
        scope[m] = m % 2 == 0;
    struct weigh_change list[] = {{edge->first, scope}, {edge->n_points, scope}, {0, scope}};
    struct weigh_cell *cells = mem_array(edge->n_metrics, struct weigh_cell);
    for (size_t n = 1; n <= COUNT_OF(list); n++) {
        bool is_broad;
        const struct weigh_changes changes = {list, n, 0};
        weigh_change(weigh, &changes, edge->until, cells, &is_broad);
        for (size_t m = 0; m < edge->n_metrics; m++) {
            EXPECT(!cells[m].is_judged || (cells[m].p > 0 && cells[m].p <= 1));
            EXPECT(cells[m].is_judged || (is_gap(cells[m].p) && !cells[m].has_moved));
            EXPECT(!cells[m].is_judged || edge->until > edge->first);
            EXPECT(cells[m].alarm <= edge->horizon);
        }
    }
    for (size_t n = 0; n <= COUNT_OF(list); n++) {
        double *shares = mem_array(n + 1, double), sum = 0;
        const struct weigh_question question = {edge->n_metrics - 1, edge->first, edge->until};
        weigh_question(weigh, &question, &(struct weigh_changes){list, n, 0}, shares, cells);
        for (size_t c = 0; c < n; c++)
            sum += shares[c];
        EXPECT(sum >= 0 && sum <= 1 + 1e-9);
        mem_free(shares);
    }
    mem_free(cells);
    mem_free(scope);
}

TEST(the_ends_of_what_is_allowed_are_safe)
{
    static const struct edge rows[] = {
        {"one point", 1, 1, 1440, 12, 0, 0, 1},
        {"two points", 1, 2, 1440, 12, 1, 1, 2},
        {"no more points than a horizon", 2, 60, 1440, 60, 30, 30, 60},
        {"no history", 2, 3000, 1440, 60, 0, 1500, 1560},
        {"a history of twenty points", 2, 3000, 1440, 12, 20, 1500, 1560},
        {"more history than points", 2, 3000, 1440, 60, 9999, 2900, 2960},
        {"the shortest horizon", 2, 3000, 1440, 12, 2900, 2900, 2912},
        {"the longest horizon", 2, 6 * 1440, 1440, 1440, 4 * 1440, 4 * 1440, 6 * 1440},
        {"a horizon longer than what is there", 2, 1500, 1440, 1440, 700, 700, 1500},
        {"the change is the first point", 2, 3000, 1440, 60, 2000, 0, 60},
        {"the change is the last point", 2, 3000, 1440, 60, 2900, 2999, 3000},
        {"the change is past the points", 2, 3000, 1440, 60, 2900, 3000, 3060},
        {"until is the change", 2, 3000, 1440, 60, 2900, 2900, 2900},
        {"until is before the change", 2, 3000, 1440, 60, 2900, 2900, 100},
        {"until is nothing", 2, 3000, 1440, 60, 2900, 2900, 0},
        {"until is past the points", 2, 3000, 1440, 60, 2900, 2950, 99999},
        {"many metrics", 40, 3000, 1440, 60, 2900, 2900, 2960},
        {"quarter hours", 3, 1000, 96, 12, 900, 900, 1000},
        {"quarter hours, a day", 3, 1000, 96, 96, 900, 900, 1000},
        {"a day shorter than the horizon", 3, 1000, 24, 60, 900, 900, 1000},
        {"a day of one point", 3, 400, 1, 12, 380, 380, 400},
        {"a step of two days", 3, 400, 0, 12, 380, 380, 400},
        {"a horizon of many days", 2, 6000, 96, 1440, 4500, 4500, 6000},
    };
    EACH_ROW (rows, r) {
        double **values = mem_array(r->n_metrics, double *);
        uint32_t *groups = mem_array(r->n_metrics, uint32_t);
        for (size_t m = 0; m < r->n_metrics; m++) {
            values[m] = mem_array(r->n_points, double);
            groups[m] = (uint32_t)m / 2;
            for (size_t i = 0; i < r->n_points; i++)
                values[m][i] = m % 3 == 1 ? site_count(0.1) : 50 + site_normal();
        }
        const struct weigh_panel panel = {
            .values = (const double *const *)values,
            .groups = groups,
            .n_metrics = r->n_metrics,
            .n_points = r->n_points,
            .day_points = r->day_points,
        };
        learn_and_ask(r, &panel);
        for (size_t m = 0; m < r->n_metrics; m++)
            mem_free(values[m]);
        mem_free(values);
        mem_free(groups);
    }
}

RUN_TESTS(test_of(gaps_are_no_news), test_of(a_shift_is_found_between_gaps),
          test_of(the_ends_of_what_is_allowed_are_safe))
