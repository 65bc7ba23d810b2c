/*
 * tileprop: the enumerations, each defined once. tileprop.h includes this header.
 */
#ifndef TILEPROP_CHOICES_H
#define TILEPROP_CHOICES_H

#ifdef __cplusplus
extern "C" {
#endif

typedef enum tileprop_status {
    TILEPROP_OK = 0,
    TILEPROP_FAILURE = 1,   /* the system refused: memory, threads, a file that cannot be written */
    TILEPROP_USAGE = 2,     /* arguments or options that do not fit each other or the data */
    TILEPROP_BAD_INPUT = 3, /* a malformed file or bad data */
    TILEPROP_DIVERGED = 4   /* the loss is not finite */
} tileprop_status;

/* Element types of arrays in memory. */
typedef enum tileprop_type {
    TILEPROP_U8,  /* uint8_t */
    TILEPROP_U16, /* uint16_t; labels only */
    TILEPROP_I32, /* int32_t; labels only */
    TILEPROP_F32, /* float; samples only */
    TILEPROP_F64, /* double; samples only */
    TILEPROP_I64, /* int64_t; labels only */
    TILEPROP_CSR  /* sparse rows of float; samples only */
} tileprop_type;

#define TILEPROP_AUTO (-1) /* for an option: choose by the data */

/* clang-format off: formulas side by side */

/* f(z), and f'(z) as a function of the stored activation a = f(z). */
typedef enum tileprop_activation {
    TILEPROP_LINEAR,     /* z                 f' = 1; of the output layer alone */
    TILEPROP_SIGMOID,    /* 1 / (1 + exp(-z)) f' = a (1 - a) */
    TILEPROP_LECUN_TANH, /* 1.7159 tanh(2z/3) f' = (2/3) (1.7159 - a^2 / 1.7159); Efficient BackProp 4.4 */
    TILEPROP_TANH,       /* tanh(z)           f' = 1 - a^2 */
    TILEPROP_RELU        /* 0 > z ? 0 : z     f' = 1 where a > 0, 0 where a <= 0 */
} tileprop_activation;

/* clang-format on */

/* Initial weights. */
typedef enum tileprop_init {
    TILEPROP_INIT_AUTO,    /* he for relu, fan-in otherwise */
    TILEPROP_INIT_UNIFORM, /* uniform in [-1, 1) */
    TILEPROP_INIT_FAN_IN,  /* normal, standard deviation sqrt(1 / fan-in); Efficient BackProp 4.6 */
    TILEPROP_INIT_HE       /* normal, standard deviation sqrt(2 / fan-in); He et al. 2015 */
} tileprop_init;

/* auto: all for f32 and csr, input for u8. */
enum {
    TILEPROP_BIAS_INPUT, /* a constant 1 as an extra input of the first layer */
    TILEPROP_BIAS_ALL,   /* that, plus a bias in every other layer, initially 0 */
    TILEPROP_BIAS_NONE
};

/* auto: feature for f32, scale for csr, global for u8. */
enum {
    TILEPROP_NORMALIZE_GLOBAL,  /* to mean 0 and standard deviation 1 over all values of all samples */
    TILEPROP_NORMALIZE_FEATURE, /* the same per feature; a constant feature becomes 0 */
    TILEPROP_NORMALIZE_UNIT,    /* u8: x / 255; else each feature's minimum to 0, its maximum to 1 */
    TILEPROP_NORMALIZE_NONE,
    TILEPROP_NORMALIZE_SCALE /* divided by the feature's standard deviation, so that zeros stay zeros */
};

/* Optimizers; kernels/kernels.h has the formulas. */
typedef enum tileprop_optimizer {
    TILEPROP_SGD,
    TILEPROP_MOMENTUM,
    TILEPROP_LECUN_MOMENTUM,
    TILEPROP_NESTEROV,
    TILEPROP_ADAM
} tileprop_optimizer;

typedef enum tileprop_bind {
    TILEPROP_BIND_NONE,
    TILEPROP_BIND_AUTO, /* like CORES if nothing restricts the process and every core gets a thread */
    TILEPROP_BIND_CORES /* one thread per core, while there are cores left */
} tileprop_bind;

typedef enum tileprop_numa {
    TILEPROP_NUMA_AUTO,       /* whatever suits the machine */
    TILEPROP_NUMA_OFF,        /* pages stay where they are */
    TILEPROP_NUMA_INTERLEAVE, /* interleaves the samples' pages across the memory nodes, during the call */
    TILEPROP_NUMA_REPLICATE   /* copies the samples to each node */
} tileprop_numa;

/* Whether inputs that are 0 are multiplied. Both ways give the same bits. */
typedef enum tileprop_zeros {
    TILEPROP_ZEROS_AUTO, /* whichever is faster */
    TILEPROP_ZEROS_SKIP, /* skips inputs that are 0 once normalized, without the shift of split features */
    TILEPROP_ZEROS_MULTIPLY
} tileprop_zeros;

/* The learning rate after warm-up, the first `warmup` steps, in which it rises from near 0. */
typedef enum tileprop_schedule {
    TILEPROP_SCHEDULE_CONSTANT,
    TILEPROP_SCHEDULE_STEP,  /* a tenth after half of the steps, a hundredth after three quarters */
    TILEPROP_SCHEDULE_COSINE /* falls to 0 along half a cosine period */
} tileprop_schedule;

/* Why training ended. */
typedef enum tileprop_stop {
    TILEPROP_STOP_EPOCHS,   /* all epochs done */
    TILEPROP_STOP_EARLY,    /* early_stop evaluations without a lower validation loss */
    TILEPROP_STOP_ACCURACY, /* stop_at_accuracy reached */
    TILEPROP_STOP_LOSS,     /* stop_at_loss reached */
    TILEPROP_STOP_TIME,     /* max_seconds used up */
    TILEPROP_STOP_PROGRESS, /* a callback asked to stop */
    TILEPROP_STOP_DIVERGED  /* the loss of a step or an evaluation is not finite */
} tileprop_stop;

/* The verbs of a step. */
typedef enum tileprop_verb {
    TILEPROP_PACK,
    TILEPROP_FORWARD,
    TILEPROP_LOSS,
    TILEPROP_BACKWARD,
    TILEPROP_UPDATE,
    TILEPROP_EXCHANGE, /* with other ranks: what a step waits for them */
    TILEPROP_VERBS
} tileprop_verb;

#ifdef __cplusplus
}
#endif
#endif
