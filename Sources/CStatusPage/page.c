#include "CStatusPage.h"

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wc23-extensions" // #embed, which clang has in every language mode

static const unsigned char tributary_status_page[] = {
#embed "page.html"
};

#pragma clang diagnostic pop

const size_t tributary_status_page_size = sizeof tributary_status_page;

const unsigned char *tributary_status_page_start(void) { return tributary_status_page; }
