/* Shards: their rows, and that they are summed in the same tree for any number of ranks. */
#include "network/shards.h"

#include <stdlib.h>

#include "network/plan.h"
#include "tests/check.h"
#include "tests/options.h"

#define OPERATIONS_MAX 4096
#define TEXT_MAX       1024 /* of a sum, as in ((0+1)+2) */
#define NODES_MAX      64

static void add(char *to, const char *from)
{
    const size_t left = strlen(to), right = strlen(from);
    assert_in_range(left + right + 3, 1, TEXT_MAX - 1);
    memmove(to + 1, to, left);
    *to = '(';
    to[left + 1] = '+';
    memcpy(to + left + 2, from, right);
    strcpy(to + left + 2 + right, ")");
}

/* The tree as the text of shards.h has it: at each level, the sum one span further on is added. */
static void write_tree(const struct tp_shards *shards, size_t rows, char *text)
{
    static char sums[TP_SHARDS_MAX][TEXT_MAX];
    size_t span = 1;
    for (size_t s = 0; s < shards->count; s++) {
        const bool filled = (s + 1) * rows / shards->count > s * rows / shards->count;
        snprintf(sums[s], TEXT_MAX, "%zu", s);
        if (!filled)
            sums[s][0] = '\0';
    }
    for (; span < shards->count; span *= 2) {
        for (size_t s = 0; s + span < shards->count; s += 2 * span) {
            if (!sums[s][0])
                strcpy(sums[s], sums[s + span]);
            else if (sums[s + span][0])
                add(sums[s], sums[s + span]);
        }
    }
    strcpy(text, sums[0]);
}

/* Every row is in one shard, every shard with rows in one node of the rank that computes it. */
static void test_division(void **state)
{
    (void)state;
    for (size_t count = 1; count <= 40; count++) {
        for (size_t ranks = 1; ranks <= count; ranks++) {
            for (size_t rows = 1; rows < 50; rows += 3) {
                size_t row = 0, covered = 0;
                for (size_t r = 0; r < ranks; r++) {
                    const struct tp_shards shards = {.count = count, .rank = r, .ranks = ranks};
                    const struct tp_range own = tp_shards_rows_of_rank(&shards, r, rows);
                    struct tp_node nodes[TP_NODES_MAX];
                    assert_int_equal(own.begin, row);
                    assert_in_range(own.end - own.begin, 0, tp_shards_rows_max(&shards, rows));
                    row = own.end;
                    const size_t found = tp_shards_nodes(&shards, r, rows, nodes);
                    assert_in_range(found, 0, TP_NODES_MAX);
                    for (size_t n = 0; n < found; n++) {
                        const struct tp_range of = {nodes[n].begin, nodes[n].begin + nodes[n].span};
                        const size_t end = of.end < count ? of.end : count;
                        assert_int_equal(of.begin % nodes[n].span, 0);
                        covered += end * rows / count - of.begin * rows / count;
                    }
                }
                assert_int_equal(row, rows);
                assert_int_equal(covered, rows);
            }
        }
    }
}

/* What operations of this kind, with GRADIENT if it is ADD, make of the first block of the first layer. */
static void follow(const struct tp_operation *operations, size_t count, enum tp_operation_kind kind,
                   const struct tp_shards *shards, size_t rows, char sums[][TEXT_MAX])
{
    const size_t before = tp_shards_rows_of_rank(shards, shards->rank, rows).begin;
    for (size_t i = 0; i < count; i++) {
        const struct tp_operation *o = &operations[i];
        if (o->layer != 0 || o->owner != 0)
            continue;
        if (o->kind == kind)
            add(sums[o->slot], sums[o->other]);
        if (o->kind != TP_DO_GRADIENT || kind != TP_DO_ADD)
            continue;
        size_t s = 0; /* the last of those that begin with this row, the others being empty */
        while ((s + 1) * rows / shards->count <= before + o->rows.begin)
            s++;
        snprintf(sums[o->slot], TEXT_MAX, "%zu", s);
    }
}

static void test_tree(void **state)
{
    (void)state;
    static struct tp_operation operations[OPERATIONS_MAX];
    static char sums[NODES_MAX][TEXT_MAX], sent[NODES_MAX][TEXT_MAX];
    char want[TEXT_MAX];
    tileprop_options options = options_default();
    struct tp_network network;
    struct tp_error error;
    options.hidden[0] = 16;
    options.hidden_count = 1;
    assert_int_equal(tp_network_shape(&network, &options, 24 * TP_PANEL, 10, 1, &error), TILEPROP_OK);
    for (size_t count = 2; count <= 24; count++) {
        for (size_t rows = 1; rows < 60; rows += rows < 30 ? 1 : 11) {
            for (size_t ranks = 1; ranks <= count; ranks++) {
                const struct tp_shards alone = {.count = count, .ranks = 1};
                size_t node = 0, found = 0;
                write_tree(&alone, rows, want);
                /* The gradients of the first layer that rank 0 owns, as each rank sends them; then as it adds them up.
                 */
                for (size_t r = ranks; r-- > 0;) {
                    struct tp_plan plan = tp_plan_make(&network, 1, 1, rows);
                    struct tp_node nodes[TP_NODES_MAX];
                    plan.shards = (struct tp_shards){.count = count, .rank = r, .ranks = ranks};
                    found = tp_plan_operations(&plan, &network, 0, rows, false, operations);
                    assert_in_range(found, 1, OPERATIONS_MAX);
                    follow(operations, found, TP_DO_ADD, &plan.shards, rows, sums);
                    const size_t own = ranks > 1 ? tp_shards_nodes(&plan.shards, r, rows, nodes) : 1;
                    memmove(sent[own], sent[0], node * sizeof *sent);
                    memcpy(sent[0], sums[0], own * sizeof *sent);
                    node += own;
                }
                follow(operations, found, TP_DO_COLLECT, &(struct tp_shards){.count = count}, rows, sent);
                if (strcmp(sent[0], want))
                    fail_msg("%zu shards, %zu rows, %zu ranks: %s found, expected %s", count, rows, ranks, sent[0],
                             want);
            }
        }
    }
    tp_network_free(&network);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_division), cmocka_unit_test(test_tree)};
    return cmocka_run_group_tests_name("shards", tests, NULL, NULL);
}
