/*
 * The names that options and files use for the values in tileprop/choices.h. Each list ends with a NULL name; if a
 * value has several names, the first is the one written.
 */
#pragma once

#include "tileprop/tileprop.h"

extern const tileprop_choice tp_normalize_choices[], tp_activation_choices[], tp_init_choices[], tp_bias_choices[],
    tp_optimizer_choices[], tp_bind_choices[], tp_numa_choices[], tp_zeros_choices[], tp_schedule_choices[];

/* Instruction sets, whose values have no meaning, and a switch whose default depends on the data. */
extern const tileprop_choice tp_isa_choices[], tp_auto_switch_choices[];

/*
 * Reasons to stop. Final ones end a run for good and are stored in checkpoints: those found by an evaluation, and
 * "epochs", which also stands for a run that has not ended. After any other reason the run can be resumed.
 */
extern const tileprop_choice tp_final_stop_choices[], tp_other_stop_choices[];

/* The name of a value; NULL if it has none. */
const char *tp_choice_name(const tileprop_choice *choices, int value);

/* The name of a reason to stop. */
const char *tp_stop_name(tileprop_stop stop);
