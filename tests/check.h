/*
 * cmocka, and checks shared by tests of several modules.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/status.h"
#include "tests/parts.h"

/* Fails unless status is the expected one and the message is one line with these parts. */
static inline void check_failure(tileprop_status status, tileprop_status expected, const struct tp_error *error,
                                 const char *parts)
{
    if (status != expected || !has_parts(error->text, parts) || strchr(error->text, '\n'))
        fail_msg("status %d, \"%s\"; expected status %d, \"%s\"", (int)status, error->text, (int)expected, parts);
}
