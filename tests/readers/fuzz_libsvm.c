/*
 * libFuzzer target for libsvm's text.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "readers/libsvm.h"
#include "readers/table.h"

static void require(int condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
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
        const tileprop_status status = tp_libsvm_parse(&file, &schema, &dataset, &error);
        require(file.bytes == NULL);
        if (status != TILEPROP_OK) {
            require(status == TILEPROP_BAD_INPUT && time == 0 && dataset.samples == NULL && dataset.labels == NULL);
            require(strncmp(error.text, "fuzz: ", 6) == 0 && !strchr(error.text, '\n'));
            break;
        }
        require(recognised && dataset.count > 0 && dataset.features > 0);
        require(dataset.count * dataset.features * sizeof(float) <= TP_TABLE_RATIO_MAX * size);
        for (size_t i = 0; i < dataset.count * dataset.features; i++)
            require(isfinite(((const float *)dataset.samples)[i]));
        for (size_t i = 0; i < dataset.count; i++)
            require(dataset.labels[i] < dataset.classes);
        tp_dataset_free(&dataset);
    }
    tp_schema_free(&schema);
    return 0;
}
