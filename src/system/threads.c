#include "system/threads.h"

#include <ctype.h>
#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "system/cgroup.h"

#define CALLER_BYTES 256  /* of the caller's stack that libgomp takes per member when it creates a team */
#define TEAM_BYTES   1024 /* likewise, of the heap */

/*
 * OpenMP's threads end with pthread_exit(), for which glibc loads this library; if it cannot, it aborts. Weak: a static
 * program may lack dlopen().
 */
#define UNWINDER "libgcc_s.so.1"
#pragma weak dlopen
#pragma weak dlerror

size_t tp_threads_stack_size(const char *text)
{
    static const char units[] = "bkmg";
    char *end;
    text += strspn(text, " \t\n\v\f\r");
    if (!isdigit((unsigned char)*text))
        return 0;
    errno = 0;
    const size_t number = strtoul(text, &end, 10);
    end += strspn(end, " \t\n\v\f\r");
    const char *unit = *end ? strchr(units, tolower((unsigned char)*end++)) : units + 1;
    const unsigned shift = unit ? 10 * (unsigned)(unit - units) : 0;
    if (!unit || errno || end[strspn(end, " \t\n\v\f\r")] || number > SIZE_MAX >> shift)
        return 0;
    return number << shift;
}

/* Sets and returns the stack size of OpenMP's threads. OpenMP itself read the environment when it was loaded. */
static size_t set_stack_size(pthread_attr_t *attributes)
{
    static const char *const names[] = {"OMP_STACKSIZE", "GOMP_STACKSIZE"};
    size_t size = 0;
    for (size_t i = 0; i < 2 && !size; i++) {
        const char *text = getenv(names[i]);
        size = text ? tp_threads_stack_size(text) : 0;
    }
    if (!size || pthread_attr_setstacksize(attributes, size) != 0)
        pthread_attr_getstacksize(attributes, &size);
    return size;
}

/* Bytes left of the calling thread's stack; SIZE_MAX if it runs on another stack, as a coroutine does. */
static size_t stack_left(void)
{
    pthread_attr_t own;
    void *start;
    size_t size;
    if (pthread_getattr_np(pthread_self(), &own) != 0)
        return SIZE_MAX;
    const int unknown = pthread_attr_getstack(&own, &start, &size);
    pthread_attr_destroy(&own);
    const uintptr_t here = (uintptr_t)__builtin_frame_address(0), base = (uintptr_t)start;
    return unknown || here < base || here - base > size ? SIZE_MAX : here - base;
}

static void *wait_for_all(void *gate)
{
    pthread_mutex_lock(gate);
    pthread_mutex_unlock(gate);
    return NULL;
}

/* Creates `count` threads at once; returns how many there were, and in *refused the error number. */
static size_t try(size_t count, const pthread_attr_t *attributes, int *refused)
{
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    pthread_t *threads = calloc(count, sizeof *threads);
    size_t granted = 0;
    *refused = threads ? 0 : ENOMEM;
    pthread_mutex_lock(&gate);
    while (!*refused && granted < count) {
        *refused = pthread_create(&threads[granted], attributes, wait_for_all, &gate);
        granted += !*refused;
    }
    if (!*refused) { /* OpenMP also needs heap for its record of them */
        void *notes = malloc((count + 1) * TEAM_BYTES);
        *refused = notes ? 0 : ENOMEM;
        free(notes);
    }
    pthread_mutex_unlock(&gate);
    for (size_t i = 0; i < granted; i++)
        pthread_join(threads[i], NULL);
    free(threads);
    return granted;
}

struct limit {
    char text[24];
};

static size_t pids_max(const char *group)
{
    size_t most;
    return tp_system_number(group, "pids.max", &most) ? most : SIZE_MAX;
}

/* A control group refuses a thread with the same error number as RLIMIT_NPROC. */
static struct limit limit_of_group(void)
{
    const size_t most = tp_cgroup_least("/proc", "/sys/fs/cgroup", "pids", pids_max).value;
    struct limit limit = {"none"};
    if (most != SIZE_MAX)
        snprintf(limit.text, sizeof limit.text, "%zu", most);
    return limit;
}

static struct limit limit_of(__rlimit_resource_t resource)
{
    struct rlimit found;
    struct limit limit = {"none"};
    if (getrlimit(resource, &found) == 0 && found.rlim_cur != RLIM_INFINITY)
        snprintf(limit.text, sizeof limit.text, "%ju", (uintmax_t)found.rlim_cur);
    return limit;
}

tileprop_status tp_threads_prove(size_t members, size_t kept, struct tp_error *error)
{
    pthread_attr_t attributes;
    int refused;
    const size_t left = stack_left(), needed = TP_STACK_MIN + members * CALLER_BYTES;
    if (left < needed)
        return tp_fail(error, TILEPROP_FAILURE,
                       "threads: expected %zu bytes left of the caller's stack for %zu threads, found %zu", needed,
                       members, left);
    if (dlopen && !dlopen(UNWINDER, RTLD_NOW))
        return tp_fail(error, TILEPROP_FAILURE, "threads: %s cannot be loaded: %s (RLIMIT_NOFILE %s, RLIMIT_AS %s)",
                       UNWINDER, dlerror(), limit_of(RLIMIT_NOFILE).text, limit_of(RLIMIT_AS).text);
    if ((refused = pthread_attr_init(&attributes)) != 0)
        return tp_fail(error, TILEPROP_FAILURE, "threads: %s", strerror(refused));
    const size_t stack = set_stack_size(&attributes);
    size_t granted = 1 + kept;
    if (stack >= TP_STACK_MIN)
        granted += try(members - granted, &attributes, &refused);
    pthread_attr_destroy(&attributes);
    if (stack < TP_STACK_MIN)
        return tp_fail(error, TILEPROP_FAILURE,
                       "threads: expected stacks of at least %zu bytes (OMP_STACKSIZE, ulimit -s), found %zu",
                       TP_STACK_MIN, stack);
    if (!refused)
        return TILEPROP_OK;
    return tp_fail(error, TILEPROP_FAILURE,
                   "threads: the system granted %zu of %zu with stacks of %zu bytes: %s (RLIMIT_NPROC %s, RLIMIT_AS "
                   "%s, pids.max %s)",
                   granted, members, stack, strerror(refused), limit_of(RLIMIT_NPROC).text, limit_of(RLIMIT_AS).text,
                   limit_of_group().text);
}
