/*
 * Runs on several ranks, here threads that exchange messages: the same weights for any number of ranks, and invalid
 * use.
 */
#include <pthread.h>
#include <stdlib.h>

#include "tests/check.h"
#include "tileprop/run.h"

#define ROWS      131
#define HELD_OUT  37
#define FEATURES  150
#define CLASSES   5
#define BATCH     40
#define RANKS_MAX 8
#define WEIGHTS   2 /* tag of new weights (network/exchange.c) */

static uint8_t bytes[ROWS + HELD_OUT][FEATURES], labels[ROWS + HELD_OUT];
static float sample_weights[ROWS];
static const float class_weights[CLASSES] = {1, 2, 0.5F, 1, 3};

static int fill(void **state)
{
    (void)state;
    for (unsigned i = 0; i < (ROWS + HELD_OUT) * FEATURES; i++) {
        const uint8_t byte = (uint8_t)(i * 2654435761U >> 24);
        bytes[i / FEATURES][i % FEATURES] = byte < 128 ? 0 : byte;
    }
    for (unsigned r = 0; r < ROWS + HELD_OUT; r++)
        labels[r] = (uint8_t)((bytes[r][0] / 64 + r) % CLASSES);
    for (unsigned r = 0; r < ROWS; r++)
        sample_weights[r] = 0.5F * (float)(r % 4);
    return 0;
}

/* --- Ranks as threads --------------------------------------------------------------------------------------------- */

struct message {
    size_t from, to, size;
    int tag;
    void *bytes;
    struct message *next;
};

/* A receive that is waited for. */
struct receive {
    size_t from, size;
    int tag;
    void *bytes;
    bool done;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t arrived = PTHREAD_COND_INITIALIZER;
static struct message *first, **end = &first;
static size_t sent;    /* messages of weights since the run has begun */
static size_t spoiled; /* number of the message in which a bit is flipped; 0: none */

struct rank {
    tileprop_ranks ranks;
    struct receive *started; /* sends too, which are done */
    size_t count;
    const tileprop_options *options;
    tileprop_data train, validation;
    tileprop_result result;
    tileprop_status status;
    char message[256];
    pthread_t thread;
};

static struct receive *start(struct rank *rank)
{
    rank->started = realloc(rank->started, (rank->count + 1) * sizeof *rank->started);
    assert_non_null(rank->started);
    return &rank->started[rank->count++];
}

static size_t send_message(void *context, size_t to, int tag, const void *content, size_t size)
{
    struct rank *rank = context;
    struct message *message = malloc(sizeof *message);
    *start(rank) = (struct receive){.done = true};
    *message =
        (struct message){.from = rank->ranks.rank, .to = to, .size = size, .tag = tag, .bytes = malloc(size + 1)};
    memcpy(message->bytes, content, size);
    pthread_mutex_lock(&mutex);
    sent += tag == WEIGHTS;
    if (tag == WEIGHTS && sent == spoiled)
        *(unsigned char *)message->bytes ^= 1;
    *end = message;
    end = &message->next;
    pthread_cond_broadcast(&arrived);
    pthread_mutex_unlock(&mutex);
    return rank->count;
}

static size_t receive_message(void *context, size_t from, int tag, void *content, size_t size)
{
    struct rank *rank = context;
    *start(rank) = (struct receive){.from = from, .size = size, .tag = tag, .bytes = content};
    return rank->count;
}

/* Under the mutex: the oldest message for it, taken off the list. */
static bool take(const struct rank *rank, struct receive *receive)
{
    for (struct message **at = &first; *at; at = &(*at)->next) {
        struct message *message = *at;
        if (message->from != receive->from || message->to != rank->ranks.rank || message->tag != receive->tag)
            continue;
        assert_int_equal(message->size, receive->size);
        memcpy(receive->bytes, message->bytes, message->size);
        *at = message->next;
        if (!message->next)
            end = at;
        free(message->bytes);
        free(message);
        return true;
    }
    return false;
}

/* Messages are matched in the order in which receives were started, whichever is waited for. */
static void wait_for(void *context, size_t begin, size_t stop)
{
    struct rank *rank = context;
    (void)begin;
    pthread_mutex_lock(&mutex);
    for (size_t i = 0; i < stop; i++) {
        struct receive *receive = &rank->started[i];
        while (!receive->done && !(receive->done = take(rank, receive)))
            pthread_cond_wait(&arrived, &mutex);
    }
    pthread_mutex_unlock(&mutex);
}

static void finish(void *context)
{
    struct rank *rank = context;
    wait_for(rank, 0, rank->count);
    rank->count = 0;
}

static void progress(void *context)
{
    (void)context;
}

/* What was sent before was a probe. */
static void on_started(void *context, const tileprop_run *run)
{
    (void)context;
    (void)run;
    pthread_mutex_lock(&mutex);
    sent = 0;
    pthread_mutex_unlock(&mutex);
}

static void *train(void *context)
{
    struct rank *rank = context;
    tileprop_options options = *rank->options;
    const tileprop_run_options run = {.size = sizeof run, .ranks = &rank->ranks, .started = on_started};
    options.run = &run;
    rank->result.size = sizeof rank->result;
    rank->status = tileprop_train(&options, &rank->train, &rank->validation, NULL, NULL, &rank->result, rank->message,
                                  sizeof rank->message);
    return NULL;
}

/* --- Runs --------------------------------------------------------------------------------------------------------- */

static tileprop_options options_of(tileprop_optimizer optimizer, size_t batch, size_t shards)
{
    tileprop_options o;
    tileprop_options_init(&o, sizeof o);
    o.hidden[0] = 40;
    o.hidden[1] = 19;
    o.hidden_count = 2;
    o.optimizer = optimizer;
    o.batch = batch;
    o.shards = shards;
    o.epochs = 2;
    o.drop_last = 0;
    o.weight_decay = 0.01;
    o.threads_exact = 1;
    return o;
}

static tileprop_data data_of(size_t begin, size_t rows, bool weighted)
{
    return (tileprop_data){.size = sizeof(tileprop_data),
                           .samples = bytes[begin],
                           .type = TILEPROP_U8,
                           .labels = labels + begin,
                           .label_type = TILEPROP_U8,
                           .rows = rows,
                           .features = FEATURES,
                           .classes = CLASSES,
                           .class_weights = weighted ? class_weights : NULL,
                           .sample_weights = weighted ? sample_weights : NULL};
}

static void make_ranks(struct rank *all, size_t count, const tileprop_options *options)
{
    for (size_t r = 0; r < count; r++)
        all[r] = (struct rank){.ranks = {.size = sizeof(tileprop_ranks),
                                         .rank = r,
                                         .count = count,
                                         .context = &all[r],
                                         .send = send_message,
                                         .receive = receive_message,
                                         .wait = wait_for,
                                         .finish = finish,
                                         .progress = progress},
                               .options = options,
                               .train = data_of(0, ROWS, true),
                               .validation = data_of(ROWS, HELD_OUT, false)};
}

static void run_ranks(struct rank *all, size_t count)
{
    for (size_t r = 0; r < count; r++)
        assert_int_equal(pthread_create(&all[r].thread, NULL, train, &all[r]), 0);
    for (size_t r = 0; r < count; r++)
        pthread_join(all[r].thread, NULL);
    for (size_t r = 0; r < count; r++)
        free(all[r].started);
    while (first) {
        struct message *next = first->next;
        free(first->bytes);
        free(first);
        first = next;
    }
    end = &first;
}

static uint64_t hash_of(const tileprop_options *options, size_t count)
{
    struct rank all[RANKS_MAX];
    make_ranks(all, count, options);
    run_ranks(all, count);
    for (size_t r = 0; r < count; r++) {
        if (all[r].status != TILEPROP_OK)
            fail_msg("rank %zu of %zu: %s", r, count, all[r].message);
        assert_int_equal(all[r].result.weights_hash, all[0].result.weights_hash);
    }
    return all[0].result.weights_hash;
}

/* Batches of more and of fewer rows than shards, and a last one that is shorter. */
static void test_any_number(void **state)
{
    (void)state;
    static const size_t batches[] = {BATCH, 3, ROWS}, shards[] = {8, 2, 13}, counts[] = {2, 3, 5, 8};
    for (int optimizer = 0; optimizer <= TILEPROP_ADAM; optimizer++) {
        for (size_t i = 0; i < 3; i++) {
            const tileprop_options options =
                options_of((tileprop_optimizer)optimizer, batches[i], shards[optimizer % 3]);
            const uint64_t alone = hash_of(&options, 1);
            for (size_t c = 0; c < 4 && counts[c] <= options.shards; c++)
                assert_int_equal(hash_of(&options, counts[c]), alone);
        }
    }
}

/* Threads, tiers and skipped zeros change nothing either, on one rank and on several. */
static void test_same_bits(void **state)
{
    (void)state;
    tileprop_options options = options_of(TILEPROP_MOMENTUM, BATCH, 8);
    const uint64_t want = hash_of(&options, 3);
    options.zeros = TILEPROP_ZEROS_MULTIPLY;
    assert_int_equal(hash_of(&options, 1), want);
    assert_int_equal(hash_of(&options, 3), want);
    options.zeros = TILEPROP_ZEROS_SKIP;
    assert_int_equal(hash_of(&options, 1), want);
    assert_int_equal(hash_of(&options, 3), want);
    options.isa = "reference";
    assert_int_equal(hash_of(&options, 2), want);
    options.threads_exact = 3;
    assert_int_equal(hash_of(&options, 1), want);
    assert_int_equal(hash_of(&options, 2), want);
    options.shards = 1;
    assert_int_not_equal(hash_of(&options, 1), want);
}

static void check_refused(struct rank *all, size_t count, tileprop_status status, const char *parts)
{
    run_ranks(all, count);
    for (size_t r = 0; r < count; r++)
        assert_int_equal(all[r].status, status);
    struct tp_error error;
    snprintf(error.text, sizeof error.text, "%s", all[count - 1].message);
    check_failure(all[count - 1].status, status, &error, parts);
}

static void test_more_ranks_than_shards(void **state)
{
    (void)state;
    struct rank all[3];
    tileprop_options options = options_of(TILEPROP_SGD, BATCH, 2);
    options.option_names = 1;
    make_ranks(all, 3, &options);
    check_refused(all, 3, TILEPROP_USAGE, "--shards: ... 3 ... found 2");
}

/* A rank that got other weights than were sent ends the run at the next evaluation. */
static void test_drift(void **state)
{
    (void)state;
    struct rank all[2];
    tileprop_options options = options_of(TILEPROP_SGD, ROWS, 2);
    options.epochs = 1;
    for (spoiled = 1; spoiled <= 2 * 3; spoiled++) { /* each rank's, of three layers */
        make_ranks(all, 2, &options);
        check_refused(all, 2, TILEPROP_FAILURE, "rank 1: ... weights ... rank 0 ... step 0");
    }
    spoiled = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_number),
        cmocka_unit_test(test_same_bits),
        cmocka_unit_test(test_more_ranks_than_shards),
        cmocka_unit_test(test_drift),
    };
    return cmocka_run_group_tests_name("ranks", tests, fill, NULL);
}
