#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

tileprop_status tp_fail(struct tp_error *error, tileprop_status status, const char *format, ...)
{
    if (error) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(error->text, sizeof error->text, format, arguments);
        va_end(arguments);
    }
    return status;
}

tileprop_status tp_fail_memory(struct tp_error *error, const char *place, const char *what)
{
    return tp_fail(error, TILEPROP_FAILURE, "%s%sout of memory for %s", place ? place : "", place ? ": " : "", what);
}

struct tp_shown tp_show(const char *text, size_t size)
{
    struct tp_shown shown;
    const size_t most = sizeof shown.text - 1, length = size < most ? size : most;
    for (size_t i = 0; i < length; i++)
        shown.text[i] = (unsigned char)text[i] < ' ' || text[i] == 0x7f ? '?' : text[i];
    if (size > most)
        memcpy(shown.text + most - 3, "...", 3);
    shown.text[length] = '\0';
    return shown;
}
