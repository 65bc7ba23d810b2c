#include "cli/version.h"

#include <jansson.h>
#include <libdeflate.h>
#include <png.h>
#include <xxhash.h>

#include "tileprop/tileprop.h"

#ifdef __clang__
#define TP_COMPILER __VERSION__
#else
#define TP_COMPILER "gcc " __VERSION__
#endif

/* The Makefile asks pkg-config. */
#ifndef TP_MPI
#define TP_MPI "none"
#endif

/* The Makefile asks git. */
#ifndef TP_COMMIT
#define TP_COMMIT "unknown commit"
#endif

const char *tp_version_commit(void)
{
    return TP_COMMIT;
}

const char *tp_version_compiler(void)
{
    return TP_COMPILER;
}

void tp_version_write(FILE *out)
{
    fprintf(out, "tileprop %s (%s)\ncompiler: %s", TILEPROP_VERSION, TP_COMMIT, TP_COMPILER);
    for (int here = 0; here <= 1; here++) {
        const char *tier;
        int runs;
        fputs(here ? "\ntiers found here:" : "\ntiers built:", out);
        for (size_t i = 0; (tier = tileprop_isa(i, &runs)); i++)
            if (runs || !here)
                fprintf(out, " %s", tier);
    }
    fprintf(out, "\nlibraries: libdeflate %s, jansson %s, libpng %s, xxHash %d.%d.%d\nMPI: %s\n",
            LIBDEFLATE_VERSION_STRING, JANSSON_VERSION, PNG_LIBPNG_VER_STRING, XXH_VERSION_MAJOR, XXH_VERSION_MINOR,
            XXH_VERSION_RELEASE, TP_MPI);
}
