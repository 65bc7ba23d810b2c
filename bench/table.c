#include "table.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_text.h"
#include "cli/program.h"
#include "cli/version.h"
#include "data/choices.h"
#include "disturbance.h"
#include "machine.h"
#include "network.h"
#include "plain.h"
#include "row.h"
#include "timing.h"

/* Everything that was measured, for the JSON object. Arrays; NULL after a failure of memory. */
struct table {
    const struct bench_command *command;
    struct bench_machine machine;
    json_t *tiers, *peaks, *bandwidths, *rows, *networks;
};

static json_t *json_rate(const struct tp_tier *tier, size_t threads, const char *level, const char *key,
                         double rate)
{
    json_t *object = json_pack("{s:s, s:I, s:o}", "tier", tier->name, "threads", (json_int_t)threads, key,
                               tp_json_text_real(rate));
    if (level)
        tp_json_text_set(&object, "level", json_string(level));
    return object;
}

static void write_share(double share)
{
    if (isnan(share))
        printf("  %6s", "-");
    else
        printf("  %6.1f", 100 * share);
}

/* As wide as the peer's name above. */
static void write_factor(const struct bench_peer *peer, double factor)
{
    const int width = (int)strlen(peer->name) < 8 ? 8 : (int)strlen(peer->name);
    if (isnan(factor))
        printf("  %*s", width, "-");
    else
        printf("  %*.2fx", width - 1, factor);
}

static void write_measured(double seconds, double flops, double share, const double *factors)
{
    printf("  %9.2f  %7.1f", 1e6 * seconds, 1e-9 * flops / seconds);
    write_share(share);
    for (const struct bench_peer *peer = bench_peers(); factors && peer->name; peer++)
        write_factor(peer, *factors++);
    putchar('\n');
    fflush(stdout);
}

static void write_heading(const struct tp_tier *tier, size_t threads, double peak)
{
    printf("\n%s, %zu thread%s, peak %.1f GFLOP/s\n\n", tier->name, threads, threads == 1 ? "" : "s",
           1e-9 * peak);
    printf("%-46s  %9s  %7s  %6s", "layer, verb, M x N x K", "us", "GFLOP/s", "peak %");
    for (const struct bench_peer *peer = bench_peers(); peer->name; peer++)
        printf("  %8s", peer->name);
    putchar('\n');
}

/* "forward 32x64x785", with the layer's number before it if it is one's. */
static void name_row(const struct bench_row *row, char name[72])
{
    const struct bench_call *call = &row->call;
    char layer[24] = "";
    if (row->layer)
        snprintf(layer, sizeof layer, "%zu ", row->layer);
    snprintf(name, 72, "%s%s %zux%zux%zu", layer, bench_kind_name(call->kind), call->m, call->n, call->k);
}

static void write_row(const struct bench_row *row)
{
    const struct bench_call *call = &row->call;
    const double flops = bench_flops(call);
    const char *fused =
        call->kind == BENCH_UPDATE            ? tp_choice_name(tp_optimizer_choices, (int)call->optimizer)
        : call->activation == TILEPROP_LINEAR ? "linear"
                                              : tp_choice_name(tp_activation_choices, (int)call->activation);
    char shape[72], with[48];
    name_row(row, shape);
    printf("%-46s", shape);
    write_measured(row->product_seconds, flops, row->product_share, row->product_factor);
    const int indent = row->layer ? (int)strcspn(shape, " ") + 3 : 2;
    snprintf(with, sizeof with, "%*swith %s%s", indent, "", fused,
             call->kind != BENCH_UPDATE ? ""
             : call->first_layer        ? ""
                                        : ", both views");
    printf("%-46s", with);
    write_measured(row->verb_seconds, flops, row->verb_share, row->verb_factor);
}

static json_t *json_row(const struct bench_row *row)
{
    const struct bench_call *call = &row->call;
    const bool update = call->kind == BENCH_UPDATE;
    json_t *peers = json_object();
    size_t i = 0;
    for (const struct bench_peer *peer = bench_peers(); peer->name; peer++, i++) {
        if (!isnan(row->verb_factor[i]))
            tp_json_text_set(&peers, peer->name,
                             json_pack("{s:o, s:o}", "product", tp_json_text_real(row->product_factor[i]),
                                       "verb", tp_json_text_real(row->verb_factor[i])));
    }
    const char *activation = call->activation == TILEPROP_LINEAR
                                 ? "linear"
                                 : tp_choice_name(tp_activation_choices, (int)call->activation);
    json_t *layer = row->layer ? json_integer((json_int_t)row->layer) : json_null();
    return json_pack(
        "{s:s, s:s, s:I, s:o, s:s, s:I, s:I, s:I, s:s?, s:s?, s:b, s:o, s:o, s:o, s:o, s:o, s:o, "
        "s:o}",
        "tier", row->tier->name, "kernel", bench_kernel_name(call, row->tier), "threads",
        (json_int_t)row->threads, "layer", layer, "verb", bench_kind_name(call->kind), "m",
        (json_int_t)call->m, "n", (json_int_t)call->n, "k", (json_int_t)call->k, "activation",
        update ? NULL : activation, "optimizer",
        update ? tp_choice_name(tp_optimizer_choices, (int)call->optimizer) : NULL, "first_layer",
        (int)call->first_layer, "seconds", tp_json_text_real(row->verb_seconds), "product_seconds",
        tp_json_text_real(row->product_seconds), "flops", tp_json_text_real(bench_flops(call)), "bytes",
        tp_json_text_real(bench_bytes(call)), "share_of_peak", tp_json_text_real(row->verb_share),
        "product_share_of_peak", tp_json_text_real(row->product_share), "peers", peers);
}

static void write_network(const struct bench_network *network)
{
    const struct bench_training_times *times = &network->times;
    printf("%-46s", "whole step");
    write_measured(times->step, times->step_flops, network->step_share, network->factor);
    printf("%-46s", "evaluation of one sample");
    write_measured(times->evaluation, times->evaluation_flops, network->evaluation_share, NULL);
}

static json_t *json_network(const struct bench_network *network)
{
    const struct bench_training *training = &network->training;
    json_t *layers = json_array(), *peers = json_object();
    for (size_t l = 0; l < training->layer_count; l++)
        tp_json_text_append(&layers, json_integer((json_int_t)training->layers[l]));
    size_t i = 0;
    for (const struct bench_peer *peer = bench_peers(); peer->name; peer++, i++) {
        if (!isnan(network->factor[i]))
            tp_json_text_set(&peers, peer->name, tp_json_text_real(network->factor[i]));
    }
    return json_pack("{s:s, s:I, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "tier", training->tier->name,
                     "threads", (json_int_t)training->threads, "layers", layers, "batch",
                     (json_int_t)training->batch, "step_seconds", tp_json_text_real(network->times.step),
                     "step_flops", tp_json_text_real(network->times.step_flops), "step_share_of_peak",
                     tp_json_text_real(network->step_share), "evaluation_seconds",
                     tp_json_text_real(network->times.evaluation), "evaluation_flops",
                     tp_json_text_real(network->times.evaluation_flops), "evaluation_share_of_peak",
                     tp_json_text_real(network->evaluation_share), "peers", peers);
}

static tileprop_status write_json(struct table *table, struct tp_error *error)
{
    const struct bench_machine *machine = &table->machine;
    json_t *caches = json_array();
    for (size_t i = 0; i < sizeof machine->cache / sizeof machine->cache[0]; i++)
        tp_json_text_append(&caches, json_integer((json_int_t)machine->cache[i]));
    json_t *about =
        json_pack("{s:s, s:s, s:I, s:o, s:s, s:s, s:s, s:o, s:o, s:o}", "cpu", machine->key, "cpu_name",
                  machine->name, "cpus", (json_int_t)machine->cpus, "caches", caches, "compiler",
                  tp_version_compiler(), "version", tp_version_commit(), "binding", "none", "tiers",
                  table->tiers, "peaks", table->peaks, "bandwidths", table->bandwidths);
    return tp_program_json(
        json_pack("{s:o, s:o, s:o}", "machine", about, "rows", table->rows, "networks", table->networks),
        error);
}

static void measure_bandwidths(struct table *table, const struct tp_tier *tier, size_t threads)
{
    for (size_t level = 0; level < BENCH_LEVELS; level++)
        tp_json_text_append(&table->bandwidths,
                            json_rate(tier, threads, bench_level_name(level), "bytes_per_s",
                                      bench_level_bandwidth(&table->machine, level, tier, threads)));
}

static tileprop_status run_network(struct table *table, const struct tp_tier *tier, size_t threads,
                                   bool peak_proved, bool verify, struct bench_disturbance *disturbance,
                                   struct tp_error *error)
{
    const struct bench_command *command = table->command;
    struct bench_network network = {.training = {.tier = tier,
                                                 .layer_count = command->layer_count,
                                                 .batch = command->batch,
                                                 .threads = threads,
                                                 .activation = command->activation,
                                                 .optimizer = command->optimizer}};
    memcpy(network.training.layers, command->layers, sizeof command->layers);
    tileprop_status status = verify ? bench_network_verify(&network.training, error) : TILEPROP_OK;
    if (!status)
        status = bench_network_time(&network, peak_proved, error);
    if (!status) {
        write_network(&network);
        tp_json_text_append(&table->networks, json_network(&network));
        bench_disturbance_note(disturbance, &network.usage, "whole step and evaluation");
    }
    return status;
}

/* One tier on one count of threads. */
static tileprop_status run_block(struct table *table, struct bench_row *rows, size_t count,
                                 const struct tp_tier *tier, size_t threads, bool verify,
                                 struct tp_error *error)
{
    const struct bench_command *command = table->command;
    const double peak = tier->peak ? bench_peak(tier, threads) : 0;
    struct bench_disturbance disturbance = {0};
    char about[48], name[72];
    tileprop_status status = TILEPROP_OK;
    tp_json_text_append(&table->peaks, json_rate(tier, threads, NULL, "flops_per_s", peak > 0 ? peak : NAN));
    if (command->json)
        measure_bandwidths(table, tier, threads);
    write_heading(tier, threads, peak);
    for (size_t i = 0; i < count && !status; i++) {
        if (command->all)
            fprintf(stderr, "\rbench: %s, %zu threads, row %zu of %zu ", tier->name, threads, i + 1, count);
        rows[i].tier = tier;
        rows[i].threads = threads;
        status = bench_row_time(&rows[i], verify, peak > 0, error);
        if (status)
            break;
        write_row(&rows[i]);
        tp_json_text_append(&table->rows, json_row(&rows[i]));
        name_row(&rows[i], name);
        bench_disturbance_note(&disturbance, &rows[i].usage, name);
    }
    if (command->all)
        fputc('\n', stderr);
    if (!status && command->layer_count)
        status = run_network(table, tier, threads, peak > 0, verify, &disturbance, error);
    snprintf(about, sizeof about, "%s, %zu thread%s", tier->name, threads, threads == 1 ? "" : "s");
    bench_disturbance_write(&disturbance, about);
    return status;
}

/* forward and update of every layer, backward of all but the first, in the order of a step. */
static size_t plan_network(const struct bench_command *command, struct bench_row *rows)
{
    const size_t layers = command->layer_count - 1, batch = command->batch;
    size_t count = 0;
    for (size_t l = 0; l < layers; l++)
        rows[count++] = (struct bench_row){
            .layer = l + 1,
            .call = {.kind = BENCH_FORWARD,
                     .m = batch,
                     .n = command->layers[l + 1],
                     .k = command->layers[l],
                     .activation = l + 1 < layers ? command->activation : TILEPROP_LINEAR}};
    for (size_t l = layers; l-- > 1;)
        rows[count++] = (struct bench_row){.layer = l + 1,
                                           .call = {.kind = BENCH_BACKWARD,
                                                    .m = batch,
                                                    .n = command->layers[l],
                                                    .k = command->layers[l + 1],
                                                    .activation = command->activation}};
    for (size_t l = 0; l < layers; l++)
        rows[count++] = (struct bench_row){.layer = l + 1,
                                           .call = {.kind = BENCH_UPDATE,
                                                    .m = command->layers[l],
                                                    .n = command->layers[l + 1],
                                                    .k = batch,
                                                    .optimizer = command->optimizer,
                                                    .first_layer = l == 0}};
    return count;
}

#define REFERENCE_RATE 1e9 /* operations per second, about */

static void announce(const struct bench_command *command, const struct bench_row *rows, size_t count,
                     const struct tp_tier *tier)
{
    double seconds = 0;
    for (size_t t = 0; t < command->thread_count; t++) {
        const double peak = tier->peak ? bench_peak(tier, command->threads[t]) : 0;
        for (size_t i = 0; i < count; i++)
            seconds += bench_row_expected(&rows[i], peak > 0 ? peak : REFERENCE_RATE);
    }
    bench_announce(seconds);
}

tileprop_status bench_table(const struct bench_command *command, const struct bench_calls *calls,
                            const struct tp_tier *tier, struct tp_error *error)
{
    static struct bench_row rows[BENCH_CALLS_MAX];
    size_t count = 0;
    if (command->layer_count)
        count = plan_network(command, rows);
    else
        for (; count < calls->count; count++)
            rows[count] = (struct bench_row){.call = calls->call[count]};

    bench_peers_limit(tier);
    plain_limit(tier);
    struct table table = {command,      bench_machine_here(), json_array(), json_array(),
                          json_array(), json_array(),         json_array()};
    tileprop_status status = TILEPROP_OK;
    printf("First line of a row: the product alone. Second: the whole verb, with activation, slope, or rule "
           "and\n"
           "transposed weights, of others by plain loops after the product. Others: their time over ours, "
           "naive\n"
           "on one thread. bench/README.md says more.\n");
    tp_json_text_append(&table.tiers, json_string(tier->name));
    announce(command, rows, count, tier);
    for (size_t t = 0; t < command->thread_count && !status; t++)
        status = run_block(&table, rows, count, tier, command->threads[t], t == 0, error);
    if (!status && command->json)
        return write_json(&table, error);
    json_t *const all[] = {table.tiers, table.peaks, table.bandwidths, table.rows, table.networks};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        json_decref(all[i]);
    return status;
}
