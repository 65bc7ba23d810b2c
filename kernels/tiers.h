/*
 * Prototypes of every kernel, made from the list. Kernels are reached through struct tp_tier; this header is
 * for the files that define them and for the table.
 */
#ifndef TP_TIERS_H
#define TP_TIERS_H

#include "kernels.h"
#include "list.h"

#define TP_DECLARE(type, member, symbol) type symbol;
TP_KERNELS_REFERENCE(TP_DECLARE)
TP_KERNELS_AVX2(TP_DECLARE)
TP_KERNELS_AVX512(TP_DECLARE)
#undef TP_DECLARE

#endif
