#ifndef TRIBUTARY_CCRYPTO_H
#define TRIBUTARY_CCRYPTO_H

// For the one-context functions below.
#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/evp.h>
#include <openssl/sha.h>

// For the spool, which digests files: EVP leaves the choice of provider (FIPS among them) to the system's OpenSSL configuration, and a
// fetch fails where that allows no SHA-256.
static inline EVP_MD *tributary_sha256_fetch(void) {
    return EVP_MD_fetch(NULL, "SHA256", NULL);
}

// For records, of which there are many: EVP_DigestInit_ex of OpenSSL 3.0 allocates its state again for each message, these work in the
// caller's. They do not ask for a provider, so whoever uses them fetches once first, and refuses to start without.
static inline int tributary_sha256(SHA256_CTX *state, const void *bytes, size_t size, unsigned char *out) {
    return SHA256_Init(state) == 1 && SHA256_Update(state, bytes, size) == 1 && SHA256_Final(out, state) == 1;
}

#endif
