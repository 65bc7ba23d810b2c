/* Shapes, slices, the plan's shares, initial weights and the hash of the weights. */
#include "network/network.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <xxhash.h>

#include "kernels/tiers.h"
#include "network/plan.h"
#include "tests/check.h"
#include "tests/options.h"

#define OPERATIONS_MAX 512
#define MEMBERS_MAX    20
#define INPUTS_MAX     1025 /* of any network here, the bias row included */
#define UNITS_MAX      1024

/* A network with memory for its weights, one arena per member as in a run. */
struct model {
    struct tp_network network;
    struct tp_arena arenas[MEMBERS_MAX];
    size_t members;
};

static tileprop_options options_with(size_t hidden_count, const size_t *hidden, int bias)
{
    tileprop_options options = options_default();
    options.hidden_count = hidden_count;
    for (size_t l = 0; l < hidden_count; l++)
        options.hidden[l] = hidden[l];
    options.bias = bias;
    return options;
}

static struct tp_network shape(const tileprop_options *options, size_t features, size_t classes, size_t members)
{
    struct tp_network network;
    struct tp_error error = {""};
    if (tp_network_shape(&network, options, features, classes, members, &error))
        fail_msg("%s", error.text);
    return network;
}

static void model_make(struct model *model, const tileprop_options *options, size_t features, size_t classes,
                       size_t members, tileprop_init init, uint64_t seed)
{
    *model = (struct model){.network = shape(options, features, classes, members), .members = members};
    for (size_t m = 0; m < members; m++) {
        struct tp_error error = {""};
        struct tp_arena size = tp_arena_measure();
        tp_network_layout(&model->network, m, &size);
        if (tp_arena_create(&model->arenas[m], size.used, &error))
            fail_msg("%s", error.text);
        tp_network_layout(&model->network, m, &model->arenas[m]);
        assert_int_equal(model->arenas[m].used, model->arenas[m].bytes);
    }
    for (size_t m = members; m-- > 0;) /* the order of members is nothing to rely on */
        tp_network_initialize(&model->network, m, init, seed);
}

static void model_free(struct model *model)
{
    for (size_t m = 0; m < model->members; m++)
        tp_arena_destroy(&model->arenas[m]);
    tp_network_free(&model->network);
}

static uint64_t hash_of(const struct tp_network *network)
{
    uint64_t hash = 0;
    struct tp_error error = {""};
    if (tp_network_hash(network, &hash, &error))
        fail_msg("%s", error.text);
    return hash;
}

static size_t rows_of(const struct tp_layer *layer)
{
    return layer->inputs + layer->bias;
}

/* The place of weight (row, unit) of a layer. */
static float *weight_at(const struct tp_layer *layer, size_t row, size_t unit)
{
    for (size_t s = 0; s < layer->slice_count; s++) {
        const struct tp_slice *slice = &layer->slices[s];
        if (unit >= slice->unit_begin && unit < slice->unit_begin + slice->w.columns)
            return tp_matrix_at(&slice->w, row, unit - slice->unit_begin);
    }
    fail_msg("no slice has unit %zu", unit);
    return NULL;
}

/* The course's networks, whose parameters its text counts, and the three kinds of bias. */
static void test_parameters(void **state)
{
    (void)state;
    static const struct {
        size_t hidden_count, hidden[2];
        int bias;
        size_t parameters;
    } known[] = {
        {1, {64}, TILEPROP_BIAS_INPUT, 50880},     {2, {60, 60}, TILEPROP_BIAS_INPUT, 51300},
        {2, {59, 59}, TILEPROP_BIAS_INPUT, 50386}, {1, {64}, TILEPROP_BIAS_ALL, 50890},
        {1, {64}, TILEPROP_BIAS_NONE, 50816},      {0, {0}, TILEPROP_BIAS_INPUT, 7850},
        {0, {0}, TILEPROP_BIAS_ALL, 7850},         {0, {0}, TILEPROP_BIAS_NONE, 7840},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        tileprop_options options = options_with(known[i].hidden_count, known[i].hidden, known[i].bias);
        struct tp_network network = shape(&options, 784, 10, 2);
        assert_int_equal(tp_network_parameters(&network), known[i].parameters);
        tp_network_free(&network);
    }
}

static void test_shapes(void **state)
{
    (void)state;
    tileprop_options options = options_with(2, (size_t[]){37, 5}, TILEPROP_BIAS_INPUT);
    options.activation = TILEPROP_RELU;
    static const struct {
        size_t inputs, units;
        bool bias;
        tileprop_activation activation;
    } expected[] = {{100, 37, true, TILEPROP_RELU}, {37, 5, false, TILEPROP_RELU}, {5, 3, false, TILEPROP_LINEAR}};
    struct tp_network network = shape(&options, 100, 3, 1);
    assert_int_equal(network.layer_count, 3);
    for (size_t l = 0; l < 3; l++) {
        assert_int_equal(network.layers[l].inputs, expected[l].inputs);
        assert_int_equal(network.layers[l].units, expected[l].units);
        assert_int_equal(network.layers[l].bias, expected[l].bias);
        assert_int_equal(network.layers[l].activation, expected[l].activation);
    }
    tp_network_free(&network);

    static const int states[TP_OPTIMIZER_COUNT] = {0, 1, 1, 1, 2};
    for (int rule = 0; rule < TP_OPTIMIZER_COUNT; rule++) {
        options.optimizer = (tileprop_optimizer)rule;
        network = shape(&options, 100, 3, 1);
        assert_int_equal(network.states, states[rule]);
        tp_network_free(&network);
    }
}

/* Networks whose layers have one panel, several, whole ones, a part of one, and
 * more than there are members. */
static const struct {
    size_t hidden_count, hidden[4], features, classes;
    int bias;
} varied[] = {
    {0, {0}, 1, 1, TILEPROP_BIAS_NONE},
    {1, {64}, 784, 10, TILEPROP_BIAS_INPUT},
    {2, {59, 59}, 784, 10, TILEPROP_BIAS_ALL},
    {4, {1, 16, 17, 333}, 31, 26, TILEPROP_BIAS_ALL},
    {2, {1024, 1024}, 784, 10, TILEPROP_BIAS_NONE},
};
#define VARIED (sizeof varied / sizeof *varied)

static struct tp_network varied_shape(size_t i, size_t members)
{
    tileprop_options options = options_with(varied[i].hidden_count, varied[i].hidden, varied[i].bias);
    return shape(&options, varied[i].features, varied[i].classes, members);
}

/* Slices are contiguous, start on a panel, and none is empty while another has two panels. */
static void test_slices_cover_the_units_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < VARIED; i++) {
        for (size_t members = 1; members <= MEMBERS_MAX; members++) {
            struct tp_network network = varied_shape(i, members);
            for (size_t l = 0; l < network.layer_count; l++) {
                const struct tp_layer *layer = &network.layers[l];
                size_t panels = tp_panel_count(layer->units), unit = 0;
                assert_int_equal(layer->slice_count, panels < members ? panels : members);
                for (size_t s = 0; s < layer->slice_count; s++) {
                    size_t most = (panels + layer->slice_count - 1) / layer->slice_count;
                    assert_int_equal(layer->slices[s].unit_begin, unit);
                    assert_int_equal(unit % TP_PANEL, 0);
                    assert_in_range(layer->slices[s].w.columns, 1, most * TP_PANEL);
                    unit += layer->slices[s].w.columns;
                }
                assert_int_equal(unit, layer->units);
            }
            tp_network_free(&network);
        }
    }
}

/* Counts the layer's weights that an operation updates, in updated[row][unit]. */
static void count_update(const struct tp_operation *o, const struct tp_layer *layer, unsigned char updated[][UNITS_MAX])
{
    assert_true(o->inputs.begin < o->inputs.end);
    assert_int_equal(o->inputs.begin % TP_PANEL, 0);
    assert_true(o->inputs.end % TP_PANEL == 0 || o->inputs.end == layer->inputs);
    assert_in_range(o->slice, 0, layer->slice_count - 1);
    const struct tp_slice *slice = &layer->slices[o->slice];
    for (size_t row = o->inputs.begin; row < o->inputs.end + o->bias; row++) {
        size_t place = row < o->inputs.end ? row : layer->inputs; /* the row after the last is the bias */
        for (size_t u = 0; u < slice->w.columns; u++)
            updated[place][slice->unit_begin + u]++;
    }
}

/* Counts the weights of layer l that `member` updates in a step. */
static void count_updates(const struct tp_plan *plan, const struct tp_network *network, size_t l, size_t member,
                          unsigned char updated[][UNITS_MAX])
{
    static struct tp_operation operations[OPERATIONS_MAX];
    const size_t count = tp_plan_operations(plan, network, member, plan->batch, false, NULL);
    assert_in_range(count, 1, OPERATIONS_MAX);
    assert_int_equal(tp_plan_operations(plan, network, member, plan->batch, false, operations), count);
    for (size_t i = 0; i < count; i++) {
        if (operations[i].kind == TP_DO_UPDATE && operations[i].layer == l)
            count_update(&operations[i], &network->layers[l], updated);
    }
}

static void test_each_weight_is_updated_by_one_member(void **state)
{
    (void)state;
    static unsigned char updated[INPUTS_MAX][UNITS_MAX];
    for (size_t i = 0; i < VARIED; i++) {
        for (size_t members = 1; members <= MEMBERS_MAX; members++) {
            struct tp_network network = varied_shape(i, members);
            struct tp_plan plan = tp_plan_make(&network, members, members, 32);
            for (size_t l = 0; l < network.layer_count; l++) {
                const struct tp_layer *layer = &network.layers[l];
                size_t wrong = 0;
                memset(updated, 0, rows_of(layer) * sizeof *updated);
                for (size_t m = 0; m < members; m++)
                    count_updates(&plan, &network, l, m, updated);
                for (size_t row = 0; row < rows_of(layer); row++)
                    for (size_t u = 0; u < layer->units; u++)
                        wrong += updated[row][u] != 1;
                if (wrong)
                    fail_msg("network %zu, %zu members, layer %zu: %zu weights not updated once", i, members, l + 1,
                             wrong);
            }
            tp_network_free(&network);
        }
    }
}

/* Shares follow each other without a gap and differ by one at most. */
static void test_shares_cover_a_range_once(void **state)
{
    (void)state;
    for (size_t count = 0; count <= 70; count++) {
        for (size_t members = 1; members <= MEMBERS_MAX; members++) {
            size_t next = 0;
            for (size_t m = 0; m < members; m++) {
                struct tp_range share = tp_plan_share(count, m, members);
                assert_int_equal(share.begin, next);
                assert_in_range(share.end - share.begin, count / members, (count + members - 1) / members);
                next = share.end;
            }
            assert_int_equal(next, count);
        }
    }
}

/* The most lines of one set, of SETS, that a product's block of A has: BLOCK_ROWS of BLOCK_PANELS panels. */
#define SETS         1024 /* of an L2 of 1 MiB and 16 ways */
#define BLOCK_ROWS   96
#define BLOCK_PANELS 64

static unsigned most_lines_of_a_set(size_t stride)
{
    unsigned lines[SETS] = {0}, most = 0;
    for (size_t panel = 0; panel < BLOCK_PANELS; panel++) {
        for (size_t row = 0; row < BLOCK_ROWS; row++) {
            const unsigned now = ++lines[tp_panel_offset(stride, row, panel * TP_PANEL) / TP_PANEL % SETS];
            most = now > most ? now : most;
        }
    }
    return most;
}

static void test_strides_spread_panels_over_sets(void **state)
{
    (void)state;
    for (size_t rows = 1; rows < 256; rows++)
        assert_int_equal(tp_panel_stride(rows), rows * TP_PANEL);
    assert_int_equal(most_lines_of_a_set((size_t)512 * TP_PANEL), 32);
    for (size_t rows = 256; rows <= 4096; rows += 64) {
        const size_t stride = tp_panel_stride(rows);
        assert_true(stride >= rows * TP_PANEL && stride % TP_PANEL == 0);
        assert_true(most_lines_of_a_set(stride) <= 8);
    }
}

/* What the step relies on: a layer computed by units has a slice for each member. */
static void test_plan(void **state)
{
    (void)state;
    static const size_t batches[] = {1, 32, 512};
    for (size_t i = 0; i < VARIED; i++) {
        for (size_t members = 1; members <= MEMBERS_MAX; members++) {
            struct tp_network network = varied_shape(i, members);
            for (size_t b = 0; b < sizeof batches / sizeof *batches; b++) {
                struct tp_plan plan = tp_plan_make(&network, members, members, batches[b]);
                assert_int_equal(plan.members, members);
                assert_int_equal(plan.batch, batches[b]);
                assert_true(plan.evaluation_rows > 0);
                for (size_t l = 0; l < network.layer_count; l++)
                    assert_true(!plan.by_units[l] || network.layers[l].slice_count == members);
            }
            tp_network_free(&network);
        }
    }
}

struct moments {
    double mean, variance, largest;
};

/* Of `rows` rows of a layer; the variance is the mean square about `centre`, the mean that is expected. */
static struct moments moments_of(const struct tp_network *network, size_t l, size_t rows)
{
    float row[UNITS_MAX];
    struct moments m = {0};
    size_t units = network->layers[l].units;
    for (size_t r = 0; r < rows; r++) {
        tp_network_row(network, l, r, row);
        for (size_t u = 0; u < units; u++) {
            double w = (double)row[u];
            m.mean += w;
            m.variance += w * w;
            m.largest = fmax(m.largest, fabs(w));
        }
    }
    double count = (double)(rows * units);
    m.mean /= count;
    m.variance /= count;
    return m;
}

/*
 * n independent weights of variance v: their mean has deviation sqrt(v / n), their mean square sqrt(2 v^2 /
 * n) if they are normal and sqrt(4/5 v^2 / n) if uniform. Five of these are passed once in two million draws.
 */
static void check_moments(struct moments m, double variance, double n, double spread)
{
    if (fabs(m.mean) > 5 * sqrt(variance / n) || fabs(m.variance - variance) > 5 * variance * sqrt(spread / n))
        fail_msg("mean %g, mean square %g; expected 0, %g", m.mean, m.variance, variance);
}

static void test_distributions_of_first_weights(void **state)
{
    (void)state;
    tileprop_options options = options_with(2, (size_t[]){100, 70}, TILEPROP_BIAS_ALL);
    struct model model;

    /* Fan-in of the first layer counts the constant input, whose weights are drawn like the others. */
    static const double fan_in[] = {201, 100, 70};
    for (size_t i = 0; i < 2; i++) {
        model_make(&model, &options, 200, 40, 3, i ? TILEPROP_INIT_HE : TILEPROP_INIT_FAN_IN, 11);
        for (size_t l = 0; l < 3; l++) {
            const struct tp_layer *layer = &model.network.layers[l];
            size_t rows = layer->inputs + (l == 0);
            double n = (double)(rows * layer->units);
            struct moments m = moments_of(&model.network, l, rows);
            check_moments(m, (i ? 2 : 1) / fan_in[l], n, 2);
            assert_true(m.largest > 3 * sqrt(m.variance)); /* not uniform: that ends at 1.73 */
        }
        model_free(&model);
    }

    model_make(&model, &options, 200, 40, 3, TILEPROP_INIT_UNIFORM, 11);
    for (size_t l = 0; l < 3; l++) {
        const struct tp_layer *layer = &model.network.layers[l];
        size_t rows = layer->inputs + (l == 0);
        struct moments m = moments_of(&model.network, l, rows);
        check_moments(m, 1. / 3, (double)(rows * layer->units), 0.8);
        assert_true(m.largest <= 1);
    }
    model_free(&model);
}

/* Few inputs, so that one more or less shows: only a constant input counts as one. */
static void test_fan_in(void **state)
{
    (void)state;
    static const struct {
        int bias;
        double fan_in;
    } known[] = {{TILEPROP_BIAS_NONE, 2}, {TILEPROP_BIAS_INPUT, 3}, {TILEPROP_BIAS_ALL, 3}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        tileprop_options options = options_with(2, (size_t[]){1000, 2}, known[i].bias);
        struct model model;
        model_make(&model, &options, 2, UNITS_MAX, 1, TILEPROP_INIT_FAN_IN, 12);
        check_moments(moments_of(&model.network, 0, 2), 1 / known[i].fan_in, 2 * 1000, 2);
        check_moments(moments_of(&model.network, 2, 2), 1. / 2, 2 * UNITS_MAX, 2); /* later biases do not count */
        model_free(&model);
    }
}

/* Later biases start at 0; the weights of the first layer's constant input are all different. */
static void test_first_biases(void **state)
{
    (void)state;
    tileprop_options options = options_with(2, (size_t[]){40, 20}, TILEPROP_BIAS_ALL);
    struct model model;
    model_make(&model, &options, 30, 17, 2, TILEPROP_INIT_UNIFORM, 1);
    float row[UNITS_MAX], other[UNITS_MAX];
    for (size_t l = 1; l < 3; l++) {
        tp_network_row(&model.network, l, model.network.layers[l].inputs, row);
        for (size_t u = 0; u < model.network.layers[l].units; u++)
            assert_true(row[u] == 0);
    }
    tp_network_row(&model.network, 0, 30, row);
    for (size_t r = 0; r < 30; r++) {
        tp_network_row(&model.network, 0, r, other);
        for (size_t u = 0; u < 40; u++)
            assert_true(row[u] != other[u]);
    }
    model_free(&model);
}

static void test_first_weights_at_any_number_of_members(void **state)
{
    (void)state;
    tileprop_options options = options_with(3, (size_t[]){70, 16, 100}, TILEPROP_BIAS_ALL);
    struct model one;
    model_make(&one, &options, 50, 33, 1, TILEPROP_INIT_HE, 5);
    uint64_t hash = hash_of(&one.network);
    for (size_t members = 2; members <= MEMBERS_MAX; members++) {
        struct model many;
        model_make(&many, &options, 50, 33, members, TILEPROP_INIT_HE, 5);
        for (size_t l = 0; l < one.network.layer_count; l++) {
            const struct tp_layer *layer = &one.network.layers[l];
            for (size_t r = 0; r < rows_of(layer); r++) {
                float expected[UNITS_MAX], found[UNITS_MAX];
                tp_network_row(&one.network, l, r, expected);
                tp_network_row(&many.network, l, r, found);
                assert_memory_equal(found, expected, layer->units * sizeof *found);
            }
        }
        assert_true(hash_of(&many.network) == hash);
        model_free(&many);
    }
    model_free(&one);
}

/* Other seeds and other layers have other weights. */
static void test_first_weights_differ(void **state)
{
    (void)state;
    tileprop_options options = options_with(2, (size_t[]){16, 16}, TILEPROP_BIAS_NONE);
    struct model model, other;
    model_make(&model, &options, 16, 16, 1, TILEPROP_INIT_FAN_IN, 0);
    model_make(&other, &options, 16, 16, 1, TILEPROP_INIT_FAN_IN, UINT64_C(1) << 32);
    float row[UNITS_MAX], next[UNITS_MAX];
    for (size_t r = 0; r < 16; r++) {
        tp_network_row(&model.network, 1, r, row);
        tp_network_row(&model.network, 2, r, next);
        assert_memory_not_equal(row, next, 16 * sizeof *row);
        tp_network_row(&other.network, 1, r, next);
        assert_memory_not_equal(row, next, 16 * sizeof *row);
    }
    assert_true(hash_of(&model.network) != hash_of(&other.network));
    model_free(&model);
    model_free(&other);
}

/* Backward reads the transposed copy: it holds the same weights, and the first layer has none. */
static void test_transposed_view(void **state)
{
    (void)state;
    tileprop_options options = options_with(2, (size_t[]){70, 35}, TILEPROP_BIAS_ALL);
    for (size_t members = 1; members <= 6; members++) {
        struct model model;
        model_make(&model, &options, 50, 33, members, TILEPROP_INIT_FAN_IN, 3);
        for (size_t m = 0; m < members; m++)
            tp_network_refresh(&model.network, m, tp_tiers[0]);
        for (size_t l = 0; l < model.network.layer_count; l++) {
            const struct tp_layer *layer = &model.network.layers[l];
            for (size_t s = 0; s < layer->slice_count; s++) {
                const struct tp_slice *slice = &layer->slices[s];
                assert_int_equal(slice->wt.data != NULL, l > 0);
                for (size_t u = 0; slice->wt.data && u < slice->w.columns; u++)
                    for (size_t i = 0; i < layer->inputs; i++)
                        assert_true(*tp_matrix_at(&slice->wt, u, i) == *weight_at(layer, i, slice->unit_begin + u));
            }
        }
        model_free(&model);
    }
}

/* XXH3 of one plain array, as another program would make it; any single weight changes it. */
static void test_hash(void **state)
{
    (void)state;
    tileprop_options options = options_with(2, (size_t[]){19, 33}, TILEPROP_BIAS_ALL);
    struct model model;
    model_make(&model, &options, 7, 5, 2, TILEPROP_INIT_FAN_IN, 3);
    size_t parameters = tp_network_parameters(&model.network), n = 0;
    assert_int_equal(parameters, 8 * 19 + 20 * 33 + 34 * 5);
    unsigned char *bytes = malloc(4 * parameters);
    assert_non_null(bytes);
    for (size_t l = 0; l < 3; l++) {
        const struct tp_layer *layer = &model.network.layers[l];
        for (size_t row = 0; row < rows_of(layer); row++) {
            for (size_t u = 0; u < layer->units; u++, n++) {
                uint32_t bits;
                memcpy(&bits, weight_at(layer, row, u), sizeof bits);
                for (size_t b = 0; b < 4; b++)
                    bytes[4 * n + b] = (unsigned char)(bits >> 8 * b);
            }
        }
    }
    uint64_t hash = hash_of(&model.network);
    assert_int_equal(n, parameters);
    assert_true(hash == XXH3_64bits(bytes, 4 * parameters));
    free(bytes);

    for (size_t l = 0; l < 3; l++) {
        const struct tp_layer *layer = &model.network.layers[l];
        for (size_t row = 0; row < rows_of(layer); row++) {
            for (size_t u = 0; u < layer->units; u++) {
                float *weight = weight_at(layer, row, u), kept = *weight;
                *weight = kept == 0 ? -0.0f : -kept; /* one bit */
                assert_true(hash_of(&model.network) != hash);
                *weight = kept;
            }
        }
    }
    assert_true(hash_of(&model.network) == hash);
    model_free(&model);
}

/* Sizes whose products overflow exceed the memory, wherever they come from. */
static void test_sizes_beyond_memory(void **state)
{
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 15, SIZE_MAX / 2, SIZE_MAX / 64, (size_t)1 << 59};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const tileprop_options wide = options_with(1, &sizes[i], TILEPROP_BIAS_ALL);
        const tileprop_options deep = options_with(2, (size_t[]){16, (size_t)1 << 20}, TILEPROP_BIAS_ALL);
        struct tp_network network;
        struct tp_error error;
        check_failure(tp_network_shape(&network, &wide, 4, 3, 4096, &error), TILEPROP_FAILURE, &error,
                      "out of memory ... layer 1");
        tp_network_free(&network);
        check_failure(tp_network_shape(&network, &deep, sizes[i], 3, 1, &error), TILEPROP_FAILURE, &error,
                      "out of memory ... layer 1");
        tp_network_free(&network);
        check_failure(tp_network_shape(&network, &deep, 4, sizes[i], 1, &error), TILEPROP_FAILURE, &error,
                      "out of memory ... layer 3");
        tp_network_free(&network);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parameters),
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_slices_cover_the_units_once),
        cmocka_unit_test(test_each_weight_is_updated_by_one_member),
        cmocka_unit_test(test_shares_cover_a_range_once),
        cmocka_unit_test(test_strides_spread_panels_over_sets),
        cmocka_unit_test(test_plan),
        cmocka_unit_test(test_distributions_of_first_weights),
        cmocka_unit_test(test_fan_in),
        cmocka_unit_test(test_first_biases),
        cmocka_unit_test(test_first_weights_at_any_number_of_members),
        cmocka_unit_test(test_first_weights_differ),
        cmocka_unit_test(test_transposed_view),
        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_sizes_beyond_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
