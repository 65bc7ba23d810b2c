/* Data files that need not be regular files: pipes, FIFOs, terminals and other devices are read to their end. */
#pragma once

#include "base/file.h"

/*
 * Reads a regular file as tp_file_read() does, and anything else except a directory to its end; "-" is standard input.
 * Waits until a FIFO has a writer. Memory: at most twice the bytes while they are read. Errors: those of
 * tp_file_read(); TILEPROP_FAILURE if less memory is left than was already read, and if the wait was stopped. On error
 * *file is empty.
 */
tileprop_status tp_stream_read(struct tp_file *file, const char *path, struct tp_error *error);

/* The name for messages: "standard input" for "-". NULL stays NULL. */
const char *tp_stream_name(const char *path);

/* Ends a wait for bytes as soon as stopped() is nonzero, in a program that catches signals. */
void tp_stream_stop_when(int (*stopped)(void));
