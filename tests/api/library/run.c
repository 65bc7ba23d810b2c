/*
 * Training through the library, in the common subset of C11 and C++17:
 *
 *     run PICTURES LABELS FOLDER     trains, interrupts and resumes, prints the weights' hash
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tileprop/run.h>

#include "../../parts.h"

#define ROWS     60000
#define FEATURES 784
#define TESTED   1000
#define HIDDEN   16
#define NOTES    "what the caller wants to find again"

static unsigned char pictures[ROWS * FEATURES], labels[ROWS];
static char message[256], path[4096];

/* What callbacks saw, and what they should do. */
struct seen {
    size_t started, stepped, evaluated, written;
    size_t interrupt_at; /* after as many steps; 0: never */
    int full;            /* checkpoints go where there is no room */
    tileprop_run run;
    tileprop_status status; /* of the last checkpoint */
    int failed;             /* and its stream's ferror */
    size_t plan_length;
    double norm;
};

static void expect(int good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "run: %s: %s\n", what, message);
    exit(1);
}

static void read_file(const char *name, size_t head, unsigned char *bytes, size_t count)
{
    FILE *file = fopen(name, "rb");
    expect(file && fseek(file, (long)head, SEEK_SET) == 0 && fread(bytes, 1, count, file) == count, name);
    fclose(file);
}

static void on_started(void *context, const tileprop_run *run)
{
    struct seen *seen = (struct seen *)context;
    seen->started++;
    seen->run = *run;
    seen->plan_length = strlen(run->plan);
}

static int on_progress(void *context, const tileprop_progress *progress)
{
    struct seen *seen = (struct seen *)context;
    seen->evaluated += progress->evaluated != 0;
    seen->stepped += progress->evaluated == 0;
    if (progress->evaluated && progress->gradient_norms)
        seen->norm = progress->gradient_norms[1];
    return 0;
}

static int on_interrupted(void *context)
{
    struct seen *seen = (struct seen *)context;
    return seen->interrupt_at && seen->stepped == seen->interrupt_at;
}

static void on_checkpoint(void *context, const tileprop_training_state *moment)
{
    struct seen *seen = (struct seen *)context;
    FILE *file = fopen(seen->full ? "/dev/full" : path, "wb");
    expect(file != NULL, path);
    setbuf(file, NULL);
    seen->status = tileprop_checkpoint_write(moment, file, NOTES, sizeof NOTES, message, sizeof message);
    seen->failed = ferror(file);
    seen->written++;
    fclose(file);
}

static int each_hundredth(void *context, size_t step)
{
    (void)context;
    return step % 100 == 99;
}

static tileprop_data data_of(size_t begin, size_t rows)
{
    tileprop_data data;
    memset(&data, 0, sizeof data);
    data.size = sizeof data;
    data.samples = pictures + begin * FEATURES;
    data.type = TILEPROP_U8;
    data.labels = labels + begin;
    data.label_type = TILEPROP_U8;
    data.rows = rows;
    data.features = FEATURES;
    data.classes = 10;
    return data;
}

static tileprop_options options_of(tileprop_run_options *run, struct seen *seen)
{
    tileprop_options options;
    tileprop_options_init(&options, sizeof options);
    memset(run, 0, sizeof *run);
    memset(seen, 0, sizeof *seen);
    options.hidden_count = 1;
    options.hidden[0] = HIDDEN;
    options.epochs = 1;
    options.optimizer = TILEPROP_ADAM;
    options.threads = 2;
    options.progress = on_progress;
    options.context = run->context = seen;
    options.run = run;
    run->size = sizeof *run;
    run->started = on_started;
    run->interrupted = on_interrupted;
    run->checkpoint = on_checkpoint;
    run->text = "lr = 1\n";
    return options;
}

static void same_files(const tileprop_model *a, const tileprop_model *b, const char *what)
{
    void *bytes[2];
    size_t counts[2];
    expect(!tileprop_model_save_memory(a, &bytes[0], &counts[0], message, sizeof message), what);
    expect(!tileprop_model_save_memory(b, &bytes[1], &counts[1], message, sizeof message), what);
    expect(counts[0] == counts[1] && memcmp(bytes[0], bytes[1], counts[0]) == 0, what);
    free(bytes[0]);
    free(bytes[1]);
}

static void check_facts(const struct seen *seen, const tileprop_result *result, const tileprop_time *times,
                        const tileprop_model *last)
{
    const tileprop_run *run = &seen->run;
    double seconds = 0;
    expect(seen->started == 1 && run->layers == 2 && run->inputs == FEATURES && run->classes == 10, "facts");
    expect(run->parameters == 785 * HIDDEN + HIDDEN * 10 && run->batch == 32 && seen->plan_length > 0, "facts");
    expect(run->steps_planned == result->steps && run->steps_before == 0, "steps");
    expect(run->threads >= run->threads_of_steps && run->threads_of_steps >= 1, "threads");
    const double multiplied = run->skips ? 1 - run->zeros : 1, first = 64.0 * 785 * HIDDEN, output = 64.0 * HIDDEN * 10;
    expect(run->zeros > 0 && run->zeros < 1, "zeros");
    expect(run->flops_per_step == 2 * multiplied * first + 3 * output, "operations");
    expect(strcmp(run->isa, result->isa) == 0 && run->learning_rate == 0.001, "facts");
    expect(seen->evaluated > 0 && seen->norm > 0, "norms of gradients");
    for (size_t i = 0; i < TILEPROP_VERBS * run->layers; i++)
        seconds += times[i].seconds + times[i].waited;
    expect(times[TILEPROP_FORWARD * 2].seconds > 0 && seconds <= 1.01 * result->seconds_training, "times");
    expect(strcmp(tileprop_model_text(last, "options"), "lr = 1\n") == 0, "text");
    expect(strcmp(tileprop_stop_name(result->stopped_by), "epochs") == 0, "stop");
}

/* The test set's figures are those of the last model. */
static void check_test(const tileprop_model *last, const tileprop_data *test, const tileprop_result *result)
{
    static uint16_t classes[TESTED];
    const tileprop_outputs outputs = {sizeof outputs, NULL, NULL, NULL, classes};
    size_t right = 0;
    expect(!tileprop_evaluate(last, test, 1, &outputs, message, sizeof message), "evaluating");
    for (size_t i = 0; i < TESTED; i++)
        right += classes[i] == ((const unsigned char *)test->labels)[i];
    expect(result->test_accuracy == (double)right / TESTED && result->test_loss > 0, "test set");
}

/* Saving to a stream writes the same bytes, and a full stream is an error. */
static void check_stream(const tileprop_model *model)
{
    void *bytes;
    size_t count;
    static char found[1 << 20];
    FILE *file = tmpfile(), *full = fopen("/dev/full", "wb");
    expect(file && full, "streams");
    expect(!tileprop_model_save_memory(model, &bytes, &count, message, sizeof message), "saving");
    expect(!tileprop_model_write(model, file, message, sizeof message) && !ferror(file), "a stream");
    rewind(file);
    expect(fread(found, 1, sizeof found, file) == count && memcmp(found, bytes, count) == 0, "a stream's bytes");
    setbuf(full, NULL);
    errno = 0;
    expect(!tileprop_model_write(model, full, message, sizeof message) && ferror(full) && errno == ENOSPC,
           "a stream that is full");
    fclose(full);
    fclose(file);
    free(bytes);
}

static void check_settled(void)
{
    tileprop_options options;
    tileprop_options_init(&options, sizeof options);
    options.optimizer = TILEPROP_MOMENTUM;
    tileprop_options_resolve(&options, TILEPROP_U8, 1000);
    expect(options.normalize == TILEPROP_NORMALIZE_GLOBAL && options.bias == TILEPROP_BIAS_INPUT &&
               options.drop_last == 1 && options.epochs == 10 && options.learning_rate == 0.02 &&
               options.init == TILEPROP_INIT_FAN_IN,
           "what pictures want");
    tileprop_options_init(&options, sizeof options);
    tileprop_options_resolve(&options, TILEPROP_F32, 100);
    expect(options.normalize == TILEPROP_NORMALIZE_FEATURE && options.bias == TILEPROP_BIAS_ALL &&
               options.drop_last == 0 && options.epochs == 500,
           "what measurements want");
}

static void check_names(void)
{
    static const char *const verbs[TILEPROP_VERBS] = {"pack", "forward", "loss", "backward", "update", "exchange"};
    for (int v = 0; v < TILEPROP_VERBS; v++)
        expect(strcmp(tileprop_verb_name(v), verbs[v]) == 0, verbs[v]);
}

/* Overwrites the first place of a text with another one of its length. */
static void overwrite(char *bytes, size_t count, const char *known, const char *other)
{
    const size_t length = strlen(known);
    size_t at = 0;
    while (at + length <= count && memcmp(bytes + at, known, length) != 0)
        at++;
    expect(at + length <= count, known);
    memcpy(bytes + at, other, length);
}

/* The checkpoint as one that a version wrote which computes other bits; its checksum goes by another name. */
static tileprop_checkpoint *from_another_version(void)
{
    static char bytes[1 << 20];
    tileprop_checkpoint *checkpoint;
    FILE *file = fopen(path, "r+b");
    expect(file != NULL, path);
    const size_t count = fread(bytes, 1, sizeof bytes, file);
    overwrite(bytes, count, "\"numerics_version\":\"3\"", "\"numerics_version\":\"1\"");
    overwrite(bytes, count, "\"tileprop_checksum\"", "\"former_checksum__\"");
    rewind(file);
    expect(fwrite(bytes, 1, count, file) == count && fclose(file) == 0, path);
    expect(!tileprop_checkpoint_load(&checkpoint, path, message, sizeof message), "loading");
    return checkpoint;
}

/* The options are those of a run that can be resumed there. */
static void check_inexact(const tileprop_options *given, const tileprop_run_options *more, const tileprop_data *data,
                          uint64_t hash)
{
    tileprop_options options = *given;
    tileprop_run_options run = *more;
    tileprop_checkpoint *checkpoint = from_another_version();
    tileprop_result result;
    memset(&result, 0, sizeof result);
    result.size = sizeof result;
    run.resume = checkpoint;
    options.run = &run;
    expect(tileprop_train_split(&options, data, 0.1, NULL, NULL, &result, message, sizeof message) ==
                   TILEPROP_BAD_INPUT &&
               has_parts(message, "numerics_version: ... 3, found 1"),
           "another version's checkpoint");
    run.resume_inexact = 1;
    expect(!tileprop_train_split(&options, data, 0.1, NULL, NULL, &result, message, sizeof message) &&
               result.weights_hash == hash,
           "another version's checkpoint, inexactly");
    tileprop_checkpoint_free(checkpoint);
}

int main(int argc, char **argv)
{
    static tileprop_time times[TILEPROP_VERBS * 2];
    tileprop_run_options run;
    struct seen seen;
    tileprop_model *last, *best, *last_again, *best_again;
    tileprop_checkpoint *checkpoint;
    tileprop_result result, again;
    size_t size;
    if (argc != 4)
        return 2;
    read_file(argv[1], 16, pictures, sizeof pictures);
    read_file(argv[2], 8, labels, sizeof labels);
    memset(&result, 0, sizeof result);
    result.size = sizeof result;
    again = result;
    check_settled();
    check_names();

    const tileprop_data test = data_of(0, TESTED), data = data_of(TESTED, ROWS - TESTED),
                        other = data_of(TESTED + 1, ROWS - TESTED - 1);
    tileprop_options options = options_of(&run, &seen);
    snprintf(path, sizeof path, "%s/ended", argv[3]);
    run.test = &test;
    run.times = times;
    options.log_gradients = 1;
    expect(!tileprop_train_split(&options, &data, 0.1, &last, &best, &result, message, sizeof message), "training");
    check_facts(&seen, &result, times, last);
    check_test(last, &test, &result);
    check_stream(last);
    expect(seen.written == 1 && seen.status == TILEPROP_OK, "the checkpoint at the end");

    options = options_of(&run, &seen);
    snprintf(path, sizeof path, "%s/interrupted", argv[3]);
    run.test = &test;
    run.checkpoint_due = each_hundredth;
    seen.interrupt_at = 251;
    expect(!tileprop_train_split(&options, &data, 0.1, &last_again, &best_again, &again, message, sizeof message),
           "training");
    expect(again.stopped_by == TILEPROP_STOP_PROGRESS && again.steps == 251, "the interruption");
    expect(seen.written == 3, "checkpoints");
    expect(seen.started == 1 && seen.plan_length == 0, "a plan that nobody wants");
    tileprop_model_free(last_again);
    tileprop_model_free(best_again);

    expect(!tileprop_checkpoint_load(&checkpoint, path, message, sizeof message), "loading");
    const char *notes = (const char *)tileprop_checkpoint_attachment(checkpoint, &size);
    expect(notes && size == sizeof NOTES && memcmp(notes, NOTES, size) == 0, "the attachment");
    expect(tileprop_checkpoint_has_best(checkpoint), "best weights");
    options = options_of(&run, &seen);
    run.test = &test;
    run.resume = checkpoint;
    run.checkpoint = NULL;
    expect(tileprop_train_split(&options, &other, 0.1, NULL, NULL, NULL, message, sizeof message) == TILEPROP_USAGE &&
               has_parts(message, "training set"),
           "other data");
    run.text = "lr = 2\n";
    expect(tileprop_train_split(&options, &data, 0.1, NULL, NULL, NULL, message, sizeof message) == TILEPROP_USAGE &&
               has_parts(message, "learning_rate: ... 1 ... found 2"),
           "another text");
    run.text = "lr = 1\n";
    options.hidden[0] = HIDDEN + 1;
    expect(tileprop_train_split(&options, &data, 0.1, NULL, NULL, NULL, message, sizeof message) == TILEPROP_BAD_INPUT,
           "another network");
    options.hidden[0] = HIDDEN;
    options.threads = 1;
    expect(!tileprop_train_split(&options, &data, 0.1, &last_again, &best_again, &again, message, sizeof message),
           "resuming");
    expect(seen.run.steps_before == 251 && again.steps == result.steps, "steps after resuming");
    expect(again.weights_hash == result.weights_hash && again.best_step == result.best_step, "the bits");
    same_files(last, last_again, "the last model");
    same_files(best, best_again, "the best model");
    check_inexact(&options, &run, &data, result.weights_hash);
    tileprop_checkpoint_free(checkpoint);

    options = options_of(&run, &seen);
    seen.full = 1;
    expect(!tileprop_train_split(&options, &test, 0.1, NULL, NULL, NULL, message, sizeof message), "training");
    expect(seen.written == 1 && seen.failed, "a full disk");
    options.init_from = path;
    options.initial_weights = last;
    expect(tileprop_train_split(&options, &data, 0.1, NULL, NULL, NULL, message, sizeof message) == TILEPROP_USAGE,
           "two kinds of initial weights");
    run.size--;
    expect(tileprop_train_split(&options, &data, 0.1, NULL, NULL, NULL, message, sizeof message) == TILEPROP_USAGE,
           "another size");
    expect(!tileprop_model_save(last, path, message, sizeof message), "saving");
    expect(tileprop_checkpoint_load(&checkpoint, path, message, sizeof message) == TILEPROP_BAD_INPUT && !checkpoint,
           "a model is no checkpoint");
    expect(tileprop_peak("avx3", 1) == 0 && tileprop_peak("reference", 1) == 0, "no peak");
    printf("%016llx\n", (unsigned long long)result.weights_hash);
    tileprop_model_free(last);
    tileprop_model_free(best);
    tileprop_model_free(last_again);
    tileprop_model_free(best_again);
    return 0;
}
