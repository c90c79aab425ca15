#include "kinds.h"

#include <math.h>

static const char *const names[KINDS] = {
    "constant",        "counter",      "counter in bursts",  "integers, small steps",
    "cpu, 2 decimals", "walk, 3 dec.", "memory, 4 KB pages", "events, 1 % ones",
    "sparse counts",   "latency",      "full doubles",
};

static uint64_t seed;

static double share(void)
{
    uint64_t z = seed += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

static double normal(double mean, double deviation)
{
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += share();
    return mean + deviation * sum;
}

static double poisson(double mean)
{
    return fmax(0, floor(normal(mean, sqrt(mean)) + .5));
}

static double rounded(double v, double power)
{
    return nearbyint(v * power) / power;
}

static double clamped(double v)
{
    return fmin(100, fmax(0, v));
}

/* Value i of series number `no`; *io_state is the series' memory. */
static double next_value(enum kind kind, int no, size_t i, double *io_state)
{
    const double wave = sin((double)i / 1375);
    switch (kind) {
    case KIND_CONSTANT:
        return no * 17;
    case KIND_COUNTER:
        return *io_state += poisson(1200 * (1 + .5 * wave));
    case KIND_BURSTS:
        return *io_state += share() < .3 ? floor(share() * share() * 65536) : 0;
    case KIND_STEPS: {
        const double step = floor(share() * 5);
        return *io_state = clamped(*io_state + (step == 0 ? -1 : step == 1 ? 1 : 0));
    }
    case KIND_PERCENT:
        return rounded(clamped(30 + 10 * wave + normal(0, 4)), 100);
    case KIND_WALK:
        return rounded(*io_state += normal(0, .05), 1000);
    case KIND_PAGES:
        return *io_state += share() < .6 ? 4096 * trunc(normal(0, 200)) : 0;
    case KIND_EVENTS:
        return share() < .01;
    case KIND_SPARSE:
        return share() < .05 ? poisson(3) : 0;
    case KIND_LATENCY:
        return rounded(exp(normal(2.5, .6)), no % 3 == 0 ? 10 : no % 3 == 1 ? 100 : 1000);
    case KIND_DOUBLES:
    case KINDS:
        break;
    }
    return 100 * share();
}

static double first_state(enum kind kind, int no)
{
    return kind == KIND_COUNTER  ? no * 1e6
           : kind == KIND_BURSTS ? 1e9
           : kind == KIND_STEPS  ? 50
           : kind == KIND_PAGES  ? 0x1p33
                                 : 20;
}

const char *kinds_name(enum kind kind)
{
    return names[kind];
}

void kinds_fill(enum kind kind, int no, double *out, size_t n)
{
    double state = first_state(kind, no);
    seed = (uint64_t)no * KINDS + kind + 1;
    for (size_t i = 0; i < n; i++)
        out[i] = next_value(kind, no, i, &state);
}
