#include "CSimdjson.h"

#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

static inline size_t escape(uint8_t byte, uint8_t *out) {
    static const char digits[] = "0123456789abcdef";
    out[0] = '\\';
    switch (byte) {
    case '"':
    case '\\': out[1] = byte; return 2;
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

size_t tributary_json_quote(const uint8_t *text, size_t length, uint8_t *out) {
    uint8_t *const begin = out;
    size_t at = 0;
#if defined(__SSE2__)
    // 16 bytes are stored at once, up to the first that needs an escape; the next store covers what was stored too much.
    const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), control = _mm_set1_epi8(0x1F);
    while (at + 16 <= length) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i *>(text + at));
        _mm_storeu_si128(reinterpret_cast<__m128i *>(out), bytes);
        const __m128i special = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)),
                                             _mm_cmpeq_epi8(_mm_min_epu8(bytes, control), bytes));
        const unsigned mask = unsigned(_mm_movemask_epi8(special));
        if (mask == 0) {
            at += 16;
            out += 16;
            continue;
        }
        const int plain = __builtin_ctz(mask);
        at += size_t(plain);
        out += plain;
        out += escape(text[at], out);
        at++;
    }
#endif
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
