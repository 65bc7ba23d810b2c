/*
 * Which calls are timed: bench_command_calls().
 */
#include <stdlib.h>
#include <string.h>

#include "bench_command.h"

/* Of a product, as in --gemm. */
struct shape {
    size_t m, n, k;
};

static bool is_product(enum bench_kind kind)
{
    return kind == BENCH_FORWARD || kind == BENCH_BACKWARD || kind == BENCH_UPDATE;
}

static bool is_wanted(const struct bench_command *command, enum bench_kind kind)
{
    return command->operation == BENCH_KINDS ? is_product(kind) || !command->compare
                                             : (enum bench_kind)command->operation == kind;
}

/* False: there are too many. */
static bool add_call(struct bench_calls *calls, const struct bench_command *command, struct bench_call call)
{
    if (!is_wanted(command, call.kind))
        return true;
    if (calls->count == BENCH_CALLS_MAX)
        return false;
    calls->call[calls->count++] = call;
    return true;
}

static bool add(struct bench_calls *calls, const struct bench_command *command, enum bench_kind kind,
                struct shape shape)
{
    return add_call(calls, command,
                    (struct bench_call){.kind = kind,
                                        .m = shape.m,
                                        .n = shape.n,
                                        .k = shape.k,
                                        .activation = command->activation,
                                        .optimizer = command->optimizer});
}

/* forward, backward and update of one layer for one batch. */
static void add_layer(struct bench_calls *calls, const struct bench_command *command, size_t batch,
                      size_t inputs, size_t units)
{
    add(calls, command, BENCH_FORWARD, (struct shape){batch, units, inputs});
    add(calls, command, BENCH_BACKWARD, (struct shape){batch, inputs, units});
    add(calls, command, BENCH_UPDATE, (struct shape){inputs, units, batch});
}

/* Nothing is propagated to the inputs. */
static void add_first_layer(struct bench_calls *calls, const struct bench_command *command, size_t batch,
                            size_t inputs, size_t units)
{
    add(calls, command, BENCH_FORWARD, (struct shape){batch, units, inputs});
    add_call(calls, command,
             (struct bench_call){.kind = BENCH_UPDATE,
                                 .m = inputs,
                                 .n = units,
                                 .k = batch,
                                 .activation = command->activation,
                                 .optimizer = command->optimizer,
                                 .first_layer = true});
}

/* The course's networks, 785-64-10 and 785-64-64-10, the constant input counted. */
static void add_course(struct bench_calls *calls, const struct bench_command *command, size_t batch)
{
    add(calls, command, BENCH_PACK_U8, (struct shape){batch, 784, 1});
    add_first_layer(calls, command, batch, 785, 64);
    add_layer(calls, command, batch, 64, 64);
    add_call(calls, command,
             (struct bench_call){.kind = BENCH_FORWARD, .m = batch, .n = 10, .k = 64}); /* no activation */
    add(calls, command, BENCH_BACKWARD, (struct shape){batch, 64, 10});
    add(calls, command, BENCH_UPDATE, (struct shape){64, 10, batch});
    add(calls, command, BENCH_LOSS, (struct shape){batch, 10, 1});
    add(calls, command, BENCH_MAP, (struct shape){batch, 64, 1});
}

static void add_all(struct bench_calls *calls, const struct bench_command *command)
{
    static const size_t batches[] = {1, 32, 256, 512, 1000}, widths[] = {500, 1024, 2048};
    for (size_t i = 0; i < sizeof batches / sizeof batches[0]; i++) {
        add_course(calls, command, batches[i]);
        add_first_layer(calls, command, batches[i], 784, 64);
        add(calls, command, BENCH_PACK_F32, (struct shape){batches[i], 784, 1});
        for (size_t w = 0; w < sizeof widths / sizeof widths[0]; w++)
            add_layer(calls, command, batches[i], widths[w], widths[w]);
    }
    if (command->compare)
        return;
    for (int f = TILEPROP_SIGMOID; f < TP_ACTIVATION_COUNT; f++)
        add_call(calls, command,
                 (struct bench_call){
                     .kind = BENCH_MAP, .m = 512, .n = 1024, .k = 1, .activation = (tileprop_activation)f});
    for (int rule = 0; rule < TP_OPTIMIZER_COUNT; rule++) {
        if ((tileprop_optimizer)rule == command->optimizer) /* which is among the layers */
            continue;
        struct bench_call call = {
            .kind = BENCH_UPDATE, .m = 785, .n = 64, .k = 32, .optimizer = (tileprop_optimizer)rule};
        call.first_layer = true;
        add_call(calls, command, call);
        call = (struct bench_call){
            .kind = BENCH_UPDATE, .m = 1024, .n = 1024, .k = 512, .optimizer = (tileprop_optimizer)rule};
        add_call(calls, command, call);
    }
}

#define SIZES_MAX 65536

/* A size that `end` follows; 0 if it is none. */
static size_t read_size(const char **text, char end)
{
    char *behind;
    const size_t digits = strspn(*text, "0123456789");
    const unsigned long size = strtoul(*text, &behind, 10);
    if (!digits || digits > 5 || size > SIZES_MAX || (*behind != end && (end || *behind != ',')))
        return 0;
    *text = *behind ? behind + 1 : behind;
    return size;
}

static tileprop_status add_asked(struct bench_calls *calls, const struct bench_command *command,
                                 struct tp_error *error)
{
    for (const char *next = command->gemm; *next;) {
        const char *text = next;
        struct shape shape = {.m = read_size(&next, 'x')};
        shape.n = shape.m ? read_size(&next, 'x') : 0;
        shape.k = shape.n ? read_size(&next, '\0') : 0;
        if (!shape.k)
            return tp_fail(error, TILEPROP_USAGE,
                           "--gemm: expected MxNxK with sizes from 1 to %d, found \"%.*s\"", SIZES_MAX,
                           (int)strcspn(text, ","), text);
        for (enum bench_kind kind = BENCH_FORWARD; kind <= BENCH_UPDATE; kind++)
            if (!add(calls, command, kind, shape))
                return tp_fail(error, TILEPROP_USAGE, "--gemm: expected at most %d shapes, found more",
                               BENCH_CALLS_MAX / 3);
    }
    return TILEPROP_OK;
}

tileprop_status bench_command_calls(const struct bench_command *command, struct bench_calls *calls,
                                    struct tp_error *error)
{
    calls->count = 0;
    if (command->gemm)
        return add_asked(calls, command, error);
    if (command->all)
        add_all(calls, command);
    else
        add_course(calls, command, command->batch);
    return TILEPROP_OK;
}
