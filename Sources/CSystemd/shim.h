#ifndef TRIBUTARY_CSYSTEMD_H
#define TRIBUTARY_CSYSTEMD_H

// Without this, sd_journal_sendv is a macro that adds the C location of the call, and Swift does not import macros with arguments.
// The journal handler sends the Swift location itself.
#define SD_JOURNAL_SUPPRESS_LOCATION

#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>

#endif
