/*
 * Files of data, which may be no regular ones: pipes, FIFOs, terminals and other devices are read to their end.
 */
#pragma once

#include "base/file.h"

/*
 * Reads a regular file as tp_file_read() does, and anything else but a directory until it ends; "-" is standard input.
 * A FIFO is waited for until somebody has written to it. Memory: twice the bytes at most while they are read. Errors:
 * those of tp_file_read(); TILEPROP_FAILURE where as much memory again as was read is not there, and where the wait
 * was stopped. On error *file is empty.
 */
tileprop_status tp_stream_read(struct tp_file *file, const char *path, struct tp_error *error);

/* What messages call it: "-" is "standard input". NULL stays NULL. */
const char *tp_stream_name(const char *path);

/* Lets a wait for bytes end as soon as stopped() is not 0, in a program that catches signals. */
void tp_stream_stop_when(int (*stopped)(void));
