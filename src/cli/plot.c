#include "cli/plot.h"

#include <errno.h>
#include <math.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/template.h"

#define TP_BIN_STEPS  10   /* steps that a point of the training loss averages, at least */
#define TP_POINTS     1000 /* of the training loss, at most */
#define TP_NOT_FOUND  127  /* what posix_spawnp's child exits with where there is no such program */
#define TP_SUFFIX_LEN 4    /* ".svg", ".png" */

enum { HISTORY, MEANS, SCRIPT };

const char *const tp_plot_beside[] = {[HISTORY] = ".csv", [MEANS] = "-loss.csv", [SCRIPT] = ".gp", NULL};

extern char **environ;

static tileprop_status fail_at(const char *path, const char *why, struct tp_error *error)
{
    return tp_fail(error, TILEPROP_FAILURE, "--plot: %s: %s", path, why);
}

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool is_svg(const char *path)
{
    return strcmp(path + strlen(path) - TP_SUFFIX_LEN, ".svg") == 0;
}

static tileprop_status check_path(const char *path, struct tp_error *error)
{
    const char *name = file_name(path);
    const size_t length = strlen(name);
    if (length <= TP_SUFFIX_LEN ||
        (!is_svg(path) && strcmp(path + strlen(path) - TP_SUFFIX_LEN, ".png") != 0))
        return tp_fail(error, TILEPROP_USAGE,
                       "--plot: expected a file name that ends in .svg or .png, found \"%s\"", path);
    /* It becomes a string of the script. */
    if (strpbrk(name, "\n\r'\\"))
        return tp_fail(error, TILEPROP_USAGE,
                       "--plot: expected a name without quotes, backslashes and line breaks");
    return TILEPROP_OK;
}

static tileprop_status open_beside(const struct tp_plot *plot, const char *suffix, struct tp_safe_file *safe,
                                   struct tp_error *error)
{
    char *path = NULL;
    if (asprintf(&path, "%s%s", plot->stem, suffix) < 0)
        return fail_at(plot->path, "out of memory", error);
    const tileprop_status status = tp_safe_file_open(safe, "--plot", path, error);
    free(path);
    return status;
}

tileprop_status tp_plot_open(struct tp_plot *plot, const char *path, struct tp_history *history,
                             size_t layers, struct tp_error *error)
{
    *plot = (struct tp_plot){0};
    if (!path)
        return TILEPROP_OK;
    tileprop_status status = check_path(path, error);
    if (status != TILEPROP_OK)
        return status;
    char *data = NULL;
    plot->path = strdup(path);
    plot->stem = strndup(path, strlen(path) - TP_SUFFIX_LEN);
    if (!plot->path || !plot->stem || asprintf(&data, "%s%s", plot->stem, tp_plot_beside[HISTORY]) < 0) {
        tp_plot_discard(plot);
        return fail_at(path, "out of memory", error);
    }
    status = tp_history_open(history, "--plot", data, layers, error);
    free(data);
    if (status == TILEPROP_OK)
        status = open_beside(plot, tp_plot_beside[MEANS], &plot->means, error);
    if (status == TILEPROP_OK)
        status = open_beside(plot, tp_plot_beside[SCRIPT], &plot->script, error);
    if (status == TILEPROP_OK)
        status = tp_safe_file_open(&plot->image, "--plot", path, error);
    if (status != TILEPROP_OK)
        tp_plot_discard(plot);
    return status;
}

/* Column `number` of the line, from 0; NULL: it has fewer, which only one of a damaged checkpoint has. */
static const char *find_column(const char *line, size_t number)
{
    for (; number; number--) {
        line += strcspn(line, ",\n");
        if (*line++ != ',')
            return NULL;
    }
    return line;
}

/* From the history's text, so that a run that is resumed needs no more than it to draw the plot of the whole.
 */
tileprop_status tp_plot_read(struct tp_plot *plot, struct tp_history *history, struct tp_error *error)
{
    void *content;
    size_t size, rows = 0;
    if (!plot->path)
        return TILEPROP_OK;
    tileprop_status status = tp_history_content(history, &content, &size, error);
    if (status != TILEPROP_OK) {
        tp_plot_discard(plot);
        return status;
    }
    const char *text = content;
    for (const char *c = text; *c; c++)
        rows += *c == '\n';
    plot->losses = malloc((rows + 1) * sizeof *plot->losses);
    for (const char *line = strchr(text, '\n'); plot->losses && line && line[1]; line = strchr(line, '\n')) {
        const char *loss = find_column(++line, TP_HISTORY_LOSS), *train = find_column(line, TP_HISTORY_TRAIN);
        plot->losses[plot->count++] = loss ? strtod(loss, NULL) : NAN;
        plot->any_train |= train && !strchr(",\n", *train);
    }
    free(content);
    if (plot->losses)
        return TILEPROP_OK;
    status = fail_at(plot->path, "out of memory", error);
    tp_plot_discard(plot);
    return status;
}

/* A point stands in the middle of its steps; a last, shorter bin is left out unless it is the only one. */
static void write_losses(const struct tp_plot *plot, FILE *file)
{
    size_t bin = (plot->count / TP_POINTS + TP_BIN_STEPS) / TP_BIN_STEPS * TP_BIN_STEPS;
    if (bin > plot->count)
        bin = plot->count;
    fprintf(file, "step,mean,deviation\n");
    for (size_t begin = 0; bin && begin + bin <= plot->count; begin += bin) {
        double sum = 0, squares = 0;
        for (size_t i = begin; i < begin + bin; i++)
            sum += plot->losses[i];
        const double mean = sum / (double)bin;
        for (size_t i = begin; i < begin + bin; i++)
            squares += (plot->losses[i] - mean) * (plot->losses[i] - mean);
        fprintf(file, "%.9g,%.9g,%.9g\n", (double)begin + (double)(bin - 1) / 2, mean,
                sqrt(squares / (double)bin));
    }
}

/* 1, 2 or 5 times a power of ten, so that an axis of `steps` gets six tics at most. */
static size_t tic_distance(size_t steps)
{
    size_t power = 1;
    while (60 * power < steps)
        power *= 10;
    return steps <= 6 * power    ? power
           : steps <= 12 * power ? 2 * power
           : steps <= 30 * power ? 5 * power
                                 : 10 * power;
}

static const char *const script[] = {
#include "cli/plot.gp.inc"
    NULL};

static void write_script(const struct tp_plot *plot, FILE *file)
{
    const char *stem = file_name(plot->stem);
    fprintf(file, "# Draws %s; edit and run: gnuplot '%s.gp'\n", file_name(plot->path), stem);
    fprintf(file, "if (!exists('image')) image = '%s'\n", file_name(plot->path));
    fprintf(file, "history = '%s.csv'\nlosses = '%s-loss.csv'\n", stem, stem);
    fputs(is_svg(plot->path)
              ? "set terminal svg size 900,1000 font 'DejaVu Sans,14' background 'white'\n"
              : "set terminal pngcairo size 1800,2000 font 'DejaVu Sans,14' fontscale 2 linewidth 2 "
                "background 'white'\n",
          file);
    fprintf(file, "set xrange [0:%zu]\nset xtics %zu\n", plot->count > 1 ? plot->count : 1,
            tic_distance(plot->count));
    char conditions[64];
    snprintf(conditions, sizeof conditions, "%s %s", plot->count >= 50 * TP_BIN_STEPS ? "CUT" : "WHOLE",
             plot->any_train ? "TRAIN_EVALUATED" : "VALIDATION_ONLY");
    tp_template_write(script, conditions, "", file);
}

/* Runs gnuplot in the script's folder, without a shell; *code: what it exited with. False: not at all. */
static bool run_gnuplot(const struct tp_plot *plot, const char *folder, const char *name, int *code)
{
    /* A descriptor, since the name need not be one that gnuplot can quote, nor of this folder. */
    char *arguments[] = {"gnuplot", "-e", "image='/dev/fd/3'", (char *)name, NULL};
    posix_spawn_file_actions_t actions;
    pid_t child;
    int status;
    if (posix_spawn_file_actions_init(&actions) != 0)
        return false;
    bool started = posix_spawn_file_actions_addchdir_np(&actions, folder) == 0 &&
                   posix_spawn_file_actions_adddup2(&actions, fileno(plot->image.file), 3) == 0 &&
                   posix_spawnp(&child, "gnuplot", &actions, NULL, arguments, environ) == 0;
    posix_spawn_file_actions_destroy(&actions);
    if (!started)
        return false;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR)
            return false;
    }
    *code = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
    return *code != TP_NOT_FOUND;
}

static bool is_empty(struct tp_safe_file *safe)
{
    struct stat info;
    return fstat(fileno(safe->file), &info) != 0 || info.st_size == 0;
}

static tileprop_status draw(struct tp_plot *plot, struct tp_error *error)
{
    const char *stem = file_name(plot->stem);
    const size_t folder_length = (size_t)(stem - plot->stem);
    char *folder = folder_length ? strndup(plot->stem, folder_length) : strdup(".");
    char *name = NULL;
    tileprop_status status = TILEPROP_OK;
    int code = 0;
    if (asprintf(&name, "%s.gp", stem) < 0)
        name = NULL;
    if (!folder || !name)
        status = fail_at(plot->path, "out of memory", error);
    else if (!run_gnuplot(plot, folder, name, &code))
        status = tp_fail(error, TILEPROP_FAILURE,
                         "--plot: gnuplot was not found (Debian: gnuplot-nox); data and script are written, "
                         "draw later with: gnuplot %s, in %s",
                         name, folder);
    else if (code != 0 || is_empty(&plot->image))
        status =
            tp_fail(error, TILEPROP_FAILURE,
                    "--plot: gnuplot drew nothing (exit status %d); its script is %s.gp", code, plot->stem);
    else
        status = tp_safe_file_commit(&plot->image, error);
    free(folder);
    free(name);
    return status;
}

tileprop_status tp_plot_finish(struct tp_plot *plot, struct tp_error *error)
{
    if (!plot->path)
        return TILEPROP_OK;
    write_losses(plot, plot->means.file);
    tileprop_status status = tp_safe_file_commit(&plot->means, error);
    if (status == TILEPROP_OK) {
        write_script(plot, plot->script.file);
        status = tp_safe_file_commit(&plot->script, error);
    }
    if (status == TILEPROP_OK)
        status = draw(plot, error);
    tp_plot_discard(plot);
    return status;
}

void tp_plot_discard(struct tp_plot *plot)
{
    tp_safe_file_discard(&plot->means);
    tp_safe_file_discard(&plot->script);
    tp_safe_file_discard(&plot->image);
    free(plot->path);
    free(plot->stem);
    free(plot->losses);
    *plot = (struct tp_plot){0};
}
