#include "status.h"

#include <stdarg.h>
#include <stdio.h>

enum tp_status tp_fail(struct tp_error *error, enum tp_status status, const char *format, ...)
{
    if (error) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(error->text, sizeof error->text, format, arguments);
        va_end(arguments);
    }
    return status;
}
