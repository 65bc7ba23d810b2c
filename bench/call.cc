#include "call.h"

#include <cmath>
#include <cstring>
#include <sys/mman.h>

extern "C" {
#include "base/arena.h"
#include "data/choices.h"
#include "network/plan.h"
#include "system/cpus.h"
#include "system/team.h"
}

namespace
{

bool has_rule(const Call &c)
{
    return (c.verb == UPDATE && !c.bare) || c.verb == APPLY;
}

// Zeros come in runs, as in images, in an order that no branch predictor can learn.
bool is_zero(size_t i)
{
    constexpr size_t kRun = 6;
    uint32_t x = static_cast<uint32_t>(i / kRun) * 2654435761U;
    x = (x ^ x >> 15) * 2246822519U;
    return (x ^ x >> 13) % 100 >= kPercent;
}

float value_at(size_t i)
{
    return static_cast<float>(static_cast<uint32_t>(i) * 2654435761U >> 20) / 2048 - 1;
}

} // namespace

std::string Call::name() const
{
    static const char *const names[VERBS] = {"forward",    "backward", "update",  "apply",        "refresh", "pack_u8",
                                             "pack_f32",   "loss",     "softmax", "exp",          "log",     "sigmoid",
                                             "lecun_tanh", "tanh",     "relu",    "forward_bytes"};
    const bool activates = (verb == FORWARD || verb == BACKWARD) && !bare;
    std::string name =
        std::string(names[verb]) + (marked ? "_marked-" : "-") + std::to_string(m) + "x" + std::to_string(n);
    if (is_product())
        name += "x" + std::to_string(k);
    if (activates && activation == TILEPROP_LINEAR)
        name += "-linear";
    else if (activates && activation != TILEPROP_LECUN_TANH)
        name += std::string("-") + tp_choice_name(tp_activation_choices, activation);
    if (has_rule(*this) && optimizer != TILEPROP_MOMENTUM)
        name += std::string("-") + tp_choice_name(tp_optimizer_choices, optimizer);
    return name + (marked ? "-" + std::to_string(kPercent) + "%" : first_layer ? "-first" : "");
}

double Call::inputs() const
{
    double count = 0;
    for (size_t i = 0; is_product() && i < m * k; i++)
        count += !(marked || verb == FORWARD_BYTES) || !is_zero(i);
    return count;
}

double Call::flops() const
{
    return 2 * inputs() * static_cast<double>(n);
}

double Call::bytes() const
{
    // The rule reads and writes weights and states, and writes the transposed copy; backward reads
    // activations.
    const double rule = 2 * (1 + tp_optimizer_states(optimizer)) + !first_layer + (verb == APPLY);
    const double arrays = has_rule(*this)                              ? rule
                          : verb == PACK_U8                            ? 1.25
                          : is_product() && (bare || verb != BACKWARD) ? 1
                                                                       : 2;
    return 4 * (arrays * static_cast<double>(m * n) + inputs() + static_cast<double>(is_product() ? k * n : 0));
}

tp_optimizer rule_of(tileprop_optimizer kind)
{
    tp_optimizer rule{};
    rule.kind = kind;
    rule.rate = 1e-30F;
    rule.momentum = rule.beta1 = 0.9F;
    rule.one_minus_beta1 = 0.1F;
    rule.beta2 = 0.999F;
    rule.one_minus_beta2 = 0.001F;
    rule.keep = rule.root_correction = 1;
    rule.epsilon = 1e-8F;
    return rule;
}

Floats make_floats(size_t count, float scale)
{
    const size_t bytes = count * sizeof(float);
    const size_t unit = bytes >= TP_ARENA_HUGE_PAGE / 2 ? TP_ARENA_HUGE_PAGE : TP_ARENA_ALIGNMENT;
    Floats x(static_cast<float *>(std::aligned_alloc(unit, (bytes + unit) / unit * unit)), std::free);
    if (!x)
        throw std::bad_alloc();
    if (unit == TP_ARENA_HUGE_PAGE)
        madvise(x.get(), bytes, MADV_HUGEPAGE);
    for (size_t i = 0; i < count; i++)
        x[i] = scale * value_at(i);
    return x;
}

std::vector<uint8_t> make_bytes(size_t count)
{
    std::vector<uint8_t> bytes(count);
    for (size_t i = 0; i < count; i++)
        bytes[i] = is_zero(i) ? 0 : static_cast<uint8_t>(static_cast<uint32_t>(i) * 2654435761U >> 24 | 1);
    return bytes;
}

// One row is an array of floats.
tp_matrix Operands::matrix(size_t rows, size_t columns, float scale, bool sparse)
{
    tp_matrix x = {nullptr, tp_panel_stride(rows), rows, columns};
    x.data = memory_.emplace_back(make_floats(tp_panel_count(columns) * x.stride, 0)).get();
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++)
            *tp_matrix_at(&x, r, c) =
                sparse && is_zero(r * columns + c) ? 0 : scale * value_at(r * columns + c) + 0; // never -0
    matrices_.push_back(x);
    return x;
}

// The inputs of a verb, sparse and with marks if it is marked.
tp_matrix Operands::inputs(size_t rows, size_t columns, float scale)
{
    inputs_ = matrix(rows, columns, scale, sparse_);
    if (!skips_)
        return inputs_;
    words_.resize(tp_mark_words(columns) * rows);
    marks_ = {words_.data(), rows};
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++)
            words_[c / TP_MARKS * rows + r] |= static_cast<uint64_t>(*tp_matrix_at(&inputs_, r, c) != 0)
                                               << c % TP_MARKS;
    return inputs_;
}

Operands::Operands(const Call &call, const tp_tier *tier, size_t threads, float rate, bool multiplies)
    : tier_(tier), threads_(threads), sparse_(call.marked), skips_(call.marked && !multiplies),
      rule_(rule_of(call.optimizer))
{
    rule_.rate = rate;
    share_ = call.verb == FORWARD_BYTES ? forward_bytes(call)
             : call.verb <= BACKWARD    ? product(call)
             : call.verb <= REFRESH     ? owner(call)
                                        : rows(call);
}

// forward and backward: split by rows or by panels of columns, as in a step's plan.
Operands::Share Operands::product(const Call &c)
{
    const bool is_forward = c.verb == FORWARD;
    const tp_matrix in = inputs(c.m, c.k, 1), w = matrix(c.k, c.n, 0.05F), out = matrix(c.m, c.n, 0),
                    a = is_forward ? tp_matrix{} : matrix(c.m, c.n, 0.9F),
                    sums = sparse_ ? matrix(tp_panel_count(c.k), c.n, 0.05F) : tp_matrix{};
    const tileprop_activation activation = c.bare ? TILEPROP_LINEAR : c.activation;
    const auto forward = skips_ ? tier_->forward_marked : tier_->forward;
    return [=, marks = marks_, tier = tier_](size_t member, size_t members) {
        const bool units_pay = is_forward ? tp_plan_units_pay(c.k, c.n, false, members, c.m)
                                          : tp_plan_units_pay(c.n, c.k, false, members, c.m);
        const bool by_columns = is_forward ? units_pay : tp_plan_inputs_pay(units_pay, c.n, c.k);
        const tp_range rows = by_columns ? tp_range{0, c.m} : tp_plan_share(c.m, member, members);
        const tp_range columns = by_columns ? tp_plan_share_panels(c.n, member, members) : tp_range{0, c.n};
        if (is_forward) {
            const auto own = [=](const tp_matrix &x) {
                return tp_matrix_columns(&x, columns.begin, columns.end - columns.begin);
            };
            const tp_forward work = {rows.begin, rows.end, false,      in,    own(w),
                                     own(sums),  own(out), activation, marks, {}};
            forward(&work);
        } else {
            const tp_backward work = {rows.begin, rows.end, columns.begin, columns.end, true, true, in,
                                      w,          a,        out,           activation};
            tier->backward(&work);
        }
    };
}

Operands::Share Operands::forward_bytes(const Call &c)
{
    const tp_matrix w = matrix(c.k, c.n, 0.05F), out = matrix(c.m, c.n, 0),
                    sums = matrix(tp_panel_count(c.k), c.n, 0.05F), in = {nullptr, 0, c.m, c.k};
    bytes_ = make_bytes(c.m * c.k);
    for (int i = 0; i < 256; i++)
        table_.push_back(0.01F * static_cast<float>(i));
    values_.assign(c.k, table_.data());
    words_.resize(tp_mark_words(c.k) * (c.m + 1)); // the words after the marks stay 0: bytes of 0 add nothing
    const tp_marks marks = {words_.data(), c.m};
    const tp_bytes bytes = {bytes_.data(), values_.data(), words_.data() + tp_mark_words(c.k) * c.m};
    return [=, tier = tier_](size_t member, size_t members) {
        const tp_range part = tp_plan_share(c.m, member, members);
        const tp_forward work = {part.begin, part.end, false, in, w, sums, out, c.activation, marks, bytes};
        tier->forward_bytes(&work);
    };
}

// update, apply and refresh: split by panels of inputs, as in a step's plan.
Operands::Share Operands::owner(const Call &c)
{
    const bool has_view = !c.first_layer && !c.bare && !sparse_, is_update = c.verb == UPDATE;
    const tp_matrix w = matrix(c.m, c.n, 0.05F), wt = has_view ? matrix(c.n, c.m, 0) : tp_matrix{},
                    a = is_update ? inputs(c.k, c.m, 1) : tp_matrix{nullptr, 0, 0, c.m},
                    d = is_update ? matrix(c.k, c.n, 0.5F) : tp_matrix{},
                    sums = sparse_ ? matrix(tp_panel_count(c.m), c.n, 0) : tp_matrix{},
                    gradient = c.bare || c.verb == APPLY ? matrix(c.m, c.n, 0.5F) : tp_matrix{};
    const int states = has_rule(c) ? tp_optimizer_states(c.optimizer) : 0;
    const float *const shift = sparse_ ? matrix(1, c.m, 0.4F).data : nullptr;
    float *const v = states > 0 ? matrix(c.m, c.n, 0).data : nullptr;
    float *const u = states > 1 ? matrix(c.m, c.n, 0).data : nullptr;
    const size_t bytes = (1 + static_cast<size_t>(states) + has_view) * tp_panel_count(c.n) * w.stride * sizeof(float);
    const bool nontemporal = bytes > tier_->blocks->nontemporal_bytes;
    const auto verb = c.verb == APPLY ? tier_->apply
                      : !is_update    ? tier_->refresh
                      : skips_        ? tier_->update_marked
                                      : tier_->update;
    return [=, marks = marks_, rule = &rule_](size_t member, size_t members) {
        const tp_range inputs = tp_plan_share_panels(c.m, member, members);
        if (inputs.begin == inputs.end)
            return;
        tp_matrix given = gradient; // its first row is the first of the range
        if (given.data)
            given.data += inputs.begin * TP_PANEL;
        const tp_update work = {c.k, inputs.begin, inputs.end, false, a,     d,           rule, w,
                                wt,  {v, u},       shift,      sums,  given, nontemporal, marks};
        verb(&work);
    };
}

// All other verbs: split by rows.
Operands::Share Operands::rows(const Call &c)
{
    const tp_tier *const tier = tier_;
    if (c.verb == PACK_U8 || c.verb == PACK_F32) {
        const tp_matrix scale = matrix(1, c.n, 0.01F), shift = matrix(1, c.n, sparse_ ? 0 : 0.4F),
                        a = inputs(c.m, c.n, 0);
        bytes_ = make_bytes(c.m * c.n);
        const void *samples = bytes_.data();
        if (c.verb == PACK_F32)
            samples = matrix(1, c.m * c.n, 255, sparse_).data;
        const auto pack = c.verb == PACK_U8 ? tier->pack_u8 : tier->pack_f32;
        return [=, marks = marks_](size_t member, size_t members) {
            const tp_range part = tp_plan_share(c.m, member, members);
            const tp_pack work = {part.begin, part.end, samples, nullptr, scale.data, shift.data, a, marks};
            pack(&work);
        };
    }
    if (c.verb == LOSS || c.verb == SOFTMAX) {
        const tp_matrix z = matrix(c.m, c.n, 1), out = matrix(c.m, c.n, 0), loss = matrix(1, c.m, 0);
        for (size_t r = 0; r < c.m; r++)
            labels_.push_back(static_cast<uint16_t>(r % c.n));
        return [=, this](size_t member, size_t members) {
            const tp_range part = tp_plan_share(c.m, member, members);
            const tp_loss work = {part.begin, part.end,  z,      labels_.data(), nullptr, 1 / static_cast<float>(c.m),
                                  out,        loss.data, nullptr};
            const tp_softmax other = {part.begin, part.end, z, out, nullptr};
            if (c.verb == LOSS)
                tier->loss(&work);
            else
                tier->softmax(&other);
        };
    }
    const tp_matrix x = matrix(1, c.m * c.n, 1), y = matrix(1, c.m * c.n, 0);
    for (size_t i = 0; (c.verb == EXP || c.verb == LOG) && i < c.m * c.n; i++) // exp takes values <= 0
        x.data[i] = c.verb == EXP ? -std::fabs(x.data[i]) : 0.5F + std::fabs(x.data[i]);
    tp_map_fn *const maps[] = {tier->exp, tier->log, tier->sigmoid, tier->lecun_tanh, tier->tanh, tier->relu};
    return [=, map = maps[c.verb - EXP]](size_t member, size_t members) {
        const tp_range part = tp_plan_share(c.m, member, members);
        map((part.end - part.begin) * c.n, x.data + part.begin * c.n, y.data + part.begin * c.n);
    };
}

void Operands::run(size_t times, Watch &watch) const
{
    run_team(threads_, watch, [&](size_t member, size_t members) {
        for (size_t i = 0; i < times; i++) {
            share_(member, members);
            tp_team_barrier();
        }
    });
}

std::vector<float> Operands::elements() const
{
    std::vector<float> all;
    for (const tp_matrix &x : matrices_)
        for (size_t r = 0; r < x.rows; r++)
            for (size_t c = 0; c < x.columns; c++)
                all.push_back(
                    x.data == inputs_.data && skips_ && !tp_is_marked(&marks_, r, c) ? 0 : *tp_matrix_at(&x, r, c));
    return all;
}

void verify(const Call &call, const tp_tier *tier)
{
    Watch watch;
    const size_t threads = tp_cpus_available(); // the reference is slow
    const Operands ours(call, tier, threads, 0.01F), reference(call, tp_tiers[0], threads, 0.01F, true);
    ours.run(1, watch);
    reference.run(1, watch);
    const std::vector<float> found = ours.elements(), expected = reference.elements();
    if (std::memcmp(found.data(), expected.data(), found.size() * sizeof(float)) != 0)
        throw Failure(TILEPROP_FAILURE, call.name() + ": " + tier->name + " differs from the reference tier");
}
