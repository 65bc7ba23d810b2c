/*
 * Shared by the parts of check_kernels: a verdict per kernel, deterministic data, matrices in panel format
 * with poison around them, and memory that ends at an unreadable page.
 *
 * check_<member of struct tp_tier>(verdict, kernel) tests one kernel against the reference tier. Prototypes
 * and calls are generated from kernels/verbs.h, so a verb does not link until its check exists.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/kernels.h"
#include "kernels/tiers.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* A kernel passes if at least one case ran and none failed. The first failure is kept as text. */
struct verdict {
    size_t cases, failures;
    char label[256];   /* of the case that is running */
    char first[512];   /* its label and what was wrong */
    char note[256];    /* a measured value to print; empty: none */
    const char *claim; /* the property shown by the cases; NULL: equality with the reference tier */
};

/* Begins a case and describes it. */
void verdict_case(struct verdict *v, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Reports that the running case failed. */
void verdict_fail(struct verdict *v, const char *format, ...) __attribute__((format(printf, 2, 3)));

bool verdict_passed(const struct verdict *v);

/* Deterministic: check_random_seed fixes every number that follows. */
void check_random_seed(uint64_t seed);
uint64_t check_random(void);
size_t check_below(size_t limit); /* uniform in [0, limit) */
size_t check_pick(const size_t *list, size_t count);
float check_normal(void); /* near enough to a standard normal deviate, never 0, |x| <= 6 */

enum data_kind {
    DATA_INTEGERS, /* -3 to 3: sums of products are exact */
    DATA_NORMALS,
    DATA_TIES,     /* 12-bit integers at two scales 2^12 apart: products and sums that fall between two floats */
    DATA_SPECIALS, /* normals with zeros of both signs and subnormals among them, and an inf or NaN or two */
    DATA_TINY,     /* 2^-70 of both signs: products underflow, so that a chain ends as a zero of either sign */
    DATA_WIDE,     /* normals times 2^-64 to 2^63: overflow and underflow */
    DATA_KIND_COUNT
};

const char *data_name(enum data_kind kind);
void data_fill(float *x, size_t n, enum data_kind kind);

uint32_t float_bits(float x);
float float_from(uint32_t bits);

/* Equal bits, or both NaN. */
bool same_float(float a, float b);

/* Allocates bytes aligned to 64, or ends the program. */
void *check_alloc(size_t bytes);

/* A matrix in panel format. Everything that is not an element is poison: guards on both sides, padding
   columns, rows past the last one up to the stride. */
struct matrix {
    size_t rows, columns, stride, total;
    float *base; /* total floats */
    float *data; /* element (0, 0) */
};

/* Elements of the kind; padding poison (a NaN) or, with zero_padding, zero. The stride has a few rows to
 * spare. */
struct matrix matrix_new(size_t rows, size_t columns, enum data_kind kind, bool zero_padding);
struct matrix matrix_copy(const struct matrix *m);
void matrix_free(struct matrix *m);
/* As kernels take it: columns [column, column + columns), column a multiple of 16. */
struct tp_matrix matrix_view(const struct matrix *m, size_t column, size_t columns);
float matrix_get(const struct matrix *m, size_t row, size_t column);

/* Marks of elements that are not 0, and of others at random. Lines without a mark, which nobody may read, become
 * poison. */
struct tp_marks marks_new(const struct matrix *m);

/* Makes all but about `percent` of the elements 0, some of them -0. */
void matrix_thin(const struct matrix *m, size_t percent);

/* What a kernel is to write: rows [row_begin, row_end) and
 * row `extra`, columns [column_begin, column_end). */
struct region {
    size_t row_begin, row_end;
    size_t extra; /* NO_ROW: none */
    size_t column_begin, column_end;
    bool zero_padding; /* padding columns beside it must be 0; else they may be anything */
};

#define NO_ROW SIZE_MAX

/*
 * Inside the region `got` must have the bits of `want`; padding as the region says; all else, guards
 * included, must have the bits of `before`. Fails the case, naming the matrix and the first element that
 * differs.
 */
void matrix_compare(struct verdict *v, const char *name, const struct matrix *got, const struct matrix *want,
                    const struct matrix *before, const struct region *region);

struct fence {
    void *map;
    size_t map_bytes;
    void *data; /* bytes that end `gap` bytes before the unreadable page */
};

struct fence fence_new(size_t bytes, size_t gap);
void fence_free(struct fence *f);

extern const size_t check_rows[], check_rows_count;
extern const size_t check_densities[], check_densities_count;

struct shape {
    size_t rows, inputs, units;
};

/*
 * The shapes of a GEMM check, number `at`: every pair (rows, units) with some inputs, every pair (inputs,
 * units) with some rows, then a few with long chains. False past the last one.
 */
bool check_shape(size_t at, struct shape *shape);

extern bool check_exhaustive; /* elementwise functions: all 2^32 floats */

#define TP_DECLARE_CHECK(type, member, unused) void check_##member(struct verdict *v, type *kernel);
TP_VERBS(TP_DECLARE_CHECK, )
TP_PROBES(TP_DECLARE_CHECK, )
#undef TP_DECLARE_CHECK

/* Each check given a kernel that is broken: false, and why, when one is accepted. check_broken.c */
bool check_broken(size_t at, const char **what, struct verdict *v);
