#ifndef TRIBUTARY_CRECORDSCHEMAS_H
#define TRIBUTARY_CRECORDSCHEMAS_H

#include <stddef.h>

// The tables of the OCSF versions in which records can be written, and the file choices.tsv, embedded at compile time. Version
// 1.8.0 has no table. CONTRIBUTING.md says how to add a version.
typedef struct tributary_record_schema {
    const char *version;
    const unsigned char *start;
    size_t size;
} tributary_record_schema;

// Returns NULL if the version has no table.
const tributary_record_schema *tributary_record_schema_named(const char *version);
tributary_record_schema tributary_record_schema_choices(void);

#endif
