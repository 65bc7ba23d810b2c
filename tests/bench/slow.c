/*
 * A slowdown to try the guards of speed with, linked in front of a verb by --wrap: after each call of KERNEL
 * it waits for PERCENT of the time that the call took. Results stay the same.
 */
#include <x86intrin.h>

#define NAME(prefix, kernel) prefix##kernel
#define REAL(kernel)         NAME(__real_, kernel)
#define WRAPPED(kernel)      NAME(__wrap_, kernel)

/* All verbs but maps take a pointer to their arguments. */
void REAL(KERNEL)(const void *arguments);
void WRAPPED(KERNEL)(const void *arguments);

void WRAPPED(KERNEL)(const void *arguments)
{
    const unsigned long long began = __rdtsc();
    REAL(KERNEL)(arguments);
    const unsigned long long ended = __rdtsc();
    while (__rdtsc() - ended < (ended - began) * PERCENT / 100)
        ;
}
