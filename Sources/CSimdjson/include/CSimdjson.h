#ifndef TRIBUTARY_CSIMDJSON_H
#define TRIBUTARY_CSIMDJSON_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define TRIBUTARY_NOEXCEPT noexcept
extern "C" {
#else
#define TRIBUTARY_NOEXCEPT
#endif

// A strict RFC 8259 reader over simdjson's structural index. The text is not copied: every node names byte ranges of it.

enum {
    TRIBUTARY_JSON_NULL = 0,
    TRIBUTARY_JSON_FALSE = 1,
    TRIBUTARY_JSON_TRUE = 2,
    TRIBUTARY_JSON_NUMBER = 3,
    TRIBUTARY_JSON_STRING = 4,
    TRIBUTARY_JSON_OBJECT = 5,
    TRIBUTARY_JSON_ARRAY = 6,
};

enum {
    // The string holds at least one backslash escape.
    TRIBUTARY_JSON_ESCAPED = 1,
    // The number has neither fraction nor exponent.
    TRIBUTARY_JSON_INTEGER = 2,
    // The key of this value holds at least one backslash escape.
    TRIBUTARY_JSON_KEY_ESCAPED = 4,
    // A container that holds no null and no empty container at any depth, and is not empty itself.
    TRIBUTARY_JSON_DENSE = 8,
    // For the reader's caller; the parser leaves it clear.
    TRIBUTARY_JSON_CONSUMED = 16,
};

// One value. Nodes stand in document order, so the first child of a container follows it directly.
typedef struct tributary_json_node {
    uint32_t key_start, key_end; // the member's name without its quotes; both 0 for the root and for array elements
    uint32_t start, end;         // the value's own text, a string's quotes included
    uint32_t next;               // index of the first node after this value and all that it holds
    uint16_t key;                // the interned key's number, 0 for a name that was not interned
    uint8_t kind;
    uint8_t flags;
} tributary_json_node;

enum {
    TRIBUTARY_JSON_OK = 0,
    TRIBUTARY_JSON_E_SYNTAX,
    TRIBUTARY_JSON_E_UTF8,
    TRIBUTARY_JSON_E_CONTROL,
    TRIBUTARY_JSON_E_UNCLOSED,
    TRIBUTARY_JSON_E_ESCAPE,
    TRIBUTARY_JSON_E_SURROGATE,
    TRIBUTARY_JSON_E_NUMBER,
    TRIBUTARY_JSON_E_NUMBER_LENGTH,
    TRIBUTARY_JSON_E_DUPLICATE,
    TRIBUTARY_JSON_E_DEPTH,
    TRIBUTARY_JSON_E_SIZE,
    TRIBUTARY_JSON_E_VALUES,
    TRIBUTARY_JSON_E_MEMORY,
};

typedef struct tributary_json_limits {
    uint32_t bytes;         // longest text
    uint32_t values;        // most nodes
    uint32_t depth;         // most containers open at once
    uint32_t number_length; // longest number, in bytes
} tributary_json_limits;

typedef struct tributary_json_parser tributary_json_parser;

// NULL when memory is short. The caller frees it with tributary_json_parser_free.
tributary_json_parser *tributary_json_parser_new(tributary_json_limits limits) TRIBUTARY_NOEXCEPT;
void tributary_json_parser_free(tributary_json_parser *parser) TRIBUTARY_NOEXCEPT;

// Members with this name carry `number` (not 0) in `key`. 0 when memory is short.
int tributary_json_parser_intern(tributary_json_parser *parser, const char *name, uint16_t number) TRIBUTARY_NOEXCEPT;

// Parses one text of `length` bytes, none beyond it is read. On success *nodes stays valid until the next call.
// On failure *position is the byte offset of the trouble.
int tributary_json_parse(tributary_json_parser *parser, const uint8_t *text, size_t length,
                         tributary_json_node **nodes, uint32_t *count, size_t *position) TRIBUTARY_NOEXCEPT;

// `text[start]` is '{' or '['. The offset directly after its closing bracket, or SIZE_MAX when the text ends before it.
// Brackets are counted outside strings and their kinds are not compared: that is the parser's part.
size_t tributary_json_container_end(const uint8_t *text, size_t length, size_t start) TRIBUTARY_NOEXCEPT;

// Writes `text` as the inside of a JSON string: quotes, backslashes and control characters escaped. `out` has room for
// 6 * length + 16 bytes; 2 * length + 16 are enough when the only control characters are tab, line feed and carriage return.
// Returns the bytes written.
size_t tributary_json_quote(const uint8_t *text, size_t length, uint8_t *out) TRIBUTARY_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif
