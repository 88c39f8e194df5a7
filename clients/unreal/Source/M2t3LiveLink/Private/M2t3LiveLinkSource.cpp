#include "M2t3LiveLinkSource.h"

#include "HAL/PlatformTime.h"
#include "Roles/LiveLinkAnimationRole.h"
#include "Roles/LiveLinkAnimationTypes.h"

THIRD_PARTY_INCLUDES_START
#include "m2t3/humanoid.hpp"
#include "m2t3/keys.hpp"
#include "m2t3/subscriber.hpp"
THIRD_PARTY_INCLUDES_END

#include <algorithm>
#include <cmath>
#include <vector>

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

/** A publisher may send NaN, which would spread through the engine's animation. */
bool Finite(const std::vector<m2t3::unreal::BonePose>& Bones)
{
    const auto IsFinite = [](double Number) { return std::isfinite(Number); };
    return std::all_of(Bones.begin(), Bones.end(), [&](const m2t3::unreal::BonePose& Bone) {
        const auto& P = Bone.position_cm;
        const auto& Q = Bone.rotation;
        return std::all_of(P.begin(), P.end(), IsFinite) && std::all_of(Q.begin(), Q.end(), IsFinite);
    });
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

FLiveLinkSubjectKey FM2t3LiveLinkSource::Key(int64 Person) const
{
    const FName Name(*FString::Printf(TEXT("%s_%lld"), *Stream, Person));
    return FLiveLinkSubjectKey(SourceGuid, Name);
}

void FM2t3LiveLinkSource::RemoveOthers(const m2t3::Frame& Frame)
{
    TSet<int64> Told;
    for (const m2t3::Pose& Person : Frame.message.people)
    {
        if (Person.state != m2t3::PoseState::Left && Person.body)
        {
            Told.Add(Person.id);
        }
    }
    for (auto It = Defined.CreateIterator(); It; ++It)
    {
        // A removal may come after static data that follow at once: Push replaces those instead.
        if (!Told.Contains(It.Key()))
        {
            Client->RemoveSubject_AnyThread(Key(It.Key()));
            It.RemoveCurrent();
        }
    }
}

void FM2t3LiveLinkSource::Push(const m2t3::Frame& Frame)
{
    if (Frame.message.session != Session)
    {
        // Ids begin anew, and nobody tells that those of the last session have left.
        Session = Frame.message.session;
        RemoveOthers(Frame);
    }
    if (!Frame.definition->humanoid)
    {
        return;
    }
    const m2t3::Humanoid& Humanoid = *Frame.definition->humanoid;
    const FString Meaning =
        Text(Frame.message.session) + TEXT("/") + Text(Frame.definition->def_id);
    for (const m2t3::Pose& Person : Frame.message.people)
    {
        if (Person.state == m2t3::PoseState::Left)
        {
            if (Defined.Remove(Person.id) > 0)
            {
                Client->RemoveSubject_AnyThread(Key(Person.id));
            }
            continue;
        }
        if (!Person.body)
        {
            continue;
        }
        const std::vector<m2t3::unreal::BonePose> Bones =
            m2t3::unreal::bones(Humanoid, *Person.body);
        if (!Finite(Bones))
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
                Key(Person.id), ULiveLinkAnimationRole::StaticClass(), MoveTemp(Static));
            Defined.Add(Person.id, Meaning);
        }
        FLiveLinkFrameDataStruct Data(FLiveLinkAnimationFrameData::StaticStruct());
        auto& Animation = *Data.Cast<FLiveLinkAnimationFrameData>();
        // When the picture came, not when we read it: so the engine can even out the jitter.
        const double LatencyS = 1e-9 * (Frame.message.t_publish_ns - Frame.message.t_receive_ns);
        Animation.WorldTime = FLiveLinkWorldTime(FPlatformTime::Seconds() - LatencyS);
        for (const m2t3::unreal::BonePose& Bone : Bones)
        {
            Animation.Transforms.Add(Transform(Bone));
        }
        Client->PushSubjectFrameData_AnyThread(Key(Person.id), MoveTemp(Data));
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
