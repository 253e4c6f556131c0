// The parts of libcurl that Swift can't import: the variadic curl_easy_setopt, curl_multi_setopt and curl_easy_getinfo,
// and the unions and arrays in some results. The file also contains the variadic prctl, for the name of the loop's
// thread, and epoll, with which the loop waits. Nothing else belongs in this file.
#ifndef TRIBUTARY_CCURL_H
#define TRIBUTARY_CCURL_H

#ifndef CURL_DISABLE_TYPECHECK
#define CURL_DISABLE_TYPECHECK
#endif
#include <curl/curl.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>

/// Passed to curl_multi_socket_action(3) instead of a socket when the timer is due.
static const int ccurl_socket_timeout = CURL_SOCKET_TIMEOUT;

/// A callback that receives `size * count` bytes. If it returns another number, the transfer ends
/// (CURLOPT_WRITEFUNCTION(3)). The callback that ccurl_set_body_source takes has the same type, but fills the buffer.
typedef size_t (*ccurl_sink)(char *bytes, size_t size, size_t count, void *context);

static inline CURLcode ccurl_set_long(CURL *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}

/// Sets a text. libcurl copies it, except for options that are documented otherwise. NULL resets the option.
static inline CURLcode ccurl_set_text(CURL *easy, CURLoption option, const char *text) {
    return curl_easy_setopt(easy, option, text);
}

static inline CURLcode ccurl_set_list(CURL *easy, CURLoption option, struct curl_slist *list) {
    return curl_easy_setopt(easy, option, list);
}

/// Sets the body, which libcurl copies. The size is set first, as CURLOPT_COPYPOSTFIELDS(3) requires.
static inline CURLcode ccurl_set_body(CURL *easy, const void *bytes, size_t count) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)count);
    return code != CURLE_OK ? code : curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, (const char *)bytes);
}

static inline CURLcode ccurl_set_body_sink(CURL *easy, ccurl_sink sink, void *context) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, sink);
    return code != CURLE_OK ? code : curl_easy_setopt(easy, CURLOPT_WRITEDATA, context);
}

static inline CURLcode ccurl_set_header_sink(CURL *easy, ccurl_sink sink, void *context) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, sink);
    return code != CURLE_OK ? code : curl_easy_setopt(easy, CURLOPT_HEADERDATA, context);
}

/// Moves the position in the body's source to `offset`, counted from `origin` (CURLOPT_SEEKFUNCTION(3)).
typedef int (*ccurl_seek)(void *context, curl_off_t offset, int origin);

/// Sets a source from which the body is read: each call fills up to `size * count` bytes. The body has `bytes` bytes in all.
static inline CURLcode ccurl_set_body_source(CURL *easy, ccurl_sink source, ccurl_seek seek, void *context, long long bytes) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)bytes);
    if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_READFUNCTION, source);
    if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_READDATA, context);
    if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, seek);
    return code != CURLE_OK ? code : curl_easy_setopt(easy, CURLOPT_SEEKDATA, context);
}

/// Sets the error buffer. It has CURL_ERROR_SIZE bytes and must exist as long as the handle is used.
static inline CURLcode ccurl_set_error_buffer(CURL *easy, char *buffer) {
    return curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, buffer);
}

/// Returns a number about the transfer; zero if libcurl does not know it.
static inline long ccurl_long(CURL *easy, CURLINFO info) {
    long value = 0;
    return curl_easy_getinfo(easy, info, &value) == CURLE_OK ? value : 0;
}

/// Returns a size, or a time in microseconds; zero if libcurl does not know it.
static inline curl_off_t ccurl_offset(CURL *easy, CURLINFO info) {
    curl_off_t value = 0;
    return curl_easy_getinfo(easy, info, &value) == CURLE_OK ? value : 0;
}

/// Returns a text about the transfer; NULL if libcurl does not know it. The text is valid until the handle is used
/// again.
static inline const char *ccurl_text(CURL *easy, CURLINFO info) {
    const char *value = NULL;
    return curl_easy_getinfo(easy, info, &value) == CURLE_OK ? value : NULL;
}

/// The server's own certificate as lines `NAME:VALUE` (CURLINFO_CERTINFO(3)), or NULL. The handle owns the list.
static inline const struct curl_slist *ccurl_certificate(CURL *easy) {
    struct curl_certinfo *chain = NULL;
    if (curl_easy_getinfo(easy, CURLINFO_CERTINFO, &chain) != CURLE_OK) return NULL;
    return chain != NULL && chain->num_of_certs > 0 ? chain->certinfo[0] : NULL;
}

struct ssl_st;
const char *SSL_get_version(const struct ssl_st *ssl);

/// The TLS version, such as `TLSv1.3`; NULL outside of a transfer, without TLS, or if libcurl does not use OpenSSL.
static inline const char *ccurl_tls_version(CURL *easy) {
    struct curl_tlssessioninfo *session = NULL;
    if (curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &session) != CURLE_OK) return NULL;
    if (session == NULL || session->backend != CURLSSLBACKEND_OPENSSL || session->internals == NULL) return NULL;
    return SSL_get_version((const struct ssl_st *)session->internals);
}

static inline CURLMcode ccurl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

/// Sets two callbacks. libcurl calls `change` to say which events of a socket it waits for
/// (CURLMOPT_SOCKETFUNCTION(3)). It calls `timer` with the number of milliseconds after which this program must
/// call curl_multi_socket_action(3), or -1 for never (CURLMOPT_TIMERFUNCTION(3)). libcurl calls both within other
/// functions of the same multi handle.
static inline CURLMcode ccurl_multi_set_watch(
    CURLM *multi, curl_socket_callback change, curl_multi_timer_callback timer, void *context) {
    CURLMcode code = curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, change);
    if (code == CURLM_OK) code = curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, context);
    if (code == CURLM_OK) code = curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, timer);
    return code != CURLM_OK ? code : curl_multi_setopt(multi, CURLMOPT_TIMERDATA, context);
}

/// Returns the next finished transfer and its result, or NULL if there is none.
static inline CURL *ccurl_multi_next_done(CURLM *multi, CURLcode *result) {
    int left = 0;
    CURLMsg *message;
    while ((message = curl_multi_info_read(multi, &left)) != NULL) {
        if (message->msg == CURLMSG_DONE) {
            *result = message->data.result;
            return message->easy_handle;
        }
    }
    return NULL;
}

/// Sets the name of the calling thread, at most 15 bytes (PR_SET_NAME(2const)).
static inline void ccurl_name_thread(const char *name) {
    prctl(PR_SET_NAME, name, 0, 0, 0);
}

#endif
