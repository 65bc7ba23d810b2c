/*
 * A slow kernel for testing the performance guards, linked by --wrap: after each call of KERNEL it waits for
 * PERCENT of the time of the call. Results do not change.
 */
#include <x86intrin.h>

#define NAME(prefix, kernel) prefix##kernel
#define REAL(kernel)         NAME(__real_, kernel)
#define WRAPPED(kernel)      NAME(__wrap_, kernel)

/* Every verb except map takes a pointer to its arguments. */
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
