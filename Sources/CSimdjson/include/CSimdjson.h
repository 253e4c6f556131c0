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

// A strict RFC 8259 parser that uses simdjson's structural index. It does not copy the text: every node refers to ranges of its bytes.

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
    // The string contains at least one backslash escape.
    TRIBUTARY_JSON_ESCAPED = 1,
    // The number has no fraction and no exponent.
    TRIBUTARY_JSON_INTEGER = 2,
    // The key of this value contains at least one backslash escape.
    TRIBUTARY_JSON_KEY_ESCAPED = 4,
    // A container that is not empty, and contains no null and no empty container at any depth.
    TRIBUTARY_JSON_DENSE = 8,
    // A flag that only the caller of the parser sets.
    TRIBUTARY_JSON_CONSUMED = 16,
};

// One value. Nodes are in document order, so the first child of a container follows the container directly.
typedef struct tributary_json_node {
    uint32_t key_start, key_end; // the member's name without its quotes; both 0 for the root and for array elements
    uint32_t start, end;         // the value's text, including the quotes of a string
    uint32_t next;               // index of the first node after this value and its descendants
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
    uint32_t bytes;         // the maximum length of a text
    uint32_t values;        // the maximum number of nodes
    uint32_t depth;         // the maximum number of nested containers
    uint32_t number_length; // the maximum length of a number, in bytes
} tributary_json_limits;

typedef struct tributary_json_parser tributary_json_parser;

// Returns NULL if there is not enough memory. The caller frees the parser with tributary_json_parser_free.
tributary_json_parser *tributary_json_parser_new(tributary_json_limits limits) TRIBUTARY_NOEXCEPT;
void tributary_json_parser_free(tributary_json_parser *parser) TRIBUTARY_NOEXCEPT;

// Registers the name of a member: in later texts, `key` of each member with this name is `number`, which must not be 0. Returns
// 1, or 0 if there is not enough memory.
int tributary_json_parser_intern(tributary_json_parser *parser, const char *name, uint16_t number) TRIBUTARY_NOEXCEPT;

// Parses one text of `length` bytes, and reads no byte after the text. On success, *nodes is valid until the next call. On failure, *position is the
// byte offset of the error.
int tributary_json_parse(tributary_json_parser *parser, const uint8_t *text, size_t length,
                         tributary_json_node **nodes, uint32_t *count, size_t *position) TRIBUTARY_NOEXCEPT;

// `text[start]` is '{' or '['. Returns the offset directly after the matching closing bracket, or SIZE_MAX if the text ends before it.
// It counts brackets outside of strings without comparing their kinds; the parser checks the kinds.
size_t tributary_json_container_end(const uint8_t *text, size_t length, size_t start) TRIBUTARY_NOEXCEPT;

// Writes `text` as the contents of a JSON string, with quotes, backslashes and control characters escaped. `out` must have room for
// 6 * length + 16 bytes; 2 * length + 16 are enough if tab, line feed and carriage return are the only control characters.
// Returns the number of bytes written.
size_t tributary_json_quote(const uint8_t *text, size_t length, uint8_t *out) TRIBUTARY_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif
