// m2t3's people as Live Link subjects. Written against Unreal 5's documented interface and not
// compiled where m2t3 is made: all that decodes, checks and converts is in the tested core.
#pragma once

#include "CoreMinimal.h"
#include "ILiveLinkClient.h"
#include "ILiveLinkSource.h"
#include "LiveLinkTypes.h"

#include <memory>
#include <string>

namespace m2t3
{
class PoseSubscriber;
struct Frame;
}

/** One stream; a subject `<stream>_<person id>` for each person who has bones. */
class M2T3LIVELINK_API FM2t3LiveLinkSource : public ILiveLinkSource
{
public:
    /** `Connection` as the factory has it: "ENDPOINT;STREAM;KEY FOLDER", the last two optional. */
    explicit FM2t3LiveLinkSource(const FString& Connection);
    virtual ~FM2t3LiveLinkSource() override;

    virtual void ReceiveClient(ILiveLinkClient* InClient, FGuid InSourceGuid) override;
    virtual bool IsSourceStillValid() const override;
    virtual bool RequestSourceShutdown() override;
    virtual FText GetSourceType() const override;
    virtual FText GetSourceMachineName() const override;
    virtual FText GetSourceStatus() const override;

private:
    /** On the subscriber's thread, for every frame. */
    void Push(const m2t3::Frame& Frame);

    /** Take away the subjects of an earlier session of whom this frame does not tell anew. */
    void RemoveOthers(const m2t3::Frame& Frame);

    FLiveLinkSubjectKey Key(int64 Person) const;

    FString Endpoint;
    FString Stream;
    FString KeyFolder;
    FString Problem;
    ILiveLinkClient* Client = nullptr;
    FGuid SourceGuid;
    std::string Session;  // of the last frame
    TMap<int64, FString> Defined;  // person -> definition and session that the subject was made for
    std::unique_ptr<m2t3::PoseSubscriber> Poses;
};
