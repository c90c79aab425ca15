#include "announce/teller.h"

#include <pthread.h>
#include <stdio.h>

#include "base/mem.h"
#include "os/file.h"
#include "os/realtime.h"

#include "kit/fake_source.h"
#include "kit/kit.h"

enum { ITEMS_MAX = 64, TOLD_MAX = 256, WAIT_US = 10000000, SECOND = 1000, MINUTE = 60000 };

/* The far end, and the ledger; both are used by two threads. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct change items[ITEMS_MAX];
static struct fake_changes ledger;
static char told[TOLD_MAX][64];
static size_t n_told, n_closed;
static enum err_kind refusal; /* ERR_NONE: it takes everything */
static int64_t retry_ms;
static uint64_t n_tries;

static bool since(void *self, uint64_t after, size_t n, struct arena *arena,
                  struct change_list *out, struct err *err)
{
    const struct changes fake = fake_changes(self);
    pthread_mutex_lock(&mutex);
    const bool is_ok = fake.ops->since(self, after, n, arena, out, err);
    pthread_mutex_unlock(&mutex);
    return is_ok;
}

static bool get(void *self, const char *id, struct arena *arena, struct change *out,
                struct err *err)
{
    const struct changes fake = fake_changes(self);
    pthread_mutex_lock(&mutex);
    const bool is_ok = fake.ops->get(self, id, arena, out, err);
    pthread_mutex_unlock(&mutex);
    return is_ok;
}

static uint64_t last_seq(void *self)
{
    const struct changes fake = fake_changes(self);
    pthread_mutex_lock(&mutex);
    const uint64_t seq = fake.ops->last_seq(self);
    pthread_mutex_unlock(&mutex);
    return seq;
}

static bool tell(struct channel *channel, const struct message *message, const char **out_thread,
                 struct err *err)
{
    pthread_mutex_lock(&mutex);
    n_tries++;
    const enum err_kind kind = refusal;
    channel->retry_ms = retry_ms;
    const char *what = message->id + 25;
    if (message->moment == MOMENT_VERDICT) /* of which the id has the time */
        what = arena_printf(message->arena, "%.2s%s%s", what, message->before ? "revised " : "",
                            verdict_state_name(message->change->verdict->state));
    if (kind == ERR_NONE && n_told < TOLD_MAX)
        snprintf(told[n_told++], sizeof told[0], "%s%s%s", what, message->thread[0] ? " in " : "",
                 message->thread);
    pthread_mutex_unlock(&mutex);
    *out_thread = message->thread[0] ? "" : "t";
    return kind == ERR_NONE || FAIL(err, kind, "not now");
}

static void close_fake(struct channel *channel)
{
    n_closed++;
    mem_free(channel);
}

static const char *const keys[] = {NULL};
static struct channel_kind kind = {.name = "fake", .keys = keys, .tell = tell, .close = close_fake};
static const struct filter all = {.kinds = {true, true, true, true, true, true, true, true, true},
                                  .start = true,
                                  .end = true,
                                  .is_enabled = true};
static struct announce_options options;

static struct teller *started(void)
{
    static const struct changes_ops ops = {.since = since, .get = get, .last_seq = last_seq};
    struct teller *teller = NULL;
    struct channel *channel = mem_zalloc(sizeof *channel);
    channel->kind = &kind;
    channel->name = "x";
    options = (struct announce_options){.dir = kit_temp_dir(),
                                        .base_url = "http://plumb",
                                        .clock = kit_clock(),
                                        .changes = {&ops, &ledger}};
    EXPECT_OK(teller_start(&options, &all, channel, &teller, &kit_err));
    return teller;
}

static void stop(struct teller *teller)
{
    teller_stop(teller);
    EXPECT(teller_await(teller, monotonic_us() + WAIT_US));
    teller_cut(teller);
    teller_free(teller);
}

static void begin(bool is_patient, bool is_noted_first)
{
    ledger = (struct fake_changes){.items = items};
    n_told = n_tries = 0;
    refusal = ERR_NONE;
    retry_ms = 0;
    kind.is_patient = is_patient;
    kind.is_noted_first = is_noted_first;
    kit_now_raise(1700000000000000);
}

static int64_t now(void)
{
    const struct clock clock = kit_clock();
    return clock_us(&clock) / 1000;
}

/* Change number i: its newest row is the newest of all. */
static void record(size_t i, enum change_status status, int64_t start_ms, int64_t end_ms)
{
    static const char *const ids[] = {"01JD9Q6X4T7M0000000000000A", "01JD9Q6X4T7M0000000000000B",
                                      "01JD9Q6X4T7M0000000000000C"};
    const uint64_t seq = last_seq(&ledger) + 1;
    pthread_mutex_lock(&mutex);
    items[i] = change_blank();
    items[i].id = ids[i];
    items[i].service = "web";
    items[i].source = "cli";
    items[i].status = status;
    items[i].start_ms = start_ms;
    items[i].end_ms = end_ms;
    items[i].received_ms = now();
    items[i].seq = seq;
    ledger.n = ledger.n > i ? ledger.n : i + 1;
    pthread_mutex_unlock(&mutex);
}

/* All that was told so far, once there are n of them. */
static const char *told_text(size_t n)
{
    const int64_t until_us = monotonic_us() + WAIT_US;
    const char *text = "";
    for (;;) {
        pthread_mutex_lock(&mutex);
        const bool is_there = n_told >= n;
        for (size_t i = 0; is_there && i < n_told; i++)
            text = arena_printf(&kit_arena, "%s%s%s", text, i ? ", " : "", told[i]);
        pthread_mutex_unlock(&mutex);
        if (is_there || monotonic_us() > until_us)
            return text;
        sleep_us(1000);
    }
}

static bool await_tries(uint64_t n)
{
    const int64_t until_us = monotonic_us() + WAIT_US;
    bool is_there = false;
    while (!is_there && monotonic_us() < until_us) {
        pthread_mutex_lock(&mutex);
        is_there = n_tries >= n;
        pthread_mutex_unlock(&mutex);
        sleep_us(500);
    }
    return is_there;
}

/* A number of its state, once it is what is wanted. */
static bool await_state(struct teller *teller, const char *part)
{
    const int64_t until_us = monotonic_us() + WAIT_US;
    while (monotonic_us() < until_us) {
        CLEANUP(buf_done) struct buf out;
        buf_init(&out, 64 * 1024);
        struct jsonw json;
        jsonw_init(&json, &out, 0);
        teller_write_state(teller, &json);
        if (strstr(buf_text(&out), part))
            return true;
        sleep_us(1000);
    }
    return false;
}

static void pass(struct teller *teller, int64_t ms)
{
    kit_now_raise((now() + ms) * 1000);
    teller_wake(teller);
}

TEST(start_and_end_are_one_thread_and_told_once)
{
    begin(false, false);
    struct teller *teller = started();
    record(0, STATUS_RUNNING, now(), 0);
    teller_wake(teller);
    EXPECT_TEXT(told_text(1), "A.start");
    record(0, STATUS_SUCCEEDED, now(), now());
    teller_wake(teller);
    EXPECT_TEXT(told_text(2), "A.start, A.end in t");
    record(0, STATUS_SUCCEEDED, now(), now()); /* another telling of the same */
    record(1, STATUS_FAILED, now(), now());
    teller_wake(teller);
    EXPECT_TEXT(told_text(3), "A.start, A.end in t, B.end");
    record(0, STATUS_FAILED, now(), now());
    teller_wake(teller);
    EXPECT_TEXT(told_text(4), "A.start, A.end in t, B.end, A.again in t");
    stop(teller);

    teller = started(); /* and not again after a restart */
    record(2, STATUS_SUCCEEDED, now(), now());
    teller_wake(teller);
    EXPECT_TEXT(told_text(5), "A.start, A.end in t, B.end, A.again in t, C.end");
    stop(teller);
}

static void judge(size_t i, enum verdict_stage stage, enum verdict_state state)
{
    static struct verdict verdicts[TOLD_MAX];
    static size_t n;
    const uint64_t seq = last_seq(&ledger) + 1;
    pthread_mutex_lock(&mutex);
    verdicts[n] = verdict_blank();
    verdicts[n].stage = stage;
    verdicts[n].state = state;
    verdicts[n].made_ms = now();
    items[i].verdict = &verdicts[n++];
    items[i].seq = seq;
    pthread_mutex_unlock(&mutex);
}

/* Something that is told, so that what came before it was looked at. */
static void mark(size_t i, struct teller *teller)
{
    record(i, STATUS_SUCCEEDED, now(), now());
    teller_wake(teller);
}

TEST(a_verdict_is_told_once_for_each_thing_it_says)
{
    begin(false, false);
    struct teller *teller = started();
    record(0, STATUS_SUCCEEDED, now(), now());
    teller_wake(teller);
    EXPECT_TEXT(told_text(1), "A.end");
    judge(0, VERDICT_15M, VERDICT_HARM);
    teller_wake(teller);
    EXPECT_TEXT(told_text(2), "A.end, A.harm in t");
    stop(teller);

    teller = started(); /* it remembers */
    pass(teller, 60 * MINUTE);
    judge(0, VERDICT_1H, VERDICT_HARM);
    mark(1, teller);
    EXPECT_TEXT(told_text(3), "A.end, A.harm in t, B.end");
    pass(teller, 23 * 60 * MINUTE); /* for so long, too */
    mark(2, teller);
    EXPECT_TEXT(told_text(4), "A.end, A.harm in t, B.end, C.end");
    judge(0, VERDICT_24H, VERDICT_NO_HARM);
    judge(1, VERDICT_24H, VERDICT_NO_HARM); /* nobody asked for that */
    teller_wake(teller);
    EXPECT_TEXT(told_text(5), "A.end, A.harm in t, B.end, C.end, A.revised no_harm in t");
    stop(teller);
}

TEST(a_verdict_that_is_old_is_no_news)
{
    begin(true, false);
    struct teller *teller = started();
    record(0, STATUS_SUCCEEDED, now(), now());
    teller_wake(teller);
    EXPECT_TEXT(told_text(1), "A.end");
    stop(teller);
    judge(0, VERDICT_15M, VERDICT_HARM);
    kit_now_raise((now() + 16 * MINUTE) * 1000);
    teller = started();
    mark(1, teller);
    EXPECT_TEXT(told_text(2), "A.end, B.end");
    EXPECT(await_state(teller, "\"skipped\":1"));
    stop(teller);
}

TEST(the_end_waits_for_a_start_that_was_tried)
{
    begin(true, false);
    struct teller *teller = started();
    refusal = ERR_BUSY;
    record(0, STATUS_RUNNING, now(), 0);
    teller_wake(teller);
    EXPECT(await_tries(1));
    record(0, STATUS_SUCCEEDED, now(), now());
    EXPECT(await_state(teller, "\"state\":\"failing\""));
    refusal = ERR_NONE;
    pass(teller, 5 * SECOND);
    EXPECT_TEXT(told_text(2), "A.start, A.end in t");
    stop(teller);
}

TEST(people_are_told_soon_or_not_at_all)
{
    begin(false, false);
    struct teller *teller = started();
    refusal = ERR_IO;
    record(0, STATUS_SUCCEEDED, now(), now());
    teller_wake(teller);
    EXPECT(await_tries(1));
    pass(teller, 16 * MINUTE);
    EXPECT(await_state(teller, "\"dead\":1"));
    EXPECT(await_state(teller, "A.end\",\"reason\":\"not taken in 1 tries: not now"));
    record(1, STATUS_SUCCEEDED, now() - 16 * MINUTE, now() - 15 * MINUTE - 1);
    teller_wake(teller);
    EXPECT(await_state(teller, "\"skipped\":1"));
    EXPECT_I64(n_tries, 1);
    stop(teller);
}

TEST(programs_are_told_for_three_days)
{
    begin(true, false);
    struct teller *teller = started();
    refusal = ERR_BUSY;
    record(0, STATUS_SUCCEEDED, now(), now());
    teller_wake(teller);
    EXPECT(await_tries(1));
    stop(teller);
    teller = started();
    pass(teller, 71 * 60 * MINUTE); /* old, but it was fresh when it was first tried */
    EXPECT(await_tries(2));
    pass(teller, 2 * 60 * MINUTE);
    EXPECT(await_state(teller, "\"dead\":1"));
    record(1, STATUS_SUCCEEDED, now() - 16 * MINUTE, now() - 16 * MINUTE);
    teller_wake(teller);
    EXPECT(await_state(teller, "\"skipped\":1"));
    stop(teller);
    EXPECT_I64(n_told, 0);
}

TEST(what_will_never_be_taken_is_a_dead_letter)
{
    begin(true, false);
    struct teller *teller = started();
    refusal = ERR_REFUSED;
    record(0, STATUS_RUNNING, now(), 0);
    teller_wake(teller);
    EXPECT(await_state(teller, "A.start\",\"reason\":\"not now\""));
    refusal = ERR_NONE;
    record(0, STATUS_SUCCEEDED, now(), now());
    teller_wake(teller);
    EXPECT_TEXT(told_text(1), "A.end");
    stop(teller);
}

TEST(a_peer_that_asks_for_a_pause_gets_it)
{
    begin(true, false);
    struct teller *teller = started();
    refusal = ERR_BUSY;
    retry_ms = 20 * MINUTE;
    record(0, STATUS_SUCCEEDED, now(), now());
    teller_wake(teller);
    EXPECT(await_tries(1));
    record(1, STATUS_SUCCEEDED, now(), now());
    teller_wake(teller);
    EXPECT(await_state(teller, "\"waiting\":2"));
    refusal = ERR_NONE;
    retry_ms = 0;
    EXPECT_I64(n_tries, 1);
    pass(teller, 21 * MINUTE); /* what had to wait was fresh */
    EXPECT_TEXT(told_text(2), "A.end, B.end");
    stop(teller);
}

TEST(a_peer_that_is_gone_ends_the_channel)
{
    begin(true, false);
    struct teller *teller = started();
    refusal = ERR_MISSING;
    record(0, STATUS_SUCCEEDED, now(), now());
    teller_wake(teller);
    EXPECT(await_state(teller, "\"state\":\"gone\""));
    record(1, STATUS_SUCCEEDED, now(), now());
    pass(teller, 10 * SECOND);
    EXPECT(await_state(teller, "\"waiting\":2"));
    EXPECT_I64(n_tries, 1);
    stop(teller);
}

TEST(who_cannot_be_asked_is_noted_as_told_before)
{
    begin(false, true);
    struct teller *teller = started();
    refusal = ERR_BUSY; /* not connected: nothing was said */
    record(0, STATUS_SUCCEEDED, now(), now());
    teller_wake(teller);
    EXPECT(await_tries(1));
    EXPECT(await_state(teller, "\"waiting\":1"));
    refusal = ERR_NONE;
    pass(teller, 5 * SECOND);
    EXPECT_TEXT(told_text(1), "A.end");
    stop(teller);
}

TEST(a_new_channel_begins_with_what_comes_after_it)
{
    begin(false, false);
    record(0, STATUS_SUCCEEDED, now(), now());
    struct teller *teller = started();
    record(1, STATUS_SUCCEEDED, now(), now());
    teller_wake(teller);
    EXPECT_TEXT(told_text(1), "B.end");
    stop(teller);
    n_closed = 0;
    EXPECT_OK(file_replace(kit_path(kit_temp_dir(), "x.state"), "plumb-announce 1\nn 99\n", 22,
                           &kit_err));
    teller = started(); /* of another ledger, which is behind */
    record(2, STATUS_SUCCEEDED, now(), now());
    teller_wake(teller);
    EXPECT_TEXT(told_text(2), "B.end, C.end");
    stop(teller);
    EXPECT_I64(n_closed, 1);
}

TEST(a_change_that_is_no_longer_there_is_a_dead_letter)
{
    begin(true, false);
    struct teller *teller = started();
    refusal = ERR_BUSY;
    record(0, STATUS_SUCCEEDED, now(), now());
    teller_wake(teller);
    EXPECT(await_tries(1));
    EXPECT(await_state(teller, "\"failed\":1"));
    pthread_mutex_lock(&mutex);
    ledger.n = 0;
    pthread_mutex_unlock(&mutex);
    pass(teller, 5 * SECOND);
    EXPECT(await_state(teller, "A.gone\",\"reason\":\"there is no change"));
    EXPECT(await_state(teller, "\"waiting\":0"));
    stop(teller);
}

TEST(a_long_history_is_passed_over_in_one_go)
{
    static struct change many[1000];
    begin(true, false);
    struct teller *teller = started();
    pthread_mutex_lock(&mutex);
    for (size_t i = 0; i < COUNT_OF(many); i++) {
        many[i] = change_blank();
        many[i].id = arena_printf(&kit_arena, "01JD9Q6X4T7M0000000000%04zu", i);
        many[i].status = STATUS_SUCCEEDED;
        many[i].start_ms = many[i].end_ms = 1600000000000;
        many[i].seq = i + 1;
    }
    ledger = (struct fake_changes){.items = many, .n = COUNT_OF(many)};
    pthread_mutex_unlock(&mutex);
    teller_wake(teller);
    EXPECT(await_state(teller, "\"skipped\":1000,"));
    stop(teller);
    EXPECT_I64(n_tries, 0);
}

TEST(tests_by_hand)
{
    begin(false, false);
    struct teller *teller = started();
    EXPECT_OK(teller_test(teller, &kit_err));
    EXPECT_I64(n_tries, 1);
    refusal = ERR_IO;
    EXPECT_ERR(teller_test(teller, &kit_err), ERR_IO, "announce x: not now");
    EXPECT(await_state(teller, "\"told\":0"));
    stop(teller);
}

TEST(backing_off)
{
    static const int64_t want_s[] = {5, 15, 45, 135, 405, 1215, 3645, 10935, 21600, 21600};
    for (uint32_t i = 0; i < COUNT_OF(want_s); i++)
        EXPECT_I64(teller_backoff_ms(i + 1), want_s[i] * 1000);
    EXPECT_I64(teller_backoff_ms(UINT32_MAX), 21600000);
}

RUN_TESTS(
    test_of(a_verdict_is_told_once_for_each_thing_it_says),
    test_of(a_verdict_that_is_old_is_no_news), test_of(start_and_end_are_one_thread_and_told_once),
    test_of(the_end_waits_for_a_start_that_was_tried), test_of(people_are_told_soon_or_not_at_all),
    test_of(programs_are_told_for_three_days), test_of(what_will_never_be_taken_is_a_dead_letter),
    test_of(a_peer_that_asks_for_a_pause_gets_it), test_of(a_peer_that_is_gone_ends_the_channel),
    test_of(who_cannot_be_asked_is_noted_as_told_before),
    test_of(a_new_channel_begins_with_what_comes_after_it),
    test_of(a_change_that_is_no_longer_there_is_a_dead_letter),
    test_of(a_long_history_is_passed_over_in_one_go), test_of(tests_by_hand), test_of(backing_off))
