/*
 * The version of tileprop, defined only here. Until 1.0.0 anything may change between minor versions.
 */
#ifndef TILEPROP_VERSION_H
#define TILEPROP_VERSION_H

#define TILEPROP_VERSION "0.2.0"

/* For #if: 10000 times the major version, 100 times the minor one, and the patch. */
#define TILEPROP_VERSION_NUMBER 200

#endif
