#include "network/activity.h"

#include <math.h>

/* The derivative at the output a, divided by its largest value (choices.h). */
static double relative_derivative(double a, tileprop_activation activation)
{
    switch (activation) {
    case TILEPROP_SIGMOID:
        return 4 * (a - a * a);
    case TILEPROP_LECUN_TANH:
        return 1 - a / 1.7159 * (a / 1.7159);
    case TILEPROP_TANH:
        return 1 - a * a;
    case TILEPROP_LINEAR:
        return 1;
    case TILEPROP_RELU:
        break;
    }
    return a > 0;
}

tileprop_activity tp_activity_of(const struct tp_matrix *a, size_t rows, tileprop_activation activation)
{
    double squares = 0;
    size_t saturated = 0;
    for (size_t r = 0; r < rows; r++) {
        for (size_t j = 0; j < a->columns; j++) {
            const double value = *tp_matrix_at(a, r, j);
            squares += value * value;
            saturated += relative_derivative(value, activation) < TP_SATURATED;
        }
    }
    const double count = (double)(rows * a->columns);
    return (tileprop_activity){sqrt(squares / count), (double)saturated / count};
}
