#ifndef TRIBUTARY_CRECORDSCHEMAS_H
#define TRIBUTARY_CRECORDSCHEMAS_H

#include <stddef.h>

// The tables of the versions of OCSF that records can be written in besides 1.8.0, and the choices among them, as they were when this
// was compiled. A new version is a line in the list, and its file.
typedef struct tributary_record_schema {
    const char *version;
    const unsigned char *start;
    size_t size;
} tributary_record_schema;

// NULL for a version that has no table.
const tributary_record_schema *tributary_record_schema_named(const char *version);
tributary_record_schema tributary_record_schema_choices(void);

#endif
