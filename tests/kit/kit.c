#include "kit/kit.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct err kit_err;
struct arena kit_arena;
int64_t kit_now_us = 1500000000LL * 1000000;

static unsigned n_failures;
static const char *row_now;
static char temp_dir[256];
static bool is_temp_in_memory;
static const char *const MEMORY_DIR = "/dev/shm";
static uint64_t seed, random_state;

/* The os layer's fault switch; weak, because tests of lower folders link no os. */
__attribute__((weak)) uint64_t file_faults(uint64_t n, int errno_value);

int kit_setup(void **state)
{
    (void)state;
    n_failures = 0;
    row_now = NULL;
    is_temp_in_memory = false;
    err_clear(&kit_err);
    arena_init(&kit_arena);
    kit_now_us = 1500000000LL * 1000000;
    const char *wanted = getenv("PLUMB_SEED");
    seed = wanted ? strtoull(wanted, NULL, 0) : 20101208;
    random_state = seed;
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

int kit_teardown(void **state)
{
    (void)state;
    if (temp_dir[0])
        nftw(temp_dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    temp_dir[0] = '\0';
    arena_done(&kit_arena);
    if (n_failures)
        print_error("%u expectations failed (seed %llu)\n", n_failures, (unsigned long long)seed);
    return n_failures ? -1 : 0;
}

void kit_row(const char *name)
{
    row_now = name;
}

unsigned kit_failures(void)
{
    return n_failures;
}

static void fail_head(const char *file, int line)
{
    n_failures++;
    print_error("%s:%d: ", file, line);
    if (row_now)
        print_error("row '%s': ", row_now);
}

void kit_expect(bool holds, const char *file, int line, const char *fmt, ...)
{
    if (holds)
        return;
    char text[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    fail_head(file, line);
    print_error("%s\n", text);
}

void kit_expect_i64(int64_t got, int64_t want, const char *file, int line, const char *what)
{
    if (got == want)
        return;
    fail_head(file, line);
    print_error("%s is %lld, expected %lld\n", what, (long long)got, (long long)want);
}

void kit_expect_f64(double got, double want, double tolerance, const char *file, int line,
                    const char *what)
{
    if (isnan(got) && isnan(want))
        return;
    if (got == want || fabs(got - want) <= tolerance)
        return;
    fail_head(file, line);
    print_error("%s is %.17g, expected %.17g\n", what, got, want);
}

void kit_expect_text(const char *got, const char *want, const char *file, int line,
                     const char *what)
{
    if (got && want && strcmp(got, want) == 0)
        return;
    if (!got && !want)
        return;
    fail_head(file, line);
    print_error("%s is\n  \"%s\", expected\n  \"%s\"\n", what, got ? got : "(null)",
                want ? want : "(null)");
}

void kit_expect_err(bool call_result, enum err_kind kind, const char *part, const char *file,
                    int line, const char *what)
{
    if (!call_result && kit_err.kind == kind && strstr(kit_err.text, part))
        return;
    fail_head(file, line);
    if (call_result)
        print_error("%s succeeded, expected an error\n", what);
    else
        print_error("%s: error kind %d \"%s\", expected kind %d with \"%s\"\n", what,
                    (int)kit_err.kind, kit_err.text, (int)kind, part);
}

void kit_temp_in_memory(void)
{
    is_temp_in_memory = true;
}

const char *kit_temp_dir(void)
{
    if (temp_dir[0])
        return temp_dir;
    const char *base = getenv("TMPDIR");
    if (!base)
        base = is_temp_in_memory && access(MEMORY_DIR, W_OK) == 0 ? MEMORY_DIR : "/tmp";
    snprintf(temp_dir, sizeof temp_dir, "%s/plumb-test-XXXXXX", base);
    if (!mkdtemp(temp_dir))
        fail_msg("no temp folder: %s", temp_dir);
    return temp_dir;
}

const char *kit_path(const char *dir, const char *name)
{
    return arena_printf(&kit_arena, "%s/%s", dir, name);
}

static const char *repo_file(const char *path)
{
    const char *root = getenv("PLUMB_ROOT");
    return arena_printf(&kit_arena, "%s/%s", root ? root : ".", path);
}

const char *kit_read(const char *repo_path, size_t *out_n)
{
    const char *path = repo_file(repo_path);
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    char *bytes = NULL;
    size_t n = 0, cap = 0;
    do {
        arena_grow(&kit_arena, &bytes, &cap, n + 65536 + 1, 1);
        n += fread(bytes + n, 1, 65536, file);
    } while (!feof(file) && !ferror(file));
    fclose(file);
    bytes[n] = '\0';
    if (out_n)
        *out_n = n;
    return bytes;
}

const char *kit_hex_example(const char *repo_path, size_t *out_n)
{
    enum { HEX_AT = 10, BYTES_A_LINE = 16 };
    const char *doc = kit_read(repo_path, NULL);
    const char *at = doc ? strstr(doc, "00000000  ") : NULL;
    char *bytes = NULL;
    size_t n = 0, cap = 0;
    while (at && *at == '0') {
        const char *hex = at + HEX_AT;
        for (int i = 0; i < BYTES_A_LINE && *hex != ' '; i++, hex += 3) {
            unsigned byte = 0;
            if (sscanf(hex, "%2x", &byte) != 1)
                fail_msg("%s: bad hex at %.10s", repo_path, at);
            arena_grow(&kit_arena, &bytes, &cap, n + 1, 1);
            bytes[n++] = (char)byte;
        }
        at = strchr(at, '\n');
        at = at ? at + 1 : NULL;
    }
    if (n == 0)
        fail_msg("%s has no example", repo_path);
    *out_n = n;
    return bytes;
}

static void golden_write(const char *path, const char *bytes, size_t n)
{
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, n, file) != n)
        fail_msg("cannot write %s", path);
    fclose(file);
}

void kit_golden(const char *name, const char *bytes, size_t n, const char *file, int line)
{
    const char *relative = arena_printf(&kit_arena, "tests/golden/%s", name);
    const char *mode = getenv("PLUMB_GOLDEN");
    if (mode && strcmp(mode, "write") == 0) {
        golden_write(repo_file(relative), bytes, n);
        return;
    }
    size_t n_want = 0;
    const char *want = kit_read(relative, &n_want);
    if (want && n == n_want && memcmp(bytes, want, n) == 0)
        return;
    fail_head(file, line);
    if (!want) {
        print_error("%s is missing; make golden writes it\n", relative);
        return;
    }
    size_t at = 0, at_line = 1;
    for (; at < n && at < n_want && bytes[at] == want[at]; at++)
        at_line += bytes[at] == '\n';
    print_error("%s differs at line %zu (byte %zu)\n  got:      %.80s\n  expected: %.80s\n",
                relative, at_line, at, bytes + at, want + at);
}

static int64_t now_us(void *self)
{
    (void)self;
    return __atomic_load_n(&kit_now_us, __ATOMIC_SEQ_CST);
}

void kit_now_raise(int64_t at_us)
{
    int64_t seen = __atomic_load_n(&kit_now_us, __ATOMIC_SEQ_CST);
    while (seen < at_us && !__atomic_compare_exchange_n(&kit_now_us, &seen, at_us, false,
                                                        __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        continue;
}

struct clock kit_clock(void)
{
    return (struct clock){.now_us = now_us};
}

/* splitmix64 */
uint64_t kit_random(void)
{
    uint64_t z = random_state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

uint64_t kit_random_below(uint64_t n)
{
    return kit_random() % n;
}

double kit_random_share(void)
{
    return (double)(kit_random() >> 11) * 0x1p-53;
}

/* Calls of the last run, when kit_fault_off ended it before the next one began. */
static uint64_t n_calls_kept;

void kit_fault_off(void)
{
    if (file_faults)
        n_calls_kept = file_faults(0, 0);
}

bool kit_fault(uint64_t n)
{
    static uint64_t wanted;
    if (!file_faults)
        return false;
    uint64_t n_calls = file_faults(n, ENOSPC);
    if (n_calls_kept)
        n_calls = n_calls_kept;
    n_calls_kept = 0;
    bool go_on = n == 1 || n_calls >= wanted; /* the last run still met its fault */
    wanted = n;
    if (!go_on)
        file_faults(0, 0);
    return go_on;
}

void kit_begin(void)
{
    (void)signal(SIGINT, SIG_DFL);
    (void)signal(SIGQUIT, SIG_DFL);
}
