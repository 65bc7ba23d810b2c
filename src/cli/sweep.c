/* sweep: trains many networks and compares them. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/safe_file.h"
#include "cli/program.h"
#include "cli/ranks.h"
#include "cli/sweep_ranks.h"
#include "cli/sweep_report.h"
#include "cli/table_report.h"
#include "cli/version.h"
#include "readers/stream.h"

struct outputs {
    struct tp_safe_file table, best;
    struct tp_drawing drawing;
};

static tileprop_status open_outputs(struct outputs *outputs, const struct tp_sweep_command *command,
                                    struct tp_error *error)
{
    tileprop_status status = tp_safe_file_open(&outputs->table, "--table", command->table, error);
    if (status == TILEPROP_OK)
        status = tp_safe_file_open(&outputs->best, "--best", command->best, error);
    return status == TILEPROP_OK ? tp_drawing_open(&outputs->drawing, "--plot", command->plot, error) : status;
}

static tileprop_status write_outputs(struct outputs *outputs, const struct tp_sweep *sweep,
                                     const struct tp_sweep_row *rows, struct tp_error *error)
{
    if (outputs->table.file)
        tp_sweep_write_csv(sweep, rows, outputs->table.file);
    struct tp_train_command best = sweep->command->configurations[rows[0].configuration];
    if (sweep->data.rows) /* train would hold out other rows */
        best.test_holdout = 0;
    if (outputs->best.file)
        tp_train_command_write_config(&best, outputs->best.file);
    tileprop_status status = tp_safe_file_commit(&outputs->table, error);
    if (status == TILEPROP_OK)
        status = tp_safe_file_commit(&outputs->best, error);
    return status == TILEPROP_OK && sweep->command->plot ? tp_sweep_draw(sweep, &outputs->drawing, error) : status;
}

static tileprop_status report(const struct tp_sweep *sweep, struct outputs *outputs, struct tp_error *error)
{
    const struct tp_sweep_command *command = sweep->command;
    struct tp_sweep_row *rows = calloc(command->grid.count, sizeof *rows);
    if (!rows)
        return tp_fail_memory(error, NULL, "the table");
    tp_sweep_rank(sweep, rows);
    tileprop_result test;
    const bool tested = command->train.test_holdout > 0 && !rows[0].diverged;
    tileprop_status status = tested ? tp_sweep_test(sweep, rows[0].configuration, &test, error) : TILEPROP_OK;
    const bool stopped = tp_program_stopped(); /* the test is then incomplete, and nothing is written */
    if (status == TILEPROP_OK && !stopped)
        tp_sweep_write(sweep, rows, tested ? &test : NULL, command->json ? stderr : stdout);
    if (status == TILEPROP_OK && !stopped && command->json)
        status = tp_sweep_write_json(sweep, rows, tested ? &test : NULL, error);
    if (status == TILEPROP_OK && !stopped)
        status = write_outputs(outputs, sweep, rows, error);
    free(rows);
    return status;
}

static tileprop_status sweep_all(struct tp_sweep_command *command, const tileprop_ranks *ranks, bool *together,
                                 struct tp_error *error)
{
    struct tp_sweep sweep = {.ranks = ranks};
    struct outputs outputs = {0};
    tp_train_command_environment(&command->train);
    tileprop_status status = tp_program_choose_isa(&command->train.options.isa, getenv("TILEPROP_ISA"), error);
    tp_sweep_tell(ranks, status == TILEPROP_OK ? command : NULL);
    if (status != TILEPROP_OK)
        return status;
    status = open_outputs(&outputs, command, error);
    if (status == TILEPROP_OK)
        status = tp_sweep_begin(&sweep, command, ranks, error);
    status = tp_sweep_join(&sweep, status, error);
    if (!command->quiet)
        sweep.progress = tp_sweep_progress;
    if (status == TILEPROP_OK && !command->quiet) {
        if (sweep.data.rows)
            tp_report_table(&sweep.data, command->train.table.weight, stderr);
        tp_report_notes(&sweep.data.notes, stderr);
    }
    if (status == TILEPROP_OK)
        status = tp_sweep_run(&sweep, error);
    if (!command->quiet && isatty(STDERR_FILENO) && sweep.began > 0 && sweep.done < sweep.count)
        fputc('\n', stderr);
    if (status == TILEPROP_OK && !tp_program_stopped())
        status = report(&sweep, &outputs, error);
    tp_safe_file_discard(&outputs.table);
    tp_safe_file_discard(&outputs.best);
    tp_drawing_discard(&outputs.drawing);
    *together = !sweep.abandoned;
    tp_sweep_free(&sweep);
    return status;
}

/* The work of the first rank. Returns the exit status. */
static int lead(int argc, char **argv, const tileprop_ranks *ranks, bool *together)
{
    struct tp_sweep_command command;
    struct tp_error error;
    tileprop_status status = tp_sweep_command_parse(&command, argc, argv, &error);
    const bool sweeps = status == TILEPROP_OK && !command.help && !command.version;
    if (sweeps)
        status = sweep_all(&command, ranks, together, &error);
    else
        tp_sweep_tell(ranks, NULL);
    if (status == TILEPROP_OK && command.help)
        tp_sweep_command_write(tp_options_write_help, stdout);
    else if (status == TILEPROP_OK && command.version)
        tp_version_write(stdout);
    status = tp_program_finish(status, &error);
    const int signal = tp_program_stopped();
    if (status == TILEPROP_OK && signal && !command.quiet)
        fprintf(stderr, "%s: stopped by SIG%s%s\n", program_invocation_short_name, sigabbrev_np(signal),
                command.runs ? "; the same command continues" : "");
    tp_sweep_command_free(&command);
    int code = status == TILEPROP_OK && signal ? 128 + signal : (int)status;
    if (*together)
        tp_ranks_broadcast(ranks, &code, sizeof code);
    return code;
}

int main(int argc, char **argv)
{
    const tileprop_ranks *ranks;
    struct tp_error error;
    bool together = true;

    tp_program_begin();
    tileprop_status status = tp_ranks_begin(&ranks, &error);
    tp_program_catch_stop();
    tp_stream_stop_when(tp_program_stopped);
    const int code = status != TILEPROP_OK      ? (int)tp_program_finish(status, &error)
                     : ranks && ranks->rank > 0 ? tp_sweep_follow(ranks)
                                                : lead(argc, argv, ranks, &together);
    if (code < 128) /* otherwise mpirun got the signal, too, and no longer answers */
        tp_ranks_end(code, together);
    return code;
}
