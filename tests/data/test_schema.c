/* Schemas as text: writing, reading, refusing. */
#include "data/schema.h"

#include <stdlib.h>

#include "tests/check.h"

static char *colours[] = {"blue", "two \"words\"", ""};

static void test_reads_what_it_writes(void **state)
{
    (void)state;
    struct tp_column columns[] = {{"width", NULL, 0}, {"colour", colours, 3}};
    float means[] = {0.1f, 1e-38f, -3e38f, 7};
    const struct tp_schema schema = {.features = 4,
                                     .columns = columns,
                                     .column_count = 2,
                                     .label = "kind",
                                     .label_place = 1,
                                     .means = means,
                                     .left_out = (size_t[]){0, 3},
                                     .left_out_count = 2};
    struct tp_schema read;
    struct tp_error error = {""};
    char *text = tp_schema_text_write(&schema);
    assert_non_null(text);
    if (tp_schema_text_read(&read, text, 4, "m", &error))
        fail_msg("%s", error.text);
    assert_int_equal(read.features, 4);
    assert_int_equal(read.column_count, 2);
    assert_string_equal(read.columns[0].name, "width");
    assert_int_equal(read.columns[0].category_count, 0);
    assert_string_equal(read.columns[1].name, "colour");
    assert_int_equal(read.columns[1].category_count, 3);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(read.columns[1].categories[i], colours[i]);
    assert_string_equal(read.label, "kind");
    assert_int_equal(read.label_place, 1);
    assert_int_equal(read.left_out_count, 2);
    assert_memory_equal(read.left_out, schema.left_out, 2 * sizeof *schema.left_out);
    assert_memory_equal(read.means, means, sizeof means);
    tp_schema_free(&read);
    free(text);
}

static void test_tables_without_names_and_arrays(void **state)
{
    (void)state;
    struct tp_column columns[2] = {{NULL, NULL, 0}};
    float means[] = {1, 2, 3};
    const struct tp_schema nameless = {.features = 2, .columns = columns, .column_count = 2, .label_place = 2},
                           array = {.features = 3, .means = means};
    struct tp_schema read;
    struct tp_error error = {""};
    char *text = tp_schema_text_write(&nameless);
    assert_string_equal(text, "{\"columns\":[{},{}],\"label_place\":2}");
    assert_int_equal(tp_schema_text_read(&read, text, 2, "m", &error), TILEPROP_OK);
    assert_null(read.columns[1].name);
    assert_null(read.label);
    assert_null(read.means);
    tp_schema_free(&read);
    free(text);
    text = tp_schema_text_write(&array);
    assert_int_equal(tp_schema_text_read(&read, text, 3, "m", &error), TILEPROP_OK);
    assert_int_equal(read.column_count, 0);
    assert_true(read.means[2] == 3);
    tp_schema_free(&read);
    free(text);
}

static void test_writes_only_utf8(void **state)
{
    (void)state;
    char *latin[] = {"gr\xfcn"};
    struct tp_column name = {"gr\xfcn", NULL, 0}, category = {"colour", latin, 1};
    assert_null(
        tp_schema_text_write(&(struct tp_schema){.features = 1, .columns = &name, .column_count = 1, .label = "y"}));
    assert_null(tp_schema_text_write(
        &(struct tp_schema){.features = 1, .columns = &category, .column_count = 1, .label = "y"}));
    assert_null(tp_schema_text_write(&(struct tp_schema){.features = 1, .label = "gr\xfcn"}));
}

static void test_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *text, *part; /* of two inputs */
    } cases[] = {
        {"", "object ... columns ... label_place"},
        {"[]", "object"},
        {"{\"columns\":[{},{}]}", "object"},
        {"{\"columns\":{},\"label_place\":0}", "object"},
        {"{\"columns\":[{},{}],\"label_place\":0.5}", "object"},
        {"{\"columns\":[{},{}],\"label_place\":0,\"label\":1}", "object"},
        {"{\"columns\":[{},{}],\"label_place\":0,\"more\":1}", "object"},
        {"{\"columns\":[{},{}],\"label_place\":0,\"label_place\":0}", "object"},
        {"{\"columns\":[{},{}],\"label_place\":-1}", "label_place ... place ... columns"},
        {"{\"columns\":[{},{}],\"label_place\":3}", "label_place ... place ... columns"},
        {"{\"columns\":[{},{}],\"label_place\":0,\"left_out\":[]}", "left_out ... list"},
        {"{\"columns\":[{},{}],\"label_place\":0,\"left_out\":1}", "left_out ... list"},
        {"{\"columns\":[{},{}],\"label_place\":0,\"left_out\":[-1]}", "left_out ... places"},
        {"{\"columns\":[{},{}],\"label_place\":0,\"left_out\":[1,1]}", "left_out ... ascending"},
        {"{\"columns\":[{},{}],\"label_place\":0,\"left_out\":[0.5]}", "left_out ... places"},
        {"{\"columns\":[{}],\"label_place\":0}", "columns ... 2 inputs, found 1"},
        {"{\"columns\":[{},{},{}],\"label_place\":0}", "columns ... inputs"},
        {"{\"columns\":[1,{}],\"label_place\":0}", "columns ... names"},
        {"{\"columns\":[{},{\"name\":\"b\"}],\"label_place\":0}", "columns ... names"},
        {"{\"columns\":[{\"name\":\"a\"},{}],\"label_place\":0,\"label\":\"y\"}", "columns ... names"},
        {"{\"columns\":[{\"name\":1},{\"name\":1}],\"label_place\":0,\"label\":\"y\"}", "columns ... names"},
        {"{\"columns\":[{\"kind\":1},{}],\"label_place\":0}", "columns ... names"},
        {"{\"columns\":[{\"name\":\"a\\u0000\"},{\"name\":\"b\"}],\"label_place\":0,\"label\":\"y\"}", "object"},
        {"{\"columns\":[{\"categories\":[]},{}],\"label_place\":0}", "column's categories"},
        {"{\"columns\":[{\"categories\":7},{}],\"label_place\":0}", "column's categories"},
        {"{\"columns\":[{\"categories\":[7,8]}],\"label_place\":0}", "column's categories"},
        {"{\"columns\":[{\"categories\":[\"a\",\"a\"]}],\"label_place\":0}", "column's categories"},
        {"{\"columns\":[{\"categories\":[\"a\",\"b\",\"c\"]}],\"label_place\":0}", "columns ... 2 inputs, found 3"},
        {"{\"columns\":[],\"label_place\":0,\"means\":[1]}", "means ... inputs"},
        {"{\"columns\":[],\"label_place\":0,\"means\":7}", "means ... inputs"},
        {"{\"columns\":[],\"label_place\":0,\"means\":[1,\"2\"]}", "means ... numbers ... fp32"},
        {"{\"columns\":[],\"label_place\":0,\"means\":[1,1e39]}", "means ... numbers ... fp32"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tp_schema schema;
        struct tp_error error = {""};
        const tileprop_status status = tp_schema_text_read(&schema, cases[i].text, 2, "m", &error);
        check_failure(status, TILEPROP_BAD_INPUT, &error, cases[i].part);
        check_failure(status, TILEPROP_BAD_INPUT, &error, "m: __metadata__: schema: ");
        tp_schema_free(&schema);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_what_it_writes),
        cmocka_unit_test(test_tables_without_names_and_arrays),
        cmocka_unit_test(test_writes_only_utf8),
        cmocka_unit_test(test_refuses),
    };
    return cmocka_run_group_tests_name("schema", tests, NULL, NULL);
}
