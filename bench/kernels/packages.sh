# Sourced by bench/kernels/run, which has fail(): kernels out of Debian's packages, and the kernel
# and modules out of these or of what `make` leaves. apt gets a configuration, lists and a cache of
# its own in build/kernels/apt, so that nothing of this machine's apt changes. The current folder is
# that of the tree.

packages=build/kernels/packages # what was downloaded
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# --- apt ---

# sources_of CODENAME SUITE...: the lines of a sources.list. stdin: "RELEASE SITE", a line for each
# source of this machine, whose mirror is taken. The security suites may have another one.
sources_of() {
    local codename=$1 release site suite mirror='' security=''
    shift
    while read -r release site; do
        case $release in
        *-security | */updates) security=${security:-$site} ;;
        "$codename" | sid | unstable | testing | stable) mirror=${mirror:-$site} ;;
        esac
    done
    [ -n "$mirror" ] || return
    for suite; do
        site=$mirror
        [[ $suite != *-security ]] || site=${security:-$mirror-security}
        echo "deb [signed-by=$keyring] $site $suite main"
    done
}

# own_apt COMMAND...: apt-get or apt-cache with what prepare_apt() has made.
own_apt() {
    APT_CONFIG=$PWD/build/kernels/apt/apt.conf LC_ALL=C "$@"
}

# The suites that the mirror does not have, out of what `apt-get update` said: "Err:5 SITE SUITE
# Release", then "  404 ...".
suites_not_found() {
    awk '
        /^Err:/ { suite = $3; next }
        /^ +404 / && suite { print suite }
        { suite = "" }' "$1" | sort -u
}

# prepare_apt SUITE...
prepare_apt() {
    local apt=$PWD/build/kernels/apt codename unknown
    [ -r "$keyring" ] || fail 77 "$keyring is not there: install the package debian-archive-keyring"
    # shellcheck source=/dev/null
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-sid}")
    mkdir -p "$apt"/{lists,archives}/partial "$apt/empty"
    # shellcheck disable=SC2016 # apt fills these in
    apt-get indextargets --format '$(RELEASE) $(SITE)' 'Created-By: Packages' |
        sources_of "$codename" "$@" >"$apt/sources.list" ||
        fail 77 "apt here has no source for $codename, whose mirror could be asked for other suites"
    {
        apt-config dump | grep -v Invoke # keeps proxies; hooks may change something
        cat <<END_OF_CONFIGURATION
Dir::State "$apt"; Dir::State::lists "lists/"; Dir::State::status "/dev/null";
Dir::Cache "$apt"; Dir::Cache::archives "archives/";
Dir::Cache::pkgcache "pkgcache.bin"; Dir::Cache::srcpkgcache "srcpkgcache.bin";
Dir::Etc::main "/dev/null"; Dir::Etc::parts "$apt/empty";
Dir::Etc::sourcelist "$apt/sources.list"; Dir::Etc::sourceparts "$apt/empty";
Dir::Etc::preferences "/dev/null"; Dir::Etc::preferencesparts "$apt/empty";
#clear Acquire::Languages; Acquire::Languages "none";
APT::Sandbox::User "root"; APT::Update::Error-Mode "any";
END_OF_CONFIGURATION
    } >"$apt/apt.conf"
    say "the packages of $*"
    own_apt apt-get update >"$apt/update.log" 2>&1 && return
    unknown=$(suites_not_found "$apt/update.log" | paste -s -d ' ')
    [ -z "$unknown" ] || fail 2 "--suite: this machine's mirror has no $unknown"
    grep '^E' "$apt/update.log" >&2 || true
    ! grep -E 'NO_PUBKEY|EXPKEYSIG|not signed' "$apt/update.log" >/dev/null ||
        fail 77 "$keyring does not prove a suite's signature: is debian-archive-keyring the newest?"
    fail 77 "the mirror cannot be reached (above); package files and \"running\" need none"
}

# --- which kernels ---

# Of each series, such as 6.1, the oldest and the newest: what has been mended in between shows as a
# difference. stdin: "VERSION RELEASE", the oldest first; stdout: RELEASE.
oldest_and_newest() {
    awk '
        { split($1, part, /[.~+-]/); series = part[1] "." part[2] }
        series != last { if (newest != oldest) print newest; print $2; oldest = $2; last = series }
        { newest = $2 }
        END { if (newest != oldest) print newest }'
}

# "VERSION RELEASE" of what `apt-cache show` prints, without the packages that only depend on the
# kernel of the day.
kernels_shown() {
    awk -v RS= -v FS='\n' '
        /\nDepends:[^\n]* linux-image-[0-9]/ { next }
        {
            for (i = 1; i <= NF; i++) { split($i, word, ": "); field[word[1]] = word[2] }
            sub(/^linux-image-/, "", field["Package"])
            if (field["Package"] ~ /^[0-9]+\.[0-9]/) print field["Version"], field["Package"]
        }'
}

# "VERSION RELEASE" of all cloud kernels, the oldest first.
suites_kernels() {
    own_apt apt-cache pkgnames linux-image- | grep -E -e '-cloud-amd64$' |
        own_apt xargs -r apt-cache show --no-all-versions | kernels_shown | sort -V
}

# --- packages ---

version_of_package() {
    own_apt apt-cache show --no-all-versions "$1" 2>/dev/null | sed -n 's/^Version: //p' || true
}

# download NAME [VERSION]: unless it is there; sets `file`.
download() {
    local name=$1 version=${2:-}
    [ -n "$version" ] || version=$(version_of_package "$name")
    [ -n "$version" ] ||
        fail 2 "no suite has a package $name: see bench/kernels/run --list, or give --suite"
    file=$packages/${name}_${version//:/%3a}_amd64.deb
    [ ! -f "$file" ] || return 0
    mkdir -p "$packages"
    (cd "$packages" && APT_CONFIG=../apt/apt.conf apt-get -qq download "$name=$version") >&2 || true
    [ -f "$file" ] ||
        fail 1 "$name $version is in the mirror's list, but cannot be downloaded (above)"
}

# parts_of FILE RELEASE: "NAME VERSION" of the packages on which this one depends and which are of
# the same kernel.
parts_of() {
    dpkg-deb -f "$1" Depends | tr ',' '\n' | tr -d '()=' | awk -v end="-$2" '
        substr($1, length($1) - length(end) + 1) == end { print $1, $2 }'
}

# whole_package FILE: sets `whole`, the files of which the kernel consists: this one and its parts,
# from the same folder. They are downloaded where that one was.
whole_package() {
    local folder release name version i
    folder=$(dirname "$1")
    release=$(dpkg-deb -f "$1" Package) || fail 2 "$1 is no Debian package"
    release=${release#linux-image-}
    whole=("$1")
    for ((i = 0; i < ${#whole[@]}; i++)); do
        while read -r name version; do
            file=$folder/${name}_${version//:/%3a}_amd64.deb
            [[ " ${whole[*]} " != *" $file "* ]] || continue
            if [ ! -f "$file" ] && [ "$folder" = $packages ]; then
                download "$name" "$version"
            fi
            [ -f "$file" ] ||
                fail 2 "${1##*/} is one of several packages, and ${file##*/} does not lie beside it"
            whole+=("$file")
        done < <(parts_of "${whole[i]}" "$release")
    done
}

# --- the kernel and its modules ---

# release_of IMAGE: what a bzImage says of itself (Documentation/arch/x86/boot.rst); nothing if it
# is none.
release_of() {
    local at
    [ "$(dd if="$1" bs=1 skip=514 count=4 2>/dev/null | tr -d '\0')" = HdrS ] || return
    at=$(($(od -An -tu2 -j 526 -N 2 "$1") + 512))
    dd if="$1" bs=1 skip=$at count=256 2>/dev/null | tr '\0' ' ' | LC_ALL=C sed 's/ .*//; 1q'
}

# tree_of_packages TREE FILE...: unpacks; sets `image` and `release`. The image is
# /boot/vmlinuz-RELEASE, or vmlinuz or vmlinuz.unsigned beside the modules.
tree_of_packages() {
    local tree=$1 file
    shift
    mkdir -p "$tree"
    for file; do
        dpkg-deb -x "$file" "$tree" || fail 2 "$file cannot be unpacked"
    done
    [ -d "$tree/lib" ] || ln -s usr/lib "$tree/lib"
    image=$(find "$tree" -type f |
        grep -E '/boot/vmlinuz-|/lib/modules/[^/]+/vmlinuz' | sort | sed 1q || true)
    [ -n "$image" ] || fail 2 "${1##*/} has no vmlinuz: a meta-package, or debug symbols?"
    case $image in
    */boot/*) release=${image##*/vmlinuz-} ;;
    *) release=$(basename "$(dirname "$image")") ;;
    esac
}

# tree_of_make TREE IMAGE MODULES: the same of a bzImage and of the folder that `make
# modules_install` fills.
tree_of_make() {
    local tree=$1 modules=$3
    image=$2
    release=$(release_of "$image") || true
    [ -n "$release" ] || fail 2 "$image is no bzImage of Linux"
    [ -f "$modules/modules.builtin" ] ||
        fail 2 "$modules has no modules.builtin: \"make modules_install\" makes lib/modules/RELEASE"
    modules=$(realpath "$modules")
    [ "${modules##*/}" = "$release" ] ||
        fail 2 "$image is Linux $release, and the modules are of ${modules##*/}"
    mkdir -p "$tree/lib/modules"
    cp -r --no-dereference "$modules" "$tree/lib/modules/$release"
}

# take_modules TREE RELEASE FOLDER MODULE...: these and what they need, uncompressed and numbered in
# the order of loading.
take_modules() {
    local tree=$1 release=$2 folder=$3 what path number=0 name depends
    shift 3
    mkdir -p "$folder"
    depmod -b "$tree" "$release"
    depends=$(modprobe -d "$(realpath "$tree")" -S "$release" --show-depends -a "$@") ||
        fail 1 "$release lacks one of the modules $*: a lab needs them"
    while read -r what path _; do
        [ "$what" = insmod ] || continue
        name=${path##*/}
        name=${name%%.*}
        [ -z "$(find "$folder" -name "*-$name.ko")" ] || continue
        number=$((number + 1))
        uncompress "$path" "$(printf '%s/%02d-%s.ko' "$folder" $number "$name")"
    done <<<"$depends"
}

uncompress() {
    case $1 in
    *.xz) xz -dc "$1" >"$2" ;;
    *.zst) zstd -qdc "$1" >"$2" ;;
    *.gz) gzip -dc "$1" >"$2" ;;
    *) cp "$1" "$2" ;;
    esac
}
