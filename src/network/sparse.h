/*
 * pack for sparse samples: the same values as those of dense ones, to the bit, apart from signs of zeros.
 */
#pragma once

#include "data/dataset.h"
#include "kernels/kernels.h"

/* As the verbs of kernels.h, which read samples, scale and shift from the structs that follow instead. */
void tp_sparse_pack(const struct tp_pack *pack, const struct tp_dataset *dataset,
                    const struct tp_normalization *normalization);
void tp_sparse_pack_marked(const struct tp_pack *pack, const struct tp_dataset *dataset,
                           const struct tp_normalization *normalization);
