#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"

tileprop_status tileprop_checkpoint_load(tileprop_checkpoint **handle, const char *path, char *message, size_t size)
{
    struct tp_call call;
    struct tp_file file;
    tileprop_checkpoint *made = NULL;
    tp_call_begin(&call);
    tileprop_status status = tp_api_need(handle, "checkpoint", &call.error);
    if (status == TILEPROP_OK)
        status = tp_api_need(path, "path", &call.error);
    if (status == TILEPROP_OK && (!(made = calloc(1, sizeof *made)) || !(made->path = strdup(path))))
        status = tp_fail_memory(&call.error, NULL, "a checkpoint");
    if (status == TILEPROP_OK)
        status = tp_file_read(&file, path, &call.error);
    if (status == TILEPROP_OK)
        status = tp_checkpoint_parse(&made->own, &file, &call.error);
    if (handle)
        *handle = status == TILEPROP_OK ? made : NULL;
    if (status != TILEPROP_OK)
        tileprop_checkpoint_free(made);
    return tp_call_end(&call, status, message, size);
}

void tileprop_checkpoint_free(tileprop_checkpoint *handle)
{
    if (!handle)
        return;
    tp_checkpoint_free(&handle->own);
    free(handle->path);
    free(handle);
}

const void *tileprop_checkpoint_attachment(const tileprop_checkpoint *handle, size_t *size)
{
    *size = handle->own.history_size;
    return handle->own.history;
}

int tileprop_checkpoint_has_best(const tileprop_checkpoint *handle)
{
    return handle->own.best.layer_count > 0 || handle->own.state.best.count == 0;
}

/* all: becomes the checkpoint, which owns nothing. */
static tileprop_status write(const tileprop_training_state *here, struct tp_checkpoint *all, FILE *out,
                             const void *attachment, size_t attachment_size, struct tp_error *error)
{
    const struct tp_snapshots *snapshots = here->snapshots;
    *all = snapshots->next;
    struct tp_safe_file file = {.file = out, .option = "tileprop_checkpoint_write", .path = (char[]){"checkpoint"}};
    tp_network_get(here->network, 0, &all->model.weights);
    bool finite = tp_weights_finite(&all->model.weights);
    for (size_t i = 0; i < all->state_count; i++) {
        tp_network_get(here->network, 1 + (int)i, &all->states[i]);
        finite &= tp_weights_finite(&all->states[i]);
    }
    if (!finite)
        return tp_fail(error, TILEPROP_FAILURE,
                       "expected finite weights and optimizer state, found values that are not finite");
    all->model.normalization = *here->normalization;
    all->model.step = here->state->steps ? here->state->steps - 1 : 0;
    all->state = *here->state;
    if (snapshots->has_best)
        all->best = snapshots->best.weights;
    all->history = (void *)(uintptr_t)attachment; /* never written to */
    all->history_size = attachment_size;
    const tileprop_status status = tp_checkpoint_write(all, &file, error);
    errno = file.error;
    return status;
}

tileprop_status tileprop_checkpoint_write(const tileprop_training_state *state, FILE *out, const void *attachment,
                                          size_t attachment_size, char *message, size_t size)
{
    struct tp_call call;
    struct tp_checkpoint *all = NULL;
    tp_call_begin(&call);
    tileprop_status status = tp_api_need(state, "state", &call.error);
    if (status == TILEPROP_OK)
        status = tp_api_need(out, "out", &call.error);
    if (status == TILEPROP_OK && !(all = malloc(sizeof *all)))
        status = tp_fail_memory(&call.error, NULL, "a checkpoint");
    if (status == TILEPROP_OK)
        status = write(state, all, out, attachment, attachment_size, &call.error);
    free(all);
    return tp_call_end(&call, status, message, size);
}

/* More epochs and more time make a run longer, not another one, unless epochs decide the learning rate. */
static bool may_differ(const char *line, const char *options)
{
    const bool independent = strstr(options, "lr-schedule = constant\n") || !strstr(options, "lr-steps = auto\n");
    return (independent && strncmp(line, "epochs = ", 9) == 0) || strncmp(line, "max-seconds = ", 14) == 0;
}

/* Lines `name = value`: both texts are written from the same list of options, so the names stand in the same
 * order. */
static tileprop_status compare_options(const char *found, const char *expected, const char *path,
                                       struct tp_error *error)
{
    static const char sign[] = " = ";
    const char *all = found;
    while (*found && *expected) {
        const size_t length = strcspn(found, "\n"), kept = strcspn(expected, "\n");
        const char *end = strstr(found, sign);
        const size_t name = end && end < found + length ? (size_t)(end - found) : length;
        const size_t begin = name < length ? name + strlen(sign) : length; /* of the value */
        if (strncmp(found, expected, begin) != 0)
            break;
        if ((length != kept || strncmp(found, expected, length) != 0) && !may_differ(found, all))
            return tp_fail(error, TILEPROP_USAGE, "--%.*s: expected %s as in %s, found %.*s", (int)name, found,
                           tp_show(expected + begin, kept - begin).text, path, (int)(length - begin), found + begin);
        found += length + (found[length] == '\n');
        expected += kept + (expected[kept] == '\n');
    }
    if (*found || *expected)
        return tp_fail(error, TILEPROP_BAD_INPUT,
                       "%s: __metadata__: options: expected the names of this version's options, found others", path);
    return TILEPROP_OK;
}

static tileprop_status check_data(const tileprop_checkpoint *from, const struct tp_checkpoint *next,
                                  struct tp_error *error)
{
    const struct tp_checkpoint *own = &from->own;
    const struct {
        const char *what;
        uint64_t found, expected;
    } all[] = {{"--data: the training set", next->model.fingerprint, own->model.fingerprint},
               {"--data: the validation set", next->validation, own->validation},
               {"--data: the test set", next->test, own->test},
               {"--class-weight: the set of weights", next->class_weights, own->class_weights},
               {"--init-from: the path", next->init_from, own->init_from}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i].found != all[i].expected)
            return tp_fail(error, TILEPROP_USAGE,
                           "%s differs from that of %s: expected fingerprint %016" PRIx64 ", found %016" PRIx64,
                           all[i].what, from->path, all[i].expected, all[i].found);
    return TILEPROP_OK;
}

tileprop_status tp_api_resumable(const tileprop_checkpoint *from, bool inexact, const struct tp_checkpoint *next,
                                 struct tp_error *error)
{
    if (from->own.model.numerics != TP_NUMERICS_VERSION && !inexact)
        return tp_fail(error, TILEPROP_BAD_INPUT,
                       "%s: __metadata__: numerics_version: expected %d, found %" PRIu64
                       ": the run would end with different bits; --resume-inexact accepts that",
                       from->path, TP_NUMERICS_VERSION, from->own.model.numerics);
    tileprop_status status = compare_options(next->model.options, from->own.model.options, from->path, error);
    if (status == TILEPROP_OK)
        status = check_data(from, next, error);
    if (status != TILEPROP_OK)
        return status;
    /* Checks what can still be wrong in a file with the same options and data. */
    if (!tp_weights_alike(&from->own.model.weights, &next->model.weights))
        return tp_fail(error, TILEPROP_BAD_INPUT, "%s: expected the layers that its options describe, found others",
                       from->path);
    if (from->own.state_count < next->state_count)
        return tp_fail(error, TILEPROP_BAD_INPUT,
                       "%s: expected %zu arrays of optimizer state for its optimizer, found %zu", from->path,
                       next->state_count, from->own.state_count);
    return TILEPROP_OK;
}
