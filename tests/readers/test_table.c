/*
 * Tables: headers, labels, numbers and categories; tables read with a schema; every kind of invalid cell.
 */
#include <math.h>
#include <stdio.h>

#include "readers/data_loader.h"
#include "readers/table.h"
#include "tests/scratch.h"
#include "tests/text_file.h"

static const struct tp_table_options plain = {.label = "last"};

struct table {
    struct tp_schema schema;
    struct tp_dataset data;
};

static void read_into(struct table *table, const char *text, struct tp_table_options options)
{
    struct tp_file file = text_file(text);
    struct tp_error error = {""};
    if (tp_table_parse(&file, &options, &table->schema, &table->data, &error) != TILEPROP_OK)
        fail_msg("%s", error.text);
    assert_null(file.bytes);
    assert_ptr_equal(table->data.schema, &table->schema);
}

static struct table read_text(const char *text, struct tp_table_options options)
{
    struct table table = {0};
    struct tp_file file = text_file(text);
    struct tp_error error = {""};
    if (tp_table_parse(&file, &options, &table.schema, &table.data, &error) != TILEPROP_OK)
        fail_msg("%s", error.text);
    return table;
}

static void free_table(struct table *table)
{
    tp_dataset_free(&table->data);
    tp_schema_free(&table->schema);
}

static void check_refused(const char *text, struct tp_table_options options, const char *message)
{
    struct tp_file file = text_file(text);
    struct tp_schema schema = {0};
    struct tp_dataset data;
    struct tp_error error = {""};
    check_failure(tp_table_parse(&file, &options, &schema, &data, &error), TILEPROP_BAD_INPUT, &error, message);
    assert_null(data.samples);
    assert_null(data.labels);
    tp_schema_free(&schema);
}

static void check_values(const struct table *table, const float *values, size_t rows, size_t features)
{
    assert_int_equal(table->data.count, rows);
    assert_int_equal(table->data.features, features);
    assert_int_equal(table->schema.features, features);
    const float *found = table->data.samples;
    for (size_t i = 0; i < rows * features; i++)
        if (!(found[i] == values[i] || (isnan(found[i]) && isnan(values[i]))))
            fail_msg("row %zu, feature %zu: found %g, expected %g", i / features, i % features, (double)found[i],
                     (double)values[i]);
}

static void check_classes(const struct table *table, const char *expected, const uint16_t *labels)
{
    char found[256] = "";
    for (size_t k = 0; k < table->schema.class_count; k++)
        snprintf(found + strlen(found), sizeof found - strlen(found), "%s%s", k ? " " : "", table->schema.classes[k]);
    assert_string_equal(found, expected);
    assert_int_equal(table->data.classes, table->schema.class_count);
    for (size_t i = 0; i < table->data.count; i++)
        assert_int_equal(table->data.labels[i], labels[i]);
}

static void test_header_and_names(void **state)
{
    (void)state;
    struct table table = read_text("width,height,kind\n1,2,b\n3,4,a\n", plain);
    check_values(&table, (const float[]){1, 2, 3, 4}, 2, 2);
    check_classes(&table, "a b", (const uint16_t[]){1, 0});
    assert_string_equal(table.schema.columns[0].name, "width");
    assert_string_equal(table.schema.columns[1].name, "height");
    assert_string_equal(table.schema.label, "kind");
    assert_int_equal(table.schema.label_place, 2);
    free_table(&table);

    table = read_text("1,2,b\n3,4,a\n", (struct tp_table_options){.label = "last", .header = TP_HEADER_NO});
    check_values(&table, (const float[]){1, 2, 3, 4}, 2, 2);
    assert_null(table.schema.columns[0].name);
    assert_null(table.schema.label);
    free_table(&table);
}

static void test_label_column(void **state)
{
    (void)state;
    static const char text[] = "\xEF\xBB\xBFkind;x;2\r\nb;1;2\r\na;3;4\r\n";
    static const char *const labels[] = {"kind", "1", "first"};
    for (size_t i = 0; i < 3; i++) {
        struct table table = read_text(text, (struct tp_table_options){.label = labels[i], .header = TP_HEADER_YES});
        check_values(&table, (const float[]){1, 2, 3, 4}, 2, 2);
        check_classes(&table, "a b", (const uint16_t[]){1, 0});
        assert_string_equal(table.schema.columns[0].name, "x");
        free_table(&table);
    }
    /* A name goes before a place. */
    struct table table = read_text(text, (struct tp_table_options){.label = "2", .header = TP_HEADER_YES});
    assert_int_equal(table.schema.label_place, 2);
    free_table(&table);

    check_refused(text, (struct tp_table_options){.label = "4", .header = TP_HEADER_YES},
                  "row 1: --label: ... from 1 to 3, found \"4\" ... --skip-lines");
    check_refused("a,b\n1,2\n", (struct tp_table_options){.label = "b", .header = TP_HEADER_NO}, "found \"b\"");
    check_refused("a,a\n1,2\n", (struct tp_table_options){.label = "a"}, "found \"a\" in columns 1 and 2");
    check_refused("b,a,a,kind\n1,2,3,x\n", plain, "row 1: ... found \"a\" in columns 2 and 3");
    check_refused("b,b,x\n1,2,a\n", (struct tp_table_options){.label = "x"}, "row 1: ... \"b\" in columns 1 and 2");
    /* Which of the two is the one that was left out, another table would not say. */
    check_refused("b,a,b,x\n1,2,3,y\n", (struct tp_table_options){.label = "x", .leave_out = "1"},
                  "row 1: ... found \"b\" in columns 1 and 3");
    check_refused("0,0,x\n1,2,a\n", plain, "row 1, column 1: ... found 0 above numbers");
    check_refused("a\n1\n", plain, "label ... input ... found 1 column");
    check_refused("a\n1", plain, "label ... input ... found 1 column"); /* digits up to the very end */
}

static void test_number_labels(void **state)
{
    (void)state;
    struct table table = read_text("x,y\n1,10\n2,+9\n3,-1\n4,9.0\n5,010\n6,-1e0\n", plain);
    check_classes(&table, "-1 9 10", (const uint16_t[]){2, 1, 0, 1, 2, 0});
    free_table(&table);
    table = read_text("x,y\n1,10\n2,9\n3,b\n4,9.5\n", plain);
    check_classes(&table, "10 9 9.5 b", (const uint16_t[]){0, 1, 3, 2});
    free_table(&table);
    check_refused("x,y\n1,1\n2,2.5\n", plain, "row 3, column 2 (y): ... integer ... name ... found label 2.5");
    check_refused("x,y\n1,1\n2,NA\n", plain, "row 3, column 2 (y): ... label ... found \"NA\"");
    check_refused("x,y\n1,1\n2,\n", (struct tp_table_options){.label = "last", .missing = TP_MISSING_MEAN},
                  "row 3, column 2 (y): ... label ... found \"\"");

    char text[2048] = "x,y\n";
    for (int i = 0; i < 100; i++)
        sprintf(text + strlen(text), "0,%d\n", i);
    table = read_text(text, plain);
    assert_int_equal(table.data.classes, 100);
    free_table(&table);
    strcat(text, "0,100\n");
    check_refused(text, plain,
                  "t.csv: ... found 101 distinct numbers ... labels ... 101 samples ... regression target");
}

static void test_rows_that_are_not_headers(void **state)
{
    (void)state;
    check_refused("1,2,a\n3,4,b\n", plain,
                  "t.csv: row 1, column 1: ... found 1 above numbers ... --header no ... "
                  "--header yes ... --skip-lines 1");
    check_refused("2,x,a\n3,4,b\n", plain, "row 1, column 1: ... found 2 above numbers");
    check_refused("2,a,b\n1,2,3,a\n1,2,3,b\n", plain, "row 1: ... 4 fields ... row 2, found 3 ... --skip-lines 1");
    check_refused("2,a,b\n1,2,3,a\n", (struct tp_table_options){.label = "last", .header = TP_HEADER_NO},
                  "row 1: ... 4 fields ... row 2, found 3");
    check_refused("red,a\nblue,b\n", plain, "row 1: ... header row ... all columns hold text ... --header no");
    check_refused(",a\n1,b\n", plain, "row 1: ... header row ... all columns hold text");
    check_refused("x,y\n", plain, "row 1: ... header ... data ... found one line");
    check_refused("x,y\nred,a\n1,b\n", plain,
                  "row 3, column 1 (x): ... text ... row 2 ... found number 1 ... --header yes");
    check_refused("x,y\n1,a\n2,b\n", (struct tp_table_options){.label = "last", .header = TP_HEADER_NO},
                  "row 2, column 1: ... text ... row 1 ... found number 1 ... --header yes");

    /* All columns hold text, but an option names one. */
    struct table table = read_text("colour,kind\nred,a\nblue,b\n", (struct tp_table_options){.label = "kind"});
    assert_int_equal(table.data.count, 2);
    free_table(&table);
    /* Text over a label of numbers is enough. */
    table = read_text("colour,kind\nred,1\nblue,0\n", plain);
    assert_int_equal(table.data.count, 2);
    free_table(&table);
}

static void test_skip_lines(void **state)
{
    (void)state;
    struct table table = read_text("2,1,a,b\n7,a\n8,b\n",
                                   (struct tp_table_options){.label = "last", .header = TP_HEADER_NO, .skip_lines = 1});
    check_values(&table, (const float[]){7, 8}, 2, 1);
    free_table(&table);
    check_refused("2,1,a,b\n7,a\nx,b\n",
                  (struct tp_table_options){.label = "last", .header = TP_HEADER_NO, .skip_lines = 1},
                  "row 3, column 1: ... number ... row 2 ... found \"x\" ... --categorical 1");
}

static void test_bad_cells(void **state)
{
    (void)state;
    check_refused("x,z,y\n1,2,a\n3,four,b\n", plain,
                  "t.csv: row 3, column 2 (z): ... number ... row 2 ... found \"four\"");
    check_refused("x;z;y\n1,5;2;a\n3;4;b\n", plain,
                  "row 2, column 1 (x): ... number ... decimal point ... found \"1,5\" ... --categorical 1");
    check_refused("x,z,y\n1,\"-1,000.5\",a\n", plain, "row 2, column 2 (z): ... found \"-1,000.5\"");
    check_refused("x,z,y\n1,2,a\n3,inf,b\n", plain, "row 3, column 2 (z): ... number ... found \"inf\"");
    check_refused("x,z,y\n1,2,a\n3,1e39,b\n", plain, "row 3, column 2 (z): ... number ... large ... float");
    check_refused("x,z,y\n1,2,a\n3,\"1e39\",b\n", plain, "number ... large ... float");
    check_refused("x,z,y\n1,2,a\n3,1 2,b\n", plain, "number ... found \"1 2\"");
    check_refused("x,z,y\n1,2,a\n\n\n3,4\n", plain, "row 5: ... 3 fields ... row 1, found 2");
    check_refused("x,z,y\n1,2,a\n3,4,b,c,d\n", plain, "row 3: ... 3 fields ... row 1, found 5");
    check_refused("x,\"a\nb\",y\n1,2,a\n3,bad,b\n", plain, "row 4, column 2 (a?b): ... found \"bad\"");
    static const char *const missing[] = {"", "?", "NA", "n/a", "NaN", "null", "\"\"", " "};
    for (size_t i = 0; i < sizeof missing / sizeof *missing; i++) {
        char text[64];
        snprintf(text, sizeof text, "x,z,y\n1,%s,a\n3,4,b\n", missing[i]);
        check_refused(text, plain, "row 2, column 2 (z): ... found \"");
        check_refused(text, plain, "value ... --missing mean");
        struct table table = read_text(text, (struct tp_table_options){.label = "last", .missing = TP_MISSING_MEAN});
        check_values(&table, (const float[]){1, NAN, 3, 4}, 2, 2);
        free_table(&table);
    }
    check_refused("x,z,y\n1,,a\n3,,b\n", (struct tp_table_options){.label = "last", .missing = TP_MISSING_MEAN},
                  "column 2: ... value ... row");
}

static void test_quoted_numbers(void **state)
{
    (void)state;
    struct table table = read_text("\"x\",\"y\"\n\"1\",\"a\"\n\"2.5\",\"b\"\n", plain);
    check_values(&table, (const float[]){1, 2.5f}, 2, 1);
    free_table(&table);
}

static void test_categories(void **state)
{
    (void)state;
    const char text[] = "size,colour,kind\n1,red,a\n2,blue,b\n3,red,a\n";
    struct table table = read_text(text, plain);
    check_values(&table, (const float[]){1, 0, 1, 2, 1, 0, 3, 0, 1}, 3, 3);
    assert_int_equal(table.schema.columns[0].category_count, 0);
    assert_int_equal(table.schema.columns[1].category_count, 2);
    assert_string_equal(table.schema.columns[1].categories[0], "blue");
    free_table(&table);

    static const char *const lists[] = {"size", "1", "size,colour", "2,1"};
    for (size_t i = 0; i < 4; i++) {
        table = read_text(text,
                          (struct tp_table_options){.label = "last", .header = TP_HEADER_YES, .categorical = lists[i]});
        check_values(&table, (const float[]){1, 0, 0, 0, 1, 0, 1, 0, 1, 0, 0, 0, 1, 0, 1}, 3, 5);
        free_table(&table);
    }
    table = read_text("code,kind\n10,a\n9,b\nx,a\n?,b\n",
                      (struct tp_table_options){
                          .label = "kind", .header = TP_HEADER_YES, .categorical = "code", .missing = TP_MISSING_MEAN});
    check_values(&table, (const float[]){1, 0, 0, 0, 1, 0, 0, 0, 1, NAN, NAN, NAN}, 4, 3);
    free_table(&table);
    table = read_text("code,kind\n10,a\n9,b\n", (struct tp_table_options){.label = "kind", .categorical = "code"});
    assert_string_equal(table.schema.columns[0].categories[0], "9");
    check_values(&table, (const float[]){0, 1, 1, 0}, 2, 2);
    free_table(&table);
    /* One category is one constant feature. */
    table = read_text("code,kind\nx,1\nx,2\n", plain);
    check_values(&table, (const float[]){1, 1}, 2, 1);
    free_table(&table);

    check_refused(text, (struct tp_table_options){.label = "last", .categorical = "kind"},
                  "--categorical: ... found column 3 ... label");
    check_refused(text, (struct tp_table_options){.label = "last", .categorical = "shape"},
                  "--categorical: ... found \"shape\"");
}

static void test_columns_left_out(void **state)
{
    (void)state;
    const char text[] = "id,kind,size,colour\n7,a,1,red\n7,b,2,red\n,a,3,blue\n";
    static const char *const lists[] = {"id", "1", "id,colour", "4,1"};
    for (size_t i = 0; i < 4; i++) {
        struct table table = read_text(text, (struct tp_table_options){.label = "kind", .leave_out = lists[i]});
        const bool colours = i < 2;
        check_values(&table, colours ? (const float[]){1, 0, 1, 2, 0, 1, 3, 1, 0} : (const float[]){1, 2, 3}, 3,
                     colours ? 3 : 1);
        assert_int_equal(table.schema.column_count, colours ? 2 : 1);
        assert_string_equal(table.schema.columns[0].name, "size");
        assert_int_equal(table.schema.label_place, 0); /* among the columns that are used */
        free_table(&table);
    }
    static const struct {
        struct tp_table_options options;
        const char *expected;
    } refused[] = {
        {{.label = "kind", .leave_out = "kind"}, "--leave-out: ... found column 2 ... label"},
        {{.label = "kind", .leave_out = "age"}, "--leave-out: ... found \"age\""},
        {{.label = "kind", .leave_out = "id,size,colour"}, "--leave-out: expected at least one input column"},
        {{.label = "kind", .categorical = "id", .leave_out = "id"}, "column 1 ... --categorical names"},
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        check_refused(text, refused[i].options, refused[i].expected);
}

static void test_weights_of_samples(void **state)
{
    (void)state;
    const char text[] = "id,w,kind,size\n7,0.5,a,1\n8,0,b,2\n9,3e38,a,3\n";
    const struct tp_table_options options = {.label = "kind", .leave_out = "id", .weight = "2"};
    struct table table = read_text(text, options);
    check_values(&table, (const float[]){1, 2, 3}, 3, 1);
    assert_memory_equal(table.data.sample_weights, ((const float[]){0.5F, 0, 3e38F}), 3 * sizeof(float));
    assert_int_equal(table.schema.left_out_count, 2);
    assert_int_equal(table.schema.label_place, 0);
    assert_int_equal(tp_schema_place(&table.schema, 0), 2);
    assert_int_equal(tp_schema_place(&table.schema, 1), 3);
    tp_dataset_free(&table.data);
    read_into(&table, "kind,size,w\nb,4,2\n", options);
    assert_true(table.data.sample_weights[0] == 2);
    tp_dataset_free(&table.data);
    read_into(&table, "size,w\n4,none\n", (struct tp_table_options){.label = "kind", .may_lack_label = true});
    assert_null(table.data.sample_weights);
    free_table(&table);

    /* Without names: weights before and after the label. */
    for (int i = 0; i < 2; i++) {
        table = read_text(
            i ? "1,a,2,5\n3,b,4,6\n" : "1,2,a,5\n3,4,b,6\n",
            (struct tp_table_options){.label = i ? "2" : "3", .weight = i ? "3" : "2", .header = TP_HEADER_NO});
        check_values(&table, (const float[]){1, 5, 3, 6}, 2, 2);
        assert_true(table.data.sample_weights[1] == 4);
        tp_dataset_free(&table.data);
        read_into(&table, i ? "7,b,x,8\n" : "7,x,b,8\n",
                  (struct tp_table_options){.label = "last", .header = TP_HEADER_NO});
        check_values(&table, (const float[]){7, 8}, 1, 2);
        assert_int_equal(table.data.labels[0], 1);
        tp_dataset_free(&table.data);
        read_into(&table, "7,b,8\n", (struct tp_table_options){.label = "last", .header = TP_HEADER_NO});
        check_values(&table, (const float[]){7, 8}, 1, 2);
        free_table(&table);
    }
    check_refused("w,x,y\n1,2,a\n-1,2,b\n", (struct tp_table_options){.label = "y", .weight = "w"},
                  "row 3, column 1 (w): ... weight ... 0 ... found \"-1\"");
}

/* The most texts that a column may have, and the most memory that they may take. */
static void test_too_many_categories(void **state)
{
    (void)state;
    enum { ROWS = 1001 };
    char *text = malloc(64 * ROWS);
    assert_non_null(text);
    size_t length = (size_t)sprintf(text, "t,y\n");
    for (int i = 0; i < ROWS; i++)
        length += (size_t)sprintf(text + length, "t%d,1\n", i);
    check_refused(text, plain, "row 1002, column 1 (t): ... 1000 ... texts ... column");
    length -= strlen("t1000,1\n");
    for (int i = 0; i < 2 * ROWS; i++) /* more rows, with missing inputs */
        length += (size_t)sprintf(text + length, "?,1\n");
    check_refused(text, (struct tp_table_options){.label = "last", .missing = TP_MISSING_MEAN},
                  "256 times ... found 3002 rows ... 1000 inputs ... category");
    free(text);
}

/* By a known schema a row has as many features as it says, however few bytes it has; few of them are not 0. */
static void test_short_row(void **state)
{
    (void)state;
    enum { ROWS = 900 };
    char *text = malloc(64 * ROWS);
    assert_non_null(text);
    size_t length = (size_t)sprintf(text, "t,n,y\n");
    for (int i = 0; i < ROWS; i++)
        length += (size_t)sprintf(text + length, "t%d,12345678901,1\n", i);
    struct table table = read_text(text, plain);
    tp_dataset_free(&table.data);
    read_into(&table, "t,n,y\nt7,1,1\n", plain);
    assert_int_equal(table.data.count, 1);
    assert_int_equal(table.data.features, ROWS + 1);
    assert_int_equal(table.data.type, TILEPROP_CSR);
    const struct tp_row row = tp_dataset_row(&table.data, 0);
    assert_int_equal(row.count, 2);
    assert_string_equal(table.schema.columns[0].categories[row.indices[0]], "t7");
    assert_int_equal(row.indices[1], ROWS);
    assert_true(row.values[0] == 1 && row.values[1] == 1);
    free_table(&table);
    free(text);
}

static void test_schema_by_name(void **state)
{
    (void)state;
    struct table table = read_text("size,colour,kind\n1,red,a\n2,blue,b\n", plain);
    struct table other = {.schema = table.schema};
    read_into(&other, "kind,more,colour,size\nb,x,blue,7\na,y,red,8\n", plain);
    check_values(&other, (const float[]){7, 1, 0, 8, 0, 1}, 2, 3);
    check_classes(&other, "a b", (const uint16_t[]){1, 0});
    tp_dataset_free(&other.data);

    static const struct {
        const char *text, *message;
    } refused[] = {
        {"size,kind\n1,a\n", "row 1: expected column \"colour\" ... training data ... --header no"},
        {"size,colour\n1,red\n", "row 1: ... label ... column \"kind\""},
        {"size,colour,kind\n1,green,a\n", "row 2, column 2 (colour): ... found \"green\""},
        {"size,colour,kind\nx,red,a\n", "row 2, column 1 (size): ... number ... training ... found \"x\""},
        {"size,colour,kind\n1,red,c\n", "row 2, column 3 (kind): ... found \"c\""},
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct tp_file file = text_file(refused[i].text);
        struct tp_error error = {""};
        check_failure(tp_table_parse(&file, &plain, &other.schema, &other.data, &error), TILEPROP_BAD_INPUT, &error,
                      refused[i].message);
        assert_null(other.data.samples);
    }
    read_into(&other, "colour,size\nred,3\n", (struct tp_table_options){.label = "last", .may_lack_label = true});
    assert_null(other.data.labels);
    check_values(&other, (const float[]){3, 0, 1}, 1, 3);
    tp_dataset_free(&other.data);
    free_table(&table);
}

static void test_schema_by_place(void **state)
{
    (void)state;
    const struct tp_table_options options = {.label = "2", .header = TP_HEADER_NO, .may_lack_label = true};
    struct table table = read_text("1,5,2\n3,6,4\n", options);
    struct table other = {.schema = table.schema};
    read_into(&other, "7,6,8\n", options);
    check_values(&other, (const float[]){7, 8}, 1, 2);
    check_classes(&other, "5 6", (const uint16_t[]){1});
    tp_dataset_free(&other.data);
    read_into(&other, "7,8\n", options);
    check_values(&other, (const float[]){7, 8}, 1, 2);
    assert_null(other.data.labels);
    tp_dataset_free(&other.data);
    struct tp_file file = text_file("7,8,9,10\n");
    struct tp_error error = {""};
    check_failure(tp_table_parse(&file, &options, &other.schema, &other.data, &error), TILEPROP_BAD_INPUT, &error,
                  "row 1: ... 2 ... label ... found 4 fields");
    file = text_file("7,8\n");
    check_failure(
        tp_table_parse(&file, &(struct tp_table_options){.header = TP_HEADER_NO}, &other.schema, &other.data, &error),
        TILEPROP_BAD_INPUT, &error, "row 1: ... label ... column 2 ... training data");
    free_table(&table);
}

static void test_file(void **state)
{
    static const char text[] = "x,y\n1,a\n2,b\n";
    size_t size;
    unsigned char *packed = scratch_gzip(text, strlen(text), &size);
    scratch_write(*state, "t.csv.gz", packed, size);
    char *path = scratch_path(*state, "t.csv.gz"), *absent = scratch_path(*state, "absent.csv");
    const struct tp_data_loader there = {.path = path, .table = plain}, missing = {.path = absent, .table = plain};
    struct table table = {0};
    struct tp_error error = {""};
    assert_int_equal(tp_data_loader_read(&there, &table.schema, &table.data, &error), TILEPROP_OK);
    check_values(&table, (const float[]){1, 2}, 2, 1);
    free_table(&table);
    check_failure(tp_data_loader_read(&missing, &table.schema, &table.data, &error), TILEPROP_BAD_INPUT, &error,
                  "absent.csv: ... opened");
    free(absent);
    free(path);
    free(packed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header_and_names),   cmocka_unit_test(test_label_column),
        cmocka_unit_test(test_number_labels),      cmocka_unit_test(test_rows_that_are_not_headers),
        cmocka_unit_test(test_skip_lines),         cmocka_unit_test(test_bad_cells),
        cmocka_unit_test(test_quoted_numbers),     cmocka_unit_test(test_categories),
        cmocka_unit_test(test_columns_left_out),   cmocka_unit_test(test_too_many_categories),
        cmocka_unit_test(test_short_row),          cmocka_unit_test(test_schema_by_name),
        cmocka_unit_test(test_schema_by_place),    cmocka_unit_test(test_file),
        cmocka_unit_test(test_weights_of_samples),
    };
    return cmocka_run_group_tests_name("table", tests, scratch_make, scratch_remove);
}
