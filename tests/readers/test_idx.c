/*
 * The IDX reader: valid files, and one message for each possible error in a file.
 */
#include <errno.h>
#include <math.h>
#include <sys/stat.h>

#include "readers/gzip.h"
#include "readers/idx.h"
#include "tests/scratch.h"

enum role { IMAGES, LABELS };

static const unsigned char two_images[] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 1, 10, 20, 30, 40, 50, 255};
static const unsigned char three_labels[] = {0, 0, 8, 1, 0, 0, 0, 3, 7, 0, 255};

/* A defect, the bytes of the file, the role it is read in, and the message after the path. */
struct defect {
    enum role role;
    size_t size;
    const unsigned char bytes[32];
    const char *message;
};

static const struct defect defects[] = {
    {IMAGES, 0, {0}, ": byte 0: empty ... IDX images"},
    {IMAGES, 1, {0x1f}, ": byte 1: truncated: ... IDX magic number ... 4 bytes"},
    {LABELS, 3, {0, 0, 8}, ": byte 3: truncated: ... IDX magic number ... 4 bytes"},
    {IMAGES, 16, "P5 28 28 255 ...", ": byte 0: ... 0x00000803 (IDX images) ... found 0x50352032"},
    {LABELS, 8, {1, 0, 8, 1}, ": byte 0: ... 0x00000801 ... found 0x01000801"},
    {LABELS, 8, {0, 1, 8, 1}, ": byte 0: ... 0x00000801 (IDX labels) ... found 0x00010801"},
    {IMAGES, 15, "<!DOCTYPE html>", ": byte 0: ... found '<' ... HTML page"},
    {LABELS, 10, "\r\n\t <html>", ": byte 4: ... found '<' ... HTML page"},
    {IMAGES, 9, {0, 0, 8, 1, 0, 0, 0, 1, 5}, ": byte 3: ... images ... found 1 dimension ... label file"},
    {LABELS, 22, {0, 0, 8, 3}, ": byte 3: ... labels ... found 3 dimensions ... image file"},
    {IMAGES, 4, {0, 0, 8, 0}, ": byte 3: ... 2 or more dimensions, found 0"},
    {LABELS, 4, {0, 0, 8, 0}, ": byte 3: ... 1 ... found 0"},
    {IMAGES, 14, {0, 0, 9, 2}, ": byte 2: ... 0x08 (unsigned byte) ... 0x0d ... found 0x09 (signed byte)"},
    {IMAGES, 14, {0, 0, 0x0B, 2}, ": byte 2: ... found 0x0b (short)"},
    {IMAGES, 14, {0, 0, 0x0C, 2}, ": byte 2: ... found 0x0c (int)"},
    {IMAGES, 14, {0, 0, 0x0E, 2}, ": byte 2: ... found 0x0e (double)"},
    {IMAGES, 14, {0, 0, 0x42, 2}, ": byte 2: ... found 0x42 (unknown)"},
    {LABELS, 12, {0, 0, 0x0D, 1}, ": byte 2: ... 0x08 (unsigned byte) or 0x0c (int) ... found 0x0d (float)"},
    {LABELS, 12, {0, 0, 0x0C, 3}, ": byte 3: ... found 3 dimensions"},
    {IMAGES, 15, {0, 0, 8, 3, 0, 0, 0, 1}, ": byte 15: truncated ... header: 3 dimensions ... 16 bytes"},
    {IMAGES, 12, {0, 0, 8, 255}, ": byte 12: truncated ... header: 255 dimensions ... 1024 bytes"},
    {IMAGES, 12, {0, 0, 8, 2}, ": byte 4: dimension 1 of 2: expected 1 or more, found 0"},
    {LABELS, 8, {0, 0, 8, 1}, ": byte 4: dimension 1 of 1: expected 1 or more, found 0"},
    {IMAGES,
     17,
     {0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1},
     ": byte 8: dimension 2 of 3: expected 1 or more, found 0"},
    {IMAGES,
     17,
     {0, 0, 8, 3, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 2},
     ": byte 12: dimension 3 of 3 ... 2 ... product overflows ... 1 bytes"},
    {IMAGES, /* 2^62 floats are 2^64 bytes */
     12,
     {0, 0, 0x0D, 2, 0x80, 0, 0, 0, 0x80, 0, 0, 0},
     ": byte 8: dimension 2 of 2 ... 2147483648 ... product overflows ... 0 bytes"},
    {IMAGES, /* fits 64 bits and no memory */
     13,
     {0, 0, 8, 2, 255, 255, 255, 255, 255, 255, 255, 255, 9},
     ": byte 13: truncated: ... 18446744065119617025 bytes ... values ... header ... found 1"},
    {LABELS, 10, {0, 0, 8, 1, 0, 0, 0, 3, 1, 2}, ": byte 10: truncated: ... 3 bytes ... values ... header ... found 2"},
    {LABELS, 11, {0, 0, 8, 1, 0, 0, 0, 2, 1, 2}, ": byte 10: ... end after 2 bytes ... found 1 trailing bytes"},
    {IMAGES, /* counted in bytes, not in values */
     15,
     {0, 0, 0x0D, 2, 0, 0, 0, 1, 0, 0, 0, 1},
     ": byte 15: truncated: ... 4 bytes ... values ... header ... found 3"},
    {IMAGES,
     28,
     {0, 0, 0x0D, 2, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0x7F, 0x80, 0, 0},
     ": byte 20: infinity ... sample 1, feature 0 (both from 0) ... finite number"},
    {IMAGES,
     28,
     {0, 0, 0x0D, 2, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xC0, 0, 0},
     ": byte 24: NaN ... sample 1, feature 1 (both from 0) ... finite number"},
};

/* Reads a file as images, or as the labels of three. */
static tileprop_status read_as(const char *path, enum role role, struct tp_dataset *dataset, struct tp_error *error)
{
    struct tp_file file;
    *dataset = (struct tp_dataset){.count = role == LABELS ? 3 : 0, .classes = 1};
    const tileprop_status status = tp_gzip_read(&file, path, error);
    if (status != TILEPROP_OK)
        return status;
    return role == LABELS ? tp_idx_labels(&file, "images", dataset, error) : tp_idx_images(&file, dataset, error);
}

/* Writes the bytes, reads them in that role, and expects the message after the path. */
static void check_defect(const char *directory, const void *bytes, size_t size, enum role role, const char *message)
{
    struct tp_dataset dataset;
    struct tp_error error = {""};
    scratch_write(directory, "file", bytes, size);
    char *path = scratch_path(directory, "file"), *line = NULL;
    assert_true(asprintf(&line, "%s%s", path, message) > 0);

    check_failure(read_as(path, role, &dataset, &error), TILEPROP_BAD_INPUT, &error, line);
    assert_null(dataset.samples);
    assert_null(dataset.labels);
    assert_int_equal(dataset.count, role == LABELS ? 3 : 0);
    assert_int_equal(dataset.features, 0);
    free(path);
    free(line);
}

static void test_defects(void **state)
{
    for (size_t i = 0; i < sizeof defects / sizeof *defects; i++)
        check_defect(*state, defects[i].bytes, defects[i].size, defects[i].role, defects[i].message);
}

/* The same defects inside gzip: the offset says what it counts in. */
static void test_defects_in_gzip(void **state)
{
    for (size_t i = 0; i < sizeof defects / sizeof *defects; i++) {
        size_t size;
        unsigned char *packed = scratch_gzip(defects[i].bytes, defects[i].size, &size);
        const char *colon = strchr(defects[i].message + 1, ':');
        char *message = NULL;
        assert_true(asprintf(&message, "%.*s ... unpacked data%s", (int)(colon - defects[i].message),
                             defects[i].message, colon) > 0);
        check_defect(*state, packed, size, defects[i].role, message);
        free(message);
        free(packed);
    }
}

static void test_damaged_gzip(void **state)
{
    size_t size, twice_size;
    unsigned char *packed = scratch_gzip(two_images, sizeof two_images, &size);
    unsigned char *twice = scratch_gzip(packed, size, &twice_size);
    check_defect(*state, twice, twice_size, IMAGES, ": byte 0 ... unpacked data: ... gzip ... twice");

    const char *corrupt = ": byte 0: ... gzip stream ... corrupt ... truncated";
    for (size_t shorter = 2; shorter < size; shorter++)
        check_defect(*state, packed, shorter, IMAGES, corrupt);
    for (size_t i = size - 8; i < size; i++) { /* the checksum and the size that end a member */
        packed[i] ^= 0x80;
        check_defect(*state, packed, size, IMAGES, corrupt);
        packed[i] ^= 0x80;
    }

    unsigned char *longer = calloc(1, 2 * size);
    assert_non_null(longer);
    memcpy(longer, packed, size);
    longer[size + 2] = 1; /* only zeros are skipped */
    char *message = NULL;
    assert_true(asprintf(&message, ": byte %zu: ... gzip stream, found 3 trailing bytes", size) > 0);
    check_defect(*state, longer, size + 3, IMAGES, message);
    free(message);
    memcpy(longer + size, packed, size);
    assert_true(asprintf(&message, ": byte %zu: ... gzip stream ... corrupt", size) > 0);
    check_defect(*state, longer, 2 * size - 1, IMAGES, message);
    free(message);
    free(longer);
    free(twice);
    free(packed);
}

static void check_unreadable(const char *directory, const char *name, const char *message)
{
    struct tp_dataset dataset;
    struct tp_error error = {""};
    char *path = scratch_path(directory, name);
    check_failure(read_as(path, IMAGES, &dataset, &error), TILEPROP_BAD_INPUT, &error, message);
    assert_non_null(strstr(error.text, path));
    assert_null(dataset.samples);
    free(path);
}

static void test_not_a_file(void **state)
{
    char *folder = scratch_path(*state, "folder"), *loop = scratch_path(*state, "loop");
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_int_equal(symlink("loop", loop), 0);

    check_unreadable(*state, "folder", "expected a file, found a directory");
    check_unreadable(*state, "loop", strerror(ELOOP));
    check_unreadable(*state, "missing", strerror(ENOENT));
    free(folder);
    free(loop);
}

/* Reads a file that must be good. */
static struct tp_dataset read_good(const char *directory, const void *bytes, size_t size, enum role role)
{
    struct tp_dataset dataset;
    struct tp_error error = {""};
    scratch_write(directory, "file", bytes, size);
    char *path = scratch_path(directory, "file");
    if (read_as(path, role, &dataset, &error) != TILEPROP_OK)
        fail_msg("%s", error.text);
    free(path);
    return dataset;
}

static void test_bytes(void **state)
{
    struct tp_dataset images = read_good(*state, two_images, sizeof two_images, IMAGES);
    assert_int_equal(images.type, TILEPROP_U8);
    assert_int_equal(images.count, 2);
    assert_int_equal(images.features, 3);
    assert_memory_equal(images.samples, two_images + 16, 6);
    tp_dataset_free(&images);
    assert_null(images.samples);

    struct tp_dataset labels = read_good(*state, three_labels, sizeof three_labels, LABELS);
    assert_int_equal(labels.count, 3);
    assert_int_equal(labels.classes, 256);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(labels.labels[i], three_labels[8 + i]);
    tp_dataset_free(&labels);
}

static void test_floats(void **state)
{
    /* 1.5, -0.0, the smallest subnormal, the largest finite number, in four dimensions */
    static const unsigned char bytes[] = {0, 0, 0x0D, 4,    0, 0, 0,    2, 0, 0, 0, 1, 0, 0, 0,    2,    0,    0,
                                          0, 1, 0x3F, 0xC0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 1, 0x7F, 0x7F, 0xFF, 0xFF};
    struct tp_dataset images = read_good(*state, bytes, sizeof bytes, IMAGES);
    const float *values = images.samples;
    assert_int_equal(images.type, TILEPROP_F32);
    assert_int_equal(images.count, 2);
    assert_int_equal(images.features, 2);
    assert_true(values[0] == 1.5f);
    assert_true(values[1] == 0 && signbit(values[1]));
    assert_true(values[2] == 0x1p-149f);
    assert_true(values[3] == 0x1.fffffep127f);
    tp_dataset_free(&images);
}

/* One image that packs a thousand to one, so that the claimed size is not trusted
 * and the buffer must grow. */
static void test_gzip_of_zeros(void **state)
{
    const size_t pixels = 1 << 20, size = 16 + pixels;
    unsigned char *bytes = calloc(1, size);
    assert_non_null(bytes);
    memcpy(bytes, (const unsigned char[]){0, 0, 8, 3, 0, 0, 0, 1, 0, 0x10, 0, 0, 0, 0, 0, 1}, 16);
    bytes[size - 1] = 77;
    size_t packed_size;
    unsigned char *packed = scratch_gzip(bytes, size, &packed_size);
    assert_true(packed_size < size / 500);

    struct tp_dataset images = read_good(*state, packed, packed_size, IMAGES);
    assert_int_equal(images.features, pixels);
    assert_memory_equal(images.samples, bytes + 16, pixels);
    tp_dataset_free(&images);
    free(packed);
    free(bytes);
}

/* Members may end anywhere, and the last size in the file tells nothing of the whole. */
static void test_gzip_members(void **state)
{
    const size_t features = 5000, size = 12 + features, cuts[] = {0, 2, 4000, size, size};
    unsigned char *bytes = malloc(size), *packed = malloc(2 * size);
    assert_true(bytes && packed);
    memcpy(bytes, (const unsigned char[]){0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0x13, 0x88}, 12);
    for (size_t i = 12; i < size; i++)
        bytes[i] = (unsigned char)(i / 100);
    size_t packed_size = 0;
    for (size_t i = 0; i + 1 < sizeof cuts / sizeof *cuts; i++) {
        size_t member_size;
        unsigned char *member = scratch_gzip(bytes + cuts[i], cuts[i + 1] - cuts[i], &member_size);
        memcpy(packed + packed_size, member, member_size);
        packed_size += member_size;
        free(member);
    }

    struct tp_dataset images = read_good(*state, packed, packed_size, IMAGES);
    assert_int_equal(images.features, features);
    assert_memory_equal(images.samples, bytes + 12, features);
    tp_dataset_free(&images);
    free(packed);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defects),       cmocka_unit_test(test_defects_in_gzip),
        cmocka_unit_test(test_damaged_gzip),  cmocka_unit_test(test_not_a_file),
        cmocka_unit_test(test_bytes),         cmocka_unit_test(test_floats),
        cmocka_unit_test(test_gzip_of_zeros), cmocka_unit_test(test_gzip_members),
    };
    return cmocka_run_group_tests_name("idx", tests, scratch_make, scratch_remove);
}
