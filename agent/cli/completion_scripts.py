"""The shells' scripts: each asks pifctl what can come next, and shows it.

NAME is the program's, pifctl or xe.
"""

BASH = """\
# What bash does when Tab is pressed in a command line of NAME.  Source it, or put it as NAME into
# /usr/share/bash-completion/completions.
_NAME() {
    mapfile -t COMPREPLY < <("${1/#\\~/$HOME}" __complete bash "${COMP_LINE:0:COMP_POINT}" \\
        "$COMP_TYPE" "$COMP_WORDBREAKS" 2>/dev/null)
}
complete -o nospace -F _NAME NAME
"""

ZSH = """\
#compdef NAME
# What zsh does when Tab is pressed in a command line of NAME.  Source it, or put it as _NAME into a
# directory of $fpath.
_NAME() {
    local -a answer part whole whole_text begun begun_text
    local line text
    answer=("${(@f)$("${(Q)words[1]/#\\~/$HOME}" __complete zsh "${(j: :)words[1,CURRENT-1]} $PREFIX" \\
        2>/dev/null)}")
    [[ $answer[1] == <-> ]] || return 1
    compset -p $answer[1]
    for line in "${(@)answer[2,-1]}"; do
        part=("${(@ps:\\t:)line}")
        text=$part[2]${part[3]:+  -- $part[3]}
        if [[ $part[1] == + ]]; then
            begun+=("$part[2]") begun_text+=("$text")
        else
            whole+=("$part[2]") whole_text+=("$text")
        fi
    done
    local any='m:{a-zA-Z}={A-Za-z}' found=1
    (( $#whole )) && compadd -M $any -l -d whole_text -a whole && found=0
    (( $#begun )) && compadd -M $any -S '' -l -d begun_text -a begun && found=0
    return found
}
if [[ $funcstack[1] == _NAME ]]; then
    _NAME "$@"
elif (( $+functions[compdef] )); then
    compdef _NAME NAME
fi
"""

FISH = """\
# What fish does when Tab is pressed in a command line of NAME.  Put it as NAME.fish into a directory of
# $fish_complete_path.
complete -c NAME -f -a '(NAME __complete fish (commandline -cp) 2>/dev/null)'
"""

SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH}


def script(shell: str, name: str) -> str:
    return SCRIPTS[shell].replace("NAME", name)
