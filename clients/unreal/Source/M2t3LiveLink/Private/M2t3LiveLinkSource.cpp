#include "M2t3LiveLinkSource.h"

#include "HAL/PlatformTime.h"
#include "Roles/LiveLinkAnimationRole.h"
#include "Roles/LiveLinkAnimationTypes.h"

THIRD_PARTY_INCLUDES_START
#include "m2t3/humanoid.hpp"
#include "m2t3/keys.hpp"
#include "m2t3/subscriber.hpp"
THIRD_PARTY_INCLUDES_END

#define LOCTEXT_NAMESPACE "M2t3LiveLink"

namespace
{
constexpr double StaleMs = 1000.0;

std::string Utf8(const FString& Text)
{
    return std::string(TCHAR_TO_UTF8(*Text));
}

FString Text(const std::string& Utf8Text)
{
    return FString(UTF8_TO_TCHAR(Utf8Text.c_str()));
}

FTransform Transform(const m2t3::unreal::BonePose& Bone)
{
    const auto& P = Bone.position_cm;
    const auto& Q = Bone.rotation;
    return FTransform(FQuat(Q[0], Q[1], Q[2], Q[3]).GetNormalized(), FVector(P[0], P[1], P[2]));
}
}  // namespace

FM2t3LiveLinkSource::FM2t3LiveLinkSource(const FString& Connection)
{
    TArray<FString> Parts;
    Connection.ParseIntoArray(Parts, TEXT(";"), false);
    const m2t3::SubscriberOptions Defaults;
    Endpoint = Parts.Num() > 0 && !Parts[0].IsEmpty() ? Parts[0] : Text(Defaults.endpoint);
    Stream = Parts.Num() > 1 && !Parts[1].IsEmpty() ? Parts[1] : Text(Defaults.stream);
    KeyFolder = Parts.Num() > 2 ? Parts[2] : FString();
}

FM2t3LiveLinkSource::~FM2t3LiveLinkSource()
{
    RequestSourceShutdown();
}

void FM2t3LiveLinkSource::ReceiveClient(ILiveLinkClient* InClient, FGuid InSourceGuid)
{
    Client = InClient;
    SourceGuid = InSourceGuid;
    try
    {
        m2t3::SubscriberOptions Options;
        Options.endpoint = Utf8(Endpoint);
        Options.stream = Utf8(Stream);
        if (!KeyFolder.IsEmpty())
        {
            m2t3::read_keys(Utf8(KeyFolder), Options);
        }
        Poses = std::make_unique<m2t3::PoseSubscriber>(
            Options, [this](m2t3::PoseSubscriber::FramePtr Frame) { Push(*Frame); });
    }
    catch (const std::exception& Error)
    {
        Problem = Text(Error.what());
    }
}

void FM2t3LiveLinkSource::Push(const m2t3::Frame& Frame)
{
    if (!Frame.definition->humanoid)
    {
        return;
    }
    const m2t3::Humanoid& Humanoid = *Frame.definition->humanoid;
    const FString Meaning =
        Text(Frame.message.session) + TEXT("/") + Text(Frame.definition->def_id);
    for (const m2t3::Pose& Person : Frame.message.people)
    {
        const FName Name(*FString::Printf(TEXT("%s_%lld"), *Stream, Person.id));
        const FLiveLinkSubjectKey Key(SourceGuid, Name);
        if (Person.state == m2t3::PoseState::Left)
        {
            if (Defined.Remove(Person.id) > 0)
            {
                Client->RemoveSubject_AnyThread(Key);
            }
            continue;
        }
        if (!Person.body)
        {
            continue;
        }
        if (Defined.FindRef(Person.id) != Meaning)
        {
            FLiveLinkStaticDataStruct Static(FLiveLinkSkeletonStaticData::StaticStruct());
            auto& Skeleton = *Static.Cast<FLiveLinkSkeletonStaticData>();
            for (std::size_t Bone = 0; Bone < Humanoid.bone_names.size(); ++Bone)
            {
                Skeleton.BoneNames.Add(FName(*Text(Humanoid.bone_names[Bone])));
                Skeleton.BoneParents.Add(static_cast<int32>(Humanoid.parents[Bone]));
            }
            Client->PushSubjectStaticData_AnyThread(
                Key, ULiveLinkAnimationRole::StaticClass(), MoveTemp(Static));
            Defined.Add(Person.id, Meaning);
        }
        FLiveLinkFrameDataStruct Data(FLiveLinkAnimationFrameData::StaticStruct());
        auto& Animation = *Data.Cast<FLiveLinkAnimationFrameData>();
        // When the picture came, not when we read it: so the engine can even out the jitter.
        const double LatencyS = 1e-9 * (Frame.message.t_publish_ns - Frame.message.t_receive_ns);
        Animation.WorldTime = FLiveLinkWorldTime(FPlatformTime::Seconds() - LatencyS);
        for (const m2t3::unreal::BonePose& Bone : m2t3::unreal::bones(Humanoid, *Person.body))
        {
            Animation.Transforms.Add(Transform(Bone));
        }
        Client->PushSubjectFrameData_AnyThread(Key, MoveTemp(Data));
    }
}

bool FM2t3LiveLinkSource::IsSourceStillValid() const
{
    return Poses != nullptr && Poses->failure().empty();
}

bool FM2t3LiveLinkSource::RequestSourceShutdown()
{
    Poses.reset();  // waits for the subscriber's thread: no frame is pushed after it
    return true;
}

FText FM2t3LiveLinkSource::GetSourceType() const
{
    return LOCTEXT("Type", "m2t3");
}

FText FM2t3LiveLinkSource::GetSourceMachineName() const
{
    return FText::FromString(Endpoint + TEXT(" ") + Stream);
}

FText FM2t3LiveLinkSource::GetSourceStatus() const
{
    if (Poses == nullptr)
    {
        return FText::FromString(Problem.IsEmpty() ? TEXT("stopped") : Problem);
    }
    if (const std::string Failure = Poses->failure(); !Failure.empty())
    {
        return FText::FromString(Text(Failure));
    }
    if (const std::string Unwelcome = Poses->unwelcome(); !Unwelcome.empty())
    {
        return FText::FromString(Endpoint + TEXT(" ") + Text(Unwelcome));
    }
    const auto Frame = Poses->newest(StaleMs);
    if (Frame == nullptr)
    {
        return LOCTEXT("Waiting", "no poses");
    }
    if (!Frame->definition->humanoid)
    {
        return LOCTEXT("NoBodies", "the publisher sends no bodies");
    }
    return LOCTEXT("Receiving", "receiving");
}

#undef LOCTEXT_NAMESPACE
