#!/bin/sh
# Sets up what `make` needs, and says what it does: sh derive/setup.sh PART...
#
#   environment   a virtual environment, with the packages that a sheet needs
#   tools         and those that tests and measurements need
#   tex           the TeX packages that the sheets need
#   test-tex      and those that the tests need, with poppler and bubblewrap: they put sheets into other people's
#                 documents, under every engine, and try to get out of the fence
#
# DERIVE_VENV and DERIVE_PYTHON say where the environment is to be, and of which Python. This runs where there is no Python yet,
# so it is written for any sh. What is there already is left alone; nothing is asked, but for a password where sudo wants one.

set -u
unset PYTHONPATH PYTHONHOME PIP_TARGET PIP_PREFIX CDPATH  # they would put packages elsewhere, or take those of others for ours
cd "$(dirname "$0")/.." || exit 1

venv=${DERIVE_VENV:-.venv}
python=$venv/bin/python

TEX='texlive-latex-base texlive-latex-recommended texlive-pictures lmodern'
TEST_TEX='texlive-latex-extra texlive-science texlive-xetex texlive-luatex texlive-lang-german texlive-lang-french
          texlive-fonts-recommended poppler-utils bubblewrap'
# Files by which it is known that these are there.
TEX_FILES='hyperref.sty booktabs.sty tikz.sty lmodern.sty'
TEST_TEX_FILES='exam.cls physics.sty ngermanb.ldf french.ldf unicode-math.sty latinmodern-math.otf luaotfload.sty'

say() { printf '%s\n' "$*"; }
warn() { printf 'derive: %s\n' "$*" >&2; }
fail() { warn "$@"; exit 1; }
watched() { [ -t 1 ]; }  # by a person: then pip and apt show their progress

# --- the system's packages ----------------------------------------------------------------------------------------------------

# may_install: whether apt-get is there and may be used; `as` is then what goes before it.
may_install() {
    command -v apt-get >/dev/null || return 1
    if [ "$(id -u)" = 0 ]; then as=
    elif ! command -v sudo >/dev/null; then return 1
    elif sudo -n true 2>/dev/null; then as='sudo -n'
    elif [ -t 0 ] && [ -z "${CI:-}" ]; then as=sudo  # only a person at a terminal can be shown sudo's own prompt
    else return 1
    fi
}

# Bounded, so that a machine without network gets its message instead of waiting. A person sees how far it is; what apt and dpkg say
# is kept for the case that it fails. What apt reports comes through a stream of its own (it is closed for what apt starts), opened
# behind sudo (which closes all but the first three).
apt() {
    if watched; then foreground=--foreground; else foreground=; fi  # in which sudo can ask for a password
    # shellcheck disable=SC2016,SC2086  # they are the inner shell's; empty, or one word each
    { LC_ALL=C $as env DEBIAN_FRONTEND=noninteractive sh -c 'exec 3>&1; exec "$@"' sh \
        timeout $foreground 1800 apt-get -qq -o Dpkg::Use-Pty=0 -o APT::Status-Fd=3 -o DPkg::Lock::Timeout=120 \
        -o Acquire::Retries=1 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 "$@" </dev/null 2>&1
      say "ended:$?"; } | follow
}

# follow: show the progress that apt reports (dlstatus:NUMBER:PERCENT:WORDS, pmstatus:PACKAGE:PERCENT:WORDS, where a package's name may
# hold a colon itself), and end as apt has ended; where it failed, with the reason.
follow() {
    said=; status=1
    while IFS= read -r line; do
        case $line in
            ended:*) status=${line#ended:} ;;
            dlstatus:* | pmstatus:*) if watched; then percent "$line"; fi ;;
            *) said=$(printf '%s\n%s' "$said" "$line") ;;
        esac
    done
    if watched; then printf '\r%8s\r' ''; fi
    if [ "$status" != 0 ]; then printf '%s\n' "$said" | grep -E '^(E|dpkg):' >&2 || printf '%s\n' "$said" | tail -n 3 >&2; fi
    return "$status"
}

percent() {
    rest=${1#*:}
    while [ "$rest" != "${rest#*:}" ]; do
        rest=${rest#*:}
        case ${rest%%:*} in
            '' | *[!0-9.]*) ;;
            *) printf '\r%5s %%' "${rest%%[.:]*}"; return ;;
        esac
    done
}

# apt_install WHAT-COMES PACKAGES: install them. Its own reason is on the terminal where that fails.
apt_install() {
    say "installing $1"
    shift
    apt update || warn "apt-get update failed: trying with what is known"
    apt install -y --no-install-recommends "$@" || { warn "apt-get could not install: $*"; return 1; }
}

# by_hand WHAT: the command with which the user of this system installs it: python, or venv and its package.
by_hand() {
    if [ "$(id -u)" = 0 ]; then sudo=; elif command -v sudo >/dev/null; then sudo='sudo '; else sudo='as root: '; fi
    for manager in apt-get dnf zypper pacman apk brew; do command -v $manager >/dev/null && break; manager=; done
    case $manager-$1 in
        apt-get-python) say "${sudo}apt-get install $(python_packages)" ;;
        apt-get-venv) say "${sudo}apt-get install $2" ;;
        dnf-python) say "${sudo}dnf install python3" ;;
        zypper-python) say "${sudo}zypper install python313" ;;
        pacman-python) say "${sudo}pacman -S python" ;;
        apk-python) say "${sudo}apk add python3" ;;
        brew-python) say "brew install python" ;;
    esac
}

# --- Python -------------------------------------------------------------------------------------------------------------------

IDENTITY='import sys; sys.exit(1) if sys.version_info < (3, 11) else print(sys.implementation.cache_tag, sys.base_prefix)'

# identity PYTHON: what tells one Python from another; fails where it does not run, or is too old.
identity() { "$1" -c "$IDENTITY" 2>/dev/null; }

# The first Python that is new enough, and best one that can make environments: sets `base`, empty where there is none.
find_python() {
    if [ -n "${DERIVE_PYTHON:-}" ]; then
        base=$DERIVE_PYTHON
        identity "$base" >/dev/null || fail "PYTHON=$base does not run as Python 3.11 or later"
        return
    fi
    base=
    for each in python3 python3.14 python3.13 python3.12 python3.11; do
        identity $each >/dev/null || continue
        base=${base:-$each}
        if can_make_environments $each; then base=$each; return; fi
    done
}

can_make_environments() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

# The packages of a Python that is new enough, as far as apt knows one.
python_packages() {
    for each in python3 python3.14 python3.13 python3.12 python3.11; do
        case $(LC_ALL=C apt-cache policy $each 2>/dev/null | sed -n 's/^ *Candidate: //p') in
            3.1[1-9]* | 3.[2-9][0-9]*) say "$each $each-venv"; return ;;
        esac
    done
    say python3 python3-venv
}

# What an environment was made of and where: what has been moved, copied or has got another Python is not the same any more.
made_of() { printf '%s\n%s\n%s\n' "$1" "$(pwd -P)" "$(cd "$venv" && pwd -P)"; }

# Why there is no usable environment; nothing where there is one.
stale() {
    now=$(identity "$python")
    before=$(cat "$venv/.made" 2>/dev/null)
    if [ ! -e "$venv" ]; then say "there is none yet"
    elif [ -z "$before" ]; then say "it is not complete"
    elif [ -z "$now" ]; then say "its Python is gone"
    elif [ "$before" != "$(made_of "$now")" ]; then
        if [ "$(printf '%s\n' "$before" | head -n 1)" != "$now" ]; then say "its Python is another one now"
        else say "it was made in another place"; fi
    elif [ -n "${DERIVE_PYTHON:-}" ] && [ "$(identity "$DERIVE_PYTHON")" != "$now" ]; then say "it is not of PYTHON=$DERIVE_PYTHON"
    elif ! "$python" -c 'import pip' 2>/dev/null; then say "it has no pip"
    fi
}

make_environment() {
    # It is emptied first, so it must be one.
    if [ -e "$venv" ] && [ ! -e "$venv/pyvenv.cfg" ] && [ -n "$(ls -A "$venv" 2>&1)" ]; then
        fail "VENV=$venv is there, and is no virtual environment: name another place"
    fi
    find_python
    if [ -z "$base" ] && may_install; then
        apt update || true  # before it is known which Python there is
        # shellcheck disable=SC2046  # they are names of packages
        apt_install "Python: about 10 MB, less than a minute" $(python_packages) && find_python
    fi
    if [ -z "$base" ]; then
        command=$(by_hand python)
        fail "this needs Python 3.11 or later, and finds none: ${command:-install it from python.org}
  then run make again; a Python in another place is named with make PYTHON=/path/to/python3"
    fi
    if ! can_make_environments "$base"; then
        # Debian has that part of its own Pythons in a package; of any other Python something else is broken.
        package=$("$base" -c 'import sys; sys.base_prefix == "/usr" and print("python%d.%d-venv" % sys.version_info[:2])')
        if [ -n "$package" ] && command -v apt-get >/dev/null; then
            { may_install && apt_install "$package" "$package" && can_make_environments "$base"; } \
            || fail "$base cannot make virtual environments: $(by_hand venv "$package")
  then run make again; another Python is named with make PYTHON=/path/to/python3"
        fi
    fi
    said=$("$base" -m venv --clear "$venv" 2>&1) || {
        printf '%s\n' "$said" >&2
        fail "$base could not make a virtual environment in $venv, for the reason above
  in another place: make VENV=/path/to/environment; with another Python: make PYTHON=/path/to/python3"
    }
    made_of "$(identity "$python")" >"$venv/.made"
}

# packages WANTED WHAT-COMES: this project, to be edited, with what it needs; of all that exactly the versions of requirements.txt.
# Some packages are published as sources only: they are built apart from the environment, with the versions of setuptools and wheel
# that stand there too. Which of the two variables is heeded for that depends on pip's version, from 25.3 on it is the second.
packages() {
    wanted=$(say "$1"; cat requirements.txt pyproject.toml derive/setup.sh | cksum)
    if [ "$(cat "$venv/.packages-$3" 2>/dev/null)" = "$wanted" ]; then return; fi
    say "installing $2"
    if watched; then quiet=; else quiet=--quiet; fi
    PIP_CONSTRAINT=requirements.txt PIP_BUILD_CONSTRAINT=requirements.txt PIP_USER=0 \
        "$python" -m pip --disable-pip-version-check install $quiet --editable "$1" \
        || fail "pip could not install the Python packages, for the reason above
  is there a network? Run make again: it goes on from here"
    say "$wanted" >"$venv/.packages-$3"
}

environment() {
    why=$(stale)
    if [ -n "$why" ]; then
        if [ -e "$venv/pyvenv.cfg" ]; then say "setting up $venv again: $why"; else say "setting up $venv"; fi
        make_environment || exit
    fi
    packages . "Python packages: about 50 MB, 1 to 3 minutes" sheet
}

tools() {
    packages '.[cluster,dev]' "Python packages for the tests: about 40 MB, 1 to 2 minutes" tools
}

# --- TeX ----------------------------------------------------------------------------------------------------------------------

# shellcheck disable=SC2086  # lists of names
tex_is_there() { { command -v pdflatex && kpsewhich $TEX_FILES; } >/dev/null 2>&1; }

# shellcheck disable=SC2086
test_tex_is_there() {
    { command -v xelatex && command -v lualatex && command -v pdftotext && command -v bwrap && kpsewhich $TEST_TEX_FILES; } >/dev/null 2>&1
}

# Without TeX the build goes on: `derive pdf` writes the .tex, and says for each system how to install what is missing.
# shellcheck disable=SC2086
tex() {
    if tex_is_there; then return; fi
    if may_install; then apt_install "TeX: about 100 MB, 1 to 5 minutes" $TEX; fi
    tex_is_there || warn "TeX is not complete here, and cannot be installed from here"
}

# shellcheck disable=SC2086
test_tex() {
    if test_tex_is_there; then return; fi
    if may_install; then apt_install "TeX for the tests: about 350 MB, 3 to 10 minutes" $TEST_TEX; fi
    test_tex_is_there || warn "the tests need" $TEST_TEX
}

for part in "$@"; do
    case $part in
        environment | tools | tex) $part ;;
        test-tex) test_tex ;;
        *) fail "there is no part $part" ;;
    esac
done
