#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "data/offsets.h"
#include "train/training_options.h"
#include "verify/gradient_check.h"

static tileprop_status check(const tileprop_options *given, const tileprop_data *data,
                             int (*progress)(void *context, double share), void *context, tileprop_gradients *found,
                             struct tp_call *call)
{
    struct tp_error *error = &call->error;
    tileprop_options options;
    struct tp_set set = {0};
    struct tp_normalization normalization = {0};
    struct tp_reference_f64 reference = {0};
    tileprop_status status = tp_api_options(given, &options, call);
    if (status == TILEPROP_OK)
        status = tp_set_take(&set, "data", data, NULL, tp_offsets_wanted(options.normalize), NULL, error);
    if (status == TILEPROP_OK)
        status = tp_set_check_weights(
            &set, set.own.count < TILEPROP_CHECK_SAMPLES ? set.own.count : TILEPROP_CHECK_SAMPLES, error);
    if (status == TILEPROP_OK) {
        options.drop_last = false; /* there are no batches */
        options.init = options.init == TILEPROP_INIT_AUTO ? TILEPROP_INIT_UNIFORM : options.init;
        tp_options_resolve(&options, set.own.type, set.own.count);
        status = tp_dataset_check_sets(&set.own, &set.own, NULL, error);
    }
    if (status == TILEPROP_OK)
        status = tp_options_check(&options, set.own.count, error);
    if (status == TILEPROP_OK)
        status = tp_normalization_fit(&normalization, options.normalize, &set.own, error);
    if (status == TILEPROP_OK)
        status = tp_f64_make(&reference, &options, &set.own, &normalization, TILEPROP_CHECK_SAMPLES, error);
    if (status == TILEPROP_OK)
        status =
            tp_finite_differences_measure(&reference, tp_options_threads(&options), progress, context, found, error);
    tp_f64_free(&reference);
    tp_normalization_free(&normalization);
    tp_set_free(&set);
    return status;
}

tileprop_status tileprop_check_gradients(const tileprop_options *options, const tileprop_data *data,
                                         int (*progress)(void *context, double share), void *context,
                                         tileprop_gradients *gradients, char *message, size_t size)
{
    struct tp_call call;
    tileprop_gradients given;
    tp_call_begin(&call);
    tileprop_status status = tp_api_take(&given, offsetof(tileprop_gradients, layer_count), sizeof given, gradients,
                                         "gradients", &call.error);
    if (status == TILEPROP_OK && given.layers)
        status = tp_api_size("gradients: layer_size", given.layer_size, offsetof(tileprop_layer_gradients, right),
                             sizeof *given.layers, &call.error);
    if (status == TILEPROP_OK) {
        tileprop_layer_gradients layers[TP_LAYERS_MAX] = {0};
        tileprop_gradients found = {.size = given.size, .layers = layers, .layer_size = given.layer_size};
        status = check(options, data, progress, context, &found, &call);
        for (size_t l = 0; given.layers && l < found.layer_count; l++)
            memcpy((char *)given.layers + l * given.layer_size, &layers[l], given.layer_size);
        found.layers = given.layers;
        memcpy(gradients, &found, given.size);
    }
    return tp_call_end(&call, status, message, size);
}
