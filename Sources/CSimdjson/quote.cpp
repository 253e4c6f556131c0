#include "CSimdjson.h"
#include "blocks.h"

#include <cstring>

// One bit for each of 64 bytes.
struct found {
    // The byte is a quotation mark or a backslash. Its escape is a backslash before it.
    uint64_t marks = 0;
    // The byte is a control character. Its escape replaces it.
    uint64_t controls = 0;
};

static TRIBUTARY_INLINE found find(const uint8_t *text) {
    bytes64 bytes;
    memcpy(&bytes, text, sizeof bytes);
    return {TRIBUTARY_BITS(bytes == '"') | TRIBUTARY_BITS(bytes == '\\'), TRIBUTARY_BITS(bytes <= 0x1F)};
}

// Copies at least `size` bytes, and at most 15 more.
static TRIBUTARY_INLINE void copy(uint8_t *out, const uint8_t *text, size_t size) {
    for (size_t at = 0; at < size; at += 16) memcpy(out + at, text + at, 16);
}

static TRIBUTARY_INLINE size_t escape(uint8_t byte, uint8_t *out) {
    static const char digits[] = "0123456789abcdef";
    out[0] = '\\';
    if (byte == '"' || byte == '\\') {
        out[1] = byte;
        return 2;
    }
    switch (byte) {
    case '\n': out[1] = 'n'; return 2;
    case '\r': out[1] = 'r'; return 2;
    case '\t': out[1] = 't'; return 2;
    default:
        memcpy(out + 1, "u00", 3);
        out[4] = uint8_t(digits[byte >> 4]);
        out[5] = uint8_t(digits[byte & 15]);
        return 6;
    }
}

TRIBUTARY_VECTORIZED size_t tributary_json_quote(const uint8_t *text, size_t length, uint8_t *out) noexcept {
    uint8_t *const begin = out;
    size_t at = 0;
    // The bytes that need an escape are found for 64 bytes at once. The bytes between two of them are copied in steps of 16; the next copy overwrites the
    // surplus bytes.
    while (at + 64 + 16 <= length) {
        const found found = find(text + at);
        size_t copied = 0;
        if (found.controls == 0) {
            for (uint64_t marks = found.marks; marks != 0; marks &= marks - 1) {
                const size_t place = size_t(__builtin_ctzll(marks));
                copy(out, text + at + copied, place - copied);
                out += place - copied;
                *out++ = '\\';
                // The quotation mark or backslash itself is the first byte of the next copy.
                copied = place;
            }
        } else {
            for (uint64_t marks = found.marks | found.controls; marks != 0; marks &= marks - 1) {
                const size_t place = size_t(__builtin_ctzll(marks));
                copy(out, text + at + copied, place - copied);
                out += place - copied;
                out += escape(text[at + place], out);
                copied = place + 1;
            }
        }
        copy(out, text + at + copied, 64 - copied);
        out += 64 - copied;
        at += 64;
    }
    for (; at < length; at++) {
        const uint8_t byte = text[at];
        if (byte == '"' || byte == '\\' || byte < 0x20) {
            out += escape(byte, out);
        } else {
            *out++ = byte;
        }
    }
    return size_t(out - begin);
}
