/* Extreme options, sizes and numbers (host.h). */
#include "tests/api/host.h"

#include <limits.h>
#include <math.h>

static const size_t sizes[] = {0,       1, 2, 8, 64, 4096, 4097, INT_MAX, SIZE_MAX / 16, SIZE_MAX / 2, SIZE_MAX - 15,
                               SIZE_MAX};
static const double reals[] = {0, 1, -1, 1e-320, 1e300, NAN, INFINITY, -INFINITY};
static const double doubles[ROWS * FEATURES];
#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Puts a value into the options. */
struct put {
    size_t offset, size;
    const void *value;
};

static void with_option(const void *context)
{
    const struct put *put = context;
    tileprop_options options = options_of();
    const tileprop_data data = data_of();
    memcpy((char *)&options + put->offset, put->value, put->size);
    judge("train", train(&options, &data));
    judge("check_gradients", check_gradients(&options, &data));
    tileprop_options_resolve(&options, TILEPROP_F32, SIZE_MAX);
    tileprop_options_resolve(&options, TILEPROP_U8, 0);
}

static void put_in(const char *name, size_t offset, const void *value, size_t size)
{
    const struct put put = {offset, size, value};
    check_under(name, with_option, &put, is_sanitized() ? no_limit : (struct limit){RLIMIT_AS, (rlim_t)4 << 30});
}

static void sweep_option(const tileprop_option *o)
{
    const size_t counts[] = {(size_t)o->least - 1, (size_t)o->least, (size_t)o->most, (size_t)o->most + 1};
    const double ends[] = {o->low, o->high, nextafter(o->low, -INFINITY), nextafter(o->high, INFINITY)};
    const int ints[] = {INT_MIN, -2, -1, 0, 1, 2, 77, INT_MAX};
    const char *const texts[] = {NULL, "", "blue", "/", "/nonexistent/model"};
    switch (o->kind) {
    case TILEPROP_OPTION_REAL:
        for (size_t i = 0; i < COUNT(reals); i++)
            put_in(o->name, o->offset, &reals[i], sizeof reals[i]);
        for (size_t i = 0; i < COUNT(ends); i++)
            put_in(o->name, o->offset, &ends[i], sizeof ends[i]);
        break;
    case TILEPROP_OPTION_SIZES:
        for (size_t i = 0; i < COUNT(sizes); i++)
            put_in(o->name, o->count_offset, &sizes[i], sizeof sizes[i]);
        /* fall through */
    case TILEPROP_OPTION_COUNT:
    case TILEPROP_OPTION_SEED:
        for (size_t i = 0; i < COUNT(sizes); i++)
            put_in(o->name, o->offset, &sizes[i], sizeof sizes[i]);
        for (size_t i = 0; i < COUNT(counts); i++) {
            if (is_sanitized() && o->kind == TILEPROP_OPTION_SIZES && i == 2)
                continue; /* a million units would take too long */
            put_in(o->name, o->offset, &counts[i], sizeof counts[i]);
        }
        break;
    case TILEPROP_OPTION_SWITCH:
    case TILEPROP_OPTION_CHOICE:
        for (size_t i = 0; i < COUNT(ints); i++)
            put_in(o->name, o->offset, &ints[i], sizeof ints[i]);
        break;
    default:
        for (size_t i = 0; i < COUNT(texts); i++)
            put_in(o->name, o->offset, &texts[i], sizeof texts[i]);
    }
}

static void test_every_option(void **state)
{
    const tileprop_option *option;
    (void)state;
    for (size_t i = 0; (option = tileprop_option_at(i)); i++)
        sweep_option(option);
    for (size_t i = 0; i < COUNT(sizes); i++)
        put_in("size", offsetof(tileprop_options, size), &sizes[i], sizeof sizes[i]);
}

static void set_texts(const void *context)
{
    static const char *const texts[] = {"", "0", "-1", "1e999", "nan", "18446744073709551615", "18446744073709551616",
                                        "x"};
    const tileprop_option *option;
    (void)context;
    for (size_t i = 0; (option = tileprop_option_at(i)); i++)
        for (size_t t = 0; t < COUNT(texts); t++) {
            tileprop_options options = options_of();
            judge(option->name, tileprop_options_set(&options, option->name, texts[t], message, sizeof message));
        }
    for (size_t i = 0; i < COUNT(sizes); i++) {
        tileprop_options options = options_of();
        tileprop_options_init(&options, sizes[i]);
        options.size = sizes[i];
        judge("options_set", tileprop_options_set(&options, "lr", "1", message, sizeof message));
    }
    if (tileprop_option_at(SIZE_MAX))
        dprintf(STDERR_FILENO, "an option past the end\n");
}

/* Members that are sizes: checked before anything of that size is read. */
static void with_sizes(const void *context)
{
    const size_t n = *(const size_t *)context;
    tileprop_options options = options_of();
    tileprop_run_options run = {.size = n};
    tileprop_result result = {.size = n};
    tileprop_gradients gradients = {.size = n};
    tileprop_data data = data_of();
    tileprop_model *made;
    tileprop_trainer *trainer;
    judge("result", tileprop_train(&options, &data, &data, NULL, NULL, &result, message, sizeof message));
    judge("gradients",
          tileprop_check_gradients(&options, &data, stop_gradients, NULL, &gradients, message, sizeof message));
    options.run = &run;
    judge("run", train(&options, &data));
    options.run = NULL;
    size_t *const members[] = {&data.size, &data.rows, &data.features, &data.classes, &data.stride};
    static const tileprop_type types[] = {TILEPROP_F32, TILEPROP_F64, TILEPROP_U8};
    for (size_t m = 0; m < COUNT(types) * COUNT(members); m++) {
        size_t *const member = members[m / COUNT(types)];
        data = data_of();
        data.type = types[m % COUNT(types)];
        if (data.type == TILEPROP_F64)
            data.samples = doubles;
        const size_t there = member == &data.rows                                 ? ROWS
                             : member == &data.features || member == &data.stride ? FEATURES
                                                                                  : SIZE_MAX;
        if (n > there && n < SIZE_MAX / 16)
            continue; /* it would be read */
        *member = n;
        judge("train", train(&options, &data));
        judge("check_gradients", check_gradients(&options, &data));
        judge("evaluate", evaluate(&data, 1));
        if (!tileprop_trainer_create(&trainer, &options, &data, NULL, NULL, NULL, message, sizeof message))
            judge("step", tileprop_trainer_step(trainer, &data, NULL, message, sizeof message));
        tileprop_trainer_free(trainer);
        message[0] = '\0';
    }
    data = data_of();
    const tileprop_outputs outputs = {.size = n};
    must_be("outputs", tileprop_evaluate(model, &data, 1, &outputs, message, sizeof message),
            n == sizeof outputs ? TILEPROP_OK : TILEPROP_USAGE);
    tileprop_layer_gradients layers[1];
    gradients = (tileprop_gradients){.size = sizeof gradients, .layers = layers, .layer_size = n};
    judge("layers",
          tileprop_check_gradients(&options, &data, stop_gradients, NULL, &gradients, message, sizeof message));
    must_be("threads", evaluate(&data, n), n > 4096 ? TILEPROP_USAGE : TILEPROP_OK);
    tileprop_model_parts parts = {
        .size = sizeof parts, .features = FEATURES, .layers = 1, .units = (size_t[]){CLASSES}};
    size_t *const numbers[] = {&parts.size, &parts.features};
    for (size_t m = 0; m < COUNT(numbers); m++) {
        if (is_sanitized() && n >= INT_MAX)
            continue; /* it ends a process that asks for too much memory */
        const size_t good = *numbers[m];
        *numbers[m] = n;
        judge("model_create", tileprop_model_create(&made, &parts, message, sizeof message));
        tileprop_model_free(made);
        *numbers[m] = good;
    }
    judge("set_weights", tileprop_model_set_weights(model, n, NULL, NULL, message, sizeof message));
}

static void with_fraction(const void *context)
{
    const tileprop_options options = options_of();
    const tileprop_data data = data_of();
    judge("train_split",
          tileprop_train_split(&options, &data, *(const double *)context, NULL, NULL, NULL, message, sizeof message));
}

/* A trainer with a number as its normalization, in any state and with nothing where something is needed. */
static void with_trainer(const void *context)
{
    const tileprop_options options = options_of();
    const float scale[FEATURES] = {(float)*(const double *)context, 1, 1, 1}, shift[FEATURES] = {0};
    const tileprop_data data = data_of();
    tileprop_trainer *trainer;
    tileprop_model *made;
    double loss, accuracy;
    judge("create", tileprop_trainer_create(&trainer, &options, &data, scale, shift, NULL, message, sizeof message));
    for (int times = 0; times < 2; times++) { /* the second time without a trainer */
        judge("step", tileprop_trainer_step(trainer, &data, &loss, message, sizeof message));
        judge("no batch", tileprop_trainer_step(trainer, NULL, NULL, message, sizeof message));
        judge("evaluate", tileprop_trainer_evaluate(trainer, &data, &loss, &accuracy, message, sizeof message));
        judge("no data", tileprop_trainer_evaluate(trainer, NULL, NULL, NULL, message, sizeof message));
        judge("model", tileprop_trainer_model(trainer, &made, message, sizeof message));
        tileprop_model_free(made);
        judge("no model", tileprop_trainer_model(trainer, NULL, message, sizeof message));
        judge("save", tileprop_trainer_save(trainer, "/absent/state", message, sizeof message));
        judge("no path to save", tileprop_trainer_save(trainer, NULL, message, sizeof message));
        judge("restore", tileprop_trainer_restore(trainer, "/absent/state", message, sizeof message));
        judge("no path to restore", tileprop_trainer_restore(trainer, NULL, message, sizeof message));
        tileprop_trainer_free(trainer);
        trainer = NULL;
    }
    judge("nothing", tileprop_trainer_create(NULL, &options, &data, NULL, NULL, NULL, message, sizeof message));
    judge("no options", tileprop_trainer_create(&trainer, NULL, &data, NULL, NULL, NULL, message, sizeof message));
}

/* Functions without a status, with indices past the end. */
static void look(const void *context)
{
    const float *bias;
    int here;
    (void)context;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        tileprop_isa(sizes[i], &here);
        tileprop_threads(sizes[i]);
        tileprop_peak(sizes[i] > 4 ? "reference" : "none", sizes[i] > 4 && sizes[i] <= 4096 ? 1 : sizes[i]);
        tileprop_model_units(model, sizes[i]);
        tileprop_model_class_name(model, sizes[i]);
        tileprop_model_feature_name(model, sizes[i]);
        tileprop_model_weights(model, sizes[i], &bias);
    }
    if (tileprop_model_text(model, "none") || tileprop_verb_name(-1) || tileprop_verb_name(TILEPROP_VERBS))
        dprintf(STDERR_FILENO, "a text that there is not\n");
    tileprop_model_imputed(model);
    tileprop_model_normalization(model, &bias);
    tileprop_free(NULL);
    tileprop_trainer_free(NULL);
    tileprop_model_free(NULL);
    tileprop_checkpoint_free(NULL);
}

static void test_sizes_and_numbers(void **state)
{
    (void)state;
    check("options_set", set_texts, NULL);
    for (size_t i = 0; i < COUNT(sizes); i++)
        check("sizes", with_sizes, &sizes[i]);
    for (size_t i = 0; i < COUNT(reals); i++) {
        check("fraction", with_fraction, &reals[i]);
        check("trainer", with_trainer, &reals[i]);
    }
    check("functions without a status", look, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_option),
        cmocka_unit_test(test_sizes_and_numbers),
    };
    return cmocka_run_group_tests(tests, prepare, clean);
}
