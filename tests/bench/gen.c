/* gen: a deterministic plaintext stream, in the order real agents send it.
 *
 *   gen [-s series] [-p points] [-i step_s] [-t start] [-r root] [-n files] [-S seed] [-T] -o FILE|-
 *
 * Every host owns 100 series (10 plugins of 10 metrics). For each time step every host sends its 100
 * lines, host after host: the order that a receiver sees. With -n N the hosts are dealt over the files
 * FILE.0 .. FILE.N-1, one per connection. -T: tagged names.
 *
 * Values come from small models per metric (counters, gauges with 0 to 3 decimals, constants, rare
 * events) driven by a seeded generator, so the same options always give the same bytes. The random
 * bits that the models spent are counted: bits a point is the floor below which no lossless store can go. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/num.h"

enum {
    PER_HOST = 100,
    BUFFER_BYTES = 1 << 20,
    LINE_ROOM = 256,
    NAME_ROOM = 96,
    FILES_MAX = 64,
    DECIMALS_MAX = 3,
};

enum kind { CONST, RARE, BYTES, EVENTS, WALK, NOISE, PAGES, STEPS };

/* a, b: WALK start, largest step; NOISE base, spread; BYTES and EVENTS rate; CONST value. */
struct metric {
    const char *plugin, *inst, *name;
    enum kind kind;
    int decimals;
    int64_t a, b;
};

/* clang-format off */
static const struct metric metrics[PER_HOST] = {
#define M(p, i, n, k, d, a, b) { p, i, n, k, d, a, b },
#define CPU(i) M("cpu",i,"user",NOISE,1,120,40) M("cpu",i,"system",NOISE,1,40,15) \
  M("cpu",i,"idle",NOISE,1,800,60) M("cpu",i,"iowait",WALK,2,40,6) M("cpu",i,"steal",RARE,1,5,0)
CPU("total") CPU("core0")
#define MEM(i) M("memory",i,"used",PAGES,0,2000000,64) M("memory",i,"cached",PAGES,0,900000,24) \
  M("memory",i,"free",PAGES,0,500000,64) M("memory",i,"total",CONST,0,16777216,0) M("memory",i,"slab",PAGES,0,60000,4)
MEM("node0") MEM("node1")
#define IFC(i) M("interface",i,"rx_octets",BYTES,0,400000,0) M("interface",i,"tx_octets",BYTES,0,250000,0) \
  M("interface",i,"rx_packets",EVENTS,0,600,0) M("interface",i,"rx_errors",CONST,0,0,0) M("interface",i,"tx_dropped",RARE,0,3,0)
IFC("eth0") IFC("eth1")
#define DSK(i) M("disk",i,"read_bytes",BYTES,0,30000,0) M("disk",i,"write_bytes",BYTES,0,90000,0) \
  M("disk",i,"read_ops",EVENTS,0,20,0) M("disk",i,"write_ops",EVENTS,0,60,0) M("disk",i,"io_time",NOISE,2,350,90)
DSK("vda") DSK("vdb")
#define DFS(i) M("df",i,"used",STEPS,0,80000,40) M("df",i,"free",STEPS,0,120000,40) \
  M("df",i,"reserved",CONST,0,5242880,0) M("df",i,"inodes_used",STEPS,0,90000,6) M("df",i,"percent",STEPS,1,400,2)
DFS("root") DFS("var")
#define LOAD(i,s) M("load",i,"one",WALK,2,110,s) M("load",i,"five",WALK,2,100,4) M("load",i,"fifteen",WALK,2,95,2) \
  M("load",i,"running",STEPS,0,4,3) M("load",i,"total",STEPS,0,210,5)
LOAD("avg",9) LOAD("cgroup",7)
#define TCP(i) M("tcp",i,"established",STEPS,0,140,8) M("tcp",i,"time_wait",STEPS,0,30,12) \
  M("tcp",i,"segs_in",EVENTS,0,700,0) M("tcp",i,"retrans",EVENTS,0,2,0) M("tcp",i,"listen_drops",CONST,0,0,0)
TCP("v4") TCP("v6")
#define HTTP(i) M("http",i,"requests",EVENTS,0,300,0) M("http",i,"errors",RARE,0,4,0) M("http",i,"latency_p50",NOISE,3,12500,1500) \
  M("http",i,"latency_p99",NOISE,3,96000,20000) M("http",i,"inflight",STEPS,0,12,4)
HTTP("api") HTTP("site")
#define JVM(i) M("jvm",i,"heap_used",PAGES,0,300000,256) M("jvm",i,"heap_max",CONST,0,2147483648LL,0) M("jvm",i,"gc_ms",WALK,3,8000,250) \
  M("jvm",i,"threads",STEPS,0,64,2) M("jvm",i,"classes",CONST,0,18211,0)
JVM("main") JVM("worker")
#define APP(i) M("app",i,"queue_depth",STEPS,0,9,6) M("app",i,"jobs_done",EVENTS,0,8,0) M("app",i,"job_seconds",NOISE,3,1800,300) \
  M("app",i,"failures",RARE,0,2,0) M("app",i,"temperature",WALK,1,420,3)
APP("billing") APP("mailer")
};
/* clang-format on */

struct options {
    int64_t n_series, n_points, step_s, n_files, start_s, seed;
    const char *root, *path;
    bool is_tagged;
};

struct series {
    uint64_t rng;
    int64_t value;
    const struct metric *metric;
    size_t name; /* offset in the names */
    size_t n_name;
};

struct output {
    FILE *file;
    char *bytes;
    size_t n;
};

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static uint64_t next_random(uint64_t *io)
{
    uint64_t z = (*io += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

/* Uniform in 0 .. n-1 from 32 random bits. */
static int64_t below(uint32_t bits, int64_t n)
{
    return (int64_t)(((uint64_t)bits * (uint64_t)n) >> 32);
}

/* Bits of information in one step of the model. */
static double bits_of(const struct metric *m)
{
    const double spread = 2 * (double)m->b + 1;
    switch (m->kind) {
    case CONST:
        return 0;
    case RARE: /* whether (1 in 64), and what */
        return 0.116 + log2((double)m->a) / 64;
    case BYTES:
        return log2((double)m->a / 2);
    case EVENTS:
        return log2((double)m->a + 1);
    case WALK:
        return 1 + 0.5 * log2(spread);
    case NOISE:
    case PAGES:
        return log2(spread);
    case STEPS: /* whether (1 in 8), and how far */
        return 0.544 + 0.125 * log2(spread);
    }
    return 0;
}

static int64_t next_value(struct series *s)
{
    const struct metric *m = s->metric;
    if (m->kind == CONST)
        return s->value;
    const uint64_t z = next_random(&s->rng);
    const uint32_t low = (uint32_t)z, high = (uint32_t)(z >> 32);
    const int64_t spread = below(low, 2 * m->b + 1) - m->b;
    switch (m->kind) {
    case CONST:
        break;
    case RARE:
        s->value = (high & 63) == 0 ? 1 + below(low, m->a) : 0;
        break;
    case BYTES:
        s->value += m->a * 3 / 4 + below(low, m->a / 2);
        break;
    case EVENTS:
        s->value += below(low, m->a + 1);
        break;
    case WALK:
        s->value += high & 1 ? spread : 0;
        break;
    case NOISE:
        return s->value + spread;
    case PAGES:
        s->value += 4096 * spread;
        break;
    case STEPS:
        s->value += (high & 7) == 0 ? spread : 0;
        break;
    }
    if (s->value < 0)
        s->value = -s->value;
    return s->value;
}

static char *put_u64(char *at, uint64_t value)
{
    char digits[24];
    int n = 0;
    do
        digits[n++] = (char)('0' + value % 10);
    while (value /= 10);
    while (n)
        *at++ = digits[--n];
    return at;
}

/* value / 10^decimals without zeroes at the end, as agents print it. */
static char *put_value(char *at, int64_t value, int decimals)
{
    static const int64_t powers[DECIMALS_MAX + 1] = {1, 10, 100, 1000};
    if (value < 0) {
        *at++ = '-';
        value = -value;
    }
    for (; decimals && value % 10 == 0; decimals--)
        value /= 10;
    at = put_u64(at, (uint64_t)(value / powers[decimals]));
    if (!decimals)
        return at;
    const int64_t fraction = value % powers[decimals];
    *at++ = '.';
    for (int d = decimals - 1; d >= 0; d--)
        *at++ = (char)('0' + fraction / powers[d] % 10);
    return at;
}

static void flush(struct output *out)
{
    if (fwrite(out->bytes, 1, out->n, out->file) != out->n)
        die("gen: write");
    out->n = 0;
}

static size_t put_name(const struct options *options, int64_t i, char *out)
{
    static const char *const centres[] = {"eu-west-1", "eu-west-2", "us-east-1", "ap-south-1"};
    static const char *const roles[] = {"web", "api", "db", "cache", "queue"};
    const long host = (long)(i / PER_HOST);
    const struct metric *m = &metrics[i % PER_HOST];
    const char *centre = centres[host % 4], *role = roles[host / 4 % 5], *root = options->root;
    if (options->is_tagged)
        return (size_t)snprintf(out, NAME_ROOM, "%s.%s.%s;dc=%s;role=%s;host=%s-%05ld;inst=%s",
                                root, m->plugin, m->name, centre, role, role, host, m->inst);
    return (size_t)snprintf(out, NAME_ROOM, "%s.%s.%s.%s-%05ld.%s.%s.%s", root, centre, role, role,
                            host, m->plugin, m->inst, m->name);
}

static int64_t first_value(struct series *s)
{
    const struct metric *m = s->metric;
    int64_t base = m->a;
    if (m->kind == PAGES)
        base *= 4096;
    if (m->kind == EVENTS || m->kind == BYTES)
        base *= 5000;
    if (m->kind == CONST || m->kind == RARE)
        return m->kind == CONST ? base : 0;
    return base == 0 ? 0 : base * 3 / 4 + below((uint32_t)next_random(&s->rng), base / 2 + 1);
}

/* names: NAME_ROOM bytes a series. */
static struct series *make_series(const struct options *options, char *names)
{
    struct series *all = mem_array((size_t)options->n_series, struct series);
    size_t at = 0;
    for (int64_t i = 0; i < options->n_series; i++) {
        struct series *s = &all[i];
        s->metric = &metrics[i % PER_HOST];
        s->name = at;
        s->n_name = min_size(put_name(options, i, names + at), NAME_ROOM - 1);
        at += s->n_name;
        s->rng =
            (uint64_t)options->seed * 0x2545f4914f6cdd1dULL + (uint64_t)i * 0xd1342543de82ef95ULL;
        s->value = first_value(s);
    }
    return all;
}

static void open_outputs(const struct options *options, struct output *out)
{
    for (int64_t k = 0; k < options->n_files; k++) {
        char path[4096];
        snprintf(path, sizeof path, options->n_files > 1 ? "%s.%ld" : "%s", options->path, (long)k);
        out[k].file = strcmp(path, "-") == 0 ? stdout : fopen(path, "w");
        if (!out[k].file)
            die(path);
        out[k].bytes = mem_alloc(BUFFER_BYTES + LINE_ROOM);
        setvbuf(out[k].file, NULL, _IONBF, 0);
    }
}

/* One line of each series at one time. Returns the bytes. */
static uint64_t put_lap(const struct options *options, struct series *all, const char *names,
                        int64_t at_s, struct output *outputs)
{
    char time_text[24];
    uint64_t n_bytes = 0;
    char *end = put_u64(time_text, (uint64_t)at_s);
    *end++ = '\n';
    const size_t n_time = (size_t)(end - time_text);
    for (int64_t i = 0; i < options->n_series; i++) {
        struct series *s = &all[i];
        struct output *out = &outputs[i / PER_HOST % options->n_files];
        char *from = out->bytes + out->n, *at = from;
        memcpy(at, names + s->name, s->n_name);
        at += s->n_name;
        *at++ = ' ';
        at = put_value(at, next_value(s), s->metric->decimals);
        *at++ = ' ';
        memcpy(at, time_text, n_time);
        out->n += (size_t)(at - from) + n_time;
        n_bytes += (uint64_t)(at - from) + n_time;
        if (out->n >= BUFFER_BYTES)
            flush(out);
    }
    return n_bytes;
}

static void report(const struct options *options, const struct series *all, uint64_t n_bytes)
{
    const double n = (double)options->n_series;
    double name_bytes = 0, bits = 0;
    for (int64_t i = 0; i < options->n_series; i++) {
        name_bytes += (double)all[i].n_name;
        bits += bits_of(all[i].metric);
    }
    fprintf(stderr,
            "{\"series\":%ld,\"points\":%ld,\"bytes\":%lu,\"name_bytes\":%.1f,\"line_bytes\":%.1f,"
            "\"first\":%ld,\"last\":%ld,\"value_entropy_bits_per_point\":%.2f}\n",
            (long)options->n_series, (long)(options->n_series * options->n_points),
            (unsigned long)n_bytes, name_bytes / n,
            (double)n_bytes / (n * (double)options->n_points), (long)options->start_s,
            (long)(options->start_s + (options->n_points - 1) * options->step_s), bits / n);
}

static int usage(void)
{
    fputs("usage: gen [-s series] [-p points] [-i step_s] [-t start] [-r root] [-n files] [-S seed]"
          " [-T] -o FILE|-\n"
          "  -n N writes FILE.0 .. FILE.N-1 (hosts dealt over them); -T: tagged names\n",
          stderr);
    return 2;
}

/* The option that takes a number, or NULL. */
static int64_t *number_of(struct options *options, int letter)
{
    switch (letter) {
    case 's':
        return &options->n_series;
    case 'p':
        return &options->n_points;
    case 'i':
        return &options->step_s;
    case 't':
        return &options->start_s;
    case 'n':
        return &options->n_files;
    case 'S':
        return &options->seed;
    default:
        return NULL;
    }
}

static bool read_options(int argc, char **argv, struct options *out)
{
    for (int letter; (letter = getopt(argc, argv, "s:p:i:t:r:n:S:To:")) != -1;) {
        int64_t *number = number_of(out, letter);
        if (number && !num_parse_i64(optarg, strlen(optarg), number))
            return false;
        if (letter == 'T')
            out->is_tagged = true;
        else if (letter == 'r')
            out->root = optarg;
        else if (letter == 'o')
            out->path = optarg;
        else if (!number)
            return false;
    }
    return out->path && out->n_series > 0 && out->n_points > 0 && out->step_s > 0 &&
           out->n_files > 0 && out->n_files <= FILES_MAX;
}

int main(int argc, char **argv)
{
    struct options options = {.n_series = 10000,
                              .n_points = 360,
                              .step_s = 10,
                              .n_files = 1,
                              .start_s = 1700000000,
                              .seed = 1,
                              .root = "prod"};
    if (!read_options(argc, argv, &options))
        return usage();
    options.start_s -= options.start_s % options.step_s;

    static struct output outputs[FILES_MAX];
    char *names = mem_alloc(mul_size((size_t)options.n_series, NAME_ROOM));
    struct series *all = make_series(&options, names);
    open_outputs(&options, outputs);
    uint64_t n_bytes = 0;
    for (int64_t t = 0; t < options.n_points; t++)
        n_bytes += put_lap(&options, all, names, options.start_s + t * options.step_s, outputs);
    for (int64_t k = 0; k < options.n_files; k++) {
        flush(&outputs[k]);
        if (fclose(outputs[k].file) != 0)
            die("gen: close");
        mem_free(outputs[k].bytes);
    }
    report(&options, all, n_bytes);
    mem_free(all);
    mem_free(names);
    return 0;
}
