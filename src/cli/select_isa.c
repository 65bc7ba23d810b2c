#include "cli/select_isa.h"

#include <stdint.h>
#include <string.h>

#include "tileprop/tileprop.h"

/* The tier's place among those of the library, from the slowest to the fastest. */
static tileprop_status find_tier(const char *origin, const char *name, size_t *place, struct tp_error *error)
{
    char here[128] = "auto";
    const char *tier;
    int runs;
    *place = SIZE_MAX;
    for (size_t i = 0; (tier = tileprop_isa(i, &runs)); i++) {
        if (!runs)
            continue;
        strncat(here, ", ", sizeof here - strlen(here) - 1);
        strncat(here, tier, sizeof here - strlen(here) - 1);
        if (strcmp(name, tier) == 0 || strcmp(name, "auto") == 0)
            *place = i;
    }
    if (*place != SIZE_MAX)
        return TILEPROP_OK;
    return tp_fail(error, TILEPROP_USAGE,
                   "%s: expected one of %s, which this CPU and this build have, found \"%.32s\"", origin,
                   here, name);
}

tileprop_status tp_select_isa(const char **isa, const char *ceiling, struct tp_error *error)
{
    size_t place, highest;
    int runs;
    tileprop_status status = find_tier("--isa", *isa, &place, error);
    if (status == TILEPROP_OK)
        status = find_tier("TILEPROP_ISA", ceiling && *ceiling ? ceiling : "auto", &highest, error);
    if (status == TILEPROP_OK)
        *isa = tileprop_isa(place < highest ? place : highest, &runs);
    return status;
}
