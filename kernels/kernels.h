/*
 * The kernel table: the verbs of each ISA tier, and the one data layout they share.
 *
 * Panel format. Every matrix that a kernel touches is cut into panels of 16 columns (one cache line of
 * floats). A panel holds these 16 columns of every row, row after row:
 *
 *     element (r, c)  at  data[(c / 16) * stride + r * 16 + c % 16],    stride >= rows * 16
 *
 *     panel 0: columns 0..15      panel 1: columns 16..31
 *     row 0  [ 16 floats ]        row 0  [ 16 floats ]
 *     row 1  [ 16 floats ]        row 1  [ 16 floats ]
 *     ...                         ...
 *
 * A [rows x inputs], W [inputs x units], its transposed copy and the activations all use it, so each GEMM
 * reads its vectors and its scalars as streams of whole lines, nothing is repacked between the verbs, and the
 * output of one layer is the input of the next. Columns of the last panel beyond the matrix's last one are
 * padding: kernels may write anything there and never let it reach a real element.
 *
 * Alignment: every panel starts on a 64-byte boundary (data aligned to 64 bytes, stride a multiple of 16).
 * Aliasing: buffers of one call do not overlap unless a field says so.
 * Threads: a verb covers the range that it is given and knows nothing of other threads.
 * Errors: none; verbs return void and allocate nothing. Callers check their arguments.
 * Floating point: callers set flush-to-zero and denormals-are-zero (kernels/flush.h).
 *
 * Bits. Each element of a product is one chain of fused multiply-adds in ascending k, from +0.0 (or c, below); a
 * layer's bias row is the last link of that chain, fma(1, w, acc). Elementwise functions are the fixed sequences of
 * kernels/reference/functions.h. Every tier gives the same bits; which NaN comes out is not specified.
 *
 * Shift. If normalization's shift were added to every value of a feature, its zeros would be filled in. For split
 * features (src/README.md, "Input numerics") the shift is kept out of the batch and enters as
 *
 *     forward  z[r][u] = c[u] + sum over k of A[r][k] W[k][u],   c[u] = sum over k of shift[k] W[k][u]
 *     update   G[k][u] = shift[k] sum over r of D[r][u] + sum over r of A[r][k] D[r][u]
 *
 * so that zeros stay zeros. The marked verbs skip them: fma(0, w, acc) is acc. Whatever rewrites W also rewrites
 * the sums that make up c, one for each panel of 16 inputs: row p of `sums` is the chain fma(shift[k], W[k][u], acc)
 * over k in [16 p, 16 p + 16), from +0. forward adds the rows up in ascending order. A total t becomes t + (t - t),
 * which is NaN if t is not finite, so that a non-finite weight makes z NaN whether its input is skipped or not; the
 * same holds for D in update. A chain that begins with a shift ends with + 0: flushing may leave -0, which multiplying
 * another 0 would turn into +0 but skipping it would not.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tileprop/choices.h"

#define TP_PANEL 16 /* columns of a panel */

/* Number of panels that hold `columns` columns. */
static inline size_t tp_panel_count(size_t columns)
{
    return (columns + TP_PANEL - 1) / TP_PANEL;
}

/*
 * The stride of a matrix whose panels the caller is free to space: rows * 16, plus padding of 32 rows if rows is a
 * multiple of 128 and at least 256. Otherwise all panels of a block of A would map to a few cache sets, and those of
 * 512 rows would never stay in a 16-way L2, whether 1 MiB or 2 MiB.
 */
#define TP_ALIASED     128
#define TP_ALIASED_MIN 256
#define TP_SPACED      32

static inline size_t tp_panel_stride(size_t rows)
{
    const bool aliased = rows >= TP_ALIASED_MIN && rows % TP_ALIASED == 0;
    return (rows + (aliased ? TP_SPACED : 0)) * TP_PANEL;
}

/* Offset of element (row, column) of a matrix in panel format. */
static inline size_t tp_panel_offset(size_t stride, size_t row, size_t column)
{
    return column / TP_PANEL * stride + row * TP_PANEL + column % TP_PANEL;
}

/*
 * A matrix in panel format, or columns of one that begin at a panel. A verb writes only the matrices that its struct
 * marks as written. An optional matrix is absent if data is NULL.
 */
struct tp_matrix {
    float *data;
    size_t stride; /* floats between the starts of panels */
    size_t rows, columns;
};

/* Element (row, column). */
static inline float *tp_matrix_at(const struct tp_matrix *m, size_t row, size_t column)
{
    return m->data + tp_panel_offset(m->stride, row, column);
}

/* Columns [begin, begin + columns); begin is a multiple of 16. An absent matrix has absent columns. */
static inline struct tp_matrix tp_matrix_columns(const struct tp_matrix *m, size_t begin, size_t columns)
{
    float *data = m->data ? m->data + begin / TP_PANEL * m->stride : NULL;
    const struct tp_matrix part = {data, m->stride, m->rows, columns};
    return part;
}

/*
 * Marks: one bit for each element of a matrix, set if it is to be multiplied. The marked verbs may skip the others, and
 * give the same bits as the verbs that multiply everything. In a panel's row of 16 columns with any mark, unmarked
 * elements are 0; in a row without marks, they may be anything. The words of the same 64 columns are contiguous, one
 * for each row:
 *
 *     the mark of (r, k)  is  bit k % 64 of words[k / 64 * rows + r]; there are none beyond the last column
 */
#define TP_MARKS 64 /* in a word */

struct tp_marks {
    uint64_t *words; /* [tp_mark_words(columns) * rows]; NULL: no marks */
    size_t rows;     /* capacity */
};

static inline size_t tp_mark_words(size_t columns)
{
    return (columns + TP_MARKS - 1) / TP_MARKS;
}

static inline bool tp_is_marked(const struct tp_marks *m, size_t row, size_t column)
{
    return m->words[column / TP_MARKS * m->rows + row] >> column % TP_MARKS & 1;
}

/* clang-format off: the tables below are laid out by hand */

#define TP_ACTIVATION_COUNT (TILEPROP_RELU + 1)
#define TP_OPTIMIZER_COUNT  (TILEPROP_ADAM + 1)

/*
 * Optimizers, for a gradient g, a weight w and the state v (m and v for adam). fma(a, b, c) = a b + c with
 * one rounding; every other operation rounds too. On rows without decay, decay is 0 (adam: keep is 1).
 *
 *   all but adam             g = fma(decay, w, g)
 *   TILEPROP_SGD             w = fma(-rate, g, w)
 *   TILEPROP_MOMENTUM        v = fma(momentum, v, g)
 *                            w = fma(-rate, v, w)                               the form taught in the course
 *   TILEPROP_LECUN_MOMENTUM  v = fma(momentum, v, rate * g)
 *                            w = w - v                                          LeCun et al. 1998
 *   TILEPROP_NESTEROV        v = fma(momentum, v, g)
 *                            w = fma(-rate, fma(momentum, v, g), w)             torch.optim.SGD
 *   TILEPROP_ADAM            m = fma(beta1, m, one_minus_beta1 * g)
 *                            v = fma(beta2, v, (one_minus_beta2 * g) * g)
 *                            r = fma(sqrt(v), root_correction, epsilon)
 *                            w = fma(-rate, m / r, keep * w)                    torch.optim.AdamW
 */

/* clang-format on */

struct tp_optimizer {
    tileprop_optimizer kind;
    float rate;     /* learning rate; adam: rate / (1 - beta1^t) */
    float momentum; /* the three momenta */
    float decay;    /* weight decay, coupled; unused by adam */
    float keep;     /* adam: 1 - rate * decay, decoupled */
    float beta1, one_minus_beta1, beta2, one_minus_beta2;
    float root_correction; /* adam: 1 / sqrt(1 - beta2^t) */
    float epsilon;
};

/* Arrays of state that an optimizer keeps, each a float per weight; at most two. */
static inline int tp_optimizer_states(tileprop_optimizer kind)
{
    return kind == TILEPROP_SGD ? 0 : kind == TILEPROP_ADAM ? 2 : 1;
}

/*
 * pack: gather samples by index, normalise, write panel format.
 *   A[r][c] = fma(sample[index[r]][c], scale[c], shift[c]) for r in [row_begin, row_end), c in [0, features);
 *   the padding columns of those rows become 0. features: a.columns.
 * With marks, the words of those rows are written too: A[r][c] is marked if it is not 0.
 */
struct tp_pack {
    size_t row_begin, row_end;
    const void *samples;   /* u8 or f32 by verb, [count][features], any alignment; nothing beyond is read */
    const uint32_t *index; /* sample of row r at index[r]; NULL: sample r */
    const float *scale;    /* [features] */
    const float *shift;    /* [features] */
    struct tp_matrix a;    /* [rows x features], written */
    struct tp_marks marks; /* of a, written; or absent */
};

/*
 * forward: Z = f(A W + bias) for rows [row_begin, row_end) and the units of one slice.
 *   z[r][u] = f(chain over k < inputs of A[r][k] W[k][u], then the bias row W[inputs][u])
 * With sums the chain begins at c[u] + (c[u] - c[u]), where c[u] is their total, and + 0 follows the bias.
 * inputs: a.columns; units: z.columns. The marked form needs marks. forward_bytes reads unpacked samples instead of A,
 * with A[r][k] = values[k][samples[r][k]], and skips bytes 0 of inputs whose byte 0 stands for 0.
 */
struct tp_bytes {
    const uint8_t *samples;     /* [rows][inputs], any alignment; nothing beyond is read */
    const float *const *values; /* [inputs] tables of 256 floats, what bytes become; inputs may share a table */
    const uint64_t *added;      /* [tp_mark_words(inputs)] marks of the inputs whose byte 0 becomes a nonzero value */
};

struct tp_forward {
    size_t row_begin, row_end;
    bool bias;             /* w has one more row, W[inputs], which is added last */
    struct tp_matrix a;    /* [rows x inputs] */
    struct tp_matrix w;    /* [inputs + bias x units] */
    struct tp_matrix sums; /* [any x units], absent: the chain begins at +0 */
    struct tp_matrix z;    /* [rows x units], written: whole panels */
    tileprop_activation activation;
    struct tp_marks marks; /* of a; forward_bytes writes them */
    struct tp_bytes bytes; /* forward_bytes: read instead of a's data */
};

/*
 * loss: softmax, cross-entropy, arg max and the gradient at the logits, for rows [row_begin, row_end).
 *   m = max_k z[r][k];  e_k = exp(z[r][k] - m);  s = sum of e_k
 *   loss[r] = weight * (log(s) - max(z[r][label] - m, -FLT_MAX)), finite for any finite logits
 *   predicted[r] = the lowest k with z[r][k] = m
 *   d[r][k] = (e_k / s - (k == label)) * (weight * scale);  the padding columns of those rows become 0
 * s is summed over 16 lanes, lane j taking k = j, j + 16, ... from +0, then lanes j and j + 8, j + 4, j + 2,
 * j + 1 are added in that order. A row with a NaN has loss NaN and d NaN; its prediction is unspecified but
 * below classes. classes: z.columns, at most 65536.
 */
struct tp_loss {
    size_t row_begin, row_end;
    struct tp_matrix z;     /* logits [rows x classes] */
    const uint16_t *labels; /* [rows], each < classes */
    const float *weights;   /* [rows] or NULL: all 1 */
    float scale;            /* 1 / batch */
    struct tp_matrix d;     /* [rows x classes], written; absent if not wanted; may be z itself */
    float *loss;            /* [rows] */
    uint16_t *predicted;    /* [rows] or NULL */
};

/*
 * softmax: probabilities and arg max for rows [row_begin, row_end), with m, e_k and s as in loss.
 *   p[r][k] = e_k / s;  predicted[r] as in loss. The padding columns of those rows become 0.
 * A row with a NaN has p NaN.
 */
struct tp_softmax {
    size_t row_begin, row_end;
    struct tp_matrix z;  /* logits [rows x classes] */
    struct tp_matrix p;  /* [rows x classes], written; may be z itself */
    uint16_t *predicted; /* [rows] or NULL */
};

/*
 * backward: D' = (D W^T) o f'(A) for rows [row_begin, row_end) and inputs [input_begin, input_end). Each call
 * adds the units of one slice to the chain. Callers take slices in ascending order of units; the first call
 * starts the chain at +0 and the last one multiplies by f'.
 *   d_in[r][i] = (chain over u of D[r][u] WT[u][i]) * f'(A[r][i])
 * units: d.columns. a, wt and d_in are addressed from input 0.
 */
struct tp_backward {
    size_t row_begin, row_end;
    size_t input_begin, input_end; /* input_begin is a multiple of 16; whole panels are written */
    bool first, last;
    struct tp_matrix d;             /* [rows x units] */
    struct tp_matrix wt;            /* [units x inputs] */
    struct tp_matrix a;             /* activations of the layer below [rows x inputs]; read when last */
    struct tp_matrix d_in;          /* [rows x inputs], written; read unless first */
    tileprop_activation activation; /* of the layer below */
};

/*
 * update: G = A^T D tile by tile, then the optimizer on each tile, for inputs [input_begin, input_end) and
 * the units of one slice. The gradient exists a tile at a time. With bias set the bias row is updated too:
 * G[inputs][u] = chain over rows of fma(1, D[r][u], acc), without weight decay. That chain is s[u] below.
 * All chains except the bias's end with + 0. With a shift they begin at fma(shift[k], s[u] + (s[u] - s[u]), +0), and
 * the sums of the rewritten panels are rewritten too.
 * Gradient mode (gradient is present): the range of G is written there, with input_begin in row 0 and the bias last,
 * and nothing else is touched.
 * inputs: a.columns; row `inputs` of w is the bias. units: those of w and, in update, of d.
 * The marked form needs marks and a shift, and keeps no transposed copy. It may leave weights alone, so w must hold no
 * subnormals, and an infinity only in units whose D is NaN for some row, as forward makes it.
 *
 * apply: the optimizer on a gradient that is given, with the bits of update. Reads no values of a, d or marks.
 *
 * refresh: recomputes what is derived from the weights; needs no more than the range, w, wt, shift and sums.
 *   wt[u][i] = w[i][u]; padding columns become 0
 *   sums as for update
 */
struct tp_update {
    size_t rows;                   /* rows of a and d to sum over, >= 1 */
    size_t input_begin, input_end; /* input_begin is a multiple of 16; input_end too, or inputs */
    bool bias;
    struct tp_matrix a; /* [rows x inputs] */
    struct tp_matrix d; /* [rows x units] */
    const struct tp_optimizer *optimizer;
    struct tp_matrix w;        /* [inputs + bias x units], rewritten */
    struct tp_matrix wt;       /* transposed copy [units x inputs], rewritten; absent: none is kept */
    float *state[2];           /* laid out like w, rewritten; as many as the optimizer keeps */
    const float *shift;        /* [inputs], NULL: none */
    struct tp_matrix sums;     /* [panels of inputs x units], those of w, rewritten; absent without a shift */
    struct tp_matrix gradient; /* [input_end - input_begin + bias x units], written (apply: read), or absent */
    bool nontemporal;          /* w, wt and state are probably in memory, not in a cache; changes no bit */
    struct tp_marks marks;     /* of a */
};

/*
 * Rate probes. Each runs `iterations` rounds of FMAs on registers and returns a value that depends on all of
 * them. peak: enough independent chains to fill every FMA unit. chain: one dependent chain of the same
 * vectors; the ratio of both rates proves that peak filled the units.
 */
typedef float tp_fma_peak_fn(size_t iterations);
typedef void tp_pack_fn(const struct tp_pack *);
typedef void tp_forward_fn(const struct tp_forward *);
typedef void tp_loss_fn(const struct tp_loss *);
typedef void tp_softmax_fn(const struct tp_softmax *);
typedef void tp_backward_fn(const struct tp_backward *);
typedef void tp_update_fn(const struct tp_update *);

/* Elementwise functions over n floats, exposed so that their error can be measured. y may be x. */
typedef void tp_map_fn(size_t n, const float *x, float *y);

/* A tier's block sizes. Blocks determine the order of tiles and what is prefetched, and change no bit. */
struct tp_blocks {
    const char *tile;               /* rows x columns of the largest tile of a product */
    size_t lanes;                   /* floats of a vector */
    double peak_flops, chain_flops; /* operations in a round of the probes */
    /* Set by tp_blocks_fit() from the cache sizes; any values work, if steps are at least 1. */
    size_t steps;             /* of a chain in a block */
    size_t steps_many;        /* likewise, if there are many rows and many panels of B */
    size_t a_floats;          /* of A in a block of rows */
    size_t d_floats;          /* of D in a group of panels, in update of a long batch */
    size_t prefetch_a_floats; /* size of A from which a tile prefetches the rows of the next one */
    size_t prefetch_b_floats; /* size of B from which its next rows are prefetched */
    size_t nontemporal_bytes; /* size of weights, states and transposed copies from which they are nontemporal */
};

/* Data cache sizes in bytes: a core's own L1 and L2, and the L3 that it shares. */
struct tp_caches {
    size_t l1, l2, l3;
};

struct tp_tier {
    const char *name; /* what --isa takes */
    struct tp_blocks *blocks;
    tp_pack_fn *pack_u8, *pack_f32;
    tp_forward_fn *forward, *forward_marked, *forward_bytes;
    tp_loss_fn *loss;
    tp_softmax_fn *softmax;
    tp_backward_fn *backward;
    tp_update_fn *update, *update_marked, *apply, *refresh;
    tp_map_fn *exp; /* for x <= 0; flushes below -87.33 */
    tp_map_fn *log; /* for positive normal x */
    tp_map_fn *sigmoid, *lecun_tanh, *tanh, *relu;
    tp_fma_peak_fn *peak, *chain; /* NULL on the reference tier: nothing to fill */
};

/* The tiers in this build, slowest first, ended by NULL. */
extern const struct tp_tier *const tp_tiers[];

/*
 * Sets the blocks of all tiers for these caches. It runs once before main(), with this CPU's caches; later calls are
 * for tests and for counts that must not depend on the CPU, and no verb may run meanwhile.
 */
void tp_blocks_fit(struct tp_caches caches);

/* Whether this CPU and its operating system run the tier (CPUID and XCR0). */
bool tp_tier_runs_here(const struct tp_tier *tier);

/*
 * The tier named `name`, or for "auto" the fastest one that runs here. NULL if this build has no such tier or this CPU
 * cannot run it.
 */
const struct tp_tier *tp_tier_find(const char *name);
