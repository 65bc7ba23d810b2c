#include "cli/standard_output.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_text.h"

void tp_standard_output_begin(void)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
}

tileprop_status tp_standard_output_json(json_t *object, struct tp_error *error)
{
    char *text = object ? tp_json_text_write(object, JSON_REAL_PRECISION(17)) : NULL;
    if (text)
        puts(text);
    json_decref(object);
    free(text);
    return text ? TILEPROP_OK : tp_fail(error, TILEPROP_FAILURE, "--json: out of memory");
}

tileprop_status tp_standard_output_finish(const char *program, tileprop_status status, struct tp_error *error)
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
