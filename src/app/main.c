#include "app/dump.h"
#include "app/serve.h"
#include "app/verify.h"
#include "cli/cli.h"

int main(int argc, char **argv)
{
    const struct command *const commands[] = {&serve_command, &verify_command, &dump_command};
    return cli_main(argc, argv, commands, COUNT_OF(commands));
}
