#include "CEventCatalog.h"

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wc23-extensions" // #embed, which clang has in every language mode

static const unsigned char tributary_event_catalogue[] = {
#embed "../../config/event-catalogue.tsv"
};

#pragma clang diagnostic pop

const size_t tributary_event_catalogue_size = sizeof tributary_event_catalogue;

const unsigned char *tributary_event_catalogue_start(void) { return tributary_event_catalogue; }
