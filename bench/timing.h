// Interleaved timing, for machines whose speed changes from one millisecond to the next: contenders alternate in
// rounds; results are medians over rounds of the ratio within a round.
#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

extern "C" {
#include "base/clock.h"
#include "base/status.h"
}

// A library error, thrown by check().
struct Failure : std::runtime_error {
    tileprop_status status;
    Failure(tileprop_status why, const std::string &text) : std::runtime_error(text), status(why) {}
};
void check(tileprop_status status, const tp_error &error);

// Seconds between start() and stop(), summed over all timed sections of a run.
struct Watch {
    double seconds = 0, began = 0;
    void start() { began = tp_clock_seconds(); }
    void stop() { seconds += tp_clock_seconds() - began; }
};

using Run = std::function<void(size_t times, Watch &watch)>;

// Times work(member, members), run by every team member; work must not throw.
void run_team(size_t threads, Watch &watch, std::function<void(size_t member, size_t members)> work);

struct Contender {
    Run run;
    bool may_skip = false;            // most rounds, if its call is much slower than the others'
    std::vector<double> seconds = {}; // per call, by round; NaN: skipped
    double call_seconds = 0;          // per call before the first round
    size_t times = 0;                 // calls per round
};

// Runs every contender once per round for about `burst` seconds, in reverse order in odd rounds. One that may skip,
// and whose call takes kSlow times as long as both a burst and the fastest call, runs in every fifth round only.
void compete(std::vector<Contender> &contenders, size_t rounds, double burst);

// Median of the values that are not NaN; NaN if there are none.
double median(std::vector<double> values);

// Median of above[i] / below[i] over the rounds that have both.
double ratio(const std::vector<double> &above, const std::vector<double> &below);
