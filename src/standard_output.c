#include "standard_output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum tp_status tp_standard_output_finish(struct tp_error *error)
{
    errno = 0;
    if ((fflush(stdout) == 0 && !ferror(stdout)) || errno == EPIPE)
        return TP_OK;
    return tp_fail(error, TP_FAILURE, "standard output: %s", strerror(errno ? errno : EIO));
}
