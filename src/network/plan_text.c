#include "network/plan_text.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define WORD        "plan"
#define MEMBERS_MAX 4096
#define ROWS_MAX    65536 /* of a block of an evaluation */

void tp_plan_write(const struct tp_plan *plan, size_t layers, FILE *out)
{
    fprintf(out, "%-12smembers %zu\n", WORD, plan->members);
    fprintf(out, "%-12sstep-members %zu\n", WORD, plan->step_members);
    fprintf(out, "%-12sevaluation-rows %zu\n", WORD, plan->evaluation_rows);
    for (size_t l = 0; l < layers; l++)
        fprintf(out, "%-12slayer %zu: forward by %s, update by %s\n", WORD, l + 1,
                plan->by_units[l] ? "units" : "rows", plan->slices[l] > 1 ? "units" : "inputs");
}

struct reader {
    const char *path;
    FILE *file;
    char *line, *text; /* the text behind the word; NULL at the end of the file */
    size_t capacity, number;
    int failure; /* errno if the file did not end but could not be read */
};

/* Goes on to the next line that is part of a plan. */
static void advance(struct reader *r)
{
    ssize_t length = 0;
    r->text = NULL;
    while (!r->text && (length = getline(&r->line, &r->capacity, r->file)) >= 0) {
        r->number++;
        while (length > 0 && isspace((unsigned char)r->line[length - 1]))
            r->line[--length] = '\0';
        if (strncmp(r->line, WORD, strlen(WORD)) == 0 && isblank((unsigned char)r->line[strlen(WORD)]))
            r->text = r->line + strlen(WORD) + strspn(r->line + strlen(WORD), " \t");
    }
    if (length < 0 && !feof(r->file))
        r->failure = errno;
}

static tileprop_status refuse(const struct reader *r, const char *expected, struct tp_error *error)
{
    if (r->text)
        return tp_fail(error, TILEPROP_BAD_INPUT, "%s:%zu: plan: expected %s, found \"%.64s\"", r->path,
                       r->number, expected, r->text);
    if (r->failure)
        return tp_fail(error, r->failure == ENOMEM ? TILEPROP_FAILURE : TILEPROP_BAD_INPUT,
                       "%s:%zu: plan: %s", r->path, r->number, strerror(r->failure));
    return tp_fail(error, TILEPROP_BAD_INPUT, "%s:%zu: plan: expected %s, found the end of the file", r->path,
                   r->number, expected);
}

static tileprop_status read_count(struct reader *r, const char *name, size_t most, size_t *count,
                                  struct tp_error *error)
{
    char expected[96], *end = NULL;
    size_t length = strlen(name);
    advance(r);
    if (r->text && strncmp(r->text, name, length) == 0 && r->text[length] == ' ' &&
        isdigit((unsigned char)r->text[length + 1])) {
        errno = 0;
        *count = strtoul(r->text + length + 1, &end, 10);
        if (*end == '\0' && errno == 0 && *count >= 1 && *count <= most)
            return TILEPROP_OK;
    }
    snprintf(expected, sizeof expected, "%s with a number from 1 to %zu", name, most);
    return refuse(r, expected, error);
}

static tileprop_status read_layer(struct reader *r, const struct tp_layer *layer, size_t l,
                                  struct tp_plan *plan, struct tp_error *error)
{
    static const struct {
        const char *text;
        bool by_units, by_inputs;
    } ways[] = {{"forward by rows, update by units", false, false},
                {"forward by rows, update by inputs", false, true},
                {"forward by units, update by units", true, false}};
    char begin[32], expected[192];
    size_t panels = tp_panel_count(layer->units),
           slices = panels < plan->step_members ? panels : plan->step_members;
    size_t length = (size_t)snprintf(begin, sizeof begin, "layer %zu: ", l + 1);
    advance(r);
    for (size_t i = 0; r->text && i < sizeof ways / sizeof *ways; i++) {
        if (strncmp(r->text, begin, length) != 0 || strcmp(r->text + length, ways[i].text) != 0)
            continue;
        if (ways[i].by_units && slices < plan->step_members) {
            snprintf(expected, sizeof expected,
                     "forward by rows, because %zu units are not 16 for each of %zu step-members",
                     layer->units, plan->step_members);
            return refuse(r, expected, error);
        }
        plan->by_units[l] = ways[i].by_units;
        plan->slices[l] = ways[i].by_inputs ? 1 : slices;
        return TILEPROP_OK;
    }
    snprintf(expected, sizeof expected, "%s%s, %s or %s", begin, ways[0].text, ways[1].text, ways[2].text);
    return refuse(r, expected, error);
}

tileprop_status tp_plan_read(const char *path, const struct tp_network *network, size_t batch,
                             struct tp_plan *plan, struct tp_error *error)
{
    struct reader r = {.path = path, .file = fopen(path, "re")};
    if (!r.file)
        return tp_fail(error, TILEPROP_BAD_INPUT, "--plan: %s: %s", path, strerror(errno));
    *plan = (struct tp_plan){.batch = batch};
    tileprop_status status = read_count(&r, "members", MEMBERS_MAX, &plan->members, error);
    if (status == TILEPROP_OK)
        status = read_count(&r, "step-members", plan->members, &plan->step_members, error);
    if (status == TILEPROP_OK)
        status = read_count(&r, "evaluation-rows", ROWS_MAX, &plan->evaluation_rows, error);
    for (size_t l = 0; status == TILEPROP_OK && l < network->layer_count; l++)
        status = read_layer(&r, &network->layers[l], l, plan, error);
    if (status == TILEPROP_OK) {
        char expected[64];
        snprintf(expected, sizeof expected, "no more than %zu layers", network->layer_count);
        advance(&r);
        status = r.text || r.failure ? refuse(&r, expected, error) : TILEPROP_OK;
    }
    free(r.line);
    fclose(r.file);
    return status;
}
