/* Layers written by other programs: their order, and conversion of their types to floats. */
#include "model/foreign_layers.h"

#include <float.h>
#include <stdio.h>

#include "tests/check.h"

/* Files of other programs: the order of layers, by numbers in their names and by shapes. */
static void test_orders_layers(void **state)
{
    static const struct {
        struct {
            const char *name;
            size_t units, inputs;
        } layers[5];
        const char *part; /* of the message, or the order as places above */
        bool good;
    } cases[] = {
        {{{"weight", 3, 5}}, "0", true},
        {{{"0.weight", 4, 5}, {"2.weight", 4, 4}, {"10.weight", 3, 4}}, "012", true},
        {{{"net.10.weight", 3, 4}, {"net.9.weight", 4, 4}, {"net.2.weight", 4, 5}}, "210", true},
        {{{"fc1.weight", 4, 4}, {"fc2.weight", 4, 4}, {"fc10.weight", 4, 4}}, "012", true},
        {{{"b1.fc1.weight", 4, 4}, {"b0.fc2.weight", 4, 4}, {"b0.fc1.weight", 4, 4}}, "210", true},
        {{{"n007.weight", 4, 4}, {"n6.weight", 4, 4}, {"n07.weight", 4, 4}}, "102", true},
        {{{"fc1.weight", 4, 5}, {"fc2.weight", 4, 4}, {"a.weight", 3, 4}}, "012", true},
        {{{"hidden.weight", 4, 4}, {"in.weight", 4, 5}, {"out.weight", 3, 4}}, "102", true},
        {{{"l1.weight", 6, 7}, {"mid.weight", 5, 6}, {"l2.weight", 4, 5}, {"out.weight", 3, 4}}, "0123", true},
        {{{"l1.weight", 4, 5}, {"a.weight", 4, 4}, {"b.weight", 4, 4}, {"out.weight", 3, 4}},
         "more than one order",
         false},
        {{{"fc1.weight", 3, 5}, {"out.weight", 5, 3}}, "more than one order", false},
        {{{"1.weight", 4, 5}, {"0.weight", 3, 4}},
         "found 0.weight F32 [3, 4], 1.weight F32 [4, 5], which fit in no order",
         false},
        {{{"fc1.weight", 4, 5}, {"out.weight", 3, 6}},
         "found fc1.weight F32 [4, 5], out.weight F32 [3, 6], which fit in no order",
         false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tp_tensor tensors[5];
        struct tp_safetensors read = {.file = {.path = "made"}, .tensors = tensors};
        struct tp_layer_tensors layers[TP_LAYERS_MAX];
        struct tp_weights weights = {0};
        struct tp_error error = {""};
        for (; read.count < 5 && cases[i].layers[read.count].name; read.count++)
            tensors[read.count] =
                (struct tp_tensor){.name = cases[i].layers[read.count].name,
                                   .type = "F32",
                                   .dimensions = 2,
                                   .shape = {cases[i].layers[read.count].units, cases[i].layers[read.count].inputs}};
        const tileprop_status status = tp_foreign_layers_find(&read, &weights, layers, &error);
        if (!cases[i].good) {
            check_failure(status, TILEPROP_BAD_INPUT, &error, cases[i].part);
            continue;
        }
        if (status != TILEPROP_OK)
            fail_msg("%s", error.text);
        assert_int_equal(weights.layer_count, read.count);
        for (size_t l = 0; l < read.count; l++) {
            assert_ptr_equal(layers[l].weight, &tensors[cases[i].part[l] - '0']);
            assert_int_equal(weights.layers[l].units, layers[l].weight->shape[0]);
            assert_false(weights.layers[l].has_bias);
        }
    }
    (void)state;
}

/* Layers of many names are refused in bounded time, in one line. */
static void test_orders_many_layers(void **state)
{
    struct tp_tensor tensors[TP_LAYERS_MAX + 1];
    char names[TP_LAYERS_MAX + 1][16];
    struct tp_safetensors read = {.file = {.path = "made"}, .tensors = tensors};
    struct tp_layer_tensors layers[TP_LAYERS_MAX];
    struct tp_weights weights = {0};
    struct tp_error error = {""};
    (void)state;
    for (; read.count <= TP_LAYERS_MAX; read.count++) {
        /* Any way through those of 4 inputs and units leads to one that does not fit. */
        snprintf(names[read.count], sizeof *names, "%c%c.weight", (char)('a' + read.count / 26),
                 (char)('a' + read.count % 26));
        tensors[read.count] = (struct tp_tensor){
            .name = names[read.count], .type = "F32", .dimensions = 2, .shape = {4, read.count ? 4 : 5}};
    }
    tensors[1].shape[0] = 9;
    tensors[2].shape[1] = 8;
    check_failure(tp_foreign_layers_find(&read, &weights, layers, &error), TILEPROP_BAD_INPUT, &error,
                  "at most 65 layers");
    read.count--;
    check_failure(tp_foreign_layers_find(&read, &weights, layers, &error), TILEPROP_BAD_INPUT, &error,
                  "found aa.weight F32 [4, 5], ab.weight ... (65 in all) ... more than one order ... in order");
}

static void test_widens_types(void **state)
{
    static const struct {
        const char *type, *bytes;
        size_t size;
        float value;
        const char *part;
    } cases[] = {{"F16", "\x00\x3c", 2, 1, NULL},
                 {"F16", "\x55\xb5", 2, -0x1.554p-2f, NULL},
                 {"F16", "\xff\x7b", 2, 65504, NULL},
                 {"F16", "\x01\x00", 2, 0x1p-24f, NULL},
                 {"F16", "\xff\x83", 2, -0x3ffp-24f, NULL},
                 {"F16", "\x00\x7c", 2, 0, "w: value 0 is not finite"},
                 {"F16", "\x01\xfc", 2, 0, "w: value 0 is not finite"},
                 {"BF16", "\x80\x3f", 2, 1, NULL},
                 {"BF16", "\x49\xc0", 2, -3.140625f, NULL},
                 {"BF16", "\x01\x00", 2, 0x1p-133f, NULL},
                 {"BF16", "\x80\xff", 2, 0, "w: value 0 is not finite"},
                 {"F64", "\x9a\x99\x99\x99\x99\x99\xb9\x3f", 8, 0.1f, NULL},
                 {"F64", "\xff\xff\xff\xef\xff\xff\xef\xc7", 8, -FLT_MAX, NULL},
                 {"F64", "\x00\x00\x00\xf0\xff\xff\xef\x47", 8, 0, "w: value 0 is not finite as a float"},
                 {"F64", "\x00\x00\x00\x00\x00\x00\xf0\x7f", 8, 0, "w: value 0 is not finite"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct tp_safetensors read = {.file = {.path = "made"}};
        const struct tp_tensor tensor = {"w", cases[i].type, 1, {1}, cases[i].bytes, cases[i].size};
        struct tp_error error = {""};
        float value = 0;
        assert_true(tp_tensor_is_real(&tensor));
        const tileprop_status status = tp_tensor_copy(&read, &tensor, &value, &error);
        if (cases[i].part)
            check_failure(status, TILEPROP_BAD_INPUT, &error, cases[i].part);
        else
            assert_true(status == TILEPROP_OK && value == cases[i].value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_orders_layers),
        cmocka_unit_test(test_orders_many_layers),
        cmocka_unit_test(test_widens_types),
    };
    return cmocka_run_group_tests_name("foreign layers", tests, NULL, NULL);
}
