#include "api.h"

#include <stdio.h>

#include "../kernels/kernels.h"
#include "cpus.h"
#include "team.h"

const char *tileprop_version(void)
{
    return TILEPROP_VERSION;
}

const char *tileprop_isa(size_t index, int *runs_here)
{
    for (size_t i = 0; i < index; i++)
        if (!tp_tiers[i])
            return NULL;
    if (!tp_tiers[index])
        return NULL;
    *runs_here = tp_tier_runs_here(tp_tiers[index]);
    return tp_tiers[index]->name;
}

size_t tileprop_threads(size_t most)
{
    const size_t cpus = tp_cpus_available(), limit = tp_team_limit(), all = cpus < limit ? cpus : limit;
    return most == 0 || most > all ? all : most;
}

void tp_call_begin(struct tp_call *call)
{
    call->error.text[0] = '\0';
    call->locale = uselocale(newlocale(LC_ALL_MASK, "C", (locale_t)0)); /* the C library's own: no memory */
}

tileprop_status tp_call_end(struct tp_call *call, enum tp_status status, char *message, size_t size)
{
    if (status != TP_OK && size > 0)
        snprintf(message, size, "%s", call->error.text);
    uselocale(call->locale);
    return (tileprop_status)status;
}
