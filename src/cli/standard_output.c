#include "cli/standard_output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Of a write that failed before, the reason is what it left in errno, as far as nobody overwrote it. */
tileprop_status tp_standard_output_finish(struct tp_error *error)
{
    int number = ferror(stdout) ? (errno ? errno : EIO) : 0;
    if (fflush(stdout) != 0)
        number = errno;
    if (number == 0 || number == EPIPE)
        return TILEPROP_OK;
    return tp_fail(error, TILEPROP_FAILURE, "standard output: %s", strerror(number));
}
