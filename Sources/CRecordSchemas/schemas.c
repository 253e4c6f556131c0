#include "CRecordSchemas.h"

#include <string.h>

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wc23-extensions" // #embed, which clang has in every language mode

static const unsigned char ocsf_1_3_0[] = {
#embed "ocsf-1.3.0.tsv"
};

static const unsigned char ocsf_1_5_0[] = {
#embed "ocsf-1.5.0.tsv"
};

static const unsigned char choices[] = {
#embed "choices.tsv"
};

#pragma clang diagnostic pop

static const tributary_record_schema schemas[] = {
    {"1.3.0", ocsf_1_3_0, sizeof ocsf_1_3_0},
    {"1.5.0", ocsf_1_5_0, sizeof ocsf_1_5_0},
};

const tributary_record_schema *tributary_record_schema_named(const char *version) {
    for (size_t index = 0; index < sizeof schemas / sizeof *schemas; index++) {
        if (strcmp(schemas[index].version, version) == 0) return &schemas[index];
    }
    return NULL;
}

tributary_record_schema tributary_record_schema_choices(void) {
    return (tributary_record_schema){"", choices, sizeof choices};
}
