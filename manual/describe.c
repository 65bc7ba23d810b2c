/*
 * Writes what is made of a program's options: describe PROGRAM page DATE DATA, or PROGRAM bash, or PROGRAM
 * zsh. DATA is the folder that MNIST is installed in. The build runs it.
 */
#include <stdio.h>
#include <string.h>

#include "bench/bench_command.h"
#include "cli/export_command.h"
#include "cli/predict_command.h"
#include "cli/sweep_command.h"
#include "cli/train_command.h"
#include "completion.h"
#include "page.h"

#define TIER "An upper limit for the instruction set, with the names that --isa takes."

static const struct tp_page_note train_environment[] = {
    {"OMP_NUM_THREADS", "If set, the number of threads that --threads auto stands for."},
    {"OMP_PROC_BIND , OMP_PLACES , GOMP_CPU_AFFINITY", "If one of them is set, --bind auto does not bind threads."},
    {"TILEPROP_ISA", TIER},
    {NULL, NULL}};
static const struct tp_page_note environment[] = {{"TILEPROP_ISA", TIER}, {NULL, NULL}};
static struct tp_page_note data[] = {{NULL, "The MNIST that comes with tileprop: what --data auto stands for."},
                                     {NULL, NULL}};
static const struct tp_page_note model[] = {
    {"model.safetensors", "A model under any name: a safetensors file whose metadata describe the network."},
    {NULL, NULL}};
static const struct tp_page_note bench_files[] = {
    {"bench/baseline", "In the source tree: the commit that --against baseline stands for."}, {NULL, NULL}};

#define PAGE(name) "tileprop-" name

static const struct {
    void (*write)(tp_options_writer *, FILE *);
    struct tp_page page;
} programs[] = {
    {tp_train_command_write,
     {PAGE("train"), NULL, train_environment, data,
      (const char *const[]){PAGE("bench"), PAGE("export"), PAGE("predict"), PAGE("sweep"), NULL}}},
    {tp_predict_command_write,
     {PAGE("predict"), NULL, environment, data, (const char *const[]){PAGE("export"), PAGE("train"), NULL}}},
    {tp_sweep_command_write,
     {PAGE("sweep"), NULL, train_environment, data, (const char *const[]){PAGE("train"), NULL}}},
    {tp_export_command_write,
     {PAGE("export"), NULL, NULL, model, (const char *const[]){PAGE("predict"), PAGE("train"), NULL}}},
    {bench_command_write, {PAGE("bench"), NULL, environment, bench_files, (const char *const[]){PAGE("train"), NULL}}},
};

/* The page that is written, for a tp_options_writer has no room for it. */
static struct tp_page page;

static void write_page(const struct tp_options *options, const void *defaults, FILE *out)
{
    tp_page_write(&page, options, defaults, out);
}

static void write_bash(const struct tp_options *options, const void *defaults, FILE *out)
{
    (void)defaults;
    tp_completion_write_bash(page.program, options, out);
}

static void write_zsh(const struct tp_options *options, const void *defaults, FILE *out)
{
    (void)defaults;
    tp_completion_write_zsh(page.program, options, out);
}

int main(int argc, char **argv)
{
    tp_options_writer *const write = argc == 5 && strcmp(argv[2], "page") == 0   ? write_page
                                     : argc == 3 && strcmp(argv[2], "bash") == 0 ? write_bash
                                     : argc == 3 && strcmp(argv[2], "zsh") == 0  ? write_zsh
                                                                                 : NULL;
    for (size_t i = 0; write && i < sizeof programs / sizeof programs[0]; i++) {
        page = programs[i].page;
        if (write == write_page) {
            page.date = argv[3];
            data[0].name = argv[4];
        }
        if (strcmp(argv[1], page.program) == 0) {
            programs[i].write(write, stdout);
            return fflush(stdout) != 0 || ferror(stdout);
        }
    }
    fputs("usage: describe tileprop-PROGRAM page DATE DATA|bash|zsh\n", stderr);
    return 2;
}
