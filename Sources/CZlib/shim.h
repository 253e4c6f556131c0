#ifndef TRIBUTARY_CZLIB_H
#define TRIBUTARY_CZLIB_H

#include <zlib.h>

// deflateInit2 and inflateInit2 are macros, which Swift does not import. 15 + 16 window bits select the gzip container (RFC 1952).

static inline int tributary_gzip_deflate_init(z_stream *stream, int level) {
    return deflateInit2(stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
}

static inline int tributary_gzip_inflate_init(z_stream *stream) {
    return inflateInit2(stream, 15 + 16);
}

#endif
