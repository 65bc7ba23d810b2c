#include "plain.h"

#include <math.h>
#include <stdlib.h>

static float *matrix(size_t rows, size_t columns, float scale)
{
    float *x = aligned_alloc(64, (rows * columns * sizeof *x + 63) / 64 * 64);
    for (size_t i = 0; x && i < rows * columns; i++)
        x[i] = scale * ((float)(i * 2654435761u % 1000) / 500 - 1);
    return x;
}

int plain_create(struct plain *p, plain_gemm_fn *gemm, const size_t *width, size_t layers, size_t batch)
{
    *p = (struct plain){.gemm = gemm, .layers = layers, .batch = batch};
    int complete = 1;
    for (size_t l = 0; l <= layers; l++) {
        p->width[l] = width[l];
        p->a[l] = matrix(batch, width[l], 1);
        p->d[l] = matrix(batch, width[l], 0);
        complete &= p->a[l] && p->d[l];
        if (l == layers)
            break;
        p->w[l] = matrix(width[l], width[l + 1], 1 / sqrtf((float)width[l]));
        p->v[l] = matrix(width[l], width[l + 1], 0);
        p->g[l] = matrix(width[l], width[l + 1], 0);
        p->wt[l] = matrix(width[l + 1], width[l], 0);
        complete &= p->w[l] && p->v[l] && p->g[l] && p->wt[l];
    }
    return complete ? 0 : -1;
}

void plain_destroy(struct plain *p)
{
    for (size_t l = 0; l <= p->layers; l++) {
        free(p->a[l]);
        free(p->d[l]);
    }
    for (size_t l = 0; l < p->layers; l++) {
        free(p->w[l]);
        free(p->v[l]);
        free(p->g[l]);
        free(p->wt[l]);
    }
}

static float softmax(float *z, float *d, size_t classes, size_t label, float scale)
{
    float largest = z[0], sum = 0, margin = z[label];
    for (size_t k = 1; k < classes; k++)
        largest = z[k] > largest ? z[k] : largest;
    for (size_t k = 0; k < classes; k++)
        sum += d[k] = expf(z[k] - largest);
    for (size_t k = 0; k < classes; k++)
        d[k] = (d[k] / sum - (k == label)) * scale;
    return logf(sum) - (margin - largest);
}

static void forward(struct plain *p)
{
    for (size_t l = 0; l < p->layers; l++) {
        p->gemm(0, p->batch, p->width[l + 1], p->width[l], p->a[l], p->w[l], p->a[l + 1]);
        if (l + 1 == p->layers)
            break;
        for (size_t i = 0; i < p->batch * p->width[l + 1]; i++)
            p->a[l + 1][i] = 1.7159f * tanhf(2.0f / 3 * p->a[l + 1][i]);
    }
}

static void backward(struct plain *p)
{
    for (size_t l = p->layers - 1; l > 0; l--) {
        size_t inputs = p->width[l], units = p->width[l + 1];
        for (size_t i = 0; i < inputs; i++) {
            for (size_t j = 0; j < units; j++)
                p->wt[l][j * inputs + i] = p->w[l][i * units + j];
        }
        p->gemm(0, p->batch, inputs, units, p->d[l + 1], p->wt[l], p->d[l]);
        for (size_t i = 0; i < p->batch * inputs; i++)
            p->d[l][i] *= 2.0f / 3 * (1.7159f - p->a[l][i] * p->a[l][i] / 1.7159f);
    }
}

static void update(struct plain *p)
{
    for (size_t l = 0; l < p->layers; l++) {
        p->gemm(1, p->width[l], p->width[l + 1], p->batch, p->a[l], p->d[l + 1], p->g[l]);
        for (size_t i = 0; i < p->width[l] * p->width[l + 1]; i++) {
            p->v[l][i] = 0.9f * p->v[l][i] + p->g[l][i];
            p->w[l][i] -= 0.02f * p->v[l][i];
        }
    }
}

float plain_step(struct plain *p, const unsigned char *labels)
{
    size_t classes = p->width[p->layers];
    float loss = 0;
    forward(p);
    for (size_t r = 0; r < p->batch; r++) {
        float *z = p->a[p->layers] + r * classes, *d = p->d[p->layers] + r * classes;
        loss += softmax(z, d, classes, labels[r], 1 / (float)p->batch);
    }
    backward(p);
    update(p);
    return loss / (float)p->batch;
}
