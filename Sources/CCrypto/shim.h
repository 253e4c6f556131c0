#ifndef TRIBUTARY_CCRYPTO_H
#define TRIBUTARY_CCRYPTO_H

// OpenSSL 3 marks the functions of one hash (SHA256_Init and so on) as deprecated; this program uses them.
#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/evp.h>
#include <openssl/sha.h>

// For files, whose digests the spool computes: with EVP, the system's OpenSSL configuration chooses the provider (such as FIPS). The
// fetch fails if the configuration does not allow SHA-256.
static inline EVP_MD *tributary_sha256_fetch(void) {
    return EVP_MD_fetch(NULL, "SHA256", NULL);
}

// For records, which are numerous: EVP_DigestInit_ex of OpenSSL 3.0 allocates its state again for each message, but these functions use the
// caller's memory. They do not ask for a provider, so a caller must first fetch SHA-256 once, and refuse to start if that fails.
static inline int tributary_sha256(SHA256_CTX *state, const void *bytes, size_t size, unsigned char *out) {
    return SHA256_Init(state) == 1 && SHA256_Update(state, bytes, size) == 1 && SHA256_Final(out, state) == 1;
}

#endif
