#include "api.h"

#include <stdio.h>

const char *tileprop_version(void)
{
    return TILEPROP_VERSION;
}

void tp_call_begin(struct tp_call *call)
{
    call->error.text[0] = '\0';
    call->locale = uselocale(newlocale(LC_ALL_MASK, "C", (locale_t)0)); /* the C library's own: no memory */
}

tileprop_status tp_call_end(struct tp_call *call, enum tp_status status, char *message, size_t size)
{
    if (status != TP_OK && size > 0)
        snprintf(message, size, "%s", call->error.text);
    uselocale(call->locale);
    return (tileprop_status)status;
}
