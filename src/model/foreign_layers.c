#include "model/foreign_layers.h"

#include <stdlib.h>
#include <string.h>

#include "base/option_value.h"

#define TP_SHAPE_TEXT 64
#define TP_LIST_TEXT  600
#define TP_LIST_FULL  400   /* bytes after which a list gets no more items */
#define TP_TRIES      10000 /* steps of a search, whose number could grow exponentially */

/* The tensors' names, types and shapes, for a message; truncated if there are many. */
struct list {
    size_t count;
    char text[TP_LIST_TEXT];
};

/* A search for orders of the layers, which are sorted by name. */
struct search {
    const struct tp_layer_tensors *layers;
    size_t count;
    bool begins[TP_LAYERS_MAX]; /* this layer need not follow the one before it in the list */
    bool taken[TP_LAYERS_MAX];
    size_t order[TP_LAYERS_MAX], first[TP_LAYERS_MAX]; /* first: of those found */
    size_t found, tries;
};

static void list_add(struct list *list, const struct tp_tensor *tensor)
{
    char shape[TP_SHAPE_TEXT];
    list->count++;
    if (strlen(list->text) > TP_LIST_FULL)
        return;
    tp_tensor_describe(tensor, shape, sizeof shape);
    tp_option_append(list->text, sizeof list->text, "%s%s %s", list->count > 1 ? ", " : "",
                     tp_show(tensor->name, strlen(tensor->name)).text, shape);
}

static const char *list_end(struct list *list)
{
    if (strlen(list->text) > TP_LIST_FULL)
        tp_option_append(list->text, sizeof list->text, " ... (%zu in all)", list->count);
    return list->count ? list->text : "no tensors";
}

/* Whether the name is NAME.part or part alone; *stem: bytes of NAME and the dot. */
static bool is_part(const char *name, const char *part, size_t *stem)
{
    const size_t length = strlen(name), size = strlen(part);
    *stem = length < size ? 0 : length - size;
    return strcmp(name + *stem, part) == 0 && (*stem == 0 || name[*stem - 1] == '.');
}

static bool is_weight(const struct tp_tensor *tensor)
{
    size_t stem;
    return is_part(tensor->name, "weight", &stem) && tensor->dimensions == 2 && tensor->shape[0] && tensor->shape[1];
}

/* Assigns the biases to their layer, if it exists and has as many units. */
static bool take_bias(const struct tp_tensor *tensor, struct tp_layer_tensors *layers, size_t count)
{
    size_t stem, other;
    if (!is_part(tensor->name, "bias", &stem) || tensor->dimensions != 1)
        return false;
    for (size_t l = 0; l < count; l++) {
        const struct tp_tensor *weight = layers[l].weight;
        if (is_part(weight->name, "weight", &other) && stem == other &&
            strncmp(weight->name, tensor->name, stem) == 0) {
            layers[l].bias = tensor;
            return weight->shape[0] == tensor->shape[0];
        }
    }
    return false;
}

static tileprop_status collect(const struct tp_safetensors *read, struct tp_layer_tensors *layers, size_t *count,
                               struct tp_error *error)
{
    struct list others = {0};
    *count = 0;
    for (size_t i = 0; i < read->count; i++) {
        if (!is_weight(&read->tensors[i]))
            continue;
        if (*count == TP_LAYERS_MAX)
            return tp_fail(error, TILEPROP_BAD_INPUT, "%s: expected at most %d layers, found more", read->file.path,
                           TP_LAYERS_MAX);
        layers[(*count)++] = (struct tp_layer_tensors){.weight = &read->tensors[i]};
    }
    for (size_t i = 0; i < read->count; i++)
        if (!is_weight(&read->tensors[i]) && !take_bias(&read->tensors[i], layers, *count))
            list_add(&others, &read->tensors[i]);
    if (others.count || *count == 0)
        return tp_fail(error, TILEPROP_BAD_INPUT,
                       "%s: expected NAME.weight [units, inputs] and optionally NAME.bias [units] for each layer, and "
                       "no other tensors, found %s: leaving them out would change what the network computes",
                       read->file.path, list_end(&others));
    for (size_t i = 0; i < read->count; i++)
        if (!tp_tensor_is_real(&read->tensors[i]))
            return tp_tensor_fail(read, &read->tensors[i], error, "F32, F16, BF16 or F64");
    return TILEPROP_OK;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Compares the numbers that begin at *a and *b, and moves past them. */
static int compare_numbers(const char **a, const char **b)
{
    while (**a == '0')
        ++*a;
    while (**b == '0')
        ++*b;
    int order = 0;
    for (; is_digit(**a) && is_digit(**b); ++*a, ++*b)
        order = order ? order : (**a > **b) - (**a < **b);
    const bool longer = is_digit(**a), shorter = is_digit(**b);
    while (is_digit(**a))
        ++*a;
    while (is_digit(**b))
        ++*b;
    return longer || shorter ? longer - shorter : order;
}

/* Compares the text between numbers first, then the numbers. */
static int compare_names(const char *a, const char *b, bool numbers)
{
    int order = 0;
    while (*a || *b) {
        if (is_digit(*a) && is_digit(*b)) {
            const int next = compare_numbers(&a, &b);
            order = order ? order : next;
        } else if (*a != *b) {
            return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
        } else {
            a++;
            b++;
        }
    }
    return numbers ? order : 0;
}

static int by_name(const void *a, const void *b)
{
    const struct tp_layer_tensors *x = a, *y = b;
    const int order = compare_names(x->weight->name, y->weight->name, true);
    return order ? order : strcmp(x->weight->name, y->weight->name); /* leading zeros */
}

/* Tries all layers that can come next, until two orders are found. */
static void extend(struct search *search, size_t depth)
{
    const struct tp_layer_tensors *layers = search->layers;
    if (depth == search->count) {
        if (search->found++ == 0)
            memcpy(search->first, search->order, sizeof search->first);
        return;
    }
    for (size_t l = 0; l < search->count && search->found < 2; l++) {
        const bool waits = !search->begins[l] && !search->taken[l - 1];
        if (search->taken[l] || waits ||
            (depth && layers[l].weight->shape[1] != layers[search->order[depth - 1]].weight->shape[0]))
            continue;
        if (search->tries++ == TP_TRIES) {
            search->found = 2; /* give up: the order counts as ambiguous */
            return;
        }
        search->taken[l] = true;
        search->order[depth] = l;
        extend(search, depth + 1);
        search->taken[l] = false;
    }
}

tileprop_status tp_foreign_layers_find(const struct tp_safetensors *read, struct tp_weights *weights,
                                       struct tp_layer_tensors *layers, struct tp_error *error)
{
    struct tp_layer_tensors sorted[TP_LAYERS_MAX];
    struct search search = {.layers = sorted};
    const tileprop_status status = collect(read, sorted, &search.count, error);
    if (status != TILEPROP_OK)
        return status;
    qsort(sorted, search.count, sizeof *sorted, by_name);
    struct list all = {0};
    for (size_t l = 0; l < search.count; l++) {
        list_add(&all, sorted[l].weight);
        search.begins[l] = l == 0 || compare_names(sorted[l - 1].weight->name, sorted[l].weight->name, false) != 0;
    }
    extend(&search, 0);
    if (search.found != 1)
        return tp_fail(
            error, TILEPROP_BAD_INPUT,
            "%s: expected layers that fit together in one order, by shapes [units, inputs] or by the numbers in "
            "otherwise equal names, found %s, which fit in %s; name them 0.weight, 1.weight, ... in order",
            read->file.path, list_end(&all), search.found ? "more than one order" : "no order");
    for (size_t l = 0; l < search.count; l++) {
        layers[l] = sorted[search.first[l]];
        tp_weights_add(weights, layers[l].weight->shape[1], layers[l].weight->shape[0], layers[l].bias);
    }
    return TILEPROP_OK;
}
