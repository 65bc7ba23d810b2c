#include "cli/program.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_text.h"

void tp_program_begin(void)
{
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

tileprop_status tp_program_finish(const char *program, tileprop_status status, struct tp_error *error)
{
    if (status == TILEPROP_OK) {
        /* Of a write that failed before, the reason is what it left in errno, as far as nobody overwrote it.
         */
        int number = ferror(stdout) ? (errno ? errno : EIO) : 0;
        if (fflush(stdout) != 0)
            number = errno;
        if (number && number != EPIPE)
            status = tp_fail(error, TILEPROP_FAILURE, "standard output: %s", strerror(number));
    }
    if (status != TILEPROP_OK)
        fprintf(stderr, "%s: %s\n", program, error->text);
    return status;
}

static volatile sig_atomic_t number_that_came;

/* The next one of either ends the program at once. */
static void request_stop(int number)
{
    if (number_that_came) {
        signal(number, SIG_DFL);
        raise(number);
    }
    number_that_came = number;
}

void tp_program_catch_stop(void)
{
    const int numbers[] = {SIGINT, SIGTERM};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        const struct sigaction action = {.sa_handler = request_stop, .sa_flags = SA_RESTART};
        struct sigaction old;
        /* A shell that starts a job in the background wants it to ignore Ctrl-C. */
        if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(numbers[i], &action, NULL);
    }
}

int tp_program_stopped(void)
{
    return number_that_came;
}
