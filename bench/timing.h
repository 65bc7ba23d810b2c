/*
 * Paired timing, for machines whose speed changes from one millisecond to the next: contenders take turns,
 * round by round, and what counts are medians over the rounds of ratios within a round.
 */
#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

extern "C" {
#include "base/status.h"
}

// What a function of the library said, thrown by check() if it failed.
struct Failure : std::runtime_error {
    tileprop_status status;
    Failure(tileprop_status why, const std::string &text);
};
void check(tileprop_status status, const tp_error &error);

// Seconds between start() and stop(), which enclose what counts of a run, once or more.
class Watch
{
  public:
    double seconds = 0;
    virtual ~Watch() = default;
    virtual void start();
    virtual void stop();

  private:
    double began_ = 0;
};

using Run = std::function<void(size_t times, Watch &watch)>;

// Times work(member, members) on each member of a team, which must not throw.
void run_team(size_t threads, Watch &watch, std::function<void(size_t member, size_t members)> work);

struct Contender {
    Run run;
    bool may_rest = false;            // in most rounds, if one call takes much longer than the others'
    std::vector<double> seconds = {}; // of one call in each round; NaN: it rested
    double call_seconds = 0;          // of one call before the first round
    size_t times = 0;                 // calls in a round
};

// Runs every contender once in every round, forwards in even rounds and backwards in odd ones, for about
// `burst` seconds each, after untimed calls that move its operands into the caches. A contender that may rest
// and whose call takes more than four times as long as a burst and as the fastest contender's call runs only
// in every fifth round, where there are three rounds or more.
void compete(std::vector<Contender> &contenders, size_t rounds, double burst);

// Of the values that are not NaN; NaN if there are none.
double median(std::vector<double> values);

// Median of above[i] / below[i] over the rounds that have both.
double ratio(const std::vector<double> &above, const std::vector<double> &below);
