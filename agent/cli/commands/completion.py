"""The command that prints what makes a shell complete pifctl's command lines."""

from agent.cli.command import Call, Command
from agent.cli.errors import program_name
from agent.cli.parameter import one_of, required


def script(call: Call) -> str:
    """The script of the shell that is asked for."""
    from agent.cli.completion_scripts import script

    return script(call.values["shell"], program_name())


COMMANDS = (
    Command(
        "completion",
        script,
        (required("shell", "bash, zsh or fish.", one_of("shell", "bash", "zsh", "fish")),),
        "Print the script that completes commands, parameters, uuids and names in a shell.",
        "make install puts it in place.  It can be tried at once, in bash with\n"
        "  source <(pifctl completion bash)",
        "the script",
        ("pifctl completion bash", "pifctl completion zsh", "pifctl completion fish"),
        bare="shell",
    ),
)
