/*
 * One option's value as text: read, written, and described for messages. See options.h for the kinds.
 */
#ifndef TP_OPTION_VALUE_H
#define TP_OPTION_VALUE_H

#include "cli/options.h"

/*
 * Whether text is a value of the option. If so it is stored in the caller's struct; texts are stored as the
 * pointer. If not, the struct's value is unspecified.
 */
bool tp_option_parse(const struct tp_option *option, const char *text, char *target);

/* Whether the value of a path is a word that stands for something else. */
bool tp_option_is_word(const struct tp_option *option, const char *value);

/* Writes the value as tp_option_parse() reads it; nothing for an absent text that has no word for it. */
void tp_option_format(const struct tp_option *option, const char *target, char *text, size_t size);

#define TP_OPTION_HELP_MAX (2 * TP_OPTION_TEXT_MAX) /* bytes */

/* Writes the option's help with its choices in braces and its default in brackets. */
void tp_option_explain(const struct tp_option *option, const char *defaults, char *text, size_t size);

/* Writes what values the option takes: "an integer from 1 to 4096 or auto". */
void tp_option_describe(const struct tp_option *option, char *text, size_t size);

/* Writes what a text that is no value may have meant: "; did you mean 0.97?" of 97; else nothing. */
void tp_option_guess(const struct tp_option *option, const char *value, char *text, size_t size);

/* Copies what the user wrote so that it is fit for one line of a message: shortened, no control characters.
 */
void tp_option_show(const char *found, char *text, size_t size);

/* Appends to the string in text[size]; what does not fit is cut off. */
void tp_option_append(char *text, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
