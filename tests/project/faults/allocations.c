/*
 * Linked into train or predict with --wrap: makes one allocation of our own code fail. A site is an allocation together
 * with its TP_SITE_DEPTH callers, as a hash of code addresses.
 * TP_FAULT="SITE:N" makes the site's N-th call fail; TP_FAULT_LOG names a file that gets a line `SITE calls
 * FRAMES` for each site when the program ends.
 */
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <jansson.h>
#include <libdeflate.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TP_OWN_FRAMES 3 /* find_callers(), fails() and the wrapper */
#define TP_SITE_DEPTH 5
#define TP_FRAMES     24 /* libraries between our own callers among them */
#define TP_SITES_MAX  4096

struct site {
    uint64_t key;
    unsigned calls;
    uint32_t frames[TP_SITE_DEPTH]; /* offsets in the program */
};

extern char __executable_start, etext;

static struct site sites[TP_SITES_MAX];
static size_t site_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t failing_key;
static unsigned failing_call;
static _Thread_local bool inside; /* allocations of backtrace() itself are not counted */

__attribute__((noinline)) static struct site find_callers(void)
{
    void *frames[TP_FRAMES];
    struct site site = {.key = 0xcbf29ce484222325};
    const int count = backtrace(frames, TP_FRAMES);
    for (int i = 0, own = -TP_OWN_FRAMES; i < count && own < TP_SITE_DEPTH; i++) {
        if ((char *)frames[i] < &__executable_start || (char *)frames[i] >= &etext)
            continue;
        if (own++ < 0)
            continue;
        const uint32_t offset = (uint32_t)((char *)frames[i] - &__executable_start);
        site.frames[own - 1] = offset;
        site.key = (site.key ^ offset) * 0x100000001b3; /* FNV-1a, by words */
    }
    return site;
}

/* Counts the call; true if it is the one to fail. */
__attribute__((noinline)) static bool fails(void)
{
    if (inside)
        return false;
    inside = true;
    const struct site here = find_callers();
    size_t i = 0;
    pthread_mutex_lock(&lock);
    while (i < site_count && sites[i].key != here.key)
        i++;
    if (i == site_count && site_count < TP_SITES_MAX)
        sites[site_count++] = here;
    const bool chosen = i < TP_SITES_MAX && ++sites[i].calls == failing_call && here.key == failing_key;
    pthread_mutex_unlock(&lock);
    inside = false;
    if (chosen)
        errno = ENOMEM;
    return chosen;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t size);
int __real_vasprintf(char **text, const char *format, va_list arguments);
void *__real_mmap(void *address, size_t size, int protection, int flags, int descriptor, off_t offset);
FILE *__real_open_memstream(char **text, size_t *size);
FILE *__real_fdopen(int descriptor, const char *mode);
char *__real_realpath(const char *path, char *resolved);
ssize_t __real_getdelim(char **line, size_t *capacity, int end, FILE *file);
cpu_set_t *__real___sched_cpualloc(size_t count);
struct libdeflate_decompressor *__real_libdeflate_alloc_decompressor(void);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t size);
int __wrap_asprintf(char **text, const char *format, ...) __attribute__((format(printf, 2, 3)));
int __wrap___asprintf_chk(char **text, int flag, const char *format, ...) __attribute__((format(printf, 3, 4)));
void *__wrap_mmap(void *address, size_t size, int protection, int flags, int descriptor, off_t offset);
FILE *__wrap_open_memstream(char **text, size_t *size);
FILE *__wrap_fdopen(int descriptor, const char *mode);
char *__wrap_realpath(const char *path, char *resolved);
char *__wrap___realpath_chk(const char *path, char *resolved, size_t size);
ssize_t __wrap_getline(char **line, size_t *capacity, FILE *file);
ssize_t __wrap_getdelim(char **line, size_t *capacity, int end, FILE *file);
ssize_t __wrap___getdelim(char **line, size_t *capacity, int end, FILE *file);
cpu_set_t *__wrap___sched_cpualloc(size_t count);
struct libdeflate_decompressor *__wrap_libdeflate_alloc_decompressor(void);

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *block, size_t size)
{
    return fails() ? NULL : __real_realloc(block, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return fails() ? NULL : __real_aligned_alloc(alignment, size);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t size)
{
    return fails() ? NULL : __real_strndup(text, size);
}

/* What a failed one leaves in *text is undefined. */
int __wrap_asprintf(char **text, const char *format, ...)
{
    va_list arguments;
    if (fails()) {
        *text = (char *)1;
        return -1;
    }
    va_start(arguments, format);
    const int length = vasprintf(text, format, arguments);
    va_end(arguments);
    return length;
}

/* What _FORTIFY_SOURCE makes of asprintf and realpath. */
int __wrap___asprintf_chk(char **text, int flag, const char *format, ...)
{
    va_list arguments;
    (void)flag;
    if (fails()) {
        *text = (char *)1;
        return -1;
    }
    va_start(arguments, format);
    const int length = vasprintf(text, format, arguments);
    va_end(arguments);
    return length;
}

char *__wrap___realpath_chk(const char *path, char *resolved, size_t size)
{
    (void)size;
    return fails() ? NULL : __real_realpath(path, resolved);
}

void *__wrap_mmap(void *address, size_t size, int protection, int flags, int descriptor, off_t offset)
{
    return fails() ? MAP_FAILED : __real_mmap(address, size, protection, flags, descriptor, offset);
}

FILE *__wrap_open_memstream(char **text, size_t *size)
{
    return fails() ? NULL : __real_open_memstream(text, size);
}

FILE *__wrap_fdopen(int descriptor, const char *mode)
{
    return fails() ? NULL : __real_fdopen(descriptor, mode);
}

char *__wrap_realpath(const char *path, char *resolved)
{
    return fails() ? NULL : __real_realpath(path, resolved);
}

ssize_t __wrap_getline(char **line, size_t *capacity, FILE *file)
{
    return fails() ? -1 : __real_getdelim(line, capacity, '\n', file);
}

ssize_t __wrap_getdelim(char **line, size_t *capacity, int end, FILE *file)
{
    return fails() ? -1 : __real_getdelim(line, capacity, end, file);
}

ssize_t __wrap___getdelim(char **line, size_t *capacity, int end, FILE *file)
{
    return fails() ? -1 : __real_getdelim(line, capacity, end, file);
}

cpu_set_t *__wrap___sched_cpualloc(size_t count)
{
    return fails() ? NULL : __real___sched_cpualloc(count);
}

struct libdeflate_decompressor *__wrap_libdeflate_alloc_decompressor(void)
{
    return fails() ? NULL : __real_libdeflate_alloc_decompressor();
}

static void write_log(void)
{
    const char *path = getenv("TP_FAULT_LOG");
    const int log = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666) : -1;
    for (size_t i = 0; log >= 0 && i < site_count; i++) {
        dprintf(log, "%016llx %u", (unsigned long long)sites[i].key, sites[i].calls);
        for (int f = 0; f < TP_SITE_DEPTH && sites[i].frames[f]; f++)
            dprintf(log, " %x", sites[i].frames[f]);
        dprintf(log, "\n");
    }
    if (log >= 0)
        close(log);
}

__attribute__((constructor)) static void begin(void)
{
    const char *fault = getenv("TP_FAULT");
    char *end;
    inside = true;
    void *frame;
    backtrace(&frame, 1); /* loads what it needs */
    inside = false;
    if (fault) {
        failing_key = strtoull(fault, &end, 16);
        failing_call = (unsigned)strtoul(end + 1, NULL, 10);
    }
    json_set_alloc_funcs(__wrap_malloc, free);
    atexit(write_log);
}
