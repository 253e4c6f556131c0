#ifndef TRIBUTARY_CALLOCATIONCOUNT_H
#define TRIBUTARY_CALLOCATIONCOUNT_H

#include <stdint.h>

// Returns how often malloc and similar functions were called in this process since it started, by any library. This library replaces the
// allocator of the program that links it, as the section "Replacing malloc" of glibc's manual describes.
uint64_t tributary_allocation_count(void);

#endif
