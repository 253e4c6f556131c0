#ifndef TRIBUTARY_CSTATUSPAGE_H
#define TRIBUTARY_CSTATUSPAGE_H

#include <stddef.h>

// The bytes of page.html, embedded at compile time. This is a function because Swift does not import an array of unknown
// size.
const unsigned char *tributary_status_page_start(void);
extern const size_t tributary_status_page_size;

#endif
