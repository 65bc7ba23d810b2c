/*
 * A process that uses the library survives whatever it requests and whatever the system refuses: each case runs in its
 * own child process, which must finish, print nothing, and get a message with each nonzero status.
 */
#pragma once

#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/check.h"
#include "tileprop/gradients.h"

#define ROWS     60
#define FEATURES 4
#define CLASSES  3
#define REACHED  42    /* the exit status of a child that came to its end */
#define NOBODY   54321 /* a user without any process */

static float samples[ROWS * FEATURES];
static uint8_t labels[ROWS];
static char message[256];
static tileprop_model *model;

static inline bool is_sanitized(void)
{
    const char *sanitizer = getenv("TP_SANITIZE");
    return sanitizer && *sanitizer;
}

struct limit {
    int resource; /* -1: none */
    rlim_t most;
};

static const struct limit no_limit = {.resource = -1};

static inline void child(void (*run)(const void *context), const void *context, struct limit limit, int output)
{
    const struct rlimit both = {limit.most, limit.most};
    const bool other = limit.resource == RLIMIT_NPROC && geteuid() == 0; /* root has all the threads it wants */
    alarm(60);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    if ((other && (setgroups(0, NULL) || setgid(NOBODY) || setuid(NOBODY))) ||
        (limit.resource >= 0 && setrlimit((__rlimit_resource_t)limit.resource, &both)))
        dprintf(STDERR_FILENO, "the limit cannot be set");
    run(context);
    fflush(NULL);
    _exit(REACHED);
}

static inline void check_under(const char *name, void (*run)(const void *context), const void *context,
                               struct limit limit)
{
    char text[512] = "";
    int status, output = memfd_create("output", MFD_CLOEXEC);
    assert_true(output >= 0);
    const pid_t pid = fork();
    if (pid == 0)
        child(run, context, limit, output);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    const ssize_t printed = pread(output, text, sizeof text - 1, 0);
    close(output);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != REACHED || printed)
        fail_msg("%s, limit %d of %ju: wait status %d, printed \"%s\"", name, limit.resource, (uintmax_t)limit.most,
                 status, text);
}

static inline void check(const char *name, void (*run)(const void *context), const void *context)
{
    check_under(name, run, context, no_limit);
}

/* Prints the error; the parent treats any output as a failure. */
static inline void judge(const char *call, tileprop_status status)
{
    const bool said = message[0] && !strchr(message, '\n');
    if (status < TILEPROP_OK || status > TILEPROP_DIVERGED || said != (status != TILEPROP_OK))
        dprintf(STDERR_FILENO, "%s: status %d, message \"%s\"\n", call, (int)status, message);
    message[0] = '\0';
}

static inline void must_be(const char *call, tileprop_status status, tileprop_status expected)
{
    if (status != expected)
        dprintf(STDERR_FILENO, "%s: status %d, expected %d: %s\n", call, (int)status, (int)expected, message);
    judge(call, status);
}

static inline tileprop_data data_of(void)
{
    return (tileprop_data){.size = sizeof(tileprop_data),
                           .samples = samples,
                           .type = TILEPROP_F32,
                           .labels = labels,
                           .label_type = TILEPROP_U8,
                           .rows = ROWS,
                           .features = FEATURES};
}

static inline int stop(void *context, const tileprop_progress *progress)
{
    (void)context;
    (void)progress;
    return 1;
}

static inline tileprop_options options_of(void)
{
    tileprop_options options;
    tileprop_options_init(&options, sizeof options);
    options.threads = 1;
    options.epochs = 1;
    options.drop_last = 0;
    options.progress = stop;
    return options;
}

static inline int stop_gradients(void *context, double share)
{
    (void)context;
    (void)share;
    return 1;
}

static inline tileprop_status train(const tileprop_options *options, const tileprop_data *data)
{
    tileprop_model *last, *best;
    tileprop_result result = {.size = sizeof result};
    const tileprop_status status = tileprop_train(options, data, data, &last, &best, &result, message, sizeof message);
    tileprop_model_free(last);
    tileprop_model_free(best);
    return status;
}

static inline tileprop_status check_gradients(const tileprop_options *options, const tileprop_data *data)
{
    static tileprop_layer_gradients layers[TILEPROP_HIDDEN_MAX + 1];
    tileprop_gradients found = {.size = sizeof found, .layers = layers, .layer_size = sizeof *layers};
    return tileprop_check_gradients(options, data, stop_gradients, NULL, &found, message, sizeof message);
}

static inline tileprop_status evaluate(const tileprop_data *data, size_t threads)
{
    static float losses[ROWS], probabilities[ROWS * CLASSES], logits[ROWS * CLASSES];
    static uint16_t classes[ROWS];
    const tileprop_outputs outputs = {sizeof outputs, losses, probabilities, logits, classes};
    return tileprop_evaluate(model, data, threads, &outputs, message, sizeof message);
}

static inline int prepare(void **state)
{
    tileprop_options options = options_of();
    (void)state;
    for (int i = 0; i < ROWS; i++) {
        labels[i] = (uint8_t)(i % CLASSES);
        samples[i * FEATURES + i % CLASSES] = 1;
    }
    const tileprop_data data = data_of();
    options.progress = NULL;
    return (int)tileprop_train(&options, &data, &data, &model, NULL, NULL, NULL, 0);
}

static inline int clean(void **state)
{
    (void)state;
    tileprop_model_free(model);
    return 0;
}
