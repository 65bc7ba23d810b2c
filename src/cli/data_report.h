/*
 * What a run says of data that it read from a file, before anything else.
 */
#ifndef TP_DATA_REPORT_H
#define TP_DATA_REPORT_H

#include <stdint.h>

#include "cli/train_data.h"

/* Writes lines to standard output: the label's column, the inputs, the classes and the split; nothing for a
 * directory. */
void tp_data_report(const struct tp_train_data *data, uint64_t seed);

#endif
