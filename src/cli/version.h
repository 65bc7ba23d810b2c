/* What this build is. */
#pragma once

#include <stdio.h>

/* Writes version, commit, compiler, the tiers built and those found here, and the libraries that are in. */
void tp_version_write(FILE *out);

const char *tp_version_commit(void);   /* as git describes it */
const char *tp_version_compiler(void); /* "gcc 12.2.0" */
