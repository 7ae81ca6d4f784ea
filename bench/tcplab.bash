# bash completion of tcplab-server, tcplab-client and tcplab-bench. Installed once for each of the three.
#
# No option, value or verb stands in here: they are read from the program's own --help.
# shellcheck shell=bash

# _tcplab_help PROGRAM
_tcplab_help() {
    "${1/#\~\//"$HOME/"}" --help 2>/dev/null </dev/null
}

# _tcplab_options PROGRAM: one line for each option of its help: the long name, the letter (without one the long name
# again) and the argument: "N", "DUR|never", "close|hold", "[=FILE]", or "-" for none.
_tcplab_options() {
    _tcplab_help "$1" | awk '
        function put() {
            if (name != "" && match(text, /\(one of [^)]*\)/)) {
                argument = substr(text, RSTART + 8, RLENGTH - 9)
                gsub(/, */, "|", argument)
            }
            if (name != "")
                print name, letter, argument
            name = text = ""
        }
        /^  (-[A-Za-z], |    )--[a-z]/ {
            put()
            column = $1 ~ /,$/ ? 2 : 1
            name = $column
            rest = substr($0, index($0, name) + length(name))
            argument = rest ~ /^ [^ ]/ ? $(column + 1) : "-"
            if (match(name, /\[/)) {
                argument = substr(name, RSTART)
                name = substr(name, 1, RSTART - 1)
            }
            letter = column == 2 ? substr($1, 1, 2) : name
        }
        /^ *$/ { put() }
        { text = text " " $0 }
        END { put() }'
}

# _tcplab_verbs PROGRAM
_tcplab_verbs() {
    _tcplab_help "$1" | awk '/^Usage:/ { usage = 1 } usage && /^  [a-z]/ { print $1 }'
}

# _tcplab_words WORD...: those that begin as the current word does.
_tcplab_words() {
    mapfile -t COMPREPLY < <(compgen -W "$*" -- "$cur")
}

# The sysctls that can be written, in dotted form; a "." inside a name becomes "/", as sysctl(8) has it.
_tcplab_sysctls() {
    [[ $cur != *=* ]] || return 0
    _tcplab_words "$(find /proc/sys/net/core /proc/sys/net/ipv4 -type f -perm /u+w 2>/dev/null |
        sed 's|^/proc/sys/||; y|/.|./|; s|$|=|')"
    compopt -o nospace
}

# _tcplab_value ARGUMENT: what the help says of an option's value.
_tcplab_value() {
    local part parts words=()
    case $1 in
    *FILE*)
        _filedir
        ;;
    KEY=VALUE)
        _tcplab_sysctls
        ;;
    *)
        IFS='|' read -ra parts <<<"$1"
        for part in "${parts[@]}"; do
            [[ $part != [[:lower:]]* ]] || words+=("$part")
        done
        _tcplab_words "${words[@]}"
        ;;
    esac
}

_tcplab() {
    local cur prev words cword split
    _init_completion -s || return
    local name letter argument value=- options=()
    while read -r name letter argument; do
        options+=("$name" "$letter")
        [[ $prev != "$name" && $prev != "$letter" ]] || value=$argument
    done < <(_tcplab_options "$1")

    # A value in brackets can only follow "=".
    if [[ $value != - && ($split == true || $value != \[*) ]]; then
        _tcplab_value "$value"
    elif [[ $split == true ]]; then
        return
    elif [[ $cur == -* ]]; then
        _tcplab_words "${options[@]}"
    elif [[ ${1##*/} == tcplab-client ]]; then
        _known_hosts_real -- "$cur"
    elif [[ ${1##*/} == tcplab-bench && $cword -eq 1 ]]; then
        _tcplab_words "$(_tcplab_verbs "$1")"
    fi
}

_tcplab_bench() {
    if [[ ${COMP_WORDS[1]} == enter && $COMP_CWORD -ge 2 ]]; then
        local first=2
        [[ ${COMP_WORDS[2]} != -- || $COMP_CWORD -eq 2 ]] || first=3
        _command_offset $first
    else
        _tcplab "$@"
    fi
}

complete -F _tcplab tcplab-server tcplab-client
complete -F _tcplab_bench tcplab-bench
