/*
 * libFuzzer target for libsvm's text.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "readers/libsvm.h"

static void require(int condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct tp_libsvm_options options = {.base = size % 3};
    struct tp_schema schema = {0};
    struct tp_dataset dataset;
    struct tp_error error = {""};

    /* The second time by what was learned the first time, which has to do. */
    for (int time = 0; time < 2; time++) {
        struct tp_file file = {.path = "fuzz", .bytes = malloc(size ? size : 1), .size = size};
        require(file.bytes != NULL);
        if (size)
            memcpy(file.bytes, data, size);
        const int recognised = tp_libsvm_is(&file);
        const tileprop_status status = tp_libsvm_parse(&file, &options, &schema, &dataset, &error);
        require(file.bytes == NULL);
        if (status != TILEPROP_OK) {
            require(status == TILEPROP_BAD_INPUT && time == 0 && dataset.samples == NULL && dataset.labels == NULL);
            require(strncmp(error.text, "fuzz: ", 6) == 0 && !strchr(error.text, '\n'));
            break;
        }
        require(recognised && dataset.count > 0 && dataset.features > 0);
        require(dataset.features <= TP_LIBSVM_RATIO_MAX * size && tp_dataset_bytes(&dataset) <= 4 * size + 8);
        for (size_t i = 0; i < dataset.count; i++) {
            const struct tp_row row = tp_dataset_row(&dataset, i);
            require(dataset.labels[i] < dataset.classes);
            for (size_t k = 0; k < row.count; k++) {
                require(tp_row_feature(&row, k) < dataset.features && isfinite(row.values[k]));
                require(k == 0 || tp_row_feature(&row, k) > tp_row_feature(&row, k - 1));
            }
        }
        tp_dataset_free(&dataset);
    }
    tp_schema_free(&schema);
    return 0;
}
