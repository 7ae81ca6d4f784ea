# Sourced by bench/demo and tests/run: what is missing is installed, then built.

say() {
    printf '\n== %s\n' "$*"
}

# prepare_packages PACKAGE...: installs the Debian packages that are not there; without root it
# names them and ends.
prepare_packages() {
    local missing=() package
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
            missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        echo "missing Debian packages; install them with: sudo apt-get install ${missing[*]}" >&2
        exit 77
    fi
    say "installing ${missing[*]}"
    if ! apt-get update -qq ||
        ! DEBIAN_FRONTEND=noninteractive apt-get install \
            -y -qq --no-install-recommends "${missing[@]}"; then
        echo "apt-get could not install ${missing[*]} (above):" \
            "is there a network, and does apt work?" >&2
        exit 77
    fi
}

prepare_build_packages=(gcc libc6-dev meson ninja-build pkg-config libev-dev libmnl-dev
    libjansson-dev libmicrohttpd-dev)

# prepare_build DIRECTORY [MESON OPTION...]: configures (again, when there is a build already) and
# builds.
prepare_build() {
    local directory=$1
    shift
    if [ -f "$directory/build.ninja" ]; then
        meson configure "$directory" "$@"
    else
        meson setup "$directory" "$@"
    fi
    ninja -C "$directory"
}
