#include "CSimdjson.h"
#include "blocks.h"

#include <cstring>

// Finds the end of a JSON object or array. Each block of 64 bytes becomes four masks with one bit per byte: quotes, backslashes, opening and closing
// brackets. A byte is inside a string if the number of unescaped quotes before it is odd. A block in which the object or array can't end takes
// some tens of instructions, whatever its contents.

namespace {

struct masks {
    uint64_t quote, backslash, open, close;
};

TRIBUTARY_INLINE masks classify(const uint8_t *block) {
    bytes64 bytes;
    memcpy(&bytes, block, sizeof bytes);
    // '[' | 0x20 == '{' and ']' | 0x20 == '}': one comparison finds both kinds.
    const bytes64 folded = bytes | 0x20;
    return {
        TRIBUTARY_BITS(bytes == '"'), TRIBUTARY_BITS(bytes == '\\'), TRIBUTARY_BITS(folded == '{'),
        TRIBUTARY_BITS(folded == '}')};
}

// Bit i of the result is the parity of the bits 0...i.
TRIBUTARY_INLINE uint64_t prefix_parity(uint64_t bits) {
    for (int shift = 1; shift < 64; shift <<= 1) bits ^= bits << shift;
    return bits;
}

} // namespace

TRIBUTARY_VECTORIZED size_t tributary_json_container_end(const uint8_t *text, size_t length, size_t start) noexcept {
    uint64_t depth = 0;
    uint64_t inside = 0;       // all ones if the block begins inside a string
    bool first_escaped = false; // the previous block ended with a backslash that escapes the next byte
    uint8_t tail[64];
    for (size_t at = start; at < length; at += 64) {
        const uint8_t *block = text + at;
        if (length - at < 64) {
            memset(tail, ' ', sizeof tail);
            memcpy(tail, block, length - at);
            block = tail;
        }
        masks found = classify(block);
        uint64_t escaped = first_escaped ? 1 : 0;
        first_escaped = false;
        uint64_t slashes = found.backslash & ~escaped;
        while (slashes != 0) {
            const int slash = __builtin_ctzll(slashes);
            slashes &= slashes - 1;
            if (slash == 63) {
                first_escaped = true;
            } else {
                escaped |= uint64_t(1) << (slash + 1);
                slashes &= ~(uint64_t(1) << (slash + 1));
            }
        }
        const uint64_t strings = prefix_parity(found.quote & ~escaped) ^ inside;
        inside = uint64_t(int64_t(strings) >> 63);
        const uint64_t open = found.open & ~strings, close = found.close & ~strings;
        const uint64_t closing = uint64_t(__builtin_popcountll(close));
        if (depth > closing) {
            depth += uint64_t(__builtin_popcountll(open)) - closing;
            continue;
        }
        uint64_t brackets = open | close;
        while (brackets != 0) {
            const int bracket = __builtin_ctzll(brackets);
            brackets &= brackets - 1;
            if ((open >> bracket) & 1) {
                depth++;
            } else if (--depth == 0) {
                return at + size_t(bracket) + 1;
            }
        }
    }
    return SIZE_MAX;
}
