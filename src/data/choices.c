#include "data/choices.h"

const tileprop_choice tp_normalize_choices[] = {{"auto", TILEPROP_AUTO},
                                                {"global", TILEPROP_NORMALIZE_GLOBAL},
                                                {"feature", TILEPROP_NORMALIZE_FEATURE},
                                                {"scale", TILEPROP_NORMALIZE_SCALE},
                                                {"unit", TILEPROP_NORMALIZE_UNIT},
                                                {"none", TILEPROP_NORMALIZE_NONE},
                                                {NULL, 0}};

const tileprop_choice tp_activation_choices[] = {{"sigmoid", TILEPROP_SIGMOID},
                                                 {"improved-sigmoid", TILEPROP_LECUN_TANH},
                                                 {"lecun-tanh", TILEPROP_LECUN_TANH},
                                                 {"tanh", TILEPROP_TANH},
                                                 {"relu", TILEPROP_RELU},
                                                 {NULL, 0}};

const tileprop_choice tp_init_choices[] = {{"auto", TILEPROP_INIT_AUTO},
                                           {"uniform", TILEPROP_INIT_UNIFORM},
                                           {"fan-in", TILEPROP_INIT_FAN_IN},
                                           {"he", TILEPROP_INIT_HE},
                                           {NULL, 0}};

const tileprop_choice tp_bias_choices[] = {{"auto", TILEPROP_AUTO},
                                           {"input", TILEPROP_BIAS_INPUT},
                                           {"all", TILEPROP_BIAS_ALL},
                                           {"none", TILEPROP_BIAS_NONE},
                                           {NULL, 0}};

const tileprop_choice tp_optimizer_choices[] = {
    {"sgd", TILEPROP_SGD},           {"momentum", TILEPROP_MOMENTUM}, {"lecun-momentum", TILEPROP_LECUN_MOMENTUM},
    {"nesterov", TILEPROP_NESTEROV}, {"adam", TILEPROP_ADAM},         {NULL, 0}};

const tileprop_choice tp_bind_choices[] = {
    {"auto", TILEPROP_BIND_AUTO}, {"none", TILEPROP_BIND_NONE}, {"cores", TILEPROP_BIND_CORES}, {NULL, 0}};

const tileprop_choice tp_numa_choices[] = {{"auto", TILEPROP_NUMA_AUTO},
                                           {"off", TILEPROP_NUMA_OFF},
                                           {"interleave", TILEPROP_NUMA_INTERLEAVE},
                                           {"replicate", TILEPROP_NUMA_REPLICATE},
                                           {NULL, 0}};

const tileprop_choice tp_zeros_choices[] = {
    {"auto", TILEPROP_ZEROS_AUTO}, {"skip", TILEPROP_ZEROS_SKIP}, {"multiply", TILEPROP_ZEROS_MULTIPLY}, {NULL, 0}};

const tileprop_choice tp_schedule_choices[] = {{"constant", TILEPROP_SCHEDULE_CONSTANT},
                                               {"step", TILEPROP_SCHEDULE_STEP},
                                               {"cosine", TILEPROP_SCHEDULE_COSINE},
                                               {NULL, 0}};

const tileprop_choice tp_final_stop_choices[] = {{"epochs", TILEPROP_STOP_EPOCHS},
                                                 {"early-stop", TILEPROP_STOP_EARLY},
                                                 {"accuracy", TILEPROP_STOP_ACCURACY},
                                                 {"loss", TILEPROP_STOP_LOSS},
                                                 {NULL, 0}};

const tileprop_choice tp_other_stop_choices[] = {
    {"time", TILEPROP_STOP_TIME}, {"signal", TILEPROP_STOP_PROGRESS}, {"diverged", TILEPROP_STOP_DIVERGED}, {NULL, 0}};

const tileprop_choice tp_isa_choices[] = {{"auto", 0},
#define TP_TIER(name, runs_here) {#name, 0},
#include "kernels/tiers.def"
                                          {NULL, 0}};

const tileprop_choice tp_auto_switch_choices[] = {{"auto", TILEPROP_AUTO}, {"on", 1}, {"off", 0}, {NULL, 0}};

const char *tp_choice_name(const tileprop_choice *choices, int value)
{
    while (choices->name && choices->value != value)
        choices++;
    return choices->name;
}

const char *tp_stop_name(tileprop_stop stop)
{
    const char *name = tp_choice_name(tp_final_stop_choices, (int)stop);
    return name ? name : tp_choice_name(tp_other_stop_choices, (int)stop);
}
