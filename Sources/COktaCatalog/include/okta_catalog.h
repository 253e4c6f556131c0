#ifndef OKTA_CATALOG_H
#define OKTA_CATALOG_H

#include <stddef.h>

// The text of catalog.tsv, embedded at compile time; scripts/make-catalog.py describes its format. It has no NUL at its end.
const unsigned char *okta_catalog_bytes(void);
size_t okta_catalog_size(void);

#endif
