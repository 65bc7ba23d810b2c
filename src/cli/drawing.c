#include "cli/drawing.h"

#include <jansson.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h> /* environ */

#include "cli/template.h"

#define TP_NOT_FOUND  127 /* exit status of posix_spawnp's child if there is no such program */
#define TP_SUFFIX_LEN 4   /* ".svg", ".png" */

int tp_drawing_stem(const char *path)
{
    return (int)strlen(path) - TP_SUFFIX_LEN;
}

static bool is_svg(const char *path)
{
    return strcmp(path + tp_drawing_stem(path), ".svg") == 0;
}

static tileprop_status check_path(const char *option, const char *path, struct tp_error *error)
{
    const char *name = basename(path);
    const size_t length = strlen(name);
    if (length <= TP_SUFFIX_LEN || (!is_svg(path) && strcmp(path + tp_drawing_stem(path), ".png") != 0))
        return tp_fail(error, TILEPROP_USAGE, "%s: expected a file name that ends in .svg or .png, found \"%s\"",
                       option, path);
    /* It becomes a string of the script. */
    if (strpbrk(name, "\n\r'\\"))
        return tp_fail(error, TILEPROP_USAGE,
                       "%s: expected a name without quotes, backslashes and line breaks, found \"%s\"", option, name);
    return TILEPROP_OK;
}

tileprop_status tp_drawing_open(struct tp_drawing *drawing, const char *option, const char *path,
                                struct tp_error *error)
{
    char script[PATH_MAX + 16]; /* a name that is cut off is too long for a path */
    *drawing = (struct tp_drawing){.option = option, .path = path};
    if (!path)
        return TILEPROP_OK;
    tileprop_status status = check_path(option, path, error);
    if (status != TILEPROP_OK)
        return status;
    snprintf(script, sizeof script, "%.*s.gp", tp_drawing_stem(path), path);
    status = tp_safe_file_open(&drawing->script, option, script, error);
    return status == TILEPROP_OK ? tp_safe_file_open(&drawing->image, option, path, error) : status;
}

void tp_drawing_write(struct tp_drawing *drawing, const char *const *lines, const char *conditions)
{
    char all[128], stem[NAME_MAX + 1];
    const char *name = basename(drawing->path);
    snprintf(stem, sizeof stem, "%.*s", tp_drawing_stem(name), name);
    snprintf(all, sizeof all, "%s %s", is_svg(drawing->path) ? "SVG" : "PNG", conditions);
    tp_template_write(lines, all, stem, drawing->script.file);
}

/* As tp_show(), but for a picture: in XML, text must be UTF-8. */
static struct tp_shown show(const char *text, size_t most)
{
    struct tp_shown shown;
    size_t size = strlen(text);
    const bool cut = size > most;
    if (cut)
        for (size = most - strlen("..."); size && ((unsigned char)text[size] & 0xC0) == 0x80;)
            size--;
    shown = tp_show(text, size);
    json_t *valid = json_string(shown.text);
    for (char *c = shown.text; !valid && *c; c++)
        *c = (unsigned char)*c >= 0x80 ? '?' : *c;
    json_decref(valid);
    if (cut)
        strcat(shown.text, "...");
    return shown;
}

void tp_drawing_quote(struct tp_drawing *drawing, const char *text, size_t most)
{
    FILE *file = drawing->script.file;
    const struct tp_shown shown = show(text, most);
    putc('\'', file);
    for (const char *c = shown.text; *c; c++)
        fputs(*c == '\'' ? "''" : (const char[]){*c, '\0'}, file);
    putc('\'', file);
}

/* Runs gnuplot in the script's folder, without a shell. *code: its exit status. False if it could not be run. */
static bool run_gnuplot(const struct tp_drawing *drawing, const char *folder, const char *name, int *code)
{
    /* A descriptor, because the name may be in another folder, or one that gnuplot cannot quote. */
    char *arguments[] = {"gnuplot", "-e", "image='/dev/fd/3'", (char *)name, NULL};
    posix_spawn_file_actions_t actions;
    pid_t child;
    int status;
    if (posix_spawn_file_actions_init(&actions) != 0)
        return false;
    bool started = posix_spawn_file_actions_addchdir_np(&actions, folder) == 0 &&
                   posix_spawn_file_actions_adddup2(&actions, fileno(drawing->image.file), 3) == 0 &&
                   posix_spawnp(&child, "gnuplot", &actions, NULL, arguments, environ) == 0;
    posix_spawn_file_actions_destroy(&actions);
    if (!started || waitpid(child, &status, 0) < 0)
        return false;
    *code = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
    return *code != TP_NOT_FOUND;
}

tileprop_status tp_drawing_finish(struct tp_drawing *drawing, struct tp_error *error)
{
    const char *path = drawing->path, *name = basename(path);
    char folder[PATH_MAX], script[NAME_MAX + 1];
    struct stat info;
    int code;
    const tileprop_status status = tp_safe_file_commit(&drawing->script, error);
    if (status != TILEPROP_OK)
        return status;
    snprintf(folder, sizeof folder, "%.*s", (int)(name - path), path);
    if (!*folder)
        strcpy(folder, ".");
    snprintf(script, sizeof script, "%.*s.gp", tp_drawing_stem(name), name);
    if (!run_gnuplot(drawing, folder, script, &code))
        return tp_fail(error, TILEPROP_FAILURE,
                       "%s: gnuplot not found (Debian: gnuplot-nox); data and script are written: to draw the plot "
                       "later, run gnuplot %s in %s",
                       drawing->option, script, folder);
    if (code != 0 || fstat(fileno(drawing->image.file), &info) != 0 || info.st_size == 0)
        return tp_fail(error, TILEPROP_FAILURE, "%s: gnuplot failed with exit status %d; its script is %.*s.gp",
                       drawing->option, code, tp_drawing_stem(path), path);
    return tp_safe_file_commit(&drawing->image, error);
}

void tp_drawing_discard(struct tp_drawing *drawing)
{
    tp_safe_file_discard(&drawing->script);
    tp_safe_file_discard(&drawing->image);
}
