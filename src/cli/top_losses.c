#include "cli/top_losses.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "readers/image.h"

#define TP_COLUMNS     80 /* of a terminal */
#define TP_SHEET_WIDTH 10 /* images in a row of a sheet */
#define TP_SHEET_SCALE 2
#define TP_SHEET_GAP   4 /* pixels around each image */
#define TP_SHEET_GREY  96

/* From black to white on a dark terminal, each with more ink than the one before. */
static const char shades[] = " .:-=+*#%@";

static int by_loss(const void *a, const void *b)
{
    const struct tp_top_loss *x = a, *y = b;
    return x->loss != y->loss ? (x->loss < y->loss) - (x->loss > y->loss)
                              : (x->sample > y->sample) - (x->sample < y->sample);
}

tileprop_status tp_top_losses_find(struct tp_top_losses *worst, const tileprop_model *model,
                                   const struct tp_dataset *set, const float *losses, const uint16_t *predicted,
                                   struct tp_error *error)
{
    *worst = (struct tp_top_losses){.set = set, .predicted = predicted, .model = model};
    for (size_t i = 0; i < set->count; i++)
        worst->count += set->labels[i] != predicted[i];
    worst->errors = malloc((worst->count + 1) * sizeof *worst->errors);
    if (!worst->errors)
        return tp_fail(error, TILEPROP_FAILURE, "out of memory: a list of %zu errors", worst->count);
    for (size_t i = 0, next = 0; i < set->count; i++) {
        const float loss = losses[i];
        if (set->labels[i] != predicted[i]) /* an error without a loss ranks before all others */
            worst->errors[next++] = (struct tp_top_loss){i, isnan(loss) ? INFINITY : loss};
    }
    qsort(worst->errors, worst->count, sizeof *worst->errors, by_loss);
    return TILEPROP_OK;
}

struct tp_shown tp_show_class(const tileprop_model *model, size_t class)
{
    const char *name = tileprop_model_class_name(model, class);
    return tp_show(name, strlen(name));
}

void tp_top_losses_tell(const struct tp_top_losses *worst, size_t i, FILE *out)
{
    const struct tp_top_loss *e = &worst->errors[i];
    fprintf(out, "sample %zu: %s taken for %s, loss %.4g", e->sample,
            tp_show_class(worst->model, worst->set->labels[e->sample]).text,
            tp_show_class(worst->model, worst->predicted[e->sample]).text, (double)e->loss);
}

/* Value k of a sample. */
static double value(const struct tp_dataset *set, size_t sample, size_t k)
{
    return set->type == TILEPROP_U8 ? ((const uint8_t *)set->samples)[sample * set->features + k]
                                    : (double)tp_dataset_row(set, sample).values[k];
}

/* The sample from 0 to 255, from its least to its greatest value. */
static void make_pixels(const struct tp_dataset *set, size_t sample, unsigned char *pixels)
{
    const struct tp_row row =
        set->type == TILEPROP_CSR ? tp_dataset_row(set, sample) : (struct tp_row){.count = set->features};
    double least = row.count < set->features ? 0 : value(set, sample, 0), most = least;
    for (size_t k = 0; k < row.count; k++) {
        const double x = value(set, sample, k);
        least = x < least ? x : least;
        most = x > most ? x : most;
    }
    const double range = most > least ? most - least : 1;
    if (row.count < set->features)
        memset(pixels, (int)(255 * (-least / range)), set->features);
    for (size_t k = 0; k < row.count; k++)
        pixels[tp_row_feature(&row, k)] = (unsigned char)(255 * ((value(set, sample, k) - least) / range));
}

/* A character for two pixels above each other, which together are about as high as wide. */
static char shade(const unsigned char *pixels, size_t side, size_t line, size_t x)
{
    const size_t upper = pixels[2 * line * side + x];
    const size_t lower = 2 * line + 1 < side ? pixels[(2 * line + 1) * side + x] : upper;
    return shades[(upper + lower) * (sizeof shades - 2) / (2 * 255)];
}

void tp_top_losses_draw(const struct tp_top_losses *worst, size_t most, size_t side, FILE *out)
{
    const size_t count = worst->count < most ? worst->count : most;
    const size_t across = TP_COLUMNS / (side + 2) ? TP_COLUMNS / (side + 2) : 1;
    unsigned char *pixels = malloc(across * side * side);
    for (size_t begin = 0; pixels && begin < count; begin += across) {
        const size_t end = begin + across < count ? begin + across : count;
        for (size_t i = begin; i < end; i++)
            make_pixels(worst->set, worst->errors[i].sample, pixels + (i - begin) * side * side);
        for (size_t line = 0; line < (side + 1) / 2; line++) {
            for (size_t i = begin; i < end; i++) {
                for (size_t x = 0; x < side; x++)
                    putc(shade(pixels + (i - begin) * side * side, side, line, x), out);
                fputs(i + 1 < end ? "  " : "\n", out);
            }
        }
        for (size_t i = begin; i < end; i++) {
            tp_top_losses_tell(worst, i, out);
            putc('\n', out);
        }
    }
    free(pixels);
}

tileprop_status tp_top_losses_sheet(const struct tp_top_losses *worst, size_t side, struct tp_safe_file *out,
                                    struct tp_error *error)
{
    const size_t count = worst->count < TP_SHEET_MAX ? worst->count : TP_SHEET_MAX;
    const size_t cell = side * TP_SHEET_SCALE + TP_SHEET_GAP;
    const size_t rows = count ? (count + TP_SHEET_WIDTH - 1) / TP_SHEET_WIDTH : 1;
    struct tp_image sheet = {.width = cell * TP_SHEET_WIDTH + TP_SHEET_GAP, .height = cell * rows + TP_SHEET_GAP};
    unsigned char *pixels = malloc(side * side);
    sheet.pixels = malloc(sheet.width * sheet.height);
    tileprop_status status = TILEPROP_OK;
    if (!pixels || !sheet.pixels) {
        status = tp_fail(error, TILEPROP_FAILURE, "%s: %s: out of memory", out->option, out->path);
    } else {
        memset(sheet.pixels, TP_SHEET_GREY, sheet.width * sheet.height);
        for (size_t i = 0; i < count; i++) {
            const size_t left = TP_SHEET_GAP + i % TP_SHEET_WIDTH * cell;
            const size_t top = TP_SHEET_GAP + i / TP_SHEET_WIDTH * cell;
            make_pixels(worst->set, worst->errors[i].sample, pixels);
            for (size_t y = 0; y < side * TP_SHEET_SCALE; y++)
                for (size_t x = 0; x < side * TP_SHEET_SCALE; x++)
                    sheet.pixels[(top + y) * sheet.width + left + x] =
                        pixels[y / TP_SHEET_SCALE * side + x / TP_SHEET_SCALE];
        }
        status = tp_image_write(&sheet, out, error);
    }
    free(pixels);
    tp_image_free(&sheet);
    return status;
}
