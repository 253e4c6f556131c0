#ifndef TRIBUTARY_CYAML_H
#define TRIBUTARY_CYAML_H

#include <yaml.h>

#endif
