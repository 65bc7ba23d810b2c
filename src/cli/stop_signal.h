/*
 * Ctrl-C and SIGTERM: the first one asks for an orderly end, the second one ends the process.
 */
#ifndef TP_STOP_SIGNAL_H
#define TP_STOP_SIGNAL_H

/* To be called once, before any thread is started. */
void tp_stop_signal_catch(void);

/* The signal that came, or 0. */
int tp_stop_signal_number(void);

#endif
