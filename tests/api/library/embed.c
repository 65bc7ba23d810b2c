/*
 * Guarantees for programs that embed the library: embed NAME runs the check of that name and prints "ok" on success.
 * Any other output comes from the library, which must not print.
 */
#include <arpa/inet.h>
#include <fenv.h>
#include <locale.h>
#include <math.h>
#include <omp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <tileprop/tileprop.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include "../../parts.h"

#define ROWS     400
#define FEATURES 40
#define CLASSES  5

static float samples[ROWS][FEATURES];
static uint8_t bytes[ROWS][FEATURES];
static int32_t labels[ROWS];
static char message[256];

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "embed: %s: %s\n", what, message);
    exit(1);
}

static void expect(int good, const char *what)
{
    if (!good)
        give_up(what);
}

/* --- Allocations are counted ---------------------------------------------------------------------------- */

static atomic_size_t allocations;
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);

void *malloc(size_t size)
{
    allocations++;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    allocations++;
    return __libc_calloc(count, size);
}

void *realloc(void *block, size_t size)
{
    allocations++;
    return __libc_realloc(block, size);
}

/* --- A small data set that can be learned --------------------------------------------------------------- */

static void make_data(void)
{
    unsigned state = 1;
    for (int i = 0; i < ROWS; i++) {
        labels[i] = i % CLASSES;
        for (int f = 0; f < FEATURES; f++) {
            state = state * 1664525 + 1013904223;
            bytes[i][f] = (uint8_t)((state >> 26) + (f % CLASSES == labels[i] ? 60 : 0));
            samples[i][f] = (float)bytes[i][f] / 16;
        }
    }
}

static tileprop_data data_of(tileprop_type type)
{
    return (tileprop_data){.size = sizeof(tileprop_data),
                           .samples = type == TILEPROP_U8 ? (const void *)bytes : (const void *)samples,
                           .type = type,
                           .labels = labels,
                           .label_type = TILEPROP_I32,
                           .rows = ROWS,
                           .features = FEATURES};
}

static tileprop_options options_of(size_t threads)
{
    tileprop_options options;
    tileprop_options_init(&options, sizeof options);
    options.hidden[0] = 48;
    options.threads_exact = threads;
    options.epochs = 3;
    return options;
}

static tileprop_model *train_on(const tileprop_data *data, const tileprop_options *options, tileprop_result *result)
{
    tileprop_model *model;
    result->size = sizeof *result;
    if (tileprop_train_split(options, data, 0.2, &model, NULL, result, message, sizeof message) != TILEPROP_OK)
        give_up("training");
    return model;
}

static tileprop_model *train(size_t threads)
{
    const tileprop_data data = data_of(TILEPROP_U8);
    const tileprop_options options = options_of(threads);
    tileprop_result result;
    return train_on(&data, &options, &result);
}

/* --- The checks ----------------------------------------------------------------------------------------- */

static void check_allocations(void)
{
    static float probabilities[ROWS][CLASSES];
    static uint16_t found[ROWS];
    tileprop_model *model = train(1);
    allocations = 0;
    for (size_t rows = 1; rows <= ROWS; rows = rows * 3 + 1) {
        tileprop_predict_u8(model, bytes[0], rows, probabilities[0], found);
        tileprop_predict_f32(model, samples[0], rows, probabilities[0], NULL);
        tileprop_predict_u8(model, bytes[0], rows, NULL, found);
    }
    expect(allocations == 0, "predictions allocate");
    expect(malloc(1) != NULL && allocations == 1, "allocations are not counted");
    tileprop_model_free(model);
}

struct job {
    const tileprop_model *model;
    float expected[ROWS][CLASSES];
    atomic_int wrong;
};

static void *predict_often(void *context)
{
    struct job *job = context;
    static _Thread_local float found[ROWS][CLASSES];
    for (size_t round = 0; round < 300; round++) {
        const size_t begin = round * 7 % ROWS, rows = 1 + round % (ROWS - begin);
        tileprop_predict_u8(job->model, bytes[begin], rows, found[0], NULL);
        job->wrong += memcmp(found, job->expected[begin], rows * sizeof found[0]) != 0;
    }
    return NULL;
}

/* More threads than there are buffers. */
static void check_threads(void)
{
    static struct job job;
    pthread_t threads[80];
    tileprop_model *model = train(1);
    job.model = model;
    for (size_t i = 0; i < ROWS; i++)
        tileprop_predict_u8(model, bytes[i], 1, job.expected[i], NULL);
    for (size_t i = 0; i < 80; i++)
        expect(pthread_create(&threads[i], NULL, predict_often, &job) == 0, "no thread");
    for (size_t i = 0; i < 80; i++)
        pthread_join(threads[i], NULL);
    expect(job.wrong == 0, "threads change predictions");
    tileprop_model_free(model);
}

static void *train_one(void *hash)
{
    tileprop_model *model = train(2);
    *(uint64_t *)hash = tileprop_model_hash(model);
    tileprop_model_free(model);
    return NULL;
}

static void check_trainings(void)
{
    uint64_t hashes[3];
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        expect(pthread_create(&threads[i], NULL, train_one, &hashes[i]) == 0, "no thread");
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    train_one(&hashes[2]);
    expect(hashes[0] == hashes[1] && hashes[1] == hashes[2], "trainings at the same time differ");
}

struct nested {
    uint64_t hash;
    size_t calls;
};

static int train_within(void *context, const tileprop_progress *progress)
{
    struct nested *nested = context;
    if (progress->step != 3 || progress->evaluated)
        return 0;
    tileprop_model *model = train(1);
    nested->hash = tileprop_model_hash(model);
    nested->calls++;
    tileprop_model_free(model);
    return 0;
}

/* The callback trains, while the other thread of its own training waits for it. */
static void check_nested(void)
{
    const tileprop_data data = data_of(TILEPROP_U8);
    tileprop_options options = options_of(2);
    tileprop_result result;
    uint64_t hash;
    struct nested nested = {0};
    train_one(&hash);
    options.progress = train_within;
    options.context = &nested;
    tileprop_model_free(train_on(&data, &options, &result));
    expect(nested.calls == 1 && nested.hash == hash, "a training within a callback");
    expect(result.weights_hash == hash, "a training whose callback trains");
}

/* A team has run before, so that its threads are missing in the child. */
static void check_fork(void)
{
    uint64_t hash, child_hash;
    float expected[CLASSES], found[CLASSES];
    tileprop_model *model = train(2);
    hash = tileprop_model_hash(model);
    tileprop_predict_u8(model, bytes[3], 1, expected, NULL);
    const pid_t child = fork();
    if (child == 0) {
        alarm(60);
        tileprop_predict_u8(model, bytes[3], 1, found, NULL);
        train_one(&child_hash);
        _exit(child_hash == hash && memcmp(found, expected, sizeof found) == 0 ? 0 : 1);
    }
    int status;
    waitpid(child, &status, 0);
    expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child of a fork");
    train_one(&child_hash);
    expect(child_hash == hash, "the parent of a fork");
    tileprop_model_free(model);
}

struct state {
    void (*handlers[NSIG])(int);
    cpu_set_t cpus;
    unsigned control;
    int rounding, dynamic, threads, levels;
    char locale[64];
};

static void look(struct state *state)
{
    memset(state, 0, sizeof *state);
    for (int s = 1; s < NSIG; s++) {
        struct sigaction action = {.sa_handler = SIG_DFL};
        sigaction(s, NULL, &action);
        state->handlers[s] = action.sa_handler;
    }
    sched_getaffinity(0, sizeof state->cpus, &state->cpus);
#if defined(__x86_64__)
    state->control = _mm_getcsr() & ~0x3fu; /* without what operations left */
#endif
    state->rounding = fegetround();
    state->dynamic = omp_get_dynamic();
    state->threads = state->dynamic ? 0 : omp_get_max_threads(); /* which then depends on the load */
    state->levels = omp_get_max_active_levels();
    snprintf(state->locale, sizeof state->locale, "%s", setlocale(LC_ALL, NULL));
}

static void check_state(void)
{
    static struct state before, after, workers[2];
    uint64_t hash, other;
    train_one(&hash);
    omp_set_dynamic(1);
    fesetround(FE_UPWARD);
    look(&before);
    train_one(&other);
    tileprop_model *model = train(1);
    tileprop_predict_f32(model, samples[0], ROWS, (float[ROWS * CLASSES]){0}, NULL);
    look(&after);
    expect(memcmp(&before, &after, sizeof before) == 0, "the caller's state has changed");
    expect(hash == other && tileprop_model_hash(model) == hash, "the caller's rounding changes weights");
    tileprop_model_free(model);
    fesetround(FE_TONEAREST);
    omp_set_dynamic(0);
    look(&before);
#pragma omp parallel num_threads(2)
    look(&workers[omp_get_thread_num()]);
    for (int i = 0; i < 2; i++)
        expect(workers[i].control == before.control && CPU_EQUAL(&workers[i].cpus, &before.cpus),
               "a thread that outlives the call has changed");
}

/* Numbers in files have points, in a locale with commas too. */
static void check_locale(void)
{
    void *plain, *other;
    size_t size, other_size;
    char number[16];
    tileprop_model *model = train(1), *loaded;
    expect(!tileprop_model_save_memory(model, &plain, &size, message, sizeof message), "saving");
    expect(setlocale(LC_ALL, getenv("COMMAS")) != NULL, "no such locale");
    snprintf(number, sizeof number, "%.1f", 0.5);
    expect(strcmp(number, "0,5") == 0, "the locale has no commas");
    expect(!tileprop_model_save_memory(model, &other, &other_size, message, sizeof message), "saving");
    expect(size == other_size && memcmp(plain, other, size) == 0, "the locale changes the file");
    expect(!tileprop_model_load_memory(&loaded, plain, size, message, sizeof message), "loading");
    snprintf(number, sizeof number, "%.1f", 0.5);
    expect(strcmp(number, "0,5") == 0, "the locale has changed");
    tileprop_model_free(loaded);
    tileprop_model_free(model);
    tileprop_free(plain);
    free(other); /* as good, of the same C library */
}

/* Writes the samples as IDX files of floats for train, and the hash of the weights trained on them to a file. */
static void check_floats(void)
{
    static const char *const prefixes[] = {"train", "t10k"};
    char path[64];
    for (int i = 0; i < 2; i++) {
        const uint32_t pictures[] = {htonl(0xd03), htonl(ROWS), htonl(FEATURES), htonl(1)};
        const uint32_t classes[] = {htonl(0x801), htonl(ROWS)};
        snprintf(path, sizeof path, "%s-images-idx3-ubyte", prefixes[i]);
        FILE *file = fopen(path, "wb");
        fwrite(pictures, sizeof pictures, 1, file);
        for (size_t j = 0; j < ROWS * FEATURES; j++) {
            uint32_t bits;
            memcpy(&bits, &samples[j / FEATURES][j % FEATURES], sizeof bits);
            bits = htonl(bits);
            fwrite(&bits, sizeof bits, 1, file);
        }
        fclose(file);
        snprintf(path, sizeof path, "%s-labels-idx1-ubyte", prefixes[i]);
        file = fopen(path, "wb");
        fwrite(classes, sizeof classes, 1, file);
        for (size_t j = 0; j < ROWS; j++)
            fputc(labels[j], file);
        fclose(file);
    }
    const tileprop_data data = data_of(TILEPROP_F32);
    tileprop_options options = options_of(2);
    tileprop_result result = {.size = sizeof result};
    options.optimizer = TILEPROP_ADAM;
    options.activation = TILEPROP_RELU;
    options.weight_decay = 0.01;
    options.batch = 48;
    options.seed = 9;
    expect(!tileprop_train(&options, &data, &data, NULL, NULL, &result, message, sizeof message), "training");
    snprintf(path, sizeof path, "%016llx", (unsigned long long)result.weights_hash);
    FILE *file = fopen("hash", "w");
    fputs(path, file);
    fclose(file);
}

static int stop_at(void *context, const tileprop_progress *progress)
{
    return progress->step == *(size_t *)context;
}

static void check_training(void)
{
    static int32_t wrong[ROWS];
    tileprop_data data = data_of(TILEPROP_F32), validation = data;
    tileprop_options options = options_of(1), small;
    tileprop_result result = {.size = sizeof result}, again = result;
    tileprop_model *last, *best, *more;
    void *bytes_of[2];
    size_t sizes[2];

    expect(!tileprop_train(&options, &data, &validation, &last, &best, &result, message, sizeof message), "training");
    expect(result.weights_hash == tileprop_model_hash(last) && result.validation_accuracy > 0.9, "what training found");
    expect(!tileprop_model_save_memory(last, &bytes_of[0], &sizes[0], message, sizeof message), "saving");
    expect(!tileprop_model_load_memory(&more, bytes_of[0], sizes[0], message, sizeof message), "loading");
    expect(!tileprop_model_save_memory(more, &bytes_of[1], &sizes[1], message, sizeof message), "saving again");
    expect(sizes[0] == sizes[1] && memcmp(bytes_of[0], bytes_of[1], sizes[0]) == 0, "another model came back");
    tileprop_model_free(more);

    size_t step = 7;
    options.progress = stop_at;
    options.context = &step;
    more = train_on(&data, &options, &again);
    expect(again.stopped_by == TILEPROP_STOP_PROGRESS && (again.steps == 8 || again.steps == 9), "stopping");
    tileprop_model_free(more);

    options.progress = NULL;
    options.initial_weights = last;
    more = train_on(&data, &options, &again);
    expect(again.weights_hash != result.weights_hash, "initial weights");
    tileprop_model_free(more);
    options.initial_weights = NULL;

    memset(&small, 0x7f, sizeof small); /* of a caller that knows fewer options */
    tileprop_options_init(&small, offsetof(tileprop_options, progress));
    small.hidden[0] = 48;
    small.epochs = 3;
    more = train_on(&data, &small, &again);
    tileprop_model_free(more);

    memcpy(wrong, labels, sizeof wrong);
    wrong[5] = -1;
    data.labels = wrong;
    expect(tileprop_train(&options, &data, &validation, &more, NULL, NULL, message, sizeof message) ==
                   TILEPROP_BAD_INPUT &&
               !more && has_parts(message, "train: row 5: ... label ... 0 ... 65534, found -1"),
           "a label below 0");
    data.labels = labels;
    samples[2][1] = NAN;
    expect(tileprop_train(&options, &data, &validation, &more, NULL, NULL, message, 10) == TILEPROP_BAD_INPUT &&
               strcmp(message, "train: ro") == 0,
           "a value that is not finite");
    make_data();
    options.learning_rate = 900;
    options.activation = TILEPROP_RELU;
    const tileprop_status status =
        tileprop_train(&options, &data, &validation, &more, NULL, &again, message, sizeof message);
    expect(status == TILEPROP_DIVERGED && !more && again.stopped_by == TILEPROP_STOP_DIVERGED, "divergence");
    options.size = 8;
    expect(tileprop_train(&options, &data, &validation, &more, NULL, NULL, NULL, 0) == TILEPROP_USAGE,
           "options of no size");
    tileprop_model_free(last);
    tileprop_model_free(best);
    free(bytes_of[0]);
    free(bytes_of[1]);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*check)(void);
    } checks[] = {{"allocations", check_allocations}, {"threads", check_threads},   {"trainings", check_trainings},
                  {"nested", check_nested},           {"fork", check_fork},         {"state", check_state},
                  {"locale", check_locale},           {"training", check_training}, {"floats", check_floats}};
    make_data();
    for (size_t i = 0; argc == 2 && i < sizeof checks / sizeof checks[0]; i++) {
        if (strcmp(argv[1], checks[i].name) == 0) {
            checks[i].check();
            puts("ok");
            return 0;
        }
    }
    give_up("no such check");
}
