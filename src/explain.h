/*
 * What --explain prints: the plan before the run, and behind it where the time of steps went.
 */
#ifndef TP_EXPLAIN_H
#define TP_EXPLAIN_H

#include "peak.h"
#include "trainer.h"

/* The plan as --plan reads it, how it was found, and whether threads are bound. */
void tp_explain_run(const struct tp_run *run);

/*
 * A line for each verb and layer of all steps together, which trained on so many samples. peak is that of all
 * threads used; times are means over the threads that take part in steps.
 */
void tp_explain_steps(const struct tp_train_options *options, const struct tp_result *result, double samples,
                      const struct tp_peak *peak);

#endif
