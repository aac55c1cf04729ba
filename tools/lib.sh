# What the project's scripts share. Source it from the root of the checkout.

# stay_inside: from here on nothing that is started leaves anything outside build/: no scratch in /tmp, no state in the
# user's home.
stay_inside() {
  export TMPDIR=$PWD/build/tmp XDG_STATE_HOME=$PWD/build/tmp/state
  mkdir -p "$TMPDIR"
}

# compile_once: from here on what was compiled before with the same source and flags is taken from build/ccache: the
# tests make five images of firmware, which have most of it in common. Whoever has set a launcher keeps it.
compile_once() {
  command -v ccache >/dev/null && [ -z "${CMAKE_CXX_COMPILER_LAUNCHER:-}" ] || return 0
  # Paths below the checkout count by their way from the build folder, wherever that is. What a source includes is
  # learnt from the compiler, not by a preprocessor's run before it.
  export CCACHE_DIR=$PWD/build/ccache CCACHE_TEMPDIR=$PWD/build/ccache/tmp CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1 CCACHE_DEPEND=1
  export CCACHE_SLOPPINESS=pch_defines,time_macros
  export CMAKE_C_COMPILER_LAUNCHER=ccache CMAKE_CXX_COMPILER_LAUNCHER=ccache
}

# configured PRESET OPTION=VALUE...: whether its build folder is there and has these options; one that was configured by
# hand may lack them.
configured() {
  local preset=$1 option
  [ -e "build/$preset/build.ninja" ] || return 1
  for option in "${@:2}"; do
    grep -qx "${option%%=*}:[A-Z]*=${option#*=}" "build/$preset/CMakeCache.txt" || return 1
  done
}

# build PRESET [OPTION=VALUE...] [TARGET...]: configures unless that is done, and builds; quiet unless something is wrong.
build() {
  local preset=$1 log="build/$1.log" options=(RECADO_WERROR=ON RECADO_UNITY=ON)
  shift
  while [[ "${1:-}" = *=* ]]; do options+=("$1"); shift; done
  mkdir -p build
  printf 'Building %-10s ' "$preset"
  local started=$SECONDS
  if ! configured "$preset" "${options[@]}"; then
    cmake --preset "$preset" "${options[@]/#/-D}" >"$log" 2>&1 || { echo; cat "$log" >&2; exit 1; }
  fi
  cmake --build "build/$preset" ${1:+--target "$@"} >"$log" 2>&1 || { echo; grep -A20 -m3 -E "^FAILED:|error:" "$log" >&2; exit 1; }
  echo "$((SECONDS - started)) s"
}
