#!/usr/bin/env bats
# Links in the documentation lead to files that exist, and not to line numbers, which change.

bats_require_minimum_version 1.5.0

@test "every link between documents leads to a file, and to a heading if it names one" {
    cd "$BATS_TEST_DIRNAME/../.."
    python3 - <<'END'
import pathlib, re
broken, links = [], 0
for page in pathlib.Path().rglob("*.md"):
    if page.parts[0] == "build":
        continue
    for target, heading in re.findall(r"\]\((?!https?:)([^)#\s]*)(?:#([^)]*))?\)", re.sub(r"^    .*", "", page.read_text(), flags=re.M)):
        links += 1
        file = page.parent / target if target else page
        headings = re.findall(r"^#+ (.*)", file.read_text(), re.M) if heading and file.is_file() else []
        names = [re.sub(r"[^\w -]", "", text).lower().replace(" ", "-") for text in headings]
        if not file.exists() or heading and heading not in names:
            broken.append(f"{page}: {target}#{heading}")
print("\n".join(broken))
assert links > 50 and not broken
END
}
