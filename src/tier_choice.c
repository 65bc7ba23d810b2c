#include "tier_choice.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "../kernels/kernels.h"

/* The tier's place in tp_tiers, which runs from the slowest to the fastest. */
static enum tp_status find_tier(const char *origin, const char *name, size_t *place, struct tp_error *error)
{
    char here[128] = "auto";
    bool found = false;
    for (size_t i = 0; tp_tiers[i]; i++) {
        if (!tp_tier_runs_here(tp_tiers[i]))
            continue;
        strncat(here, ", ", sizeof here - strlen(here) - 1);
        strncat(here, tp_tiers[i]->name, sizeof here - strlen(here) - 1);
        if (strcmp(name, tp_tiers[i]->name) == 0 || strcmp(name, "auto") == 0) {
            *place = i;
            found = true;
        }
    }
    if (found)
        return TP_OK;
    return tp_fail(error, TP_USAGE,
                   "%s: expected one of %s, which this CPU and this build have, found \"%.32s\"", origin,
                   here, name);
}

enum tp_status tp_tier_choose(const char **isa, const char *ceiling, struct tp_error *error)
{
    size_t place, highest;
    enum tp_status status = find_tier("--isa", *isa, &place, error);
    if (status == TP_OK)
        status = find_tier("TILEPROP_ISA", ceiling && *ceiling ? ceiling : "auto", &highest, error);
    if (status == TP_OK)
        *isa = tp_tiers[place < highest ? place : highest]->name;
    return status;
}
