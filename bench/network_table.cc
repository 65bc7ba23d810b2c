#include "network_table.h"

#include <jansson.h>

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

extern "C" {
#include "base/json_text.h"
#include "cli/program.h"
#include "cli/version.h"
#include "machine.h"
#include "plain.h"
}

namespace
{

constexpr double kBurst = 3e-3; // seconds of one contender in one round

// Something of ours, and the same of a network around somebody's products.
struct Entry {
    bench_run_fn *run;
    void *context;
    double flops;
    plain_part part; // its network is set for each peer
};

struct Figures {
    double seconds, share; // of ours: median, and share of the peak in the same rounds; NaN: there is none
    std::vector<double> factors; // time of each peer over ours, in the same rounds; NaN: it was left out
};

// The libraries, each at the best of its ways to multiply: "oneDNN" of "oneDNN matmul" and "oneDNN sgemm".
std::string library_of(const bench_peer &peer)
{
    return std::string(peer.name, std::strcspn(peer.name, " "));
}

std::vector<std::string> libraries()
{
    std::vector<std::string> names;
    for (const bench_peer *peer = bench_peers(); peer->name; peer++)
        if (names.empty() || names.back() != library_of(*peer))
            names.push_back(library_of(*peer));
    return names;
}

// Lines of Markdown, or with --csv of values alone.
class Table
{
  public:
    explicit Table(bool is_csv) : is_csv_(is_csv)
    {
        columns_ = {{"threads", 7}, {"what", 32}, {"part", 15}, {"us", 10}, {"GFLOP/s", 8}, {"% of peak", 9}};
        for (const std::string &name : libraries())
            columns_.push_back({name, std::max<size_t>(8, name.size())});
        std::vector<std::string> names, rules;
        for (const auto &[name, width] : columns_) {
            names.push_back(name);
            rules.push_back(std::string(width - 1, '-') + (is_text(rules.size()) ? '-' : ':'));
        }
        write(names);
        if (!is_csv)
            write(rules);
    }
    void add(size_t threads, const std::string &what, const std::string &part, double flops,
             const Figures &figures) const
    {
        std::vector<std::string> cells = {std::to_string(threads),
                                          what,
                                          part,
                                          number(1e6 * figures.seconds, 2),
                                          number(1e-9 * flops / figures.seconds, 1),
                                          number(100 * figures.share, 1)};
        size_t i = 0;
        double best = NAN;
        for (const bench_peer *peer = bench_peers(); peer->name; peer++, i++) {
            best = std::fmin(best, figures.factors[i]);
            if (peer[1].name && library_of(*peer) == library_of(peer[1]))
                continue;
            cells.push_back(number(best, 2));
            best = NAN;
        }
        write(cells);
    }

  private:
    bool is_csv_;
    std::vector<std::pair<std::string, size_t>> columns_;

    static bool is_text(size_t column)
    {
        return column == 1 || column == 2;
    }
    static std::string number(double value, int digits)
    {
        char text[32];
        std::snprintf(text, sizeof text, "%.*f", digits, value);
        return std::isnan(value) ? "" : text;
    }
    void write(const std::vector<std::string> &cells) const
    {
        for (size_t i = 0; i < cells.size(); i++) {
            const int width = static_cast<int>(columns_[i].second);
            if (is_csv_)
                std::printf("%s%s", i ? "," : "", cells[i].c_str());
            else
                std::printf("%s%*s", i ? " | " : "| ", is_text(i) ? -width : width, cells[i].c_str());
        }
        std::puts(is_csv_ ? "" : " |");
        std::fflush(stdout);
    }
};

// What is printed, and the JSON object, of whose arrays each is NULL after a failure of memory.
struct Report {
    const bench_command &command;
    const bench_machine machine;
    std::unique_ptr<Table> table; // none with --json
    json_t *peaks, *bandwidths, *rows, *networks;
};

json_t *json_factors(const Figures &figures)
{
    json_t *object = json_object();
    size_t i = 0;
    for (const bench_peer *peer = bench_peers(); peer->name; peer++, i++)
        if (!std::isnan(figures.factors[i]))
            tp_json_text_set(&object, peer->name, tp_json_text_real(figures.factors[i]));
    return object;
}

json_t *json_row(const bench_network &network, size_t layer, const bench_call &call, const Figures &product,
                 const Figures &verb)
{
    const bool update = call.verb == BENCH_UPDATE;
    json_t *peers = json_object();
    size_t i = 0;
    for (const bench_peer *peer = bench_peers(); peer->name; peer++, i++)
        if (!std::isnan(verb.factors[i]))
            tp_json_text_set(&peers, peer->name,
                             json_pack("{s:o, s:o}", "product", tp_json_text_real(product.factors[i]), "verb",
                                       tp_json_text_real(verb.factors[i])));
    const char *activation = call.activation == TILEPROP_LINEAR ? "linear" : "lecun-tanh";
    const auto size = [](size_t n) { return static_cast<json_int_t>(n); };
    return json_pack(
        "{s:s, s:I, s:I, s:s, s:I, s:I, s:I, s:s?, s:s?, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "tier",
        network.tier->name, "threads", size(network.threads), "layer", size(layer + 1), "verb",
        bench_verb_name(call.verb), "m", size(call.m), "n", size(call.n), "k", size(call.k), "activation",
        update ? nullptr : activation, "optimizer", update ? "momentum" : nullptr, "first_layer",
        static_cast<int>(call.first_layer), "seconds", tp_json_text_real(verb.seconds), "product_seconds",
        tp_json_text_real(product.seconds), "flops", tp_json_text_real(bench_flops(&call)), "bytes",
        tp_json_text_real(bench_bytes(&call)), "share_of_peak", tp_json_text_real(verb.share),
        "product_share_of_peak", tp_json_text_real(product.share), "peers", peers);
}

json_t *json_network(const bench_network &network, const Figures &step, const Figures &evaluation)
{
    json_t *layers = json_array();
    for (size_t i = 0; i < network.size_count; i++)
        tp_json_text_append(&layers, json_integer(static_cast<json_int_t>(network.sizes[i])));
    return json_pack(
        "{s:s, s:I, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "tier", network.tier->name, "threads",
        static_cast<json_int_t>(network.threads), "layers", layers, "batch",
        static_cast<json_int_t>(network.batch), "step_seconds", tp_json_text_real(step.seconds), "step_flops",
        tp_json_text_real(bench_step_flops(&network)), "step_share_of_peak", tp_json_text_real(step.share),
        "evaluation_seconds", tp_json_text_real(evaluation.seconds / BENCH_EVALUATED), "evaluation_flops",
        tp_json_text_real(bench_sample_flops(&network)), "evaluation_share_of_peak",
        tp_json_text_real(evaluation.share), "peers", json_factors(step), "evaluation_peers",
        json_factors(evaluation));
}

// One network on one count of threads, ours and those around the peers' products.
class Match
{
  public:
    Match(Report &report, const bench_network &network) : report_(report), network_(network)
    {
    }
    Match(const Match &) = delete;
    Match &operator=(const Match &) = delete;
    ~Match()
    {
        for (const auto &plain : plain_)
            plain_destroy(plain.get());
        bench_training_destroy(&training_);
    }

    tileprop_status run(bool verify, tp_error *error)
    {
        peak_ = network_.tier->peak ? bench_peak(network_.tier, network_.threads) : 0;
        tileprop_status status = create(error);
        for (size_t l = 0; l < layers() && !status; l++)
            status = time_product(l, BENCH_FORWARD, verify, error);
        for (size_t l = layers(); l-- > 1 && !status;)
            status = time_product(l, BENCH_BACKWARD, verify, error);
        for (size_t l = 0; l < layers() && !status; l++)
            status = time_product(l, BENCH_UPDATE, verify, error);
        if (!status && verify)
            status = bench_training_verify(&training_, error);
        if (!status)
            status = time_network(error);
        return status;
    }
    double peak() const
    {
        return peak_;
    }

  private:
    Report &report_;
    const bench_network network_;
    double peak_ = 0;
    bench_training training_{};
    std::vector<std::unique_ptr<plain_network>> plain_; // of each peer; without layers: it is left out

    size_t layers() const
    {
        return network_.size_count - 1;
    }

    tileprop_status create(tp_error *error)
    {
        for (const bench_peer *peer = bench_peers(); peer->name; peer++) {
            if (peer->use_threads)
                peer->use_threads(static_cast<int>(network_.threads));
            auto &plain = *plain_.emplace_back(std::make_unique<plain_network>());
            const bool can = plain_create(&plain, peer, &network_);
            if (can && agrees(plain))
                continue;
            if (plain_.size() == 1)
                return tp_fail_memory(error, nullptr, "the naive loops");
            std::fprintf(stderr, "bench: %s with %zu threads is left out: %s\n", peer->name, network_.threads,
                         can ? "a product differs from that of the naive loops"
                             : "it cannot do this network");
            plain_destroy(&plain);
        }
        return bench_training_create(&training_, &network_, error);
    }

    // Whether each product is that of the naive loops. In this order none reads what another has written.
    bool agrees(plain_network &plain)
    {
        bool agree = true;
        for (size_t l = 0; l < layers(); l++)
            agree = agree && product_agrees({&plain, plain_part::PLAIN_PRODUCT, BENCH_UPDATE, l});
        for (size_t l = 0; l < layers(); l++)
            agree = agree && product_agrees({&plain, plain_part::PLAIN_PRODUCT, BENCH_BACKWARD, l});
        for (size_t l = layers(); l-- > 0;)
            agree = agree && product_agrees({&plain, plain_part::PLAIN_PRODUCT, BENCH_FORWARD, l});
        return agree;
    }

    // Each sum is off by at most k u times the sum of its |a b|, however it is added up (Higham, Accuracy and
    // Stability of Numerical Algorithms, 3.1).
    bool product_agrees(plain_part part)
    {
        const bench_product &p = *plain_product(&part);
        p.peer->run(&p);
        part.network = plain_.front().get();
        const bench_product &naive = *plain_product(&part);
        const auto largest = [](const float *x, size_t count) {
            return static_cast<double>(std::fabs(*std::max_element(
                x, x + count, [](float a, float b) { return std::fabs(a) < std::fabs(b); })));
        };
        const double k = static_cast<double>(p.k);
        const double bound = k * FLT_EPSILON * k * largest(p.a, p.m * p.k) * largest(p.b, p.k * p.n);
        for (size_t i = 0; i < p.m * p.n; i++)
            if (!(std::fabs(static_cast<double>(p.c[i]) - static_cast<double>(naive.c[i])) <= bound))
                return false;
        return true;
    }

    // All that does the same runs side by side: who runs after another with its operands finds them in L3.
    tileprop_status compete(const std::vector<Entry> &entries, std::vector<Figures> *figures, tp_error *error)
    {
        const size_t rounds = report_.command.rounds, peers = plain_.size();
        bench_peak_run peak = {network_.tier, network_.threads, 0};
        std::vector<std::vector<double>> seconds(entries.size() * (1 + peers) + 1,
                                                 std::vector<double>(rounds, NAN));
        std::vector<plain_part> parts(entries.size() * peers);
        std::vector<bench_contender> contenders;
        for (size_t e = 0; e < entries.size(); e++) {
            contenders.push_back(
                {entries[e].run, entries[e].context, false, seconds[e * (1 + peers)].data(), 0, 0});
            for (size_t i = 0; i < peers; i++) {
                plain_part &part = parts[e * peers + i];
                part = entries[e].part;
                part.network = plain_[i].get();
                if (part.network->layers)
                    contenders.push_back(
                        {plain_run, &part, true, seconds[e * (1 + peers) + 1 + i].data(), 0, 0});
            }
            if (e == 0 && peak_ > 0)
                contenders.push_back({bench_run_peak, &peak, false, seconds.back().data(), 0, 0});
        }
        const tileprop_status status =
            bench_compete(contenders.data(), contenders.size(), rounds, kBurst, error);
        for (size_t e = 0; e < entries.size(); e++) {
            const double *ours = seconds[e * (1 + peers)].data();
            const double work = peak_ > 0 ? entries[e].flops / bench_run_peak_flops(&peak) : NAN;
            Figures found = {
                bench_median(ours, rounds), work * bench_ratio(seconds.back().data(), ours, rounds), {}};
            for (size_t i = 0; i < peers; i++)
                found.factors.push_back(bench_ratio(seconds[e * (1 + peers) + 1 + i].data(), ours, rounds));
            figures->push_back(found);
        }
        return status;
    }

    tileprop_status time_product(size_t l, bench_verb verb, bool verify, tp_error *error)
    {
        const size_t inputs = bench_inputs(&network_, l), units = network_.sizes[l + 1],
                     rows = network_.batch;
        bench_call call = {verb,
                           verb == BENCH_UPDATE ? inputs : rows,
                           verb == BENCH_BACKWARD ? inputs : units,
                           verb == BENCH_UPDATE    ? rows
                           : verb == BENCH_FORWARD ? inputs
                                                   : units,
                           verb == BENCH_FORWARD && l + 1 == layers() ? TILEPROP_LINEAR : TILEPROP_LECUN_TANH,
                           TILEPROP_MOMENTUM,
                           verb == BENCH_UPDATE && l == 0,
                           false};
        bench_call bare = call;
        bare.bare = true;
        bench_operands product{}, whole{};
        tileprop_status status = verify ? bench_verify(&call, network_.tier, error) : TILEPROP_OK;
        if (!status)
            status = bench_create(&product, &bare, network_.tier, network_.threads, error);
        if (!status)
            status = bench_create(&whole, &call, network_.tier, network_.threads, error);
        std::vector<Figures> figures;
        const double flops = bench_flops(&call);
        if (!status)
            status =
                compete({{bench_run_team, &product, flops, {nullptr, plain_part::PLAIN_PRODUCT, verb, l}},
                         {bench_run_team, &whole, flops, {nullptr, plain_part::PLAIN_VERB, verb, l}}},
                        &figures, error);
        if (!status)
            add_row(l, call, figures[0], figures[1]);
        bench_destroy(&product);
        bench_destroy(&whole);
        return status;
    }

    void add_row(size_t l, const bench_call &call, const Figures &product, const Figures &verb)
    {
        char name[64];
        std::snprintf(name, sizeof name, "layer %zu %s %zux%zux%zu", l + 1, bench_verb_name(call.verb),
                      call.m, call.n, call.k);
        const char *whole = call.verb == BENCH_UPDATE            ? "with momentum"
                            : call.activation == TILEPROP_LINEAR ? "without f"
                            : call.verb == BENCH_FORWARD         ? "with f"
                                                                 : "with f'";
        if (report_.table) {
            report_.table->add(network_.threads, name, "product alone", bench_flops(&call), product);
            report_.table->add(network_.threads, name, whole, bench_flops(&call), verb);
        } else {
            tp_json_text_append(&report_.rows, json_row(network_, l, call, product, verb));
        }
    }

    tileprop_status time_network(tp_error *error)
    {
        std::vector<Figures> figures;
        const double step = bench_step_flops(&network_),
                     evaluation = bench_sample_flops(&network_) * BENCH_EVALUATED;
        const tileprop_status status =
            compete({{bench_run_steps, &training_, step, {nullptr, plain_part::PLAIN_STEP, BENCH_FORWARD, 0}},
                     {bench_run_evaluations,
                      &training_,
                      evaluation,
                      {nullptr, plain_part::PLAIN_EVALUATION, BENCH_FORWARD, 0}}},
                    &figures, error);
        if (status)
            return status;
        // A plain evaluation takes whole batches.
        const size_t batches = (BENCH_EVALUATED + network_.batch - 1) / network_.batch;
        for (double &factor : figures[1].factors)
            factor *= BENCH_EVALUATED / static_cast<double>(batches * network_.batch);
        const std::string samples = "evaluation of " + std::to_string(BENCH_EVALUATED) + " samples";
        if (report_.table) {
            report_.table->add(network_.threads, "step", "whole", step, figures[0]);
            report_.table->add(network_.threads, samples, "whole", evaluation, figures[1]);
        } else {
            tp_json_text_append(&report_.networks, json_network(network_, figures[0], figures[1]));
        }
        return status;
    }
};

tileprop_status write_json(Report &report, const tp_tier *tier, tp_error *error)
{
    const bench_machine &machine = report.machine;
    json_t *caches = json_array();
    for (const size_t cache : machine.cache)
        tp_json_text_append(&caches, json_integer(static_cast<json_int_t>(cache)));
    json_t *about =
        json_pack("{s:s, s:s, s:I, s:o, s:s, s:s, s:[s], s:o, s:o}", "cpu", machine.key, "cpu_name",
                  machine.name, "cpus", static_cast<json_int_t>(machine.cpus), "caches", caches, "compiler",
                  tp_version_compiler(), "version", tp_version_commit(), "tiers", tier->name, "peaks",
                  report.peaks, "bandwidths", report.bandwidths);
    return tp_program_json(
        json_pack("{s:o, s:o, s:o}", "machine", about, "rows", report.rows, "networks", report.networks),
        error);
}

void measure_machine(Report &report, const tp_tier *tier, size_t threads, double peak)
{
    const auto count = static_cast<json_int_t>(threads);
    tp_json_text_append(&report.peaks, json_pack("{s:s, s:I, s:o}", "tier", tier->name, "threads", count,
                                                 "flops_per_s", tp_json_text_real(peak > 0 ? peak : NAN)));
    for (size_t level = 0; level < BENCH_LEVELS; level++)
        tp_json_text_append(
            &report.bandwidths,
            json_pack("{s:s, s:I, s:s, s:o}", "tier", tier->name, "threads", count, "level",
                      bench_level_name(level), "bytes_per_s",
                      tp_json_text_real(bench_bandwidth(&report.machine, level, tier, threads))));
}

void write_heading(const bench_command &command, const tp_tier *tier, const bench_machine &machine)
{
    for (size_t i = 0; i < command.layer_count; i++)
        std::printf("%s%zu", i ? "-" : "", command.layers[i]);
    std::printf(
        ", batch %zu, %s, %s (%s)\nThe constant 1 of the bias makes one more input. Columns of others: "
        "how many times as long they take; naive has one thread.\n\n",
        command.batch, tier->name, machine.name, machine.key);
}

} // namespace

tileprop_status write_table(const bench_command &command, const tp_tier *tier, tp_error *error)
{
    bench_peers_limit(tier);
    Report report = {command,      bench_machine_here(), nullptr,     json_array(),
                     json_array(), json_array(),         json_array()};
    if (!command.json) {
        if (!command.csv)
            write_heading(command, tier, report.machine);
        report.table = std::make_unique<Table>(command.csv);
    }
    tileprop_status status = TILEPROP_OK;
    for (size_t t = 0; t < command.thread_count && !status; t++) {
        bench_network network = {tier, {}, command.layer_count, command.batch, command.threads[t]};
        std::copy_n(command.layers, command.layer_count, network.sizes);
        Match match(report, network);
        status = match.run(t == 0, error);
        if (command.json && !status)
            measure_machine(report, tier, command.threads[t], match.peak());
    }
    if (command.json && !status)
        return write_json(report, tier, error);
    for (json_t *array : {report.peaks, report.bandwidths, report.rows, report.networks})
        json_decref(array);
    return status;
}
