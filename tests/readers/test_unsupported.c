/*
 * Unsupported formats: the name reported for each, and tables that begin like one of them.
 */
#include "readers/unsupported.h"
#include "tests/check.h"

#define BYTES(text) text, sizeof(text) - 1

static const struct {
    const char *bytes;
    size_t size;
    const char *name; /* part of the message; NULL: not foreign */
} cases[] = {
    {BYTES("ARROW1\0\0"), "Arrow"},
    {BYTES("ORC\n\x0B\0ORC\x17"), "ORC"},
    {BYTES("\xFD"
           "7zXZ\0"),
     "xz -dk"},
    {BYTES("\x28\xB5\x2F\xFD\x04"), "zstd -d"},
    {BYTES("BZh91AY&SY"), "bzip2 -dk"},
    {BYTES("\x04\x22\x4D\x18"), "lz4 -d"},
    {BYTES("7z\xBC\xAF\x27\x1C"), "7z x"},
    {BYTES("\x80\x02]q"), "pickle"},
    {BYTES("\x80\x05K"), "pickle"},
    {BYTES("\x80\x02\x8A\x0Al\xFC\x9C"
           "F\xF9 j\xA8P\x19."),
     "PyTorch"},
    {BYTES("\x89HDF\r\n\x1A\n"), "HDF5"},
    {BYTES("MATLAB 5.0 MAT-file\0"), "MATLAB"},
    {BYTES("X\n\0\0\0\3"), ".rds"},
    {BYTES("RDX3\nX\n\0"), ".RData"},
    {BYTES("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"), ".xls"},
    {BYTES("%PDF-1.4\n"), "PDF"},
    {BYTES("\x89PNG\r\n\x1A\n"), "PNG"},
    {BYTES("\xFF\xD8\xFF\xE0"), "JPEG"},
    {BYTES("SQLite format 3\0"), "SQLite"},
    {BYTES("\xFF\xFE\0\0a\0\0\0"), "UTF-32"},
    {BYTES("\xFF\xFE"
           "a\0"),
     "UTF-16"},
    {BYTES("\xFE\xFF\0a"), "UTF-16"},
    {BYTES("a\0,\0y\0\n\0"), "UTF-16LE"},
    {BYTES("\0a\0,\0y\0\n"), "UTF-16BE"},
    {BYTES("% a comment\n\n@RELATION x\n"), "ARFF"},
    {BYTES("@relation x\n"), "ARFF"},
    {BYTES("version https://git-lfs.github.com/spec/v1\n"), "git lfs pull"},
    {BYTES("{ \"a\": 1}\n"), "JSON"},
    {BYTES("\xEF\xBB\xBF [\n {"), "JSON"},
    {BYTES("[[1,2]]"), "JSON"},
    {BYTES("\x20\0\0\0\0\0\0\0{\"a\""), "safetensors"},

    {BYTES("PAR1,y\n1,a\n"), NULL},
    {BYTES("ORC,y\n1,a\n2,ORC\n"), NULL},
    {BYTES("RDX3\nX\n"), NULL},
    {BYTES("MATLAB 5.0 MAT-file,y\n1,a\n"), NULL},
    {BYTES("%\n% not a relation\n1,a\n"), NULL},
    {BYTES("%"), NULL},
    {BYTES("{a},[b]\n"), NULL},
    {BYTES("[\0"), NULL},
    {BYTES("[1]\n"), NULL},
    {BYTES("PK\3\4"), NULL},
    {BYTES("\x93NUMPY\1\0v\0{'descr'"), NULL},
    {BYTES("\0\0\x08\3\0\0\0\1\0\0\0\1\0\0\0\1\7"), NULL},
    {BYTES("\0\0\x08\1\0\0\0\2\1\0"), NULL},
    {BYTES("a\0"), NULL},
    {BYTES("\x80"), NULL},
    {BYTES(""), NULL},
};

static void test_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct tp_file file = {
            .path = "f", .bytes = (unsigned char *)(uintptr_t)cases[i].bytes, .size = cases[i].size};
        struct tp_error error = {""};
        const tileprop_status status = tp_unsupported_refuse(&file, &error);
        if (status != (cases[i].name ? TILEPROP_BAD_INPUT : TILEPROP_OK) ||
            (cases[i].name && (strncmp(error.text, "f: ", 3) != 0 || !strstr(error.text, cases[i].name))))
            fail_msg("case %zu (%s): \"%s\"", i, cases[i].name ? cases[i].name : "a table", error.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
