/* pack for sparse samples: gives the same bits as dense samples, except for the signs of zeros. */
#pragma once

#include "data/dataset.h"
#include "kernels/kernels.h"

/*
 * Like the verbs in kernels.h, but samples, scale and shift come from dataset and normalization. If marks are present,
 * lines of `a` in which nothing is marked are not written: that would take longer than all products.
 */
void tp_sparse_pack(const struct tp_pack *pack, const struct tp_dataset *dataset,
                    const struct tp_normalization *normalization);
