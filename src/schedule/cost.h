/*
 * What a step costs under a plan, by a model: it need only tell what is clear from what has to be timed.
 */
#ifndef TP_COST_H
#define TP_COST_H

#include "network/plan.h"

/* What a machine may be like. */
struct tp_cost_machine {
    double flops;   /* per second of one core */
    double near;    /* bytes per second of one core from its L2 */
    double stream;  /* the same from beyond it */
    double crossed; /* bytes per second that a core reads from another's caches */
    double barrier; /* seconds */
    double call;    /* seconds of a verb besides */
};

/* A fast core that the others slow down no more than it must, and one that they slow down as badly as any. */
extern const struct tp_cost_machine tp_cost_best, tp_cost_worst;

/* What to believe where nothing can be timed. */
extern const struct tp_cost_machine tp_cost_usual;

/* Seconds of a step of a full batch. The network need not be cut as the plan says. */
double tp_cost_step(const struct tp_network *network, const struct tp_plan *plan,
                    const struct tp_cost_machine *machine);

#endif
