# shellcheck shell=bash disable=SC2154 # `work` and `build` are theirs
# Sourced by tests/look-programs and bench/measure/look-idle: servers that people run, out of
# Debian's packages, each with a configuration of its own in $work, on 127.0.0.1 from port 7001 on.

# Program, package, port, the configuration's word for the backlog. Programs that are not there come
# out of their packages, unpacked into build/programs and not installed: so no service is started,
# now or at the next boot.
programs_table='
nginx        nginx        7001 backlog=
apache2      apache2-bin  7002 ListenBacklog
redis-server redis-server 7003 tcp-backlog
gunicorn     gunicorn     7004 --backlog
node         nodejs       7005 backlog:
haproxy      haproxy      7006 backlog
'

programs_path() {
    local tree=$PWD/build/programs/tree
    export PATH=$PATH:/usr/sbin:/sbin:$tree/usr/bin:$tree/usr/sbin
    export PYTHONPATH=$tree/usr/lib/python3/dist-packages
    export LD_LIBRARY_PATH=$tree/usr/lib/x86_64-linux-gnu
}

# programs_get PROGRAM:PACKAGE...: unpacks the packages of those that are not there. 77: they cannot
# be had.
programs_get() {
    local pair missing=() folder=$PWD/build/programs file
    programs_path
    for pair; do
        type -P "${pair%:*}" >/dev/null || missing+=("${pair#*:}")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    echo "unpacking ${missing[*]} into build/programs"
    mkdir -p "$folder/partial" "$folder/tree"
    [ "$(id -u)" -ne 0 ] || apt-get update -qq || return 77
    if ! apt-get -o Dir::Cache::archives="$folder" -o Debug::NoLocking=1 \
        -o APT::Sandbox::User=root -qq -y --no-install-recommends --download-only \
        install "${missing[@]}" >"$folder/apt.log" 2>&1; then
        cat "$folder/apt.log"
        return 77
    fi
    for file in "$folder"/*.deb; do
        dpkg-deb -x "$file" "$folder/tree"
    done
}

# programs_write BACKLOG: their configurations; without BACKLOG each asks for its default. Each
# writes a line for every request or connection that it took into $work/PROGRAM.log.
programs_write() {
    local n=$1 modules
    modules=$(realpath "$(dirname "$(realpath "$(type -P apache2)")")/../lib/apache2/modules")
    cat >"$work/nginx.conf" <<END
daemon off; pid $work/nginx.pid; worker_processes 1; error_log $work/nginx.err;
$([ "$(id -u)" -ne 0 ] || echo "user root;")
events {}
http {
    access_log $work/nginx.log;
    client_body_temp_path $work/nginx-1; proxy_temp_path $work/nginx-2;
    fastcgi_temp_path $work/nginx-3; uwsgi_temp_path $work/nginx-4; scgi_temp_path $work/nginx-5;
    server { listen 127.0.0.1:7001${n:+ backlog=$n}; location / { return 200; } }
}
END
    cat >"$work/apache2.conf" <<END
LoadModule mpm_event_module $modules/mod_mpm_event.so
LoadModule authz_core_module $modules/mod_authz_core.so
PidFile $work/apache2.pid
ErrorLog $work/apache2.err
CustomLog $work/apache2.log "%t %r"
ServerRoot $work
ServerName localhost
DocumentRoot $work/www
User nobody
Group nogroup
StartServers 1
Listen 127.0.0.1:7002
${n:+ListenBacklog $n}
END
    cat >"$work/redis-server.conf" <<END
bind 127.0.0.1
port 7003
save ""
dir $work
loglevel verbose
${n:+tcp-backlog $n}
END
    cat >"$work/answer.py" <<'END'
def application(environ, start_response):
    start_response("200 OK", [("Content-Length", "0")])
    return []
END
    cat >"$work/node.js" <<END
require('http').createServer((request, response) => {
    console.log('Accepted');
    response.end();
}).listen({host: '127.0.0.1', port: 7005${n:+, backlog: $n}});
END
    cat >"$work/haproxy.cfg" <<END
global
    log stdout format raw local0
defaults
    mode http
    log global
    option httplog
    timeout client 60s
frontend test
    bind 127.0.0.1:7006
    ${n:+backlog $n}
    http-request return status 200
END
    mkdir -p "$work/www"
    : >"$work/www/index.html"
    chmod -R a+rX "$work"
    programs_backlog=$n
}

# programs_start PROGRAM...: in a process group of its own each: programs_groups.
programs_groups=()
programs_start() {
    local program command
    set -m
    for program; do
        case $program in
        nginx) command=(nginx -e "$work/nginx.err" -c "$work/nginx.conf") ;;
        apache2) command=(apache2 -D FOREGROUND -f "$work/apache2.conf") ;;
        redis-server) command=(redis-server "$work/redis-server.conf") ;;
        gunicorn)
            command=(gunicorn -b 127.0.0.1:7004 --chdir "$work" --timeout 0 --access-logfile -
                --worker-tmp-dir "$work" ${programs_backlog:+--backlog "$programs_backlog"}
                answer:application)
            ;;
        node) command=(node "$work/node.js") ;;
        haproxy) command=(haproxy -db -f "$work/haproxy.cfg") ;;
        memcached) command=(memcached -l 127.0.0.1 -p 7007 -u "$(id -un)") ;;
        http.server) command=(python3 -m http.server -b 127.0.0.1 7008) ;;
        tcplab-server) command=("$build/server/tcplab-server" -l 127.0.0.1 -p 7009) ;;
        prometheus)
            echo >"$work/prometheus.yml"
            command=(prometheus --config.file="$work/prometheus.yml"
                --storage.tsdb.path="$work/tsdb" --web.listen-address=127.0.0.1:7010)
            ;;
        esac
        (cd "$work" && exec "${command[@]}") \
            >>"$work/$program.log" 2>>"$work/$program.errors" </dev/null &
        programs_groups+=($!)
    done
    set +m
}

# programs_signal SIGNAL: to all of them, their workers included.
programs_signal() {
    local group
    for group in "${programs_groups[@]}"; do
        kill -"$1" -- "-$group" 2>/dev/null || true
    done
}

programs_stop() {
    local group
    programs_signal CONT
    programs_signal TERM
    for group in "${programs_groups[@]}"; do
        wait "$group" 2>/dev/null || true
    done
    programs_groups=()
}
