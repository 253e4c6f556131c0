#ifndef TRIBUTARY_CEVENTCATALOG_H
#define TRIBUTARY_CEVENTCATALOG_H

#include <stddef.h>

// The bytes of config/event-catalogue.tsv as they were when this was compiled. A function, because Swift does not import an array
// whose size it can't see.
const unsigned char *tributary_event_catalogue_start(void);
extern const size_t tributary_event_catalogue_size;

#endif
