#!/bin/sh
# Makes .venv with everything in uv.lock, from nothing but Python >= 3.11 with pip. Changes nothing outside the checkout.
# Arguments are passed on to uv: `--group bench` adds what only the benchmark needs.
#
# uv comes from the package index into .tools/, by pip's --target: that needs neither the venv module nor ensurepip,
# which Debian packages apart, and is allowed where the system's own environment is closed to pip.
set -eu
cd "$(dirname "$0")/../.."

uv_version=0.13.9
wanted='import sys; sys.exit(sys.version_info < (3, 11))'

fail() {
    printf '\n%s\n\n' "$*" >&2
    exit 1
}

find_python() {
    for name in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python}; do
        if "$name" -c "$wanted" 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    [ -z "${PYTHON:-}" ] || fail "PYTHON=$PYTHON is not a Python of version 3.11 or later."
    fail "Luodi needs Python 3.11 or later, and found none. Install it, or name it: make PYTHON=/path/to/python3.12 ..."
}

python=$(find_python)
"$python" -m pip --version >/dev/null 2>&1 ||
    fail "$python has no pip. Install it (Debian, Ubuntu: apt install python3-pip), or name another: make PYTHON=..."

# The user's settings for pip hold for uv too.
[ -z "${PIP_CERT:-}" ] || export SSL_CERT_FILE="${SSL_CERT_FILE:-$PIP_CERT}"
[ -z "${PIP_DEFAULT_TIMEOUT:-}" ] || export UV_HTTP_TIMEOUT="${UV_HTTP_TIMEOUT:-$PIP_DEFAULT_TIMEOUT}"
index=${UV_DEFAULT_INDEX:-${PIP_INDEX_URL:-$("$python" -m pip config get global.index-url 2>/dev/null || true)}}

# An account without a home, such as a service's, keeps its cache here.
[ -w "${HOME:-/nonexistent}" ] || export UV_CACHE_DIR="$PWD/.tools/cache"
export UV_PROJECT_ENVIRONMENT=.venv UV_PYTHON_DOWNLOADS=never
unset VIRTUAL_ENV

uv=.tools/bin/uv
if [ "$("$uv" --version 2>/dev/null | cut -d ' ' -f 2)" != "$uv_version" ]; then
    rm -rf .tools
    mkdir .tools
    echo '*' >.tools/.gitignore
    # Settings that would send it elsewhere, or nowhere, than into .tools/ do not apply here.
    PIP_USER=0 PIP_REQUIRE_VIRTUALENV=0 PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1 \
        "$python" -m pip install --quiet --target .tools "uv==$uv_version"
fi

if [ -z "$index" ]; then
    "$uv" sync --frozen --all-extras --python "$python" "$@"
else
    # The lock names the files of the public index. A mirror has the same files, with the same hashes, under its own names.
    export UV_DEFAULT_INDEX="$index"
    [ -x .venv/bin/python ] || "$uv" venv --python "$python" .venv
    "$uv" export --quiet --frozen --all-extras "$@" --no-emit-project --output-file .tools/requirements.txt
    "$uv" pip sync --python .venv/bin/python --require-hashes .tools/requirements.txt
    "$uv" pip install --python .venv/bin/python --no-deps --editable .
fi
