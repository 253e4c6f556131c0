#ifndef OKTA_CATALOG_H
#define OKTA_CATALOG_H

#include <stddef.h>

// The text of catalog.tsv, compiled in; its format is told in scripts/make-catalog.py. Not terminated by a NUL.
const unsigned char *okta_catalog_bytes(void);
size_t okta_catalog_size(void);

#endif
