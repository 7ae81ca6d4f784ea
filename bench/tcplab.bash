# bash completion of tcplab-server, tcplab-client, tcplab-bench and tcplab-look. Installed once for
# each of them.
#
# No option, value, verb, experiment or knob stands in here: they are read from what the program
# itself says.
# shellcheck shell=bash

# _tcplab_ask PROGRAM ARGUMENT...: what it says.
_tcplab_ask() {
    "${1/#\~\//"$HOME/"}" "${@:2}" 2>/dev/null </dev/null
}

# _tcplab_options PROGRAM [VERB]: one line for each option of its help: the long name, the letter
# (without one the long name again) and the argument: "N", "DUR|never", "close|hold", "[=FILE]", or
# "-" for none.
_tcplab_options() {
    _tcplab_ask "$@" --help | awk '
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
    _tcplab_ask "$1" --help | awk '/^Usage:/ { usage = 1 } usage && /^  [a-z]/ { print $1 }'
}

# _tcplab_experiments PROGRAM
_tcplab_experiments() {
    _tcplab_ask "$1" list | awk '{ print $1 }'
}

# _tcplab_claims PROGRAM
_tcplab_claims() {
    _tcplab_ask "$1" claims list | awk '{ print $1 }'
}

# _tcplab_knobs PROGRAM: one line for each knob that all experiments on the command line have, or
# any experiment where none is named: its name, and the words among its values.
_tcplab_knobs() {
    local name all=() named=()
    mapfile -t all < <(_tcplab_experiments "$1")
    for name in "${all[@]}"; do
        [[ " ${words[*]:2} " != *" $name "* ]] || named+=("$name")
    done
    for name in "${named[@]-${all[@]}}"; do
        _tcplab_ask "$1" explain "$name"
    done | awk -v least="${#named[@]}" '
        function put() {
            if (name != "") {
                count[name]++
                values[name] = ""
                if (match(text, /: [a-z]+( \| [a-z]+)+$/)) {
                    values[name] = substr(text, RSTART + 1)
                    gsub(/ \|/, "", values[name])
                } else if (match(text, /or "[a-z]+"/))
                    values[name] = " " substr(text, RSTART + 4, RLENGTH - 5)
            }
            name = text = ""
        }
        /^Knobs/ { knobs = 1; next }
        /^$/ { put(); knobs = 0 }
        knobs && /^  [a-z]/ { put(); name = $1 }
        knobs { sub(/^ */, ""); text = text " " $0 }
        END {
            for (name in count)
                if (count[name] >= least)
                    print name values[name]
        }'
}

# _tcplab_words WORD...: those that begin as the current word does.
_tcplab_words() {
    mapfile -t COMPREPLY < <(compgen -W "$*" -- "$cur")
}

# The sysctls that can be written, in dotted form; a "." inside a name becomes "/", as sysctl(8) has
# it.
_tcplab_sysctls() {
    [[ $cur != *=* ]] || return 0
    _tcplab_words "$(find /proc/sys/net/core /proc/sys/net/ipv4 -type f -perm /u+w 2>/dev/null |
        sed 's|^/proc/sys/||; y|/.|./|; s|$|=|')"
    compopt -o nospace
}

# _tcplab_set PROGRAM: a knob, or a value of one. Bash takes "=" for the end of a word, unless it
# was told not to.
_tcplab_set() {
    local knob values before='' names=()
    [[ $COMP_WORDBREAKS == *=* ]] || before=${cur%%=*}=
    while read -r knob values; do
        names+=("$knob=")
        [[ $cur == "$knob="* ]] || continue
        mapfile -t COMPREPLY < <(compgen -P "$before" -W "$values" -- "${cur#*=}")
        return
    done < <(_tcplab_knobs "$1")
    _tcplab_words "${names[@]}"
    compopt -o nospace
    [[ ${#COMPREPLY[@]} -gt 0 ]] || _tcplab_sysctls
}

# _tcplab_value PROGRAM ARGUMENT: what the help says of an option's value.
_tcplab_value() {
    local part parts choices=()
    case $2 in
    *FILE*)
        _filedir
        ;;
    DIR)
        _filedir -d
        ;;
    KEY=VALUE)
        _tcplab_sysctls
        ;;
    KNOB=VALUE)
        _tcplab_set "$1"
        ;;
    *)
        IFS='|' read -ra parts <<<"$2"
        for part in "${parts[@]}"; do
            [[ $part != [[:lower:]]* ]] || choices+=("$part")
        done
        _tcplab_words "${choices[@]}"
        ;;
    esac
}

# _tcplab_operand PROGRAM VERB
_tcplab_operand() {
    case ${1##*/}:$2 in
    tcplab-client:)
        _known_hosts_real -- "$cur"
        ;;
    tcplab-bench:)
        _tcplab_words "$(_tcplab_verbs "$1")"
        ;;
    tcplab-bench:run)
        _tcplab_words "$(_tcplab_experiments "$1")"
        ;;
    tcplab-bench:explain)
        [[ $cword -gt 2 ]] || _tcplab_words "$(_tcplab_experiments "$1")"
        ;;
    tcplab-bench:compare | tcplab-bench:merge | tcplab-bench:show)
        _filedir json
        ;;
    tcplab-bench:claims)
        if [[ $cword -eq 2 ]]; then
            _tcplab_words list run
        elif [[ ${words[2]} == run ]]; then
            _tcplab_words "$(_tcplab_claims "$1")"
        fi
        ;;
    esac
}

_tcplab() {
    local cur prev words cword split
    _init_completion -s || return
    local verb='' name letter argument value=- options=()
    [[ ${1##*/} != tcplab-bench || $cword -lt 2 ]] || verb=${words[1]}
    while read -r name letter argument; do
        options+=("$name")
        [[ $letter == "$name" ]] || options+=("$letter")
        [[ $prev != "$name" && $prev != "$letter" ]] || value=$argument
    done < <(_tcplab_options "$1" ${verb:+"$verb"})

    # A value in brackets can only follow "=".
    if [[ $value != - && ($split == true || $value != \[*) ]]; then
        _tcplab_value "$1" "$value"
    elif [[ $split == true ]]; then
        return
    elif [[ $cur == -* ]]; then
        _tcplab_words "${options[@]}"
    else
        _tcplab_operand "$1" "$verb"
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

complete -F _tcplab tcplab-server tcplab-client tcplab-look
complete -F _tcplab_bench tcplab-bench
