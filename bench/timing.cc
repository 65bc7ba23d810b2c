#include "timing.h"

#include <algorithm>
#include <cmath>

extern "C" {
#include "system/team.h"
}

namespace
{

constexpr double kSlow = 4;                      // see compete()
constexpr size_t kSlowEvery = 5, kSlowFirst = 2; // an odd stride, so that its rounds go in both directions

// Untimed warm-up before a burst: half of its calls, which reload the caches and let the previous contender's threads
// fall asleep; and at least kSettlingCalls within kSettlingSeconds, because a victim L3 fills only over many calls.
constexpr double kSettling = 0.5, kSettlingCalls = 12, kSettlingSeconds = 6e-3;

double time(const Contender &c, size_t times)
{
    Watch watch;
    c.run(times, watch);
    return watch.seconds;
}

// Doubles the number of calls until they take a tenth of a burst. The first call is cold and does not count.
void calibrate(Contender &c, double burst)
{
    time(c, 1);
    double seconds = time(c, c.times = 1);
    while (seconds < burst / 10)
        seconds = time(c, c.times *= 2);
    c.call_seconds = seconds / static_cast<double>(c.times);
    c.times = static_cast<size_t>(std::max(1.0, burst / c.call_seconds));
}

double time_burst(const Contender &c)
{
    const double calls = std::min(kSettlingCalls, kSettlingSeconds / c.call_seconds);
    if (const auto settling = static_cast<size_t>(std::max(kSettling * static_cast<double>(c.times), calls)))
        time(c, settling);
    return time(c, c.times) / static_cast<double>(c.times);
}

} // namespace

void check(tileprop_status status, const tp_error &error)
{
    if (status)
        throw Failure(status, error.text);
}

void run_team(size_t threads, Watch &watch, std::function<void(size_t member, size_t members)> work)
{
    const auto call = [](void *context, size_t member, size_t members) {
        (*static_cast<std::function<void(size_t, size_t)> *>(context))(member, members);
    };
    tp_error error;
    watch.start();
    const tileprop_status status = tp_team_run(threads, call, &work, &error);
    watch.stop();
    check(status, error);
}

void compete(std::vector<Contender> &contenders, size_t rounds, double burst)
{
    double slow = INFINITY;
    for (Contender &c : contenders) {
        calibrate(c, burst);
        slow = std::min(slow, c.call_seconds);
    }
    slow = kSlow * std::max(slow, burst);
    for (size_t round = 0; round < rounds; round++) {
        for (size_t i = 0; i < contenders.size(); i++) {
            Contender &c = contenders[round % 2 ? contenders.size() - 1 - i : i];
            const bool skips =
                c.may_skip && rounds > kSlowFirst && c.call_seconds > slow && round % kSlowEvery != kSlowFirst;
            c.seconds.push_back(skips ? NAN : time_burst(c));
        }
    }
}

double median(std::vector<double> values)
{
    std::erase_if(values, [](double value) { return std::isnan(value); });
    std::sort(values.begin(), values.end());
    const size_t count = values.size();
    return count ? (values[count / 2] + values[(count - 1) / 2]) / 2 : NAN;
}

double ratio(const std::vector<double> &above, const std::vector<double> &below)
{
    std::vector<double> ratios;
    for (size_t i = 0; i < std::min(above.size(), below.size()); i++)
        ratios.push_back(above[i] / below[i]);
    return median(ratios);
}
