# What the project's scripts share. Source it from the root of the checkout.

# build PRESET [TARGET...]: configures once and builds; quiet unless something is wrong.
build() {
  local preset=$1 log="build/$1.log"
  shift
  mkdir -p build
  printf 'Building %-10s ' "$preset"
  local started=$SECONDS
  if [ ! -e "build/$preset/build.ninja" ]; then
    cmake --preset "$preset" -DRECADO_WERROR=ON >"$log" 2>&1 || { echo; cat "$log" >&2; exit 1; }
  fi
  cmake --build "build/$preset" ${1:+--target "$@"} >"$log" 2>&1 || { echo; grep -A20 -m3 -E "FAILED|error" "$log" >&2; exit 1; }
  echo "$((SECONDS - started)) s"
}
