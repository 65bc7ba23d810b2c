#include "system/team.h"

#include <limits.h>
#include <linux/futex.h>
#include <omp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernels/flush.h"
#include "system/cpus.h"
#include "system/threads.h"

/*
 * The team's own barrier: libgomp's spins for so long that a member whose partner has lost its CPU to another process
 * burns its own time slice waiting. Here a member spins for about as long as falling asleep and waking up take, then
 * sleeps and frees its CPU.
 */
struct barrier {
    _Alignas(64) atomic_uint arrived;
    _Alignas(64) atomic_uint generation; /* barriers passed; what sleepers wait on */
    atomic_uint sleepers;
};

/* Members that compute without the others meet at the barrier `part`, while the others wait at `whole`. */
struct team {
    struct barrier whole, part;
    size_t members, cpus;
};

#define SPINS 1000 /* of one pause each, before sleeping: 30 to 50 us */

static _Thread_local struct team *own_team;

static void pause_briefly(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void futex(atomic_uint *word, int operation, unsigned value)
{
    syscall(SYS_futex, word, operation, value, NULL, NULL, 0);
}

/*
 * The last member to arrive starts the next generation and wakes the sleepers. With more members than CPUs nobody
 * spins: the member waited for may need this very CPU.
 */
static void barrier_wait(struct barrier *b, size_t members, size_t cpus)
{
    unsigned generation = atomic_load(&b->generation);
    if (atomic_fetch_add(&b->arrived, 1) + 1 == members) {
        atomic_store(&b->arrived, 0);
        atomic_store(&b->generation, generation + 1);
        if (atomic_load(&b->sleepers))
            futex(&b->generation, FUTEX_WAKE_PRIVATE, INT_MAX);
        return;
    }
    for (int i = members > cpus ? SPINS : 0; i < SPINS; i++) {
        if (atomic_load_explicit(&b->generation, memory_order_acquire) != generation)
            return;
        pause_briefly();
    }
    /* The count goes up before the futex looks at the generation: the last to arrive sees a sleeper, or the
     * sleeper sees the new generation. */
    atomic_fetch_add(&b->sleepers, 1);
    while (atomic_load(&b->generation) == generation)
        futex(&b->generation, FUTEX_WAIT_PRIVATE, generation);
    atomic_fetch_sub(&b->sleepers, 1);
}

/* A call of tp_team_run. */
struct call {
    size_t members, granted;
    void (*work)(void *context, size_t member, size_t members);
    void *context;
    struct tp_error *error;
    tileprop_status status;
};

/* Threads that OpenMP keeps for this thread's next team. A smaller team ends the surplus. */
static _Thread_local size_t kept;

static void *run(void *context)
{
    struct call *call = context;
    struct team team = {.members = call->members, .cpus = tp_cpus_available()};
    call->status = call->members - 1 > kept ? tp_threads_prove(call->members, kept, call->error) : TILEPROP_OK;
    if (call->status != TILEPROP_OK)
        return NULL;
    int dynamic = omp_get_dynamic(); /* would let the runtime make a smaller team */
    omp_set_dynamic(0);
#pragma omp parallel num_threads((int)call->members)
    {
        const size_t present = (size_t)omp_get_num_threads();
        if (present == call->members) {
            struct team *outer = own_team; /* the team of a run whose callback made this call */
            const uint64_t saved = tp_flush_enter();
            own_team = &team;
            call->work(call->context, (size_t)omp_get_thread_num(), call->members);
            own_team = outer;
            tp_flush_leave(saved);
        }
#pragma omp master
        call->granted = present;
    }
    omp_set_dynamic(dynamic);
    kept = call->granted - 1;
    if (call->granted != call->members)
        call->status =
            tp_fail(call->error, TILEPROP_FAILURE, "threads: OpenMP granted %zu of %zu", call->granted, call->members);
    return NULL;
}

/*
 * The threads that libgomp keeps for a thread's next team do not survive fork(), which it does not notice: the child
 * would wait for them forever. A new thread has none yet.
 */
static pid_t process;

__attribute__((constructor)) static void remember_process(void)
{
    process = getpid();
}

tileprop_status tp_team_run(size_t members, void (*work)(void *context, size_t member, size_t members), void *context,
                            struct tp_error *error)
{
    struct call call = {.members = members, .work = work, .context = context, .error = error};
    pthread_t thread;
    if (members == 1) {
        struct team *outer = own_team;
        const uint64_t saved = tp_flush_enter();
        own_team = NULL; /* a single member waits for nobody */
        work(context, 0, 1);
        own_team = outer;
        tp_flush_leave(saved);
        return TILEPROP_OK;
    }
    if (members < 1 || members > TP_TEAM_MAX)
        return tp_fail(error, TILEPROP_USAGE, "threads: expected 1 to %d, found %zu", TP_TEAM_MAX, members);
    if (getpid() == process) {
        run(&call);
        return call.status;
    }
    const int refused = pthread_create(&thread, NULL, run, &call);
    if (refused)
        return tp_fail(error, TILEPROP_FAILURE, "threads: none granted to the child of a fork: %s", strerror(refused));
    pthread_join(thread, NULL);
    return call.status;
}

size_t tp_team_threads(size_t most)
{
    const int limit = omp_get_thread_limit();
    const size_t cpus = tp_cpus_available(), allowed = limit < 1 ? 1 : (size_t)limit;
    const size_t all = cpus < allowed ? cpus : allowed;
    return most == 0 || most > all ? all : most;
}

void tp_team_barrier(void)
{
    if (own_team)
        barrier_wait(&own_team->whole, own_team->members, own_team->cpus);
}

void tp_team_barrier_of(size_t count)
{
    if (own_team && count > 1)
        barrier_wait(&own_team->part, count, own_team->cpus);
}
