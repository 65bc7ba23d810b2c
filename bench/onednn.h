/*
 * oneDNN's ways to a product, in builds that found it (TP_ONEDNN).
 */
#pragma once

#include "peers.h"

extern const struct bench_peer onednn_inner_product, onednn_matmul, onednn_sgemm;

/* Readies the library. False: it cannot be used here. */
bool onednn_start(void);
