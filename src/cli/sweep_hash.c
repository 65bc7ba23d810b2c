#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#include "cli/sweep_pool.h"
#include "readers/class_weights.h"

static void hash_bytes(const void *bytes, size_t size, FILE *out)
{
    fprintf(out, "%016" PRIx64 "\n", bytes ? XXH3_64bits(bytes, size) : 0);
}

/* Everything in a data set that a run depends on. */
static void hash_set(const struct tp_dataset *set, FILE *out)
{
    const bool sparse = set->type == TILEPROP_CSR;
    if (!set->count)
        return;
    hash_bytes(set->samples, tp_dataset_bytes(set), out);
    hash_bytes(set->labels, set->count * sizeof *set->labels, out);
    hash_bytes(set->sample_weights, set->count * sizeof *set->sample_weights, out);
    hash_bytes(set->offset, set->features * sizeof *set->offset, out);
    hash_bytes(set->indptr, (set->count + 1) * sizeof *set->indptr, out);
    hash_bytes(set->indices, sparse ? tp_dataset_entries(set) * sizeof *set->indices : 0, out);
}

/* All options of a run of a configuration. */
static tileprop_status hash_training(const struct tp_train_command *command, FILE *out, struct tp_error *error)
{
    char *text = NULL;
    size_t size = 0;
    FILE *in_memory = open_memstream(&text, &size);
    if (!in_memory)
        return tp_fail_memory(error, "--runs", "the options as text");
    tp_train_command_write_training(command, in_memory);
    const bool good = fclose(in_memory) == 0;
    if (good)
        hash_bytes(text, size, out);
    free(text);
    return good ? TILEPROP_OK : tp_fail_memory(error, "--runs", "the options as text");
}

static tileprop_status hash_all(const struct tp_sweep *sweep, size_t configurations, FILE *out, struct tp_error *error)
{
    const struct tp_sweep_command *command = sweep->command;
    const char *class_weight = command->train.class_weight;
    float *weights = NULL;
    tileprop_status status =
        class_weight ? tp_class_weights_make(class_weight, &sweep->data.train, &weights, error) : TILEPROP_OK;
    fprintf(out, "%s %zu %zu\n", tileprop_version(), sweep->repeats, command->folds);
    for (size_t c = 0; c < configurations && status == TILEPROP_OK; c++)
        status = hash_training(&command->configurations[c], out, error);
    hash_set(&sweep->data.train, out);
    hash_set(&sweep->data.validation, out);
    hash_bytes(weights, sweep->data.train.classes * sizeof *weights, out);
    free(weights);
    return status;
}

tileprop_status tp_sweep_hash(const struct tp_sweep *sweep, size_t configurations, uint64_t *hash,
                              struct tp_error *error)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    if (!out)
        return tp_fail_memory(error, "--runs", "the options as text");
    tileprop_status status = hash_all(sweep, configurations, out, error);
    if (fclose(out) != 0 && status == TILEPROP_OK)
        status = tp_fail_memory(error, "--runs", "the options as text");
    *hash = status == TILEPROP_OK ? XXH3_64bits(text, length) : 0;
    free(text);
    return status;
}
