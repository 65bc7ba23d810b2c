#include "cli/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/json_text.h"
#include "tileprop/tileprop.h"

/*
 * Opens the descriptors that the program was started without; otherwise an output file could get one of them, and what
 * is printed would end up in it. Open for reading only, so that printing still fails.
 */
static void open_standard_streams(void)
{
    for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; descriptor++) {
        if (fcntl(descriptor, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != descriptor) {
            perror("/dev/null");
            exit(TILEPROP_FAILURE);
        }
    }
}

void tp_program_begin(void)
{
    open_standard_streams();
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
}

tileprop_status tp_program_json(json_t *object, struct tp_error *error)
{
    char *text = object ? tp_json_text_write(object, JSON_REAL_PRECISION(17)) : NULL;
    if (text)
        puts(text);
    json_decref(object);
    free(text);
    return text ? TILEPROP_OK : tp_fail(error, TILEPROP_FAILURE, "--json: out of memory");
}

tileprop_status tp_program_finish(tileprop_status status, struct tp_error *error)
{
    if (status == TILEPROP_OK) {
        /* If an earlier write failed, its reason is in errno, unless something has overwritten it. */
        int number = ferror(stdout) ? (errno ? errno : EIO) : 0;
        if (fflush(stdout) != 0)
            number = errno;
        if (number && number != EPIPE)
            status = tp_fail(error, TILEPROP_FAILURE, "standard output: %s", strerror(number));
    }
    if (status != TILEPROP_OK)
        fprintf(stderr, "%s: %s\n", program_invocation_short_name, error->text);
    return status;
}

void tp_program_note_unverified(const char *path)
{
    fprintf(stderr, "%s: note: %s: no checksum found, so nothing shows whether the file is intact\n",
            program_invocation_short_name, path);
}

static volatile sig_atomic_t number_that_came;
static int number_elsewhere;
static struct itimerval time_to_end;

static void end_at_once(int number)
{
    (void)number;
    _exit(128 + number_that_came);
}

void tp_program_end_within(double seconds)
{
    signal(SIGALRM, end_at_once);
    time_to_end.it_value.tv_usec = (suseconds_t)(1e6 * seconds);
}

/* The next signal ends the program at once, except SIGXCPU, which comes again every second. */
static void request_stop(int number)
{
    if (number_that_came && number != SIGXCPU) {
        signal(number, SIG_DFL);
        raise(number);
    }
    if (number_that_came)
        return;
    number_that_came = number;
    setitimer(ITIMER_REAL, &time_to_end, NULL);
}

static const int stopping[] = {SIGINT, SIGTERM, SIGHUP, SIGXCPU};
static bool ignored[sizeof stopping / sizeof stopping[0]];

/* A shell lets background jobs ignore Ctrl-C, and nohup lets them ignore the end of the terminal. */
static void find_ignored(void)
{
    for (size_t i = 0; i < sizeof stopping / sizeof stopping[0]; i++) {
        struct sigaction found;
        ignored[i] = sigaction(stopping[i], NULL, &found) == 0 && found.sa_handler == SIG_IGN;
    }
}

/* Before the constructors of libraries: Open MPI 5 loads UCX, which handles SIGHUP even if it was ignored. */
__attribute__((section(".preinit_array"), used)) static void (*before_libraries)(void) = find_ignored;

void tp_program_catch_stop(void)
{
    for (size_t i = 0; i < sizeof stopping / sizeof stopping[0]; i++) {
        const struct sigaction action = {.sa_handler = ignored[i] ? SIG_IGN : request_stop, .sa_flags = SA_RESTART};
        sigaction(stopping[i], &action, NULL);
    }
}

int tp_program_stopped(void)
{
    return number_that_came ? number_that_came : number_elsewhere;
}

void tp_program_stop_as(int number)
{
    number_elsewhere = number;
}

/* The tier's place among those of the library, from the slowest to the fastest. */
static tileprop_status find_tier(const char *origin, const char *name, size_t *place, struct tp_error *error)
{
    char here[128] = "auto";
    const char *tier;
    int runs;
    *place = SIZE_MAX;
    for (size_t i = 0; (tier = tileprop_isa(i, &runs)); i++) {
        if (!runs)
            continue;
        strncat(here, ", ", sizeof here - strlen(here) - 1);
        strncat(here, tier, sizeof here - strlen(here) - 1);
        if (strcmp(name, tier) == 0 || strcmp(name, "auto") == 0)
            *place = i;
    }
    if (*place != SIZE_MAX)
        return TILEPROP_OK;
    return tp_fail(error, TILEPROP_USAGE, "%s: expected one of %s, which this CPU and this build have, found \"%.32s\"",
                   origin, here, name);
}

tileprop_status tp_program_choose_isa(const char **isa, const char *ceiling, struct tp_error *error)
{
    size_t place, highest;
    int runs;
    tileprop_status status = find_tier("--isa", *isa, &place, error);
    if (status == TILEPROP_OK)
        status = find_tier("TILEPROP_ISA", ceiling && *ceiling ? ceiling : "auto", &highest, error);
    if (status == TILEPROP_OK)
        *isa = tileprop_isa(place < highest ? place : highest, &runs);
    return status;
}
