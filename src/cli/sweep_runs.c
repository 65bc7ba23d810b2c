#include "cli/sweep_runs.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/clock.h"
#include "base/safe_file.h"
#include "cli/history.h"
#include "cli/program.h"
#include "data/choices.h"
#include "readers/class_weights.h"

/* The samples of one seed or fold, while runs need them. */
struct part {
    struct tp_train_data data;
    size_t left; /* runs that are not done */
    bool ready;
};

/* All workers'. */
struct pool {
    struct tp_sweep *sweep;
    struct part *parts; /* [repeats] */
    pthread_mutex_t mutex;
    size_t next, running;
    FILE *log; /* NULL: --runs is not given */
    tileprop_status status;
    struct tp_error *error;
};

uint64_t tp_sweep_seed(const struct tp_sweep_command *command, size_t repeat)
{
    return command->train.options.seed + (command->folds ? 0 : repeat);
}

static struct tp_fold fold_of(const struct tp_sweep_command *command, size_t repeat)
{
    return (struct tp_fold){command->folds ? repeat : 0, command->folds};
}

static int on_interrupted(void *context)
{
    (void)context;
    return tp_program_stopped() != 0;
}

/* Splits the data for a seed or fold. test: of a file, changed as the other samples are; NULL: not wanted. */
static tileprop_status prepare(const struct tp_sweep *sweep, size_t repeat, struct tp_train_data *data,
                               const struct tp_dataset *test, struct tp_error *error)
{
    struct tp_train_command command = sweep->command->train;
    if (sweep->data.rows) /* they are cut off already */
        command.test_holdout = 0;
    const struct tp_fold fold = fold_of(sweep->command, repeat);
    command.options.seed = tp_sweep_seed(sweep->command, repeat);
    const tileprop_status status = tp_train_data_share(data, &sweep->data, error);
    if (sweep->data.rows && test)
        data->test = *test;
    return status == TILEPROP_OK ? tp_train_data_split(data, &command, &fold, error) : status;
}

static int on_progress(void *history, const tileprop_progress *progress)
{
    tp_history_progress(history, progress);
    return 0;
}

static tileprop_status begin_history(const struct tp_sweep *sweep, const tileprop_options *options, size_t run,
                                     struct tp_history *history, char *path, struct tp_error *error)
{
    const int size = snprintf(path, PATH_MAX, "%s/%zu.csv", sweep->command->histories, run);
    if (size >= PATH_MAX)
        return tp_fail(error, TILEPROP_USAGE, "--histories: %s: %s", path, strerror(ENAMETOOLONG));
    *history = (struct tp_history){.option = "--histories", .path = path};
    tp_history_choose(history, options);
    return tp_history_begin(history, NULL, 0, error);
}

static tileprop_status write_history(struct tp_history *history, struct tp_error *error)
{
    struct tp_safe_file file = {0};
    tp_history_complete(history);
    tileprop_status status = tp_history_check(history, error);
    if (status == TILEPROP_OK)
        status = tp_safe_file_open(&file, history->option, history->path, error);
    if (status == TILEPROP_OK)
        status = tp_history_write(history, &file, error);
    tp_safe_file_discard(&file);
    return status;
}

/* One run; test: also on the samples that --test-holdout keeps, and without a history. */
static tileprop_status train(const struct tp_sweep *sweep, const struct tp_train_data *data, size_t index, bool test,
                             tileprop_result *result, struct tp_error *error)
{
    const struct tp_train_command *common = &sweep->command->train;
    const tileprop_data sets[] = {tp_train_data_of(&data->train, 0, data->train.count, common->data),
                                  tp_train_data_of(&data->validation, 0, data->validation.count, common->val_data),
                                  tp_train_data_of(&data->test, 0, data->test.count, NULL)};
    const tileprop_run_options run = {
        .size = sizeof run, .test = test && data->test.count ? &sets[2] : NULL, .interrupted = on_interrupted};
    tileprop_options options = sweep->command->configurations[index / sweep->repeats].options;
    struct tp_history history = {0};
    char path[PATH_MAX];
    tileprop_status status = TILEPROP_OK;
    *result = (tileprop_result){.size = sizeof *result};
    options.isa = common->options.isa;
    options.seed = tp_sweep_seed(sweep->command, index % sweep->repeats);
    options.threads = test ? common->options.threads : sweep->threads; /* a test is alone */
    options.threads_exact = options.threads == 1;
    options.bind = TILEPROP_BIND_NONE;
    options.numa = TILEPROP_NUMA_OFF;
    options.run = &run;
    const bool keeps = sweep->command->histories && !test;
    if (keeps)
        status = begin_history(sweep, &options, index, &history, path, error);
    if (keeps) {
        options.progress = on_progress;
        options.context = &history;
    }
    if (status == TILEPROP_OK) {
        tileprop_options_resolve(&options, tp_train_data_type(data), data->train.count);
        status = tileprop_train(&options, &sets[0], &sets[1], NULL, NULL, result, error->text, sizeof error->text);
    }
    const bool ended =
        status == TILEPROP_DIVERGED || (status == TILEPROP_OK && result->stopped_by != TILEPROP_STOP_PROGRESS);
    if (ended && keeps) {
        const tileprop_status written = write_history(&history, error);
        status = written == TILEPROP_OK ? status : written;
    }
    free(history.text);
    return status;
}

static struct tp_sweep_run keep(const tileprop_result *result, bool diverged, double seconds)
{
    struct tp_sweep_run run = {.done = true,
                               .stopped_by = diverged ? TILEPROP_STOP_DIVERGED : (int)result->stopped_by,
                               .steps = result->steps,
                               .epochs = result->epochs,
                               .train_loss = result->train_loss,
                               .train_accuracy = result->train_accuracy,
                               .validation_loss = result->validation_loss,
                               .validation_accuracy = result->validation_accuracy,
                               .best_validation_loss = result->best_validation_loss,
                               .best_validation_accuracy = result->best_validation_accuracy,
                               .seconds = seconds,
                               .weights_hash = result->weights_hash};
    if (diverged)
        run.train_loss = run.train_accuracy = run.validation_loss = run.validation_accuracy = NAN;
    return run;
}

/* --- The file of runs -------------------------------------------------------------------------------------------- */

static const char *stop_name(int stopped_by)
{
    return tileprop_stop_name((tileprop_stop)stopped_by);
}

static void hash_bytes(const void *bytes, size_t size, FILE *out)
{
    fprintf(out, "%016" PRIx64 "\n", bytes ? XXH3_64bits(bytes, size) : 0);
}

/* All of a data set that a run depends on. */
static void hash_set(const struct tp_dataset *set, FILE *out)
{
    const bool sparse = set->type == TILEPROP_CSR;
    if (!set->count)
        return;
    hash_bytes(set->samples, tp_dataset_bytes(set), out);
    hash_bytes(set->labels, set->count * sizeof *set->labels, out);
    hash_bytes(set->sample_weights, set->count * sizeof *set->sample_weights, out);
    hash_bytes(set->offset, set->features * sizeof *set->offset, out);
    hash_bytes(set->indptr, (set->count + 1) * sizeof *set->indptr, out);
    hash_bytes(set->indices, sparse ? tp_dataset_entries(set) * sizeof *set->indices : 0, out);
}

/* Options of a run of a configuration, in full. */
static tileprop_status hash_training(const struct tp_train_command *command, FILE *out, struct tp_error *error)
{
    char *text = NULL;
    size_t size = 0;
    FILE *in_memory = open_memstream(&text, &size);
    if (!in_memory)
        return tp_fail_memory(error, "--runs", "the options as text");
    tp_train_command_write_training(command, in_memory);
    const bool good = fclose(in_memory) == 0;
    if (good)
        hash_bytes(text, size, out);
    free(text);
    return good ? TILEPROP_OK : tp_fail_memory(error, "--runs", "the options as text");
}

static tileprop_status hash_all(const struct tp_sweep *sweep, FILE *out, struct tp_error *error)
{
    const struct tp_sweep_command *command = sweep->command;
    const char *class_weight = command->train.class_weight;
    float *weights = NULL;
    tileprop_status status =
        class_weight ? tp_class_weights_make(class_weight, &sweep->data.train, &weights, error) : TILEPROP_OK;
    fprintf(out, "%s %zu %zu\n", tileprop_version(), sweep->repeats, command->folds);
    for (size_t c = 0; c < command->grid.count && status == TILEPROP_OK; c++)
        status = hash_training(&command->configurations[c], out, error);
    hash_set(&sweep->data.train, out);
    hash_set(&sweep->data.validation, out);
    hash_bytes(weights, sweep->data.train.classes * sizeof *weights, out);
    free(weights);
    return status;
}

/* Which sweep the runs are of: its configurations and data. */
static tileprop_status find_key(const struct tp_sweep *sweep, char *key, size_t size, struct tp_error *error)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    if (!out)
        return tp_fail_memory(error, "--runs", "the options as text");
    tileprop_status status = hash_all(sweep, out, error);
    if (fclose(out) != 0 && status == TILEPROP_OK)
        status = tp_fail_memory(error, "--runs", "the options as text");
    if (status == TILEPROP_OK)
        snprintf(key, size, "# runs of the sweep %016" PRIx64 "\n", XXH3_64bits(text, length));
    free(text);
    return status;
}

static void write_header(const struct tp_sweep *sweep, const char *key, FILE *out)
{
    fprintf(out,
            "%srun,%s,stopped_by,steps,epochs,train_loss,train_accuracy,validation_loss,validation_accuracy,"
            "best_validation_loss,best_validation_accuracy,seconds,weights",
            key, sweep->command->folds ? "fold" : "seed");
    for (size_t i = 0; i < sweep->command->grid.varied_count; i++)
        fprintf(out, ",%s", sweep->command->grid.varied[i].name);
    putc('\n', out);
}

static void write_run(const struct tp_sweep *sweep, size_t index, FILE *out)
{
    const struct tp_sweep_run *run = &sweep->runs[index];
    const struct tp_grid *grid = &sweep->command->grid;
    const size_t repeat = index % sweep->repeats;
    fprintf(out, "%zu,%" PRIu64 ",%s,%zu,%zu,%.17g,%.17g,%.17g,%.17g,%.17g,%.17g,%.3f,%016" PRIx64, index,
            sweep->command->folds ? (uint64_t)repeat : tp_sweep_seed(sweep->command, repeat),
            stop_name(run->stopped_by), run->steps, run->epochs, run->train_loss, run->train_accuracy,
            run->validation_loss, run->validation_accuracy, run->best_validation_loss, run->best_validation_accuracy,
            run->seconds, run->weights_hash);
    for (size_t i = 0; i < grid->varied_count; i++) {
        const char *value = tp_grid_text(grid, index / sweep->repeats, i);
        fprintf(out, strchr(value, ',') ? ",\"%s\"" : ",%s", value);
    }
    putc('\n', out);
}

/* Takes a run from a whole line of the file; false if it is none. */
static bool read_run(struct tp_sweep *sweep, const char *line)
{
    struct tp_sweep_run run = {.done = true};
    size_t index;
    char stopped[32];
    const int found =
        sscanf(line, "%zu,%*u,%31[^,],%zu,%zu,%lf,%lf,%lf,%lf,%lf,%lf,%lf,%" SCNx64, &index, stopped, &run.steps,
               &run.epochs, &run.train_loss, &run.train_accuracy, &run.validation_loss, &run.validation_accuracy,
               &run.best_validation_loss, &run.best_validation_accuracy, &run.seconds, &run.weights_hash);
    for (run.stopped_by = 0; run.stopped_by < TILEPROP_STOP_DIVERGED; run.stopped_by++)
        if (strcmp(stop_name(run.stopped_by), stopped) == 0)
            break;
    if (found != 12 || index >= sweep->count || sweep->runs[index].done)
        return false;
    sweep->runs[index] = run;
    sweep->before++;
    return true;
}

/* Reads what is there of the same sweep; a line that was not written to its end is none. */
static tileprop_status read_runs(struct tp_sweep *sweep, const char *key, struct tp_error *error)
{
    const char *path = sweep->command->runs;
    FILE *in = fopen(path, "re");
    if (!in && errno == ENOENT)
        return TILEPROP_OK;
    if (!in)
        return tp_fail(error, TILEPROP_FAILURE, "--runs: %s: %s", path, strerror(errno));
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length = getline(&line, &capacity, in);
    bool same = length <= 0 || strcmp(line, key) == 0;
    for (size_t number = 2; same && (length = getline(&line, &capacity, in)) > 0; number++)
        same = number == 2 || line[length - 1] != '\n' || read_run(sweep, line);
    free(line);
    fclose(in);
    return same ? TILEPROP_OK
                : tp_fail(error, TILEPROP_USAGE,
                          "--runs: %s: no runs of a sweep with the same options and data found, "
                          "expected none or those; remove it or name another file",
                          path);
}

/* Writes what is known, whole, and opens the file to add what follows. */
static tileprop_status open_log(struct pool *pool, struct tp_error *error)
{
    struct tp_sweep *sweep = pool->sweep;
    const char *path = sweep->command->runs;
    char key[64];
    struct tp_safe_file file = {0};
    if (!path)
        return TILEPROP_OK;
    tileprop_status status = find_key(sweep, key, sizeof key, error);
    if (status == TILEPROP_OK)
        status = tp_safe_file_open(&file, "--runs", path, error);
    if (status != TILEPROP_OK)
        return status;
    write_header(sweep, key, file.file);
    for (size_t i = 0; i < sweep->count; i++)
        if (sweep->runs[i].done)
            write_run(sweep, i, file.file);
    status = tp_safe_file_commit(&file, error);
    if (status == TILEPROP_OK && !(pool->log = fopen(path, "ae")))
        status = tp_fail(error, TILEPROP_FAILURE, "--runs: %s: %s", path, strerror(errno));
    return status;
}

/* --- Workers ------------------------------------------------------------------------------------------------------ */

/* All configurations, before the first run. */
static tileprop_status check_all(const struct tp_sweep *sweep, const struct tp_train_data *data, struct tp_error *error)
{
    struct tp_error why, where;
    for (size_t c = 0; c < sweep->command->grid.count; c++) {
        const tileprop_status status =
            tileprop_options_check(&sweep->command->configurations[c].options, tp_train_data_type(data),
                                   data->train.count, why.text, sizeof why.text);
        if (status == TILEPROP_OK)
            continue;
        tp_sweep_command_describe(sweep->command, c, &where);
        return tp_fail(error, status, "%s%s", where.text, why.text);
    }
    return TILEPROP_OK;
}

/* Under the mutex: the next run, and its data; false: there is none, or an error or a signal came. */
static bool take(struct pool *pool, size_t *index)
{
    struct tp_sweep *sweep = pool->sweep;
    const size_t configurations = sweep->count / sweep->repeats;
    for (; pool->next < sweep->count; pool->next++) { /* all configurations of a seed, then the next one's */
        const size_t repeat = pool->next / configurations;
        *index = pool->next % configurations * sweep->repeats + repeat;
        if (pool->status != TILEPROP_OK || tp_program_stopped())
            return false;
        if (sweep->runs[*index].done)
            continue;
        struct part *part = &pool->parts[repeat];
        if (!part->ready)
            pool->status = prepare(sweep, repeat, &part->data, NULL, pool->error);
        part->ready = true;
        pool->next++;
        pool->running += pool->status == TILEPROP_OK;
        return pool->status == TILEPROP_OK;
    }
    return false;
}

/* Under the mutex. */
static void give(struct pool *pool, size_t index, tileprop_status status, const tileprop_result *result, double seconds,
                 const struct tp_error *why)
{
    struct tp_sweep *sweep = pool->sweep;
    struct part *part = &pool->parts[index % sweep->repeats];
    pool->running--;
    if (--part->left == 0)
        tp_train_data_free(&part->data);
    if (status != TILEPROP_OK && status != TILEPROP_DIVERGED) {
        struct tp_error where;
        tp_sweep_command_describe(sweep->command, index / sweep->repeats, &where);
        if (pool->status == TILEPROP_OK)
            pool->status = tp_fail(pool->error, status, "%s%s", where.text, why->text);
        return;
    }
    if (status == TILEPROP_OK && result->stopped_by == TILEPROP_STOP_PROGRESS)
        return;
    sweep->runs[index] = keep(result, status == TILEPROP_DIVERGED, seconds);
    sweep->done++;
    if (!pool->log)
        return;
    write_run(sweep, index, pool->log);
    if ((fflush(pool->log) != 0 || fdatasync(fileno(pool->log)) != 0) && pool->status == TILEPROP_OK)
        pool->status = tp_fail(pool->error, TILEPROP_FAILURE, "--runs: %s: %s", sweep->command->runs, strerror(errno));
}

static void *work(void *context)
{
    struct pool *pool = context;
    struct tp_sweep *sweep = pool->sweep;
    size_t index;
    pthread_mutex_lock(&pool->mutex);
    while (take(pool, &index)) {
        const size_t repeat = index % sweep->repeats;
        tileprop_result result;
        struct tp_error why = {""};
        if (sweep->progress)
            sweep->progress(sweep, pool->running);
        pthread_mutex_unlock(&pool->mutex);
        const double began = tp_clock_seconds();
        const tileprop_status status = train(sweep, &pool->parts[repeat].data, index, false, &result, &why);
        const double seconds = tp_clock_seconds() - began;
        pthread_mutex_lock(&pool->mutex);
        give(pool, index, status, &result, seconds, &why);
        if (sweep->progress)
            sweep->progress(sweep, pool->running);
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

/* Takes runs without a history for runs that are not done. */
static void forget_runs(struct tp_sweep *sweep)
{
    char path[PATH_MAX];
    for (size_t i = 0; i < sweep->count; i++) {
        snprintf(path, sizeof path, "%s/%zu.csv", sweep->command->histories, i);
        if (sweep->runs[i].done && access(path, F_OK) != 0) {
            sweep->runs[i].done = false;
            sweep->before--;
        }
    }
}

static tileprop_status make_folder(const char *path, struct tp_error *error)
{
    struct stat info;
    const bool there = (mkdir(path, 0777) == 0 || errno == EEXIST) && stat(path, &info) == 0 && access(path, W_OK) == 0;
    if (there && S_ISDIR(info.st_mode))
        return TILEPROP_OK;
    return tp_fail(error, TILEPROP_FAILURE, "--histories: %s: %s", path, strerror(there ? ENOTDIR : errno));
}

tileprop_status tp_sweep_begin(struct tp_sweep *sweep, const struct tp_sweep_command *command, struct tp_error *error)
{
    char key[64];
    *sweep = (struct tp_sweep){.command = command, .repeats = command->folds ? command->folds : command->seeds};
    tileprop_status status = tp_train_data_read(&sweep->data, &command->train, NULL, NULL, error);
    if (status == TILEPROP_OK && command->folds && sweep->data.rows == 0)
        status = tp_fail(error, TILEPROP_USAGE, "--folds: expected with --data FILE only, found with a directory");
    if (status == TILEPROP_OK)
        status = tp_train_data_hold_out(&sweep->data, &command->train, error);
    if (status == TILEPROP_OK && command->folds > sweep->data.train.count)
        status = tp_fail(error, TILEPROP_USAGE, "--folds: %zu found, expected at most %zu, the number of rows",
                         command->folds, sweep->data.train.count);
    sweep->count = command->grid.count * sweep->repeats;
    sweep->runs = calloc(sweep->count, sizeof *sweep->runs);
    if (status == TILEPROP_OK && !sweep->runs)
        status = tp_fail_memory(error, NULL, "the runs");
    if (status == TILEPROP_OK && command->runs)
        status = find_key(sweep, key, sizeof key, error);
    if (status == TILEPROP_OK && command->runs)
        status = read_runs(sweep, key, error);
    if (status == TILEPROP_OK && command->histories)
        forget_runs(sweep);
    sweep->done = sweep->before;
    const size_t left = sweep->count - sweep->done, threads = tileprop_threads(command->train.options.threads);
    sweep->workers = left < threads ? left : threads;
    sweep->threads = sweep->workers ? threads / sweep->workers : 1;
    return status;
}

/* Splits the data for the first run, and checks all configurations, before anything is written. */
static tileprop_status prepare_first(struct pool *pool, struct tp_error *error)
{
    struct tp_sweep *sweep = pool->sweep;
    size_t first = 0;
    while (first < sweep->count && sweep->runs[first].done)
        first++;
    if (first == sweep->count)
        return TILEPROP_OK;
    struct part *part = &pool->parts[first % sweep->repeats];
    part->ready = true;
    const tileprop_status status = prepare(sweep, first % sweep->repeats, &part->data, NULL, error);
    return status == TILEPROP_OK ? check_all(sweep, &part->data, error) : status;
}

tileprop_status tp_sweep_run(struct tp_sweep *sweep, struct tp_error *error)
{
    struct pool pool = {.sweep = sweep, .mutex = PTHREAD_MUTEX_INITIALIZER, .error = error};
    pthread_t *workers = calloc(sweep->workers + 1, sizeof *workers);
    pool.parts = calloc(sweep->repeats, sizeof *pool.parts);
    if (!workers || !pool.parts)
        pool.status = tp_fail_memory(error, NULL, "the workers");
    for (size_t i = 0; pool.parts && i < sweep->count; i++)
        pool.parts[i % sweep->repeats].left += !sweep->runs[i].done;
    if (pool.status == TILEPROP_OK)
        pool.status = prepare_first(&pool, error);
    if (pool.status == TILEPROP_OK && sweep->command->histories)
        pool.status = make_folder(sweep->command->histories, error);
    if (pool.status == TILEPROP_OK)
        pool.status = open_log(&pool, error);
    sweep->began = tp_clock_seconds();
    const bool good = pool.status == TILEPROP_OK; /* which workers change from now on */
    size_t started = 0;
    while (good && started + 1 < sweep->workers && pthread_create(&workers[started], NULL, work, &pool) == 0)
        started++; /* without more threads fewer do */
    if (good)
        work(&pool);
    for (size_t i = 0; i < started; i++)
        pthread_join(workers[i], NULL);
    for (size_t r = 0; pool.parts && r < sweep->repeats; r++)
        if (pool.parts[r].ready && pool.parts[r].left)
            tp_train_data_free(&pool.parts[r].data);
    if (pool.log && fclose(pool.log) != 0 && pool.status == TILEPROP_OK)
        pool.status = tp_fail(error, TILEPROP_FAILURE, "--runs: %s: %s", sweep->command->runs, strerror(errno));
    free(pool.parts);
    free(workers);
    return pool.status;
}

tileprop_status tp_sweep_test(const struct tp_sweep *sweep, size_t configuration, tileprop_result *result,
                              struct tp_error *error)
{
    struct tp_train_data data;
    tileprop_status status = prepare(sweep, 0, &data, &sweep->data.test, error);
    if (status == TILEPROP_OK)
        status = train(sweep, &data, configuration * sweep->repeats, true, result, error);
    tp_train_data_free(&data);
    return status;
}

void tp_sweep_free(struct tp_sweep *sweep)
{
    tp_train_data_free(&sweep->data);
    free(sweep->runs);
}
