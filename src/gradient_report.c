#include "gradient_report.h"

#include <stdio.h>
#include <unistd.h>

#include "clock.h"
#include "gradient_check.h"
#include "json_line.h"
#include "stop_signal.h"
#include "trainer.h"

#define TP_LABEL          "%-12s"
#define TP_REDRAW_SECONDS 0.1
#define TP_TIERS_MOST     8

struct findings {
    struct tp_differences differences;
    struct tp_tier_verdict tiers[TP_TIERS_MOST];
    size_t tier_count;
    const struct tp_plain_network *plain;
};

struct progress {
    bool shown;
    double redrawn;
};

static bool on_progress(void *context, double share)
{
    struct progress *progress = context;
    const double time = tp_clock_seconds();
    if (progress->shown && time - progress->redrawn >= TP_REDRAW_SECONDS) {
        fprintf(stderr, "\rchecking gradients: %3.0f %%", 100 * share);
        progress->redrawn = time;
    }
    return tp_stop_signal_number() == 0;
}

static bool double_passes(const struct tp_differences *differences)
{
    bool passes = true;
    for (size_t l = 0; l < differences->layer_count; l++)
        passes &= tp_layer_passes(&differences->layers[l]);
    return passes;
}

static bool tiers_pass(const struct findings *findings)
{
    bool pass = true;
    for (size_t t = 0; t < findings->tier_count; t++)
        pass &= findings->tiers[t].passed;
    return pass;
}

/* The layer with the course's largest difference; of equal ones the first. */
static size_t course_layer(const struct tp_differences *differences)
{
    size_t worst = 0;
    for (size_t l = 1; l < differences->layer_count; l++)
        worst = tp_is_above(differences->layers[l].course, differences->layers[worst].course) ? l : worst;
    return worst;
}

static bool course_met(const struct tp_differences *differences)
{
    return differences->layers[course_layer(differences)].course <=
           TP_CHECK_COURSE_STEP * TP_CHECK_COURSE_STEP;
}

static size_t course_skipped(const struct tp_differences *differences)
{
    size_t skipped = 0;
    for (size_t l = 0; l < differences->layer_count; l++)
        skipped += differences->layers[l].course_skipped;
    return skipped;
}

struct place_text {
    char text[64];
};

static struct place_text place_text(const struct tp_plain_network *plain, size_t layer,
                                    struct tp_weight_place at)
{
    struct place_text place;
    if (at.row == plain->layers[layer].inputs)
        snprintf(place.text, sizeof place.text, "bias to unit %zu", at.unit);
    else
        snprintf(place.text, sizeof place.text, "input %zu to unit %zu", at.row, at.unit);
    return place;
}

static void write_opening(const struct tp_train_command *command, const char *directory,
                          const struct tp_dataset *train, const struct tp_plain_network *plain,
                          enum tp_init init)
{
    printf(TP_LABEL "%s, the first %zu of %zu training samples\n", "data", directory, plain->batch,
           train->count);
    printf(TP_LABEL "%zu", "network", train->features);
    for (size_t l = 0; l < plain->layer_count; l++)
        printf("-%zu", plain->layers[l].units);
    printf(", %s, bias %s, init %s, seed %llu\n",
           plain->layer_count > 1 ? tp_activation_name(command->options.activation) : "no hidden layer",
           tp_bias_name(command->options.bias), tp_init_name(init),
           (unsigned long long)command->options.seed);
    fflush(stdout);
}

static const char *layer_verdict(const struct tp_layer_differences *layer)
{
    if (tp_layer_passes(layer))
        return "right";
    return layer->difference <= layer->truncation + layer->rounding ? "bound too wide" : "WRONG";
}

static void write_differences(const struct findings *findings)
{
    const struct tp_differences *differences = &findings->differences;
    const size_t worst = course_layer(differences);
    printf(TP_LABEL "eps %g: off by %.2e at most, in layer %zu, %s; eps^2 is %s, which is not judged\n",
           "course", TP_CHECK_COURSE_STEP, differences->layers[worst].course, worst + 1,
           place_text(findings->plain, worst, differences->layers[worst].course_at).text,
           course_met(differences) ? "met" : "not met");
    if (course_skipped(differences))
        printf(TP_LABEL "%zu weights skipped: the step carries a unit through a kink\n", "",
               course_skipped(differences));

    printf(
        "\nEvery weight in double, by central differences with a step h. Layers are counted from 1, inputs "
        "and\nunits from 0.\n\n"
        "  layer  weights  skipped  gradients to        h    off by  at                        truncation  "
        "rounding\n");
    for (size_t l = 0; l < differences->layer_count; l++) {
        const struct tp_layer_differences *layer = &differences->layers[l];
        printf("  %5zu %8zu %8zu      %.2e  %.1e  %.2e  %-24s    %.2e  %.2e  %s\n", l + 1, layer->weights,
               layer->skipped, layer->largest, layer->step, layer->difference,
               place_text(findings->plain, l, layer->at).text, layer->truncation, layer->rounding,
               layer_verdict(layer));
    }
}

static void write_tiers_opening(void)
{
    printf("\nEach instruction set here, in float. Largest error of each verb as a part of its bound, the "
           "worst\ngradient, and how far gradients are from those above, as a part of the layer's largest.\n"
           "\n             pack  forward   loss  backward  update  layer    off by     bound  apart\n");
}

static void write_tier(const struct tp_tier_verdict *tier)
{
    printf("  %-9s  %.3f    %.3f  %.3f     %.3f   %.3f  %5zu  %.2e  %.2e  %.0e  %s\n", tier->tier,
           tier->shares[TP_VERB_PACK], tier->shares[TP_VERB_FORWARD], tier->shares[TP_VERB_LOSS],
           tier->shares[TP_VERB_BACKWARD], tier->shares[TP_VERB_UPDATE], tier->layer + 1, tier->difference,
           tier->bound, tier->end_to_end, tier->passed ? "right" : "WRONG");
}

static json_t *json_place(const struct tp_plain_network *plain, size_t layer, struct tp_weight_place at)
{
    const bool bias = at.row == plain->layers[layer].inputs;
    const struct tp_json_member members[] = {{"layer", tp_json_count(layer + 1)},
                                             {"input", bias ? json_null() : tp_json_count(at.row)},
                                             {"unit", tp_json_count(at.unit)}};
    return tp_json_object(members, sizeof members / sizeof members[0]);
}

static json_t *json_course(const struct findings *findings)
{
    const struct tp_differences *differences = &findings->differences;
    const size_t worst = course_layer(differences);
    const struct tp_layer_differences *layer = &differences->layers[worst];
    const struct tp_json_member members[] = {
        {"eps", tp_json_number(TP_CHECK_COURSE_STEP)},
        {"difference", tp_json_number(layer->course)},
        {"at", json_place(findings->plain, worst, layer->course_at)},
        {"skipped", tp_json_count(course_skipped(differences))},
        {"met", json_boolean(course_met(differences))},
    };
    return tp_json_object(members, sizeof members / sizeof members[0]);
}

static json_t *json_layer(const struct findings *findings, size_t l)
{
    const struct tp_layer_differences *layer = &findings->differences.layers[l];
    const struct tp_json_member members[] = {
        {"h", tp_json_number(layer->step)},
        {"difference", tp_json_number(layer->difference)},
        {"at", json_place(findings->plain, l, layer->at)},
        {"truncation", tp_json_number(layer->truncation)},
        {"rounding", tp_json_number(layer->rounding)},
        {"largest_gradient", tp_json_number(layer->largest)},
        {"weights", tp_json_count(layer->weights)},
        {"skipped", tp_json_count(layer->skipped)},
        {"passed", json_boolean(tp_layer_passes(layer))},
    };
    return tp_json_object(members, sizeof members / sizeof members[0]);
}

static json_t *json_tier(const struct findings *findings, const struct tp_tier_verdict *tier)
{
    struct tp_json_member shares[TP_VERB_COUNT];
    for (int verb = 0; verb < TP_VERB_COUNT; verb++)
        shares[verb] =
            (struct tp_json_member){tp_verb_name((enum tp_verb)verb), tp_json_number(tier->shares[verb])};
    const struct tp_json_member members[] = {
        {"shares_of_bound", tp_json_object(shares, TP_VERB_COUNT)},
        {"at", json_place(findings->plain, tier->layer, tier->at)},
        {"difference", tp_json_number(tier->difference)},
        {"bound", tp_json_number(tier->bound)},
        {"end_to_end", tp_json_number(tier->end_to_end)},
        {"passed", json_boolean(tier->passed)},
    };
    return tp_json_object(members, sizeof members / sizeof members[0]);
}

static enum tp_status write_json(const struct findings *findings, struct tp_error *error)
{
    json_t *layers = json_array(), *tiers = json_object();
    bool failed = false;
    for (size_t l = 0; l < findings->differences.layer_count; l++)
        failed |= json_array_append_new(layers, json_layer(findings, l)) != 0;
    for (size_t t = 0; t < findings->tier_count; t++)
        failed |= json_object_set_new(tiers, findings->tiers[t].tier,
                                      json_tier(findings, &findings->tiers[t])) != 0;
    const struct tp_json_member members[] = {
        {"samples", tp_json_count(findings->plain->batch)},
        {"course", json_course(findings)},
        {"layers", layers},
        {"tiers", tiers},
        {"passed",
         failed ? NULL : json_boolean(double_passes(&findings->differences) && tiers_pass(findings))},
    };
    return tp_json_write(tp_json_object(members, sizeof members / sizeof members[0]), error);
}

static enum tp_status check_tiers(const struct tp_train_options *options, const struct tp_dataset *train,
                                  const struct tp_normalization *normalization, struct findings *findings,
                                  struct tp_error *error)
{
    write_tiers_opening();
    enum tp_status status = TP_OK;
    for (size_t t = 0; tp_tiers[t] && t < TP_TIERS_MOST && !status; t++) {
        if (!tp_tier_runs_here(tp_tiers[t]))
            continue;
        struct tp_tier_verdict *verdict = &findings->tiers[findings->tier_count];
        status = tp_tier_check(tp_tiers[t], options, train, normalization, findings->plain, verdict, error);
        if (!status) {
            findings->tier_count++;
            write_tier(verdict);
        }
    }
    return status;
}

static enum tp_status check(const struct tp_train_command *command, const struct tp_train_options *options,
                            const struct tp_dataset *train, const struct tp_normalization *normalization,
                            struct tp_plain_network *plain, bool *stopped, struct tp_error *error)
{
    struct findings findings = {.plain = plain};
    struct progress progress = {.shown = isatty(STDERR_FILENO) && !command->quiet};
    bool finished = false;
    enum tp_status status = tp_differences_measure(plain, tp_train_threads(options), on_progress, &progress,
                                                   &findings.differences, &finished, error);
    if (progress.shown)
        fprintf(stderr, "\r%*s\r", 30, "");
    *stopped = !status && !finished;
    if (status || !finished)
        return status;
    write_differences(&findings);
    if ((status = check_tiers(options, train, normalization, &findings, error)))
        return status;
    if (command->json && (status = write_json(&findings, error)))
        return status;
    if (!double_passes(&findings.differences))
        return tp_fail(error, TP_FAILURE,
                       "--check-gradient: gradients in double are not shown to be right: expected a bound of "
                       "at most %g of the layer's largest, and differences within it",
                       TP_CHECK_COARSEST);
    if (!tiers_pass(&findings))
        return tp_fail(error, TP_FAILURE,
                       "--check-gradient: a verb of an instruction set is outside its bound");
    return TP_OK;
}

enum tp_status tp_gradient_report(const struct tp_train_command *command, const char *directory,
                                  const struct tp_dataset *train, bool *stopped, struct tp_error *error)
{
    struct tp_train_options options = command->options;
    if (options.init == TP_INIT_AUTO)
        options.init = TP_INIT_UNIFORM;
    struct tp_normalization normalization = {0};
    struct tp_plain_network plain = {0};
    enum tp_status status = tp_normalization_fit(&normalization, options.normalize, train, error);
    if (!status)
        status = tp_plain_make(&plain, &options, train, &normalization, TP_CHECK_BATCH, error);
    if (!status) {
        write_opening(command, directory, train, &plain, options.init);
        status = check(command, &options, train, &normalization, &plain, stopped, error);
    }
    tp_plain_free(&plain);
    tp_normalization_free(&normalization);
    return status;
}
