/*
 * What the ranks of a run send each other: gradients to the rank that owns their inputs, and new weights back to all.
 * A rank keeps optimizer state only for the inputs that it owns.
 *
 * A layer's matrix is stored in blocks, one for each rank that owns some of its inputs (tp_plan_owned), in panel format
 * with a stride of its own: each block is a message.
 *
 * Member 0 alone sends and receives.
 */
#pragma once

#include "base/arena.h"
#include "network/plan.h"
#include "network/weights.h"
#include "tileprop/run.h"

struct tp_exchange_layer {
    float *nodes;                /* [node][all owners' blocks]: sums of gradients that this rank forms */
    float *received;             /* [node][own block]: the other ranks' sums for the inputs that this one owns */
    float *weights;              /* [all owners' blocks]: new weights */
    float *state[2];             /* [own block] */
    struct tp_range receives[2]; /* transfers of `received` and of `weights` that must finish */
};

struct tp_exchange {
    const tileprop_ranks *ranks;
    const struct tp_plan *plan;
    const struct tp_network *network;
    int states;
    size_t started; /* transfers */
    struct tp_range losses_received;
    float *losses; /* of the batch; each rank's are followed by 1 if it abandons the step, else 0 */
    struct tp_exchange_layer layers[TP_LAYERS_MAX];
};

/* Takes memory from an arena, which may be one that only measures. */
void tp_exchange_layout(struct tp_exchange *exchange, struct tp_arena *arena);

/* The gradient of an owner's inputs in a node of this rank. */
struct tp_matrix tp_exchange_node(const struct tp_exchange *exchange, size_t layer, size_t owner, size_t node);

/* The gradient of this rank's inputs in a node of any rank; nodes of a batch of `rows` are numbered over all ranks. */
struct tp_matrix tp_exchange_received(const struct tp_exchange *exchange, size_t layer, size_t node, size_t rows);

/* The weights of an owner's inputs. */
struct tp_matrix tp_exchange_weights(const struct tp_exchange *exchange, size_t layer, size_t owner);

/* --- Within a step ------------------------------------------------------------------------------------------------ */

/*
 * Member 0 performs an operation with other ranks, in a step of `rows` rows. losses: those of this rank's rows, which
 * go to rank 0 together with whether this rank abandons the step.
 */
void tp_exchange_do(struct tp_exchange *exchange, const struct tp_operation *operation, const float *losses,
                    size_t rows, bool abandons);

/* Rank 0: waits for the losses of the whole batch; returns whether any rank abandons the step. */
bool tp_exchange_wait_losses(struct tp_exchange *exchange, float *losses, size_t rows);

/* Copies new weights to these inputs of a slice and, if asked, to its bias row. The caller then calls
 * tp_network_refresh(). */
void tp_exchange_put(const struct tp_exchange *exchange, size_t layer, const struct tp_slice *slice,
                     struct tp_range inputs, bool bias);

/* Waits for all transfers, sent and received. */
void tp_exchange_wait_all(struct tp_exchange *exchange);

/* --- Between steps ------------------------------------------------------------------------------------------------ */

/* Copies rank 0's bytes to all ranks; the bytes must not change before the next tp_exchange_wait_all(). */
void tp_exchange_broadcast(struct tp_exchange *exchange, void *bytes, size_t count);

/* Copies each rank's share (tp_plan_share) of `count` items to rank 0, and waits for all transfers. */
void tp_exchange_gather(struct tp_exchange *exchange, void *items, size_t size, size_t count);

/* Copies the weights that this rank owns from the network, and sets its state to zero. */
void tp_exchange_load(struct tp_exchange *exchange);

/* Copies what this rank owns of array `number` (from 1) of optimizer state. */
void tp_exchange_put_state(struct tp_exchange *exchange, int number, const struct tp_weights *values);

/* Copies all ranks' state to the slices of rank 0, which have memory for all of it. */
void tp_exchange_gather_state(struct tp_exchange *exchange);
