#include "cli/stats_report.h"

#include <stdio.h>

#include "base/json_text.h"
#include "cli/program.h"
#include "cli/report.h"

tileprop_status tp_stats_report(const struct tp_train_command *command, const struct tp_train_data *data,
                                struct tp_error *error)
{
    const struct tp_dataset *train = &data->train;
    struct tp_normalization normalization = {0};
    tileprop_status status = tp_normalization_fit(&normalization, TILEPROP_NORMALIZE_GLOBAL, train, error);
    if (status != TILEPROP_OK)
        return status;
    const double mean = normalization.mean, deviation = normalization.deviation;
    tp_normalization_free(&normalization);

    const char *samples = train->schema ? "samples" : "images", *values = train->schema ? "values" : "pixels";
    const size_t all = train->features * train->count;
    FILE *out = tp_report_stream(command);
    if (out) {
        fprintf(out, TP_LABEL "%s\n", "data", data->directory);
        fprintf(out, TP_LABEL "%zu\n", samples, train->count);
        fprintf(out, TP_LABEL "%zu each, %zu in all\n", values, train->features, all);
        fprintf(out, TP_LABEL "%zu\n", "classes", train->classes);
        fprintf(out, TP_LABEL "%.5f\n", "mean", mean);
        fprintf(out, TP_LABEL "%.5f\n", "deviation", deviation);
    }
    if (!command->json)
        return TILEPROP_OK;
    return tp_program_json(json_pack("{s:I, s:I, s:I, s:o, s:o}", samples, (json_int_t)train->count, values,
                                     (json_int_t)all, "classes", (json_int_t)train->classes, "mean",
                                     tp_json_text_real(mean), "deviation", tp_json_text_real(deviation)),
                           error);
}
