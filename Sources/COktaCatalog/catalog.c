#include "okta_catalog.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char catalog[] = {
#embed "catalog.tsv"
};

const unsigned char *okta_catalog_bytes(void) { return catalog; }

size_t okta_catalog_size(void) { return sizeof catalog; }
