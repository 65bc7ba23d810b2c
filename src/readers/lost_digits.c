#include "readers/lost_digits.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#define TP_ROWS_FIRST   4096      /* rows looked at first: sorting a long column takes longer than reading it */
#define TP_VALUES_FIRST (1 << 20) /* likewise, of all columns */
#define TP_DOUBLE_LIMIT 0x1p53    /* up to here doubles represent every integer */
#define TP_INTEGER_MOST 0x1p64    /* larger numbers are not taken for integers */

static int by_value(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

struct found {
    size_t merged;
    double first; /* of these */
    bool rounded; /* an integer becomes a float of another value */
    bool large;   /* an integer is beyond TP_DOUBLE_LIMIT */
};

/* Looks at every step-th row. */
static struct found find(const struct tp_values *values, size_t step, double offset, double *sorted)
{
    struct found found = {.first = NAN};
    bool inexact = false;
    size_t count = 0;
    for (size_t r = 0; r < values->rows; r += step) {
        const double value = values->first[r * values->stride], less = value - offset;
        if (isnan(value))
            continue;
        const bool integer = value == rint(value);
        inexact |= (double)(float)less != less;
        found.rounded |= integer && (double)(float)less != less;
        found.large |= integer && fabs(value) > TP_DOUBLE_LIMIT && fabs(value) < TP_INTEGER_MOST;
        sorted[count++] = value;
    }
    if (inexact)
        qsort(sorted, count, sizeof *sorted, by_value);
    for (size_t i = 1; inexact && i < count; i++)
        if (sorted[i] != sorted[i - 1] && (float)(sorted[i] - offset) == (float)(sorted[i - 1] - offset))
            found.first = found.merged++ ? found.first : sorted[i];
    return found;
}

void tp_lost_digits_note(struct tp_notes *notes, const char *path, const char *name, const struct tp_values *values,
                         double offset, double *room)
{
    const size_t few = TP_VALUES_FIRST / values->columns, most = few < TP_ROWS_FIRST ? few + 1 : TP_ROWS_FIRST;
    const size_t step = values->rows / most + 1;
    struct found found = find(values, step, offset, room);
    if (step > 1 && (found.merged || found.rounded))
        found = find(values, 1, offset, room);
    if (found.merged)
        tp_notes_add(notes,
                     "%s: %s: %zu value%s, such as %.17g, cannot be told apart from the next smaller one as "
                     "floats",
                     path, name, found.merged, found.merged == 1 ? "" : "s", found.first);
    if (found.large)
        tp_notes_add(notes, "%s: %s: integers beyond 2^53: a double keeps only their first 15 to 17 digits", path,
                     name);
}
