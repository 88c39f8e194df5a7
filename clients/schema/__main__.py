"""`python -m m2t3.clients.schema`: write the messages in all forms into this checkout."""

from pathlib import Path

from . import cpp, csharp, document, vectors

ROOT = Path(__file__).parents[2]
OUTPUTS = {
    "clients/unity/Runtime/Core/Messages.cs": csharp.source,
    "clients/unreal/Source/ThirdParty/M2t3Core/include/m2t3/messages.hpp": cpp.source,
    "clients/schema/vectors.txt": vectors.source,
    "docs/messages.md": document.source,
}  # path below the root -> what makes its text


def main() -> None:
    """Write what has changed, and say so."""
    for name, source in OUTPUTS.items():
        path, text = ROOT / name, source()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"wrote {name}")


if __name__ == "__main__":
    main()
