/*
 * What --explain prints: the plan before the run, and behind it where the time of steps went.
 */
#ifndef TP_PROFILE_REPORT_H
#define TP_PROFILE_REPORT_H

#include "tileprop/run.h"

/* The plan, how it was found, and whether threads are bound. */
void tp_profile_report_run(const tileprop_run *run);

/*
 * A line for each verb and layer of all steps together, which trained on so many samples in so many seconds.
 * times are the run's; peak is that of all threads used, in FLOP/s, or 0.
 */
void tp_profile_report_steps(const tileprop_options *options, const tileprop_run *run,
                             const tileprop_time *times, double samples, double seconds, double peak);

#endif
