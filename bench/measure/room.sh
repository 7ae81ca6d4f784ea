# Sourced by what measures the two programs in a network of its own: starting and ending them, and
# reading what they use.
# shellcheck disable=SC2034 # most of it is for those who source this
# Sets `build` (the first argument of room_enter), `work` (a folder that goes at the end),
# `server_pid`, `client_pid`.

name=${0##*/}
server_pid=''
client_pid=''

# fail CODE MESSAGE...
fail() {
    local code=$1
    shift
    echo "$name: $*" >&2
    exit "$code"
}

need_tools() {
    local tool
    for tool in "$@"; do
        command -v "$tool" >/dev/null ||
            fail 77 "$tool is missing; install it (Debian: jq, iproute2, util-linux)"
    done
}

# room_enter BUILD ARGUMENT...: starts this script again, with these arguments, in a network that
# nobody else uses; returns in there. room_buckets: how many buckets its hash of established sockets
# has; empty: it shares the machine's.
room_buckets=''
room_enter() {
    build=$(realpath "$1")
    local program
    for program in server client bench; do
        [ -x "$build/$program/tcplab-$program" ] ||
            fail 2 "$1 holds no $program/tcplab-$program: build first"
    done
    case ${TCPLAB_ROOM:-} in
    '')
        TCPLAB_ROOM=${room_buckets:+outside}
        TCPLAB_ROOM=${TCPLAB_ROOM:-inside} exec "$build/bench/tcplab-bench" enter \
            "$(realpath "$0")" "$@"
        ;;
    outside)
        # The network after this one has a table of its own (since Linux 6.1; before, it shares the
        # machine's).
        echo "$room_buckets" 2>/dev/null >/proc/sys/net/ipv4/tcp_child_ehash_entries || true
        TCPLAB_ROOM=inside exec "$build/bench/tcplab-bench" enter "$(realpath "$0")" "$@"
        ;;
    esac
    work=$(mktemp -d)
    mkfifo "$work/ready" "$work/client"
    trap room_end EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    # Files are written rather than sysctl(8) called: it may not be there.
    echo 1024 65535 >/proc/sys/net/ipv4/ip_local_port_range
    echo 65535 >/proc/sys/net/core/somaxconn
    echo 65535 >/proc/sys/net/ipv4/tcp_max_syn_backlog
}

# Quietly: the shell would tell that they were killed.
room_end() {
    local pid
    for pid in $client_pid $server_pid; do
        kill -KILL "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    rm -rf "$work"
}

# server_start ARGUMENT...: returns when it listens. server_prefix: what stands before it, such as
# taskset.
server_prefix=()
server_start() {
    "${server_prefix[@]}" "$build/server/tcplab-server" "$@" \
        --ready-fd 3 3>"$work/ready" >"$work/server.out" 2>"$work/server.err" &
    server_pid=$!
    read -r _ <"$work/ready" || [ -d "/proc/$server_pid" ] ||
        fail 1 "the server did not start: $(tail -n 1 "$work/server.err")"
}

server_stop() {
    kill -INT "$server_pid"
    wait "$server_pid" || fail 1 "the server ended with $?: $(tail -n 1 "$work/server.err")"
    server_pid=''
}

# client_start ARGUMENT...: what it prints comes from descriptor 8, a document a line.
client_prefix=()
client_start() {
    "${client_prefix[@]}" "$build/client/tcplab-client" "$@" >"$work/client" 2>"$work/client.err" &
    client_pid=$!
    exec 8<"$work/client"
}

# Reads what is left, of which the last line (the report) goes to $work/client.last, and waits.
client_finish() {
    local code=0
    tail -n 1 <&8 >"$work/client.rest"
    [ ! -s "$work/client.rest" ] || mv "$work/client.rest" "$work/client.last"
    exec 8<&-
    wait "$client_pid" || code=$?
    client_pid=''
    if [ $code -eq 77 ]; then
        fail 77 "$(tail -n 1 "$work/client.err")"
    elif [ $code -ne 0 ]; then
        fail 1 "the client ended with $code: $(tail -n 1 "$work/client.err")"
    fi
}

# Numbers of a document that came as a line, without starting a program: number_of LINE KEY (its
# first place) sets `number`.
number_of() {
    number=''
    [[ ! $1 =~ \"$2\":\ *(-?[0-9.]+) ]] || number=${BASH_REMATCH[1]}
}

# All the threads of a process, in us of CPU: user and system together. Sets `cpu_us`.
cpu_of() {
    local file ns rest
    cpu_us=0
    for file in /proc/"$1"/task/*/schedstat; do
        [ -r "$file" ] || continue # the thread or the process is gone
        read -r ns rest <"$file"
        cpu_us=$((cpu_us + ns / 1000))
    done
    # Without schedstat: in ticks, user and system the 14th and 15th field; the name before them may
    # hold blanks.
    if [ $cpu_us -eq 0 ] && [ -r "/proc/$1/stat" ] && read -r rest <"/proc/$1/stat"; then
        # shellcheck disable=SC2086 # fields
        set -- ${rest##*) }
        cpu_us=$(((${12} + ${13}) * 1000000 / $(getconf CLK_TCK)))
    fi
}

# The resident memory of a process, in bytes. Sets `rss`.
rss_of() {
    local key value
    rss=0
    while read -r key value _; do
        [ "$key" != VmRSS: ] || rss=$((value * 1024))
    done <"/proc/$1/status"
}

# What the kernel has used, in bytes: {"MemAvailable", "Slab", ..., "slabs": {"TCP": bytes of
# objects in use, ...}}. A slab that the kernel merged with others of its size, or that may not be
# read, is not there.
room_slabs='TCP|TCPv6|sock_inode_cache|filp|dentry|eventpoll_epi|eventpoll_pwq'
room_slabs+='|tcp_bind_bucket|tcp_bind2_bucket|request_sock_TCP'
kernel_memory() {
    local slabs=/dev/null
    [ ! -r /proc/slabinfo ] || slabs=/proc/slabinfo
    cat /proc/meminfo $slabs | awk -v slabs="^($room_slabs)\$" '
        /^(MemAvailable|Slab|SUnreclaim|KernelStack|PageTables|Percpu):/ { sub(":", "", $1);
            printf "%s %.0f\n", $1, $2 * 1024 }
        $1 ~ slabs { printf "slabs %s %.0f\n", $1, $2 * $4 }' |
        jq -Rn 'reduce (inputs | split(" ")) as $l ({slabs: {}};
            if $l[0] == "slabs" then .slabs[$l[1]] = ($l[2] | tonumber)
                else .[$l[0]] = ($l[1] | tonumber) end)'
}

# Objects that were freed earlier stay with the kernel for the next who wants one, and would hide
# what new ones take: it is asked to give empty pages back, where we may.
kernel_give_back() {
    local slab
    for slab in ${room_slabs//|/ }; do
        [ ! -w "/sys/kernel/slab/$slab/shrink" ] || echo 1 >"/sys/kernel/slab/$slab/shrink" || true
    done
}

# What jq programs share: medians, and the interval that holds the true median with 95 % (order
# statistics, no distribution assumed).
# shellcheck disable=SC2016 # jq's own variables
jq_library='
    def median: sort | if length == 0 then null elif length % 2 == 1 then .[length / 2 | floor]
        else (.[length / 2 - 1] + .[length / 2]) / 2 end;
    def confidence: sort | (((length - 1.96 * (length | sqrt)) / 2) | floor) as $k
        | if length < 6 then null else [.[[$k - 1, 0] | max], .[length - ([$k, 1] | max)]] end;
    def round_to($d): if . == null then null else . * pow(10; $d) | round / pow(10; $d) end;
    def cell($width): tostring | if length < $width then " " * ($width - length) + . else . end;
'
