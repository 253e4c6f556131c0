#include "CSimdjson.h"

#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <vector>

// simdjson's first stage finds every bracket, colon and comma and the first byte of every string and scalar, and checks UTF-8 and
// control characters. It reads nothing beyond the text. The code below is the second stage: it checks the grammar, numbers, escapes and duplicate
// keys, and writes one flat node per value. It reads only bytes that the index names, so the text needs no padding.

namespace {

// The parser below does not use simdjson's documented interface: it takes the first stage's index from `internal` types. A new major
// version may change these without a compile error, so read its release notes and run `make fuzz` before you allow it here.
static_assert(simdjson::SIMDJSON_VERSION_MAJOR == 3, "the index of simdjson's first stage is known for major version 3 only");

using simdjson::error_code;
using simdjson::internal::dom_parser_implementation;

constexpr size_t small_text = size_t(1) << 20;
constexpr size_t linear_keys = 32; // objects with more members are checked for duplicate keys by sorting

inline bool is_space(uint8_t byte) { return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t'; }
inline bool is_digit(uint8_t byte) { return uint8_t(byte - '0') < 10; }

inline int hex_digit(uint8_t byte) {
    if (is_digit(byte)) return byte - '0';
    const uint8_t lower = byte | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// The value of the four digits of \uXXXX, or -1.
inline int32_t hex4(const uint8_t *at, const uint8_t *end) {
    if (end - at < 4) return -1;
    int32_t value = 0;
    for (int i = 0; i < 4; i++) {
        const int digit = hex_digit(at[i]);
        if (digit < 0) return -1;
        value = value << 4 | digit;
    }
    return value;
}

void append_utf8(std::string &out, uint32_t c) {
    if (c < 0x80) {
        out.push_back(char(c));
    } else if (c < 0x800) {
        out.push_back(char(0xC0 | c >> 6));
        out.push_back(char(0x80 | (c & 0x3F)));
    } else if (c < 0x10000) {
        out.push_back(char(0xE0 | c >> 12));
        out.push_back(char(0x80 | (c >> 6 & 0x3F)));
        out.push_back(char(0x80 | (c & 0x3F)));
    } else {
        out.push_back(char(0xF0 | c >> 18));
        out.push_back(char(0x80 | (c >> 12 & 0x3F)));
        out.push_back(char(0x80 | (c >> 6 & 0x3F)));
        out.push_back(char(0x80 | (c & 0x3F)));
    }
}

// Checks the escapes in a string's contents, and decodes them if `out` is given. On an error, `at` points to it.
int read_escapes(const uint8_t *&at, const uint8_t *end, std::string *out) {
    while (at < end) {
        if (*at != '\\') {
            if (out) out->push_back(char(*at));
            at++;
            continue;
        }
        if (end - at < 2) return TRIBUTARY_JSON_E_ESCAPE;
        char plain = 0;
        switch (at[1]) {
        case '"': plain = '"'; break;
        case '\\': plain = '\\'; break;
        case '/': plain = '/'; break;
        case 'b': plain = '\b'; break;
        case 'f': plain = '\f'; break;
        case 'n': plain = '\n'; break;
        case 'r': plain = '\r'; break;
        case 't': plain = '\t'; break;
        case 'u': {
            int32_t unit = hex4(at + 2, end);
            if (unit < 0) return TRIBUTARY_JSON_E_ESCAPE;
            uint32_t scalar = uint32_t(unit);
            size_t used = 6;
            if (unit >= 0xDC00 && unit <= 0xDFFF) return TRIBUTARY_JSON_E_SURROGATE;
            if (unit >= 0xD800 && unit <= 0xDBFF) {
                if (end - at < 12 || at[6] != '\\' || at[7] != 'u') return TRIBUTARY_JSON_E_SURROGATE;
                const int32_t low = hex4(at + 8, end);
                if (low < 0) return TRIBUTARY_JSON_E_ESCAPE;
                if (low < 0xDC00 || low > 0xDFFF) return TRIBUTARY_JSON_E_SURROGATE;
                scalar = 0x10000 + ((uint32_t(unit) - 0xD800) << 10) + (uint32_t(low) - 0xDC00);
                used = 12;
            }
            if (out) append_utf8(*out, scalar);
            at += used;
            continue;
        }
        default: return TRIBUTARY_JSON_E_ESCAPE;
        }
        if (out) out->push_back(plain);
        at += 2;
    }
    return TRIBUTARY_JSON_OK;
}

// number = [ minus ] int [ frac ] [ exp ]  (RFC 8259, section 6)
bool read_number(const uint8_t *at, const uint8_t *end, bool &integer) {
    integer = true;
    if (at < end && *at == '-') at++;
    if (at == end || !is_digit(*at)) return false;
    if (*at == '0') {
        at++;
    } else {
        while (at < end && is_digit(*at)) at++;
    }
    if (at < end && *at == '.') {
        integer = false;
        at++;
        if (at == end || !is_digit(*at)) return false;
        while (at < end && is_digit(*at)) at++;
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        integer = false;
        at++;
        if (at < end && (*at == '+' || *at == '-')) at++;
        if (at == end || !is_digit(*at)) return false;
        while (at < end && is_digit(*at)) at++;
    }
    return at == end;
}

inline uint64_t load8(const uint8_t *p) { uint64_t v; memcpy(&v, p, 8); return v; }
inline uint64_t load4(const uint8_t *p) { uint32_t v; memcpy(&v, p, 4); return v; }

inline uint64_t mix(uint64_t a, uint64_t b) {
    const __uint128_t product = __uint128_t(a) * b;
    return uint64_t(product) ^ uint64_t(product >> 64);
}

inline uint64_t hash_bytes(const uint8_t *p, size_t n, uint64_t seed) {
    uint64_t a, b, h = seed ^ n;
    if (n <= 16) {
        if (n >= 8) {
            a = load8(p);
            b = load8(p + n - 8);
        } else if (n >= 4) {
            a = load4(p);
            b = load4(p + n - 4);
        } else if (n > 0) {
            a = uint64_t(p[0]) << 16 | uint64_t(p[n >> 1]) << 8 | p[n - 1];
            b = 0;
        } else {
            a = b = 0;
        }
    } else {
        size_t left = n;
        while (left > 16) {
            h = mix(h ^ load8(p), 0x9E3779B97F4A7C15ull ^ load8(p + 8));
            p += 16;
            left -= 16;
        }
        a = load8(p + left - 16);
        b = load8(p + left - 8);
    }
    // A hash is never 0, because 0 marks a free slot.
    return mix(h ^ a ^ 0xD6E8FEB86659FD93ull, b ^ 0xA0761D6478BD642Full) | 1;
}

// Comparing the few bytes of a name here costs less than a call of memcmp.
inline bool equal(const uint8_t *a, const uint8_t *b, size_t n) {
    if (n >= 8) {
        uint64_t differs = load8(a + n - 8) ^ load8(b + n - 8);
        for (size_t at = 0; at + 8 < n; at += 8) differs |= load8(a + at) ^ load8(b + at);
        return differs == 0;
    }
    if (n >= 4) return load4(a) == load4(b) && load4(a + n - 4) == load4(b + n - 4);
    for (size_t at = 0; at < n; at++)
        if (a[at] != b[at]) return false;
    return true;
}

struct interned {
    uint64_t hash = 0;
    uint16_t number = 0;
    std::string name;
};

struct frame {
    uint32_t node;
    uint32_t keys; // size of the key stack when the object was opened
};

} // namespace

struct tributary_json_parser {
    tributary_json_limits limits;
    std::unique_ptr<dom_parser_implementation> index;
    std::vector<tributary_json_node> nodes;
    std::vector<frame> open;
    // The keys of all open objects. The keys of one object are next to each other, and those of the innermost object come last. Both vectors
    // are at least as long as `nodes`.
    std::vector<uint64_t> key_hashes;
    std::vector<uint32_t> key_nodes;
    size_t open_keys = 0;
    std::vector<interned> keys; // open addressing; the size is a power of two
    std::vector<uint64_t> key_slots; // only the hashes, so that the first comparison needs only the nearest cache
    size_t key_count = 0;
    std::string left, right;
    std::vector<uint32_t> order;
    const uint8_t *text = nullptr;

    uint64_t seed() const { return 0x2545F4914F6CDD1Dull; }

    void decode_key(const tributary_json_node &node, std::string &out) const {
        out.clear();
        const uint8_t *at = text + node.key_start;
        read_escapes(at, text + node.key_end, &out);
    }

    int compare_keys(uint32_t a, uint32_t b) {
        decode_key(nodes[a], left);
        decode_key(nodes[b], right);
        return left.compare(right);
    }

    // Returns the node of a duplicate key among the keys from `base` on, or 0 if there is none.
    uint32_t find_doubled(size_t base) {
        const size_t count = open_keys - base;
        order.resize(count);
        for (size_t i = 0; i < count; i++) order[i] = uint32_t(base + i);
        std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
            if (key_hashes[a] != key_hashes[b]) return key_hashes[a] < key_hashes[b];
            if (a == b) return false;
            return compare_keys(key_nodes[a], key_nodes[b]) < 0;
        });
        for (size_t i = 1; i < count; i++) {
            const uint32_t a = order[i - 1], b = order[i];
            if (key_hashes[a] == key_hashes[b] && compare_keys(key_nodes[a], key_nodes[b]) == 0)
                return std::max(key_nodes[a], key_nodes[b]);
        }
        return 0;
    }

    uint16_t lookup(uint64_t hash, const uint8_t *name, size_t length) const {
        if (keys.empty()) return 0;
        const size_t mask = keys.size() - 1;
        for (size_t at = (hash >> 8) & mask;; at = (at + 1) & mask) {
            if (key_slots[at] != hash) {
                if (key_slots[at] == 0) return 0;
                continue;
            }
            const interned &entry = keys[at];
            if (entry.name.size() == length && equal(reinterpret_cast<const uint8_t *>(entry.name.data()), name, length))
                return entry.number;
        }
    }

    void insert(interned entry) {
        const size_t mask = keys.size() - 1;
        size_t at = (entry.hash >> 8) & mask;
        while (keys[at].number != 0) at = (at + 1) & mask;
        key_slots[at] = entry.hash;
        keys[at] = std::move(entry);
    }

    int parse(const uint8_t *bytes, size_t length, uint32_t *count, size_t *position);
};

int tributary_json_parser::parse(const uint8_t *bytes, size_t length, uint32_t *count, size_t *position) {
    *position = 0;
    *count = 0;
    if (length > limits.bytes) return TRIBUTARY_JSON_E_SIZE;
    if (length == 0) return TRIBUTARY_JSON_E_SYNTAX;
    text = bytes;
    // The index takes 4 bytes per byte of text. After a rare long text, this memory must be freed again.
    size_t capacity = 16384;
    while (capacity < length + 64) capacity <<= 1;
    const bool oversized = index && index->capacity() > small_text && capacity <= small_text;
    if (!index || index->capacity() < capacity || oversized) {
        index.reset();
        if (simdjson::get_active_implementation()->create_dom_parser_implementation(capacity, 16, index) != simdjson::SUCCESS)
            return TRIBUTARY_JSON_E_MEMORY;
        if (oversized) {
            // Assigning {} would not free the memory.
            decltype(nodes)().swap(nodes);
            decltype(key_hashes)().swap(key_hashes);
            decltype(key_nodes)().swap(key_nodes);
        }
    }
    switch (index->stage1(bytes, length, simdjson::stage1_mode::regular)) {
    case simdjson::SUCCESS: break;
    case simdjson::UTF8_ERROR: return TRIBUTARY_JSON_E_UTF8;
    case simdjson::UNESCAPED_CHARS: return TRIBUTARY_JSON_E_CONTROL;
    case simdjson::UNCLOSED_STRING: return TRIBUTARY_JSON_E_UNCLOSED;
    default: return TRIBUTARY_JSON_E_SYNTAX;
    }
    uint32_t *const tokens = index->structural_indexes.get();
    const uint32_t total = index->n_structural_indexes;
    tokens[total] = uint32_t(length);

    // A value takes at least one token, so there can't be more nodes than this.
    const size_t most = std::min<size_t>(total, size_t(limits.values)) + 1;
    if (nodes.size() < most) {
        const size_t size = std::max(most, nodes.size() * 2);
        key_hashes.resize(size);
        key_nodes.resize(size);
        // `nodes` is resized last. Its size stands for all three vectors, so it must stay small if an earlier resize throws for lack of memory.
        nodes.resize(size);
    }
    tributary_json_node *const out = nodes.data();
    open.clear();
    open_keys = 0;

    uint32_t made = 0, token = 0;
    uint32_t key_start = 0, key_end = 0;
    uint16_t key = 0;
    uint8_t key_flags = 0;
    uint64_t key_hash = 0;
    bool in_object = false;

#define FAIL(code, where)                                                                                                              \
    do {                                                                                                                               \
        *position = size_t(where);                                                                                                     \
        return code;                                                                                                                   \
    } while (0)

    // Returns the end of the string or scalar that begins at token `t`, without the white space before the next token.
    auto end_of = [&](uint32_t t) -> uint32_t {
        uint32_t end = tokens[t + 1];
        while (is_space(bytes[end - 1])) end--;
        return end;
    };
    auto backslash_from = [&](uint32_t start) -> uint32_t {
        const void *found = memchr(bytes + start, '\\', length - start);
        return found ? uint32_t(static_cast<const uint8_t *>(found) - bytes) : uint32_t(length);
    };
    // The first backslash at or after the string that was checked last; the text's length if there is none. So no byte is searched twice.
    uint32_t backslash = backslash_from(0);
    auto check_string = [&](uint32_t start, uint32_t end, bool &escaped, size_t *where) -> int {
        escaped = false;
        if (end - start < 2 || bytes[end - 1] != '"') {
            *where = start;
            return TRIBUTARY_JSON_E_SYNTAX;
        }
        if (backslash < start) backslash = backslash_from(start);
        if (backslash < end) {
            escaped = true;
            const uint8_t *at = bytes + backslash;
            const int code = read_escapes(at, bytes + end - 1, nullptr);
            if (code != TRIBUTARY_JSON_OK) {
                *where = size_t(at - bytes);
                return code;
            }
        }
        return TRIBUTARY_JSON_OK;
    };

value: {
    if (token >= total) FAIL(TRIBUTARY_JSON_E_SYNTAX, length);
    if (made >= limits.values) FAIL(TRIBUTARY_JSON_E_VALUES, tokens[token]);
    const uint32_t start = tokens[token];
    const uint8_t first = bytes[start];
    tributary_json_node &node = out[made];
    node.key_start = key_start;
    node.key_end = key_end;
    node.start = start;
    node.next = made + 1;
    node.key = key;
    if (first == '"') {
        const uint32_t end = end_of(token);
        bool escaped;
        const int code = check_string(start, end, escaped, position);
        if (code != TRIBUTARY_JSON_OK) return code;
        node.end = end;
        node.kind = TRIBUTARY_JSON_STRING;
        node.flags = key_flags | uint8_t(escaped ? TRIBUTARY_JSON_ESCAPED : 0);
    } else if (first == '{' || first == '[') {
        if (open.size() >= limits.depth) FAIL(TRIBUTARY_JSON_E_DEPTH, start);
        const bool object = first == '{';
        node.kind = object ? TRIBUTARY_JSON_OBJECT : TRIBUTARY_JSON_ARRAY;
        node.flags = key_flags | TRIBUTARY_JSON_DENSE;
        open.push_back(frame{made, uint32_t(open_keys)});
        made++;
        token++;
        in_object = object;
        if (token >= total) FAIL(TRIBUTARY_JSON_E_SYNTAX, length);
        if (bytes[tokens[token]] == (object ? '}' : ']')) {
            node.flags &= uint8_t(~TRIBUTARY_JSON_DENSE);
            goto close;
        }
        if (object) goto member;
        key_start = key_end = 0;
        key = 0;
        key_flags = 0;
        goto value;
    } else {
        const uint32_t end = end_of(token);
        const uint32_t size = end - start;
        node.end = end;
        node.flags = key_flags;
        if (first == 'n' && size == 4 && memcmp(bytes + start, "null", 4) == 0) {
            node.kind = TRIBUTARY_JSON_NULL;
            if (!open.empty()) out[open.back().node].flags &= uint8_t(~TRIBUTARY_JSON_DENSE);
        } else if (first == 't' && size == 4 && memcmp(bytes + start, "true", 4) == 0) {
            node.kind = TRIBUTARY_JSON_TRUE;
        } else if (first == 'f' && size == 5 && memcmp(bytes + start, "false", 5) == 0) {
            node.kind = TRIBUTARY_JSON_FALSE;
        } else if (first == '-' || is_digit(first)) {
            if (size > limits.number_length) FAIL(TRIBUTARY_JSON_E_NUMBER_LENGTH, start);
            bool integer;
            if (!read_number(bytes + start, bytes + end, integer)) FAIL(TRIBUTARY_JSON_E_NUMBER, start);
            node.kind = TRIBUTARY_JSON_NUMBER;
            node.flags |= uint8_t(integer ? TRIBUTARY_JSON_INTEGER : 0);
        } else {
            FAIL(TRIBUTARY_JSON_E_SYNTAX, start);
        }
    }
    made++;
    token++;
}

after_value:
    if (open.empty()) {
        if (token != total) FAIL(TRIBUTARY_JSON_E_SYNTAX, tokens[token]);
        *count = made;
        return TRIBUTARY_JSON_OK;
    }
    if (token >= total) FAIL(TRIBUTARY_JSON_E_SYNTAX, length);
    {
        const uint8_t next = bytes[tokens[token]];
        if (next == ',') {
            token++;
            if (in_object) goto member;
            key_start = key_end = 0;
            key = 0;
            key_flags = 0;
            goto value;
        }
        if (next != (in_object ? '}' : ']')) FAIL(TRIBUTARY_JSON_E_SYNTAX, tokens[token]);
    }

close: {
    const frame closed = open.back();
    tributary_json_node &node = out[closed.node];
    node.end = tokens[token] + 1;
    node.next = made;
    token++;
    if (in_object) {
        if (open_keys - closed.keys > linear_keys) {
            const uint32_t doubled = find_doubled(closed.keys);
            if (doubled != 0) FAIL(TRIBUTARY_JSON_E_DUPLICATE, out[doubled].key_start - 1);
        }
        open_keys = closed.keys;
    }
    open.pop_back();
    if (!open.empty()) {
        tributary_json_node &parent = out[open.back().node];
        if (!(node.flags & TRIBUTARY_JSON_DENSE)) parent.flags &= uint8_t(~TRIBUTARY_JSON_DENSE);
        in_object = parent.kind == TRIBUTARY_JSON_OBJECT;
    }
    goto after_value;
}

member: {
    if (token + 1 >= total) FAIL(TRIBUTARY_JSON_E_SYNTAX, length);
    const uint32_t start = tokens[token];
    if (bytes[start] != '"') FAIL(TRIBUTARY_JSON_E_SYNTAX, start);
    const uint32_t end = end_of(token);
    bool escaped;
    const int code = check_string(start, end, escaped, position);
    if (code != TRIBUTARY_JSON_OK) return code;
    if (bytes[tokens[token + 1]] != ':') FAIL(TRIBUTARY_JSON_E_SYNTAX, tokens[token + 1]);
    key_start = start + 1;
    key_end = end - 1;
    key_flags = escaped ? TRIBUTARY_JSON_KEY_ESCAPED : 0;
    if (escaped) {
        left.clear();
        const uint8_t *at = bytes + key_start;
        read_escapes(at, bytes + key_end, &left);
        const uint8_t *name = reinterpret_cast<const uint8_t *>(left.data());
        key_hash = hash_bytes(name, left.size(), seed());
        key = lookup(key_hash, name, left.size());
    } else {
        key_hash = hash_bytes(bytes + key_start, key_end - key_start, seed());
        key = lookup(key_hash, bytes + key_start, key_end - key_start);
    }
    const size_t base = open.back().keys, size = open_keys;
    if (size - base <= linear_keys) {
        const uint64_t *hashes = key_hashes.data();
        uint64_t same = 0;
        for (size_t i = base; i < size; i++) same |= hashes[i] == key_hash;
        if (same) {
            tributary_json_node probe = {};
            probe.key_start = key_start;
            probe.key_end = key_end;
            decode_key(probe, left);
            for (size_t i = base; i < size; i++) {
                if (hashes[i] != key_hash) continue;
                decode_key(out[key_nodes[i]], right);
                if (left == right) FAIL(TRIBUTARY_JSON_E_DUPLICATE, start);
            }
        }
    }
    key_hashes[open_keys] = key_hash;
    key_nodes[open_keys++] = made;
    token += 2;
    goto value;
}
#undef FAIL
}

// All exceptions are caught here, because an exception that leaves a C function into Swift is undefined behavior. Only a lack of
// memory throws: as bad_alloc, or as length_error if a vector would exceed its limits.

tributary_json_parser *tributary_json_parser_new(tributary_json_limits limits) noexcept {
    try {
        auto parser = std::make_unique<tributary_json_parser>();
        parser->limits = limits;
        parser->open.reserve(limits.depth);
        return parser.release();
    } catch (...) {
        return nullptr;
    }
}

void tributary_json_parser_free(tributary_json_parser *parser) noexcept { delete parser; }

int tributary_json_parser_intern(tributary_json_parser *parser, const char *name, uint16_t number) noexcept {
    try {
        interned entry;
        entry.name = name;
        entry.number = number;
        entry.hash = hash_bytes(reinterpret_cast<const uint8_t *>(name), entry.name.size(), parser->seed());
        if (parser->keys.size() < 4 * (parser->key_count + 1)) {
            const size_t size = std::max<size_t>(512, parser->keys.size() * 2);
            std::vector<interned> keys(size);
            std::vector<uint64_t> slots(size, 0);
            // No later call throws, so both tables change together or not at all.
            keys.swap(parser->keys);
            slots.swap(parser->key_slots);
            for (interned &old : keys)
                if (old.number != 0) parser->insert(std::move(old));
        }
        parser->insert(std::move(entry));
        parser->key_count++;
        return 1;
    } catch (...) {
        return 0;
    }
}

int tributary_json_parse(tributary_json_parser *parser, const uint8_t *text, size_t length, tributary_json_node **nodes,
                         uint32_t *count, size_t *position) noexcept {
    try {
        const int code = parser->parse(text, length, count, position);
        *nodes = parser->nodes.data();
        return code;
    } catch (...) {
        *count = 0;
        *position = 0;
        return TRIBUTARY_JSON_E_MEMORY;
    }
}
