#include "cli/sweep_runs.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/safe_file.h"
#include "cli/history.h"
#include "cli/program.h"
#include "cli/ranks.h"
#include "cli/sweep_pool.h"
#include "cli/sweep_ranks.h"

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
    if (sweep->data.rows) /* already cut off */
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

static tileprop_status name_history(const struct tp_sweep *sweep, size_t run, char *path, struct tp_error *error)
{
    const int size = snprintf(path, PATH_MAX, "%s/%zu.csv", sweep->command->histories, run);
    return size < PATH_MAX ? TILEPROP_OK
                           : tp_fail(error, TILEPROP_USAGE, "--histories: %s: %s", path, strerror(ENAMETOOLONG));
}

static tileprop_status begin_history(const struct tp_sweep *sweep, const tileprop_options *options, size_t run,
                                     struct tp_history *history, char *path, struct tp_error *error)
{
    const tileprop_status status = name_history(sweep, run, path, error);
    if (status != TILEPROP_OK)
        return status;
    *history = (struct tp_history){.option = "--histories", .path = path};
    tp_history_choose(history, options);
    return tp_history_begin(history, NULL, 0, error);
}

void tp_sweep_write_history(const struct tp_sweep *sweep, size_t index, struct tp_sweep_outcome *outcome)
{
    char path[PATH_MAX];
    struct tp_history history = {.text = outcome->history, .size = outcome->history_size, .option = "--histories"};
    struct tp_safe_file file = {0};
    if (!history.text)
        return;
    tileprop_status status = name_history(sweep, index, path, &outcome->why);
    history.path = path;
    if (status == TILEPROP_OK)
        status = tp_safe_file_open(&file, history.option, path, &outcome->why);
    if (status == TILEPROP_OK)
        status = tp_history_write(&history, &file, &outcome->why);
    tp_safe_file_discard(&file);
    free(history.text);
    outcome->history = NULL;
    outcome->status = status == TILEPROP_OK ? outcome->status : status;
}

/* One run, with options of its configuration. test: also on the samples that --test-holdout keeps. history: NULL: not
 * wanted. */
static tileprop_status train(const struct tp_sweep *sweep, const struct tp_train_data *data, size_t index,
                             tileprop_options options, bool test, struct tp_history *history, tileprop_result *result,
                             struct tp_error *error)
{
    const struct tp_train_command *common = &sweep->command->train;
    const tileprop_data sets[] = {tp_train_data_of(&data->train, 0, data->train.count, common->data),
                                  tp_train_data_of(&data->validation, 0, data->validation.count, common->val_data),
                                  tp_train_data_of(&data->test, 0, data->test.count, NULL)};
    const tileprop_run_options run = {
        .size = sizeof run, .test = test && data->test.count ? &sets[2] : NULL, .interrupted = on_interrupted};
    char path[PATH_MAX];
    tileprop_status status = TILEPROP_OK;
    *result = (tileprop_result){.size = sizeof *result};
    options.isa = common->options.isa;
    options.seed = tp_sweep_seed(sweep->command, index % sweep->repeats);
    options.threads = test ? common->options.threads : sweep->threads; /* a test runs alone */
    options.threads_exact = options.threads == 1;
    options.bind = TILEPROP_BIND_NONE;
    options.numa = TILEPROP_NUMA_OFF;
    options.run = &run;
    if (history) {
        status = begin_history(sweep, &options, index, history, path, error);
        options.progress = on_progress;
        options.context = history;
    }
    if (status == TILEPROP_OK) {
        tileprop_options_resolve(&options, tp_train_data_type(data), data->train.count);
        status = tileprop_train(&options, &sets[0], &sets[1], NULL, NULL, result, error->text, sizeof error->text);
    }
    if (history && (status == TILEPROP_OK || status == TILEPROP_DIVERGED)) {
        tp_history_complete(history);
        const tileprop_status complete = tp_history_check(history, error);
        status = complete == TILEPROP_OK ? status : complete;
    }
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

void tp_sweep_train(struct tp_sweep_pool *pool, size_t index, const tileprop_options *options,
                    struct tp_sweep_outcome *outcome)
{
    const struct tp_sweep *sweep = pool->sweep;
    const double began = tp_clock_seconds();
    tileprop_result result;
    struct tp_history history = {0};
    *outcome = (struct tp_sweep_outcome){0};
    outcome->status = train(sweep, &pool->parts[index % sweep->repeats].data, index, *options, false,
                            sweep->command->histories ? &history : NULL, &result, &outcome->why);
    const bool diverged = outcome->status == TILEPROP_DIVERGED;
    outcome->stopped = outcome->status == TILEPROP_OK && result.stopped_by == TILEPROP_STOP_PROGRESS;
    if (!outcome->stopped && (outcome->status == TILEPROP_OK || diverged)) {
        outcome->run = keep(&result, diverged, tp_clock_seconds() - began);
        outcome->status = TILEPROP_OK;
        outcome->history = history.text;
        outcome->history_size = history.size;
    } else {
        free(history.text);
    }
}

/* --- The file of runs -------------------------------------------------------------------------------------------- */

static const char *stop_name(int stopped_by)
{
    return tileprop_stop_name((tileprop_stop)stopped_by);
}

/* Identifies the sweep by its configurations and data. */
static tileprop_status find_key(const struct tp_sweep *sweep, char *key, size_t size, struct tp_error *error)
{
    uint64_t hash;
    const tileprop_status status = tp_sweep_hash(sweep, sweep->command->grid.count, &hash, error);
    snprintf(key, size, "# runs of the sweep %016" PRIx64 "\n", hash);
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

/* Takes a run from a complete line of the file; false if it is not one. */
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

/* Reads the runs of an earlier start of the same sweep. An incomplete last line does not count. */
static tileprop_status read_runs(struct tp_sweep *sweep, const char *key, struct tp_error *error)
{
    const char *path = sweep->command->runs;
    struct stat info;
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode)) /* some have no end; open_log() refuses it */
        return TILEPROP_OK;
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
                          "--runs: %s: expected runs of a sweep with the same options and data, found none; remove it "
                          "or name another file",
                          path);
}

/* Writes the known runs, then opens the file to append. */
static tileprop_status open_log(struct tp_sweep_pool *pool, struct tp_error *error)
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

bool tp_sweep_pick(struct tp_sweep_pool *pool, size_t *index)
{
    struct tp_sweep *sweep = pool->sweep;
    const size_t configurations = sweep->count / sweep->repeats;
    for (; pool->next < sweep->count; pool->next++) { /* all configurations of a seed, then the next one's */
        *index = pool->next % configurations * sweep->repeats + pool->next / configurations;
        if (pool->status != TILEPROP_OK || tp_program_stopped())
            return false;
        if (sweep->runs[*index].done)
            continue;
        pool->next++;
        pool->running++;
        return true;
    }
    return false;
}

/* Runs come in the order of their parts: a part older than the newest is not needed again. */
static void free_old_parts(struct tp_sweep_pool *pool)
{
    for (size_t r = 0; r < pool->newest; r++) {
        struct tp_sweep_part *part = &pool->parts[r];
        if (part->ready && !part->users)
            tp_train_data_free(&part->data);
        part->ready &= part->users > 0;
    }
}

tileprop_status tp_sweep_open_part(struct tp_sweep_pool *pool, size_t repeat, struct tp_error *error)
{
    struct tp_sweep_part *part = &pool->parts[repeat];
    pool->newest = repeat > pool->newest ? repeat : pool->newest;
    part->users++;
    free_old_parts(pool);
    const bool ready = part->ready;
    part->ready = true;
    return ready ? TILEPROP_OK : prepare(pool->sweep, repeat, &part->data, NULL, error);
}

void tp_sweep_close_part(struct tp_sweep_pool *pool, size_t repeat)
{
    pool->parts[repeat].users--;
    free_old_parts(pool);
}

void tp_sweep_free_parts(struct tp_sweep_pool *pool)
{
    for (size_t r = 0; pool->parts && r < pool->sweep->repeats; r++)
        if (pool->parts[r].ready)
            tp_train_data_free(&pool->parts[r].data);
    free(pool->parts);
}

void tp_sweep_give(struct tp_sweep_pool *pool, size_t index, const struct tp_sweep_outcome *outcome)
{
    struct tp_sweep *sweep = pool->sweep;
    pool->running--;
    if (outcome->status != TILEPROP_OK) {
        struct tp_error where;
        tp_sweep_command_describe(sweep->command, index / sweep->repeats, &where);
        if (pool->status == TILEPROP_OK)
            pool->status = tp_fail(pool->error, outcome->status, "%s%s", where.text, outcome->why.text);
        return;
    }
    if (outcome->stopped)
        return;
    sweep->runs[index] = outcome->run;
    sweep->done++;
    if (!pool->log)
        return;
    write_run(sweep, index, pool->log);
    if ((fflush(pool->log) != 0 || fdatasync(fileno(pool->log)) != 0) && pool->status == TILEPROP_OK)
        pool->status = tp_fail(pool->error, TILEPROP_FAILURE, "--runs: %s: %s", sweep->command->runs, strerror(errno));
}

static void *work(void *context)
{
    struct tp_sweep_pool *pool = context;
    struct tp_sweep *sweep = pool->sweep;
    size_t index;
    pthread_mutex_lock(&pool->mutex);
    while (tp_sweep_pick(pool, &index)) {
        struct tp_sweep_outcome outcome;
        const size_t repeat = index % sweep->repeats;
        const tileprop_status status = tp_sweep_open_part(pool, repeat, pool->error);
        if (status != TILEPROP_OK) {
            pool->status = status;
            break;
        }
        if (sweep->progress)
            sweep->progress(sweep, pool->running);
        pthread_mutex_unlock(&pool->mutex);
        tp_sweep_train(pool, index, &sweep->command->configurations[index / sweep->repeats].options, &outcome);
        tp_sweep_write_history(sweep, index, &outcome);
        pthread_mutex_lock(&pool->mutex);
        tp_sweep_close_part(pool, repeat);
        tp_sweep_give(pool, index, &outcome);
        if (sweep->progress)
            sweep->progress(sweep, pool->running);
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

void tp_sweep_work(struct tp_sweep_pool *pool, void *(*one)(void *pool))
{
    const size_t workers = pool->sweep->workers;
    pthread_t *threads = calloc(workers + 1, sizeof *threads);
    size_t started = 0; /* without more threads fewer do */
    while (threads && started + 1 < workers && pthread_create(&threads[started], NULL, one, pool) == 0)
        started++;
    one(pool);
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    free(threads);
}

/* Runs without a history count as not done. */
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

tileprop_status tp_sweep_begin(struct tp_sweep *sweep, const struct tp_sweep_command *command,
                               const tileprop_ranks *ranks, struct tp_error *error)
{
    char key[64];
    *sweep = (struct tp_sweep){
        .command = command, .ranks = ranks, .repeats = command->folds ? command->folds : command->seeds};
    tileprop_status status = tp_train_data_read(&sweep->data, &command->train, NULL, NULL, error);
    if (status == TILEPROP_OK && command->folds && sweep->data.rows == 0)
        status = tp_fail(error, TILEPROP_USAGE, "--folds: valid only with --data FILE, found with a directory");
    if (status == TILEPROP_OK)
        status = tp_train_data_hold_out(&sweep->data, &command->train, error);
    if (status == TILEPROP_OK && command->folds > sweep->data.train.count)
        status = tp_fail(error, TILEPROP_USAGE, "--folds: expected at most %zu, the number of rows, found %zu",
                         sweep->data.train.count, command->folds);
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
    tp_sweep_divide(sweep, sweep->count - sweep->done);
    return status;
}

/* Splits the data for the first run, and checks all configurations, before anything is written. */
static tileprop_status prepare_first(struct tp_sweep_pool *pool, struct tp_error *error)
{
    struct tp_sweep *sweep = pool->sweep;
    size_t first = 0;
    while (first < sweep->count && sweep->runs[first].done)
        first++;
    if (first == sweep->count)
        return TILEPROP_OK;
    const size_t repeat = first % sweep->repeats;
    const tileprop_status status = tp_sweep_open_part(pool, repeat, error);
    pool->parts[repeat].users--;
    pool->newest = 0; /* it may not be that of the first run in order */
    return status == TILEPROP_OK ? check_all(sweep, &pool->parts[repeat].data, error) : status;
}

tileprop_status tp_sweep_run(struct tp_sweep *sweep, struct tp_error *error)
{
    struct tp_sweep_pool pool = {.sweep = sweep, .mutex = PTHREAD_MUTEX_INITIALIZER, .error = error};
    pool.parts = calloc(sweep->repeats, sizeof *pool.parts);
    if (!pool.parts)
        pool.status = tp_fail_memory(error, NULL, "the workers");
    if (pool.status == TILEPROP_OK)
        pool.status = prepare_first(&pool, error);
    if (pool.status == TILEPROP_OK && sweep->command->histories)
        pool.status = make_folder(sweep->command->histories, error);
    if (pool.status == TILEPROP_OK)
        pool.status = open_log(&pool, error);
    pool.status = tp_ranks_agree(sweep->ranks, pool.status, error);
    sweep->began = tp_clock_seconds();
    if (pool.status == TILEPROP_OK && sweep->ranks)
        tp_sweep_serve(&pool, work);
    else if (pool.status == TILEPROP_OK)
        tp_sweep_work(&pool, work);
    tp_sweep_free_parts(&pool);
    if (pool.log && fclose(pool.log) != 0 && pool.status == TILEPROP_OK)
        pool.status = tp_fail(error, TILEPROP_FAILURE, "--runs: %s: %s", sweep->command->runs, strerror(errno));
    return pool.status;
}

tileprop_status tp_sweep_test(const struct tp_sweep *sweep, size_t configuration, tileprop_result *result,
                              struct tp_error *error)
{
    struct tp_train_data data;
    tileprop_status status = prepare(sweep, 0, &data, &sweep->data.test, error);
    if (status == TILEPROP_OK)
        status = train(sweep, &data, configuration * sweep->repeats,
                       sweep->command->configurations[configuration].options, true, NULL, result, error);
    tp_train_data_free(&data);
    return status;
}

void tp_sweep_free(struct tp_sweep *sweep)
{
    tp_train_data_free(&sweep->data);
    free(sweep->runs);
}
