/*
 * Layers in safetensors files of other programs, as written by safetensors.torch.save_file(net.state_dict(), ...):
 * NAME.weight [units, inputs] and, if the layer has biases, NAME.bias [units], with any NAME, and nothing else. Layers
 * whose names differ only in numbers are ordered by these numbers, gaps allowed (net.0, net.2, net.10), and each layer
 * has as many inputs as the layer before it has units. Exactly one order must satisfy both.
 */
#pragma once

#include "model/layer_tensors.h"

/*
 * Finds the layers in order, without allocating memory for them; layers[TP_LAYERS_MAX] receives their tensors.
 * Errors: TILEPROP_BAD_INPUT with path, tensors, found, expected, for other tensors, no layers or more than
 * TP_LAYERS_MAX, and if no order fits or several do.
 */
tileprop_status tp_foreign_layers_find(const struct tp_safetensors *read, struct tp_weights *weights,
                                       struct tp_layer_tensors *layers, struct tp_error *error);
