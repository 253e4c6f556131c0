#ifndef TRIBUTARY_CEVENTCATALOG_H
#define TRIBUTARY_CEVENTCATALOG_H

#include <stddef.h>

// The bytes of config/event-catalogue.tsv, embedded at compile time. This is a function because Swift does not import an array
// of unknown size.
const unsigned char *tributary_event_catalogue_start(void);
extern const size_t tributary_event_catalogue_size;

#endif
