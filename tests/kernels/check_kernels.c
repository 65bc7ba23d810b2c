/*
 * Every verb of every tier (kernels/verbs.h, kernels/tiers.def), against the reference tier: equal bits.
 * TAP on stdout.
 *
 *     check_kernels [--seed N] [--exhaustive] [--only TEXT]
 *
 * --exhaustive: the elementwise functions over all 2^32 floats (minutes). --only: kernels whose symbol
 * contains TEXT. Compiled with TP_EMULATED and linked with kernels that were compiled over
 * tests/kernels/emulation/immintrin.h, it runs tiers that the CPU lacks too.
 */
#include "tests/kernels/check_kernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/flush.h"

#define DEFAULT_SEED 20240229

bool check_exhaustive;

/* The TAP report and the selection of its lines. */
struct report {
    uint64_t seed;
    const char *only;
    size_t lines, failures;
};

#if defined(TP_EMULATED)
static const char how[] = " (emulated)";

static bool can_run(const struct tp_tier *tier)
{
    return tier != NULL;
}
#else
static const char how[] = "";

static bool can_run(const struct tp_tier *tier)
{
    return tp_tier_runs_here(tier);
}
#endif

static void print_verdict(struct report *r, const struct verdict *v, const char *symbol, const char *reference)
{
    bool passed = verdict_passed(v);
    r->failures += !passed;
    printf("%s %zu - %s%s %s%s (%zu cases)\n", passed ? "ok" : "not ok", ++r->lines, symbol, how,
           v->claim ? v->claim : "equals ", v->claim ? "" : reference, v->cases);
    if (v->failures > 0)
        printf("# %zu differences; the first: %s\n", v->failures, v->first);
    else if (!passed)
        printf("# no case ran\n");
    if (v->note[0])
        printf("# %s\n", v->note);
    fflush(stdout);
}

/* Whether to run the verb's check; prints a skip if the CPU cannot. */
static bool begin(struct report *r, const struct tp_tier *tier, const char *symbol)
{
    if (r->only && !strstr(symbol, r->only))
        return false;
    check_random_seed(r->seed);
    if (can_run(tier))
        return true;
    printf("ok %zu - %s # SKIP this CPU lacks %s\n", ++r->lines, symbol, tier->name);
    return false;
}

/* One line for each verb that the tier has. */
#define CHECK_VERB(type, member, unused)                                                                               \
    snprintf(symbol, sizeof symbol, "tp_" #member "_%s", tier->name);                                                  \
    if (tier->member && begin(r, tier, symbol)) {                                                                      \
        struct verdict v = {0};                                                                                        \
        check_##member(&v, tier->member);                                                                              \
        print_verdict(r, &v, symbol, "tp_" #member "_reference");                                                      \
    }

static void check_tier(struct report *r, const struct tp_tier *tier)
{
    char symbol[64];
    TP_VERBS(CHECK_VERB, )
    TP_PROBES(CHECK_VERB, )
}

/* The verbs that work in blocks, with the smallest and with larger ones than any matrix here. */
#define CHECK_BLOCKS(member)                                                                                           \
    snprintf(symbol, sizeof symbol, "tp_" #member "_%s in %s blocks", tier->name, sizes[i].name);                      \
    if (begin(r, tier, symbol)) {                                                                                      \
        struct verdict v = {0};                                                                                        \
        check_##member(&v, tier->member);                                                                              \
        print_verdict(r, &v, symbol, "tp_" #member "_reference");                                                      \
    }

static void check_tier_blocks(struct report *r, const struct tp_tier *tier)
{
    static const struct {
        const char *name;
        size_t steps, floats;
    } sizes[] = {{"the smallest", 1, 0}, {"the largest", SIZE_MAX / 64, SIZE_MAX / 64}};
    const struct tp_blocks fitted = *tier->blocks;
    char symbol[64];
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct tp_blocks *b = tier->blocks;
        b->steps = b->steps_many = sizes[i].steps;
        b->a_floats = b->d_floats = sizes[i].floats;
        b->prefetch_a_floats = b->prefetch_b_floats = sizes[i].floats;
        CHECK_BLOCKS(forward)
        CHECK_BLOCKS(backward)
        CHECK_BLOCKS(update)
    }
    *tier->blocks = fitted;
}

/* The broken kernels, and a check that runs nothing, must not pass. */
static void check_tester(struct report *r)
{
    struct verdict nothing = {0};
    bool rejected = !verdict_passed(&nothing);
    r->failures += !rejected;
    printf("%s %zu - no cases at all is rejected\n", rejected ? "ok" : "not ok", ++r->lines);
    const char *what = NULL;
    for (size_t at = 0;; at++) {
        struct verdict v = {0};
        check_random_seed(r->seed);
        if (!check_broken(at, &what, &v))
            break;
        rejected = !verdict_passed(&v) && v.cases > 0;
        r->failures += !rejected;
        printf("%s %zu - %s is rejected\n", rejected ? "ok" : "not ok", ++r->lines, what);
        fflush(stdout);
    }
}

static int usage(void)
{
    fprintf(stderr, "usage: check_kernels [--seed N] [--exhaustive] [--only TEXT]\n");
    return 2;
}

int main(int argc, char **argv)
{
    struct report r = {.seed = DEFAULT_SEED};
    for (int i = 1; i < argc; i++) {
        char *end = NULL;
        if (!strcmp(argv[i], "--exhaustive")) {
            check_exhaustive = true;
        } else if (!strcmp(argv[i], "--only") && i + 1 < argc) {
            r.only = argv[++i];
        } else if (!strcmp(argv[i], "--seed") && i + 1 < argc) {
            r.seed = strtoull(argv[++i], &end, 10);
            if (*end != '\0')
                return usage();
        } else {
            return usage();
        }
    }

    uint64_t saved = tp_flush_enter();
    printf("# seed %llu\n", (unsigned long long)r.seed);
    for (size_t i = 0; tp_tiers[i]; i++) {
        check_tier(&r, tp_tiers[i]);
        if (i > 0) /* the reference tier has no blocks */
            check_tier_blocks(&r, tp_tiers[i]);
    }
    if (!r.only)
        check_tester(&r);
    tp_flush_leave(saved);
    printf("1..%zu\n", r.lines);
    return r.failures > 0 || r.lines == 0;
}
