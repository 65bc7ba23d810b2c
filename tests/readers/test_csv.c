/*
 * Fields and records of text: delimiters, quotes, line ends, and text that is not a table.
 */
#include <stdio.h>

#include "readers/csv.h"
#include "tests/text_file.h"

/* The fields of all records, in brackets; a record begins with its row. */
static void write_fields(const char *text, size_t skip_lines, char *out, size_t size)
{
    struct tp_file file = text_file(text);
    struct tp_csv csv;
    struct tp_field field;
    struct tp_error error = {""};
    size_t length = 0;
    out[0] = '\0';
    if (tp_csv_open(&csv, &file, skip_lines, &error) != TILEPROP_OK)
        fail_msg("%s", error.text);
    while (tp_csv_next(&csv)) {
        length += (size_t)snprintf(out + length, size - length, "%zu", csv.row);
        while (csv.more) {
            if (tp_csv_read_field(&csv, &field) != TILEPROP_OK)
                fail_msg("%s", error.text);
            const bool quoted = field.text == csv.buffer;
            length += (size_t)snprintf(out + length, size - length, "%s%.*s%s", quoted ? "{" : "[", (int)field.size,
                                       field.text, quoted ? "}" : "]");
        }
    }
    tp_csv_close(&csv);
    tp_file_free(&file);
}

static void check_fields(const char *text, const char *expected)
{
    char found[512];
    write_fields(text, 0, found, sizeof found);
    assert_string_equal(found, expected);
}

static void test_fields(void **state)
{
    (void)state;
    check_fields("a,b\nc,d\n", "1[a][b]2[c][d]");
    check_fields("a,b\r\nc,d", "1[a][b]2[c][d]");
    check_fields("\xEF\xBB\xBF"
                 "a,b\n",
                 "1[a][b]");
    check_fields(" a , b c   ,\n,,\n,,1\n,,\n , ,\r\n", "1[a][b c][]2[][][]3[][][1]");
    check_fields("a\tb c\t,\n", "1[a][b c][,]");
    check_fields("a;b,c;d\n", "1[a][b,c][d]");
    check_fields("1,5;2,5;x\n", "1[1,5][2,5][x]");
    check_fields("a;b\tc,d\n", "1[a][b\tc,d]");
    check_fields("a b\nc,d\n", "1[a][b]2[c,d]");
    check_fields("  1   2\t3 \r\n\n4\t\t5 \t 6", "1[1   2][3]3[4][][5][6]");
    check_fields("  1   2  3 \r\n\n4\t\t5 \t 6", "1[1][2][3]3[4][5][6]");
    check_fields("\"a b\" \"c\"  d\n", "1{a b}{c}[d]");
    check_fields("a \n", "1[a]");
    check_fields("# x\n#y\n1 2\n#3 4\n5 6 # 7\n#", "3[1][2]5[5][6][#][7]");
    check_fields("# x\n#y\n1,2\n#3,4\n#5\n5,6 # 7\n#", "3[1][2]4[#3][4]6[5][6 # 7]");
    check_fields("#x,y\n1,2\n", "1[#x][y]2[1][2]");
    check_fields("#x,y\n#1,2\n", "1[#x][y]2[#1][2]");
    check_fields("\n\r\na,b\n\n\nc,d\n\n", "3[a][b]6[c][d]");
    check_fields("a\rb,c\n", "1[a\rb][c]");
    check_fields("a,b\rc,d\r\re,f", "1[a][b]2[c][d]4[e][f]");
    check_fields("a,b\r\r\nc,d\r\r\n", "1[a][b]2[c][d]");
    check_fields("a,b\r\r\r\nc,d\n", "1[a][b\r]2[c][d]");
    check_fields("a,b\t \n \t\nc\t,\td\n  ", "1[a][b]3[c][d]");
    check_fields("a\tb\n\tc\n", "1[a][b]2[][c]");
    check_fields("a", "1[a]");
    check_fields("a,", "1[a][]");
}

static void test_quotes(void **state)
{
    (void)state;
    check_fields("\"a,b\",\"\"\n", "1{a,b}{}");
    check_fields("\"say \"\"no\"\"\" , \"\"\"\"\r\n", "1{say \"no\"}{\"}");
    check_fields("\"two\nlines\",x\ny,z\n", "1{two\nlines}[x]3[y][z]");
    check_fields("a\"b,c\n", "1[a\"b][c]");
    check_fields("a\"b;c,\"d;\n", "1[a\"b][c,\"d][]");
    check_fields(" \"a;\"\";;\",b\n", "1{a;\";;}[b]");
    check_fields("\";;;;;\",b\n", "1{;;;;;}[b]");
    check_fields("\" kept \"", "1{ kept }");
}

static void test_skipped_lines(void **state)
{
    (void)state;
    char found[64];
    write_fields("a comment, \"open\nb,c\n", 1, found, sizeof found);
    assert_string_equal(found, "2[b][c]");
}

static void test_numbers(void **state)
{
    (void)state;
    struct tp_file file = text_file("1, 2.5 ,x,3z,\"4\",5\r\n6");
    struct tp_csv csv;
    struct tp_field field;
    double value;
    assert_int_equal(tp_csv_open(&csv, &file, 0, NULL), TILEPROP_OK);
    assert_true(tp_csv_next(&csv));
    assert_true(tp_csv_read_number(&csv, &value) && value == 1 && csv.more);
    assert_true(tp_csv_read_number(&csv, &value) && value == 2.5);
    const char *const others[] = {"x", "3z", "4"};
    for (size_t i = 0; i < 3; i++) {
        assert_false(tp_csv_read_number(&csv, &value));
        assert_int_equal(tp_csv_read_field(&csv, &field), TILEPROP_OK);
        assert_int_equal(field.size, strlen(others[i]));
        assert_memory_equal(field.text, others[i], field.size);
    }
    assert_true(tp_csv_read_number(&csv, &value) && value == 5 && !csv.more);
    assert_true(tp_csv_next(&csv));
    assert_true(tp_csv_read_number(&csv, &value) && value == 6 && !csv.more);
    assert_false(tp_csv_next(&csv));
    tp_csv_close(&csv);
    tp_file_free(&file);
}

static void check_open_failure(const char *text, size_t size, size_t skip_lines, const char *message)
{
    struct tp_file file = text_file_of(text, size);
    struct tp_csv csv;
    struct tp_error error = {""};
    check_failure(tp_csv_open(&csv, &file, skip_lines, &error), TILEPROP_BAD_INPUT, &error, message);
    tp_csv_close(&csv);
    tp_file_free(&file);
}

static void test_text_that_is_not_a_table(void **state)
{
    (void)state;
    check_open_failure("", 0, 0, "t.csv: ... table ... found no line");
    check_open_failure("\n\n", 2, 0, "no line");
    check_open_failure("\xEF\xBB\xBF", 3, 0, "no line");
    check_open_failure("a,b\n", 4, 1, "no line ... --skip-lines");
    check_open_failure("a,b\0c\n", 6, 0, "t.csv: byte 3: ... zero byte");
    check_open_failure("\n<html>", 7, 0, "t.csv: row 2: ... found '<' ... HTML page");
}

static void check_field_failure(const char *text, const char *message)
{
    struct tp_file file = text_file(text);
    struct tp_csv csv;
    struct tp_error error = {""};
    size_t count;
    assert_int_equal(tp_csv_open(&csv, &file, 0, &error), TILEPROP_OK);
    tileprop_status status = TILEPROP_OK;
    while (status == TILEPROP_OK && tp_csv_next(&csv))
        status = tp_csv_count_fields(&csv, &count);
    check_failure(status, TILEPROP_BAD_INPUT, &error, message);
    tp_csv_close(&csv);
    tp_file_free(&file);
}

static void test_bad_quotes(void **state)
{
    (void)state;
    check_field_failure("a,b\n\"c,d\ne,f\n", "t.csv: row 2: ... double quote ... line 2 ... not closed");
    check_field_failure("\"a\nb\",\"", "row 1: ... double quote ... line 2 ... not closed");
    check_field_failure("a,b\n\"c\"d,e\n", "row 2: ... field ... double quotes ... found text");
}

static void test_show(void **state)
{
    (void)state;
    assert_string_equal(tp_show("a\x1b[2J\x7f", 6).text, "a?[2J?");
    char text[100];
    memset(text, 'x', sizeof text);
    const struct tp_shown shown = tp_show(text, sizeof text);
    assert_int_equal(strlen(shown.text), sizeof shown.text - 1);
    assert_string_equal(shown.text + sizeof shown.text - 5, "x...");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_quotes),
        cmocka_unit_test(test_skipped_lines),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_text_that_is_not_a_table),
        cmocka_unit_test(test_bad_quotes),
        cmocka_unit_test(test_show),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
