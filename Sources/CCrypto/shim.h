#ifndef TRIBUTARY_CCRYPTO_H
#define TRIBUTARY_CCRYPTO_H

// OpenSSL 3 marks the functions of a single hash, such as SHA256_Init, as deprecated. This program uses them nevertheless.
#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/evp.h>
#include <openssl/sha.h>

// The spool computes the digests of files with EVP, so that the system's OpenSSL configuration chooses the provider, such as FIPS. The
// fetch fails if the configuration does not allow SHA-256.
static inline EVP_MD *tributary_sha256_fetch(void) {
    return EVP_MD_fetch(NULL, "SHA256", NULL);
}

// The digests of records are computed without EVP, because records are numerous. For each message, EVP_DigestInit_ex of OpenSSL 3.0 would
// allocate its state again, but these functions use the caller's memory. They ignore the configured provider. A caller must therefore first
// fetch SHA-256 once, and refuse to start if the fetch fails.
static inline int tributary_sha256(SHA256_CTX *state, const void *bytes, size_t size, unsigned char *out) {
    return SHA256_Init(state) == 1 && SHA256_Update(state, bytes, size) == 1 && SHA256_Final(out, state) == 1;
}

#endif
