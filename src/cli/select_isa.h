/*
 * Which instruction set a program runs.
 */
#ifndef TP_SELECT_ISA_H
#define TP_SELECT_ISA_H

#include "base/status.h"

/*
 * Replaces *isa, what --isa was given, by the name of the tier to run: the one asked for, or a lower one if
 * `ceiling` (the environment's TILEPROP_ISA; NULL or empty: none) names it. "auto" is the fastest tier that
 * runs here.
 * Errors: TILEPROP_USAGE for a tier that this build or this CPU lacks, in either place, naming those it has.
 */
tileprop_status tp_select_isa(const char **isa, const char *ceiling, struct tp_error *error);

#endif
