#include <stdlib.h>

#include "network/plan.h"

#define LABEL "plan        "

static void write_range(const char *name, struct tp_range range, FILE *out)
{
    if (range.begin < range.end)
        fprintf(out, ", %s %zu-%zu", name, range.begin, range.end - 1);
}

static bool is_block(const struct tp_operation *operation)
{
    return operation->units.begin < operation->units.end && operation->verb != TILEPROP_EXCHANGE;
}

static void write_operation(const struct tp_operation *operation, const struct tp_network *network, size_t member,
                            FILE *out)
{
    static const char *const names[] = {
        "pack",         "forward",          "loss",    "send losses",    "backward",
        "prefetch",     "report",           "measure", "update",         "gradient",
        "add",          "collect",          "apply",   "send gradients", "wait for gradients",
        "send weights", "wait for weights", "put",     "pack ahead",     "progress",
        "barrier"};
    _Static_assert(sizeof names / sizeof names[0] == TP_DO_BARRIER + 1, "a name for each kind, in their order");
    const enum tp_operation_kind kind = operation->kind;
    const struct tp_layer *layer = &network->layers[operation->layer];
    const struct tp_slice *slice = &layer->slices[operation->slice];
    const bool sliced = kind == TP_DO_FORWARD || kind == TP_DO_BACKWARD || kind == TP_DO_UPDATE || kind == TP_DO_PUT;
    fprintf(out, LABEL "thread %zu: %s%s", member, names[kind], operation->marked ? " of marked inputs" : "");
    if (sliced || is_block(operation) || (operation->verb == TILEPROP_EXCHANGE && kind != TP_DO_BARRIER))
        fprintf(out, " layer %zu", operation->layer + 1);
    write_range("units",
                sliced ? (struct tp_range){slice->unit_begin, slice->unit_begin + slice->w.columns} : operation->units,
                out);
    write_range("rows", operation->rows, out);
    write_range("inputs", operation->inputs, out);
    fputs(operation->bias ? ", bias\n" : "\n", out);
}

/* A member's list. Only the first of a run of blocks is shown: there may be hundreds. */
static void write_list(const struct tp_operation *operations, size_t count, const struct tp_network *network,
                       size_t member, FILE *out)
{
    const struct tp_operation *first = NULL, *last = NULL;
    size_t more = 0;
    for (size_t i = 0; i < count; i++) {
        const struct tp_operation *o = &operations[i];
        if (o->kind == TP_DO_PROGRESS)
            continue;
        const bool follows = first && is_block(o) && o->layer == first->layer && o->owner == first->owner;
        if (follows && (o->units.begin != first->units.begin || o->inputs.begin != first->inputs.begin)) {
            more += o->units.begin != last->units.begin || o->inputs.begin != last->inputs.begin;
            last = o;
            continue;
        }
        if (!follows && more)
            fprintf(out, LABEL "thread %zu: likewise %zu more block%s of layer %zu\n", member, more,
                    more == 1 ? "" : "s", first->layer + 1);
        if (!follows) {
            first = is_block(o) ? o : NULL;
            more = 0;
        }
        last = o;
        write_operation(o, network, member, out);
    }
}

bool tp_plan_write(const struct tp_plan *plan, const struct tp_network *network, bool measure, FILE *out)
{
    fprintf(out, LABEL "%zu of %zu threads take part in steps; an evaluation's blocks have %zu rows\n",
            plan->step_members, plan->members, plan->evaluation_rows);
    for (size_t m = 0; m < plan->step_members; m++) {
        const size_t count = tp_plan_operations(plan, network, m, plan->batch, measure, NULL);
        struct tp_operation *operations = calloc(count, sizeof *operations);
        if (!operations)
            return false;
        tp_plan_operations(plan, network, m, plan->batch, measure, operations);
        write_list(operations, count, network, m, out);
        free(operations);
    }
    return true;
}
