#include "readers/npz.h"

#include <libdeflate.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "readers/gzip.h"

/*
 * The format: PKWARE's APPNOTE.TXT. A directory at the end says where the members are and how they are packed; the
 * header before each member repeats this and is only skipped.
 */
#define TP_ZIP_LOCAL       0x04034b50
#define TP_ZIP_ENTRY       0x02014b50
#define TP_ZIP_END         0x06054b50
#define TP_ZIP_END64       0x06064b50
#define TP_ZIP_LOCATOR64   0x07064b50
#define TP_ZIP_ELSEWHERE   0xffffffff /* in place of a size or an offset: the value is in the zip64 field */
#define TP_ZIP_COMMENT_MAX 0xffff

enum { LOCAL_SIZE = 30, ENTRY_SIZE = 46, END_SIZE = 22, END64_SIZE = 56, LOCATOR64_SIZE = 20 };

struct entry {
    const char *name;
    size_t name_size;
    unsigned flags, method;
    uint32_t crc;
    uint64_t packed, size, offset;
};

/* What is left of the directory. */
struct directory {
    size_t at, end;
};

/* size <= 8 bytes at an offset in the file. */
static uint64_t number(const struct tp_file *file, size_t at, size_t size)
{
    uint64_t value = 0;
    for (size_t i = size; i-- > 0;)
        value = value << 8 | file->bytes[at + i];
    return value;
}

static bool has(const struct tp_file *file, uint64_t at, size_t size, uint32_t signature)
{
    return at <= file->size && size <= file->size - at && number(file, (size_t)at, 4) == signature;
}

static bool is_zip(const struct tp_file *file)
{
    return has(file, 0, 4, TP_ZIP_LOCAL) || has(file, 0, END_SIZE, TP_ZIP_END);
}

/* The directory's end record is the last thing in the file, except for a comment that may hold anything. */
static bool find_directory(const struct tp_file *file, struct directory *directory)
{
    size_t at = file->size, comment = 0;
    for (size_t i = END_SIZE; at == file->size && i <= file->size && comment <= TP_ZIP_COMMENT_MAX; i++, comment++)
        if (has(file, file->size - i, END_SIZE, TP_ZIP_END) && number(file, file->size - i + 20, 2) == comment)
            at = file->size - i;
    if (at == file->size)
        return false;
    uint64_t size = number(file, at + 12, 4), offset = number(file, at + 16, 4);
    if (at >= LOCATOR64_SIZE && has(file, at - LOCATOR64_SIZE, LOCATOR64_SIZE, TP_ZIP_LOCATOR64)) {
        const uint64_t end64 = number(file, at - LOCATOR64_SIZE + 8, 8);
        if (!has(file, end64, END64_SIZE, TP_ZIP_END64))
            return false;
        size = number(file, (size_t)end64 + 40, 8);
        offset = number(file, (size_t)end64 + 48, 8);
    }
    if (offset > at || size > at - offset)
        return false;
    *directory = (struct directory){(size_t)offset, (size_t)(offset + size)};
    return true;
}

/* Applies the zip64 field, if there is one among the extra fields at..end, to an entry. */
static void read_zip64(const struct tp_file *file, size_t at, size_t end, struct entry *entry)
{
    uint64_t *const values[] = {&entry->size, &entry->packed, &entry->offset};
    while (end - at >= 4) {
        const uint64_t kind = number(file, at, 2), size = number(file, at + 2, 2);
        at += 4;
        if (size > end - at)
            return;
        const size_t next = at + (size_t)size;
        for (size_t i = 0; kind == 1 && i < 3; i++) {
            if (*values[i] == TP_ZIP_ELSEWHERE && next - at >= 8) {
                *values[i] = number(file, at, 8);
                at += 8;
            }
        }
        at = next;
    }
}

/* Takes the next entry; false at the directory's end, or where no entry is found. */
static bool next_entry(const struct tp_file *file, struct directory *directory, struct entry *entry)
{
    const size_t at = directory->at, left = directory->end - at;
    if (left < ENTRY_SIZE || !has(file, at, ENTRY_SIZE, TP_ZIP_ENTRY))
        return false;
    const size_t name = (size_t)number(file, at + 28, 2), extra = (size_t)number(file, at + 30, 2);
    const size_t size = ENTRY_SIZE + name + extra + (size_t)number(file, at + 32, 2);
    if (left < size)
        return false;
    *entry = (struct entry){.name = (const char *)file->bytes + at + ENTRY_SIZE,
                            .name_size = name,
                            .flags = (unsigned)number(file, at + 8, 2),
                            .method = (unsigned)number(file, at + 10, 2),
                            .crc = (uint32_t)number(file, at + 16, 4),
                            .packed = number(file, at + 20, 4),
                            .size = number(file, at + 24, 4),
                            .offset = number(file, at + 42, 4)};
    read_zip64(file, at + ENTRY_SIZE + name, at + ENTRY_SIZE + name + extra, entry);
    directory->at += size;
    return true;
}

static bool ends_with(const struct entry *entry, const char *end)
{
    const size_t size = strlen(end);
    return entry->name_size >= size && memcmp(entry->name + entry->name_size - size, end, size) == 0;
}

/* Whether the entry is an array, and, unless member is NULL, the one of that name. */
static bool is_array(const struct entry *entry, const char *member)
{
    const size_t size = member ? strlen(member) : 0, bare = entry->name_size - 4;
    return ends_with(entry, ".npy") &&
           (!member || ((size == bare || size == entry->name_size) && memcmp(entry->name, member, size) == 0));
}

/* Names an archive without arrays, and how to convert it, by its first characteristic member. */
static tileprop_status refuse_other(const struct tp_file *file, struct directory directory, struct tp_error *error)
{
    static const struct {
        const char *end, *what;
    } kinds[] = {
        {"xl/workbook.xml", "expected a table or arrays, found an Excel workbook; save one of its sheets as CSV"},
        {"xl/workbook.bin", "expected a table or arrays, found an Excel workbook; save one of its sheets as CSV"},
        {"content.xml", "expected a table or arrays, found an OpenDocument file; save one of its sheets as CSV"},
        {"word/document.xml", "expected a table or arrays, found a Word document; save its table as CSV"},
        {"/data.pkl", "expected a table or arrays, found a PyTorch file; np.savez(..., X=x.numpy()) writes arrays"},
    };
    struct entry entry, first = {.name = ""};
    while (next_entry(file, &directory, &entry)) {
        if (!first.name_size)
            first = entry;
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
            if (ends_with(&entry, kinds[i].end))
                return tp_fail(error, TILEPROP_BAD_INPUT, "%s: %s", file->path, kinds[i].what);
    }
    if (!first.name_size)
        return tp_fail(error, TILEPROP_BAD_INPUT, "%s: expected NumPy arrays, found an empty zip archive", file->path);
    return tp_fail(
        error, TILEPROP_BAD_INPUT,
        "%s: expected NumPy arrays (.npz), found a zip archive with \"%s\"; unzip it and name the file itself",
        file->path, tp_show(first.name, first.name_size).text);
}

/* Member names no array, or is NULL where there are several; the message lists the arrays. */
static tileprop_status refuse_choice(const struct tp_file *file, struct directory directory, const char *member,
                                     struct tp_error *error)
{
    char names[400] = "";
    struct tp_shown first = {""};
    size_t count = 0, length = 0;
    struct entry entry;
    while (next_entry(file, &directory, &entry)) {
        if (!is_array(&entry, NULL))
            continue;
        const struct tp_shown shown = tp_show(entry.name, entry.name_size - 4);
        if (count++ == 0)
            first = shown;
        if (length + sizeof shown.text + 8 < sizeof names)
            length += (size_t)snprintf(names + length, sizeof names - length, "%s%s", length ? ", " : "", shown.text);
        else if (names[length - 1] != '.')
            length += (size_t)snprintf(names + length, sizeof names - length, ", ...");
    }
    return member ? tp_fail(error, TILEPROP_BAD_INPUT, "%s: expected one of its %zu arrays, found \"%s\"; they are %s",
                            file->path, count, tp_show(member, strlen(member)).text, names)
                  : tp_fail(error, TILEPROP_BAD_INPUT,
                            "%s: expected the name of one of its %zu arrays after a colon, such as %s:%s, found none; "
                            "they are %s",
                            file->path, count, file->path, first.text, names);
}

/* Finds the requested entry. */
static tileprop_status find_entry(const struct tp_file *file, const char *member, struct entry *found,
                                  struct tp_error *error)
{
    struct directory directory;
    if (!find_directory(file, &directory))
        return tp_fail(error, TILEPROP_BAD_INPUT,
                       "%s: expected a zip archive, found no central directory: it is truncated or damaged",
                       file->path);
    const struct directory begin = directory;
    struct entry entry;
    size_t arrays = 0, matches = 0;
    while (next_entry(file, &directory, &entry)) {
        arrays += is_array(&entry, NULL);
        if (is_array(&entry, member) && matches++ == 0)
            *found = entry;
    }
    if (directory.at != directory.end)
        return tp_file_fail(file, directory.at, error,
                            "expected an entry of the zip archive's central directory, found none");
    if (arrays == 0)
        return refuse_other(file, begin, error);
    if (member && matches > 1)
        return tp_fail(error, TILEPROP_BAD_INPUT, "%s: expected one array named \"%s\", found %zu", file->path,
                       tp_show(member, strlen(member)).text, matches);
    return matches == 1 ? TILEPROP_OK : refuse_choice(file, begin, member, error);
}

static tileprop_status inflate(unsigned char *plain, const unsigned char *packed, const struct entry *entry,
                               const struct tp_file *file, struct tp_error *error)
{
    struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
    if (!decompressor)
        return tp_fail_memory(error, file->path, "unpacking");
    const enum libdeflate_result result =
        libdeflate_deflate_decompress(decompressor, packed, (size_t)entry->packed, plain, (size_t)entry->size, NULL);
    libdeflate_free_decompressor(decompressor);
    return result == LIBDEFLATE_SUCCESS
               ? TILEPROP_OK
               : tp_fail(error, TILEPROP_BAD_INPUT, "%s: \"%s\" is damaged: it does not unpack to %zu bytes",
                         file->path, tp_show(entry->name, entry->name_size).text, (size_t)entry->size);
}

/* Where the entry's bytes begin in the file, after checking what the directory says about them. */
static tileprop_status check_entry(const struct tp_file *file, const struct entry *entry, size_t *begin,
                                   struct tp_error *error)
{
    const struct tp_shown name = tp_show(entry->name, entry->name_size);
    if (entry->flags & 1)
        return tp_fail(error, TILEPROP_BAD_INPUT,
                       "%s: \"%s\": expected an unencrypted array, as np.savez() writes it, found an encrypted one",
                       file->path, name.text);
    if (entry->method != 0 && entry->method != 8)
        return tp_fail(error, TILEPROP_BAD_INPUT,
                       "%s: \"%s\": expected compression method 0 or 8, as np.savez() and np.savez_compressed() "
                       "use, found %u",
                       file->path, name.text, entry->method);
    const bool is_there = has(file, entry->offset, LOCAL_SIZE, TP_ZIP_LOCAL);
    const size_t at = is_there ? (size_t)entry->offset : 0;
    const uint64_t header =
        is_there ? LOCAL_SIZE + number(file, at + 26, 2) + number(file, at + 28, 2) : (uint64_t)file->size + 1;
    if (header > file->size - at || entry->packed > file->size - at - header)
        return tp_fail(error, TILEPROP_BAD_INPUT,
                       "%s: \"%s\" is not where the archive's central directory says, expected a complete archive",
                       file->path, name.text);
    if (entry->method == 0 ? entry->size != entry->packed : entry->size / TP_DEFLATE_RATIO_MAX > entry->packed)
        return tp_fail(error, TILEPROP_BAD_INPUT, "%s: \"%s\" is damaged: %zu bytes cannot unpack to %zu", file->path,
                       name.text, (size_t)entry->packed, (size_t)entry->size);
    *begin = at + (size_t)header;
    return TILEPROP_OK;
}

/* Replaces the archive by the entry. */
static tileprop_status take_entry(struct tp_file *file, const struct entry *entry, struct tp_error *error)
{
    size_t begin = 0;
    tileprop_status status = check_entry(file, entry, &begin, error);
    if (status != TILEPROP_OK)
        return status;
    const size_t size = (size_t)entry->size;
    unsigned char *plain = malloc(size ? size : 1);
    if (!plain)
        return tp_fail(error, TILEPROP_FAILURE, "%s: out of memory: %zu bytes needed", file->path, size);
    tp_file_prefer_huge_pages(plain, size);
    if (entry->method == 0)
        memcpy(plain, file->bytes + begin, size);
    else
        status = inflate(plain, file->bytes + begin, entry, file, error);
    if (status == TILEPROP_OK && libdeflate_crc32(0, plain, size) != entry->crc)
        status = tp_fail(error, TILEPROP_BAD_INPUT, "%s: \"%s\" is damaged: its checksum does not match", file->path,
                         tp_show(entry->name, entry->name_size).text);
    if (status != TILEPROP_OK) {
        free(plain);
        return status;
    }
    free(file->bytes);
    file->bytes = plain;
    file->size = size;
    file->unpacked = true;
    return TILEPROP_OK;
}

tileprop_status tp_npz_unpack(struct tp_file *file, const char *member, struct tp_error *error)
{
    struct entry entry = {.name = ""};
    if (!is_zip(file))
        return member ? tp_fail(error, TILEPROP_BAD_INPUT,
                                "%s: expected a zip archive (.npz) with the array \"%s\", found another format",
                                file->path, tp_show(member, strlen(member)).text)
                      : TILEPROP_OK;
    const tileprop_status status = find_entry(file, member, &entry, error);
    return status == TILEPROP_OK ? take_entry(file, &entry, error) : status;
}

const char *tp_npz_split(const char *path, char *archive)
{
    struct stat info;
    if (stat(path, &info) == 0)
        return NULL;
    for (const char *colon = strchr(path, ':'); colon; colon = strchr(colon + 1, ':')) {
        const size_t size = (size_t)(colon - path);
        if (size >= PATH_MAX)
            return NULL;
        memcpy(archive, path, size);
        archive[size] = '\0';
        if (stat(archive, &info) == 0 && !S_ISDIR(info.st_mode))
            return colon + 1;
    }
    return NULL;
}

tileprop_status tp_npz_read(struct tp_file *file, const char *path, struct tp_error *error)
{
    char archive[PATH_MAX];
    const char *member = tp_npz_split(path, archive);
    tileprop_status status = tp_gzip_read(file, member ? archive : path, error);
    if (status == TILEPROP_OK)
        status = tp_npz_unpack(file, member, error);
    if (status != TILEPROP_OK)
        tp_file_free(file);
    else if (member)
        file->path = path;
    return status;
}
