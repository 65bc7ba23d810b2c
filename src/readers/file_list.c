#include "readers/file_list.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "readers/csv.h"
#include "readers/gzip.h"
#include "readers/idx.h"
#include "readers/libsvm.h"
#include "readers/npy.h"
#include "readers/npz.h"

struct span {
    const char *at, *end;
};

/* The state of joining files. */
struct joined {
    bool may_have_names;
    size_t lines;
};

static const char *line_end(struct span text)
{
    const char *end = memchr(text.at, '\n', (size_t)(text.end - text.at));
    return end ? end : text.end;
}

/* The text without its first lines; *dropped counts them. */
static struct span skip_lines(struct span text, size_t count, size_t *dropped)
{
    for (size_t i = 0; i < count && text.at < text.end; i++) {
        const char *end = line_end(text);
        text.at = end < text.end ? end + 1 : end;
        ++*dropped;
    }
    return text;
}

static bool same_line(struct span a, struct span b)
{
    size_t size = (size_t)(line_end(a) - a.at), other = (size_t)(line_end(b) - b.at);
    size -= size && a.at[size - 1] == '\r';
    other -= other && b.at[other - 1] == '\r';
    return size && size == other && memcmp(a.at, b.at, size) == 0;
}

static size_t count_lines(struct span text)
{
    size_t lines = 0;
    for (; text.at < text.end; lines++)
        text.at = line_end(text) + 1;
    return lines;
}

/* Joined texts must have one kind of line end. */
static void end_lines_with_lf(struct tp_file *file)
{
    const bool by_cr = tp_csv_newline(file) == '\r';
    for (size_t i = 0; by_cr && i < file->size; i++)
        file->bytes[i] = file->bytes[i] == '\r' ? '\n' : file->bytes[i];
}

/* Appends the text, and a line end if its last line has none. */
static tileprop_status append(struct tp_file *file, struct span text, struct tp_error *error)
{
    const size_t size = (size_t)(text.end - text.at);
    unsigned char *grown = realloc(file->bytes, file->size + size + 1);
    if (!grown)
        return tp_fail_memory(error, file->path, "several files");
    memcpy(grown + file->size, text.at, size);
    file->bytes = grown;
    file->size += size;
    if (size && grown[file->size - 1] != '\n')
        grown[file->size++] = '\n';
    return TILEPROP_OK;
}

static tileprop_status add_part(struct tp_file *file, struct tp_file *part, const struct tp_file_list *options,
                                struct joined *joined, struct tp_error *error)
{
    struct tp_part *self = &file->parts[file->part_count - 1];
    const struct span first = {(const char *)file->bytes, (const char *)file->bytes + file->size};
    struct span text = {tp_file_text(part->bytes, part->size), (const char *)part->bytes + part->size};
    size_t before = 0;
    end_lines_with_lf(part);
    self->line = joined->lines + 1;
    if (file->part_count > 1) {
        text = skip_lines(text, options->skip_lines, &self->dropped);
        self->named = joined->may_have_names && same_line(text, skip_lines(first, options->skip_lines, &before));
        text = skip_lines(text, self->named, &self->dropped);
    }
    joined->lines += count_lines(text);
    return append(file, text, error);
}

/* Reads the first file of the list, whose name has `size` bytes. */
static tileprop_status read_part(struct tp_file *file, const char *list, size_t size,
                                 const struct tp_file_list *options, struct joined *joined, struct tp_error *error)
{
    if (!size)
        return tp_fail(error, TILEPROP_BAD_INPUT, "%s: expected a file's name before and after each comma, found none",
                       file->path);
    struct tp_part *grown = realloc(file->parts, (file->part_count + 1) * sizeof *grown);
    if (!grown)
        return tp_fail_memory(error, file->path, "several files");
    file->parts = grown;
    struct tp_part *self = &grown[file->part_count];
    *self = (struct tp_part){.path = strndup(list, size)};
    if (!self->path)
        return tp_fail_memory(error, file->path, "several files");
    file->part_count++;
    struct tp_file part;
    tileprop_status status = tp_gzip_read(&part, self->path, error);
    if (status != TILEPROP_OK)
        return status;
    if (file->part_count == 1)
        joined->may_have_names = options->may_have_names && !tp_libsvm_is(&part);
    const unsigned char *zero = memchr(part.bytes, 0, part.size);
    if (tp_npy_is(&part) || tp_idx_is(&part))
        status = tp_fail(error, TILEPROP_BAD_INPUT, "%s: expected a list of tables or libsvm text, found an array",
                         self->path);
    else if (zero)
        status = tp_file_fail(&part, (size_t)(zero - part.bytes), error,
                              "expected text in a list of files, found a zero byte");
    else
        status = add_part(file, &part, options, joined, error);
    tp_file_free(&part);
    return status;
}

bool tp_file_list_is(const char *path)
{
    struct stat info;
    char first[PATH_MAX];
    const size_t size = strcspn(path, ",");
    if (!path[size] || size >= sizeof first || stat(path, &info) == 0)
        return false;
    memcpy(first, path, size);
    first[size] = '\0';
    return strcmp(first, "-") == 0 || stat(first, &info) == 0;
}

bool tp_file_list_next(const char **path, char *file, size_t size)
{
    char archive[PATH_MAX];
    if (!*path)
        return false;
    const bool is_list = tp_file_list_is(*path);
    const char *archived = !is_list && tp_npz_split(*path, archive) ? archive : NULL;
    const size_t length = is_list ? strcspn(*path, ",") : strlen(*path);
    snprintf(file, size, "%.*s", archived ? PATH_MAX : (int)length, archived ? archived : *path);
    *path = is_list ? *path + length + 1 : NULL;
    return true;
}

tileprop_status tp_file_list_read(struct tp_file *file, const char *path, const struct tp_file_list *options,
                                  struct tp_error *error)
{
    if (!tp_file_list_is(path))
        return tp_npz_read(file, path, error);
    *file = (struct tp_file){.path = path};
    struct joined joined = {0};
    tileprop_status status = TILEPROP_OK;
    for (const char *list = path; list && status == TILEPROP_OK;) {
        const size_t size = strcspn(list, ",");
        status = read_part(file, list, size, options, &joined, error);
        list = list[size] ? list + size + 1 : NULL;
    }
    if (status != TILEPROP_OK)
        tp_file_free(file);
    return status;
}
