#include "cli/ranks.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

/* The launcher tells processes their number and their rank. */
static size_t number_of(const char *open_mpi, const char *mpich)
{
    const char *text = getenv(open_mpi) ? getenv(open_mpi) : getenv(mpich);
    return text ? strtoul(text, NULL, 10) : 0;
}

static size_t announced(void)
{
    return number_of("OMPI_COMM_WORLD_SIZE", "PMI_SIZE");
}

/* If the processes cannot reach each other, the first reports it, and its exit ends all. */
static void let_first_speak(void)
{
    if (number_of("OMPI_COMM_WORLD_RANK", "PMI_RANK") > 0)
        sleep(2);
}

#ifdef TP_MPI

#include <mpi.h>

#define CHUNK    65000 /* bytes: Open MPI sends such a message at once, and it arrives while the receiver computes */
#define SPINNING 1e-4  /* seconds of polling before it sleeps between polls: others may need the CPU */
#define PAUSE    20000 /* nanoseconds */
#define NAME     192

static struct {
    MPI_Request *requests, never;
    size_t count, capacity;
    char (*hosts)[MPI_MAX_PROCESSOR_NAME]; /* [ranks] */
    char program[NAME];
    size_t threads;
    bool joined, shared;
    MPI_Status *ignored; /* MPI_STATUSES_IGNORE, hidden from gcc, which takes MPICH's for an array of size 0 */
} self;

static MPI_Request *new_request(void)
{
    if (self.count == self.capacity) {
        self.capacity = 2 * self.capacity + 64;
        self.requests = tp_ranks_need(realloc(self.requests, self.capacity * sizeof(MPI_Request)));
    }
    return &self.requests[self.count++];
}

static size_t start_send(void *context, size_t to, int tag, const void *bytes, size_t count)
{
    (void)context;
    for (size_t done = 0, part; done < count || done == 0; done += part) {
        part = count - done < CHUNK ? count - done : CHUNK;
        MPI_Isend((const char *)bytes + done, (int)part, MPI_BYTE, (int)to, tag, MPI_COMM_WORLD, new_request());
        if (part == 0)
            break;
    }
    return self.count;
}

static size_t start_receive(void *context, size_t from, int tag, void *bytes, size_t count)
{
    (void)context;
    for (size_t done = 0, part; done < count || done == 0; done += part) {
        part = count - done < CHUNK ? count - done : CHUNK;
        MPI_Irecv((char *)bytes + done, (int)part, MPI_BYTE, (int)from, tag, MPI_COMM_WORLD, new_request());
        if (part == 0)
            break;
    }
    return self.count;
}

static void wait_for(void *context, size_t begin, size_t end)
{
    const struct timespec pause = {.tv_nsec = PAUSE};
    const double began = tp_clock_seconds();
    int done = 0;
    (void)context;
    for (;;) {
        MPI_Testall((int)(end - begin), self.requests + begin, &done, self.ignored);
        if (done)
            return;
        if (tp_clock_seconds() - began > SPINNING)
            nanosleep(&pause, NULL);
    }
}

static void finish(void *context)
{
    wait_for(context, 0, self.count);
    self.count = 0;
}

/*
 * Testing a request that never completes always makes progress. MPI_Iprobe() makes none while an unexpected message
 * waits, nor does testing completed requests, and short messages complete before they have left.
 */
static void progress(void *context)
{
    int done;
    (void)context;
    MPI_Test(&self.never, &done, MPI_STATUS_IGNORE);
}

/* Ranks of this host whose CPUs overlap share them evenly. */
static void share_cpus(void)
{
    MPI_Comm here;
    int rank, count;
    cpu_set_t own;
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &here);
    MPI_Comm_rank(here, &rank);
    MPI_Comm_size(here, &count);
    if (sched_getaffinity(0, sizeof own, &own) != 0)
        CPU_ZERO(&own);
    cpu_set_t *all = tp_ranks_need(calloc((size_t)count, sizeof *all));
    size_t sharing = 1;
    MPI_Allgather(&own, sizeof own, MPI_BYTE, all, sizeof own, MPI_BYTE, here);
    for (int r = 0; r < count; r++) {
        cpu_set_t common;
        CPU_AND(&common, &own, &all[r]);
        sharing += r != rank && CPU_COUNT(&common) > 0;
    }
    free(all);
    MPI_Comm_free(&here);
    self.shared = sharing > 1;
    self.threads = tileprop_threads(0) / (getenv("OMP_NUM_THREADS") ? 1 : sharing);
    self.threads += !self.threads;
}

tileprop_status tp_ranks_begin(const tileprop_ranks **ranks, struct tp_error *error)
{
    static tileprop_ranks all;
    int rank, count, length, provided;
    *ranks = NULL;
    if (!announced() && !getenv("PMIX_RANK"))
        return TILEPROP_OK;
    if (MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &provided) != MPI_SUCCESS)
        return tp_fail(error, TILEPROP_FAILURE, "MPI cannot be started");
    self.joined = true;
    self.ignored = MPI_STATUSES_IGNORE;
    MPI_Irecv(NULL, 0, MPI_BYTE, 0, 0, MPI_COMM_SELF, &self.never);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &count);
    if ((size_t)count < announced()) {
        let_first_speak();
        return tp_fail(error, TILEPROP_USAGE,
                       "mpirun: expected %zu processes, found %d: this build needs the mpirun of its MPI, " TP_MPI,
                       announced(), count);
    }
    self.hosts = tp_ranks_need(calloc((size_t)count, sizeof *self.hosts));
    MPI_Get_processor_name(self.hosts[rank], &length);
    MPI_Allgather(MPI_IN_PLACE, 0, MPI_BYTE, self.hosts, sizeof *self.hosts, MPI_BYTE, MPI_COMM_WORLD);
    share_cpus();
    if (count == 1)
        return TILEPROP_OK;
    if (rank > 0) {
        snprintf(self.program, sizeof self.program, "%s, rank %d on %.100s", program_invocation_short_name, rank,
                 self.hosts[rank]);
        program_invocation_short_name = self.program;
    }
    all = (tileprop_ranks){.size = sizeof all,
                           .rank = (size_t)rank,
                           .count = (size_t)count,
                           .send = start_send,
                           .receive = start_receive,
                           .wait = wait_for,
                           .finish = finish,
                           .progress = progress};
    *ranks = &all;
    return TILEPROP_OK;
}

const char *tp_ranks_host(size_t rank)
{
    return self.hosts[rank];
}

size_t tp_ranks_threads(bool *shared)
{
    *shared = self.shared;
    return self.threads;
}

bool tp_ranks_arrived(int tag, size_t *from)
{
    MPI_Status status;
    int arrived;
    MPI_Iprobe(MPI_ANY_SOURCE, tag, MPI_COMM_WORLD, &arrived, &status);
    if (arrived)
        *from = (size_t)status.MPI_SOURCE;
    return arrived;
}

void tp_ranks_end(int status, bool together)
{
    if (!self.joined)
        return;
    if (together) {
        MPI_Cancel(&self.never);
        MPI_Request_free(&self.never);
        MPI_Finalize();
    } else
        MPI_Abort(MPI_COMM_WORLD, status);
}

#else

tileprop_status tp_ranks_begin(const tileprop_ranks **ranks, struct tp_error *error)
{
    *ranks = NULL;
    if (announced() <= 1)
        return TILEPROP_OK;
    let_first_speak();
    return tp_fail(error, TILEPROP_USAGE,
                   "mpirun: expected 1 process, found %zu: this build has no MPI (Debian: libopenmpi-dev, then make)",
                   announced());
}

const char *tp_ranks_host(size_t rank)
{
    (void)rank;
    return "";
}

size_t tp_ranks_threads(bool *shared)
{
    *shared = false;
    return tileprop_threads(0);
}

bool tp_ranks_arrived(int tag, size_t *from)
{
    (void)tag;
    (void)from;
    return false;
}

void tp_ranks_end(int status, bool together)
{
    (void)status;
    (void)together;
}

#endif

void tp_ranks_broadcast(const tileprop_ranks *ranks, void *bytes, size_t count)
{
    if (!ranks)
        return;
    if (ranks->rank > 0)
        ranks->receive(ranks->context, 0, TP_TAG_PROGRAM, bytes, count);
    for (size_t r = 1; ranks->rank == 0 && r < ranks->count; r++)
        ranks->send(ranks->context, r, TP_TAG_PROGRAM, bytes, count);
    ranks->finish(ranks->context);
}

void *tp_ranks_need(void *memory)
{
    if (memory)
        return memory;
    fprintf(stderr, "%s: out of memory for messages\n", program_invocation_short_name);
    tp_ranks_end(TILEPROP_FAILURE, false);
    exit(TILEPROP_FAILURE);
}

/* A file in memory that lives as long as the process, and its path. */
static char *make_file(size_t size, char **path)
{
    const int file = memfd_create("tileprop", MFD_CLOEXEC);
    char *bytes = size && ftruncate(file, (off_t)size) == 0
                      ? mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)
                      : MAP_FAILED;
    const bool good = file >= 0 && (size == 0 || bytes != MAP_FAILED) && asprintf(path, "/proc/self/fd/%d", file) > 0;
    return tp_ranks_need(good ? bytes : NULL);
}

tileprop_status tp_ranks_share_file(const tileprop_ranks *ranks, const char **path, struct tp_error *error)
{
    struct tp_file file = {0};
    char *copy = NULL;
    tileprop_status status = TILEPROP_OK;
    if (ranks->rank == 0 && *path)
        status = tp_file_read(&file, *path, error);
    size_t size = file.bytes ? file.size : SIZE_MAX; /* no file */
    tp_ranks_broadcast(ranks, &size, sizeof size);
    if (ranks->rank == 0 && file.bytes) {
        tp_ranks_broadcast(ranks, file.bytes, size);
    } else if (ranks->rank > 0 && size != SIZE_MAX) {
        char *bytes = make_file(size, &copy);
        tp_ranks_broadcast(ranks, bytes, size);
        if (size)
            munmap(bytes, size);
    }
    if (ranks->rank > 0)
        *path = copy;
    tp_file_free(&file);
    return status;
}

/* What a rank reports. */
struct report {
    tileprop_status status;
    struct tp_error error;
};

tileprop_status tp_ranks_agree(const tileprop_ranks *ranks, tileprop_status status, struct tp_error *error)
{
    if (!ranks)
        return status;
    struct report own = {.status = status}, *all = tp_ranks_need(calloc(ranks->count, sizeof *all));
    if (status != TILEPROP_OK)
        own.error = *error;
    if (ranks->rank > 0)
        ranks->send(ranks->context, 0, TP_TAG_PROGRAM, &own, sizeof own);
    for (size_t r = 1; ranks->rank == 0 && r < ranks->count; r++)
        ranks->receive(ranks->context, r, TP_TAG_PROGRAM, &all[r], sizeof all[r]);
    ranks->finish(ranks->context);
    for (size_t r = 1; ranks->rank == 0 && own.status == TILEPROP_OK && r < ranks->count; r++)
        if (all[r].status != TILEPROP_OK)
            own.status =
                tp_fail(error, all[r].status, "rank %zu on %.64s: %.900s", r, tp_ranks_host(r), all[r].error.text);
    free(all);
    tp_ranks_broadcast(ranks, &own.status, sizeof own.status);
    return own.status;
}

int tp_ranks_largest(const tileprop_ranks *ranks, int number)
{
    for (size_t r = 1; ranks && r < ranks->count; r++) {
        int other = number;
        if (ranks->rank == 0)
            ranks->receive(ranks->context, r, TP_TAG_PROGRAM, &other, sizeof other);
        else if (ranks->rank == r)
            ranks->send(ranks->context, 0, TP_TAG_PROGRAM, &other, sizeof other);
        ranks->finish(ranks->context);
        number = other > number ? other : number;
    }
    tp_ranks_broadcast(ranks, &number, sizeof number);
    return number;
}
