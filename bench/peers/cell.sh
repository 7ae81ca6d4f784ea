#!/usr/bin/env bash
# One measurement, in a network namespace that is this process's own: started by bench/peers/run as
# `unshare -n cell.sh WORK PLACE WHO`. Everything is taken from outside, in the same way for
# everybody: the kernel's counters and the CPU time of both process trees, at the beginning and at
# the end of a window in which the client is at work. Prints
# one JSON object. In the environment: peers_build, peers_folder (of --peers), peers_seconds (the
# window's).
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=bench/peers/works.sh
. bench/peers/works.sh
# shellcheck source=bench/peers/peers.sh
. bench/peers/peers.sh

work=$1 place=$2 who=$3
build=${peers_build:?} peers=${peers_folder:-} window=${peers_seconds:?}
threads=${place%+*}
cpus_server=0 cpus_client=1
[ "$threads" = 1 ] || cpus_server=0,1 cpus_client=0,1
ticks=$(getconf CLK_TCK)
most_seconds=30 # for a server to listen, for 10,000 to be established

# --- processes ---

folder=
server_pid=
client_pids=()

# tree PID...: these and all their descendants, into `pids`. A process may end meanwhile.
tree() {
    local pid file children
    for pid in "$@"; do
        pids+=("$pid")
        for file in /proc/"$pid"/task/*/children; do
            children=
            { read -r children <"$file"; } 2>/dev/null || true
            # shellcheck disable=SC2086 # numbers
            [ -z "$children" ] || tree $children
        done
    done
}

# end_tree PID: asks with TERM, insists after 2 s with KILL; only this process's children and
# theirs.
end_tree() {
    local pids=() i
    tree "$1"
    kill -TERM "${pids[@]}" 2>/dev/null || true
    for ((i = 0; i < 200; i++)); do
        kill -0 "${pids[@]}" 2>/dev/null || break
        pause 0.01
    done
    kill -KILL "${pids[@]}" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}

# shellcheck disable=SC2317 # called by the trap
end() {
    local pid
    trap '' INT TERM HUP
    for pid in "${client_pids[@]}" $server_pid; do
        end_tree "$pid"
    done
    [ -z "$folder" ] || rm -rf "$folder"
}

fail() {
    echo "$who, $work at $place: $*" >&2
    sed 's/^/    /' "$folder"/*.err 2>/dev/null | tail -n 5 >&2
    exit 1
}

# pause SECONDS, without a process: nobody writes to that pipe.
pause() {
    read -rt "$1" -u "$quiet" || true
}

# --- what is read, without starting a process: it would run on the CPUs that are measured ---

# cpu_us PID...: microseconds of CPU of the trees so far, of ended descendants as well; into `cpu`.
cpu_us() {
    local pids=() pid line field
    tree "$@"
    cpu=0
    for pid in "${pids[@]}"; do
        { read -r line <"/proc/$pid/stat"; } 2>/dev/null || continue
        read -ra field <<<"${line##*) }" # from the third on
        cpu=$((cpu + (field[11] + field[12] + field[13] + field[14]) * 1000000 / ticks))
    done
}

# kernel_counters: of this namespace, into active, passive, established and segments.
kernel_counters() {
    local field
    while read -ra field; do
        [ "${field[0]:-}" = Tcp: ] || continue
        active=${field[5]} passive=${field[6]} established=${field[9]} segments=${field[11]}
    done </proc/net/snmp
}

# What is left at the end: sockets in TIME_WAIT, and how many connections a full accept queue turned
# away.
kernel_leftovers() {
    local field head=() i
    while read -ra field; do
        [ "${field[0]:-}" != TCP: ] || time_wait=${field[6]}
    done </proc/net/sockstat
    while read -ra field; do
        [ "${field[0]:-}" = TcpExt: ] || continue
        for i in "${!head[@]}"; do
            [ "${head[i]}" != ListenOverflows ] || overflows=${field[i]}
        done
        head=("${field[@]}")
    done </proc/net/netstat
}

now_us() {
    now=${EPOCHREALTIME/[.,]/}
}

# rss_bytes PID...: of the trees.
rss_bytes() {
    local pids=() pid key value
    tree "$@"
    rss=0
    for pid in "${pids[@]}"; do
        while read -r key value _; do
            [ "$key" != VmRSS: ] || rss=$((rss + value * 1024))
        done 2>/dev/null <"/proc/$pid/status" || true
    done
}

listening() { # on the port
    local wanted address state
    printf -v wanted ':%04X' "$port"
    while read -r _ address _ state _; do
        [[ $address != *"$wanted" || $state != 0A ]] || return 0
    done < <(cat /proc/net/tcp /proc/net/tcp6)
    return 1
}

# --- the two programs ---

set_up_namespace() {
    ip link set lo up
    # netperf resolves no address on a host that has none but 127.0.0.1
    ip address add 192.0.2.1/32 dev lo
    echo "1024 65535" >/proc/sys/net/ipv4/ip_local_port_range
    echo 65535 >/proc/sys/net/core/somaxconn
    echo 1 >/proc/sys/net/ipv4/tcp_tw_reuse
}

start_server() {
    local i
    [ ${#server[@]} -gt 0 ] || return 0
    taskset -c $cpus_server "${server[@]}" >"$folder/server.out" 2>"$folder/server.err" </dev/null &
    server_pid=$!
    for ((i = 0; i < most_seconds * 50; i++)); do
        listening && return
        kill -0 "$server_pid" 2>/dev/null || break
        pause 0.02
    done
    fail "the server does not listen on port $port: ${server[*]}"
}

start_clients() {
    local i
    [ ${#server[@]} -gt 0 ] || cpus_client=0,1
    for ((i = 0; i < clients; i++)); do
        taskset -c $cpus_client "${client[@]}" >"$folder/client-$i.out" 2>"$folder/client-$i.err" \
            </dev/null &
        client_pids+=($!)
    done
}

# until_counter NAME AT_LEAST [PAUSE]: of kernel_counters.
until_counter() {
    local begun_us now
    now_us
    begun_us=$now
    while kernel_counters && [ "${!1}" -lt "$2" ]; do
        now_us
        [ $((now - begun_us)) -lt $((most_seconds * 1000000)) ] ||
            fail "${!1} $1 after $most_seconds s, not $2: ${client[*]}"
        kill -0 "${client_pids[0]}" 2>/dev/null || fail "the client has ended early: ${client[*]}"
        pause "${3:-0.01}"
    done
}

# What the clients say of themselves: totals and rates added, the worse of the latencies.
clients_said() {
    local i said
    for ((i = 0; i < clients; i++)); do
        said=$("${who}_said" <"$folder/client-$i.out" 2>/dev/null) || said=
        echo "${said:-"{}"}" # it could not be read
    done | jq -s 'if any(. == null) then null
        else .[0] + {rate: (map(.rate) | add), total: (map(.total) | add),
            p50_us: (map(.p50_us) | max), p99_us: (map(.p99_us) | max)}
        end'
}

# --- the two kinds of work ---

# Over and over: what happens in the window.
measure_rate() {
    local start_active start_segments at=() n busy status
    kernel_counters
    start_active=$active start_segments=$segments
    start_clients
    if [ "$(work_unit "$work")" = requests/s ]; then
        until_counter active $((start_active + outstanding))
        until_counter segments $((segments + 20 * outstanding))
    else
        until_counter active $((start_active + outstanding + 20))
    fi
    look # three times: beginning, middle and end
    pause "$half"
    look
    pause "$half"
    look
    busy=true
    kill -0 "${client_pids[@]}" 2>/dev/null || busy=false
    for n in "${client_pids[@]}"; do
        status=0
        wait "$n" || status=$?
        # shellcheck disable=SC2053 # a pattern
        [[ $status = $ends_with ]] || fail "the client's exit code is $status: ${client[*]}"
    done
    client_pids=()
    kernel_counters
    jq -n --argjson at "[$(IFS=,; echo "${at[*]}")]" --argjson said "$(clients_said)" \
        --argjson busy $busy \
        --argjson active $((active - start_active)) \
        --argjson segments $((segments - start_segments)) \
        '{at: $at, $said, busy_to_the_end: $busy, active_opens: $active, out_segments: $segments}'
}

# look: appends to `at`.
look() {
    local now cpu_server=0
    [ -z "$server_pid" ] || { cpu_us "$server_pid"; cpu_server=$cpu; }
    cpu_us "${client_pids[@]}"
    kernel_counters
    now_us
    local counters="\"active\":$active,\"passive\":$passive,\"segments\":$segments"
    at+=("{\"us\":$now,$counters,\"cpu_server_us\":$cpu_server,\"cpu_client_us\":$cpu}")
}

# Once: the time until all are there, and then the memory.
measure_opening() {
    local start_us start_cpu start_established opened_us rss_server n
    kernel_counters
    start_established=$established
    cpu_us "$server_pid"
    start_cpu=$cpu
    now_us
    start_us=$now
    start_clients
    until_counter established $((start_established + 2 * outstanding)) 0.005
    now_us
    opened_us=$((now - start_us))
    cpu_us "$server_pid"
    cpu_server=$((cpu - start_cpu))
    cpu_us "${client_pids[@]}"
    pause 0.5 # the kernel has them; the last ones are still being accepted
    rss_bytes "$server_pid"
    rss_server=$rss
    rss_bytes "${client_pids[@]}"
    for n in "${client_pids[@]}"; do
        kill -INT "$n" 2>/dev/null || true # ours reports; another may have ended by itself
        [[ $who != ours* ]] || wait "$n" || true
    done
    jq -n --argjson opened "$opened_us" --argjson rss_server "$rss_server" \
        --argjson rss_client "$rss" \
        --argjson cpu_server "$cpu_server" --argjson cpu_client "$cpu" \
        --argjson outstanding "$outstanding" \
        --argjson said "$(clients_said)" \
        '{opened_us: $opened, connections: $outstanding, rss_server_bytes: $rss_server,
        rss_client_bytes: $rss_client,
          cpu_server_us: $cpu_server, cpu_client_us: $cpu_client, $said}'
}

main() {
    local server=() client=() port=0 clients=1 spread=1 ends_with=0 note="" outstanding seconds \
        whole_seconds half
    folder=$(mktemp -d)
    trap end EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    mkfifo "$folder/quiet"
    exec {quiet}<>"$folder/quiet"
    ulimit -n "$(ulimit -Hn)" # each end holds 10,000
    outstanding=${peers_outstanding:-$(work_outstanding "$work" "$threads")}
    # A client begins later than it was started; some of them count whole seconds only.
    read -r seconds whole_seconds half \
        < <(jq -rn --argjson s "$window" \
        'def ms: . * 1000 | round | . / 1000; [($s + 0.4 | ms), ($s + 0.4 | ceil), ($s / 2 | ms)]
        | map(tostring) | join(" ")')
    [[ $work != open* ]] || seconds=$most_seconds whole_seconds=$most_seconds
    set_up_namespace
    if ! "peer_$who" "$work"; then
        jq -n --arg note "$note" '{cannot: $note}'
        return
    fi
    start_server
    kernel_counters
    if [[ $work = open* ]]; then
        measure_opening
    else
        measure_rate
    fi >"$folder/result"
    kernel_leftovers
    jq --arg note "$note" --argjson spread "$spread" --argjson outstanding "$outstanding" \
        --argjson time_wait "$time_wait" \
        --argjson overflows "$overflows" --arg server "${server[*]}" \
        --arg client "${client[*]}" \
        '. + {$note, $spread, $outstanding, $time_wait, $overflows, $server, $client}' \
        "$folder/result"
}

main
