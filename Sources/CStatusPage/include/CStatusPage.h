#ifndef TRIBUTARY_CSTATUSPAGE_H
#define TRIBUTARY_CSTATUSPAGE_H

#include <stddef.h>

// The bytes of page.html as they were when this was compiled. A function, because Swift does not import an array whose size it
// can't see.
const unsigned char *tributary_status_page_start(void);
extern const size_t tributary_status_page_size;

#endif
