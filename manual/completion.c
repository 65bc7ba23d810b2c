#include "completion.h"

#include <string.h>

static bool is_file(const tileprop_option *option)
{
    return option->kind == TILEPROP_OPTION_PATH;
}

/* What the name of its files ends with, or nothing. */
static const char *ending(const tileprop_option *option)
{
    const char *dot = is_file(option) ? strchr(option->argument, '.') : NULL;
    return dot ? dot : "";
}

/* The words that the option takes, with blanks between them. */
static void put_values(const tileprop_option *option, FILE *out)
{
    const char *before = "";
    for (const tileprop_choice *choice = option->choices; choice && choice->name; choice++) {
        fprintf(out, "%s%s", before, choice->name);
        before = " ";
    }
    if (option->keyword)
        fprintf(out, "%s%s", before, option->keyword);
    else if (option->kind == TILEPROP_OPTION_SIZES)
        fprintf(out, "%snone", before);
    else if (option->kind == TILEPROP_OPTION_SWITCH)
        fprintf(out, "%son off", before);
}

/* The function's name, since bash's may not have every character that a program's has. */
static void put_function(const char *program, FILE *out)
{
    putc('_', out);
    for (; *program; program++)
        putc(*program == '-' ? '_' : *program, out);
}

static void put_bash_values(const tileprop_option *option, FILE *out)
{
    fputs("words='", out);
    put_values(option, out);
    fprintf(out, "'%s", is_file(option) ? " files=yes" : "");
    if (*ending(option))
        fprintf(out, " ending=%s", ending(option));
}

void tp_completion_write_bash(const char *program, const struct tp_options *options, FILE *out)
{
    struct tp_option option;
    fprintf(out, "# bash completion for %s, made from its options\n\n", program);
    put_function(program, out);
    fputs("()\n"
          "{\n"
          "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} words='' files='' "
          "ending=''\n"
          "    # --name=value is three words.\n"
          "    if [[ $cur == = ]]; then\n"
          "        cur=\n"
          "    elif [[ $prev == = ]]; then\n"
          "        prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
          "    fi\n"
          "    case $prev in\n",
          out);
    for (size_t i = 0; (option = tp_options_at(options, i)).is; i++) {
        if (option.flag)
            continue;
        fprintf(out, "    --%s) ", option.is->name);
        put_bash_values(option.is, out);
        fputs(" ;;\n", out);
    }
    fputs("    *)\n", out);
    if (options->operand)
        fputs("        if [[ $cur != -* ]]; then\n"
              "            files=yes\n"
              "        else\n",
              out);
    fprintf(out, "%s        words='", options->operand ? "    " : "");
    for (size_t i = 0; (option = tp_options_at(options, i)).is; i++)
        fprintf(out, "%s--%s", i ? " " : "", option.is->name);
    fprintf(out, "'\n%s", options->operand ? "        fi\n" : "");
    fputs("        ;;\n"
          "    esac\n"
          "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
          "    if [[ $files ]]; then\n"
          "        compopt -o filenames 2>/dev/null\n"
          "        mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(\n"
          "            compgen -d -- \"$cur\"\n"
          "            compgen -f -X \"!*$ending\" -- \"$cur\" | while IFS= read -r name; do [[ -d $name ]] "
          "|| echo \"$name\"; done)\n"
          "    fi\n"
          "}\n"
          "complete -F ",
          out);
    put_function(program, out);
    fprintf(out, " %s\n", program);
}

/* Text in single quotes, in brackets or between colons of a specification. */
static void put_zsh_text(const char *text, FILE *out)
{
    for (; *text; text++) {
        if (strchr("[]:\\", *text))
            putc('\\', out);
        if (*text == '\'')
            fputs("'\\'", out);
        putc(*text, out);
    }
}

static void put_zsh_files(const tileprop_option *option, FILE *out)
{
    fputs("_files", out);
    if (*ending(option))
        fprintf(out, " -g \"*%s(-.)\"", ending(option));
}

static void put_zsh_action(const tileprop_option *option, FILE *out)
{
    if (is_file(option) && (option->keyword || option->choices)) {
        fputs("{compadd -- ", out);
        put_values(option, out);
        fputs("; ", out);
        put_zsh_files(option, out);
        putc('}', out);
    } else if (is_file(option)) {
        put_zsh_files(option, out);
    } else {
        putc('(', out);
        put_values(option, out);
        putc(')', out);
    }
}

static void put_zsh_option(const struct tp_option *option, FILE *out)
{
    const tileprop_option *is = option->is;
    fprintf(out, " \\\n    '--%s%s[", is->name, option->flag ? "" : "=");
    put_zsh_text(is->help, out);
    putc(']', out);
    if (!option->flag) {
        putc(':', out);
        put_zsh_text(is->argument ? is->argument : "on or off", out);
        putc(':', out);
        put_zsh_action(is, out);
    }
    putc('\'', out);
}

void tp_completion_write_zsh(const char *program, const struct tp_options *options, FILE *out)
{
    fprintf(out, "#compdef %s\n# Made from its options.\n\n_arguments", program);
    struct tp_option option;
    for (size_t i = 0; (option = tp_options_at(options, i)).is; i++)
        put_zsh_option(&option, out);
    if (options->operand) {
        const tileprop_option *operand = tp_options_at(options, tp_options_index(options, options->operand)).is;
        fprintf(out, " \\\n    '1:%s:", operand->name);
        put_zsh_action(operand, out);
        putc('\'', out);
    }
    putc('\n', out);
}
