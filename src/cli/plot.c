#include "cli/plot.h"

#include <limits.h>
#include <math.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h> /* environ */

#include "cli/template.h"

#define TP_BIN_STEPS  10   /* steps that a point of the training loss averages, at least */
#define TP_POINTS     1000 /* of the training loss, at most */
#define TP_NOT_FOUND  127  /* what posix_spawnp's child exits with where there is no such program */
#define TP_SUFFIX_LEN 4    /* ".svg", ".png" */

const char *const tp_plot_beside[] = {
    [TP_PLOT_HISTORY] = ".csv", [TP_PLOT_MEANS] = "-loss.csv", [TP_PLOT_SCRIPT] = ".gp", NULL};

static bool is_svg(const char *path)
{
    return strcmp(path + strlen(path) - TP_SUFFIX_LEN, ".svg") == 0;
}

static tileprop_status check_path(const char *path, struct tp_error *error)
{
    const char *name = basename(path);
    const size_t length = strlen(name);
    if (length <= TP_SUFFIX_LEN || (!is_svg(path) && strcmp(path + strlen(path) - TP_SUFFIX_LEN, ".png") != 0))
        return tp_fail(error, TILEPROP_USAGE, "--plot: expected a file name that ends in .svg or .png, found \"%s\"",
                       path);
    /* It becomes a string of the script. */
    if (strpbrk(name, "\n\r'\\"))
        return tp_fail(error, TILEPROP_USAGE,
                       "--plot: expected a name without quotes, backslashes and line breaks, found \"%s\"", name);
    return TILEPROP_OK;
}

/* Length of the path without its suffix. */
static int stem_length(const char *path)
{
    return (int)strlen(path) - TP_SUFFIX_LEN;
}

tileprop_status tp_plot_open(struct tp_plot *plot, const char *path, struct tp_error *error)
{
    *plot = (struct tp_plot){.path = path};
    if (!path)
        return TILEPROP_OK;
    tileprop_status status = check_path(path, error);
    for (size_t i = 0; status == TILEPROP_OK && i < TP_PLOT_FILES; i++) {
        char name[PATH_MAX + 16]; /* one that is cut off is too long for a path */
        snprintf(name, sizeof name, "%.*s%s", stem_length(path), path,
                 i == TP_PLOT_IMAGE ? path + stem_length(path) : tp_plot_beside[i]);
        status = tp_safe_file_open(&plot->files[i], "--plot", name, error);
    }
    return status;
}

/* The loss of a history's line; NAN: it has none, which only one of a damaged checkpoint has not. */
static double parse_loss(const char *line)
{
    for (size_t column = 0; column < TP_HISTORY_LOSS; column++) {
        line += strcspn(line, ",\n");
        if (*line++ != ',')
            return NAN;
    }
    return strtod(line, NULL);
}

/* The loss of each step, to be freed; NULL without memory. The history's text has those before the run was
 * resumed too. */
static double *parse_losses(const char *text, size_t *count)
{
    size_t rows = 0;
    for (const char *c = text; *c; c++)
        rows += *c == '\n';
    double *losses = malloc((rows + 1) * sizeof *losses);
    *count = 0;
    for (const char *line = strchr(text, '\n'); losses && line && line[1]; line = strchr(line + 1, '\n'))
        losses[(*count)++] = parse_loss(line + 1);
    return losses;
}

/* A point stands in the middle of its steps; a last, shorter bin is left out unless it is the only one. */
static void write_means(const double *losses, size_t count, FILE *file)
{
    size_t bin = (count / TP_POINTS + TP_BIN_STEPS) / TP_BIN_STEPS * TP_BIN_STEPS;
    if (bin > count)
        bin = count;
    fprintf(file, "step,mean,deviation\n");
    for (size_t begin = 0; bin && begin + bin <= count; begin += bin) {
        double sum = 0, squares = 0;
        for (size_t i = begin; i < begin + bin; i++)
            sum += losses[i];
        const double mean = sum / (double)bin;
        for (size_t i = begin; i < begin + bin; i++)
            squares += (losses[i] - mean) * (losses[i] - mean);
        fprintf(file, "%.9g,%.9g,%.9g\n", (double)begin + (double)(bin - 1) / 2, mean, sqrt(squares / (double)bin));
    }
}

static const char *const script[] = {
#include "cli/plot.gp.inc"
    NULL};

static void write_script(const char *path, size_t steps, bool with_train, FILE *file)
{
    char conditions[64], stem[NAME_MAX + 1];
    snprintf(stem, sizeof stem, "%.*s", stem_length(basename(path)), basename(path));
    snprintf(conditions, sizeof conditions, "%s %s %s", is_svg(path) ? "SVG" : "PNG",
             steps >= 50 * TP_BIN_STEPS ? "CUT" : "WHOLE", with_train ? "TRAIN_EVALUATED" : "VALIDATION_ONLY");
    fprintf(file, "# Draws %s.\nset xrange [0:%zu]\n", basename(path), steps > 1 ? steps : 1);
    tp_template_write(script, conditions, stem, file);
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
                   posix_spawn_file_actions_adddup2(&actions, fileno(plot->files[TP_PLOT_IMAGE].file), 3) == 0 &&
                   posix_spawnp(&child, "gnuplot", &actions, NULL, arguments, environ) == 0;
    posix_spawn_file_actions_destroy(&actions);
    if (!started || waitpid(child, &status, 0) < 0)
        return false;
    *code = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
    return *code != TP_NOT_FOUND;
}

static tileprop_status draw_image(struct tp_plot *plot, struct tp_error *error)
{
    struct tp_safe_file *image = &plot->files[TP_PLOT_IMAGE];
    const char *name = basename(plot->path);
    char folder[PATH_MAX], script_name[NAME_MAX + 1];
    struct stat info;
    int code;
    snprintf(folder, sizeof folder, "%.*s", (int)(name - plot->path), plot->path);
    if (!*folder)
        strcpy(folder, ".");
    snprintf(script_name, sizeof script_name, "%.*s.gp", stem_length(name), name);
    if (!run_gnuplot(plot, folder, script_name, &code))
        return tp_fail(error, TILEPROP_FAILURE,
                       "--plot: gnuplot was not found (Debian: gnuplot-nox); data and script are written, "
                       "draw later with: gnuplot %s, in %s",
                       script_name, folder);
    if (code != 0 || fstat(fileno(image->file), &info) != 0 || info.st_size == 0)
        return tp_fail(error, TILEPROP_FAILURE, "--plot: gnuplot drew nothing (exit status %d); its script is %.*s.gp",
                       code, stem_length(plot->path), plot->path);
    return tp_safe_file_commit(image, error);
}

tileprop_status tp_plot_draw(struct tp_plot *plot, const struct tp_history *history, bool with_train,
                             struct tp_error *error)
{
    struct tp_safe_file *files = plot->files;
    size_t steps;
    if (!plot->path)
        return TILEPROP_OK;
    double *losses = parse_losses(history->text, &steps);
    if (!losses)
        return tp_fail_memory(error, "--plot", "the training loss");
    tp_safe_file_write(&files[TP_PLOT_HISTORY], history->text, history->size);
    write_means(losses, steps, files[TP_PLOT_MEANS].file);
    write_script(plot->path, steps, with_train, files[TP_PLOT_SCRIPT].file);
    free(losses);
    tileprop_status status = TILEPROP_OK;
    for (size_t i = 0; status == TILEPROP_OK && i < TP_PLOT_IMAGE; i++)
        status = tp_safe_file_commit(&files[i], error);
    return status == TILEPROP_OK ? draw_image(plot, error) : status;
}

void tp_plot_discard(struct tp_plot *plot)
{
    for (size_t i = 0; i < TP_PLOT_FILES; i++)
        tp_safe_file_discard(&plot->files[i]);
}
