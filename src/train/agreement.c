#include "train/agreement.h"

void tp_agree_on_step(struct tp_trainer *t)
{
    struct tp_decision *decision = &t->decision;
    if (!t->step.exchange)
        return;
    *decision = (struct tp_decision){.loss = t->state.loss,
                                     .pause = t->pause,
                                     .stopped_by = t->result->stopped_by,
                                     .abandoned = atomic_load(&t->step.abandoned)};
    tp_exchange_broadcast(t->step.exchange, decision, sizeof *decision);
    t->state.loss = decision->loss;
    t->pause = decision->pause;
    t->result->stopped_by = decision->stopped_by;
    atomic_store(&t->step.abandoned, decision->abandoned);
}

/* Rank 0 combines the ranks' statements. */
static void judge(const struct tp_statement *statements, size_t count, struct tp_verdict *verdict)
{
    for (size_t r = count; r-- > 0;) {
        verdict->stopped |= statements[r].stopped;
        verdict->differs = statements[r].hash != statements[0].hash ? r : verdict->differs;
    }
}

struct tp_verdict tp_agree_on_evaluation(struct tp_trainer *t, const struct tp_dataset *dataset, bool stopped)
{
    struct tp_exchange *exchange = t->step.exchange;
    struct tp_verdict verdict = {.stopped = stopped};
    if (exchange) {
        const size_t rank = exchange->ranks->rank, count = exchange->ranks->count;
        struct tp_statement *statements = t->statements;
        struct tp_error ignored;
        statements[rank] = (struct tp_statement){.stopped = stopped};
        if (tp_network_hash(&t->network, &statements[rank].hash, &ignored) != TILEPROP_OK)
            statements[rank].stopped = true;
        tp_exchange_gather(exchange, statements, sizeof *statements, count);
        tp_exchange_gather(exchange, t->predictions.loss, sizeof *t->predictions.loss, dataset->count);
        tp_exchange_gather(exchange, t->predictions.predicted, sizeof *t->predictions.predicted, dataset->count);
        if (rank == 0)
            judge(statements, count, &verdict);
    }
    const bool scores = !verdict.stopped && (!exchange || exchange->ranks->rank == 0);
    if (scores)
        verdict.metrics = tp_metrics_of(t->predictions.loss, t->predictions.predicted, dataset);
    if (exchange) {
        tp_exchange_broadcast(exchange, &verdict, sizeof verdict);
        tp_exchange_wait_all(exchange);
    }
    return verdict;
}

size_t tp_agree_on_layer(struct tp_trainer *t, size_t layer)
{
    struct tp_exchange *exchange = t->step.exchange;
    if (!exchange)
        return layer;
    t->statements[exchange->ranks->rank].layer = layer;
    tp_exchange_gather(exchange, t->statements, sizeof *t->statements, exchange->ranks->count);
    for (size_t r = 0; r < exchange->ranks->count; r++)
        layer = t->statements[r].layer && (!layer || t->statements[r].layer < layer) ? t->statements[r].layer : layer;
    return layer;
}
