#!/usr/bin/env bash
# build.sh OUT [Debug|Release]: the C# and the C++ client as programs, OUT/harness.exe (for mono)
# and OUT/harness, and the Unity package's own tests, OUT/tests.exe; all warnings are errors.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
clients=$here/../../../clients
out=$1
mkdir -p "$out"

unity=$clients/unity
compile() { mcs -langversion:7.2 -warnaserror "$@"; }
compile -out:"$out/harness.exe" "$unity"/Runtime/Core/*.cs "$here/unity/Harness.cs"
compile -target:library -out:"$out/M2t3.Core.dll" "$unity"/Runtime/Core/*.cs
compile -r:"$out/M2t3.Core.dll" -out:"$out/tests.exe" \
    "$unity"/Tests/Editor/*.cs "$here/unity/NUnitStub.cs"
# The behaviours against the engine's names; fields of the stub are never set (649, 169, 414).
compile -nowarn:649,169,414 -target:library -r:"$out/M2t3.Core.dll" -r:System.Core.dll \
    -out:"$out/M2t3.Unity.dll" \
    "$unity"/Runtime/Unity/*.cs "$unity"/Editor/*.cs "$unity"/Samples~/*/*.cs \
    "$here/unity/EngineStub.cs"
# Debian's libzmq5 has the library under its full name only.
echo '<configuration><dllmap dll="libzmq" target="libzmq.so.5"/></configuration>' \
    >"$out/harness.exe.config"

cmake -S "$here/unreal" -B "$out/cmake" -DCMAKE_BUILD_TYPE="${2:-Debug}" >/dev/null
cmake --build "$out/cmake"
cp "$out/cmake/harness" "$out/harness"
