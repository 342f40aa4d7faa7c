/* commands.h - the subcommands of `weir`, one file each
 *
 * argv[0] is the subcommand's name. Returned is the exit status of the program: 0 done, 1 the job
 * failed or is incomplete, 2 bad usage or an invalid graph. Results go to standard output, messages
 * to standard error.
 *
 * Runs on   the main thread
 */
#ifndef WEIR_TOOLS_COMMANDS_H
#define WEIR_TOOLS_COMMANDS_H

int weir_cmd_run (int argc, char **argv);
int weir_cmd_eval (int argc, char **argv);
int weir_cmd_validate (int argc, char **argv);
int weir_cmd_plan (int argc, char **argv);
int weir_cmd_inspect (int argc, char **argv);
int weir_cmd_coordinator (int argc, char **argv);
int weir_cmd_actor (int argc, char **argv);

#endif
