/* Files that appear complete or not at all. */
#include "base/safe_file.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/check.h"
#include "tests/scratch.h"

/* The file's text, to be freed. */
static char *content(const char *path)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    if (getdelim(&text, &size, '\0', file) < 0)
        *text = '\0';
    fclose(file);
    return text;
}

static void check_content(const char *path, const char *expected)
{
    char *text = content(path);
    assert_string_equal(text, expected);
    free(text);
}

static size_t entries(const char *directory)
{
    size_t count = 0;
    DIR *open = opendir(directory);
    assert_non_null(open);
    while (readdir(open))
        count++;
    closedir(open);
    return count - 2; /* . and .. */
}

static void test_replaces_when_committed(void **state)
{
    char *path = scratch_path(*state, "file");
    struct tp_safe_file safe;
    struct tp_error error = {""};
    scratch_write(*state, "file", "old", 3);
    assert_int_equal(tp_safe_file_open(&safe, "--save", path, &error), TILEPROP_OK);
    tp_safe_file_write(&safe, "new", 3);
    check_content(path, "old");
    assert_int_equal(tp_safe_file_commit(&safe, &error), TILEPROP_OK);
    check_content(path, "new");
    assert_null(safe.file);
    assert_int_equal(tp_safe_file_commit(&safe, &error), TILEPROP_OK);
    assert_int_equal(entries(*state), 1);
    struct stat info;
    const mode_t mask = umask(0);
    umask(mask);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0666 & ~mask);
    free(path);
}

static void test_discards(void **state)
{
    char *path = scratch_path(*state, "file");
    struct tp_safe_file safe;
    struct tp_error error = {""};
    scratch_write(*state, "file", "old", 3);
    assert_int_equal(tp_safe_file_open(&safe, "--save", path, &error), TILEPROP_OK);
    tp_safe_file_write(&safe, "new", 3);
    tp_safe_file_discard(&safe);
    tp_safe_file_discard(&safe);
    check_content(path, "old");
    assert_int_equal(entries(*state), 1);
    free(path);
}

static void test_follows_links(void **state)
{
    char *path = scratch_path(*state, "file"), *link = scratch_path(*state, "link");
    struct tp_safe_file safe;
    struct tp_error error = {""};
    assert_int_equal(symlink("file", link), 0);
    /* What is named there would lie elsewhere, and the link be gone. */
    assert_int_equal(tp_safe_file_open(&safe, "--save", link, &error), TILEPROP_FAILURE);
    assert_non_null(strstr(error.text, "found a symbolic link to no file"));
    scratch_write(*state, "file", "old", 3);
    assert_int_equal(tp_safe_file_open(&safe, "--save", link, &error), TILEPROP_OK);
    tp_safe_file_write(&safe, "new", 3);
    assert_int_equal(tp_safe_file_commit(&safe, &error), TILEPROP_OK);
    check_content(path, "new");
    struct stat info;
    assert_int_equal(lstat(link, &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    free(path);
    free(link);
}

/* What has the temporary's name belongs to nobody: it goes, and what it is linked to stays as it was. */
static void test_adopts_no_existing_file(void **state)
{
    enum { HARD_LINK, SYMBOLIC_LINK, FIFO, LEFT, KINDS };
    char *path = scratch_path(*state, "file"), *temporary = scratch_path(*state, "file.tileprop-tmp");
    char *other = scratch_path(*state, "other");
    scratch_write(*state, "other", "other", 5);
    for (int kind = 0; kind < KINDS; kind++) {
        struct tp_safe_file safe;
        struct tp_error error = {""};
        if (kind == HARD_LINK)
            assert_int_equal(link(other, temporary), 0);
        else if (kind == SYMBOLIC_LINK)
            assert_int_equal(symlink("other", temporary), 0);
        else if (kind == FIFO)
            assert_int_equal(mkfifo(temporary, 0600), 0);
        else
            scratch_write(*state, "file.tileprop-tmp", "left behind", 11);
        assert_int_equal(tp_safe_file_open(&safe, "--save", path, &error), TILEPROP_OK);
        tp_safe_file_write(&safe, "new", 3);
        assert_int_equal(tp_safe_file_commit(&safe, &error), TILEPROP_OK);
        check_content(path, "new");
        check_content(other, "other");
        assert_int_equal(entries(*state), 2);
    }
    struct tp_safe_file safe;
    struct tp_error error = {""};
    assert_int_equal(mkdir(temporary, 0700), 0);
    check_failure(tp_safe_file_open(&safe, "--save", path, &error), TILEPROP_FAILURE, &error,
                  "file: ... file.tileprop-tmp ... cannot be removed: Is a directory");
    assert_int_equal(rmdir(temporary), 0);
    free(path);
    free(temporary);
    free(other);
}

/* Of a file that is replaced, and of one that is new after one that was killed had other permissions. */
static void test_keeps_permissions(void **state)
{
    char *path = scratch_path(*state, "file"), *left = scratch_path(*state, "file.tileprop-tmp");
    static const mode_t modes[] = {0600, 0640, 0666, 0200, 0777};
    struct tp_safe_file safe;
    struct tp_error error = {""};
    struct stat info;
    const mode_t mask = umask(027);
    scratch_write(*state, "file", "old", 3);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        assert_int_equal(chmod(path, modes[i]), 0);
        assert_int_equal(tp_safe_file_open(&safe, "--save", path, &error), TILEPROP_OK);
        assert_int_equal(stat(left, &info), 0);
        assert_int_equal(info.st_mode & 0777, modes[i]);
        assert_int_equal(tp_safe_file_commit(&safe, &error), TILEPROP_OK);
        assert_int_equal(stat(path, &info), 0);
        assert_int_equal(info.st_mode & 0777, modes[i]);
    }
    assert_int_equal(unlink(path), 0);
    scratch_write(*state, "file.tileprop-tmp", "left", 4);
    assert_int_equal(chmod(left, 0666), 0);
    assert_int_equal(tp_safe_file_open(&safe, "--save", path, &error), TILEPROP_OK);
    assert_int_equal(tp_safe_file_commit(&safe, &error), TILEPROP_OK);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0640);
    umask(mask);
    free(path);
    free(left);
}

static void test_refuses_places(void **state)
{
    char *absent = scratch_path(*state, "absent/file");
    struct tp_safe_file safe;
    struct tp_error error = {""};
    check_failure(tp_safe_file_open(&safe, "--save", absent, &error), TILEPROP_FAILURE, &error,
                  "absent/file: No such file or directory");
    assert_true(strncmp(error.text, "--save: ", 8) == 0);
    assert_null(safe.file);
    check_failure(tp_safe_file_open(&safe, "--save", *state, &error), TILEPROP_FAILURE, &error, "found a directory");
    check_failure(tp_safe_file_open(&safe, "--save", "/dev/null", &error), TILEPROP_FAILURE, &error,
                  "found a special file");
    free(absent);
}

/* Each write of a file in turn is the one for which the disk has no room left. */
static void test_survives_a_full_disk(void **state)
{
    enum { WRITES = 6, BYTES = 10000 };
    char *path = scratch_path(*state, "file");
    static char block[BYTES];
    struct rlimit unlimited, limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &unlimited), 0);
    signal(SIGXFSZ, SIG_IGN);
    scratch_write(*state, "file", "old", 3);
    for (rlim_t written = 0; written <= WRITES; written++) {
        struct tp_safe_file safe;
        struct tp_error error = {""};
        assert_int_equal(tp_safe_file_open(&safe, "--save", path, &error), TILEPROP_OK);
        limit = (struct rlimit){.rlim_cur = written * BYTES, .rlim_max = unlimited.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        for (int i = 0; i < WRITES; i++)
            tp_safe_file_write(&safe, block, BYTES);
        const tileprop_status status = tp_safe_file_commit(&safe, &error);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &unlimited), 0);
        assert_int_equal(entries(*state), 1);
        if (written == WRITES) {
            assert_int_equal(status, TILEPROP_OK);
            continue;
        }
        check_failure(status, TILEPROP_FAILURE, &error, strerror(EFBIG));
        check_content(path, "old");
    }
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_replaces_when_committed, scratch_make, scratch_remove),
        cmocka_unit_test_setup_teardown(test_discards, scratch_make, scratch_remove),
        cmocka_unit_test_setup_teardown(test_follows_links, scratch_make, scratch_remove),
        cmocka_unit_test_setup_teardown(test_adopts_no_existing_file, scratch_make, scratch_remove),
        cmocka_unit_test_setup_teardown(test_keeps_permissions, scratch_make, scratch_remove),
        cmocka_unit_test_setup_teardown(test_refuses_places, scratch_make, scratch_remove),
        cmocka_unit_test_setup_teardown(test_survives_a_full_disk, scratch_make, scratch_remove),
    };
    return cmocka_run_group_tests_name("safe_file", tests, NULL, NULL);
}
