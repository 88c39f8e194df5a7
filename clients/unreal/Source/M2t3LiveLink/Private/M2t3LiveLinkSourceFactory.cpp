#include "M2t3LiveLinkSourceFactory.h"

#include "M2t3LiveLinkSource.h"
#include "Widgets/Input/SEditableTextBox.h"

#define LOCTEXT_NAMESPACE "M2t3LiveLink"

FText UM2t3LiveLinkSourceFactory::GetSourceDisplayName() const
{
    return LOCTEXT("Name", "m2t3");
}

FText UM2t3LiveLinkSourceFactory::GetSourceTooltip() const
{
    return LOCTEXT("Tooltip", "People of an m2t3-stream: ENDPOINT;STREAM;KEY FOLDER");
}

ULiveLinkSourceFactory::EMenuType UM2t3LiveLinkSourceFactory::GetMenuType() const
{
    return EMenuType::SubPanel;
}

TSharedPtr<SWidget> UM2t3LiveLinkSourceFactory::BuildCreationPanel(
    FOnLiveLinkSourceCreated OnLiveLinkSourceCreated) const
{
    return SNew(SEditableTextBox)
        .HintText(FText::FromString(TEXT("tcp://127.0.0.1:5571;cam0")))
        .OnTextCommitted_Lambda(
            [this, OnLiveLinkSourceCreated](const FText& Text, ETextCommit::Type How)
            {
                if (How == ETextCommit::OnEnter)
                {
                    const FString Connection = Text.ToString();
                    OnLiveLinkSourceCreated.ExecuteIfBound(CreateSource(Connection), Connection);
                }
            });
}

TSharedPtr<ILiveLinkSource> UM2t3LiveLinkSourceFactory::CreateSource(
    const FString& ConnectionString) const
{
    return MakeShared<FM2t3LiveLinkSource>(ConnectionString);
}

#undef LOCTEXT_NAMESPACE
