#include <stdio.h>

#include "collect/proc.h"

#include "kit/kit.h"

TEST(reads_the_load)
{
    struct proc_load load;
    EXPECT(proc_parse_load(str_of("0.42 1.30 12.25 3/456 7890\n"), &load));
    EXPECT_F64(load.shortterm, 0.42, 0);
    EXPECT_F64(load.midterm, 1.3, 0);
    EXPECT_F64(load.longterm, 12.25, 0);
}

TEST(refuses_what_is_no_load)
{
    static const struct {
        const char *row, *text;
    } rows[] = {{"nothing", ""}, {"two numbers", "0.1 0.2"}, {"words", "a b c"}};
    EACH_ROW (rows, r) {
        struct proc_load load;
        EXPECT(!proc_parse_load(str_of(r->text), &load));
    }
}

TEST(reads_the_time_of_all_processors)
{
    static const char text[] =
        "cpu  100 2 30 4000 50 6 7 8 9 10\ncpu0 1 1 1 1 1 1 1 1 1 1\nintr 5\n";
    struct proc_cpu cpu;
    EXPECT(proc_parse_cpu(str_of(text), &cpu));
    static const uint64_t ticks[PROC_CPU_MODES] = {100, 2, 30, 4000, 50, 6, 7, 8};
    for (int i = 0; i < PROC_CPU_MODES; i++)
        EXPECT_I64(cpu.ticks[i], ticks[i]);
    EXPECT_TEXT(proc_cpu_mode_name(PROC_CPU_IOWAIT), "iowait");
}

TEST(knows_old_kernels_and_no_processors)
{
    struct proc_cpu cpu;
    EXPECT(proc_parse_cpu(str_of("cpu 1 2 3 4\n"), &cpu));
    EXPECT_I64(cpu.ticks[PROC_CPU_IDLE], 4);
    EXPECT_I64(cpu.ticks[PROC_CPU_STEAL], 0);
    EXPECT(!proc_parse_cpu(str_of("cpu 1 2 3\n"), &cpu));
    EXPECT(!proc_parse_cpu(str_of("cpu0 1 2 3 4\n"), &cpu));
    EXPECT(!proc_parse_cpu(str_of("cpu -1 2 3 4\n"), &cpu));
}

TEST(reads_the_memory)
{
    static const char text[] = "MemTotal:       16384000 kB\nMemFree:         1000000 kB\n"
                               "MemAvailable:    9000000 kB\nBuffers:          200000 kB\n"
                               "Cached:          7000000 kB\nSwapCached:            5 kB\n"
                               "SReclaimable:     300000 kB\nHugePages_Total:       0\n";
    struct proc_memory memory;
    EXPECT(proc_parse_memory(str_of(text), &memory));
    EXPECT_I64(memory.total_bytes, 16384000ll * 1024);
    EXPECT_I64(memory.free_bytes, 1000000ll * 1024);
    EXPECT_I64(memory.available_bytes, 9000000ll * 1024);
    EXPECT_I64(memory.buffered_bytes, 200000ll * 1024);
    EXPECT_I64(memory.cached_bytes, 7300000ll * 1024);
    EXPECT_I64(memory.used_bytes, (16384000ll - 8500000) * 1024);
    EXPECT(!proc_parse_memory(str_of("MemTotal: 5 kB\n"), &memory));
    EXPECT(!proc_parse_memory(str_of("MemFree: 5 kB\n"), &memory));
    EXPECT(proc_parse_memory(str_of("MemTotal: 5 kB\nMemFree: 9 kB"), &memory));
    EXPECT_I64(memory.used_bytes, 0);
}

/* Recorded on a server with NVMe, SATA, RAID and LVM. */
static const char disks_text[] =
    "   7       0 loop0 11 0 22 3 0 0 0 0 0 4 3 0 0 0 0\n"
    " 259       0 nvme0n1 7100 12 560000 900 8200 340 990000 5100 0 4400 6000 0 0 0 0 1 2\n"
    " 259       1 nvme0n1p1 100 0 8000 10 1 0 1 0 0 8 10 0 0 0 0\n"
    " 259       2 nvme0n1p2 7000 12 552000 890 8199 340 989999 5100 0 4390 5990 0 0 0 0\n"
    " 259       3 nvme1n1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
    "   8       0 sda 50 1 4000 20 60 2 5000 30 0 44 50\n"
    "   8       1 sda1 50 1 4000 20 60 2 5000 30 0 44 50\n"
    "   8      16 sdaa 3 0 24 1 0 0 0 0 0 1 1\n"
    "   9       0 md0 9 0 72 0 9 0 72 0 0 0 0\n"
    " 253       0 dm-0 9 0 72 0 9 0 72 0 0 0 0\n"
    " 202       1 xvda1 5 0 40 0 6 0 48 0 0 7 0\n"
    "garbage\n"
    "   8      32 sdb 1 2 3\n";

TEST(finds_real_disks)
{
    static const struct {
        const char *row;
        uint64_t n_reads, read_bytes, n_writes, write_bytes, busy_ms;
    } rows[] = {
        {"nvme0n1", 7100, 560000 * 512, 8200, 990000 * 512, 4400},
        {"sda", 50, 4000 * 512, 60, 5000 * 512, 44},
        {"sdaa", 3, 24 * 512, 0, 0, 1},
        {"xvda1", 5, 40 * 512, 6, 48 * 512, 7},
    };
    struct proc_disk disks[PROC_DEVICES_MAX];
    const size_t n = proc_parse_disks(str_of(disks_text), disks);
    EXPECT_I64(n, COUNT_OF(rows));
    const struct proc_disk *got = disks;
    EACH_ROW (rows, r) {
        EXPECT_TEXT(got->name, r->row);
        EXPECT_I64(got->n_reads, r->n_reads);
        EXPECT_I64(got->read_bytes, r->read_bytes);
        EXPECT_I64(got->n_writes, r->n_writes);
        EXPECT_I64(got->write_bytes, r->write_bytes);
        EXPECT_I64(got->busy_ms, r->busy_ms);
        got++;
    }
}

static const char net_text[] =
    "Inter-|   Receive                                                |  Transmit\n"
    " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop "
    "fifo"
    " colls carrier compressed\n"
    "    lo: 999 9 0 0 0 0 0 0 999 9 0 0 0 0 0 0\n"
    "  eth0: 123456 200 1 2 0 0 0 5 654321 300 0 0 0 0 0 0\n"
    "  eth1:       0       0    0    0    0     0          0         0        0       0 0 0 0 0 0 "
    "0\n"
    "eth0.100:77 8 0 0 0 0 0 0 99 10 0 0 0 0 0 0\n"
    "vethab12: 5 5 0 0 0 0 0 0 5 5 0 0 0 0 0 0\n"
    " wlan0: 5 5 0 0\n";

TEST(finds_interfaces)
{
    struct proc_net nets[PROC_DEVICES_MAX];
    EXPECT_I64(proc_parse_net(str_of(net_text), nets), 2);
    EXPECT_TEXT(nets[0].name, "eth0");
    EXPECT_I64(nets[0].rx_bytes, 123456);
    EXPECT_I64(nets[0].rx_packets, 200);
    EXPECT_I64(nets[0].tx_bytes, 654321);
    EXPECT_I64(nets[0].tx_packets, 300);
    EXPECT_TEXT(nets[1].name, "eth0.100");
    EXPECT_I64(nets[1].rx_bytes, 77);
}

TEST(stops_at_as_many_devices_as_there_is_room_for)
{
    char text[PROC_DEVICES_MAX * 2 * 64], nets_text[PROC_DEVICES_MAX * 2 * 64];
    size_t n = 0, n_nets = 0;
    for (int i = 0; i < PROC_DEVICES_MAX * 2; i++) {
        n += (size_t)snprintf(text + n, sizeof text - n, "8 %d vd%c%c 1 1 1 1 1 1 1 1 1 1 1\n", i,
                              'a' + i / 26, 'a' + i % 26);
        n_nets += (size_t)snprintf(nets_text + n_nets, sizeof nets_text - n_nets,
                                   "e%d: 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n", i);
    }
    struct proc_disk disks[PROC_DEVICES_MAX];
    struct proc_net nets[PROC_DEVICES_MAX];
    EXPECT_I64(proc_parse_disks(str_of(text), disks), PROC_DEVICES_MAX);
    EXPECT_I64(proc_parse_net(str_of(nets_text), nets), PROC_DEVICES_MAX);
}

RUN_TESTS(test_of(reads_the_load), test_of(refuses_what_is_no_load),
          test_of(reads_the_time_of_all_processors), test_of(knows_old_kernels_and_no_processors),
          test_of(reads_the_memory), test_of(finds_real_disks), test_of(finds_interfaces),
          test_of(stops_at_as_many_devices_as_there_is_room_for))
