#include "cli/stop_signal.h"

#include <signal.h>
#include <stddef.h>

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

void tp_stop_signal_catch(void)
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

int tp_stop_signal_number(void)
{
    return number_that_came;
}
