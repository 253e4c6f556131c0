#ifndef TRIBUTARY_CCRYPTO_H
#define TRIBUTARY_CCRYPTO_H

#include <openssl/evp.h>

// The digest is fetched once and the context is used again for every message: after the first one neither allocates.
// EVP keeps the choice of provider (FIPS among them) with the system's OpenSSL configuration.

static inline EVP_MD *tributary_sha256_fetch(void) {
    return EVP_MD_fetch(NULL, "SHA256", NULL);
}

#endif
