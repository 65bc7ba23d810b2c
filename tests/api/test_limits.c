/* Limits of the system: memory, threads, files (host.h). */
#include "tests/api/host.h"
#include "tests/scratch.h"

#define LARGE ((size_t)1 << 18) /* rows whose copy takes 4 MiB */

static const double doubles[LARGE * FEATURES];
static const int64_t large_labels[LARGE];
static void *folder;
static char *path; /* in it, of a model */

static void use_all(const void *context)
{
    (void)context;
    tileprop_options options = options_of();
    const tileprop_data data = data_of();
    const size_t units = CLASSES;
    const tileprop_model_parts parts = {.size = sizeof parts, .features = FEATURES, .layers = 1, .units = &units};
    tileprop_model *made;
    tileprop_checkpoint *checkpoint;
    void *bytes;
    size_t count;
    options.threads_exact = 4;
    judge("train", train(&options, &data));
    judge("check_gradients", check_gradients(&options, &data));
    judge("evaluate", evaluate(&data, 4));
    judge("evaluate", evaluate(&data, 0));
    const tileprop_data copied = {.size = sizeof copied,
                                  .samples = doubles,
                                  .type = TILEPROP_F64,
                                  .labels = large_labels,
                                  .label_type = TILEPROP_I64,
                                  .rows = LARGE,
                                  .features = FEATURES};
    judge("train on a copy", train(&options, &copied));
    judge("check the gradients of a copy", check_gradients(&options, &copied));
    const tileprop_outputs none = {.size = sizeof none};
    judge("evaluate a copy", tileprop_evaluate(model, &copied, 1, &none, message, sizeof message));
    judge("create", tileprop_model_create(&made, &parts, message, sizeof message));
    tileprop_model_free(made);
    judge("use_isa", tileprop_model_use_isa(model, "auto", message, sizeof message));
    judge("save", tileprop_model_save(model, path, message, sizeof message));
    judge("load", tileprop_model_load(&made, path, message, sizeof message));
    tileprop_model_free(made);
    judge("checkpoint_load", tileprop_checkpoint_load(&checkpoint, path, message, sizeof message));
    tileprop_checkpoint_free(checkpoint);
    judge("save_memory", tileprop_model_save_memory(model, &bytes, &count, message, sizeof message));
    if (bytes) {
        judge("load_memory", tileprop_model_load_memory(&made, bytes, count, message, sizeof message));
        tileprop_model_free(made);
    }
    tileprop_free(bytes);
}

static void test_without_limits(void **state)
{
    (void)state;
    check("all", use_all, NULL);
}

static void test_memory(void **state)
{
    (void)state;
    unsigned long pages = 0;
    if (is_sanitized()) {
        print_message("# SKIP a sanitizer needs terabytes of addresses\n");
        skip();
    }
    FILE *file = fopen("/proc/self/statm", "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%lu", &pages), 1);
    fclose(file);
    for (rlim_t more = 0; more < 64; more += more < 12 ? 1 : 3)
        check_under("all", use_all, NULL,
                    (struct limit){RLIMIT_AS, pages * (rlim_t)sysconf(_SC_PAGESIZE) + (more << 20)});
}

static void train_on_four(const void *context)
{
    tileprop_options options = options_of();
    const tileprop_data data = data_of();
    (void)context;
    options.threads_exact = 4;
    must_be("train", train(&options, &data), TILEPROP_FAILURE);
    must_be("evaluate", evaluate(&data, 4), TILEPROP_FAILURE);
    must_be("evaluate", evaluate(&data, 1), TILEPROP_OK);
}

static void test_threads(void **state)
{
    (void)state;
    for (rlim_t most = 0; most < 5; most++)
        check_under("four threads", train_on_four, NULL, (struct limit){RLIMIT_NPROC, most < 3 ? most : 3});
    check_under("all", use_all, NULL, (struct limit){RLIMIT_NPROC, 2});
}

static void test_files(void **state)
{
    (void)state;
    for (rlim_t most = 0; most < 12; most++)
        check_under("all", use_all, NULL, (struct limit){RLIMIT_NOFILE, most});
}

static int begin(void **state)
{
    if (scratch_make(&folder))
        return 1;
    path = scratch_path(folder, "model");
    return prepare(state);
}

static int end(void **state)
{
    free(path);
    return scratch_remove(&folder) || clean(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_limits),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_files),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
