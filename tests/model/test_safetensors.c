/* The reader and writer of safetensors. */
#include "model/safetensors.h"

#include <math.h>
#include <stdlib.h>

#include "tests/check.h"
#include "tests/scratch.h"

#define TP_LONG ((size_t)3 << 16) /* bytes of a header whose memory use is tested */

/* A file with the header, preceded by its length, and count values 0, 1, 2, ... */
static struct tp_file make_file(const char *header, size_t values)
{
    const uint64_t length = strlen(header);
    struct tp_file file = {.path = "made", .bytes = malloc(8 + length + values), .size = 8 + length + values};
    assert_non_null(file.bytes);
    memcpy(file.bytes, &length, 8);
    memcpy(file.bytes + 8, header, length);
    for (size_t i = 0; i < values; i++)
        file.bytes[8 + length + i] = (unsigned char)i;
    return file;
}

static tileprop_status read_safetensors(struct tp_safetensors *read, const char *path, struct tp_error *error)
{
    struct tp_file file;
    const tileprop_status status = tp_file_read(&file, path, error);
    return status == TILEPROP_OK ? tp_safetensors_parse(read, &file, error) : status;
}

static void refused(const char *header, size_t values, const char *part)
{
    struct tp_file file = make_file(header, values);
    struct tp_safetensors read;
    struct tp_error error = {""};
    check_failure(tp_safetensors_parse(&read, &file, &error), TILEPROP_BAD_INPUT, &error, part);
    assert_true(strncmp(error.text, "made: ", 6) == 0);
    assert_null(file.bytes);
    assert_null(read.file.bytes);
    assert_null(read.tensors);
}

static void test_reads(void **state)
{
    (void)state;
    struct tp_file file = make_file("{\"b\":{\"data_offsets\":[2,14],\"dtype\":\"F32\",\"shape\":[1,3]},"
                                    "\"__metadata__\":{\"who\":\"\\u00e9 \\\"}{[\"},"
                                    "\"none\":{\"dtype\":\"I64\",\"shape\":[4,0],\"data_offsets\":[2,2]},"
                                    "\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},"
                                    "\"scalar\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[14,22]}}   ",
                                    22);
    struct tp_safetensors read;
    struct tp_error error = {""};
    assert_int_equal(tp_safetensors_parse(&read, &file, &error), TILEPROP_OK);
    assert_int_equal(read.count, 4);
    const struct tp_tensor *a = tp_safetensors_find(&read, "a"), *b = tp_safetensors_find(&read, "b");
    assert_int_equal(a->size, 2);
    assert_int_equal(b->size, 12);
    assert_int_equal(b->dimensions, 2);
    assert_int_equal(b->shape[1], 3);
    assert_string_equal(b->type, "F32");
    assert_int_equal(*(const unsigned char *)a->bytes, 0);
    assert_int_equal(*(const unsigned char *)b->bytes, 2);
    assert_int_equal(tp_safetensors_find(&read, "scalar")->dimensions, 0);
    assert_int_equal(tp_safetensors_find(&read, "none")->size, 0);
    assert_null(tp_safetensors_find(&read, "c"));
    assert_string_equal(tp_safetensors_text(&read, "who"), "\xc3\xa9 \"}{[");
    assert_null(tp_safetensors_text(&read, "what"));
    char text[32], cut[8];
    tp_tensor_describe(b, text, sizeof text);
    assert_string_equal(text, "F32 [1, 3]");
    tp_tensor_describe(b, cut, sizeof cut);
    assert_string_equal(cut, "F32 [1,");
    tp_safetensors_free(&read);
}

static void test_refuses_frames(void **state)
{
    (void)state;
    static const struct {
        size_t size;
        unsigned char bytes[16];
        const char *part;
    } cases[] = {{0, "", "safetensors file ... bytes, found 0"},
                 {7, "\2\0\0\0\0\0\0", "bytes, found 7"},
                 {8, "\0\0\0\0\0\0\0", "byte 8: ... {"},
                 {10, "\2\0\0\0\0\0\0\0[]", "byte 8: ... {"},
                 {9, "\2\0\0\0\0\0\0\0{", "byte 0: ... header ... 1 bytes ... found 2"},
                 {10, "\377\377\377\377\377\377\377\377{}", "header ... bytes ... found 18446744073709551615"},
                 {11, "\2\0\0\0\0\0\0\0{}x", "byte 10: ... last tensor, found 1 bytes"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tp_file file = {.path = "made", .bytes = malloc(cases[i].size + 1), .size = cases[i].size};
        memcpy(file.bytes, cases[i].bytes, cases[i].size);
        struct tp_safetensors read;
        struct tp_error error = {""};
        check_failure(tp_safetensors_parse(&read, &file, &error), TILEPROP_BAD_INPUT, &error, cases[i].part);
    }
}

/* Other programs' files are called by their names. */
static void test_names_unsupported_models(void **state)
{
    (void)state;
    static const struct {
        size_t size;
        const char bytes[64], *part;
    } cases[] = {
        {100, "version https://git-lfs.github.com/spec/v1\noid sha256:",
         "made: ... found a Git LFS pointer ... git lfs pull"},
        {100, "PK\3\4\0\0\x08\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x10\0\0\0archive/data.pkl",
         "found a PyTorch file (.pt or .pth) ... safetensors.torch.save_file(model.state_dict(), FILE)"},
        {100, "PK\3\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\5\0\0\0w.npy",
         "a NumPy archive (.npz) ... safetensors.numpy"},
        {100, "PK\3\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xff\xff\0\0w.npy", "a zip archive"},
        {10, "PK\3\4\0\0\0\0\0", "a zip archive"},
        {100, "\x80\2\x8a\x0al\xfc\x9c\x46\xf9\x20j\xa8P\x19.", "a Python pickle ... safetensors.torch"},
        {100, "\x80\4\x95\0\0\0\0\0\0\0\0}", "a Python pickle"},
        {100, "\x89HDF\r\n\x1a\n", "HDF5 ... Keras ... [units, inputs]"},
        {100, "\x08\x07\x12\x07pytorch", "ONNX ... safetensors.numpy.save_file"},
        {100, "\x93NUMPY\1\0", "a NumPy array"},
        {100, "\x1f\x8b\x08\0\0\0\0\1", "unpacked ... found gzip"},
        {8, "\xff\xff\xff\xff\xff\xff\xff\xff", "made: ... found no header"},
        {100, "\xff\xff\xff\xff\xff\xff\xff\xff", "made: ... safetensors ... found no header"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tp_file file = {.path = "made", .bytes = calloc(cases[i].size, 1), .size = cases[i].size};
        memcpy(file.bytes, cases[i].bytes, cases[i].size < 60 ? cases[i].size : 60);
        struct tp_safetensors read;
        struct tp_error error = {""};
        check_failure(tp_safetensors_parse(&read, &file, &error), TILEPROP_BAD_INPUT, &error, cases[i].part);
    }
}

static void test_refuses_headers(void **state)
{
    (void)state;
    refused("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
            "\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}",
            2, "header ... not JSON: duplicate object key");
    refused("{\"a\":{\"a\":{\"a\":{}}}}", 0, "byte 23: ... 3 ... brackets");
    refused("{\"\\\"\\\\\":[[[", 0, "3 ... brackets");
    refused("{\"a\n\":1}", 0, "header ... not JSON");
    refused("{} {}", 0, "header ... not JSON");
    refused("{\"__metadata__\":[]}", 0, "__metadata__: ... object ... texts");
    refused("{\"__metadata__\":{\"n\":1}}", 0, "__metadata__: \"n\": ... text");
    refused("{\"a\":1}", 0, "tensor \"a\": ... dtype, shape ... data_offsets");
    refused("{\"a\\nb\":1}", 0, "tensor \"a?b\"");
    refused("{\"a\":{\"dtype\":\"U8\",\"shape\":[1]}}", 1, "dtype, shape ... data_offsets");
    refused("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1],\"more\":1}}", 1, "nothing else");
    refused("{\"a\":{\"dtype\":\"u8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1,
            "tensor \"a\": expected dtype F32, found u8");
    refused("{\"a\":{\"dtype\":\"U8\",\"shape\":[-1],\"data_offsets\":[0,1]}}", 1, "shape: ... integers");
    refused("{\"a\":{\"dtype\":\"U8\",\"shape\":[1.0],\"data_offsets\":[0,1]}}", 1, "shape: ... integers");
    refused("{\"a\":{\"dtype\":\"U8\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,1]}}", 1,
            "at most 8 dimensions");
    refused("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0]}}", 1, "data_offsets: ... two offsets");
    refused("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,0]}}", 1, "data_offsets: ... two offsets");
    refused("{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}", 1, "data_offsets: ... two offsets");
    refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4, "data_offsets: ... bytes ... shape");
    /* 2^62 values of 4 bytes, and 2^32 times 2^32 of one, are 0 bytes modulo 2^64. */
    refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904],\"data_offsets\":[0,0]}}", 0,
            "data_offsets: ... bytes ... shape");
    refused("{\"a\":{\"dtype\":\"U8\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}", 0,
            "data_offsets: ... bytes ... shape");
    refused("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}", 2, "data_offsets: ... gap ... overlap");
    refused("{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},"
            "\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[1,3]}}",
            3, "tensor \"b\": data_offsets: ... gap ... overlap");
}

static size_t allocated;

static void *count_allocation(size_t size)
{
    allocated += size;
    return malloc(size);
}

/* Headers of the values that cost jansson most for each byte: its allocations are
 * added up, none taken off. */
static void test_bounds_memory(void **state)
{
    (void)state;
    static const char *const items[] = {"[],", "{},", "0,", "\"\",", "0.1,"};
    json_set_alloc_funcs(count_allocation, free);
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) {
        char *header = malloc(TP_LONG + 64);
        size_t length = (size_t)sprintf(header, "{\"a\":[");
        while (length < TP_LONG)
            length += (size_t)sprintf(header + length, "%s", items[i]);
        sprintf(header + length - 1, "]}");
        allocated = 0;
        refused(header, 0, "dtype ... shape ... data_offsets");
        assert_true(allocated > length && allocated < 80 * length);
        free(header);
    }
    char *header = malloc(TP_LONG + 64);
    size_t length = (size_t)sprintf(header, "{");
    for (size_t i = 0; length < TP_LONG; i++)
        length += (size_t)sprintf(header + length, "\"%zx\":{},", i);
    sprintf(header + length - 1, "}");
    allocated = 0;
    refused(header, 0, "dtype ... shape ... data_offsets");
    assert_true(allocated > length && allocated < 80 * length);
    free(header);
    json_set_alloc_funcs(malloc, free);
}

/* More values than a header may have, at any place; commas in texts do not count. */
static void test_bounds_values(void **state)
{
    (void)state;
    static const char *const begins[] = {"{\"a\":[", "{\"a,,\":[[],"};
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++) {
        char *header = malloc(2 * TP_SAFETENSORS_VALUES_MAX + 64);
        size_t length = (size_t)sprintf(header, "%s", begins[i]);
        for (size_t n = i; n < TP_SAFETENSORS_VALUES_MAX; n++)
            length += (size_t)sprintf(header + length, "0,");
        sprintf(header + length - 1, "]}");
        refused(header, 0, "dtype ... shape ... data_offsets");
        sprintf(header + length - 1, ",0]}");
        refused(header, 0, i ? "byte 200016: ... at most 100000 values" : "byte 200013: ... at most 100000 values");
        free(header);
    }
}

static void test_writes_what_it_reads(void **state)
{
    char *path = scratch_path(*state, "written");
    struct tp_safe_file out;
    struct tp_error error = {""};
    const float weights[2][3] = {{1, -0.0f, 3e-40f}, {INFINITY, 5, 6}};
    const uint8_t byte = 200;
    const struct tp_tensor tensors[] = {
        {.name = "odd", .type = "U8", .dimensions = 1, .shape = {1}, .bytes = &byte, .size = 1},
        {.name = "w", .type = "F32", .dimensions = 2, .shape = {2, 3}, .bytes = weights, .size = sizeof weights}};
    json_t *texts = json_pack("{s:s}", "key", "a\n\"text\"");
    assert_int_equal(tp_safe_file_open(&out, "--save", path, &error), TILEPROP_OK);
    assert_int_equal(tp_safetensors_write(&out, tensors, 2, texts, &error), TILEPROP_OK);
    assert_int_equal(tp_safe_file_commit(&out, &error), TILEPROP_OK);
    json_decref(texts);

    struct tp_safetensors read;
    if (read_safetensors(&read, path, &error))
        fail_msg("%s", error.text);
    assert_int_equal(read.count, 2);
    const struct tp_tensor *w = tp_safetensors_find(&read, "w");
    assert_int_equal(w->size, sizeof weights);
    assert_memory_equal(w->bytes, weights, sizeof weights);
    assert_int_equal(*(const uint8_t *)tp_safetensors_find(&read, "odd")->bytes, 200);
    assert_string_equal(tp_safetensors_text(&read, "key"), "a\n\"text\"");
    assert_int_equal((read.file.size - 1 - sizeof weights) % 8, 0);
    tp_safetensors_free(&read);
    free(path);
}

/* A large text comes back; one that no reader takes is not written. */
static void test_limits_headers(void **state)
{
    static const struct {
        size_t size;
        tileprop_status status;
    } cases[] = {{(size_t)17 << 20, TILEPROP_OK}, {TP_SAFETENSORS_HEADER_MAX, TILEPROP_FAILURE}};
    char *path = scratch_path(*state, "large");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tp_safe_file out;
        struct tp_safetensors read;
        struct tp_error error = {""};
        char *text = malloc(cases[i].size + 1);
        memset(text, 'x', cases[i].size);
        text[cases[i].size] = '\0';
        json_t *texts = json_pack("{s:s}", "key", text);
        assert_int_equal(tp_safe_file_open(&out, "--save", path, &error), TILEPROP_OK);
        assert_int_equal(tp_safetensors_write(&out, NULL, 0, texts, &error), cases[i].status);
        json_decref(texts);
        if (cases[i].status == TILEPROP_OK) {
            assert_int_equal(tp_safe_file_commit(&out, &error), TILEPROP_OK);
            if (read_safetensors(&read, path, &error))
                fail_msg("%s", error.text);
            assert_string_equal(tp_safetensors_text(&read, "key"), text);
            tp_safetensors_free(&read);
        } else {
            assert_non_null(strstr(error.text, "at most 20000000"));
            tp_safe_file_discard(&out);
        }
        free(text);
    }
    free(path);
}

/* A header whose length begins with gzip's magic bytes is still a header. */
static void test_is_never_unpacked(void **state)
{
    char *header = malloc(0x8b1f + 1);
    memset(header, ' ', 0x8b1f);
    memcpy(header, "{}", 2);
    header[0x8b1f] = '\0';
    struct tp_file file = make_file(header, 0);
    scratch_write(*state, "magic", file.bytes, file.size);
    char *path = scratch_path(*state, "magic");
    struct tp_safetensors read;
    struct tp_error error = {""};
    if (read_safetensors(&read, path, &error))
        fail_msg("%s", error.text);
    tp_safetensors_free(&read);
    tp_file_free(&file);
    free(header);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads),
        cmocka_unit_test(test_refuses_frames),
        cmocka_unit_test(test_names_unsupported_models),
        cmocka_unit_test(test_refuses_headers),
        cmocka_unit_test(test_bounds_memory),
        cmocka_unit_test(test_bounds_values),
        cmocka_unit_test_setup_teardown(test_writes_what_it_reads, scratch_make, scratch_remove),
        cmocka_unit_test_setup_teardown(test_limits_headers, scratch_make, scratch_remove),
        cmocka_unit_test_setup_teardown(test_is_never_unpacked, scratch_make, scratch_remove),
    };
    return cmocka_run_group_tests_name("safetensors", tests, NULL, NULL);
}
