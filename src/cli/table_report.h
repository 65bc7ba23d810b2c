/* The report lines of a table: its columns and classes. */
#pragma once

#include <stdio.h>

#include "cli/train_data.h"

/* Writes the lines of a file's columns and classes. weight: the column of sample weights, as it was given, or NULL. */
void tp_report_table(const struct tp_train_data *data, const char *weight, FILE *out);

/* Writes the notes on decisions made while reading. */
void tp_report_notes(const struct tp_notes *notes, FILE *out);
