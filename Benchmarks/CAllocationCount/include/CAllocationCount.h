#ifndef TRIBUTARY_CALLOCATIONCOUNT_H
#define TRIBUTARY_CALLOCATIONCOUNT_H

#include <stdint.h>

// Calls of malloc and its kin in this process since its beginning, from whatever library they come. A program that links this
// has its allocator interposed (glibc allows it: "Replacing malloc" in its manual).
uint64_t tributary_allocation_count(void);

#endif
