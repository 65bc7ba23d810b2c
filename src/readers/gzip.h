/* Files that may be gzip; the content decides, never the name. */
#pragma once

#include "base/file.h"

/* Deflate packs at most 258 bytes into two bits: 1032 to 1 (RFC 1951, 3.2.5 and 3.2.7). */
#define TP_DEFLATE_RATIO_MAX 1032

/*
 * Reads a file as tp_stream_read() does, unpacks it if it is gzip, and refuses the formats that tp_unsupported_refuse()
 * knows. Errors: those of these two and of tp_gzip_unpack(). On error *file is empty.
 */
tileprop_status tp_gzip_read(struct tp_file *file, const char *path, struct tp_error *error);

/*
 * Replaces bytes that begin with the gzip magic by the unpacked contents of all members; other bytes stay as they are.
 * Memory: at most 1032 times the packed size, whatever the file claims, and twice that while it grows for a member
 * after the first. Errors: TILEPROP_BAD_INPUT for a damaged stream, for bytes other than zeros after the last member,
 * and for gzip inside gzip; TILEPROP_FAILURE if out of memory. On error *file keeps its bytes or has the unpacked ones,
 * and must be freed.
 */
tileprop_status tp_gzip_unpack(struct tp_file *file, struct tp_error *error);
