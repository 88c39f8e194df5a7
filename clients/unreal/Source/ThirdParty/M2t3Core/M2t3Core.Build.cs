using System.IO;
using UnrealBuildTool;

// The engine-free core (header-only) with what it needs: cppzmq and msgpack-cxx (headers), libzmq.
// Put them below ThirdParty/M2t3Core/deps: include/ with zmq.h, zmq.hpp and msgpack.hpp, and
// lib/<platform>/ with the library.
public class M2t3Core : ModuleRules
{
    public M2t3Core(ReadOnlyTargetRules Target) : base(Target)
    {
        Type = ModuleType.External;
        string deps = Path.Combine(ModuleDirectory, "deps");
        PublicSystemIncludePaths.Add(Path.Combine(ModuleDirectory, "include"));
        PublicSystemIncludePaths.Add(Path.Combine(deps, "include"));
        PublicDefinitions.Add("MSGPACK_NO_BOOST=1");
        string lib = Path.Combine(deps, "lib", Target.Platform.ToString());
        if (Target.Platform == UnrealTargetPlatform.Win64)
        {
            PublicAdditionalLibraries.Add(Path.Combine(lib, "libzmq.lib"));
            PublicDelayLoadDLLs.Add("libzmq.dll");
            RuntimeDependencies.Add("$(BinaryOutputDir)/libzmq.dll", Path.Combine(lib, "libzmq.dll"));
        }
        else if (Target.Platform == UnrealTargetPlatform.Linux)
        {
            PublicAdditionalLibraries.Add(Path.Combine(lib, "libzmq.so"));
            RuntimeDependencies.Add(Path.Combine(lib, "libzmq.so"));
        }
        else if (Target.Platform == UnrealTargetPlatform.Mac)
        {
            PublicAdditionalLibraries.Add(Path.Combine(lib, "libzmq.dylib"));
            RuntimeDependencies.Add(Path.Combine(lib, "libzmq.dylib"));
        }
    }
}
