#include "network/plan.h"

/*
 * Rows of an evaluation's block. If all weights stay in L2, a block is small, so that many threads have equal
 * shares. Otherwise every block streams the weights from further away, so it is as large as half a megabyte of
 * activations allows. All are multiples of 6 and 12, the rows of the wide tiles that first layers use.
 */
#define WEIGHTS_IN_L2   131072 /* floats: half a megabyte */
#define ACTIVATIONS_MAX 131072 /* floats of the widest layer */
#define ROWS_MIN        48
#define ROWS_MAX        192

static size_t evaluation_rows(const struct tp_network *network)
{
    size_t widest = 1;
    for (size_t l = 0; l < network->layer_count; l++)
        widest = network->layers[l].inputs > widest ? network->layers[l].inputs : widest;
    if (tp_network_parameters(network) <= WEIGHTS_IN_L2)
        return ROWS_MIN;
    size_t rows = ACTIVATIONS_MAX / widest / ROWS_MIN * ROWS_MIN;
    return rows < ROWS_MIN ? ROWS_MIN : rows > ROWS_MAX ? ROWS_MAX : rows;
}

/*
 * Compares the bytes that cross cores in a step. By rows, every member reads the weights that the others
 * updated. By units, every member reads all activations below (in the first layer each packs them itself, from bytes),
 * and all outputs are read once. Unequal slices would cost more than either saves.
 */
bool tp_plan_units_pay(size_t inputs, size_t units, bool first, size_t members, size_t batch)
{
    if (members == 1 || tp_panel_count(units) % members)
        return false;
    size_t weights = sizeof(float) * inputs * units;
    size_t below = (first ? 1 : sizeof(float)) * inputs * batch;
    return weights > below + sizeof(float) * units * batch;
}

/*
 * By inputs, each member reads its share of the transposed copy instead of all of it. The larger the layer, the larger
 * the gain (results/kernels.md).
 */
#define WEIGHTS_BY_INPUTS 16384 /* weights from which the gain pays for a barrier */

bool tp_plan_inputs_pay(bool by_units, size_t inputs, size_t units)
{
    return by_units && inputs * units >= WEIGHTS_BY_INPUTS;
}

/*
 * If slices differ by a panel, most members wait for one. Then the inputs are divided instead, although prefetchers
 * fetch lines that a neighbour writes. Equal slices are faster by units (results/kernels.md).
 */
#define PANELS_FEW 10 /* panels of a slice from which one more adds at most a tenth */

static size_t slices_of(const struct tp_layer *layer, size_t members)
{
    size_t panels = tp_panel_count(layer->units);
    if (panels <= members)
        return panels;
    return panels % members && panels < PANELS_FEW * members ? 1 : members;
}

struct tp_plan tp_plan_make(const struct tp_network *network, size_t members, size_t step_members, size_t batch)
{
    struct tp_plan plan = {
        .members = members, .step_members = step_members, .batch = batch, .evaluation_rows = evaluation_rows(network)};
    for (size_t l = 0; l < network->layer_count; l++) {
        plan.slices[l] = slices_of(&network->layers[l], step_members);
        plan.by_units[l] =
            tp_plan_units_pay(network->layers[l].inputs, network->layers[l].units, l == 0, step_members, batch);
    }
    return plan;
}

/*
 * By units, weights never cross cores. This saves more than it costs to have every member pack all rows. If the panels
 * cannot be divided evenly, update divides the inputs instead.
 */
struct tp_plan tp_plan_make_skipping(const struct tp_network *network, size_t members, size_t step_members,
                                     size_t batch)
{
    struct tp_plan plan = tp_plan_make(network, members, step_members, batch);
    plan.skips = true;
    plan.by_units[0] = step_members > 1 && tp_panel_count(network->layers[0].units) % step_members == 0;
    plan.slices[0] = plan.by_units[0] ? step_members : 1;
    return plan;
}

void tp_plan_cut(const struct tp_plan *plan, struct tp_network *network)
{
    for (size_t l = 0; l < network->layer_count; l++)
        tp_network_cut(network, l, plan->slices[l]);
}

struct tp_range tp_plan_share(size_t count, size_t member, size_t members)
{
    return (struct tp_range){count * member / members, count * (member + 1) / members};
}

struct tp_range tp_plan_share_panels(size_t columns, size_t member, size_t members)
{
    struct tp_range panels = tp_plan_share(tp_panel_count(columns), member, members);
    size_t end = panels.end * TP_PANEL;
    return (struct tp_range){panels.begin * TP_PANEL, end < columns ? end : columns};
}
