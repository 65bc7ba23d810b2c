#include "cli/template.h"

#include <string.h>

#define TP_IFDEF "#ifdef "

void tp_template_put(const char *text, const char *name, FILE *out)
{
    for (; *text; text++) {
        if (*text == '@')
            fputs(name, out);
        else
            putc(*text, out);
    }
}

void tp_template_write(const char *const *lines, const char *conditions, const char *name, FILE *out)
{
    size_t skipped = 0; /* nesting depth of #ifdefs, the outermost of which does not hold */
    for (; *lines; lines++) {
        if (strncmp(*lines, TP_IFDEF, strlen(TP_IFDEF)) == 0) {
            skipped += skipped || !strstr(conditions, *lines + strlen(TP_IFDEF));
        } else if (strcmp(*lines, "#endif") == 0) {
            skipped -= skipped > 0;
        } else if (!skipped) {
            tp_template_put(*lines, name, out);
            putc('\n', out);
        }
    }
}
