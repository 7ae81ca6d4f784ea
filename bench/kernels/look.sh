#!/bin/sh
# tcplab-look on one kernel, in a network of its own (tcplab-bench enter): findings that are brought
# about, each with what /proc/net says; as root, as another user, and where /proc has nobody else's
# processes. Run by each_kernel, also with busybox's sh, and the programs in PATH.
work=$(mktemp -d)
failed=0
servers=''

end() {
    # shellcheck disable=SC2086
    [ -z "$servers" ] || { kill -CONT $servers; kill -INT $servers; wait; } 2>/dev/null
    servers=''
}
trap 'end; rm -rf "$work"' EXIT

# judge WHAT FOUND WANTED
judge() {
    if [ "$2" = "$3" ]; then
        echo "ok    $1: ${2:-nothing}"
    else
        failed=$((failed + 1))
        echo "FAIL  $1: ${2:-nothing}, not ${3:-nothing}"
    fi
}

# until_same WANTED COMMAND: for a minute
until_same() {
    tries=0
    while [ "$(eval "$2")" != "$1" ]; do
        tries=$((tries + 1))
        [ $tries -lt 1200 ] || { echo "FAIL  $2: still $(eval "$2"), not $1"; exit 1; }
        sleep 0.05
    done
}

start() { # PROGRAM OPTION...
    "$@" >"$work/said" 2>&1 &
    servers="$servers $!"
    started=$!
}

server() {
    start tcplab-server "$@"
    until_same 1 "grep -c ':22B8 .* 0A ' /proc/net/tcp" # port 8888 listens
}

queue() { # of port 8888's listener, as /proc/net/tcp has it: the second number behind the state
    awk '$2 ~ /:22B8$/ && $4 == "0A" { sub(/.*:/, "", $5); print $5 }' /proc/net/tcp
}

in_state() { # HEX: how many sockets
    awk -v state="$1" '$4 == state' /proc/net/tcp | wc -l
}

counter() { # of TcpExt
    awk -v name="$1" '/^TcpExt/ { for (i = 1; i <= NF; i++) if (seen && at == i) print $i
        else if ($i == name) at = i; seen = 1 }' /proc/net/netstat
}

codes() { # FILE
    jq -r '[.findings[].code] | unique | join(" ")' "$1"
}

# look WHAT CODES [COMMAND...]: through COMMAND
look() {
    what=$1
    wanted=$2
    shift 2
    "$@" "$(command -v tcplab-look)" --for 600ms --json >"$work/look.json"
    judge "$what" "$(codes "$work/look.json")" "$wanted"
}

figure() { # KEY: of the listener at port 8888
    jq -r ".listeners[] | select(.port == 8888) | .$1" "$work/look.json"
}

# The same figures for everybody.
stands_still() { # WHAT PROGRAM HIDDEN [COMMAND...]
    who=$1
    program=$2
    hidden=$3
    shift 3
    look "$who: accepts nobody" stopped_accepting "$@"
    judge "$who: queue and limit" "$(figure queue) $(figure limit)" "3 4"
    judge "$who: program" "$(figure program)" "$program"
    judge "$who: some are hidden" "$(jq .owners_hidden "$work/look.json")" "$hidden"
}

server
look "idle" ""
end

server -b 4 -a never
start tcplab-client -c 3 --hold 100s
until_same 00000003 queue
stands_still "root" tcplab-server false
chmod 755 "$work"
setpriv=$(command -v setpriv-user || command -v setpriv)
stands_still "another user" null true "$setpriv" --reuid=65534 --regid=65534 --clear-groups
stands_still "container" null true unshare --pid --fork --mount-proc
end

# A burst while the server is stopped: what is dropped is what TcpExt.ListenDrops says.
burst() { # WHAT CODES
    server -b 4
    before=$(counter ListenDrops)
    tcplab-look --for 3s --json >"$work/look.json" &
    looking=$!
    until_same 1 "ls -l /proc/$looking/fd | grep -c socket:"
    kill -STOP $started
    until_same 1 "grep -c '^State:.*stopped' /proc/$started/status"
    tcplab-client -c 20 -T 200ms >"$work/said" 2>&1
    kill -CONT $started
    code=0
    wait $looking || code=$?
    judge "$1" "$(codes "$work/look.json") exit $code" "$2 exit 3"
    judge "$1: drops" "$(figure drops_in_window)" $(($(counter ListenDrops) - before))
    end
}
burst "burst" "bursts own_backlog"
somaxconn=$(cat /proc/sys/net/core/somaxconn)
echo 4 >/proc/sys/net/core/somaxconn
burst "burst, somaxconn 4" "bursts somaxconn_caps"
echo "$somaxconn" >/proc/sys/net/core/somaxconn

server --on-eof hold
tcplab-client -c 9 >"$work/said" 2>&1
until_same 9 "in_state 08"
look "9 in CLOSE_WAIT" ""
tcplab-client -c 1 >"$work/said" 2>&1
until_same 10 "in_state 08"
look "10 in CLOSE_WAIT" close_wait_leak
end

server
echo 100 >/proc/sys/net/ipv4/tcp_max_tw_buckets
tcplab-client -w crr -c 1 -n 60 >"$work/said" 2>&1
look "60 of 100 in TIME_WAIT" ""
tcplab-client -w crr -c 1 -n 30 >"$work/said" 2>&1
look "90 of 100 in TIME_WAIT" time_wait_limit
echo 100000 >/proc/sys/net/ipv4/tcp_max_tw_buckets
echo 61000 61099 >/proc/sys/net/ipv4/ip_local_port_range
start tcplab-client -c 70 --hold 100s
until_same 140 "in_state 01"
until_same 00000000 queue
look "70 of 100 ports" ""
start tcplab-client -c 12 --hold 100s
until_same 164 "in_state 01"
until_same 00000000 queue
look "82 of 100 ports" ports_run_out
end
echo 32768 60999 >/proc/sys/net/ipv4/ip_local_port_range


# Requests stay half-open until data comes: five of them fill the SYN queue of a backlog of 4.
half_open() { # WHAT CODES
    server -b 4 --defer-accept 100s
    tcplab-look --for 1h --json >"$work/look.json" &
    looking=$!
    until_same 1 "ls -l /proc/$looking/fd | grep -c socket:"
    before=$(counter "$3")
    start tcplab-client -c 12 --hold 100s
    until_same 1 "[ \$(counter $3) -gt $before ] && echo 1"
    kill -INT $looking
    wait $looking || true
    found=$(codes "$work/look.json")
    case " $found " in
    *" $2 "*) judge "$1" "$2" "$2" ;;
    *) judge "$1" "$found" "$2" ;;
    esac
    judge "$1: half-open" "$(figure half_open)" 5
    end
}
half_open "a full SYN queue with cookies" syn_cookies SyncookiesSent
echo 0 >/proc/sys/net/ipv4/tcp_syncookies
half_open "a full SYN queue without" drops_without_overflow TCPReqQFullDrop
echo 1 >/proc/sys/net/ipv4/tcp_syncookies

server --max-descriptors 30
start tcplab-client -c 60 --hold 100s
until_same 1 "[ \$((0x\$(queue))) -gt 20 ] && echo 1"
look "no descriptors left" out_of_descriptors
end

server -b 10 -a 20ms
start tcplab-client -w cc -c 5000 -r 300 -d 1h
until_same 0000000B queue
"$(command -v tcplab-look)" --for 2s --json >"$work/look.json" || true
slow=$(codes "$work/look.json" | tr ' ' '\n' | grep slow)
judge "one accept each 20 ms" "$slow" accepts_too_slowly
end

[ $failed -eq 0 ]
