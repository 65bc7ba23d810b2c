#include <jansson.h>

#include <algorithm>
#include <cerrno>
#include <cfloat>
#include <cmath>
#include <cstdio>

#include "jobs.h"
#include "machine.h"
#include "plain.h"

extern "C" {
#include "base/json_text.h"
#include "cli/program.h"
#include "cli/version.h"
}

namespace
{

constexpr double kBurst = 3e-3;       // seconds of one contender in one round
constexpr size_t kProbeRounds = 1000; // of the peak's probe, per call

// One of our operations and the peer's equivalent.
struct Entry {
    double flops;
    Run ours;
    std::function<void(PlainNetwork &)> theirs = {}; // empty: that of the previous entry
};

struct Figures {
    double flops, seconds, share; // medians of time and of the share of the peak by round; NaN: no validated peak
    std::vector<double> factors;  // median of each peer's time over ours by round; NaN: skipped
};

// "oneDNN" of "oneDNN matmul" and "oneDNN sgemm": only a library's fastest interface counts.
std::string library_of(const Peer &peer)
{
    return peer.name.substr(0, peer.name.find(' '));
}

// A Markdown table.
class Table
{
  public:
    Table()
    {
        columns_ = {{"threads", 7}, {"what", 35}, {"part", 13}, {"us", 10}, {"GFLOP/s", 8}, {"% of peak", 9}};
        for (const Peer &peer : peers())
            if (columns_.back().first != library_of(peer))
                columns_.push_back({library_of(peer), 8});
        std::vector<std::string> names, rules;
        for (const auto &[name, width] : columns_) {
            names.push_back(name);
            rules.push_back(std::string(static_cast<size_t>(width) - 1, '-') + (is_text(rules.size()) ? '-' : ':'));
        }
        write(names);
        write(rules);
    }
    void add(size_t threads, const std::string &what, const char *part, const Figures &figures) const
    {
        std::vector<std::string> cells = {std::to_string(threads),
                                          what,
                                          part,
                                          number(1e6 * figures.seconds, 2),
                                          number(1e-9 * figures.flops / figures.seconds, 1),
                                          number(100 * figures.share, 1)};
        for (size_t i = 0; i < peers().size(); i++) {
            double best = figures.factors[i];
            for (; i + 1 < peers().size() && library_of(peers()[i]) == library_of(peers()[i + 1]); i++)
                best = std::fmin(best, figures.factors[i + 1]);
            cells.push_back(number(best, 2));
        }
        write(cells);
    }

  private:
    std::vector<std::pair<std::string, int>> columns_;

    static bool is_text(size_t column) { return column == 1 || column == 2; }
    static std::string number(double value, int digits)
    {
        char text[32];
        std::snprintf(text, sizeof text, "%.*f", digits, value);
        return std::isnan(value) ? "" : text;
    }
    void write(const std::vector<std::string> &cells) const
    {
        for (size_t i = 0; i < cells.size(); i++)
            std::printf("| %*s ", is_text(i) ? -columns_[i].second : columns_[i].second, cells[i].c_str());
        std::puts("|");
        std::fflush(stdout);
    }
};

// The output: a table, or arrays of a JSON object.
struct Report {
    const bench_command &command;
    std::unique_ptr<Table> table; // none with --json
    json_t *peaks = json_array(), *bandwidths = json_array(), *rows = json_array();

    // bytes: minimum traffic per call; 0: not counted
    void add(const Network &network, const std::string &what, const char *part, double bytes, const Figures &figures)
    {
        if (table) {
            table->add(network.threads, what, part, figures);
            return;
        }
        json_t *factors = json_object();
        for (size_t i = 0; i < peers().size(); i++)
            if (!std::isnan(figures.factors[i]))
                tp_json_text_set(&factors, peers()[i].name.c_str(), json_real(figures.factors[i]));
        tp_json_text_append(&rows,
                            json_pack("{s:s, s:I, s:s, s:I, s:s, s:s, s:f, s:f, s:f, s:o, s:o}", "tier",
                                      network.tier->name, "threads", json_int_t(network.threads), "network",
                                      network.name().c_str(), "batch", json_int_t(network.batch), "what", what.c_str(),
                                      "part", part, "seconds", figures.seconds, "flops", figures.flops, "bytes", bytes,
                                      "share_of_peak", tp_json_text_real(figures.share), "peers", factors));
    }
};

// One network on one thread count: ours and the peers'.
class Match
{
  public:
    Match(Report &report, const Network &network)
        : report_(report), network_(network), peak_(peak_of(network.tier, network.threads)), training_(network),
          skipping_(network.skipping())
    {
        for (const Peer &peer : peers())
            add(peer);
    }

    void run(bool verifies)
    {
        for (const Verb verb : {FORWARD, BACKWARD, UPDATE})
            for (size_t l = verb == BACKWARD; l < network_.layers(); l++)
                time_product(verb, l, verifies);
        if (verifies) {
            training_.verify();
            skipping_.verify();
        }
        time_network();
        if (!report_.table)
            add_machine();
    }

  private:
    Report &report_;
    const Network network_;
    const double peak_;
    Training training_, skipping_;
    double bytes_ = 0;                                 // of all products, with all fused operations
    std::vector<std::unique_ptr<PlainNetwork>> plain_; // of each peer; null: skipped

    void add(const Peer &peer)
    {
        peer.use_threads(static_cast<int>(network_.threads));
        const char *why = "its product differs from that of the naive loops";
        try {
            plain_.push_back(std::make_unique<PlainNetwork>(peer, network_));
            if (agrees(*plain_.back()))
                return;
            plain_.back() = nullptr;
        } catch (const std::exception &) {
            plain_.push_back(nullptr);
            why = "it does not support this network";
        }
        std::fprintf(stderr, "%s: %s skipped (threads: %zu): %s\n", program_invocation_short_name, peer.name.c_str(),
                     network_.threads, why);
    }

    // Whether each product matches the naive loops. In this order, no product reads another's output.
    bool agrees(const PlainNetwork &plain) const
    {
        bool agree = true;
        for (size_t l = 0; l < network_.layers(); l++)
            agree = agree && product_agrees(plain, UPDATE, l) && product_agrees(plain, BACKWARD, l);
        for (size_t l = network_.layers(); l-- > 0;)
            agree = agree && product_agrees(plain, FORWARD, l);
        return agree;
    }

    // The error of each sum is at most k u times the sum of its |a b|, in any order of summation (Higham, Accuracy and
    // Stability of Numerical Algorithms, 3.1).
    bool product_agrees(const PlainNetwork &plain, Verb verb, size_t l) const
    {
        plain.operation(verb, l).run();
        const Product &p = plain.operation(verb, l).product, &naive = plain_.front()->operation(verb, l).product;
        const auto largest = [](const float *x, size_t count) {
            double most = 0;
            for (size_t i = 0; i < count; i++)
                most = std::max(most, std::fabs(static_cast<double>(x[i])));
            return most;
        };
        const auto k = static_cast<double>(p.k);
        const double bound = k * FLT_EPSILON * k * largest(p.a, p.m * p.k) * largest(p.b, p.k * p.n);
        return std::equal(p.c, p.c + p.m * p.n, naive.c, [=](double x, double y) { return std::fabs(x - y) <= bound; });
    }

    // Entries that share operands run in the same rounds, so that all find these in the same cache.
    std::vector<Figures> compete_with(const std::vector<Entry> &entries)
    {
        std::vector<Contender> contenders;
        for (const Entry &entry : entries) {
            contenders.push_back({entry.ours});
            for (const auto &plain : plain_)
                if (plain && entry.theirs)
                    contenders.push_back({[&plain, &entry](size_t times, Watch &watch) {
                                              watch.start();
                                              for (size_t i = 0; i < times; i++)
                                                  entry.theirs(*plain);
                                              watch.stop();
                                          },
                                          true});
        }
        if (peak_ > 0)
            contenders.push_back({[this](size_t times, Watch &watch) {
                run_team(network_.threads, watch, [=, this](size_t, size_t) {
                    [[maybe_unused]] volatile float sink = network_.tier->peak(kProbeRounds * times);
                });
            }});
        compete(contenders, report_.command.rounds, kBurst);
        const double probe = static_cast<double>(network_.threads * kProbeRounds) * network_.tier->blocks->peak_flops;
        const std::vector<double> peak = contenders.back().seconds;
        std::vector<Figures> figures;
        const Contender *next = contenders.data(), *theirs = nullptr;
        for (const Entry &entry : entries) {
            const std::vector<double> &ours = next++->seconds;
            Figures found = {entry.flops, median(ours), peak_ > 0 ? entry.flops / probe * ratio(peak, ours) : NAN, {}};
            const Contender *their = theirs = entry.theirs ? next : theirs;
            for (const auto &plain : plain_)
                found.factors.push_back(plain ? ratio(their++->seconds, ours) : NAN);
            next = entry.theirs ? their : next;
            figures.push_back(found);
        }
        return figures;
    }

    void time_product(Verb verb, size_t l, bool verifies)
    {
        const size_t inputs = network_.inputs(l), units = network_.sizes[l + 1], batch = network_.batch;
        Call call = verb == FORWARD    ? Call{.verb = verb, .m = batch, .n = units, .k = inputs}
                    : verb == BACKWARD ? Call{.verb = verb, .m = batch, .n = inputs, .k = units}
                                       : Call{.verb = verb, .m = inputs, .n = units, .k = batch};
        if (verb == FORWARD && l + 1 == network_.layers())
            call.activation = TILEPROP_LINEAR;
        call.first_layer = verb == UPDATE && l == 0;
        Call bare = call;
        bare.bare = true;
        if (verifies)
            verify(call, network_.tier);
        const Operands whole(call, network_.tier, network_.threads), alone(bare, network_.tier, network_.threads);
        const auto figures = compete_with({{call.flops(), [&](size_t times, Watch &watch) { alone.run(times, watch); },
                                            [=](PlainNetwork &plain) { plain.operation(verb, l).run(); }},
                                           {call.flops(), [&](size_t times, Watch &watch) { whole.run(times, watch); },
                                            [=](PlainNetwork &plain) { plain.run_verb(verb, l); }}});
        const char *const fused = verb == UPDATE               ? "with momentum"
                                  : verb == BACKWARD           ? "with f'"
                                  : l + 1 == network_.layers() ? "logits"
                                                               : "with f";
        report_.add(network_, bare.name(), "product alone", bare.bytes(), figures[0]);
        report_.add(network_, bare.name(), fused, call.bytes(), figures[1]);
        bytes_ += call.bytes();
    }

    void time_network()
    {
        auto figures = compete_with(
            {{network_.step_flops(), [&](size_t times, Watch &watch) { training_.run(Part::STEPS, times, watch); },
              [](PlainNetwork &plain) { plain.step(); }},
             {network_.step_flops(), [&](size_t times, Watch &watch) { skipping_.run(Part::STEPS, times, watch); }},
             {kEvaluated * network_.sample_flops(),
              [&](size_t times, Watch &watch) { training_.run(Part::EVALUATION, times, watch); },
              [](PlainNetwork &plain) { plain.evaluate(); }},
             {kEvaluated * network_.sample_flops(),
              [&](size_t times, Watch &watch) { skipping_.run(Part::EVALUATION, times, watch); }}});
        const size_t batches =
            (kEvaluated + network_.batch - 1) / network_.batch; // plain networks evaluate whole batches
        const std::string evaluated = " of " + std::to_string(kEvaluated) + " samples";
        for (const size_t i : {2U, 3U})
            for (double &factor : figures[i].factors)
                factor *= static_cast<double>(kEvaluated) / static_cast<double>(batches * network_.batch);
        report_.add(network_, "step", "whole", bytes_, figures[0]);
        report_.add(network_, "step_skipping", "whole", bytes_, figures[1]);
        report_.add(network_, "evaluation" + evaluated, "whole", 0, figures[2]);
        report_.add(network_, "evaluation_skipping" + evaluated, "whole", 0, figures[3]);
    }

    void add_machine()
    {
        const json_int_t threads = json_int_t(network_.threads);
        tp_json_text_append(&report_.peaks,
                            json_pack("{s:s, s:I, s:o}", "tier", network_.tier->name, "threads", threads, "flops_per_s",
                                      tp_json_text_real(peak_ > 0 ? peak_ : NAN)));
        for (size_t level = 0; level < std::size(kLevels); level++)
            tp_json_text_append(&report_.bandwidths,
                                json_pack("{s:s, s:I, s:s, s:f}", "tier", network_.tier->name, "threads", threads,
                                          "level", kLevels[level], "bytes_per_s",
                                          bandwidth(network_.tier, network_.threads, level)));
    }
};

} // namespace

void write_network_table(const bench_command &command, const tp_tier *tier)
{
    limit_peers(tier);
    Network network = {tier, {command.layers, command.layers + command.layer_count}, command.batch, 1};
    const Machine machine = machine_here();
    if (!command.json)
        std::printf(
            "%s, batch %zu, %s, %s (%s)\nThe bias is one extra input of the first layer. naive always uses one "
            "thread.\n"
            "Peer columns are the peer's time divided by ours: above 1, ours is faster. Shares and ratios are "
            "medians over\n"
            "the rounds. _skipping: the 81 %% of the inputs that are 0 are skipped, but count as operations.\n\n",
            network.name().c_str(), network.batch, tier->name, machine.name.c_str(), machine.key.c_str());
    Report report = {command, command.json ? nullptr : std::make_unique<Table>()};
    for (size_t t = 0; t < command.thread_count; t++) {
        network.threads = command.threads[t];
        if (network.threads > machine.cpus)
            std::fprintf(stderr, "%s: --threads %zu: only %zu CPUs found: times will be long and noisy\n",
                         program_invocation_short_name, network.threads, machine.cpus);
        Match(report, network).run(t == 0);
    }
    if (!command.json)
        return;
    json_t *about = json_pack(
        "{s:s, s:s, s:I, s:[I, I, I], s:s, s:s, s:[s], s:o, s:o}", "cpu", machine.key.c_str(), "cpu_name",
        machine.name.c_str(), "cpus", json_int_t(machine.cpus), "caches", json_int_t(machine.caches.l1),
        json_int_t(machine.caches.l2), json_int_t(machine.caches.l3), "compiler", tp_version_compiler(), "version",
        tp_version_commit(), "tiers", tier->name, "peaks", report.peaks, "bandwidths", report.bandwidths);
    tp_error error;
    check(tp_program_json(json_pack("{s:o, s:o}", "machine", about, "rows", report.rows), &error), error);
}
