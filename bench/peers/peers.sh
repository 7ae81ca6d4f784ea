# Sourced by bench/peers/run and cell.sh. A function a peer, peer_NAME WORK, says how it does a
# work: it sets
#   server, client  the commands (no server: the client plays both ends)
#   port            where the server listens once it is ready
#   clients         how many of that client at once, for a peer of one thread (1)
#   spread          on how many ranges of client ports its connections are spread: sources times
# destinations (1); 0: its
#                   TIME_WAIT sockets are the server's, and take no port of the client's
#   ends_with       the client's exit code, a pattern (0)
#   note            what a reader must know to compare
# out of threads (of each end), outstanding, seconds (the client is to run that long), whole_seconds
# (the same for a peer that knows no fractions) and folder (for files). It returns 1, with `note`,
# if the peer cannot do the work with so many threads. A function NAME_said reads the client's
# output of `work` and prints {total, rate, p50_us, p99_us}: its own figures; null: it has none.

# Debian's package of a peer's program, for those that Debian has.
declare -A peer_package=([wrk]=wrk [ab]=apache2-utils [nginx]=nginx-light [sockperf]=sockperf)
declare -A peer_programs=(
    [neper]="tcp_crr tcp_rr" [netperf]="netperf netserver" [tcpkali]="tcpkali"
    [wrk]="wrk nginx" [ab]="ab nginx" [sockperf]="sockperf"
    [ours]="tcplab-client tcplab-server" [ours-reuse]="tcplab-client tcplab-server"
    [ours-blocking]="tcplab-client tcplab-server"
    [floor]="tcplab-floor" [floor-reuse]="tcplab-floor"
)

# find_program NAME: its path: out of the build, the folder of --peers, PATH, or where Debian has
# servers.
find_program() {
    local file
    for file in "${build:?}"/{client,server,bench/peers}/"$1" "${peers:+$peers/$1}" \
        "$(command -v "$1")" "/usr/sbin/$1"; do
        [ -z "$file" ] || [ ! -x "$file" ] || [ -d "$file" ] || { echo "$file"; return; }
    done
    return 1
}

# missing_program PEER: prints the first program that it needs and that is not there.
missing_program() {
    local program
    for program in ${peer_programs[$1]}; do
        find_program "$program" >/dev/null || { echo "$program"; return; }
    done
    return 1
}

spread_wanted=16

# --- google/neper ---

peer_neper() {
    local program=tcp_crr how=()
    port=12866 # of control: the data ports are open by then
    case $1 in
    crr-fin) how=(--time-wait "--num-ports=$spread_wanted"); spread=$spread_wanted ;;
    echo* | open*) program=tcp_rr ;;
    esac
    program=$(find_program "$program")
    server=("$program" --nolog "${how[@]}" --listen-backlog=65535 -T "$threads" -l 600)
    client=("$program" --nolog "${how[@]}" -c -H 127.0.0.1 -T "$threads" -F "$outstanding" \
        -l "$whole_seconds" -p "50,99")
}

neper_said() {
    jq -R -s '[splits("\n") | capture("^(?<key>[a-z0-9_]+)=(?<value>[0-9]+([.][0-9]+)?)$")]
        | from_entries | map_values(tonumber)
        | {rate: .throughput, total: (.throughput * (.time_end - .time_start)),
           p50_us: (.latency_p50 * 1e6), p99_us: (.latency_p99 * 1e6)}'
}

# --- netperf ---

# One flow a process. Its server has a process for each.
peer_netperf() {
    local kind how=(-k "THROUGHPUT,ELAPSED_TIME,P50_LATENCY,P99_LATENCY")
    port=12865
    clients=$threads spread=$threads
    case $1 in
    crr-one) kind=TCP_CRR ;;
    echo-one) kind=TCP_RR ;;
    cc-fin) kind=TCP_CC how=(); note="$threads at a time" ;; # it knows no -k
    esac
    [ $kind = TCP_RR ] || how+=(-p "1024,65535")
    server=("$(find_program netserver)" -D -L "127.0.0.1,4")
    client=("$(find_program netperf)" -P 0 -H "127.0.0.1,4" -t "$kind" -l "$whole_seconds" \
        -- -r "1,1" "${how[@]}")
}

# Either KEY=VALUE, or a table whose line of six has the seconds and the rate at its end.
netperf_said() {
    jq -R -s '[splits("\n")] as $lines
        | [$lines[] | capture("^(?<key>[A-Z0-9_]+)=(?<value>[0-9.]+)$")
            | .value |= tonumber] as $said
        | [$lines[] | [splits(" +") | select(. != "") | tonumber?] | select(length == 6)] as $table
        | def all($key): [$said[] | select(.key == $key) | .value];
        ([all("THROUGHPUT"), all("ELAPSED_TIME")] | transpose) + [$table[] | [.[5], .[4]]]
        | {rate: (map(.[0]) | add), total: (map(.[0] * .[1]) | add),
           p50_us: (all("P50_LATENCY") | max), p99_us: (all("P99_LATENCY") | max)}'
}

# --- tcpkali ---

# It binds, so only as many connections as there are ports fit on one source; it has no figure of
# connections of its own; and its server listens with a backlog of 256, in which a SYN is lost for a
# second when the client is faster than it accepts.
peer_tcpkali() {
    local i how=(--connect-rate 1000000 -w "$threads" -T "$seconds") program
    program=$(find_program tcpkali)
    port=9999
    case $1 in
    cc-*)
        how+=(--channel-lifetime 0)
        ends_with='[01]' # 1: not all were open at the same moment, which nobody asked for here
        spread=$spread_wanted
        for ((i = 1; i <= spread; i++)); do
            how+=(--source-ip "127.0.0.$i")
        done
        [ "$1" = cc-fin ] || note="closes with FIN"
        ;;
    open*) how+=(--connect-timeout 10s) ;;
    esac
    server=("$program" -l "$port" -w "$threads" -T 600)
    client=("$program" -c "$outstanding" "${how[@]}" "127.0.0.1:$port")
}

tcpkali_said() {
    echo null
}

# --- wrk and ab, against nginx ---

# A server of our own: nothing of an installed one's configuration, files or port. With "Connection:
# close" it is nginx that closes first, so that TIME_WAIT takes no port of the client's.
serve_nginx() {
    local kind
    port=8080
    {
        echo "user root;" # the namespace's, which may be the only user that there is
        echo "daemon off; worker_processes $threads; pid $folder/nginx.pid; error_log stderr error;"
        echo "events { worker_connections 16384; }"
        echo "http { access_log off; keepalive_requests 1000000000;"
        for kind in client_body proxy fastcgi uwsgi scgi; do
            echo "${kind}_temp_path $folder/$kind;"
        done
        echo "server { listen 127.0.0.1:$port reuseport backlog=65535;"
        echo "location / { return 200 x; } } }"
    } >"${folder:?}/nginx.conf"
    server=("$(find_program nginx)" -p "$folder" -e stderr -c "$folder/nginx.conf")
    spread=0
    note="HTTP"
}

peer_wrk() {
    local how=()
    [ "$1" != crr-fin ] || how=(-H "Connection: close")
    serve_nginx
    client=("$(find_program wrk)" -t "$threads" -c "$outstanding" -d "$whole_seconds" \
        --latency "${how[@]}" "http://127.0.0.1:$port/")
}

wrk_said() {
    jq -R -s 'def us: capture("(?<n>[0-9.]+)(?<unit>us|ms|s)")
        | (.n | tonumber) * {us: 1, ms: 1e3, s: 1e6}[.unit];
        def one($pattern): capture($pattern).value;
        {rate: one("Requests/sec: +(?<value>[0-9.]+)") | tonumber,
         total: one("(?<value>[0-9]+) requests in") | tonumber,
         p50_us: one(" 50% +(?<value>[0-9.]+[a-z]+)") | us,
         p99_us: one(" 99% +(?<value>[0-9.]+[a-z]+)") | us}'
}

peer_ab() {
    local how=()
    if [ "$threads" != 1 ]; then
        note="ab has one thread"
        return 1
    fi
    [ "$1" = crr-fin ] || how=(-k)
    serve_nginx
    client=("$(find_program ab)" -q "${how[@]}" -c "$outstanding" -t "$whole_seconds" \
        -n $((whole_seconds * 200000)) "http://127.0.0.1:$port/")
}

ab_said() { # its latencies are whole milliseconds: no use here
    jq -R -s '{rate: capture("Requests per second: +(?<n>[0-9.]+)").n | tonumber,
        total: capture("Complete requests: +(?<n>[0-9]+)").n | tonumber,
        p50_us: null, p99_us: null}'
}

# --- sockperf ---

peer_sockperf() {
    local program
    if [ "$threads" != 1 ]; then
        note="sockperf's ping-pong has one thread"
        return 1
    fi
    program=$(find_program sockperf)
    port=11111
    note="14 bytes, its least"
    server=("$program" server --tcp -i 127.0.0.1 -p "$port")
    client=("$program" ping-pong --tcp -i 127.0.0.1 -p "$port" -m 14 --full-rtt -t "$whole_seconds")
}

sockperf_said() {
    jq -R -s 'gsub("\u001b\\[[0-9;]*m"; "")
        | def percentile($p): capture("percentile " + $p + " = +(?<n>[0-9.]+)").n | tonumber;
        def sent($what):
            capture($what + "] RunTime=(?<s>[0-9.]+) sec;.*? SentMessages=(?<n>[0-9]+)")
            | map_values(tonumber);
        {total: sent("Total Run").n, rate: (sent("Valid Duration") | .n / .s),
            p50_us: percentile("50.000"), p99_us: percentile("99.000")}'
}

# --- ours ---

peer_ours() {
    local how=()
    port=8888
    case $1 in
    crr-one) how=(-w crr --close fin -s 1) ;;
    crr-*) how=(-w crr --close "${1#crr-}" -s 1) ;;
    cc-*) how=(-w cc --close "${1#cc-}") ;;
    echo*) how=(-w echo -s 1) ;;
    open*) how=(--hold "$whole_seconds" -T 60s) ;;
    esac
    case $1 in
    *-fin | crr-one) how+=(--source 127.0.0.0/28); spread=14 ;;
    open*) ;;
    esac
    [[ $1 = open* ]] || how+=(-d "$seconds")
    server=("$(find_program tcplab-server)" -b 65535 -t "$threads" -J)
    client=("$(find_program tcplab-client)" -t "$threads" -c "$outstanding" "${how[@]}" \
        -J "127.0.0.1:$port")
}

ours_said() {
    jq --arg unit "$(work_unit "${work:?}")" \
        'if $unit == "requests/s" then {total: .requests, rate: .rates.requests_per_s}
        else {total: .connections.established, rate: .rates.connects_per_s} end
            + {p50_us: .request_latency_us.p50, p99_us: .request_latency_us.p99,
               open_ms: (if .rates.connects_per_s > 0 then
                   .connections.established / .rates.connects_per_s * 1000 else null end)}'
}

peer_ours-reuse() {
    if ! "$(find_program tcplab-client)" --help | grep -q -e ' --reuse'; then
        note="this tcplab-client has no --reuse"
        return 1
    fi
    peer_ours "$1"
    client+=(--reuse)
    note="connect(AF_UNSPEC) and the same socket again"
}

ours-reuse_said() {
    ours_said
}

peer_ours-blocking() {
    peer_ours "$1"
    server+=(--poll 0)
    client+=(--poll 0)
    note="without polling"
}

ours-blocking_said() {
    ours_said
}

# --- the floor ---

# Both CPUs are its own in either place: two threads that play both ends, instead of one an end.
peer_floor() {
    client=("$(find_program tcplab-floor)" "${1%-one}" "$seconds" 2 \
        $((outstanding > 2 ? outstanding : 2)))
    server=()
    spread=32
    note="2 threads that play both ends"
}

floor_said() {
    jq '{total: (.requests // .connections), rate: (.requests_per_s // .connections_per_s),
        p50_us: null, p99_us: null}'
}

peer_floor-reuse() {
    peer_floor "${1%-*}-reuse"
}

floor-reuse_said() {
    floor_said
}

# peer_label WHO WORK: its name in the tables.
peer_label() {
    case $1:$2 in
    neper:echo* | neper:open*) echo "neper tcp_rr" ;;
    neper:*) echo "neper tcp_crr" ;;
    netperf:crr*) echo "netperf TCP_CRR" ;;
    netperf:cc*) echo "netperf TCP_CC" ;;
    netperf:*) echo "netperf TCP_RR" ;;
    wrk:* | ab:*) echo "$1, nginx" ;;
    sockperf:*) echo "sockperf ping-pong" ;;
    ours:*) echo tcplab ;;
    ours-reuse:*) echo "tcplab --reuse" ;;
    ours-blocking:*) echo "tcplab --poll 0" ;;
    floor-reuse:*) echo "floor, reuse" ;;
    *) echo "$1" ;;
    esac
}
