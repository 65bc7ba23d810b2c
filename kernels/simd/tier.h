/*
 * All verbs of a vector tier. The tier's source includes its tiles.h, defines TP_KERNEL(verb), which forms a verb's
 * symbol, and includes this.
 */
#pragma once

#include "../tiers.h"

#include "elementwise.h"
#include "fma_peak.h"
#include "gemm.h"
#include "marked.h"
#include "pack.h"
#include "softmax.h"
#include "update.h"

struct tp_blocks TP_KERNEL(blocks) = {.tile = TILE_NAME,
                                      .lanes = VEC_LANES,
                                      .peak_flops = 2 * VEC_LANES * FMA_CHAINS,
                                      .chain_flops = 2 * VEC_LANES * FMA_CHAIN_LENGTH};
