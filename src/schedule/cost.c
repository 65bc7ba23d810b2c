#include "schedule/cost.h"

#include <math.h>

/*
 * Fast cores of today reach 200 to 250 GFLOP/s in AVX-512. The rest was measured on two shared cores of an
 * AMD EPYC (family 26, model 2): a barrier takes 0.1 to 0.3 us, lines that the other core wrote come at 2.5
 * GB/s where nothing prefetches them, and three times as fast where something does; weights and state in L2
 * are read and written at 60 GB/s.
 */
const struct tp_cost_machine tp_cost_best = {250e9, INFINITY, INFINITY, INFINITY, 0, 0};
const struct tp_cost_machine tp_cost_worst = {250e9, INFINITY, INFINITY, 1e9, 1e-6, 0};
const struct tp_cost_machine tp_cost_usual = {120e9, 60e9, 10e9, 5e9, 0.3e-6, 3e-8};

#define L2_BYTES 1048576 /* of weights, from which on they stream from beyond it */

static double most_of(size_t count, size_t members)
{
    return (double)((count + members - 1) / members) / (double)count;
}

/* Of computing and of moving bytes; beyond: they come from beyond L2. */
static double slower(double flops, double bytes, bool beyond, const struct tp_cost_machine *machine)
{
    double computing = flops / machine->flops, moving = bytes / (beyond ? machine->stream : machine->near);
    return machine->call + (computing > moving ? computing : moving);
}

/* The slowest member's share of a layer's update. */
static double update_share(const struct tp_layer *layer, size_t slices, size_t members)
{
    size_t helpers = members / slices;
    return most_of(tp_panel_count(layer->units), slices) *
           most_of(tp_panel_count(layer->inputs), helpers ? helpers : 1);
}

static double layer_seconds(const struct tp_network *network, size_t l, const struct tp_plan *plan,
                            const struct tp_cost_machine *machine, bool beyond)
{
    const struct tp_layer *layer = &network->layers[l];
    size_t members = plan->step_members;
    double batch = (double)plan->batch;
    double columns = (double)(tp_panel_count(layer->units) * TP_PANEL); /* what is computed */
    double weights = (double)(layer->inputs + layer->bias) * columns;
    double flops = 2 * batch * weights, read = sizeof(float) * weights;
    double written = (double)(2 * (1 + network->states) + (l > 0)) * read;
    double rows = most_of(plan->batch, members),
           units = most_of(tp_panel_count(layer->units), plan->slices[l]);

    /* Whoever takes rows reads all of the weights. */
    double seconds = plan->by_units[l] ? slower(units * flops, units * read, beyond, machine)
                                       : slower(rows * flops, read, beyond, machine);
    const bool by_inputs = l > 0 && tp_plan_inputs_pay(plan->by_units[l], layer->inputs, layer->units);
    double inputs = most_of(tp_panel_count(layer->inputs), members);
    if (l > 0)
        seconds += by_inputs ? slower(inputs * flops, inputs * read, beyond, machine)
                             : slower(rows * flops, read, beyond, machine);
    double share = update_share(layer, plan->slices[l], members);
    seconds += slower(share * flops, share * written, beyond, machine);
    if (members == 1)
        return seconds;

    double below = l > 0 ? sizeof(float) * (double)layer->inputs * batch : 0;
    double above = sizeof(float) * (double)layer->units * batch;
    double crossed = (plan->by_units[l] ? below + above : sizeof(float) * weights) + below + above +
                     (by_inputs ? below + above
                      : l > 0   ? sizeof(float) * weights
                                : 0);
    double others = (double)(members - 1) / (double)members;
    return seconds + others * crossed / machine->crossed + (plan->by_units[l] + by_inputs) * machine->barrier;
}

double tp_cost_step(const struct tp_network *network, const struct tp_plan *plan,
                    const struct tp_cost_machine *machine)
{
    double bytes = sizeof(float) * (double)tp_network_parameters(network);
    bool beyond = bytes > L2_BYTES * (double)plan->step_members;
    double samples = (double)network->layers[0].inputs * (double)plan->batch * (1 + sizeof(float));
    double packed = plan->by_units[0] ? 1 : most_of(plan->batch, plan->step_members);
    double seconds = packed * samples / machine->near + (plan->step_members > 1 ? 2 * machine->barrier : 0);
    for (size_t l = 0; l < network->layer_count; l++)
        seconds += layer_seconds(network, l, plan, machine, beyond);
    return seconds;
}
