#include "readers/notes.h"

#include <stdarg.h>
#include <stdio.h>

void tp_notes_add(struct tp_notes *notes, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (notes && notes->count < TP_NOTES_MAX)
        vsnprintf(notes->lines[notes->count++].text, sizeof notes->lines->text, format, arguments);
    va_end(arguments);
}
