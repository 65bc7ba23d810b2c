#include "network/shards.h"

static size_t rows_before(const struct tp_shards *shards, size_t shard, size_t rows)
{
    return shard * rows / shards->count;
}

struct tp_range tp_shards_of_rank(const struct tp_shards *shards, size_t rank)
{
    return (struct tp_range){shards->count * rank / shards->ranks, shards->count * (rank + 1) / shards->ranks};
}

struct tp_range tp_shards_rows(const struct tp_shards *shards, struct tp_range of, size_t rows)
{
    return (struct tp_range){rows_before(shards, of.begin, rows), rows_before(shards, of.end, rows)};
}

struct tp_range tp_shards_rows_of_rank(const struct tp_shards *shards, size_t rank, size_t rows)
{
    if (shards->ranks <= 1)
        return (struct tp_range){0, rows};
    return tp_shards_rows(shards, tp_shards_of_rank(shards, rank), rows);
}

size_t tp_shards_rows_max(const struct tp_shards *shards, size_t rows)
{
    if (shards->ranks <= 1)
        return rows;
    const size_t most = (shards->count + shards->ranks - 1) / shards->ranks;
    return (most * rows + shards->count - 1) / shards->count;
}

struct tp_node tp_shards_root(const struct tp_shards *shards)
{
    struct tp_node root = {.span = 1};
    while (root.span < shards->count)
        root.span *= 2;
    return root;
}

bool tp_shards_has_rows(const struct tp_shards *shards, struct tp_node node, size_t rows)
{
    const size_t end = node.begin + node.span < shards->count ? node.begin + node.span : shards->count;
    return node.begin < end && rows_before(shards, node.begin, rows) < rows_before(shards, end, rows);
}

size_t tp_shards_nodes(const struct tp_shards *shards, size_t rank, size_t rows, struct tp_node *nodes)
{
    const struct tp_range own = tp_shards_of_rank(shards, rank);
    const size_t all = tp_shards_root(shards).span, end = own.end == shards->count ? all : own.end;
    size_t count = 0;
    for (struct tp_node node = {.begin = own.begin}; node.begin < end; node.begin += node.span) {
        node.span = 1;
        while (node.begin % (2 * node.span) == 0 && node.begin + 2 * node.span <= end)
            node.span *= 2;
        if (tp_shards_has_rows(shards, node, rows))
            nodes[count++] = node;
    }
    return count;
}

void tp_shards_add(float *sum, const float *more, size_t count)
{
    for (size_t i = 0; i < count; i++)
        sum[i] += more[i];
}
