#pragma once

#include <cstdint>

// Blocks of 64 bytes, compared by clang's vector types. A function with this attribute is compiled twice for x86-64, with and without AVX2. When the
// program is loaded, the version for the present processor is chosen.
#if defined(__x86_64__)
#define TRIBUTARY_VECTORIZED __attribute__((target_clones("avx2", "default")))
#else
#define TRIBUTARY_VECTORIZED
#endif

// The compiler must copy these functions into both versions of their caller.
#define TRIBUTARY_INLINE inline __attribute__((always_inline))

typedef uint8_t bytes64 __attribute__((ext_vector_type(64)));
typedef bool bits64 __attribute__((ext_vector_type(64)));

// The result of comparing each byte of a block, as one bit per byte. This is a macro because functions can't take vectors as arguments in the same way in
// both versions.
#define TRIBUTARY_BITS(comparison) __builtin_bit_cast(uint64_t, __builtin_convertvector(comparison, bits64))
