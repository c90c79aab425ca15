#include <stdio.h>

#include "base/mem.h"
#include "ingest/order.h"

#include "kit/kit.h"

enum {
    NAMES_MAX = 400,
    NAME_ROOM = 96,
    N_ROUNDS = 60,
};

/* Names as a sink keeps them: ids are indexes. */
struct names {
    char at[NAMES_MAX][NAME_ROOM];
};

static struct names *names_new(void)
{
    struct names *names = mem_zalloc(sizeof *names);
    for (int i = 0; i < NAMES_MAX; i++) /* short and long ones, many with the same beginning */
        snprintf(names->at[i], NAME_ROOM,
                 i % 3 ? "n%d " : "servers.web-%05d.cpu.total.iowait.percent ", i);
    return names;
}

struct sender {
    struct names *names;
    struct order order;
    struct order_budget budget;
    unsigned n_missed;
};

static void open_sender(struct sender *sender)
{
    *sender = (struct sender){.names = names_new()};
    order_init(&sender->order, &sender->budget);
}

static void close_sender(struct sender *sender)
{
    order_done(&sender->order);
    EXPECT_I64(sender->budget.n_entries, 0);
    mem_free(sender->names);
}

/* One line of series id: what is foreseen must be it; what is not is learned, at once. */
static void send(struct sender *sender, uint32_t id)
{
    char line[NAME_ROOM + 64];
    snprintf(line, sizeof line, "%s1 1500000000\n", sender->names->at[id]);
    const struct order_entry *entry = order_next(&sender->order, line);
    if (!entry)
        entry = order_search(&sender->order, line);
    if (entry) {
        EXPECT_I64(entry->id, id);
        return;
    }
    const struct str sent = str_make(line, strcspn(line, " "));
    const struct sink_name name = {.at = sender->names->at[id], .n = (uint32_t)sent.n};
    sender->n_missed++;
    order_learn(&sender->order, order_miss(&sender->order), id, name, sent);
}

/* Sends ids[0..n) and returns how many were not foreseen. */
static unsigned lap(struct sender *sender, const uint32_t *ids, size_t n)
{
    sender->n_missed = 0;
    for (size_t i = 0; i < n; i++)
        send(sender, ids[i]);
    return sender->n_missed;
}

static size_t fill(uint32_t *ids, uint32_t from, uint32_t until)
{
    size_t n = 0;
    for (uint32_t i = from; i < until; i++)
        ids[n++] = i;
    return n;
}

TEST(a_steady_order_is_foreseen_from_the_second_lap_on)
{
    static const struct {
        const char *row;
        uint32_t n;
    } rows[] = {{"one series", 1},
                {"two", 2},
                {"the first list, full", 128},
                {"one more", 129},
                {"many", NAMES_MAX}};
    EACH_ROW (rows, r) {
        struct sender sender;
        uint32_t ids[NAMES_MAX];
        open_sender(&sender);
        const size_t n = fill(ids, 0, r->n);
        EXPECT_I64(lap(&sender, ids, n), r->n);
        for (int i = 0; i < 5; i++)
            EXPECT_I64(lap(&sender, ids, n), 0);
        close_sender(&sender);
    }
}

TEST(a_new_series_costs_one_miss)
{
    struct sender sender;
    uint32_t ids[NAMES_MAX];
    open_sender(&sender);
    const size_t n = fill(ids, 0, 300);
    (void)lap(&sender, ids, n);
    (void)lap(&sender, ids, n);
    memmove(ids + 101, ids + 100, (n - 100) * sizeof *ids);
    ids[100] = 399;
    EXPECT_I64(lap(&sender, ids, n + 1), 1);
    EXPECT_I64(lap(&sender, ids, n + 1), 0);
    close_sender(&sender);
}

TEST(series_that_end_cost_little)
{
    static const struct {
        const char *row;
        uint32_t from, until;  /* of those that end, of 300 */
        unsigned n_missed_max; /* in the first and the second lap without them */
    } rows[] = {
        {"one", 100, 101, 0},
        {"seven", 100, 107, 0},
        {"a host of a hundred", 100, 200, 100},
        {"the first one", 0, 1, 0},
        {"the first hundred", 0, 100, 200},
        {"the last one", 299, 300, ORDER_STUCK},
        {"the last hundred", 200, 300, ORDER_STUCK},
    };
    EACH_ROW (rows, r) {
        struct sender sender;
        uint32_t ids[NAMES_MAX];
        open_sender(&sender);
        size_t n = fill(ids, 0, 300);
        (void)lap(&sender, ids, n);
        (void)lap(&sender, ids, n);
        n = fill(ids, 0, r->from);
        n += fill(ids + n, r->until, 300);
        const unsigned first = lap(&sender, ids, n);
        const unsigned both = first + lap(&sender, ids, n);
        EXPECT(both <= r->n_missed_max);
        (void)lap(&sender, ids, n);
        (void)lap(&sender, ids, n);
        EXPECT_I64(lap(&sender, ids, n), 0);
        close_sender(&sender);
    }
}

TEST(a_series_sent_twice_a_lap_is_learned)
{
    static const uint32_t ids[] = {1, 2, 3, 1, 4, 5};
    struct sender sender;
    open_sender(&sender);
    for (int i = 0; i < 4; i++)
        (void)lap(&sender, ids, COUNT_OF(ids));
    EXPECT_I64(lap(&sender, ids, COUNT_OF(ids)), 0);
    close_sender(&sender);
}

TEST(another_spelling_is_foreseen_too)
{
    static const char line[] = "cpu;host=a;dc=x 1 1500000000\n";
    static const char stored[] = "cpu;dc=x;host=a ";
    struct order_budget budget = {0};
    struct order order;
    order_init(&order, &budget);
    const struct sink_name name = {.at = stored, .n = sizeof stored - 2};
    EXPECT(order_next(&order, line) == NULL);
    order_learn(&order, order_miss(&order), 7, name, str_make(line, sizeof stored - 2));
    const struct order_entry *entry = order_search(&order, line);
    EXPECT(entry && entry->id == 7);
    entry = order_search(&order, line);
    EXPECT(entry && entry->id == 7);
    order_done(&order);
}

TEST(what_is_learned_too_late_is_ignored)
{
    struct sender sender;
    open_sender(&sender);
    const struct order_place place = order_miss(&sender.order);
    const uint32_t ids[] = {1, 2, 3};
    for (int i = 0; i < 6; i++) {
        (void)lap(&sender, ids, COUNT_OF(ids));
        send(&sender, (uint32_t)(10 + i)); /* each lap goes another way: lists change */
    }
    const struct sink_name name = {.at = "late ", .n = 4};
    order_learn(&sender.order, place, 99, name, str_of("late"));
    EXPECT(order_search(&sender.order, "late 1 1500000000\n") == NULL);
    close_sender(&sender);
}

TEST(without_room_nothing_is_recorded_and_nothing_breaks)
{
    struct sender sender;
    uint32_t ids[NAMES_MAX];
    open_sender(&sender);
    sender.budget.n_entries = ORDER_ENTRIES_MAX;
    const size_t n = fill(ids, 0, 50);
    EXPECT_I64(lap(&sender, ids, n), 50);
    EXPECT_I64(lap(&sender, ids, n), 50);
    sender.budget.n_entries = 0;
    (void)lap(&sender, ids, n);
    (void)lap(&sender, ids, n);
    (void)lap(&sender, ids, n);
    EXPECT_I64(lap(&sender, ids, n), 0);

    /* Room for this lap is gone: the old lap is kept. */
    const size_t n_used = sender.budget.n_entries;
    sender.budget.n_entries = ORDER_ENTRIES_MAX;
    send(&sender, 60);
    (void)lap(&sender, ids, n);
    EXPECT_I64(lap(&sender, ids, n), 0);
    sender.budget.n_entries = n_used;
    close_sender(&sender);
}

/* Laps that change at random: never a wrong series, and quiet again soon after the changes end. */
TEST(never_mistakes_a_series_for_another)
{
    for (int round = 0; round < N_ROUNDS && kit_failures() == 0; round++) {
        struct sender sender;
        uint32_t ids[NAMES_MAX];
        open_sender(&sender);
        const size_t n = fill(ids, 0, (uint32_t)(1 + kit_random_below(NAMES_MAX - 1)));
        for (int i = 0; i < 12; i++) {
            const uint64_t n_swaps = kit_random_below(4) ? kit_random_below(6) : n;
            for (uint64_t s = 0; s < n_swaps; s++) {
                const size_t a = kit_random_below(n), b = kit_random_below(n);
                const uint32_t kept = ids[a];
                ids[a] = ids[b];
                ids[b] = kept;
            }
            /* A part of a lap now and then, as when a sender reconnects its own sources. */
            (void)lap(&sender, ids, kit_random_below(5) ? n : kit_random_below(n));
        }
        for (int i = 0; i < 6; i++)
            (void)lap(&sender, ids, n);
        EXPECT_I64(lap(&sender, ids, n), 0);
        close_sender(&sender);
    }
}

RUN_TESTS(test_of(a_steady_order_is_foreseen_from_the_second_lap_on),
          test_of(a_new_series_costs_one_miss), test_of(series_that_end_cost_little),
          test_of(a_series_sent_twice_a_lap_is_learned), test_of(another_spelling_is_foreseen_too),
          test_of(what_is_learned_too_late_is_ignored),
          test_of(without_room_nothing_is_recorded_and_nothing_breaks),
          test_of(never_mistakes_a_series_for_another))
