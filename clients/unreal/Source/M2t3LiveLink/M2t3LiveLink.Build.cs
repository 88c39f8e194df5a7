using UnrealBuildTool;

public class M2t3LiveLink : ModuleRules
{
    public M2t3LiveLink(ReadOnlyTargetRules Target) : base(Target)
    {
        PCHUsage = PCHUsageMode.UseExplicitOrSharedPCHs;
        CppStandard = CppStandardVersion.Cpp20;
        bEnableExceptions = true;  // cppzmq and msgpack-cxx throw; nothing gets out of the source
        PublicDependencyModuleNames.AddRange(
            new[] { "Core", "CoreUObject", "Engine", "LiveLinkInterface" });
        PrivateDependencyModuleNames.AddRange(new[] { "M2t3Core", "Slate", "SlateCore" });
    }
}
