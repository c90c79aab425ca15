#include <stdio.h>

#include "base/mem.h"
#include "collect/sampler.h"
#include "os/file.h"

#include "kit/kit.h"

enum { SECOND_US = 1000000 };

struct fixture {
    const char *dir;
    struct sampler *sampler;
    struct sampler_values *values;
};

static void write_proc(const struct fixture *f, const char *name, const char *text)
{
    EXPECT_OK(file_replace(kit_path(f->dir, name), text, strlen(text), &kit_err));
}

static void open_fixture(struct fixture *f)
{
    f->dir = kit_temp_dir();
    f->sampler = sampler_new(f->dir, f->dir);
    f->values = mem_zalloc(sizeof *f->values);
    EXPECT_OK(dir_make(kit_path(f->dir, "net"), &kit_err));
}

static void close_fixture(struct fixture *f)
{
    sampler_free(f->sampler);
    mem_free(f->values);
}

/* NAN: not there. */
static double value_of(const struct fixture *f, const char *name)
{
    for (size_t i = 0; i < f->values->n; i++) {
        if (strcmp(f->values->items[i].name, name) == 0)
            return f->values->items[i].value;
    }
    return NAN;
}

static void write_all(const struct fixture *f, int lap)
{
    char text[256];
    write_proc(f, "loadavg", "0.5 0.25 0.125 1/2 3\n");
    write_proc(f, "meminfo", "MemTotal: 1000 kB\nMemFree: 400 kB\nCached: 100 kB\n");
    snprintf(text, sizeof text, "cpu %d 0 %d %d %d 0 0 0\n", 100 + 50 * lap, 100 + 25 * lap,
             1000 + 100 * lap, 10 + 25 * lap);
    write_proc(f, "stat", text);
    snprintf(text, sizeof text, "8 0 sda %d 0 %d 0 %d 0 %d 0 0 %d 0\n", 10 + 20 * lap,
             100 + 200 * lap, 5 + 10 * lap, 50 + 100 * lap, 1000 + 5000 * lap);
    write_proc(f, "diskstats", text);
    snprintf(text, sizeof text, "eth0.1: %d %d 0 0 0 0 0 0 %d %d 0 0 0 0 0 0\n", 1000 + 500 * lap,
             10 + 5 * lap, 2000 + 1000 * lap, 20 + 10 * lap);
    write_proc(f, "net/dev", text);
}

TEST(the_first_look_has_no_rates)
{
    struct fixture f;
    open_fixture(&f);
    write_all(&f, 0);
    sampler_take(f.sampler, 1000 * SECOND_US, f.values);
    EXPECT_F64(value_of(&f, "load.midterm"), 0.25, 0);
    EXPECT_F64(value_of(&f, "memory.used"), 500 * 1024, 0);
    EXPECT_F64(value_of(&f, "memory.cached"), 100 * 1024, 0);
    EXPECT(value_of(&f, "filesystem.root.used") > 0);
    EXPECT(value_of(&f, "filesystem.root.used_percent") <= 100);
    EXPECT(isnan(value_of(&f, "cpu.user")));
    EXPECT(isnan(value_of(&f, "disk.sda.read_bytes")));
    close_fixture(&f);
}

TEST(the_second_look_has_rates)
{
    static const struct {
        const char *row;
        double value;
    } rows[] = {
        {"cpu.user", 25},
        {"cpu.system", 12.5},
        {"cpu.idle", 50},
        {"cpu.iowait", 12.5},
        {"cpu.steal", 0},
        {"disk.sda.read_bytes", 10240},
        {"disk.sda.write_bytes", 5120},
        {"disk.sda.read_ops", 2},
        {"disk.sda.write_ops", 1},
        {"disk.sda.busy_percent", 50},
        {"net.eth0_1.rx_bytes", 50},
        {"net.eth0_1.tx_bytes", 100},
        {"net.eth0_1.rx_packets", 0.5},
        {"net.eth0_1.tx_packets", 1},
    };
    struct fixture f;
    open_fixture(&f);
    write_all(&f, 0);
    sampler_take(f.sampler, 1000 * SECOND_US, f.values);
    write_all(&f, 1);
    sampler_take(f.sampler, 1010 * SECOND_US, f.values);
    EACH_ROW (rows, r)
        EXPECT_F64(value_of(&f, r->row), r->value, 1e-9);
    close_fixture(&f);
}

TEST(a_counter_that_went_back_is_left_out_once)
{
    struct fixture f;
    open_fixture(&f);
    write_all(&f, 5);
    sampler_take(f.sampler, 1000 * SECOND_US, f.values);
    write_all(&f, 0);
    sampler_take(f.sampler, 1010 * SECOND_US, f.values);
    EXPECT(isnan(value_of(&f, "disk.sda.read_bytes")));
    EXPECT(isnan(value_of(&f, "net.eth0_1.rx_bytes")));
    EXPECT(isnan(value_of(&f, "cpu.user")));
    write_all(&f, 1);
    sampler_take(f.sampler, 1020 * SECOND_US, f.values);
    EXPECT_F64(value_of(&f, "disk.sda.read_bytes"), 10240, 0);
    close_fixture(&f);
}

TEST(what_a_machine_does_not_tell_is_left_out)
{
    struct fixture f;
    open_fixture(&f);
    for (int i = 0; i < 3; i++)
        sampler_take(f.sampler, (1000 + i) * SECOND_US, f.values);
    EXPECT_I64(f.values->n, 3);
    EXPECT(isnan(value_of(&f, "load.shortterm")));
    close_fixture(&f);
    sampler_free(NULL);
}

TEST(a_clock_that_stands_or_goes_back_makes_no_rates)
{
    struct fixture f;
    open_fixture(&f);
    write_all(&f, 0);
    sampler_take(f.sampler, 1000 * SECOND_US, f.values);
    sampler_take(f.sampler, 1000 * SECOND_US, f.values);
    EXPECT(isnan(value_of(&f, "cpu.idle")));
    sampler_take(f.sampler, 900 * SECOND_US, f.values);
    EXPECT(isnan(value_of(&f, "cpu.idle")));
    close_fixture(&f);
}

TEST(names_of_devices_become_nodes)
{
    static const struct {
        const char *row, *text, *node;
    } rows[] = {
        {"plain", "eth0", "eth0"},
        {"dots", "web.ex.org", "web_ex_org"},
        {"odd", "a b;c=d/\xc3\xa9", "a_b_c_d___"},
        {"cut", "0123456789abcdef", "0123456789a"},
        {"nothing", "", ""},
    };
    EACH_ROW (rows, r) {
        char node[12];
        sampler_node(r->text, node, sizeof node);
        EXPECT_TEXT(node, r->node);
    }
}

/* This machine's own /proc: every name fits, every value is a number. */
TEST(the_real_thing_can_be_looked_at)
{
    struct fixture f;
    open_fixture(&f);
    struct sampler *real = sampler_new("/proc", "/");
    sampler_take(real, 1000 * SECOND_US, f.values);
    sampler_take(real, 1010 * SECOND_US, f.values);
    EXPECT(value_of(&f, "memory.used") > 0);
    EXPECT(value_of(&f, "load.shortterm") >= 0);
    for (size_t i = 0; i < f.values->n; i++)
        EXPECT(isfinite(f.values->items[i].value));
    sampler_free(real);
    close_fixture(&f);
}

RUN_TESTS(test_of(the_first_look_has_no_rates), test_of(the_second_look_has_rates),
          test_of(a_counter_that_went_back_is_left_out_once),
          test_of(what_a_machine_does_not_tell_is_left_out),
          test_of(a_clock_that_stands_or_goes_back_makes_no_rates),
          test_of(names_of_devices_become_nodes), test_of(the_real_thing_can_be_looked_at))
