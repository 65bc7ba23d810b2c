/* Placement of memory on machines with several memory nodes, simulated by replacing src/system/numa.c. */
#include "schedule/placement.h"

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include "system/team.h"
#include "tests/check.h"

#define MEMBERS   4
#define CALLS_MAX 64
#define ARENA     4096
#define FEATURES  7

enum kind { PREFER, INTERLEAVE, RELEASE };

static struct call {
    enum kind kind;
    const void *start;
    size_t bytes;
    int node;     /* PREFER */
    size_t count; /* INTERLEAVE: of nodes */
} calls[CALLS_MAX];
static atomic_size_t call_count;
static size_t granted; /* calls that succeed before the system refuses */
static size_t unused[2];

static bool record(struct call call)
{
    size_t i = atomic_fetch_add(&call_count, 1);
    if (i < CALLS_MAX) /* no assertion: this is called by threads that cannot fail a test */
        calls[i] = call;
    return i < granted;
}

int tp_numa_node(void)
{
    return TP_NUMA_NOWHERE;
}

size_t tp_numa_free(int node)
{
    return node == 0 || node == 1 ? unused[node] : 0;
}

bool tp_numa_prefer(void *start, size_t bytes, int node)
{
    return record((struct call){.kind = PREFER, .start = start, .bytes = bytes, .node = node});
}

bool tp_numa_interleave(void *start, size_t bytes, const int *nodes, size_t count)
{
    assert_int_equal(nodes[0], 0);
    assert_int_equal(nodes[1], 1);
    return record((struct call){.kind = INTERLEAVE, .start = start, .bytes = bytes, .count = count});
}

void tp_numa_release(void *start, size_t bytes)
{
    record((struct call){.kind = RELEASE, .start = start, .bytes = bytes});
}

/* The call of this kind for the block that begins there, or NULL. */
static const struct call *find(enum kind kind, const void *start)
{
    assert_in_range(call_count, 0, CALLS_MAX);
    for (size_t i = 0; i < call_count; i++) {
        if (calls[i].kind == kind && calls[i].start == start)
            return &calls[i];
    }
    return NULL;
}

static uint8_t bytes[30][FEATURES];
static float floats[11][FEATURES];
static uint16_t labels[30];
static const struct tp_dataset train = {
    .type = TILEPROP_U8, .samples = bytes, .labels = labels, .count = 30, .features = FEATURES, .classes = 3};
static const struct tp_dataset validation = {
    .type = TILEPROP_F32, .samples = floats, .labels = labels + 5, .count = 11, .features = FEATURES, .classes = 3};
static float entries[] = {1, 2, 3, 4, 5};
static int64_t indptr[] = {2, 4, 4, 7}; /* the tail of a set that was cut */
static int32_t indices[] = {0, 6, 1, 2, 3};
static const struct tp_dataset test = {.type = TILEPROP_CSR,
                                       .samples = entries,
                                       .indptr = indptr,
                                       .indices = indices,
                                       .labels = labels + 7,
                                       .count = 3,
                                       .features = FEATURES,
                                       .classes = 3};
static const struct tp_dataset *const sets[TP_PLACEMENT_SETS] = {&train, &validation, &test};

/* Bytes of a copy of everything, in pieces rounded up to 64: 210, 60, 308 and 22 bytes, and four small ones. */
#define COPY (256 + 64 + 320 + 64 + 4 * 64)

struct run {
    struct tp_placement placement;
    struct tp_arena arenas[MEMBERS];
    const int *nodes; /* [MEMBERS] */
};

static void settle(void *context, size_t member, size_t members)
{
    struct run *run = context;
    (void)members;
    tp_placement_enter(&run->placement, member, run->nodes[member], &run->arenas[member]);
}

/* Places a team whose members are on these nodes; the system grants this many calls. */
static void begin(struct run *run, tileprop_numa mode, const int nodes[MEMBERS], size_t grants)
{
    struct tp_error error;
    for (size_t i = 0; i < sizeof bytes; i++)
        ((uint8_t *)bytes)[i] = (uint8_t)(i * 37);
    for (size_t i = 0; i < sizeof floats / sizeof(float); i++)
        ((float *)floats)[i] = (float)i / 3;
    for (size_t i = 0; i < 30; i++)
        labels[i] = (uint16_t)(i % 3);
    *run = (struct run){.nodes = nodes};
    call_count = 0;
    granted = grants;
    assert_int_equal(tp_placement_create(&run->placement, mode, MEMBERS, sets, &error), TILEPROP_OK);
    for (size_t m = 0; m < MEMBERS; m++)
        assert_int_equal(tp_arena_create(&run->arenas[m], ARENA, &error), TILEPROP_OK);
    assert_int_equal(tp_team_run(MEMBERS, settle, run, &error), TILEPROP_OK);
}

static void end(struct run *run)
{
    for (size_t m = 0; m < MEMBERS; m++)
        tp_arena_destroy(&run->arenas[m]);
    tp_placement_end(&run->placement);
}

static void assert_arenas_at_home(const struct run *run)
{
    for (size_t m = 0; m < MEMBERS; m++) {
        const struct call *call = find(PREFER, run->arenas[m].base);
        assert_non_null(call);
        assert_int_equal(call->node, run->nodes[m]);
        assert_in_range(call->bytes, ARENA, SIZE_MAX);
    }
}

static void assert_all_read_originals(const struct run *run)
{
    for (size_t m = 0; m < MEMBERS; m++) {
        assert_ptr_equal(tp_placement_local(&run->placement, m, &train), &train);
        assert_ptr_equal(tp_placement_local(&run->placement, m, &validation), &validation);
    }
}

static const int across[MEMBERS] = {0, 1, 0, 1};

static void test_threads_on_one_node_request_no_placement(void **state)
{
    static const int one[MEMBERS] = {1, 1, 1, 1};
    static const int nowhere[MEMBERS] = {TP_NUMA_NOWHERE, TP_NUMA_NOWHERE, TP_NUMA_NOWHERE, TP_NUMA_NOWHERE};
    static const int some[MEMBERS] = {0, 1, TP_NUMA_NOWHERE, 1};
    const int *const places[] = {one, nowhere, some};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        for (tileprop_numa mode = TILEPROP_NUMA_AUTO; mode <= TILEPROP_NUMA_REPLICATE; mode++) {
            struct run run;
            begin(&run, mode, places[i], SIZE_MAX);
            assert_int_equal(run.placement.mode, TILEPROP_NUMA_OFF);
            assert_int_equal(run.placement.node_count, 1);
            assert_all_read_originals(&run);
            end(&run);
            assert_int_equal(call_count, 0);
        }
    }
}

static void assert_copy(const struct tp_dataset *copy, const struct tp_dataset *set)
{
    assert_ptr_not_equal(copy, set);
    assert_ptr_not_equal(copy->samples, set->samples);
    assert_ptr_not_equal(copy->labels, set->labels);
    assert_int_equal(copy->type, set->type);
    assert_int_equal(copy->count, set->count);
    assert_int_equal(copy->features, set->features);
    assert_int_equal(copy->classes, set->classes);
    assert_memory_equal(copy->samples, set->samples, tp_dataset_bytes(set));
    assert_memory_equal(copy->labels, set->labels, set->count * sizeof *set->labels);
    if (set->type != TILEPROP_CSR)
        return;
    assert_ptr_not_equal(copy->indptr, set->indptr);
    assert_ptr_not_equal(copy->indices, set->indices);
    assert_memory_equal(copy->indptr, set->indptr, (set->count + 1) * sizeof *set->indptr);
    assert_memory_equal(copy->indices, set->indices, tp_dataset_entries(set) * sizeof *set->indices);
}

static void test_replicate_gives_each_node_one_copy(void **state)
{
    struct run run;
    (void)state;
    begin(&run, TILEPROP_NUMA_REPLICATE, across, SIZE_MAX);
    assert_int_equal(run.placement.mode, TILEPROP_NUMA_REPLICATE);
    assert_int_equal(run.placement.node_count, 2);
    assert_arenas_at_home(&run);
    for (size_t s = 0; s < TP_PLACEMENT_SETS; s++) {
        const struct call *samples = find(PREFER, sets[s]->samples), *classes = find(PREFER, sets[s]->labels);
        assert_true(samples && samples->node == 0);
        assert_int_equal(samples->bytes, tp_dataset_bytes(sets[s]));
        assert_true(classes && classes->node == 0);
        assert_ptr_equal(tp_placement_local(&run.placement, 0, sets[s]), sets[s]);
        assert_ptr_equal(tp_placement_local(&run.placement, 2, sets[s]), sets[s]);
        assert_copy(tp_placement_local(&run.placement, 1, sets[s]), sets[s]);
        assert_ptr_equal(tp_placement_local(&run.placement, 3, sets[s]),
                         tp_placement_local(&run.placement, 1, sets[s]));
    }
    const struct call *copy = find(PREFER, tp_placement_local(&run.placement, 1, &train)->samples);
    assert_true(copy && copy->node == 1);
    end(&run);
    for (size_t s = 0; s < TP_PLACEMENT_SETS; s++)
        assert_true(find(RELEASE, sets[s]->samples) && find(RELEASE, sets[s]->labels));
}

static void test_interleave_spreads_the_sets_themselves(void **state)
{
    struct run run;
    (void)state;
    begin(&run, TILEPROP_NUMA_INTERLEAVE, across, SIZE_MAX);
    assert_int_equal(run.placement.mode, TILEPROP_NUMA_INTERLEAVE);
    assert_int_equal(run.placement.node_count, 2);
    assert_arenas_at_home(&run);
    assert_all_read_originals(&run);
    for (size_t s = 0; s < TP_PLACEMENT_SETS; s++) {
        const struct call *samples = find(INTERLEAVE, sets[s]->samples);
        assert_true(samples && samples->count == 2);
        assert_int_equal(samples->bytes, tp_dataset_bytes(sets[s]));
        assert_non_null(find(INTERLEAVE, sets[s]->labels));
    }
    end(&run);
    for (size_t s = 0; s < TP_PLACEMENT_SETS; s++)
        assert_true(find(RELEASE, sets[s]->samples) && find(RELEASE, sets[s]->labels));
}

static void test_auto_replicates_into_half_of_the_free_memory(void **state)
{
    static const struct {
        size_t unused[2];
        tileprop_numa mode;
    } cases[] = {{{2 * COPY, 2 * COPY}, TILEPROP_NUMA_REPLICATE},
                 {{2 * COPY, 2 * COPY - 1}, TILEPROP_NUMA_INTERLEAVE},
                 {{2 * COPY - 1, 2 * COPY}, TILEPROP_NUMA_INTERLEAVE},
                 {{0, 0}, TILEPROP_NUMA_INTERLEAVE}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct run run;
        memcpy(unused, cases[i].unused, sizeof unused);
        begin(&run, TILEPROP_NUMA_AUTO, across, SIZE_MAX);
        assert_int_equal(run.placement.mode, cases[i].mode);
        end(&run);
    }
}

static void test_a_system_that_refuses_has_no_nodes(void **state)
{
    (void)state;
    for (size_t grants = 0; grants < 4; grants++) {
        for (tileprop_numa mode = TILEPROP_NUMA_INTERLEAVE; mode <= TILEPROP_NUMA_REPLICATE; mode++) {
            struct run run;
            begin(&run, mode, across, grants);
            assert_int_equal(run.placement.mode, TILEPROP_NUMA_OFF);
            assert_int_equal(run.placement.node_count, 1);
            assert_all_read_originals(&run);
            for (size_t m = 0; m < MEMBERS; m++)
                assert_null(find(PREFER, run.arenas[m].base));
            assert_true(find(RELEASE, bytes) && find(RELEASE, floats));
            end(&run);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_on_one_node_request_no_placement),
        cmocka_unit_test(test_replicate_gives_each_node_one_copy),
        cmocka_unit_test(test_interleave_spreads_the_sets_themselves),
        cmocka_unit_test(test_auto_replicates_into_half_of_the_free_memory),
        cmocka_unit_test(test_a_system_that_refuses_has_no_nodes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
