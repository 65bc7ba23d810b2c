#include "page.h"

#include <ctype.h>
#include <string.h>

#define TP_LINE_MAX 68 /* bytes; mandoc wants less than 80, with what escapes add */

/* Writes length bytes so that mdoc takes none of them for its own. */
static void put_escaped(const char *text, size_t length, FILE *out)
{
    if (length && (*text == '.' || *text == '\''))
        fputs("\\&", out);
    for (size_t i = 0; i < length; i++) {
        switch (text[i]) {
        case '\\':
            fputs("\\e", out);
            break;
        case '-':
            fputs("\\-", out);
            break;
        case '~':
            fputs("\\(ti", out);
            break;
        case '^':
            fputs("\\(ha", out);
            break;
        default:
            putc(text[i], out);
        }
    }
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\n';
}

/* Words in lines, and a new one after each sentence. */
static void put_words(const char *text, size_t length, FILE *out)
{
    const char *end = text + length;
    size_t column = 0;
    while (text < end) {
        size_t word = 0;
        while (text + word < end && !is_blank(text[word]))
            word++;
        if (word) {
            if (column)
                putc(column + 1 + word > TP_LINE_MAX ? '\n' : ' ', out);
            column = column + 1 + word > TP_LINE_MAX ? word : column + 1 + word;
            put_escaped(text, word, out);
            if (strchr(".?!", text[word - 1])) {
                putc('\n', out);
                column = 0;
            }
        }
        text += word < (size_t)(end - text) ? word + 1 : word;
    }
    if (column)
        putc('\n', out);
}

static void put_text(const char *text, FILE *out)
{
    put_words(text, strlen(text), out);
}

/* The paragraphs of text up to the heading, NULL: all of them. Returns where that is. */
static const char *put_paragraphs(const char *text, const char *heading, bool first, FILE *out)
{
    while (*(text += strspn(text, "\n")) && (!heading || strncmp(text, heading, strlen(heading)) != 0)) {
        const char *end = strstr(text, "\n\n");
        const size_t length = end ? (size_t)(end - text) : strlen(text);
        fputs(first ? "" : ".Pp\n", out);
        put_words(text, length, out);
        text += length;
        first = false;
    }
    return text;
}

/* "Usage: train [OPTION]...\nTrain a perceptron: ...\n\n..." */
static void put_beginning(const struct tp_page *page, const struct tp_options *options, FILE *out)
{
    const char *line = strchr(options->usage, '\n') + 1;
    const char *synopsis = strchr(strchr(options->usage, ' ') + 1, ' ');
    fprintf(out, ".Dd %s\n.Dt ", page->date);
    for (const char *c = page->program; *c; c++)
        putc(toupper((unsigned char)*c), out);
    fprintf(out, " 1\n.Os\n.Sh NAME\n.Nm %s\n.Nd %c", page->program, tolower((unsigned char)*line));
    put_words(line + 1, strcspn(line + 1, ":,."), out);
    fputs(".Sh SYNOPSIS\n.Nm\n", out);
    put_words(synopsis, (size_t)(line - synopsis), out);
    fputs(".Sh DESCRIPTION\n", out);
    put_paragraphs(line, NULL, true, out);
    put_paragraphs(options->notes, "Examples:", false, out);
}

static void put_option(const struct tp_option *option, const void *defaults, FILE *out)
{
    char text[TP_OPTION_HELP_MAX];
    const tileprop_option *is = option->is;
    fprintf(out, ".It Fl \\-%s", is->name);
    if (is->argument)
        fprintf(out, " Ar %s%s%s", is->argument, is->keyword ? " | Cm " : "", is->keyword ? is->keyword : "");
    else if (!option->flag)
        fputs(" Cm on | off", out);
    putc('\n', out);
    tp_options_explain(option, defaults, text, sizeof text);
    put_text(text, out);
}

static void put_options(const struct tp_options *options, const void *defaults, FILE *out)
{
    const char *group = "";
    fputs(".Sh OPTIONS\n", out);
    struct tp_option option;
    for (size_t i = 0; (option = tp_options_at(options, i)).is; i++) {
        if (strcmp(group, option.is->group) != 0) {
            fprintf(out, "%s.Ss %s\n.Bl -tag -width Ds\n", *group ? ".El\n" : "", option.is->group);
            group = option.is->group;
        }
        put_option(&option, defaults, out);
    }
    fputs(".El\n", out);
}

static void put_notes(const char *section, const char *macro, const struct tp_page_note *notes, FILE *out)
{
    if (!notes || !notes->name)
        return;
    fprintf(out, ".Sh %s\n.Bl -tag -width Ds\n", section);
    for (; notes->name; notes++) {
        fprintf(out, ".It %s %s\n", macro, notes->name);
        put_text(notes->text, out);
    }
    fputs(".El\n", out);
}

/* The lines below a heading of notes, which begin with two blanks, up to the first that does not. */
static const char *find_lines(const char *notes, const char *heading)
{
    const char *found = strstr(notes, heading);
    return found ? strchr(found + 1, '\n') + 1 : "";
}

static const char *next_line(const char *line)
{
    return line + strcspn(line, "\n") + 1;
}

/* "  0    done" */
static void put_exits(const char *notes, FILE *out)
{
    fputs(".Sh EXIT STATUS\n.Bl -tag -width Ds\n", out);
    for (const char *line = find_lines(notes, "\nExit codes:"); strncmp(line, "  ", 2) == 0; line = next_line(line)) {
        const char *code = line + 2, *text = code + strcspn(code, " ");
        fprintf(out, ".It %.*s\n", (int)(text - code), code);
        put_words(text, strcspn(text, "\n"), out);
    }
    fputs(".El\n", out);
}

/* "  train --hidden 64": under the name that the program is installed by. */
static void put_examples(const char *notes, FILE *out)
{
    fputs(".Sh EXAMPLES\n.Bd -literal -offset indent\n", out);
    for (const char *line = find_lines(notes, "\nExamples:"); strncmp(line, "  ", 2) == 0; line = next_line(line)) {
        fputs("tileprop\\-", out);
        put_escaped(line + 2, strcspn(line + 2, "\n"), out);
        putc('\n', out);
    }
    fputs(".Ed\n", out);
}

void tp_page_write(const struct tp_page *page, const struct tp_options *options, const void *defaults, FILE *out)
{
    put_beginning(page, options, out);
    put_options(options, defaults, out);
    put_notes("ENVIRONMENT", "Ev", page->environment, out);
    put_notes("FILES", "Pa", page->files, out);
    put_exits(options->notes, out);
    put_examples(options->notes, out);
    fputs(".Sh SEE ALSO\n", out);
    for (const char *const *other = page->others; *other; other++)
        fprintf(out, ".Xr %s 1%s\n", *other, other[1] ? " ," : "");
}
