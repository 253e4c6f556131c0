#ifndef TRIBUTARY_CCRYPTO_H
#define TRIBUTARY_CCRYPTO_H

// For the one-context functions below.
#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/evp.h>
#include <openssl/sha.h>

// The digest is fetched once and the context is used again for every message: after the first one neither allocates.
// EVP keeps the choice of provider (FIPS among them) with the system's OpenSSL configuration.

static inline EVP_MD *tributary_sha256_fetch(void) {
    return EVP_MD_fetch(NULL, "SHA256", NULL);
}

// EVP_DigestInit_ex of OpenSSL 3.0 allocates its state anew for each message; these work in the caller's.
static inline int tributary_sha256(SHA256_CTX *state, const void *bytes, size_t size, unsigned char *out) {
    return SHA256_Init(state) == 1 && SHA256_Update(state, bytes, size) == 1 && SHA256_Final(out, state) == 1;
}

#endif
