/* The option parser, with its own table that has every kind of option. */
#include "cli/options.h"
#include "tests/check.h"
#include "tests/scratch.h"

enum colour { RED, GREEN };

struct values {
    int loud, mix;
    size_t threads;
    uint64_t seed;
    double rate, share;
    enum colour colour;
    const char *tier;
    size_t hidden[3], hidden_count;
    const char *output;
    const char *config;
    int help;
};

static const tileprop_choice colours[] = {{"red", RED}, {"green", GREEN}, {"verdant", GREEN}, {NULL, 0}};
static const tileprop_choice tiers[] = {{"auto", 0}, {"fast", 0}, {NULL, 0}};

/* clang-format off */
static const struct tp_option table[] = {
    {TP_OPTION("loud", offsetof(struct values, loud), SWITCH, "Sound",
               .help = "be loud"), .flag = true},
    {TP_OPTION("mix", offsetof(struct values, mix), SWITCH, "Sound",
               .help = "mix it")},
    {TP_OPTION("threads", offsetof(struct values, threads), COUNT, "Numbers", .argument = "N", .keyword = "auto",
               .least = 1, .most = 4096,
               .help = "as many")},
    {TP_OPTION("seed", offsetof(struct values, seed), SEED, "Numbers", .argument = "N", .most = UINT64_MAX,
               .help = "of it all")},
    {TP_OPTION("rate", offsetof(struct values, rate), REAL, "Numbers", .argument = "X", .low = 0, .high = 1,
               .below = true,
               .help = "of change")},
    {TP_OPTION("share", offsetof(struct values, share), REAL, "Numbers", .argument = "X", .low = 0, .high = 1,
               .above = true, .fraction = true, .keyword = "none",
               .help = "of the whole")},
    {TP_OPTION("colour", offsetof(struct values, colour), CHOICE, "Names", .argument = "NAME", .choices = colours,
               .help = "to paint it in")},
    {TP_OPTION("tier", offsetof(struct values, tier), NAME, "Names", .argument = "NAME", .choices = tiers,
               .help = "to run")},
    {TP_OPTION("hidden", offsetof(struct values, hidden), SIZES, "Names", .argument = "SIZES", .items = 3, .least = 1,
               .most = 1000, .count_offset = offsetof(struct values, hidden_count),
               .help = "sizes")},
    {TP_OPTION("output", offsetof(struct values, output), PATH, "Names", .argument = "FILE", .keyword = "none",
               .help = "a file with a description that is so long that it certainly needs more than one line of help")},
    {TP_OPTION("config", offsetof(struct values, config), PATH, "Program", .argument = "FILE",
               .help = "a file"), .command_only = true},
    {TP_OPTION("help", offsetof(struct values, help), CHOICE, "Program", .choices = tp_help_choices,
               .help = "this"), .flag = true, .apart = "all", .command_only = true},
};
/* clang-format on */

#define COUNT (sizeof table / sizeof table[0])

static const struct tp_options options = {"Usage: test\n", "\nThe end.\n", table, COUNT, NULL, "config", NULL};
static const struct values defaults = {
    .mix = true, .seed = 1, .rate = 0.9, .tier = "auto", .hidden = {64}, .hidden_count = 1};

/* The result of the last parse(); storage is kept until the next one. */
static struct values values;
static enum tp_option_source sources[TP_OPTIONS_MAX];
static struct tp_error error;
static char *storage;

/* Parses the arguments in line, separated by blanks; "^" stands for a blank inside an argument. */
static tileprop_status parse(const char *line)
{
    static char text[8192];
    char *arguments[64] = {(char[]){"test"}};
    int count = 1;
    assert_true(strlen(line) < sizeof text);
    strcpy(text, line);
    for (char *rest = text, *argument; (argument = strsep(&rest, " ")) && *line;) {
        for (char *c = argument; *c; c++)
            *c = *c == '^' ? ' ' : *c;
        arguments[count++] = argument;
    }
    free(storage);
    values = defaults;
    memset(&error, 0, sizeof error);
    return tp_options_parse(&options, count, arguments, &values, sources, &storage, &error);
}

/* An option that the parts name stands first. */
static void check_refused(const char *line, const char *parts)
{
    check_failure(parse(line), TILEPROP_USAGE, &error, parts);
    if (*parts == '-')
        assert_int_equal(strncmp(error.text, parts, strcspn(parts, " ")), 0);
}

static enum tp_option_source source_of(const char *name)
{
    return sources[tp_options_index(&options, name)];
}

static int release(void **state)
{
    free(storage);
    storage = NULL;
    return scratch_remove(state);
}

static void nothing_given_leaves_the_defaults(void **state)
{
    (void)state;
    assert_int_equal(parse(""), TILEPROP_OK);
    assert_memory_equal(&values, &defaults, sizeof values);
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(sources[i], TP_FROM_DEFAULT);
}

static void every_kind_is_read_in_both_forms(void **state)
{
    (void)state;
    const char *const lines[] = {"--loud --mix off --threads 7 --seed 18446744073709551615 --rate 0.25 --share 1 "
                                 "--colour verdant --tier fast --hidden 5,60,700 --output a^b#c=d",
                                 "--loud=on --mix=off --threads=7 --seed=18446744073709551615 --rate=.25 "
                                 "--share=1e0 --colour=green --tier=fast --hidden=5,60,700 --output=a^b#c=d --"};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(parse(lines[i]), TILEPROP_OK);
        assert_true(values.loud);
        assert_false(values.mix);
        assert_int_equal(values.threads, 7);
        assert_true(values.seed == UINT64_MAX);
        assert_true(values.rate == 0.25);
        assert_true(values.share == 1);
        assert_int_equal(values.colour, GREEN);
        assert_string_equal(values.tier, "fast");
        assert_int_equal(values.hidden_count, 3);
        assert_int_equal(values.hidden[0], 5);
        assert_int_equal(values.hidden[1], 60);
        assert_int_equal(values.hidden[2], 700);
        assert_string_equal(values.output, "a b#c=d");
        assert_int_equal(source_of("output"), TP_FROM_COMMAND);
        assert_int_equal(source_of("help"), TP_FROM_DEFAULT);
    }
}

static void one_value_may_stand_alone(void **state)
{
    (void)state;
    const struct tp_options with = {.table = table, .count = COUNT, .operand = "output"};
    char *const alone[] = {"test", "--seed", "3", "a=b", "--loud"}, *const twice[] = {"test", "a", "b"},
                *const both[] = {"test", "a", "--output", "b"}, *const dash[] = {"test", "-a"};
    free(storage);
    storage = NULL;
    values = defaults;
    assert_int_equal(tp_options_parse(&with, 5, alone, &values, sources, &storage, &error), TILEPROP_OK);
    assert_string_equal(values.output, "a=b");
    assert_int_equal(values.seed, 3);
    assert_true(values.loud);
    assert_int_equal(source_of("output"), TP_FROM_COMMAND);
    free(storage);
    check_failure(tp_options_parse(&with, 3, twice, &values, sources, &storage, &error), TILEPROP_USAGE, &error,
                  "--output: ... once ... twice");
    free(storage);
    check_failure(tp_options_parse(&with, 4, both, &values, sources, &storage, &error), TILEPROP_USAGE, &error,
                  "--output: ... once ... twice");
    free(storage);
    check_failure(tp_options_parse(&with, 2, dash, &values, sources, &storage, &error), TILEPROP_USAGE, &error,
                  "-a: ... option");
    check_failure(parse("a"), TILEPROP_USAGE, &error, "option ... \"a\"");
}

static void words_stand_for_absent_values(void **state)
{
    (void)state;
    assert_int_equal(parse("--threads auto --share none --output none --hidden none --loud=off"), TILEPROP_OK);
    assert_int_equal(values.threads, 0);
    assert_true(values.share == 0);
    assert_null(values.output);
    assert_int_equal(values.hidden_count, 0);
    assert_false(values.loud);
}

static void integers_are_strict(void **state)
{
    (void)state;
    const char *const bad[] = {
        "two", "^5", "5^", "+5", "-5", "0x10", "5.0", "1e3", "0", "5x", "", "4097", "99999999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char line[64];
        snprintf(line, sizeof line, "--threads=%s", bad[i]);
        check_failure(parse(line), TILEPROP_USAGE, &error, "--threads: ... integer ... 1 ... 4096 ... auto ... \"");
    }
    check_refused("--threads two", "--threads: ... integer ... 1 ... 4096 ... auto ... \"two\"");
    check_failure(parse("--seed 18446744073709551616"), TILEPROP_USAGE, &error, "0 ... 18446744073709551615");
    assert_int_equal(parse("--threads 4096"), TILEPROP_OK);
    assert_int_equal(parse("--threads 1"), TILEPROP_OK);
}

static void reals_are_strict(void **state)
{
    (void)state;
    const char *const bad[] = {"nan", "inf",  "-0.1", "1", "0x1p-3", "1e999", "1e-999", "0.1x",
                               "",    "^0.1", "0.1^", ".", "0,5",    "--1",   "1e",     "auto"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char line[64];
        snprintf(line, sizeof line, "--rate=%s", bad[i]);
        check_failure(parse(line), TILEPROP_USAGE, &error, "--rate: ... number ... 0 ... below 1 ... \"");
    }
    check_refused("--share 0", "--share: ... number above 0 ... 1 ... none ... \"0\"");
    check_refused("--share 97", "--share: ... number above 0 ... 1 ... none ... \"97\" ... 0.97");
    check_refused("--share 101", "--share: ... number above 0 ... 1 ... none ... \"101\"");
    check_refused("--rate 97", "--rate: ... number ... 0 ... below 1 ... \"97\"");
    assert_int_equal(parse("--rate 0 --share 1"), TILEPROP_OK);
    assert_int_equal(parse("--rate 9.9e-1 --share 1e-300"), TILEPROP_OK);
}

static void size_lists_are_strict(void **state)
{
    (void)state;
    const char *const bad[] = {"", ",", "64,", ",64", "64,,64", "0", "64^64", "1,2,3,4", "none,64", "64,1001", "6x"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char line[64];
        snprintf(line, sizeof line, "--hidden=%s", bad[i]);
        check_failure(parse(line), TILEPROP_USAGE, &error,
                      "--hidden: ... 3 integers ... 1 ... 1000 ... commas ... none");
    }
}

static void choices_and_texts_are_strict(void **state)
{
    (void)state;
    check_refused("--colour blue", "--colour: ... red, green, verdant ... \"blue\"");
    check_refused("--tier fas", "--tier: ... auto, fast ... \"fas\"");
    check_refused("--mix yes", "--mix: ... on or off ... \"yes\"");
    check_refused("--loud=1", "--loud: ... on or off ... \"1\"");
    check_failure(parse("--output="), TILEPROP_USAGE, &error, "--output: ... FILE ... 1 ... 4096 bytes");
    check_failure(parse("--output a\"b"), TILEPROP_USAGE, &error, "double quotes");
    check_failure(parse("--output a\nb"), TILEPROP_USAGE, &error, "found \"a?b\"");
}

static void a_message_stays_one_short_line(void **state)
{
    (void)state;
    char line[6000];
    memset(line, 'x', sizeof line);
    memcpy(line, "--threads=\n\t", 12);
    line[sizeof line - 1] = '\0';
    check_failure(parse(line), TILEPROP_USAGE, &error, "--threads: ... \"??");
    assert_true(strlen(error.text) < 160);
    memcpy(line, "--colour=xxx", 12);
    check_failure(parse(line), TILEPROP_USAGE, &error, "...\"");
    memcpy(line, "--zzzz\nzzzzz", 12);
    check_failure(parse(line), TILEPROP_USAGE, &error, "option");
    assert_true(strlen(error.text) < 160);
}

static void unknown_names_get_the_nearest_one(void **state)
{
    (void)state;
    check_refused("--thread 2", "--thread: ... option ... --threads");
    check_refused("--hiden=64", "--hiden: ... option ... --hidden");
    check_refused("--tehrads 2", "--tehrads: ... option ... --threads");
    check_refused("--hidden-layers 2", "--hidden-layers: ... option ... --hidden?");
    check_refused("-threads 2", "-threads: ... option ... --threads");
    check_refused("--sed 2", "--sed: ... option ... --seed");
    check_refused("--color red", "--color: ... option ... --colour");
    check_refused("--thrd 2", "--thrd: ... option ... --help");
    check_refused("-x", "-x: ... option ... --help all");
    check_refused("---seed 2", "---seed: ... option ... --seed");
    check_refused("--=5", "--: ... option ... --help");
}

static void misplaced_arguments_are_refused(void **state)
{
    (void)state;
    check_refused("--seed 1 --seed 1", "--seed: ... once ... twice");
    check_refused("--loud --loud=off", "--loud: ... once ... twice");
    check_refused("train", "option ... \"train\"");
    check_refused("-", "option ... \"-\"");
    check_refused("--loud on", "option ... \"on\"");
    check_refused("-- --loud", "nothing after -- ... \"--loud\"");
    check_refused("--seed", "--seed: ... integer ... 0 ... 18446744073709551615 ... nothing");
    check_refused("--mix --loud", "--mix: ... on or off ... --loud");
    check_failure(parse("--output --loud"), TILEPROP_USAGE, &error, "found --loud");
    assert_int_equal(parse("--output=--loud"), TILEPROP_OK);
    assert_string_equal(values.output, "--loud");
}

/* Parses with a configuration file of this text; arguments may precede and follow --config. */
static tileprop_status parse_file(void **state, const char *before, const char *text, const char *behind)
{
    char line[8192];
    scratch_write(*state, "run.conf", text, strlen(text));
    snprintf(line, sizeof line, "%s%s--config %s/run.conf%s%s", before, *before ? " " : "", (char *)*state,
             *behind ? " " : "", behind);
    return parse(line);
}

static void check_file_refused(void **state, const char *text, const char *place_and_parts)
{
    char parts[512];
    snprintf(parts, sizeof parts, "%s/run.conf:%s", (char *)*state, place_and_parts);
    check_failure(parse_file(state, "", text, ""), TILEPROP_USAGE, &error, parts);
    assert_int_equal(strncmp(error.text, parts, strcspn(parts, " ")), 0);
}

static void files_are_read(void **state)
{
    assert_int_equal(parse_file(state, "",
                                "# a comment\n\n   # another\n  threads =  3  # of 4\r\nloud=on\n"
                                "output = \" a #1 = \" # quoted\nhidden = 1,2\nrate\t=\t0.5",
                                ""),
                     TILEPROP_OK);
    assert_int_equal(values.threads, 3);
    assert_true(values.loud);
    char expected[256];
    snprintf(expected, sizeof expected, "%s/ a #1 = ", (char *)*state); /* relative to the file */
    assert_string_equal(values.output, expected);
    assert_int_equal(values.hidden_count, 2);
    assert_true(values.rate == 0.5);
    assert_int_equal(source_of("rate"), TP_FROM_FILE);
    assert_int_equal(source_of("seed"), TP_FROM_DEFAULT);
    assert_int_equal(parse_file(state, "", "", ""), TILEPROP_OK);
    assert_int_equal(parse_file(state, "", "output = /a#b\n", ""), TILEPROP_OK);
    assert_string_equal(values.output, "/a#b");
}

static void the_command_line_wins(void **state)
{
    const char *text = "threads = 3\nseed = 3\nhidden = 1,2,3\noutput = file\n";
    assert_int_equal(parse_file(state, "--threads 5 --hidden 9", text, "--output none"), TILEPROP_OK);
    assert_int_equal(values.threads, 5);
    assert_int_equal(source_of("threads"), TP_FROM_COMMAND);
    assert_int_equal(values.seed, 3);
    assert_int_equal(source_of("seed"), TP_FROM_FILE);
    assert_int_equal(values.hidden_count, 1);
    assert_int_equal(values.hidden[0], 9);
    assert_null(values.output);
}

static void defects_of_files_are_named_with_their_line(void **state)
{
    check_file_refused(state, "\n\nthread = 2\n", "3: thread: ... option ... --threads");
    check_file_refused(state, "seed = 1\n#\nseed = 1\n", "3: seed: ... once ... twice");
    check_file_refused(state, "seed = 1\nthreads = two\n",
                       "2: threads: ... integer ... 1 ... 4096 ... auto ... \"two\"");
    check_file_refused(state, "seed 1\n", "1: ... key = value ... \"seed 1\"");
    check_file_refused(state, "seed =\n", "1: seed: ... integer ... 0 ... 18446744073709551615 ... \"\"");
    check_file_refused(state, "help = on\n", "1: help: ... command line");
    check_file_refused(state, "config = other\n", "1: config: ... command line");
    check_failure(parse_file(state, "--threads 1", "threads = two\n", ""), TILEPROP_USAGE, &error,
                  "run.conf:1: threads:");
}

static void files_that_cannot_be_read_are_refused(void **state)
{
    char line[512];
    snprintf(line, sizeof line, "--config %s/absent", (char *)*state);
    check_failure(parse(line), TILEPROP_USAGE, &error, "absent: No such file or directory");
    snprintf(line, sizeof line, "--config %s", (char *)*state);
    check_failure(parse(line), TILEPROP_USAGE, &error, "Is a directory");
    scratch_write(*state, "binary", "seed = 1\n\0seed", 14);
    snprintf(line, sizeof line, "--config %s/binary", (char *)*state);
    check_failure(parse(line), TILEPROP_USAGE, &error, "found a zero byte at offset 9");
    check_failure(parse("--config absent --threads two"), TILEPROP_USAGE, &error, "--threads");
}

static char *written_config(void)
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    assert_non_null(file);
    tp_options_write_config(&options, NULL, &values, file);
    assert_int_equal(fclose(file), 0);
    return text;
}

static void what_is_printed_reads_back_the_same(void **state)
{
    const char *const lines[] = {"",
                                 ("--loud --mix off --threads 4096 --seed 18446744073709551615 --colour verdant "
                                  "--rate 0.33333333333333331 --share 1e-300 --tier fast --hidden none --output ^#^a^"),
                                 "--output=# --hidden 1,22,333 --rate 0.1"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        assert_int_equal(parse(lines[i]), TILEPROP_OK);
        struct values asked = values;
        char *first = written_config();
        assert_int_equal(parse_file(state, "", first, ""), TILEPROP_OK);
        assert_true(values.rate == asked.rate && values.share == asked.share && values.seed == asked.seed);
        char *second = written_config();
        assert_string_equal(first, second);
        free(first);
        free(second);
    }
    assert_int_equal(parse("--rate 0.1 --colour verdant"), TILEPROP_OK);
    char *text = written_config();
    assert_string_equal(text, "loud = off\nmix = on\nthreads = auto\nseed = 1\nrate = 0.1\nshare = none\n"
                              "colour = green\ntier = auto\nhidden = 64\noutput = none\n");
    free(text);
}

static void help_may_be_followed_by_all(void **state)
{
    (void)state;
    const char *const lines[] = {"", "--help", "-h", "--help --loud", "--help all", "--help=all", "-h all"};
    const int expected[] = {TP_HELP_OFF, TP_HELP_ON, TP_HELP_ON, TP_HELP_ON, TP_HELP_ALL, TP_HELP_ALL, TP_HELP_ALL};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        assert_int_equal(parse(lines[i]), TILEPROP_OK);
        assert_int_equal(values.help, expected[i]);
    }
    check_refused("--help loud", "option ... \"loud\"");
    check_refused("--loud all", "option ... \"all\"");
}

static void help_tells_everything_in_80_columns(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    assert_non_null(file);
    tp_options_write_help(&options, &defaults, file);
    assert_int_equal(fclose(file), 0);
    for (size_t i = 0; i < COUNT; i++) {
        char name[64];
        snprintf(name, sizeof name, "\n  --%s", table[i].is->name);
        assert_non_null(strstr(text, name));
    }
    const char *const parts[] = {"Usage: test_options\n\nSound:\n",
                                 "--threads N|auto",
                                 "as many [auto]\n",
                                 "--mix on|off",
                                 "mix it [on]\n",
                                 "be loud\n",
                                 "of change [0.9]\n",
                                 "to paint it in {red, green, verdant} [red]\n",
                                 "\nProgram:\n",
                                 "\n\nThe end.\n"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        assert_non_null(strstr(text, parts[i]));
    for (char *rest = text, *line; (line = strsep(&rest, "\n"));)
        assert_true(strlen(line) <= 80);
    free(text);
}

static void the_librarys_options_stand_among_those_of_the_program(void **state)
{
    (void)state;
    const struct tp_option own[] = {{TP_OPTION("first", 0, SWITCH, "A", .help = "first")},
                                    {TP_TRAINING_OPTIONS},
                                    {TP_OPTION("last", 0, SWITCH, "Z", .help = "last")}};
    const struct tp_options all = {.table = own, .count = 3};
    size_t count = 0;
    while (tileprop_option_at(count))
        count++;
    assert_string_equal(tp_options_at(&all, 0).is->name, "first");
    for (size_t i = 0; i < count; i++)
        assert_ptr_equal(tp_options_at(&all, i + 1).is, tileprop_option_at(i));
    assert_string_equal(tp_options_at(&all, count + 1).is->name, "last");
    assert_null(tp_options_at(&all, count + 2).is);
    assert_null(tp_options_at(&all, TP_OPTIONS_MAX).is);
    assert_int_equal(tp_options_index(&all, "last"), count + 1);
}

static void defaults_of_the_library_are_written_as_they_are_read(void **state)
{
    (void)state;
    tileprop_options chosen;
    const tileprop_option *option;
    tileprop_options_init(&chosen, sizeof chosen);
    for (size_t i = 0; (option = tileprop_option_at(i)); i++) {
        char text[TP_OPTION_TEXT_MAX];
        assert_int_equal(tp_option_parse(option, "--", option->initial, &chosen, &error), TILEPROP_OK);
        tp_option_format(option, &chosen, text, sizeof text);
        assert_string_equal(text, option->initial);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_given_leaves_the_defaults),
        cmocka_unit_test(every_kind_is_read_in_both_forms),
        cmocka_unit_test(one_value_may_stand_alone),
        cmocka_unit_test(words_stand_for_absent_values),
        cmocka_unit_test(integers_are_strict),
        cmocka_unit_test(reals_are_strict),
        cmocka_unit_test(size_lists_are_strict),
        cmocka_unit_test(choices_and_texts_are_strict),
        cmocka_unit_test(a_message_stays_one_short_line),
        cmocka_unit_test(unknown_names_get_the_nearest_one),
        cmocka_unit_test(misplaced_arguments_are_refused),
        cmocka_unit_test_setup_teardown(files_are_read, scratch_make, release),
        cmocka_unit_test_setup_teardown(the_command_line_wins, scratch_make, release),
        cmocka_unit_test_setup_teardown(defects_of_files_are_named_with_their_line, scratch_make, release),
        cmocka_unit_test_setup_teardown(files_that_cannot_be_read_are_refused, scratch_make, release),
        cmocka_unit_test_setup_teardown(what_is_printed_reads_back_the_same, scratch_make, release),
        cmocka_unit_test(help_may_be_followed_by_all),
        cmocka_unit_test(help_tells_everything_in_80_columns),
        cmocka_unit_test(the_librarys_options_stand_among_those_of_the_program),
        cmocka_unit_test(defaults_of_the_library_are_written_as_they_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
