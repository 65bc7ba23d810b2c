#include "call.h"

#include <cmath>
#include <cstring>
#include <sys/mman.h>

extern "C" {
#include "base/arena.h"
#include "data/choices.h"
#include "system/cpus.h"
#include "system/team.h"
}

namespace
{

bool has_rule(const Call &c)
{
    return (c.verb == UPDATE && !c.bare) || c.verb == APPLY;
}

bool owns_weights(const Call &c)
{
    return c.verb == UPDATE || c.verb == APPLY || c.verb == REFRESH;
}

size_t floats_of(const tp_matrix &x)
{
    return tp_panel_count(x.columns) * x.stride;
}

float value_at(size_t i)
{
    return static_cast<float>(static_cast<uint32_t>(i) * 2654435761U >> 20) / 2048 - 1;
}

std::vector<float> some_floats(size_t count, float scale)
{
    std::vector<float> x(count);
    for (size_t i = 0; i < count; i++)
        x[i] = scale * value_at(i);
    return x;
}

} // namespace

const char *verb_name(Verb verb)
{
    static const char *const names[VERBS] = {"forward", "backward", "update",     "apply",   "refresh",
                                             "pack_u8", "pack_f32", "loss",       "softmax", "exp",
                                             "log",     "sigmoid",  "lecun_tanh", "tanh",    "relu"};
    return names[verb];
}

std::string Call::name() const
{
    const bool activates = (verb == FORWARD || verb == BACKWARD) && !bare;
    std::string name = std::string(verb_name(verb)) + "-" + std::to_string(m) + "x" + std::to_string(n);
    if (is_product())
        name += "x" + std::to_string(k);
    if (activates && activation == TILEPROP_LINEAR)
        name += "-linear";
    else if (activates && activation != TILEPROP_LECUN_TANH)
        name += std::string("-") + tp_choice_name(tp_activation_choices, activation);
    if (has_rule(*this) && optimizer != TILEPROP_MOMENTUM)
        name += std::string("-") + tp_choice_name(tp_optimizer_choices, optimizer);
    return name + (first_layer ? "-first" : "");
}

double Call::flops() const
{
    return is_product() ? 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k) : 0;
}

double Call::bytes() const
{
    // The rule reads and writes weights and states, and writes the transposed view; backward reads
    // activations.
    const double rule = 2 * (1 + tp_optimizer_states(optimizer)) + !first_layer + (verb == APPLY);
    const double arrays = has_rule(*this)                              ? rule
                          : verb == PACK_U8                            ? 1.25
                          : is_product() && (bare || verb != BACKWARD) ? 1
                                                                       : 2;
    return 4 *
           (arrays * static_cast<double>(m * n) + (is_product() ? static_cast<double>(m * k + k * n) : 0));
}

tp_optimizer rule_of(tileprop_optimizer kind)
{
    return {.kind = kind,
            .rate = 1e-30F,
            .momentum = 0.9F,
            .decay = 0,
            .keep = 1,
            .beta1 = 0.9F,
            .one_minus_beta1 = 0.1F,
            .beta2 = 0.999F,
            .one_minus_beta2 = 0.001F,
            .root_correction = 1,
            .epsilon = 1e-8F};
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

// Without rows or columns it is absent.
tp_matrix Operands::matrix(size_t rows, size_t columns, float scale)
{
    tp_matrix x = {nullptr, tp_panel_stride(rows), rows, columns};
    if (!rows || !columns)
        return {};
    x.data = memory_.emplace_back(make_floats(floats_of(x), 0)).get();
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++)
            *tp_matrix_at(&x, r, c) = scale * value_at(r * columns + c);
    return x;
}

Operands::Operands(const Call &call, const tp_tier *its_tier, size_t threads)
    : optimizer(rule_of(call.optimizer)), tier(its_tier), call_(call), threads_(threads)
{
    const size_t m = call.m, n = call.n, k = call.k;
    const bool is_update = call.verb == UPDATE, packs = call.verb == PACK_U8 || call.verb == PACK_F32;
    const bool owns = owns_weights(call);
    in = is_update           ? matrix(k, m, 1)
         : call.is_product() ? matrix(m, k, 1)
                             : matrix(owns || packs ? 0 : m, n, 1);
    weights = owns ? matrix(m, n, 0.05F) : matrix(call.is_product() ? k : 0, n, 0.05F);
    out = matrix(is_update ? k : owns ? 0 : m, n, 0.5F);
    activations = matrix(call.verb == BACKWARD ? m : 0, n, 0.9F);
    transposed = matrix(owns && !call.first_layer && !call.bare ? n : 0, m, 0);
    gradient = matrix(call.verb == APPLY || (is_update && call.bare) ? m : 0, n, 0.5F);
    for (int i = 0; has_rule(call) && i < tp_optimizer_states(call.optimizer); i++)
        state[i] = matrix(m, n, 0);
    // exp takes what is not positive, log what is.
    for (size_t i = 0; (call.verb == EXP || call.verb == LOG) && i < floats_of(in); i++)
        in.data[i] = call.verb == EXP ? -std::fabs(in.data[i]) : 0.5F + std::fabs(in.data[i]);
    if (packs) {
        scale_ = some_floats(n, 0.01F);
        shift_ = some_floats(n, 0.4F);
        samples_ = some_floats(m * n, 255);
        for (const float sample : samples_)
            bytes_.push_back(static_cast<uint8_t>(std::fabs(sample)));
    }
    for (size_t r = 0; call.verb == LOSS && r < m; r++)
        labels_.push_back(static_cast<uint16_t>(r % n));
    loss_.resize(labels_.size());
}

// Rows or whole panels of columns, as a step's plan divides such a layer.
void Operands::run_product(size_t member, size_t members) const
{
    const Call &c = call_;
    const tileprop_activation activation = c.bare ? TILEPROP_LINEAR : c.activation;
    const bool is_forward = c.verb == FORWARD;
    const bool units_pay = is_forward ? tp_plan_units_pay(c.k, c.n, false, members, c.m)
                                      : tp_plan_units_pay(c.n, c.k, false, members, c.m);
    const bool by_columns = is_forward ? units_pay : tp_plan_inputs_pay(units_pay, c.n, c.k);
    const tp_range rows = by_columns ? tp_range{0, c.m} : tp_plan_share(c.m, member, members);
    const tp_range columns = by_columns ? tp_plan_share_panels(c.n, member, members) : tp_range{0, c.n};
    if (is_forward) {
        const size_t units = columns.end - columns.begin;
        const tp_forward work = {.row_begin = rows.begin,
                                 .row_end = rows.end,
                                 .bias = false,
                                 .a = in,
                                 .w = tp_matrix_columns(&weights, columns.begin, units),
                                 .z = tp_matrix_columns(&out, columns.begin, units),
                                 .activation = activation};
        tier->forward(&work);
    } else {
        const tp_backward work = {.row_begin = rows.begin,
                                  .row_end = rows.end,
                                  .input_begin = columns.begin,
                                  .input_end = columns.end,
                                  .first = true,
                                  .last = true,
                                  .d = in,
                                  .wt = weights,
                                  .a = activations,
                                  .d_in = out,
                                  .activation = activation};
        tier->backward(&work);
    }
}

// By whole panels of inputs, as a plan divides the update of a slice.
void Operands::run_owner(tp_range inputs) const
{
    if (inputs.begin == inputs.end)
        return;
    const size_t arrays = 1 + static_cast<size_t>(tp_optimizer_states(call_.optimizer)) + !!transposed.data;
    const bool nontemporal = arrays * floats_of(weights) * sizeof(float) > tier->blocks->nontemporal_bytes;
    if (call_.verb == UPDATE) {
        const tp_update work = {.rows = call_.k,
                                .input_begin = inputs.begin,
                                .input_end = inputs.end,
                                .bias = false,
                                .a = in,
                                .d = out,
                                .optimizer = &optimizer,
                                .w = weights,
                                .wt = transposed,
                                .state = {state[0].data, state[1].data},
                                .gradient = gradient,
                                .nontemporal = nontemporal};
        tier->update(&work);
    } else if (call_.verb == APPLY) {
        const tp_apply work = {.input_begin = inputs.begin,
                               .input_end = inputs.end,
                               .inputs = call_.m,
                               .bias = false,
                               .gradient = gradient,
                               .optimizer = &optimizer,
                               .w = weights,
                               .wt = transposed,
                               .state = {state[0].data, state[1].data},
                               .nontemporal = nontemporal};
        tier->apply(&work);
    } else {
        const tp_refresh work = {inputs.begin, inputs.end, weights, transposed, nontemporal};
        tier->refresh(&work);
    }
}

void Operands::run_rows(tp_range rows) const
{
    if (call_.verb == PACK_U8 || call_.verb == PACK_F32) {
        const bool is_u8 = call_.verb == PACK_U8;
        const tp_pack work = {
            rows.begin, rows.end,      is_u8 ? static_cast<const void *>(bytes_.data()) : samples_.data(),
            nullptr,    scale_.data(), shift_.data(),
            out};
        (is_u8 ? tier->pack_u8 : tier->pack_f32)(&work);
    } else if (call_.verb == LOSS) {
        const tp_loss work = {.row_begin = rows.begin,
                              .row_end = rows.end,
                              .z = in,
                              .labels = labels_.data(),
                              .weights = nullptr,
                              .scale = 1 / static_cast<float>(call_.m),
                              .d = out,
                              .loss = loss_.data(),
                              .predicted = nullptr};
        tier->loss(&work);
    } else if (call_.verb == SOFTMAX) {
        const tp_softmax work = {rows.begin, rows.end, in, out, nullptr};
        tier->softmax(&work);
    } else {
        tp_map_fn *const maps[] = {tier->exp,        tier->log,  tier->sigmoid,
                                   tier->lecun_tanh, tier->tanh, tier->relu};
        const size_t begin = rows.begin * call_.n;
        maps[call_.verb - EXP](rows.end * call_.n - begin, in.data + begin, out.data + begin);
    }
}

void Operands::run_share(size_t member, size_t members) const
{
    if (call_.verb == FORWARD || call_.verb == BACKWARD)
        run_product(member, members);
    else if (owns_weights(call_))
        run_owner(tp_plan_share_panels(call_.m, member, members));
    else
        run_rows(tp_plan_share(call_.m, member, members));
}

void Operands::run(size_t times, Watch &watch) const
{
    struct Team {
        const Operands *operands;
        size_t times;
    } team = {this, times};
    const auto work = [](void *context, size_t member, size_t members) {
        const Team &t = *static_cast<Team *>(context);
        for (size_t i = 0; i < t.times; i++) {
            t.operands->run_share(member, members);
            tp_team_barrier();
        }
    };
    tp_error error;
    watch.start();
    const tileprop_status status = tp_team_run(threads_, work, &team, &error);
    watch.stop();
    check(status, error);
}

std::vector<float> Operands::results() const
{
    std::vector<float> all = loss_;
    for (const tp_matrix *x : {&out, &weights, &transposed, &gradient, &state[0], &state[1]})
        for (size_t r = 0; r < x->rows; r++)
            for (size_t c = 0; c < x->columns; c++)
                all.push_back(*tp_matrix_at(x, r, c));
    return all;
}

void verify(const Call &call, const tp_tier *tier)
{
    std::vector<float> results[2];
    const tp_tier *const tiers[] = {tier, tp_tiers[0]};
    for (int i = 0; i < 2; i++) {
        Watch watch;
        Operands operands(call, tiers[i], tp_cpus_available()); // all, because the reference is slow
        operands.optimizer.rate = 0.01F;
        operands.run(1, watch);
        results[i] = operands.results();
    }
    if (std::memcmp(results[0].data(), results[1].data(), results[1].size() * sizeof(float)) != 0)
        throw Failure(TILEPROP_FAILURE,
                      (call.name() + ": " + tier->name + " does not give what reference gives").c_str());
}
