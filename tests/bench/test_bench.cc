// bench internals: verification, peers, plain loops and interleaved timing.
#include <algorithm>
#include <cmath>
#include <ctime>

#include "bench/plain.h"

extern "C" {
#include "kernels/reference/functions.h"
#include "tests/check.h"
}

namespace
{

constexpr size_t kCount = 1000;

// A tier whose verbs do nothing.
template <typename Work> void nothing(const Work *)
{
}

void map_nothing(size_t, const float *, float *)
{
}

tp_tier wrong_tier()
{
    tp_tier wrong = *tp_tiers[0];
    wrong.name = "wrong";
    wrong.pack_u8 = wrong.pack_f32 = nothing;
    wrong.forward = wrong.forward_marked = wrong.forward_bytes = nothing;
    wrong.backward = nothing;
    wrong.update = wrong.update_marked = nothing;
    wrong.apply = nothing;
    wrong.refresh = nothing;
    wrong.loss = nothing;
    wrong.softmax = nothing;
    wrong.exp = wrong.log = wrong.sigmoid = wrong.lecun_tanh = wrong.tanh = wrong.relu = map_nothing;
    return wrong;
}

void verify_finds_it(const Call &call)
{
    const tp_tier wrong = wrong_tier();
    for (size_t t = 0; tp_tiers[t]; t++)
        if (tp_tier_runs_here(tp_tiers[t]))
            verify(call, tp_tiers[t]);
    try {
        verify(call, &wrong);
        fail_msg("%s passed", call.name().c_str());
    } catch (const Failure &failure) {
        assert_non_null(strstr(failure.what(), "wrong differs from the reference tier"));
    }
}

void test_verify_finds_wrong_kernels(void **)
{
    for (int verb = 0; verb < VERBS; verb++) {
        Call call = {
            .verb = static_cast<Verb>(verb), .m = 17, .n = 18, .activation = TILEPROP_RELU, .optimizer = TILEPROP_ADAM};
        call.k = call.is_product() ? 9 : 1;
        verify_finds_it(call);
        call.marked = verb == FORWARD || verb == UPDATE || verb == PACK_U8 || verb == PACK_F32;
        if (call.marked)
            verify_finds_it(call);
        call.marked = false;
        call.first_layer = call.bare = true;
        if (verb == UPDATE)
            verify_finds_it(call);
    }
}

// Only executed multiplications count.
void test_marked_calls_count_what_is_done(void **)
{
    Call call = {.verb = FORWARD, .m = 1000, .n = 64, .k = 785};
    const double all = call.flops(), bytes = call.bytes();
    call.marked = true;
    assert_true(std::fabs(100 * call.flops() / all - kPercent) < 0.5);
    assert_true(call.bytes() < bytes);
    assert_string_equal(call.name().c_str(), "forward_marked-1000x64x785-19%");
    const std::vector<uint8_t> bytes_of_samples = make_bytes(1000 * 784);
    const auto zeros = std::count(bytes_of_samples.begin(), bytes_of_samples.end(), 0);
    assert_true(std::fabs(static_cast<double>(zeros) / 7840 - (100 - kPercent)) < 0.5);
}

void assert_near(float x, float y, double bound)
{
    if (!(std::fabs(static_cast<double>(x) - static_cast<double>(y)) <= bound))
        fail_msg("%.9g and %.9g", static_cast<double>(x), static_cast<double>(y));
}

Network small_network(const tp_tier *tier)
{
    for (const Peer &peer : peers())
        peer.use_threads(1);
    return {tier, {32, 17, 18, 10}, 7, 1};
}

void test_peers_multiply(void **)
{
    for (const Peer &peer : peers()) {
        const PlainNetwork network(peer, small_network(tp_tiers[0]));
        for (size_t i = 0; i < 9; i++) {
            const auto verb = static_cast<Verb>(i % 3);
            const Product &p = network.operation(verb, i / 3).product;
            network.operation(verb, i / 3).run();
            for (size_t r = 0; r < p.m; r++)
                for (size_t c = 0; c < p.n; c++) {
                    float sum = 0;
                    for (size_t k = 0; k < p.k; k++)
                        sum += p.a[p.a_transposed ? k * p.m + r : r * p.k + k] *
                               p.b[p.b_transposed ? c * p.k + k : k * p.n + c];
                    assert_near(p.c[r * p.n + c], sum, 1e-5);
                }
        }
    }
}

// Training gives the same losses with every peer.
void compare_networks(const tp_tier *tier)
{
    std::vector<float> expected;
    for (const Peer &peer : peers()) {
        PlainNetwork network(peer, small_network(tier));
        network.optimizer.rate = 0.1F;
        for (size_t step = 0; step < 3; step++) {
            const float loss = network.step();
            if (expected.size() <= step)
                expected.push_back(loss);
            assert_near(loss, expected[step], 1e-5);
        }
        assert_true(expected[2] < expected[0]);
    }
}

void compare_functions(const tp_tier *tier)
{
    const Floats z = make_floats(kCount, 90), a = make_floats(kCount, 0.9F), d = make_floats(kCount, 1);
    std::vector<float> activated, derived;
    for (size_t i = 0; i < kCount; i++) {
        z[i] /= i % 2 ? 30.0F : 1.0F; // the others are far into where exp is cut off
        activated.push_back(tp_scalar_activate(TILEPROP_LECUN_TANH, z[i]));
        derived.push_back(tp_scalar_derive(TILEPROP_LECUN_TANH, a[i], d[i]));
    }
    loops_of(tier)->activate(z.get(), kCount);
    loops_of(tier)->derive(d.get(), a.get(), kCount);
    for (size_t i = 0; i < kCount; i++) {
        assert_near(z[i], activated[i], 1e-6);
        assert_near(d[i], derived[i], 1e-6);
    }
}

// Two steps of one panel, which is row-major.
void compare_rule(const tp_tier *tier)
{
    constexpr size_t kRows = 20, kWeights = kRows * TP_PANEL;
    const Floats g = make_floats(kWeights, 1), w[] = {make_floats(kWeights, 0.5F), make_floats(kWeights, 0.5F)},
                 v[] = {make_floats(kWeights, 0), make_floats(kWeights, 0)};
    tp_optimizer rule = rule_of(TILEPROP_MOMENTUM);
    rule.rate = 0.01F;
    rule.decay = 0.001F;
    const tp_matrix gradient = {g.get(), kWeights, kRows, TP_PANEL}, weights = {w[0].get(), kWeights, kRows, TP_PANEL};
    tp_update apply = {};
    apply.input_end = apply.a.columns = kRows;
    apply.optimizer = &rule;
    apply.w = weights;
    apply.state[0] = v[0].get();
    apply.gradient = gradient;
    for (int times = 0; times < 2; times++) {
        tp_tiers[0]->apply(&apply);
        loops_of(tier)->momentum(&rule, w[1].get(), g.get(), v[1].get(), kWeights);
    }
    for (size_t i = 0; i < kWeights; i++) {
        assert_near(w[0][i], w[1][i], 1e-6);
        assert_near(v[0][i], v[1][i], 1e-6);
    }
}

void compare_stream(const tp_tier *tier)
{
    constexpr size_t kScaled = 4 * LOOPS_SCALE_BLOCK;
    const Floats x = make_floats(kScaled, 1), y = make_floats(kScaled, 1);
    loops_of(tier)->scale(kScaled, x.get(), y.get());
    for (size_t i = 0; i < kScaled; i++)
        assert_true(y[i] == 3 * x[i]);
}

void test_loops_match_verbs(void **)
{
    for (size_t t = 0; tp_tiers[t]; t++) {
        if (!tp_tier_runs_here(tp_tiers[t]))
            continue;
        compare_functions(tp_tiers[t]);
        compare_rule(tp_tiers[t]);
        compare_stream(tp_tiers[t]);
        compare_networks(tp_tiers[t]);
    }
}

void test_skipped_rounds_are_ignored(void **)
{
    assert_true(median({NAN, 6, NAN, 8}) == 7);
    assert_true(ratio({NAN, 6, NAN, 8, 100}, {1, 2, 1, 2, NAN}) == 3.5);
    assert_true(std::isnan(median({NAN, NAN})));
}

// A fake clock, advanced only by contenders.
double now;

struct Calls {
    double seconds;   // of one
    int bursts = 0;   // of any length
    size_t times = 0; // in all of them

    Run run()
    {
        return [this](size_t count, Watch &watch) {
            now += 1; // what a run does before it starts the watch does not count
            watch.start();
            now += seconds * static_cast<double>(count);
            watch.stop();
            bursts++;
            times += count;
        };
    }
};

void test_slow_contender_skips_rounds(void **)
{
    constexpr size_t kRounds = 13;
    Calls slow = {9e-3}, busy = {9e-3}, fast = {2e-3}; // slow: more than four bursts
    const auto run = [&](size_t rounds) {
        std::vector<Contender> contenders = {{slow.run(), true}, {busy.run()}, {fast.run(), true}};
        compete(contenders, rounds, 2e-3);
        return contenders;
    };
    const auto contenders = run(kRounds);
    for (size_t round = 0; round < kRounds; round++) {
        assert_int_equal(std::isnan(contenders[0].seconds[round]), round % 5 != 2);
        assert_true(std::fabs(contenders[1].seconds[round] - busy.seconds) < 1e-6);
        assert_true(contenders[2].seconds[round] > 0);
    }
    assert_int_equal(slow.bursts, 2 + 3); // one cold call, one calibration call
    assert_int_equal(busy.bursts, 2 + kRounds);

    // With two rounds nothing is skipped, nor is a contender less than four times as slow as the fastest.
    assert_true(run(2)[0].seconds[1] > 0);
    fast.seconds = 3e-3;
    assert_true(run(kRounds)[0].seconds[0] > 0);
}

// The caches fill over twelve calls, unless these take longer than 6 ms.
void test_warm_up_before_timing(void **)
{
    constexpr size_t kRounds = 3;
    const double seconds[] = {0.49e-3, 1.9e-3, 9e-3};
    const size_t untimed[] = {12, 3, 0}, timed[] = {4, 1, 1};
    for (int i = 0; i < 3; i++) {
        Calls calls = {seconds[i]};
        std::vector<Contender> contenders(1, {calls.run()});
        compete(contenders, kRounds, 2e-3);
        assert_int_equal(calls.times, 2 + kRounds * (untimed[i] + timed[i]));
    }
}

} // namespace

extern "C" int __wrap_clock_gettime(clockid_t, timespec *time)
{
    *time = {static_cast<time_t>(now), static_cast<long>(1e9 * (now - std::floor(now)))};
    return 0;
}

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_verify_finds_wrong_kernels),
        cmocka_unit_test(test_peers_multiply),
        cmocka_unit_test(test_loops_match_verbs),
        cmocka_unit_test(test_slow_contender_skips_rounds),
        cmocka_unit_test(test_warm_up_before_timing),
        cmocka_unit_test(test_skipped_rounds_are_ignored),
        cmocka_unit_test(test_marked_calls_count_what_is_done),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
