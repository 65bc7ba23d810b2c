#include "cli/history.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TP_CAPACITY 4096 /* bytes to begin with */
#define TP_PART_MAX 128  /* bytes of what is formatted at once */

static void append(struct tp_history *history, const void *bytes, size_t size)
{
    if (history->size + size >= history->capacity) {
        const size_t capacity = TP_CAPACITY + 2 * (history->size + size);
        char *text = history->failed ? NULL : realloc(history->text, capacity);
        history->failed = !text;
        if (history->failed)
            return;
        history->text = text;
        history->capacity = capacity;
    }
    memcpy(history->text + history->size, bytes, size);
    history->size += size;
    history->text[history->size] = '\0';
}

__attribute__((format(printf, 2, 3))) static void put(struct tp_history *history, const char *format, ...)
{
    char part[TP_PART_MAX];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(part, sizeof part, format, arguments);
    va_end(arguments);
    append(history, part, (size_t)length);
}

/* Nine digits carry every fp32 and separate the means of two runs that differ in one. */
static void put_number(struct tp_history *history, double value)
{
    put(history, ",%.9g", isnan(value) ? (double)NAN : value); /* without a sign */
}

tileprop_status tp_history_begin(struct tp_history *history, size_t layers, const void *content, size_t size,
                                 struct tp_error *error)
{
    *history = (struct tp_history){.layers = layers};
    if (content) {
        append(history, content, size);
    } else {
        put(history, "step,epoch,train_loss,validation_loss,validation_accuracy,train_accuracy");
        for (size_t l = 0; l < layers; l++)
            put(history, ",grad_norm_%zu", l + 1);
        put(history, "\n");
    }
    return tp_history_complete(history, error);
}

/* The rest of the row that is pending; NULL: there was no evaluation. */
static void end_row(struct tp_history *history, const tileprop_progress *evaluation)
{
    if (!history->pending)
        return;
    history->pending = false;
    if (!evaluation) {
        for (size_t i = 0; i < 3 + history->layers; i++)
            put(history, ",");
    } else {
        put_number(history, evaluation->validation_loss);
        put_number(history, evaluation->validation_accuracy);
        if (evaluation->train_evaluated)
            put_number(history, evaluation->train_accuracy);
        else
            put(history, ",");
        for (size_t l = 0; l < history->layers; l++)
            put_number(history, evaluation->gradient_norms[l]);
    }
    put(history, "\n");
}

void tp_history_progress(struct tp_history *history, const tileprop_progress *progress)
{
    if (!history->text)
        return;
    if (progress->evaluated) {
        end_row(history, progress);
        return;
    }
    end_row(history, NULL);
    put(history, "%zu,%zu", progress->step, progress->epoch);
    put_number(history, progress->loss);
    history->pending = true;
}

tileprop_status tp_history_complete(struct tp_history *history, struct tp_error *error)
{
    end_row(history, NULL);
    return history->failed ? tp_fail_memory(error, NULL, "the history") : TILEPROP_OK;
}
