#include "data/offsets.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A feature whose differences keep 20 bits in floats needs no offset. */
#define TP_OFFSET_RATIO 16

enum tp_offsets tp_offsets_wanted(int normalize)
{
    switch (normalize) {
    case TILEPROP_AUTO:
    case TILEPROP_NORMALIZE_FEATURE:
    case TILEPROP_NORMALIZE_UNIT:
        return TP_OFFSETS_EACH;
    case TILEPROP_NORMALIZE_GLOBAL:
        return TP_OFFSETS_ONE;
    default:
        return TP_OFFSETS_KNOWN;
    }
}

/* If 0 is among a feature's values, its range is at least its largest magnitude: so no split feature has an offset. */
static double choose(double low, double high)
{
    const double largest = -low > high ? -low : high, range = high - low;
    return range > 0 && range < largest / TP_OFFSET_RATIO && largest <= (double)FLT_MAX ? low : 0;
}

tileprop_status tp_offsets_find(const double *values, size_t rows, size_t stride, size_t columns, bool together,
                                double *offset, struct tp_error *error)
{
    double *high = malloc(columns * sizeof *high), *low = offset;
    if (!high)
        return tp_fail_memory(error, NULL, "offsets");
    for (size_t j = 0; j < columns; j++) {
        low[j] = INFINITY;
        high[j] = -INFINITY;
    }
    for (size_t r = 0; r < rows; r++) {
        for (size_t j = 0; j < columns; j++) {
            const double value = values[r * stride + j];
            low[j] = value < low[j] ? value : low[j];
            high[j] = value > high[j] ? value : high[j];
        }
    }
    for (size_t j = 1; together && j < columns; j++) {
        low[0] = low[j] < low[0] ? low[j] : low[0];
        high[0] = high[j] > high[0] ? high[j] : high[0];
    }
    for (size_t j = columns; j-- > 0;)
        offset[j] = together ? choose(low[0], high[0]) : choose(low[j], high[j]);
    free(high);
    return TILEPROP_OK;
}

tileprop_status tp_offsets_learn(struct tp_schema *schema, const double *values, size_t rows, size_t columns,
                                 struct tp_error *error)
{
    if (schema->offsets == TP_OFFSETS_KNOWN)
        return TILEPROP_OK;
    double *found = malloc(columns * sizeof *found);
    if (!found)
        return tp_fail_memory(error, NULL, "offsets");
    const tileprop_status status =
        tp_offsets_find(values, rows, columns, columns, schema->offsets == TP_OFFSETS_ONE, found, error);
    schema->offsets = TP_OFFSETS_KNOWN;
    if (status != TILEPROP_OK || !tp_offsets_any(found, columns)) {
        free(found);
        return status;
    }
    if (schema->features == columns) {
        schema->offset = found;
        return TILEPROP_OK;
    }
    schema->offset = calloc(schema->features, sizeof *schema->offset);
    for (size_t c = 0, j = 0; schema->offset && c < columns; c++) {
        schema->offset[j] = found[c];
        j += schema->columns[c].category_count ? schema->columns[c].category_count : 1;
    }
    free(found);
    return schema->offset ? TILEPROP_OK : tp_fail_memory(error, NULL, "offsets");
}

bool tp_offsets_any(const double *offset, size_t features)
{
    for (size_t j = 0; offset && j < features; j++)
        if (offset[j] != 0)
            return true;
    return false;
}

/* In place: no float overwrites a double that is still to be read. */
void tp_offsets_narrow_all(double *values, size_t rows, size_t features, const double *offset)
{
    char *to = (char *)values;
    for (size_t r = 0; r < rows; r++) {
        for (size_t j = 0; j < features; j++) {
            const float narrow = tp_offsets_narrow(values[r * features + j], offset, j);
            memcpy(to + (r * features + j) * sizeof narrow, &narrow, sizeof narrow);
        }
    }
}
