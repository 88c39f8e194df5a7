#pragma once

#include "LiveLinkSourceFactory.h"

#include "M2t3LiveLinkSourceFactory.generated.h"

/** "m2t3" in Live Link's menu of sources; asks for the connection in a field of text. */
UCLASS()
class M2T3LIVELINK_API UM2t3LiveLinkSourceFactory : public ULiveLinkSourceFactory
{
    GENERATED_BODY()

public:
    virtual FText GetSourceDisplayName() const override;
    virtual FText GetSourceTooltip() const override;
    virtual EMenuType GetMenuType() const override;
    virtual TSharedPtr<SWidget> BuildCreationPanel(
        FOnLiveLinkSourceCreated OnLiveLinkSourceCreated) const override;
    virtual TSharedPtr<ILiveLinkSource> CreateSource(
        const FString& ConnectionString) const override;
};
