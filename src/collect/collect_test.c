#include <stdatomic.h>

#include "collect/collect.h"
#include "kit/fake_sink.h"
#include "os/file.h"

#include "kit/kit.h"

enum { START_S = 1500000007, STEP_S = 10 };

/* A clock that moves on by a little more than an interval each time it is asked: the thread never waits. */
static int64_t hurried_us(void *self)
{
    _Atomic int64_t *now_us = self;
    return atomic_fetch_add(now_us, (STEP_S + 1) * 1000000ll);
}

static size_t self_values(void *self, struct collect_value *out, size_t n_max)
{
    (void)self;
    EXPECT(n_max >= 3);
    out[0] = (struct collect_value){"ingest.points", 412};
    out[1] = (struct collect_value){"not.known", NAN};
    out[2] = (struct collect_value){"store.series", 7};
    return 3;
}

static struct collect_options options_of(struct fake_sink *sink, _Atomic int64_t *now_us)
{
    return (struct collect_options){
        .sink = fake_sink(sink),
        .clock = {.now_us = hurried_us, .self = now_us},
        .interval_s = STEP_S,
        .proc_dir = kit_temp_dir(),
        .hostname = "web-1.example.org",
        .self_values = self_values,
    };
}

static void write_load(void)
{
    static const char text[] = "0.5 0.25 0.125 1/2 3\n";
    EXPECT_OK(file_replace(kit_path(kit_temp_dir(), "loadavg"), text, strlen(text), &kit_err));
}

TEST(samples_go_into_the_sink_at_whole_multiples)
{
    _Atomic int64_t now_us = START_S * 1000000ll;
    struct fake_sink *sink = fake_sink_new();
    struct collect *collect = NULL;
    struct collect_options options = options_of(sink, &now_us);
    options.host = options.self = true;
    write_load();
    EXPECT_OK(collect_start(&options, &collect, &kit_err));
    EXPECT(fake_sink_wait(sink, 40));
    collect_stop(collect);

    EXPECT(fake_sink_count(sink, "servers.web-1_example_org.load.shortterm", NULL) >= 4);
    EXPECT(fake_sink_count(sink, "servers.web-1_example_org.filesystem.root.used", NULL) >= 4);
    EXPECT(fake_sink_count(sink, "plumb.web-1_example_org.ingest.points", NULL) >= 4);
    EXPECT_I64(fake_sink_count(sink, "plumb.web-1_example_org.not.known", NULL), 0);
    EXPECT_I64(fake_sink_at(sink, 0).at_s, 1500000000);
    for (size_t i = 0; i < fake_sink_stats(sink).n_points; i++)
        EXPECT_I64(fake_sink_at(sink, i).at_s % STEP_S, 0);
    EXPECT_I64(fake_sink_stats(sink).n_writers, 0);
    fake_sink_free(sink);
}

TEST(each_half_can_be_switched_off)
{
    static const struct {
        const char *row;
        bool host, self;
    } rows[] = {{"only the machine", true, false}, {"only plumb", false, true}};
    EACH_ROW (rows, r) {
        _Atomic int64_t now_us = START_S * 1000000ll;
        struct fake_sink *sink = fake_sink_new();
        struct collect *collect = NULL;
        struct collect_options options = options_of(sink, &now_us);
        options.host = r->host;
        options.self = r->self;
        write_load();
        EXPECT_OK(collect_start(&options, &collect, &kit_err));
        EXPECT(fake_sink_wait(sink, 1));
        collect_stop(collect);
        const char *tree = r->host ? "servers." : "plumb.";
        for (size_t i = 0; i < fake_sink_stats(sink).n_points; i++)
            EXPECT(strncmp(fake_sink_at(sink, i).name, tree, strlen(tree)) == 0);
        fake_sink_free(sink);
    }
}

TEST(with_both_off_nothing_runs)
{
    _Atomic int64_t now_us = START_S * 1000000ll;
    struct fake_sink *sink = fake_sink_new();
    struct collect *collect = NULL;
    const struct collect_options options = options_of(sink, &now_us);
    EXPECT_OK(collect_start(&options, &collect, &kit_err));
    collect_stop(collect);
    collect_stop(NULL);
    EXPECT_I64(fake_sink_stats(sink).n_points, 0);
    EXPECT_I64(now_us, START_S * 1000000ll);
    fake_sink_free(sink);
}

TEST(stopping_does_not_wait_for_the_next_sample)
{
    struct fake_sink *sink = fake_sink_new();
    struct collect *collect = NULL;
    struct collect_options options = options_of(sink, NULL);
    options.clock = kit_clock(); /* stands */
    options.self = true;
    options.interval_s = 86400;
    EXPECT_OK(collect_start(&options, &collect, &kit_err));
    EXPECT(fake_sink_wait(sink, 2));
    collect_stop(collect);
    EXPECT_I64(fake_sink_stats(sink).n_points, 2);
    fake_sink_free(sink);
}

TEST(a_sink_that_refuses_stops_nothing)
{
    const struct fake_sink_faults faults = {.n_puts = 1, .n_names_max = 1};
    _Atomic int64_t now_us = START_S * 1000000ll;
    struct fake_sink *sink = fake_sink_new();
    struct collect *collect = NULL;
    struct collect_options options = options_of(sink, &now_us);
    options.self = true;
    fake_sink_set_faults(sink, &faults);
    EXPECT_OK(collect_start(&options, &collect, &kit_err));
    EXPECT(fake_sink_wait(sink, 3));
    collect_stop(collect);
    EXPECT_I64(fake_sink_stats(sink).n_names, 1);
    fake_sink_free(sink);
}

RUN_TESTS(test_of(samples_go_into_the_sink_at_whole_multiples),
          test_of(each_half_can_be_switched_off), test_of(with_both_off_nothing_runs),
          test_of(stopping_does_not_wait_for_the_next_sample),
          test_of(a_sink_that_refuses_stops_nothing))
