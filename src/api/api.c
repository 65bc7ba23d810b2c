#include "api/api.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/option_value.h"
#include "data/choices.h"
#include "kernels/kernels.h"
#include "system/peak.h"
#include "system/team.h"

const char *tileprop_version(void)
{
    return TILEPROP_VERSION;
}

void tileprop_free(void *memory)
{
    free(memory);
}

const char *tileprop_isa(size_t index, int *runs_here)
{
    for (size_t i = 0; i <= index; i++)
        if (!tp_tiers[i])
            return NULL;
    *runs_here = tp_tier_runs_here(tp_tiers[index]);
    return tp_tiers[index]->name;
}

size_t tileprop_threads(size_t most)
{
    return tp_team_threads(most);
}

double tileprop_peak(const char *isa, size_t threads)
{
    const struct tp_tier *tier = tp_tier_find(isa);
    struct tp_peak peak;
    const bool known = tier && tp_peak_measure(tier, threads ? threads : 1, &peak, NULL) == TILEPROP_OK;
    return known && peak.proved ? 1e9 * peak.gflops : 0;
}

const char *tileprop_stop_name(tileprop_stop stop)
{
    return tp_stop_name(stop);
}

const char *tileprop_verb_name(int verb)
{
    static const char *const names[] = {"pack", "forward", "loss", "backward", "update", "exchange"};
    return verb >= 0 && verb < TILEPROP_VERBS ? names[verb] : NULL;
}

void tp_call_begin(struct tp_call *call)
{
    call->error.text[0] = '\0';
    call->members = false;
    call->locale = uselocale(newlocale(LC_ALL_MASK, "C", (locale_t)0)); /* the C library's own: no memory */
}

/* Writes the text with a member in place of each --NAME that begins a word, or NAME where there is no member. */
static void name_members(const char *text, char *message, size_t size)
{
    message[0] = '\0';
    while (*text) {
        if (strncmp(text, "--", 2) == 0) {
            text += 2;
            const size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");
            const char *member = tp_api_member(text, length);
            tp_option_append(message, size, "%s", member ? member : "");
            text += member ? length : 0;
        }
        size_t length = strcspn(text, " ");
        length += strspn(text + length, " ");
        tp_option_append(message, size, "%.*s", (int)length, text);
        text += length;
    }
}

tileprop_status tp_call_end(struct tp_call *call, tileprop_status status, char *message, size_t size)
{
    if (status != TILEPROP_OK && message && size > 0 && call->members)
        name_members(call->error.text, message, size);
    else if (status != TILEPROP_OK && message && size > 0)
        snprintf(message, size, "%s", call->error.text);
    uselocale(call->locale);
    return status;
}

tileprop_status tp_api_need(const void *pointer, const char *name, struct tp_error *error)
{
    return pointer ? TILEPROP_OK : tp_fail(error, TILEPROP_USAGE, "%s: expected a pointer, found NULL", name);
}

tileprop_status tp_api_size(const char *name, size_t found, size_t least, size_t most, struct tp_error *error)
{
    return found >= least && found <= most && found % sizeof(size_t) == 0 /* no member in halves */
               ? TILEPROP_OK
               : tp_fail(error, TILEPROP_USAGE, "%s: expected size %zu, found %zu", name, most, found);
}

tileprop_status tp_api_take(void *to, size_t least, size_t most, const void *given, const char *name,
                            struct tp_error *error)
{
    size_t size;
    tileprop_status status = tp_api_need(given, name, error);
    if (status != TILEPROP_OK)
        return status;
    memcpy(&size, given, sizeof size);
    status = tp_api_size(name, size, least, most, error);
    if (status != TILEPROP_OK)
        return status;
    memset(to, 0, most);
    memcpy(to, given, size);
    return TILEPROP_OK;
}

tileprop_status tp_api_split(const char *name, const float *values, size_t count, struct tp_error *error)
{
    for (size_t i = 0; values && i < count; i++)
        if (values[i] != 0 && values[i] != 1)
            return tp_fail(error, TILEPROP_BAD_INPUT, "%s[%zu]: expected 0 or 1, found %g", name, i, (double)values[i]);
    return TILEPROP_OK;
}

tileprop_status tp_api_finite(const char *name, const float *values, size_t count, struct tp_error *error)
{
    for (size_t i = 0; values && i < count; i++)
        if (!isfinite(values[i]))
            return tp_fail(error, TILEPROP_BAD_INPUT, "%s[%zu]: expected a finite number, found %g", name, i,
                           (double)values[i]);
    return TILEPROP_OK;
}
